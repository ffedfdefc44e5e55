// Numerics of matrix routines at ordinary and at awkward points.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "kernel/routine.hpp"
#include "run/matrix_routines.hpp"
#include "run/routine_table.hpp"

namespace adjoint::run {
namespace {

Matrix random_matrix(Eigen::Index n, Eigen::Index p, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  Matrix m(n, p);
  for (Eigen::Index k = 0; k < m.size(); ++k) m.data()[k] = normal(random);
  return m;
}
Matrix symmetric(Eigen::Index n, std::mt19937_64& random) {
  const Matrix m = random_matrix(n, n, random);
  return m + m.transpose();
}
Matrix definite(Eigen::Index n, std::mt19937_64& random) {
  const Matrix m = random_matrix(n, n, random);
  return m * m.transpose() + Matrix::Identity(n, n);
}
Matrix of_rank(Eigen::Index n, Eigen::Index r, std::mt19937_64& random) {
  return random_matrix(n, r, random) * random_matrix(r, n, random);
}
double distance(const Matrix& a, const Matrix& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return INFINITY;
  const double size = std::max(b.cwiseAbs().maxCoeff(), 1e-320);
  return (a - b).cwiseAbs().maxCoeff() / size;
}
double dot(const Matrix& a, const Matrix& b) { return a.cwiseProduct(b).sum(); }

// A derivative against differences of the function, of fourth order.
template <class F>
Matrix differences(F f, const Matrix& x, const Matrix& h, double t) {
  return (8 * (f(x + t * h) - f(x - t * h)) - (f(x + 2 * t * h) - f(x - 2 * t * h))) / (12 * t);
}

// Cofactors by determinants of minors: slow, and right at every matrix.
Matrix cofactors(const Matrix& a) {
  const Eigen::Index n = a.rows();
  Matrix out(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      Matrix m(n - 1, n - 1);
      for (Eigen::Index c = 0; c + 1 < n; ++c) {
        for (Eigen::Index r = 0; r + 1 < n; ++r) m(r, c) = a(r + (r >= j ? 1 : 0), c + (c >= i ? 1 : 0));
      }
      out(i, j) = ((i + j) % 2 == 0 ? 1 : -1) * determinant(m);
    }
  }
  return out;
}

TEST(Routines, InverseSolveDeterminant) {
  std::mt19937_64 random(1);
  for (const int n : {1, 2, 3, 4, 7, 47, 48, 100}) {
    const Matrix a = random_matrix(n, n, random);
    EXPECT_LE(distance(a * inverse(a), Matrix::Identity(n, n)), 1e-11);
    const Matrix b = random_matrix(n, 3, random);
    EXPECT_LE(distance(a * solve(a, b), b), 1e-11);
    const Matrix s = definite(n, random);
    EXPECT_LE(distance(s * solve(s, b, System::PositiveDefinite), b), 1e-11);
    const Matrix l = cholesky(s);
    EXPECT_LE(distance(l * l.transpose(), s), 1e-13);
    EXPECT_LE(distance(l * solve(l, b, System::Lower), b), 1e-11);
    EXPECT_NEAR(log_abs_determinant(s), 2 * l.diagonal().array().log().sum(), 1e-11 * n);
    if (n < 20) {
      EXPECT_NEAR(determinant(s), std::exp(log_abs_determinant(s)), 1e-11 * determinant(s));
    }
    Matrix inv;
    EXPECT_DOUBLE_EQ(log_determinant_and_inverse(s, inv), log_abs_determinant(s));
    EXPECT_LE(distance(inv, inverse(s)), 1e-14);
    EXPECT_LE(distance(definite_inverse(s), inverse(s)), 1e-11);
    EXPECT_NEAR(definite_log_determinant_and_inverse(s, inv), log_abs_determinant(s), 1e-11 * n);
    EXPECT_NEAR(definite_log_determinant(1e200 * s), log_abs_determinant(1e200 * s), 1e-10 * n);
    EXPECT_LE(distance(definite_inverse(-s), -inverse(s)), 1e-11);  // not definite after all
    for (const double scale : {1e-200, 1e200}) {
      EXPECT_LE(distance(inverse(a * scale) * scale, inverse(a)), 1e-13);
      EXPECT_NEAR(log_abs_determinant(a * scale), log_abs_determinant(a) + n * std::log(scale), 1e-10 * n);
    }
  }
}

TEST(Routines, SingularMatricesAreRefusedAndHaveDeterminantZero) {
  Matrix a(2, 2);
  a << 1, 2, 2, 4;
  EXPECT_EQ(determinant(a), 0);
  EXPECT_THROW(inverse(a), NumericalError);
  Matrix b(3, 3);
  b << 1, 2, 3, 4, 5, 6, 7, 8, 9;
  EXPECT_EQ(determinant(b), 0);
  EXPECT_EQ(log_abs_determinant(b), -INFINITY);
  EXPECT_THROW(inverse(b), NumericalError);
  EXPECT_THROW(inverse(b * 0.1), NumericalError);
  EXPECT_THROW(inverse(Matrix::Zero(4, 4)), NumericalError);
  EXPECT_THROW(solve(b, b), NumericalError);
  // badly scaled is not singular
  EXPECT_EQ(inverse(Vector(Eigen::Vector2d(1e-200, 1)).asDiagonal().toDenseMatrix())(0, 0), 1e200);
  // integers exactly
  std::mt19937_64 random(2);
  for (int n = 2; n <= 6; ++n) {
    Matrix m = (5 * random_matrix(n, n, random)).array().round();
    m.row(n - 1) = m.row(0) - 2 * m.row(n / 2 == n - 1 ? 0 : n / 2);
    EXPECT_EQ(determinant(m), 0);
    EXPECT_EQ(adjugate(m), adjugate(m).array().round().matrix().eval()) << n;
    EXPECT_LE((m * adjugate(m)).cwiseAbs().maxCoeff(), 1e-9 * adjugate(m).cwiseAbs().maxCoeff());
  }
  EXPECT_EQ(determinant(Matrix::Constant(1, 1, 3)), 3);
}

TEST(Routines, AdjugateEverywhere) {
  std::mt19937_64 random(3);
  for (const int n : {1, 2, 3, 4, 5, 8, 12}) {
    for (int rank = 0; rank <= n; ++rank) {
      const Matrix a = rank == n ? random_matrix(n, n, random) : of_rank(n, rank, random);
      const Matrix want = n == 1 ? Matrix::Ones(1, 1) : cofactors(a);
      const double size = std::pow(std::max(a.norm(), 1e-3), n - 1);
      EXPECT_LE((adjugate(a) - want).cwiseAbs().maxCoeff(), 1e-13 * size) << n << " of rank " << rank;
      // bilinear in the entries: central differences of the cofactors
      const Matrix h = random_matrix(n, n, random);
      const MatrixMap derivative = adjugate_derivative(a);
      if (n > 1) {
        const Matrix d = differences([](const Matrix& x) { return cofactors(x); }, a, h, 1e-2);
        EXPECT_LE((derivative(h) - d).cwiseAbs().maxCoeff(),
                  1e-4 * std::pow(std::max(1.0, a.norm() + h.norm()), n - 1) * 1e-3)
            << n << " of rank " << rank;
      }
      const Matrix u = random_matrix(n, n, random);
      EXPECT_NEAR(dot(adjugate_adjoint(a)(u), h), dot(u, derivative(h)),
                  1e-12 * (std::abs(dot(u, derivative(h))) + derivative(h).norm() * u.norm()));
    }
    const Matrix a = of_rank(n, std::max(0, n - 1), random);
    for (const double scale : {1e-60, 1e60}) {
      if (n > 5 || n < 2) continue;
      EXPECT_LE(distance(adjugate(a * scale) / std::pow(scale, n - 1), adjugate(a)), 1e-12);
      const Matrix h = random_matrix(n, n, random);
      EXPECT_LE(
          distance(adjugate_derivative(a * scale)(h) / std::pow(scale, n - 2), adjugate_derivative(a)(h)),
          1e-11);
    }
  }
  Matrix m(2, 2);
  m << 1e200, 2e200, 3e200, 4e200;
  EXPECT_EQ(adjugate(m)(0, 0), 4e200);
}

TEST(Routines, DerivativeOfTheAdjugateNearSingularity) {
  std::mt19937_64 random(4);
  for (const int n : {4, 6, 9}) {
    const Matrix a = of_rank(n, n - 1, random);
    const Matrix h = random_matrix(n, n, random);
    // continuous through the switch of method
    const Matrix at = adjugate_derivative(a)(h);
    for (const double t : {1e-14, 1e-10, 1e-6, 1e-4}) {
      EXPECT_LE(distance(adjugate_derivative(a + t * Matrix::Identity(n, n))(h), at), 1e3 * t + 1e-10) << t;
    }
    const Matrix regular = random_matrix(n, n, random);
    const Matrix inv = inverse(regular);
    const Matrix want = determinant(regular) * ((inv * h).trace() * inv - inv * h * inv);
    EXPECT_LE(distance(adjugate_derivative(regular)(h), want), 1e-9);
  }
}

TEST(Routines, SquareRoots) {
  std::mt19937_64 random(5);
  for (const int n : {1, 2, 5, 30, 64}) {
    const Matrix s = definite(n, random);
    const Matrix r = square_root(s);
    EXPECT_LE(distance(r * r, s), 1e-13);
    EXPECT_LE(distance(r.transpose(), r), 1e-14);
    const Matrix singular_one = of_rank(n, std::max(1, n / 2), random);
    const Matrix psd = singular_one * singular_one.transpose();
    EXPECT_LE(distance(square_root(psd) * square_root(psd), psd), 1e-12);
    const Matrix general = random_matrix(n, n, random) + 4 * std::sqrt(n) * Matrix::Identity(n, n);
    const Matrix g = square_root(general);
    EXPECT_LE(distance(g * g, general), 1e-12);
    for (const double scale : {1e-200, 1e200})
      EXPECT_LE(distance(square_root(s * scale), r * std::sqrt(scale)), 1e-13);
  }
  EXPECT_EQ(square_root(4 * Matrix::Identity(3, 3)), 2 * Matrix::Identity(3, 3));
  EXPECT_EQ(square_root(Matrix::Zero(3, 3)), Matrix::Zero(3, 3));
  try {
    square_root(Matrix(Vector(Eigen::Vector2d(1, -2)).asDiagonal()));
    FAIL();
  } catch (const NumericalError& error) {
    EXPECT_NE(std::string(error.what()).find("-2"), std::string::npos) << error.what();
  }
  Matrix jordan(2, 2);
  jordan << 0, 1, 0, 0;
  EXPECT_THROW(square_root(jordan), NumericalError);
  Matrix negative(2, 2);
  negative << -1, 5, 0, -2;
  EXPECT_THROW(square_root(negative), NumericalError);
}

TEST(Routines, Lyapunov) {
  std::mt19937_64 random(6);
  for (const int n : {1, 2, 5, 30}) {
    const Matrix h = random_matrix(n, n, random);
    for (const Matrix& s : {definite(n, random), Matrix(random_matrix(n, n, random) +
                                                        4 * std::sqrt(n) * Matrix::Identity(n, n))}) {
      const Matrix y = lyapunov(s)(h);
      EXPECT_LE(distance(s * y + y * s, h), 1e-11);
      const Matrix u = random_matrix(n, n, random);
      EXPECT_NEAR(dot(u, y), dot(lyapunov(s.transpose())(u), h), 1e-10 * (1 + u.norm() * y.norm()));
      for (const double scale : {1e-200, 1e200})
        EXPECT_LE(distance(lyapunov(s * scale)(h) * scale, y), 1e-12);
    }
  }
  Matrix s = Matrix::Zero(2, 2), h = Matrix::Zero(2, 2);
  s(0, 0) = 2;
  h << 4, 2, 2, 0;
  Matrix want(2, 2);
  want << 1, 1, 1, 0;
  EXPECT_LE(distance(lyapunov(s)(h), want), 1e-15);
  h(1, 1) = 1;
  EXPECT_THROW(lyapunov(s)(h), NumericalError);
}

TEST(Routines, ExponentialAndLogarithm) {
  std::mt19937_64 random(7);
  for (const int n : {1, 2, 4, 10, 30}) {
    const double small = 1 / std::sqrt(n);
    for (const Matrix& x :
         {Matrix(small * random_matrix(n, n, random)), Matrix(small * symmetric(n, random))}) {
      const Matrix e = exponential(x);
      EXPECT_LE(distance(e * exponential(-x), Matrix::Identity(n, n)), 1e-12);
      EXPECT_LE(distance(exponential(2 * x), e * e), 1e-12);
      const Matrix h = random_matrix(n, n, random);
      EXPECT_LE(distance(exponential_derivative(x)(h), differences(exponential, x, h, 1e-3)), 1e-8);
      const Matrix u = random_matrix(n, n, random);
      EXPECT_NEAR(dot(u, exponential_derivative(x)(h)), dot(exponential_derivative(x.transpose())(u), h),
                  1e-10 * h.norm() * u.norm() * e.norm());
      EXPECT_LE(distance(exponential_derivative(x)(1e-200 * h) * 1e200, exponential_derivative(x)(h)), 1e-13);
    }
    for (const Matrix& x :
         {definite(n, random), Matrix(random_matrix(n, n, random) * 0.3 + 3 * Matrix::Identity(n, n))}) {
      EXPECT_LE(distance(exponential(logarithm(x)), x), 1e-11);
      const Matrix h = random_matrix(n, n, random);
      EXPECT_LE(distance(logarithm_derivative(x)(h), differences(logarithm, x, h, 1e-3)), 1e-7);
      EXPECT_LE(distance(logarithm(x * 1e200), logarithm(x) + std::log(1e200) * Matrix::Identity(n, n)),
                1e-12);
      EXPECT_LE(distance(logarithm_derivative(x * 1e200)(h) * 1e200, logarithm_derivative(x)(h)), 1e-12);
    }
  }
  EXPECT_LE(distance(exponential(Matrix::Identity(3, 3)), std::exp(1.0) * Matrix::Identity(3, 3)), 1e-15);
  // repeated and nearly repeated eigenvalues
  for (const double gap : {0.0, 1e-16, 1e-9, 1e-3}) {
    const Matrix d = Vector(Eigen::Vector2d(2, 2 + gap)).asDiagonal();
    Matrix h(2, 2);
    h << 0, 1, 1, 0;
    EXPECT_NEAR(exponential_derivative(d)(h)(0, 1), std::exp(2 + gap / 2) * (1 + gap * gap / 24), 1e-13);
    EXPECT_NEAR(logarithm_derivative(d)(h)(0, 1), 1 / (2 + gap / 2), gap * gap + 1e-15);
  }
  EXPECT_THROW(logarithm(Matrix(Vector(Eigen::Vector2d(1, -2)).asDiagonal())), NumericalError);
  EXPECT_THROW(logarithm(Matrix::Zero(2, 2)), NumericalError);
}

TEST(Routines, Spectra) {
  std::mt19937_64 random(8);
  for (const int n : {1, 3, 23, 24, 40}) {
    const Matrix s = symmetric(n, random);
    Vector values;
    Matrix q;
    eigen(s, values, &q);
    EXPECT_LE(distance(q * values.asDiagonal() * q.transpose(), s), 1e-13);
    for (Eigen::Index k = 1; k < n; ++k) EXPECT_LE(values[k - 1], values[k]);
    for (const double scale : {1e-200, 1e200}) {
      Vector scaled;
      eigen(s * scale, scaled, nullptr);
      EXPECT_LE(distance(scaled / scale, values), 1e-13);
    }
  }
  Vector values;
  EXPECT_THROW(eigen(random_matrix(3, 3, random), values, nullptr), NumericalError);
}

TEST(Routines, SingularValuesAndPolarFactors) {
  std::mt19937_64 random(9);
  for (const auto& [n, p] : std::vector<std::pair<int, int>>{
           {1, 1}, {3, 3}, {5, 3}, {3, 5}, {20, 20}, {30, 12}, {12, 30}, {100, 3}}) {
    const Matrix x = random_matrix(n, p, random);
    const Singular f = singular(x);
    EXPECT_LE(distance(f.u * f.s.asDiagonal() * f.v.transpose(), x), 1e-13);
    EXPECT_LE(distance(f.u.transpose() * f.u, Matrix::Identity(f.s.size(), f.s.size())), 1e-13);
    EXPECT_LE(distance(singular_values(x), f.s), 1e-13);
    EXPECT_LE(distance(x * pseudo_inverse(x) * x, x), 1e-12);
    const Matrix h = random_matrix(n, p, random);
    const auto polar_of = [](const Matrix& y) { return polar(singular(y)); };
    const MatrixMap derivative = polar_derivative(x);
    EXPECT_LE(
        distance(derivative(h) + Matrix::Ones(n, p), differences(polar_of, x, h, 1e-4) + Matrix::Ones(n, p)),
        1e-6);
    const Matrix u = random_matrix(n, p, random);  // the Hessian of the nuclear norm is symmetric
    EXPECT_NEAR(dot(u, derivative(h)), dot(derivative(u), h), 1e-11 * (1 + u.norm() * derivative(h).norm()));
    for (const double scale : {1e-200, 1e-20, 1e200}) {
      EXPECT_LE(distance(polar_of(x * scale), polar_of(x)), 1e-12);
      EXPECT_LE((polar_derivative(x * scale)(h * scale) - derivative(h)).cwiseAbs().maxCoeff(),
                1e-11 * (1 + derivative(h).norm()));
      EXPECT_LE(distance(singular_values(x * scale) / scale, f.s), 1e-13);
    }
    EXPECT_NEAR(dot(spectral_norm_gradient(x), x), f.s[0], 1e-12 * f.s[0]);
  }
  const Matrix low = of_rank(5, 2, random);
  const Matrix w = polar(singular(low));
  EXPECT_LE(distance(w * w.transpose() * w, w), 1e-12);
  EXPECT_NEAR(dot(w, low), singular_values(low).sum(), 1e-12 * low.norm());
  EXPECT_NEAR(w.squaredNorm(), 2, 1e-12);
  EXPECT_THROW(polar_derivative(low), NumericalError);
  EXPECT_LE(distance(spectral_norm_gradient(3 * Matrix::Identity(4, 4)), Matrix::Identity(4, 4) / 4), 1e-14);
  EXPECT_EQ(spectral_norm_gradient(Matrix::Zero(3, 2)), Matrix::Zero(3, 2));
  EXPECT_EQ(polar(singular(Matrix::Zero(3, 2))), Matrix::Zero(3, 2));
}

TEST(Routines, CholeskyNamesThePivot) {
  Matrix s(3, 3);
  s << 1, 0, 0, 0, -1, 0, 0, 0, 1;
  try {
    cholesky(s);
    FAIL();
  } catch (const NumericalError& error) {
    EXPECT_NE(std::string(error.what()).find("pivot 2"), std::string::npos) << error.what();
  }
}

TEST(Routines, NotANumberStaysOne) {
  const double nan = std::nan("");
  for (const std::string_view name : kernel::routine_names()) {
    const RoutineFunction f = routine_function(name);
    if (name == "call") continue;
    ASSERT_NE(f, nullptr) << name;
    const kernel::RoutineInfo& info = *kernel::find_routine(name);
    std::vector<Shape> shapes(static_cast<std::size_t>(info.inputs), Shape{2, 2});
    if (name.starts_with("norm_p")) shapes[1] = {};
    const auto results = info.shapes(shapes, {});
    std::vector<Array> in, out;
    const auto dims = [](const Shape& s) {
      Dims d;
      for (const Size& size : s) d.push_back(*size.constant());
      return d;
    };
    for (const Shape& s : shapes) in.emplace_back(dims(s));
    for (Array& a : in) {
      for (std::int64_t k = 0; k < a.size(); ++k) a[k] = a.rank() == 0 ? 3 : nan;
    }
    for (const Shape& s : results) out.emplace_back(dims(s));
    std::vector<ConstView> views;
    std::vector<MutableView> places;
    for (const Array& a : in) views.push_back(a.view());
    for (Array& a : out) places.push_back(a.view());
    f(views, places, {});
    for (const Array& a : out)
      EXPECT_TRUE(std::isnan(a[a.size() - 1]) || name == "tril" || name == "prod_hess" || name == "triu")
          << name;
  }
}

TEST(Routines, BatchesShareWhatHasNoBatch) {
  std::mt19937_64 random(10);
  const Matrix s = definite(3, random);
  const Matrix h = random_matrix(3, 12, random);  // four directions
  Array out(Dims{3, 3, 4});
  const Dims one{3, 3}, four{3, 3, 4};
  const std::vector<ConstView> in{{s.data(), one}, {h.data(), four}};
  const std::vector<MutableView> to{out.view()};
  for (const auto& [name, map] :
       std::vector<std::pair<std::string_view, MatrixMap>>{{"lyap", lyapunov(s)},
                                                           {"dexpm", exponential_derivative(s)},
                                                           {"dadj", adjugate_derivative(s)},
                                                           {"dpolar", polar_derivative(s)}}) {
    routine_function(name)(in, to, {});
    for (int b = 0; b < 4; ++b) {
      const Matrix got = Eigen::Map<const Matrix>(out.data() + 9 * b, 3, 3);
      EXPECT_LE(distance(got, map(h.middleCols(3 * b, 3))), 1e-15) << name;
    }
  }
}

}  // namespace
}  // namespace adjoint::run

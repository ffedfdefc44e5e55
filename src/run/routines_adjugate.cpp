// The adjugate and its derivative, at any matrix.
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "run/integer_determinant.hpp"
#include "run/lu.hpp"
#include "run/matrix_routines.hpp"

namespace adjoint::run {
namespace {

// Above this reciprocal condition det(A)*inv(A) is right to about 1e-12; below, the singular values decide.
constexpr double kWellConditioned = 1e-3;
constexpr double kWellConditionedLarge = 1e-8;  // there the decomposition costs twenty times as much
constexpr Eigen::Index kLarge = 64;

struct Scaled {  // mantissa * 2^exponent: products of many factors without overflow
  double mantissa = 1;
  int exponent = 0;
  Scaled times(double x) const {
    Scaled r{mantissa * x, exponent};
    int e = 0;
    r.mantissa = std::frexp(r.mantissa, &e);
    r.exponent = r.mantissa == 0 ? 0 : r.exponent + e;
    return r;
  }
};

double difference_of_products(double a, double b, double c, double d) {  // ab - cd (Kahan)
  const double w = c * d;
  const double error = std::fma(-c, d, w);
  return std::fma(a, b, -w) + error;
}

double norm1(const Matrix& a) { return a.cwiseAbs().colwise().sum().maxCoeff(); }

double sign_of_determinant(const Matrix& orthogonal) {
  int exponent = 0;
  return Lu(orthogonal).determinant(exponent) < 0 ? -1.0 : 1.0;
}

Matrix minor_of(const In& a, Eigen::Index row, Eigen::Index column) {
  const Eigen::Index n = a.rows();
  Matrix m(n - 1, n - 1);
  for (Eigen::Index j = 0; j + 1 < n; ++j) {
    for (Eigen::Index i = 0; i + 1 < n; ++i) m(i, j) = a(i + (i >= row ? 1 : 0), j + (j >= column ? 1 : 0));
  }
  return m;
}

// Laplace's expansion: cofactors of 4 x 4 from the minors of two columns, u of the first two, v of the last
// two.
void adjugate_4(const In& a, Matrix& out) {
  constexpr int kPair[6][2] = {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}};
  double minors[2][6];
  for (int side = 0; side < 2; ++side) {
    for (int k = 0; k < 6; ++k) {
      const int i = kPair[k][0], j = kPair[k][1];
      minors[side][k] =
          difference_of_products(a(i, 2 * side), a(j, 2 * side + 1), a(j, 2 * side), a(i, 2 * side + 1));
    }
  }
  out.resize(4, 4);
  for (int side = 0; side < 2; ++side) {  // cofactors of columns 0, 1 use the minors of columns 2, 3
    const double* m = minors[1 - side];
    // of rows 1 2 3, 0 2 3, 0 1 3, 0 1 2: the minors that stand with each entry of the other column
    constexpr int kRows[4][3] = {{1, 2, 3}, {0, 2, 3}, {0, 1, 3}, {0, 1, 2}};
    constexpr int kMinor[4][3] = {{5, 4, 3}, {5, 2, 1}, {4, 2, 0}, {3, 1, 0}};
    for (int c = 0; c < 2; ++c) {
      const int column = 2 * side + c, other = 2 * side + 1 - c;
      for (int r = 0; r < 4; ++r) {
        const int* i = kRows[r];
        const int* k = kMinor[r];
        const double sum =
            std::fma(a(i[0], other), m[k[0]], std::fma(-a(i[1], other), m[k[1]], a(i[2], other) * m[k[2]]));
        out(column, r) = (r + column) % 2 == 0 ? sum : -sum;
      }
    }
  }
}

// Cofactors one by one where they are exact: small sizes, and integers.
bool small_adjugate(const In& a, Matrix& out) {
  const Eigen::Index n = a.rows();
  if (n == 1) {
    out = Matrix::Ones(1, 1);
  } else if (n == 2) {
    out.resize(2, 2);
    out << a(1, 1), -a(0, 1), -a(1, 0), a(0, 0);
  } else if (n == 3) {
    out.resize(3, 3);
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) {
        const int r = (j + 1) % 3, s = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
        out(i, j) = difference_of_products(a(r, c), a(s, d), a(r, d), a(s, c));
      }
    }
  } else if (n == 4 && !integer_determinant(a)) {
    adjugate_4(a, out);
  } else if (n <= 6 && integer_determinant(a)) {
    out.resize(n, n);
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j < n; ++j) {
        const auto cofactor = integer_determinant(minor_of(a, j, i));
        if (!cofactor) return false;
        out(i, j) = (i + j) % 2 == 0 ? *cofactor : -*cofactor;
      }
    }
  } else {
    return false;
  }
  return true;
}

// det(A)*inv(A) if A is well conditioned (A scaled); the determinant as mantissa*2^exponent.
bool adjugate_by_inverse(const Matrix& a, Matrix& out, Scaled& det) {
  Lu lu(a);
  det.mantissa = lu.determinant(det.exponent);
  if (lu.singular()) return false;
  out = std::move(lu).inverse();
  const double condition = norm1(a) * norm1(out);
  return condition * (a.rows() >= kLarge ? kWellConditionedLarge : kWellConditioned) <= 1;
}

// Products of all entries but i and k, scaled to a common power of two. s is what is left of the diagonal.
Matrix products_except_two(const Vector& s, int& exponent) {
  const Eigen::Index n = s.size();
  std::vector<Scaled> before(static_cast<std::size_t>(n) + 1), after(static_cast<std::size_t>(n) + 1);
  for (Eigen::Index i = 0; i < n; ++i) {
    before[static_cast<std::size_t>(i) + 1] = before[static_cast<std::size_t>(i)].times(s[i]);
    const auto j = static_cast<std::size_t>(n - i);
    after[j - 1] = after[j].times(s[n - 1 - i]);
  }
  std::vector<Scaled> all(static_cast<std::size_t>(n * n), Scaled{0, 0});
  exponent = std::numeric_limits<int>::min();
  for (Eigen::Index i = 0; i < n; ++i) {
    Scaled between;
    for (Eigen::Index k = i + 1; k < n; ++k) {
      const Scaled& left = before[static_cast<std::size_t>(i)];
      const Scaled& right = after[static_cast<std::size_t>(k) + 1];
      Scaled p = between.times(left.mantissa).times(right.mantissa);
      p.exponent += p.mantissa == 0 ? 0 : left.exponent + right.exponent;
      all[static_cast<std::size_t>(i + k * n)] = all[static_cast<std::size_t>(k + i * n)] = p;
      if (p.mantissa != 0) exponent = std::max(exponent, p.exponent);
      between = between.times(s[k]);
    }
  }
  if (exponent == std::numeric_limits<int>::min()) exponent = 0;
  Matrix out(n, n);
  for (Eigen::Index k = 0; k < n * n; ++k) {
    const Scaled& p = all[static_cast<std::size_t>(k)];
    out.data()[k] = std::ldexp(p.mantissa, p.exponent - exponent);
  }
  return out;
}

Matrix times_power(Matrix m, int exponent) {
  if (exponent > -1000 && exponent < 1000) {  // the power itself is a number, and the product rounds once
    m *= std::ldexp(1.0, exponent);
    return m;
  }
  for (Eigen::Index k = 0; k < m.size(); ++k) m.data()[k] = std::ldexp(m.data()[k], exponent);
  return m;
}

Vector significant(const Singular& f) {  // singular values, those within rounding of zero made zero
  Vector s = f.s;
  s.tail(s.size() - f.rank()).setZero();
  return s;
}

Matrix adjugate_by_singular_values(const Matrix& a, int& exponent) {
  const Singular f = singular(a);
  const Eigen::Index n = a.rows();
  std::vector<Scaled> except(static_cast<std::size_t>(n));
  const Vector s = significant(f);
  exponent = std::numeric_limits<int>::min();
  for (Eigen::Index i = 0; i < n; ++i) {
    Scaled p;
    for (Eigen::Index k = 0; k < n; ++k) {
      if (k != i) p = p.times(s[k]);
    }
    except[static_cast<std::size_t>(i)] = p;
    if (p.mantissa != 0) exponent = std::max(exponent, p.exponent);
  }
  if (exponent == std::numeric_limits<int>::min()) exponent = 0;
  Matrix left = f.v;
  const double sign = sign_of_determinant(f.u) * sign_of_determinant(f.v);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Scaled& p = except[static_cast<std::size_t>(i)];
    left.col(i) *= sign * std::ldexp(p.mantissa, p.exponent - exponent);
  }
  return multiply(left, f.u, false, true);
}

Matrix nan_like(const In& a) {
  return Matrix::Constant(a.rows(), a.cols(), std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

double determinant_and_adjugate(const In& a, Matrix& out) {
  const Eigen::Index n = a.rows();
  if (!all_finite(a)) {
    out = nan_like(a);
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (n == 0) {
    out.resize(0, 0);
    return 1;
  }
  const int e = binary_exponent(a);
  const int power = static_cast<int>(n - 1) * e;
  if (n == 2 || small_adjugate(a, out)) {
    if (n <= 2) {
      small_adjugate(a, out);
    } else if (e > 300 || e < -300) {  // cofactors would leave the range on the way
      small_adjugate(a * std::ldexp(1.0, -e), out);
      out = times_power(std::move(out), power);
    }
    if (n != 4 || e > 250 || e < -250) return determinant(a);
    if (const auto exact = integer_determinant(a)) return *exact;
    double det = 0;
    for (Eigen::Index i = 0; i < 4; ++i) det = std::fma(a(i, 0), out(0, i), det);
    return det;
  }
  const Matrix s = a * std::ldexp(1.0, -e);
  Scaled det;
  if (adjugate_by_inverse(s, out, det)) {
    out *= det.mantissa;
    out = times_power(std::move(out), det.exponent + power);
  } else {
    int exponent = 0;
    out = adjugate_by_singular_values(s, exponent);
    out = times_power(std::move(out), exponent + power);
  }
  if (const auto exact = integer_determinant(a)) return *exact;
  return std::ldexp(det.mantissa, det.exponent + static_cast<int>(n) * e);
}

Matrix adjugate(const In& a) {
  Matrix out;
  determinant_and_adjugate(a, out);
  return out;
}

MatrixMap adjugate_derivative(const In& a) {
  const Eigen::Index n = a.rows();
  if (!all_finite(a)) return [n](const In&) { return Matrix::Constant(n, n, std::nan("")).eval(); };
  if (n <= 1) return [n](const In&) { return Matrix::Zero(n, n).eval(); };
  if (n == 2) {  // linear
    return [](const In& h) {
      Matrix out;
      small_adjugate(h, out);
      return out;
    };
  }
  const int e = binary_exponent(a);
  const Matrix s = a * std::ldexp(1.0, -e);
  const int power = static_cast<int>(n - 2) * e;
  if (n == 3) {  // bilinear: adj(A+H) - adj(A) - adj(H), entry by entry
    return [s, power](const In& h) {
      const int eh = binary_exponent(h);
      const Matrix d = h * std::ldexp(1.0, -eh);
      Matrix out(3, 3);
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) {
          const int r = (j + 1) % 3, q = (j + 2) % 3, c = (i + 1) % 3, t = (i + 2) % 3;
          out(i, j) = difference_of_products(d(r, c), s(q, t), d(r, t), s(q, c)) +
                      difference_of_products(s(r, c), d(q, t), s(r, t), d(q, c));
        }
      }
      return times_power(std::move(out), power + eh);
    };
  }
  Matrix inv;
  Scaled det;
  if (adjugate_by_inverse(s, inv, det)) {
    // det(A) (tr(inv(A) H) inv(A) - inv(A) H inv(A))
    return [inv, det, power](const In& h) {
      const int eh = binary_exponent(h);
      const Matrix g = multiply(inv, h * std::ldexp(1.0, -eh));
      Matrix out = g.trace() * inv - multiply(g, inv);
      return times_power(out * det.mantissa, det.exponent + power + eh);
    };
  }
  const Singular f = singular(s);
  int exponent = 0;
  const Matrix except = products_except_two(significant(f), exponent);
  const double sign = sign_of_determinant(f.u) * sign_of_determinant(f.v);
  return [f, except, sign, exponent, power](const In& h) {
    const int eh = binary_exponent(h);
    const Matrix t = multiply(multiply(f.u, h * std::ldexp(1.0, -eh), true), f.v);
    Matrix m = -t.cwiseProduct(except);
    m.diagonal() = except * t.diagonal();
    const Matrix out = sign * multiply(multiply(f.v, m), f.u, false, true);
    return times_power(out, exponent + power + eh);
  };
}

MatrixMap adjugate_adjoint(const In& a) {
  return [map = adjugate_derivative(a)](const In& u) { return Matrix(map(u.transpose()).transpose()); };
}

}  // namespace adjoint::run

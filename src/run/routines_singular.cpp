// The singular value decomposition and what is made of it.
#include <lapacke.h>

#include <Eigen/SVD>
#include <cmath>
#include <limits>

#include "run/matrix_routines.hpp"

namespace adjoint::run {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr Eigen::Index kSmall = 8;  // up to here one-sided Jacobi: slow, but accurate in every singular value

void set_signs(Singular& f) {
  for (Eigen::Index k = 0; k < f.u.cols(); ++k) {
    // The first entry that is nearly the largest, so that a tie does not depend on rounding.
    const double largest = f.u.col(k).cwiseAbs().maxCoeff();
    for (Eigen::Index i = 0; i < f.u.rows(); ++i) {
      if (std::abs(f.u(i, k)) < 0.999999 * largest) continue;
      if (f.u(i, k) < 0) {
        f.u.col(k) = -f.u.col(k);
        f.v.col(k) = -f.v.col(k);
      }
      break;
    }
  }
}

// Divide and conquer; where it does not converge, the older iteration.
Singular lapack(const Matrix& x, bool vectors) {
  const auto n = static_cast<int>(x.rows());
  const auto p = static_cast<int>(x.cols());
  const int r = std::min(n, p);
  Singular f;
  f.s.resize(r);
  Matrix work = x;
  if (!vectors) {
    if (LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'N', n, p, work.data(), n, f.s.data(), nullptr, 1, nullptr, 1) == 0)
      return f;
    throw NumericalError("the singular values did not converge");
  }
  f.u.resize(n, r);
  Matrix vt(r, p);
  if (LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'S', n, p, work.data(), n, f.s.data(), f.u.data(), n, vt.data(), r) !=
      0) {
    work = x;
    Vector rest(std::max(1, r));
    if (LAPACKE_dgesvd(LAPACK_COL_MAJOR, 'S', 'S', n, p, work.data(), n, f.s.data(), f.u.data(), n, vt.data(),
                       r, rest.data()) != 0) {
      throw NumericalError("the singular value decomposition did not converge");
    }
  }
  f.v = vt.transpose();
  return f;
}

Singular not_a_number(Eigen::Index n, Eigen::Index p) {
  const Eigen::Index r = std::min(n, p);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return {Matrix::Constant(n, r, nan), Vector::Constant(r, nan), Matrix::Constant(p, r, nan)};
}

}  // namespace

Eigen::Index Singular::rank() const {
  if (s.size() == 0) return 0;
  const double threshold = static_cast<double>(std::max(u.rows(), v.rows())) * kEpsilon * s[0];
  Eigen::Index r = 0;
  while (r < s.size() && s[r] > threshold) ++r;
  return r;
}

Singular singular(const In& x) {
  if (x.size() == 0 || !all_finite(x)) return not_a_number(x.rows(), x.cols());
  const int e = binary_exponent(x);
  const Matrix scaled = x * std::ldexp(1.0, -e);
  Singular f;
  if (std::min(x.rows(), x.cols()) <= kSmall && std::max(x.rows(), x.cols()) <= 8 * kSmall) {
    const Eigen::JacobiSVD<Matrix> svd(scaled, Eigen::ComputeThinU | Eigen::ComputeThinV);
    f = {svd.matrixU(), svd.singularValues(), svd.matrixV()};
  } else {
    f = lapack(scaled, true);
  }
  f.s *= std::ldexp(1.0, e);
  set_signs(f);
  return f;
}

Vector singular_values(const In& x) {
  if (x.size() == 0 || !all_finite(x)) return not_a_number(x.rows(), x.cols()).s;
  const int e = binary_exponent(x);
  const Matrix scaled = x * std::ldexp(1.0, -e);
  if (std::min(x.rows(), x.cols()) <= kSmall && std::max(x.rows(), x.cols()) <= 8 * kSmall) {
    return Eigen::JacobiSVD<Matrix>(scaled).singularValues() * std::ldexp(1.0, e);
  }
  return lapack(scaled, false).s * std::ldexp(1.0, e);
}

Matrix pseudo_inverse(const In& x) {
  const Singular f = singular(x);
  if (x.size() > 0 && std::isnan(f.s[0])) return Matrix::Constant(x.cols(), x.rows(), f.s[0]);
  const Eigen::Index r = f.rank();
  const Matrix left = f.v.leftCols(r) * f.s.head(r).cwiseInverse().asDiagonal();
  return multiply(left, f.u.leftCols(r), false, true);
}

Matrix polar(const Singular& f) {
  if (f.s.size() > 0 && std::isnan(f.s[0])) return Matrix::Constant(f.u.rows(), f.v.rows(), f.s[0]);
  const Eigen::Index r = f.rank();
  return multiply(f.u.leftCols(r), f.v.leftCols(r), false, true);
}

MatrixMap polar_derivative(const In& x) {
  // With X = U S V' (thin), T = U'HV: dP = U K V' + (I-UU') H V inv(S) V' + U inv(S) U' H (I-VV'),
  // K_ij = (T_ij - T_ji)/(s_i + s_j); of the last two terms one is there where X is not square.
  const Eigen::Index n = x.rows();
  const Eigen::Index p = x.cols();
  const int e = binary_exponent(x);
  const Singular f = singular(x * std::ldexp(1.0, -e));
  if (f.s.size() > 0 && std::isnan(f.s[0])) {
    return [n, p](const In&) { return Matrix::Constant(n, p, std::nan("")).eval(); };
  }
  if (f.rank() < f.s.size()) {
    throw NumericalError("polar is not differentiable at a matrix of deficient rank (rank " +
                         std::to_string(f.rank()) + " of " + std::to_string(f.s.size()) + ")");
  }
  return [f, n, p, e](const In& h) {
    const Matrix d = h * std::ldexp(1.0, -e);
    const Matrix hv = multiply(d, f.v);
    const Matrix t = multiply(f.u, hv, true);
    const Eigen::Index r = f.s.size();
    Matrix k(r, r);
    for (Eigen::Index j = 0; j < r; ++j) {
      for (Eigen::Index i = 0; i < r; ++i) k(i, j) = (t(i, j) - t(j, i)) / (f.s[i] + f.s[j]);
    }
    if (n > p) {
      const Matrix rest = hv - multiply(f.u, t);
      return multiply(multiply(f.u, k) + rest * f.s.cwiseInverse().asDiagonal(), f.v, false, true);
    }
    if (n < p) {
      const Matrix uh = multiply(f.u, d, true);
      const Matrix rest = uh - multiply(t, f.v, false, true);
      return multiply(f.u, multiply(k, f.v, false, true) + f.s.cwiseInverse().asDiagonal() * rest);
    }
    return multiply(multiply(f.u, k), f.v, false, true);
  };
}

Matrix spectral_norm_gradient(const In& x) {
  const Singular f = singular(x);
  if (x.size() == 0 || f.s[0] == 0) return Matrix::Zero(x.rows(), x.cols());
  if (std::isnan(f.s[0])) return Matrix::Constant(x.rows(), x.cols(), f.s[0]);
  const double tie = f.s[0] * (1 - 8 * static_cast<double>(std::max(x.rows(), x.cols())) * kEpsilon);
  Eigen::Index r = 1;
  while (r < f.s.size() && f.s[r] >= tie) ++r;
  return multiply(f.u.leftCols(r), f.v.leftCols(r), false, true) / static_cast<double>(r);
}

}  // namespace adjoint::run

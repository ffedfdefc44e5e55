// Inverse, systems, determinants, Cholesky factor.
#include <cblas.h>
#include <lapacke.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <cmath>
#include <limits>
#include <vector>

#include "run/integer_determinant.hpp"
#include "run/lu.hpp"
#include "run/matrix_routines.hpp"
#include "run/vector_math.hpp"

namespace adjoint::run {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr Eigen::Index kLarge = BlockTable::kSmall;  // from here LAPACK is faster

Matrix nan_matrix(Eigen::Index rows, Eigen::Index columns) {
  return Matrix::Constant(rows, columns, std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

int binary_exponent(const In& x) {
  const double largest = x.size() == 0 ? 0.0 : x.cwiseAbs().maxCoeff();
  int exponent = 0;
  if (largest > 0 && std::isfinite(largest)) std::frexp(largest, &exponent);
  return exponent;
}

bool all_finite(const In& x) { return x.allFinite(); }

Matrix multiply(const In& a, const In& b, bool transpose_a, bool transpose_b) {
  const Eigen::Index m = transpose_a ? a.cols() : a.rows();
  const Eigen::Index k = transpose_a ? a.rows() : a.cols();
  const Eigen::Index n = transpose_b ? b.rows() : b.cols();
  Matrix c(m, n);
  if (m * n * k >= 32 * 32 * 32) {
    cblas_dgemm(CblasColMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, static_cast<int>(m), static_cast<int>(n),
                static_cast<int>(k), 1.0, a.data(), static_cast<int>(a.outerStride()), b.data(),
                static_cast<int>(b.outerStride()), 0.0, c.data(), static_cast<int>(m));
    return c;
  }
  if (transpose_a && transpose_b) {
    c.noalias() = a.transpose().lazyProduct(b.transpose());
  } else if (transpose_a) {
    c.noalias() = a.transpose().lazyProduct(b);
  } else if (transpose_b) {
    c.noalias() = a.lazyProduct(b.transpose());
  } else {
    c.noalias() = a.lazyProduct(b);
  }
  return c;
}

Lu::Lu(Matrix a) : factors(std::move(a)), pivots(static_cast<std::size_t>(factors.rows())) {
  const Eigen::Index n = factors.rows();
  if (n >= kLarge) {
    LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, static_cast<int>(n), static_cast<int>(n), factors.data(),
                        static_cast<int>(n), pivots.data());
    for (int& p : pivots) --p;
  } else {
    blocks().small_lu(factors.data(), n, pivots.data());
  }
}

bool Lu::singular() const {
  const Eigen::Index n = factors.rows();
  for (Eigen::Index k = 0; k < n; ++k) {
    // The pivot is a difference of terms of this size: within their rounding it cannot be told from 0.
    double terms = std::abs(factors(k, k));
    for (Eigen::Index j = 0; j < k; ++j) terms += std::abs(factors(k, j) * factors(j, k));
    if (!(std::abs(factors(k, k)) > 2 * kEpsilon * terms)) return true;
  }
  return false;
}

double Lu::determinant(int& exponent) const {
  double mantissa = 1;
  exponent = 0;
  for (Eigen::Index k = 0; k < factors.rows(); ++k) {
    mantissa *= factors(k, k);
    if (pivots[static_cast<std::size_t>(k)] != k) mantissa = -mantissa;
    int e = 0;
    mantissa = std::frexp(mantissa, &e);
    exponent += e;
  }
  return mantissa;
}

double Lu::log_abs_determinant() const {
  int exponent = 0;
  const double mantissa = determinant(exponent);
  // log(m) + e log 2 cancels near det = 1: there the plain product is exact enough.
  if (exponent > -900 && exponent < 900) return std::log(std::abs(std::ldexp(mantissa, exponent)));
  return std::log(std::abs(mantissa)) + exponent * 0.69314718055994530942;
}

void Lu::solve_in_place(Matrix& b, bool transposed) const {
  const auto n = static_cast<int>(factors.rows());
  if (n >= kLarge) {
    std::vector<int> ipiv(pivots);
    for (int& p : ipiv) ++p;
    LAPACKE_dgetrs_work(LAPACK_COL_MAJOR, transposed ? 'T' : 'N', n, static_cast<int>(b.cols()),
                        factors.data(), n, ipiv.data(), b.data(), static_cast<int>(b.rows()));
    return;
  }
  const auto swap_rows = [&](Eigen::Index k) {
    const Eigen::Index p = pivots[static_cast<std::size_t>(k)];
    if (p != k) b.row(k).swap(b.row(p));
  };
  if (!transposed) {
    for (Eigen::Index k = 0; k < n; ++k) swap_rows(k);
    factors.triangularView<Eigen::UnitLower>().solveInPlace(b);
    factors.triangularView<Eigen::Upper>().solveInPlace(b);
  } else {
    factors.transpose().triangularView<Eigen::Lower>().solveInPlace(b);
    factors.transpose().triangularView<Eigen::UnitUpper>().solveInPlace(b);
    for (Eigen::Index k = n - 1; k >= 0; --k) swap_rows(k);
  }
}

Matrix Lu::inverse() && {
  const Eigen::Index n = factors.rows();
  if (n >= kLarge) {
    for (int& p : pivots) ++p;
    std::vector<double> work(static_cast<std::size_t>(64 * n));
    LAPACKE_dgetri_work(LAPACK_COL_MAJOR, static_cast<int>(n), factors.data(), static_cast<int>(n),
                        pivots.data(), work.data(), static_cast<int>(work.size()));
    return std::move(factors);
  }
  Matrix out(n, n);
  blocks().small_inverse(factors.data(), n, pivots.data(), out.data());
  return out;
}

Matrix inverse(const In& a) {
  if (!all_finite(a)) return nan_matrix(a.rows(), a.cols());
  // Scaled by a power of two: nothing overflows on the way, and the result is the same to the last bit.
  const int e = binary_exponent(a);
  Lu lu(a * std::ldexp(1.0, -e));
  if (lu.singular()) throw NumericalError("inverse of a singular matrix");
  Matrix out = std::move(lu).inverse();
  if (e != 0) out *= std::ldexp(1.0, -e);
  return out;
}

Matrix solve(const In& a, const In& b, System system) {
  if (!all_finite(a) || !all_finite(b)) return nan_matrix(a.cols(), b.cols());
  const int e = binary_exponent(a);
  const double scale = std::ldexp(1.0, -e);
  Matrix x = b;
  if (system == System::PositiveDefinite) {
    Matrix l = a * scale;
    const auto n = static_cast<int>(a.rows());
    if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', n, l.data(), n) == 0) {
      LAPACKE_dpotrs_work(LAPACK_COL_MAJOR, 'L', n, static_cast<int>(b.cols()), l.data(), n, x.data(), n);
      return x * scale;
    }
    // Not definite after all: the general way decides.
  }
  if (system == System::Lower || system == System::Upper) {
    if ((a.diagonal().array() == 0).any())
      throw NumericalError("inverse of a singular matrix: a zero on the diagonal");
    const Matrix scaled = a * scale;
    if (system == System::Lower) {
      scaled.triangularView<Eigen::Lower>().solveInPlace(x);
    } else {
      scaled.triangularView<Eigen::Upper>().solveInPlace(x);
    }
    return x * scale;
  }
  const Lu lu(a * scale);
  if (lu.singular()) throw NumericalError("inverse of a singular matrix");
  lu.solve_in_place(x, false);
  return x * scale;
}

double determinant(const In& a) {
  const Eigen::Index n = a.rows();
  if (n == 0) return 1;
  if (n == 1) return a(0, 0);
  if (!all_finite(a)) return std::numeric_limits<double>::quiet_NaN();
  if (const auto exact = integer_determinant(a)) return *exact;
  const int e = binary_exponent(a);
  const Matrix s = a * std::ldexp(1.0, -e);
  const auto full = static_cast<int>(n) * e;
  if (n == 2) {  // the difference of two products, with one rounding (Kahan)
    const double w = s(0, 1) * s(1, 0);
    const double error = std::fma(-s(0, 1), s(1, 0), w);
    return std::ldexp(std::fma(s(0, 0), s(1, 1), -w) + error, full);
  }
  int exponent = 0;
  const double mantissa = Lu(s).determinant(exponent);
  return std::ldexp(mantissa, exponent + full);
}

double log_abs_determinant(const In& a) {
  if (!all_finite(a)) return std::numeric_limits<double>::quiet_NaN();
  if (const auto exact = integer_determinant(a)) return std::log(std::abs(*exact));
  const int e = binary_exponent(a);
  const bool extreme = std::abs(e) > 100;
  const Lu lu(extreme ? Matrix(a * std::ldexp(1.0, -e)) : Matrix(a));
  return lu.log_abs_determinant() +
         (extreme ? static_cast<double>(a.rows()) * e * 0.69314718055994530942 : 0.0);
}

double log_determinant_and_inverse(const In& a, Matrix& out) {
  if (!all_finite(a)) {
    out = nan_matrix(a.rows(), a.cols());
    return std::numeric_limits<double>::quiet_NaN();
  }
  const int e = std::abs(binary_exponent(a)) > 100 ? binary_exponent(a) : 0;
  Lu lu(e == 0 ? Matrix(a) : Matrix(a * std::ldexp(1.0, -e)));
  if (lu.singular()) throw NumericalError("inverse of a singular matrix");
  const double value = lu.log_abs_determinant();
  out = std::move(lu).inverse();
  if (e != 0) out *= std::ldexp(1.0, -e);
  return value + static_cast<double>(a.rows()) * e * 0.69314718055994530942;
}

namespace {

// The lower factor of a/2^e in the lower triangle; false where it is not positive definite.
bool definite_factor(const In& a, Matrix& l, int& e) {
  const auto n = static_cast<int>(a.rows());
  e = std::abs(binary_exponent(a)) > 100 ? binary_exponent(a) : 0;
  l = a * std::ldexp(1.0, -e);
  return all_finite(a) && LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', n, l.data(), n) == 0;
}

double log_determinant_of_factor(const Matrix& l, int e) {
  return 2 * l.diagonal().array().log().sum() + static_cast<double>(l.rows()) * e * 0.69314718055994530942;
}

void inverse_of_factor(Matrix& l, int e) {
  const auto n = static_cast<int>(l.rows());
  LAPACKE_dpotri_work(LAPACK_COL_MAJOR, 'L', n, l.data(), n);
  l.triangularView<Eigen::StrictlyUpper>() = l.transpose();
  if (e != 0) l *= std::ldexp(1.0, -e);
}

}  // namespace

Matrix definite_inverse(const In& a) {
  int e = 0;
  Matrix l;
  if (!definite_factor(a, l, e)) return inverse(a);
  inverse_of_factor(l, e);
  return l;
}

double definite_log_determinant(const In& a) {
  int e = 0;
  Matrix l;
  return definite_factor(a, l, e) ? log_determinant_of_factor(l, e) : log_abs_determinant(a);
}

double definite_log_determinant_and_inverse(const In& a, Matrix& out) {
  int e = 0;
  if (!definite_factor(a, out, e)) return log_determinant_and_inverse(a, out);
  const double value = log_determinant_of_factor(out, e);
  inverse_of_factor(out, e);
  return value;
}

Matrix cholesky(const In& s) {
  const Eigen::Index n = s.rows();
  if (!all_finite(s)) return nan_matrix(n, n);
  if (!is_symmetric(s)) throw NumericalError("chol of a matrix that is not symmetric");
  Matrix l = s;
  const int info =
      LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', static_cast<int>(n), l.data(), static_cast<int>(n));
  if (info > 0) {
    throw NumericalError("chol of a matrix that is not positive definite: pivot " + std::to_string(info) +
                         " of the factor is " + shown(l(info - 1, info - 1)));
  }
  l.triangularView<Eigen::StrictlyUpper>().setZero();
  return l;
}

}  // namespace adjoint::run

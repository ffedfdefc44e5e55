// Functions of a square matrix: LAPACK, and code of its own for 4 x 4.
#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>

#include "hand/hand.hpp"

namespace hand {
namespace {

constexpr int kFour = 4;

// log det(X*X') and 2*inv(X*X')*X by X*X' = L*D*L', L unit lower triangular. Right-hand sides are kept by
// rows, so that a step of elimination is one vector operation over them.
double log_det_4(const double* __restrict X, double* __restrict gradient) {
  double m[kFour][kFour];  // lower part: m[j] is column j
  double y[kFour][kFour];  // y[i] is row i
  for (int j = 0; j < kFour; ++j) {
    for (int i = 0; i < kFour; ++i) {
      m[j][i] = X[i] * X[j] + X[i + 4] * X[j + 4] + X[i + 8] * X[j + 8] + X[i + 12] * X[j + 12];
      y[i][j] = 2 * X[i + 4 * j];
    }
  }
  double det = 1;
  double inverse[kFour];
#pragma GCC unroll 4
  for (int k = 0; k < kFour; ++k) {
    det *= m[k][k];
    inverse[k] = 1 / m[k][k];
#pragma GCC unroll 4
    for (int i = k + 1; i < kFour; ++i) {
      const double l = m[k][i] * inverse[k];
#pragma GCC unroll 4
      for (int j = k + 1; j <= i; ++j) m[j][i] -= l * m[k][j];
      for (int c = 0; c < kFour; ++c) y[i][c] -= l * y[k][c];
    }
#pragma GCC unroll 4
    for (int i = k + 1; i < kFour; ++i) m[k][i] *= inverse[k];
  }
#pragma GCC unroll 4
  for (int k = kFour - 1; k >= 0; --k) {
    for (int c = 0; c < kFour; ++c) y[k][c] *= inverse[k];
#pragma GCC unroll 4
    for (int i = k + 1; i < kFour; ++i) {
      for (int c = 0; c < kFour; ++c) y[k][c] -= m[k][i] * y[i][c];
    }
  }
  for (int c = 0; c < kFour; ++c) {
    for (int i = 0; i < kFour; ++i) gradient[i + 4 * c] = y[i][c];
  }
  return std::log(det);
}

// det(X) and the matrix of cofactors by Laplace's expansion along the first two columns: u are the 2 x 2
// minors of columns 1 and 2, v those of columns 3 and 4, by pairs of rows 12, 13, 14, 23, 24, 34.
double det_4(const double* __restrict X, double* __restrict gradient) {
  const double *a = X, *b = X + 4, *c = X + 8, *d = X + 12;
  const double u12 = a[0] * b[1] - a[1] * b[0], u13 = a[0] * b[2] - a[2] * b[0];
  const double u14 = a[0] * b[3] - a[3] * b[0], u23 = a[1] * b[2] - a[2] * b[1];
  const double u24 = a[1] * b[3] - a[3] * b[1], u34 = a[2] * b[3] - a[3] * b[2];
  const double v12 = c[0] * d[1] - c[1] * d[0], v13 = c[0] * d[2] - c[2] * d[0];
  const double v14 = c[0] * d[3] - c[3] * d[0], v23 = c[1] * d[2] - c[2] * d[1];
  const double v24 = c[1] * d[3] - c[3] * d[1], v34 = c[2] * d[3] - c[3] * d[2];
  double* g = gradient;
  g[0] = b[1] * v34 - b[2] * v24 + b[3] * v23;
  g[1] = -b[0] * v34 + b[2] * v14 - b[3] * v13;
  g[2] = b[0] * v24 - b[1] * v14 + b[3] * v12;
  g[3] = -b[0] * v23 + b[1] * v13 - b[2] * v12;
  g[4] = -a[1] * v34 + a[2] * v24 - a[3] * v23;
  g[5] = a[0] * v34 - a[2] * v14 + a[3] * v13;
  g[6] = -a[0] * v24 + a[1] * v14 - a[3] * v12;
  g[7] = a[0] * v23 - a[1] * v13 + a[2] * v12;
  g[8] = d[1] * u34 - d[2] * u24 + d[3] * u23;
  g[9] = -d[0] * u34 + d[2] * u14 - d[3] * u13;
  g[10] = d[0] * u24 - d[1] * u14 + d[3] * u12;
  g[11] = -d[0] * u23 + d[1] * u13 - d[2] * u12;
  g[12] = -c[1] * u34 + c[2] * u24 - c[3] * u23;
  g[13] = c[0] * u34 - c[2] * u14 + c[3] * u13;
  g[14] = -c[0] * u24 + c[1] * u14 - c[3] * u12;
  g[15] = c[0] * u23 - c[1] * u13 + c[2] * u12;
  return u12 * v34 - u13 * v24 + u14 * v23 + u23 * v14 - u24 * v13 + u34 * v12;
}

std::size_t square(long n) { return static_cast<std::size_t>(n * n); }

}  // namespace

LogDet::LogDet(long n) : n_(n), m_(square(n)) {}

// M = X*X' = L*L': the value is 2*sum(log(diag(L))), the gradient 2*inv(M)*X.
double LogDet::operator()(const double* X, double* gradient) {
  if (n_ == kFour) return log_det_4(X, gradient);
  const auto n = static_cast<int>(n_);
  double* m = m_.data();
  cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, n, 1, X, n, 0, m, n);
  LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', n, m, n);
  double value = 0;
  for (long i = 0; i < n_; ++i) value += 2 * std::log(m[i * (n_ + 1)]);
  for (long k = 0; k < n_ * n_; ++k) gradient[k] = 2 * X[k];
  LAPACKE_dpotrs_work(LAPACK_COL_MAJOR, 'L', n, n, m, n, gradient, n);
  return value;
}

Det::Det(long n)
    : n_(n), m_(square(n)), work_(static_cast<std::size_t>(64 * n)), pivots_(static_cast<std::size_t>(n)) {}

// The gradient is det(X)*inv(X)', transposed in blocks that stay in cache.
double Det::operator()(const double* X, double* gradient) {
  if (n_ == kFour) return det_4(X, gradient);
  const auto n = static_cast<int>(n_);
  double* m = m_.data();
  std::copy(X, X + n_ * n_, m);
  LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, n, n, m, n, pivots_.data());
  double det = 1;
  for (int i = 0; i < n; ++i) {
    const double u = m[i * (n_ + 1)];
    det *= pivots_[static_cast<std::size_t>(i)] == i + 1 ? u : -u;
  }
  LAPACKE_dgetri_work(LAPACK_COL_MAJOR, n, m, n, pivots_.data(), work_.data(),
                      static_cast<int>(work_.size()));
  constexpr long kBlock = 16;
  for (long jb = 0; jb < n_; jb += kBlock) {
    for (long ib = 0; ib < n_; ib += kBlock) {
      for (long j = jb; j < std::min(n_, jb + kBlock); ++j) {
        for (long i = ib; i < std::min(n_, ib + kBlock); ++i) gradient[i + j * n_] = det * m[j + i * n_];
      }
    }
  }
  return det;
}

NuclearNorm::NuclearNorm(long n)
    : n_(n),
      m_(square(n)),
      b_(square(n)),
      roots_(static_cast<std::size_t>(n)),
      work_(static_cast<std::size_t>(1 + 6 * n + 2 * n * n)),
      integers_(static_cast<std::size_t>(3 + 5 * n)) {}

// X*X' = Q*diag(l)*Q': the value is sum(sqrt(l)), the gradient Q*diag(1./sqrt(l))*Q'*X.
double NuclearNorm::operator()(const double* X, double* gradient) {
  const auto n = static_cast<int>(n_);
  double* m = m_.data();
  double* __restrict b = b_.data();
  double* __restrict roots = roots_.data();
  cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, n, 1, X, n, 0, m, n);
  LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', n, m, n, roots, work_.data(),
                      static_cast<int>(work_.size()), integers_.data(), static_cast<int>(integers_.size()));
  cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, n, n, n, 1, m, n, X, n, 0, b, n);
  double value = 0;
  for (long i = 0; i < n_; ++i) {
    const double s = std::sqrt(roots[i]);
    value += s;
    roots[i] = 1 / s;
  }
  for (long j = 0; j < n_; ++j) {
    for (long i = 0; i < n_; ++i) b[i + j * n_] *= roots[i];
  }
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, m, n, b, n, 0, gradient, n);
  return value;
}

}  // namespace hand

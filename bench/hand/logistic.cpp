// The logistic loss of m samples in n unknowns, with the full Hessian.
#include <cblas.h>

#include <algorithm>
#include <cmath>

#include "hand/hand.hpp"

namespace hand {

LogisticHessian::LogisticHessian(long m, long n)
    : m_(m), n_(n), scaled_(static_cast<std::size_t>(m * n)), z_(static_cast<std::size_t>(m)) {}

// With t = y.*(X*w), e = exp(-|t|), s = 1/(1+e): the Hessian is X'*diag(e*s^2)*X as y^2 = 1, computed as B*B'
// with the samples scaled by sqrt(e)*s, one triangle of it, which is then mirrored.
double LogisticHessian::operator()(const double* Xt, const double* __restrict y, const double* w,
                                   double* hessian) {
  const auto m = static_cast<int>(m_);
  const auto n = static_cast<int>(n_);
  double* __restrict z = z_.data();
  cblas_dgemv(CblasColMajor, CblasTrans, n, m, 1, Xt, n, w, 1, 0, z, 1);
  double value = 0;
  for (long i = 0; i < m_; ++i) {
    const double t = y[i] * z[i];
    const double e = std::exp(-std::fabs(t));
    value += std::log(1 + e) + std::max(-t, 0.0);
    z[i] = std::sqrt(e) / (1 + e);
  }
  for (long i = 0; i < m_; ++i) {
    const double* __restrict from = Xt + i * n_;
    double* __restrict to = scaled_.data() + i * n_;
    for (long j = 0; j < n_; ++j) to[j] = z[i] * from[j];
  }
  cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, m, 1, scaled_.data(), n, 0, hessian, n);
  constexpr long kBlock = 16;
  for (long jb = 0; jb < n_; jb += kBlock) {
    for (long ib = jb; ib < n_; ib += kBlock) {
      for (long j = jb; j < std::min(n_, jb + kBlock); ++j) {
        for (long i = std::max(ib, j + 1); i < std::min(n_, ib + kBlock); ++i)
          hessian[j + i * n_] = hessian[i + j * n_];
      }
    }
  }
  return value;
}

}  // namespace hand

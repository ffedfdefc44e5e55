// Functions of one long vector.
#include <algorithm>
#include <cmath>

#include "hand/hand.hpp"

namespace hand {

// With w_i = d_i/sqrt(d_i^2+eps^2) of the differences d_i the gradient is w_{i-1} - w_i. The weights of a
// block stay in the first cache; the last one is handed on to the next block.
double total_variation(long n, const double* __restrict x, double eps, double* __restrict gradient) {
  constexpr long kBlock = 512;
  alignas(64) double w[kBlock + 8];
  double* const weight = w + 8;  // weight[-1] is the last of the block before
  weight[-1] = 0;
  const double eps2 = eps * eps;
  double sum = 0;
  for (long start = 0; start < n - 1; start += kBlock) {
    const long m = std::min(kBlock, n - 1 - start);
    const double* __restrict here = x + start;
    double* __restrict out = gradient + start;
    for (long i = 0; i < m; ++i) {
      const double d = here[i + 1] - here[i];
      const double s = std::sqrt(d * d + eps2);
      sum += s;
      weight[i] = d / s;
    }
    for (long i = 0; i < m; ++i) out[i] = weight[i - 1] - weight[i];
    weight[-1] = weight[m - 1];
  }
  gradient[n - 1] = weight[-1];
  return sum;
}

// The gradient is x_i |x_i| / f^2.
double norm3(long n, const double* __restrict x, double* __restrict gradient) {
  double sum = 0;
  for (long i = 0; i < n; ++i) sum += std::fabs(x[i]) * (x[i] * x[i]);
  const double f = std::cbrt(sum);
  const double scale = f > 0 ? 1 / (f * f) : 0;
  for (long i = 0; i < n; ++i) gradient[i] = scale * x[i] * std::fabs(x[i]);
  return f;
}

}  // namespace hand

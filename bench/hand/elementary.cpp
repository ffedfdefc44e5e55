// Row 5.1 of the exercise sheet. With l = log(x+s), which has the derivative 1/s:
//   f = l/s - l^3,   f' = (1/s - x*l/s^2 - 3*l^2)/s.
#include <cmath>

#include "hand/hand.hpp"

namespace hand {

static inline double point(double x, double& derivative) {
  const double s = std::sqrt(x * x + 1);
  const double r = 1 / s;
  const double l = std::log(x + s);
  const double l2 = l * l;
  derivative = r * (r - (x * l) * (r * r) - 3 * l2);
  return l * (r - l2);
}

double elementary(double x, double& derivative) { return point(x, derivative); }

double elementary_sum(long n, const double* __restrict x, double* __restrict gradient) {
  double sum = 0;
  for (long i = 0; i < n; ++i) sum += point(x[i], gradient[i]);
  return sum;
}

}  // namespace hand

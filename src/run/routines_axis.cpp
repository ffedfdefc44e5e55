#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "run/axis_routines.hpp"
#include "run/numerical_error.hpp"
#include "run/vector_math.hpp"

namespace adjoint::run {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double largest_magnitude(const double* x, std::int64_t n) {
  double m = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    const double a = std::abs(x[k]);
    if (!(a <= m)) m = a;  // a NaN stays
    if (std::isnan(m)) return m;
  }
  return m;
}

double sum_of_squares(const double* x, std::int64_t n, double scale) {
  double part[8] = {};
  std::int64_t k = 0;
  for (; k + 8 <= n; k += 8) {
    for (int j = 0; j < 8; ++j) {
      const double y = x[k + j] * scale;
      part[j] += y * y;
    }
  }
  for (; k < n; ++k) {
    const double y = x[k] * scale;
    part[0] += y * y;
  }
  return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

struct Wide {  // mantissa * 2^exponent
  double mantissa = 1;
  std::int64_t exponent = 0;
  void multiply(double x) {
    int e = 0;
    mantissa = std::frexp(mantissa * x, &e);
    exponent += e;
  }
  void multiply(const Wide& other) {
    multiply(other.mantissa);
    exponent += other.exponent;
  }
  [[nodiscard]] double value() const {
    return std::ldexp(mantissa, static_cast<int>(std::clamp<std::int64_t>(exponent, -5000, 5000)));
  }
};

// f(first entry, stride, length, position of the first entry, number of the line)
template <class F>
void each_line(const Lines& lines, F f) {
  for (std::int64_t o = 0; o < lines.outer; ++o) {
    for (std::int64_t i = 0; i < lines.inner; ++i) {
      f(i + o * lines.inner * lines.length, o * lines.inner + i);
    }
  }
}

template <bool Maximum>
double extreme(const double* x, std::int64_t stride, std::int64_t n) {
  double m = Maximum ? -kInfinity : kInfinity;
  for (std::int64_t k = 0; k < n; ++k) {
    const double v = x[k * stride];
    if (std::isnan(v)) return v;
    if (Maximum ? v > m : v < m) m = v;
  }
  return m;
}

template <bool Maximum>
void extreme_gradient(const double* x, const Lines& lines, double* out) {
  each_line(lines, [&](std::int64_t first, std::int64_t) {
    const double m = extreme<Maximum>(x + first, lines.inner, lines.length);
    std::int64_t ties = 0;
    for (std::int64_t k = 0; k < lines.length; ++k) ties += x[first + k * lines.inner] == m ? 1 : 0;
    const double share = 1.0 / static_cast<double>(ties);
    for (std::int64_t k = 0; k < lines.length; ++k) {
      const std::int64_t at = first + k * lines.inner;
      out[at] = std::isnan(m) ? m : x[at] == m ? share : 0.0;
    }
  });
}

// exp(x - max) of a line into `out`; the maximum and the sum.
std::pair<double, double> shifted_exponentials(const double* x, std::int64_t stride, std::int64_t n,
                                               double* out) {
  const double m = extreme<true>(x, stride, n);
  if (!std::isfinite(m)) return {m, kNaN};
  for (std::int64_t k = 0; k < n; ++k) out[k] = x[k * stride] - m;
  vector_math(kernel::ScalarOp::Exp, out, out, n);
  double sum = 0;
  for (std::int64_t k = 0; k < n; ++k) sum += out[k];
  return {m, sum};
}

}  // namespace

double norm(const double* x, std::int64_t n) {
  const double plain = sum_of_squares(x, n, 1.0);
  if (plain > 1e-280 && plain < 1e300) return std::sqrt(plain);
  const double m = largest_magnitude(x, n);
  if (m == 0 || !std::isfinite(m)) return m;
  int e = 0;
  std::frexp(m, &e);
  const int half = e / 2;  // 2^-e itself may not be a number for denormal m
  double sum = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    const double y = std::ldexp(std::ldexp(x[k], -half), half - e);
    sum += y * y;
  }
  return std::ldexp(std::sqrt(sum), e);
}

void direction(const double* x, std::int64_t n, double* out) {
  const double m = largest_magnitude(x, n);
  if (m == 0) {
    std::fill(out, out + n, 0.0);
    return;
  }
  int e = 0;
  if (std::isfinite(m)) std::frexp(m, &e);
  if (std::abs(e) < 400) e = 0;  // squares stay in range
  for (std::int64_t k = 0; k < n; ++k) out[k] = e == 0 ? x[k] : std::ldexp(x[k], -e);
  const double length = std::sqrt(sum_of_squares(out, n, 1.0));
  for (std::int64_t k = 0; k < n; ++k) out[k] /= length;
}

namespace {

constexpr std::int64_t kBlock = 256;

// |x|^p of up to a block of entries into `out`, by multiplications where p is an integer.
void powers(const double* x, std::int64_t n, double p, double* out) {
  const BlockTable& table = blocks();
  const auto unary = [&](kernel::ScalarOp op) { return table.unary[static_cast<int>(op)]; };
  unary(kernel::ScalarOp::Abs)(out, x, nullptr, nullptr, n);
  if (p == 1) return;
  if (p == 2) {
    unary(kernel::ScalarOp::Square)(out, out, nullptr, nullptr, n);
  } else if (p == std::floor(p) && p > 0 && p <= 64) {
    unary(kernel::ScalarOp::PowI)(out, out, nullptr, &p, n);
  } else {
    table.binary[static_cast<int>(kernel::ScalarOp::Pow)][static_cast<int>(Shape2::SecondScalar)](
        out, out, &p, nullptr, n);
  }
}

// sum |x|^p without scaling.
double plain_sum(const double* x, std::int64_t n, double p) {
  alignas(64) double block[kBlock];
  double sum = 0;
  for (std::int64_t start = 0; start < n; start += kBlock) {
    const std::int64_t m = std::min(kBlock, n - start);
    powers(x + start, m, p, block);
    sum += blocks().sum(block, m);
  }
  return sum;
}

// Whether the sum of p-th powers says that scaling changes nothing.
bool well_scaled(double sum) { return sum > 1e-50 && sum < 1e150; }

double root(double sum, double p) { return p == 3 ? std::cbrt(sum) : std::pow(sum, 1 / p); }

double sign(double v) { return v > 0 ? 1.0 : v < 0 ? -1.0 : v; }

}  // namespace

double norm_p(const double* x, std::int64_t n, double p) {
  if (!(p > 0)) throw NumericalError("norm(x,p) needs p > 0, p is " + shown(p));
  if (p == 2) return norm(x, n);
  if (p != kInfinity) {
    const double sum = plain_sum(x, n, p);
    if (p == 1 && std::isfinite(sum)) return sum;
    if (well_scaled(sum)) return root(sum, p);
  }
  const double m = largest_magnitude(x, n);
  if (m == 0 || !std::isfinite(m) || p == kInfinity) return m;
  double sum = 0;
  if (p == 1) {
    for (std::int64_t k = 0; k < n; ++k) sum += std::abs(x[k]);
    return sum;
  }
  for (std::int64_t k = 0; k < n; ++k) sum += std::pow(std::abs(x[k]) / m, p);
  return m * std::pow(sum, 1 / p);
}

namespace {

// sign(x)|x|^(p-1)/norm^(p-1) in blocks, p >= 2.
void plain_gradient(const double* x, std::int64_t n, double p, double length, double* out) {
  const double scale = std::pow(length, 1 - p);
  const BlockFunction times = blocks().binary[static_cast<int>(kernel::ScalarOp::Mul)][0];
  const BlockFunction scaled =
      blocks().binary[static_cast<int>(kernel::ScalarOp::Mul)][static_cast<int>(Shape2::SecondScalar)];
  for (std::int64_t start = 0; start < n; start += kBlock) {
    const std::int64_t m = std::min(kBlock, n - start);
    double* to = out + start;
    powers(x + start, m, p - 2, to);
    times(to, to, x + start, nullptr, m);
    scaled(to, to, &scale, nullptr, m);
  }
}

void gradient_given_norm(const double* x, std::int64_t n, double p, double length, double* out) {
  if (length == 0) {
    std::fill(out, out + n, 0.0);
    return;
  }
  if (p == kInfinity) {
    std::int64_t ties = 0;
    for (std::int64_t k = 0; k < n; ++k) ties += std::abs(x[k]) == length ? 1 : 0;
    for (std::int64_t k = 0; k < n; ++k) {
      out[k] = std::abs(x[k]) == length ? sign(x[k]) / static_cast<double>(ties) : 0.0;
    }
    return;
  }
  if (p == 2) return direction(x, n, out);
  if (p > 2 && well_scaled(std::pow(length, p))) {
    plain_gradient(x, n, p, length, out);
    return;
  }
  // |x|/norm relative to the largest entry, so that neither leaves the range
  const double m = largest_magnitude(x, n);
  const double relative = length / m;
  for (std::int64_t k = 0; k < n; ++k) {
    out[k] = x[k] == 0 ? 0.0 : sign(x[k]) * std::pow(std::abs(x[k]) / m / relative, p - 1);
  }
}

}  // namespace

void norm_p_gradient(const double* x, std::int64_t n, double p, double* out) {
  gradient_given_norm(x, n, p, norm_p(x, n, p), out);
}

double norm_p_and_gradient(const double* x, std::int64_t n, double p, double* out) {
  const double length = norm_p(x, n, p);
  gradient_given_norm(x, n, p, length, out);
  return length;
}

void maximum(const double* x, const Lines& lines, double* out) {
  if (lines.length == 0) throw NumericalError("max of no entries");
  each_line(lines, [&](std::int64_t first, std::int64_t line) {
    out[line] = extreme<true>(x + first, lines.inner, lines.length);
  });
}

void minimum(const double* x, const Lines& lines, double* out) {
  if (lines.length == 0) throw NumericalError("min of no entries");
  each_line(lines, [&](std::int64_t first, std::int64_t line) {
    out[line] = extreme<false>(x + first, lines.inner, lines.length);
  });
}

void product(const double* x, const Lines& lines, double* out) {
  each_line(lines, [&](std::int64_t first, std::int64_t line) {
    Wide p;
    for (std::int64_t k = 0; k < lines.length; ++k) p.multiply(x[first + k * lines.inner]);
    out[line] = p.value();
  });
}

void logsumexp(const double* x, const Lines& lines, double* out) {
  std::vector<double> work(static_cast<std::size_t>(lines.length));
  each_line(lines, [&](std::int64_t first, std::int64_t line) {
    const auto [m, sum] = shifted_exponentials(x + first, lines.inner, lines.length, work.data());
    out[line] = std::isfinite(m) ? m + std::log(sum) : m;
  });
}

void softmax(const double* x, const Lines& lines, double* out) {
  std::vector<double> work(static_cast<std::size_t>(lines.length));
  each_line(lines, [&](std::int64_t first, std::int64_t) {
    const double sum = shifted_exponentials(x + first, lines.inner, lines.length, work.data()).second;
    for (std::int64_t k = 0; k < lines.length; ++k)
      out[first + k * lines.inner] = std::isnan(sum) ? sum : work[static_cast<std::size_t>(k)] / sum;
  });
}

void maximum_gradient(const double* x, const Lines& lines, double* out) {
  extreme_gradient<true>(x, lines, out);
}
void minimum_gradient(const double* x, const Lines& lines, double* out) {
  extreme_gradient<false>(x, lines, out);
}

void product_gradient(const double* x, const Lines& lines, double* out) {
  std::vector<Wide> before(static_cast<std::size_t>(lines.length) + 1);
  each_line(lines, [&](std::int64_t first, std::int64_t) {
    for (std::int64_t k = 0; k < lines.length; ++k) {
      Wide next = before[static_cast<std::size_t>(k)];
      next.multiply(x[first + k * lines.inner]);
      before[static_cast<std::size_t>(k) + 1] = next;
    }
    Wide after;
    for (std::int64_t k = lines.length - 1; k >= 0; --k) {
      Wide others = before[static_cast<std::size_t>(k)];
      others.multiply(after);
      after.multiply(x[first + k * lines.inner]);
      out[first + k * lines.inner] = others.value();
    }
  });
}

void product_hessian(const double* x, const Lines& lines, double* out) {
  const std::int64_t n = lines.length;
  const std::int64_t size = lines.inner * n * lines.outer;
  std::vector<Wide> before(static_cast<std::size_t>(n) + 1), after(static_cast<std::size_t>(n) + 1);
  each_line(lines, [&](std::int64_t first, std::int64_t) {
    for (std::int64_t k = 0; k < n; ++k) {
      before[static_cast<std::size_t>(k) + 1] = before[static_cast<std::size_t>(k)];
      before[static_cast<std::size_t>(k) + 1].multiply(x[first + k * lines.inner]);
      const std::int64_t j = n - 1 - k;
      after[static_cast<std::size_t>(j)] = after[static_cast<std::size_t>(j) + 1];
      after[static_cast<std::size_t>(j)].multiply(x[first + j * lines.inner]);
    }
    for (std::int64_t i = 0; i < n; ++i) {
      out[first + i * lines.inner + i * size] = 0;
      Wide between;
      for (std::int64_t k = i + 1; k < n; ++k) {
        Wide p = before[static_cast<std::size_t>(i)];
        p.multiply(between);
        p.multiply(after[static_cast<std::size_t>(k) + 1]);
        out[first + i * lines.inner + k * size] = out[first + k * lines.inner + i * size] = p.value();
        between.multiply(x[first + k * lines.inner]);
      }
    }
  });
}

void cumulative_sum(const double* x, const Lines& lines, bool from_the_end, double* out) {
  for (std::int64_t o = 0; o < lines.outer; ++o) {
    const std::int64_t block = o * lines.inner * lines.length;
    for (std::int64_t step = 0; step < lines.length; ++step) {
      const std::int64_t k = from_the_end ? lines.length - 1 - step : step;
      const std::int64_t previous = from_the_end ? k + 1 : k - 1;
      const double* xk = x + block + k * lines.inner;
      double* yk = out + block + k * lines.inner;
      const double* yp = out + block + previous * lines.inner;
      for (std::int64_t i = 0; i < lines.inner; ++i) yk[i] = step == 0 ? xk[i] : yp[i] + xk[i];
    }
  }
}

}  // namespace adjoint::run

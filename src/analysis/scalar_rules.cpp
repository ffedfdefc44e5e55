// Images of intervals under functions of one number: values at the ends where the function is monotone, and
// at its extrema. The mathematical library is trusted to 4 units in the last place.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "analysis/range.hpp"

namespace adjoint {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Function = double (*)(double);

double lowered(double v) {
  if (v == kInfinity) return std::numeric_limits<double>::max();  // overflow
  for (int k = 0; k < 4; ++k) v = std::nextafter(v, -kInfinity);
  return v;
}
double raised(double v) { return -lowered(-v); }

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double relu(double x) { return std::max(x, 0.0); }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

struct Increasing {
  std::string_view name;
  Function f;
  double from;  // where it is defined
  double to;
  bool exact_zero;     // f(0) is exact
  bool exact = false;  // f is exact
};
constexpr Increasing kIncreasing[] = {
    {"exp", std::exp, -kInfinity, kInfinity, true},       {"log", std::log, 0, kInfinity, false},
    {"log1p", std::log1p, -1, kInfinity, true},           {"expm1", std::expm1, -kInfinity, kInfinity, true},
    {"sinh", std::sinh, -kInfinity, kInfinity, true},     {"tanh", std::tanh, -kInfinity, kInfinity, true},
    {"atan", std::atan, -kInfinity, kInfinity, true},     {"asin", std::asin, -1, 1, true},
    {"erf", std::erf, -kInfinity, kInfinity, true},       {"sigmoid", sigmoid, -kInfinity, kInfinity, true},
    {"softplus", softplus, -kInfinity, kInfinity, false}, {"relu", relu, -kInfinity, kInfinity, true, true},
    {"sign", sign, -kInfinity, kInfinity, true, true},
};

double at(const Increasing& r, double x, bool upper) {
  const double v = r.f(x);
  if (std::isnan(v)) return upper ? kInfinity : -kInfinity;
  if (r.exact || (x == 0 && r.exact_zero) || (x == 1 && v == 0)) return v;
  return upper ? raised(v) : lowered(v);
}

// Even and increasing on the positive numbers.
Range even(Function f, const Range& x) {
  const double far = x.magnitude();
  const double near = x.holds(0) ? 0 : std::min(std::fabs(x.lower), std::fabs(x.upper));
  const auto value = [f](double v, bool upper) {
    return v == 0 ? f(v) : upper ? raised(f(v)) : lowered(f(v));
  };
  return {value(near, false), value(far, true)};
}

Range wave(Function f, double peak, const Range& x) {  // of period 2 pi, largest at `peak`
  constexpr double pi = std::numbers::pi;
  if (!x.is_bounded() || x.upper - x.lower >= 2 * pi || x.magnitude() > 1e6) return {-1, 1};
  Range r{lowered(std::min(f(x.lower), f(x.upper))), raised(std::max(f(x.lower), f(x.upper)))};
  const auto meets = [&](double where) {
    const double k = std::ceil((x.lower - where) / (2 * pi) - 1e-9);
    return where + 2 * pi * k <= x.upper + 1e-9;
  };
  if (meets(peak)) r.upper = 1;
  if (meets(peak + pi)) r.lower = -1;
  return intersection(r, {-1, 1});
}

}  // namespace

Range image(std::string_view function, const Range& x) {
  for (const auto& r : kIncreasing) {
    if (r.name != function) continue;
    const double from = std::max(x.lower, r.from);
    const double to = std::min(x.upper, r.to);
    if (from > to) return Range::all();
    return {at(r, from, false), at(r, to, true),
            x.open_lower && from == x.lower && r.name != "relu" && r.name != "sign",
            x.open_upper && to == x.upper && r.name != "relu" && r.name != "sign"};
  }
  if (function == "abs") {
    Range r = even(std::fabs, x);
    if (x.is_bounded() || std::isinf(x.magnitude())) {
      r = {x.holds(0) ? 0 : std::min(std::fabs(x.lower), std::fabs(x.upper)), x.magnitude()};
    }
    return r;
  }
  if (function == "cosh") return even(std::cosh, x);
  if (function == "cos") return wave(std::cos, 0, x);
  if (function == "sin") return wave(std::sin, std::numbers::pi / 2, x);
  if (function == "acos")
    return -image("asin", x) + Range{std::numbers::pi / 2 - 1e-15, std::numbers::pi / 2 + 1e-15};
  return Range::all();
}

}  // namespace adjoint

#include "eval/many_digits.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace adjoint {
namespace {

constexpr int kMostDigits = 32 * kDigits;
// Multiplications times what one takes; about a second.
constexpr double kMuch = 3e9;

bool all_finite(const BasicArray<Real>& a) {
  return std::all_of(a.data.begin(), a.data.end(), [](const Real& v) { return isfinite(v); });
}

// The largest difference of two arrays, relative to what a double tells of the first.
Real distance(const BasicArray<Real>& a, const BasicArray<Real>& b) {
  const Real least("1e-300");
  Real most = 0;
  for (std::size_t k = 0; k < a.data.size(); ++k)
    most = std::max(most, Real(abs(a.data[k] - b.data[k]) / (abs(a.data[k]) + least)));
  return most;
}

bool affordable(double multiplications, int digits) {
  return digits <= kMostDigits && multiplications * std::pow(digits, 1.6) <= kMuch;
}

}  // namespace

// The values, and with what cancels disturbed a little and a thousand times more.
struct ManyDigits::Level {
  Level(const Point& point, bool strict, int n)
      : digits(n), plain(point, {.strict = strict}), little(plain), more(plain) {}
  int digits;
  NodeValues<Real> plain, little, more;
  bool cancelled = false;
};

ManyDigits::ManyDigits(const Point& point, bool strict) : point_(point), strict_(strict) {
  use_all_exponents();
}
ManyDigits::~ManyDigits() = default;

ManyDigits::Level& ManyDigits::level(int digits) {
  auto& at = levels_[digits];
  if (!at) at = std::make_unique<Level>(point_, strict_, digits);
  return *at;
}

const ManyDigits::Values& ManyDigits::plain_value(Level& level, Expr expr) {
  Cancellation& c = cancellation();
  c = {};
  const Values& value = level.plain(expr);
  level.cancelled = level.cancelled || c.met;
  return value;
}

// What hangs on a cancelled sum grows with the disturbance. What jumps at 0, a sign or a quotient of two such
// sums, does not: then the sum is taken to be 0.
bool ManyDigits::hangs_on_cancelled(Level& level, Expr expr, const Values& value) {
  constexpr int kMore = 3;
  if (!level.cancelled) return false;
  Cancellation& c = cancellation();
  try {
    c = {.disturbed = true, .raised = 0};
    const Values& little = level.little(expr);
    c.raised = kMore;
    const Values& more = level.more(expr);
    c = {};
    if (!all_finite(little)) return all_finite(value);
    if (!all_finite(value)) return true;
    const Real near = distance(value, little);
    return near > Real("1e-14") && (!all_finite(more) || distance(value, more) > 10 * near);
  } catch (const NumericalError&) {
    c = {};
    return false;
  } catch (...) {
    c = {};
    throw;
  }
}

const Array& ManyDigits::value(Expr expr) {
  if (const auto at = rounded_.find(expr.get()); at != rounded_.end()) return at->second;
  const double size = work(expr, point_.sizes);
  std::string reason;
  for (int digits = digits_;;) {
    const WithDigits precision(digits);
    Level& here = level(digits);
    double needed = 2.0 * digits;
    try {
      const Values& v = plain_value(here, expr);
      const bool known = !affordable(size, digits) || !hangs_on_cancelled(here, expr, v);
      const bool last = !affordable(size, 2 * digits);
      if (known || (last && !all_finite(v))) {
        if (known) digits_ = digits;
        Array& r = rounded_.try_emplace(expr.get(), v.shape).first->second;
        std::transform(v.data.begin(), v.data.end(), r.data.begin(), rounded);
        return r;
      }
      reason = "a sum whose digits cancel";
    } catch (const TooFewDigits& e) {
      reason = e.what();
      needed = std::max(needed, e.needed);
    }
    if (needed > kMostDigits || !affordable(size, static_cast<int>(needed)))
      throw NumericalError("the value is not known: it hangs on " + reason + ", beyond the " +
                           std::to_string(digits) + " that are computed");
    while (digits < needed) digits *= 2;
  }
}

}  // namespace adjoint

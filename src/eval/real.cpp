#include "eval/real.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace adjoint {

namespace {

constexpr long kGuard = 66;  // bits, 20 digits: what accumulates in the last digits

long bits(const Real& x) { return static_cast<long>(mpfr_get_prec(x.backend().data())); }

// x lies below 2^exponent; x is finite and not 0.
long exponent(const Real& x) { return static_cast<long>(mpfr_get_exp(x.backend().data())); }

}  // namespace

void use_all_exponents() {
  mpfr_set_emin(mpfr_get_emin_min());
  mpfr_set_emax(mpfr_get_emax_max());
  if (Real::default_precision() < kDigits) Real::default_precision(kDigits);
}

WithDigits::WithDigits(int digits) : before_(static_cast<int>(Real::default_precision())) {
  Real::default_precision(static_cast<unsigned>(digits));
}
WithDigits::~WithDigits() { Real::default_precision(static_cast<unsigned>(before_)); }

Cancellation& cancellation() {
  thread_local Cancellation c;
  return c;
}

Real settled(const Real& sum, const Real& scale) {
  if (!isfinite(scale) || !isfinite(sum) || scale == 0) return sum;
  if (sum != 0 && exponent(sum) + bits(sum) - kGuard > exponent(scale)) return sum;
  if (sum == 0 && mpfr_inexflag_p() == 0) return sum;  // so exactly
  Cancellation& c = cancellation();
  c.met = true;
  if (!c.disturbed) return 0;
  return ldexp(scale, static_cast<int>(-bits(sum))) * pow(Real(10), c.raised);
}

Real periodic(Real (*f)(const Real&), const Real& x) {
  constexpr double kBitsOfDigit = 3.33;
  if (isfinite(x) && x != 0 && exponent(x) > bits(x) - 2 * kGuard) {
    const double digits = static_cast<double>(exponent(x)) / kBitsOfDigit;
    throw TooFewDigits(
        "a sine, cosine or tangent of a number of " + std::to_string(std::lround(digits)) + " digits",
        digits + 2 * kGuard / kBitsOfDigit + 1);
  }
  const Real value = f(x);
  return abs(x) < 1 ? value : settled(value, abs(x));
}

Real as_written(double value) {
  if (!std::isfinite(value)) return Real(value);
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return Real(std::string(text.data(), end));
}

double rounded(const Real& value) {
  const auto v = value.convert_to<double>();
  if (value == 0) return 0;  // without a sign
  if (v != 0 || isnan(value)) return v;
  return std::copysign(std::numeric_limits<double>::denorm_min(), value < 0 ? -1.0 : 1.0);
}

template <>
Real number<Real>(const Rational& r) {
  return r.exact() ? Real(r.numerator()) / Real(r.denominator()) : as_written(r.value());
}

}  // namespace adjoint

#include "eval/real.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace adjoint {

void use_all_exponents() {
  mpfr_set_emin(mpfr_get_emin_min());
  mpfr_set_emax(mpfr_get_emax_max());
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

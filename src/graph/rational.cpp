#include "graph/rational.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <numeric>

namespace adjoint {
namespace {

Wide gcd128(Wide a, Wide b) {
  if (a < 0) a = -a;
  if (b < 0) b = -b;
  while (b != 0) {
    const Wide r = a % b;
    a = b;
    b = r;
  }
  return a;
}

bool fits(Wide v) {
  return v > std::numeric_limits<std::int64_t>::min() && v <= std::numeric_limits<std::int64_t>::max();
}

}  // namespace

Rational Rational::make(Wide num, Wide den, bool decimal, double fallback) {
  if (den < 0) {
    num = -num;
    den = -den;
  }
  const Wide g = gcd128(num, den);
  if (g > 1) {
    num /= g;
    den /= g;
  }
  if (!fits(num) || !fits(den)) return inexact(fallback);
  Rational r;
  r.num_ = static_cast<std::int64_t>(num);
  r.den_ = static_cast<std::int64_t>(den);
  r.decimal_ = decimal && r.den_ != 1;
  return r;
}

Rational::Rational(std::int64_t num, std::int64_t den) {
  *this = make(num, den, false, static_cast<double>(num) / static_cast<double>(den));
}

Rational Rational::inexact(double value) {
  Rational r;
  r.num_ = 0;
  r.den_ = 0;
  r.real_ = value;
  r.decimal_ = true;
  return r;
}

std::optional<Rational> Rational::parse(std::string_view literal) {
  const std::string text(literal);
  char* end = nullptr;
  const double real = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) return std::nullopt;
  Wide mantissa = 0;
  int scale = 0;
  bool point = false;
  std::size_t k = 0;
  for (; k < text.size() && text[k] != 'e' && text[k] != 'E'; ++k) {
    if (text[k] == '.') {
      point = true;
      continue;
    }
    if (text[k] < '0' || text[k] > '9' || mantissa > (static_cast<Wide>(1) << 100)) return inexact(real);
    mantissa = mantissa * 10 + (text[k] - '0');
    if (point) --scale;
  }
  if (k < text.size()) {
    const long exponent = std::strtol(text.c_str() + k + 1, nullptr, 10);
    if (exponent > 1000 || exponent < -1000) return inexact(real);
    scale += static_cast<int>(exponent);
  }
  Wide den = 1;
  for (; scale > 0; --scale) {
    if (mantissa > (static_cast<Wide>(1) << 100)) return inexact(real);
    mantissa *= 10;
  }
  for (; scale < 0; ++scale) {
    if (den > (static_cast<Wide>(1) << 100)) return inexact(real);
    den *= 10;
  }
  return make(mantissa, den, true, real);
}

double Rational::value() const {
  return exact() ? static_cast<double>(num_) / static_cast<double>(den_) : real_;
}

Rational Rational::power(std::int64_t exponent) const {
  Rational base = exponent < 0 ? Rational(1) / *this : *this;
  std::uint64_t e =
      exponent < 0 ? 0 - static_cast<std::uint64_t>(exponent) : static_cast<std::uint64_t>(exponent);
  if (e > 4096) return inexact(std::pow(value(), static_cast<double>(exponent)));
  Rational result(1);
  for (; e != 0; e >>= 1) {
    if ((e & 1) != 0) result = result * base;
    if (e > 1) base = base * base;
  }
  return result;
}

std::optional<Rational> Rational::root(std::int64_t degree) const {
  if (!exact() || num_ < 0 || degree < 1) return std::nullopt;
  const auto integer_root = [degree](std::int64_t v) -> std::optional<std::int64_t> {
    const auto r = static_cast<std::int64_t>(
        std::llround(std::pow(static_cast<double>(v), 1.0 / static_cast<double>(degree))));
    if (Rational(r).power(degree) == Rational(v)) return r;
    return std::nullopt;
  };
  const auto n = integer_root(num_);
  const auto d = integer_root(den_);
  if (!n || !d) return std::nullopt;
  return Rational(*n, *d);
}

std::string Rational::text() const {
  const auto real_text = [](double v) {
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
    return std::string(buffer, end);
  };
  if (!exact()) return real_text(real_);
  if (den_ == 1) return std::to_string(num_);
  if (decimal_) {
    const std::string s = real_text(value());
    const auto back = parse(s.front() == '-' ? s.substr(1) : s);
    if (back && (*back == absolute())) return s;
  }
  return std::to_string(num_) + "/" + std::to_string(den_);
}

std::size_t Rational::hash() const {
  if (!exact()) return std::hash<double>{}(real_);
  return std::hash<std::int64_t>{}(num_)*1000003U ^ std::hash<std::int64_t>{}(den_);
}

Rational Rational::operator-() const {
  if (num_ == std::numeric_limits<std::int64_t>::min()) return inexact(-value());  // out of range by one
  Rational r = *this;
  r.num_ = -r.num_;
  r.real_ = -r.real_;
  return r;
}

Rational operator+(const Rational& a, const Rational& b) {
  const double real = a.value() + b.value();
  if (!a.exact() || !b.exact()) return Rational::inexact(real);
  const auto wide = [](std::int64_t v) { return static_cast<Wide>(v); };
  return Rational::make(wide(a.num_) * b.den_ + wide(b.num_) * a.den_, wide(a.den_) * b.den_,
                        a.decimal_ || b.decimal_, real);
}

Rational operator*(const Rational& a, const Rational& b) {
  const double real = a.value() * b.value();
  if (!a.exact() || !b.exact()) return Rational::inexact(real);
  return Rational::make(static_cast<Wide>(a.num_) * b.num_, static_cast<Wide>(a.den_) * b.den_,
                        a.decimal_ || b.decimal_, real);
}

Rational operator/(const Rational& a, const Rational& b) {
  const double real = a.value() / b.value();
  if (!a.exact() || !b.exact() || b.num_ == 0) return Rational::inexact(real);
  return Rational::make(static_cast<Wide>(a.num_) * b.den_, static_cast<Wide>(a.den_) * b.num_,
                        a.decimal_ || b.decimal_, real);
}

bool operator==(const Rational& a, const Rational& b) {
  if (a.exact() && b.exact()) return a.num_ == b.num_ && a.den_ == b.den_;
  return a.exact() == b.exact() && a.real_ == b.real_;
}

bool operator<(const Rational& a, const Rational& b) { return a.value() < b.value(); }

Rational gcd(const Rational& a, const Rational& b) {
  if (a.is_zero()) return b.absolute();
  if (b.is_zero()) return a.absolute();
  const std::int64_t n = std::gcd(a.numerator(), b.numerator());
  const std::int64_t d = std::lcm(a.denominator(), b.denominator());
  return {n, d};
}

}  // namespace adjoint

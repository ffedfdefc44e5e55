// Coefficients: exact rational numbers that remember whether they were typed as decimals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace adjoint {

__extension__ typedef __int128 Wide;

/// A rational number num/den in lowest terms with den > 0. Results that do not
/// fit in 64 bits become floating-point numbers (`exact()` is then false).
/// `decimal` only records how the number is to be printed and takes no part in equality.
class Rational {
 public:
  Rational(std::int64_t value = 0) : num_(value) {}  // NOLINT(google-explicit-constructor): a number
  Rational(std::int64_t num, std::int64_t den);
  static Rational inexact(double value);
  /// From a literal of the notation ("2", "0.1", "1e-3", ".5").
  static std::optional<Rational> parse(std::string_view literal);

  [[nodiscard]] bool exact() const { return den_ != 0; }
  [[nodiscard]] bool is_integer() const { return den_ == 1; }
  [[nodiscard]] bool is_zero() const { return exact() ? num_ == 0 : real_ == 0; }
  [[nodiscard]] bool is_one() const { return num_ == 1 && den_ == 1; }
  [[nodiscard]] bool is_negative() const { return exact() ? num_ < 0 : real_ < 0; }
  [[nodiscard]] bool is_even() const { return is_integer() && num_ % 2 == 0; }
  [[nodiscard]] std::int64_t numerator() const { return num_; }
  [[nodiscard]] std::int64_t denominator() const { return den_; }
  [[nodiscard]] bool decimal() const { return decimal_; }
  [[nodiscard]] double value() const;
  [[nodiscard]] Rational absolute() const { return is_negative() ? -*this : *this; }
  /// this^exponent for an integer exponent (base non-zero where the exponent is negative).
  [[nodiscard]] Rational power(std::int64_t exponent) const;
  /// The rational r with r^den == this, if there is one (this >= 0).
  [[nodiscard]] std::optional<Rational> root(std::int64_t degree) const;
  /// "3", "3/2", "0.1" (if typed as a decimal), or 17 digits where inexact.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::size_t hash() const;

  Rational operator-() const;
  friend Rational operator+(const Rational& a, const Rational& b);
  friend Rational operator-(const Rational& a, const Rational& b) { return a + (-b); }
  friend Rational operator*(const Rational& a, const Rational& b);
  friend Rational operator/(const Rational& a, const Rational& b);
  friend bool operator==(const Rational& a, const Rational& b);
  friend bool operator<(const Rational& a, const Rational& b);

 private:
  static Rational make(Wide num, Wide den, bool decimal, double fallback);

  std::int64_t num_ = 0;
  std::int64_t den_ = 1;  // 0 marks an inexact number
  double real_ = 0;
  bool decimal_ = false;
};

/// The largest rational g such that a/g and b/g are integers (both exact).
Rational gcd(const Rational& a, const Rational& b);

}  // namespace adjoint

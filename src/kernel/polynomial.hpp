// Polynomials in size names with rational coefficients: what things cost.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/rational.hpp"
#include "graph/size.hpp"

namespace adjoint::kernel {

class Polynomial {
 public:
  /// A product of names with repetition, sorted.
  using Monomial = Size::Monomial;

  Polynomial() = default;
  Polynomial(const Rational& constant);  // NOLINT(google-explicit-constructor): a number
  Polynomial(std::int64_t constant);     // NOLINT(google-explicit-constructor): a number
  Polynomial(int constant);              // NOLINT(google-explicit-constructor): a number
  Polynomial(const Size& size);          // NOLINT(google-explicit-constructor): sizes are polynomials
  static Polynomial name(std::string_view name);

  [[nodiscard]] bool is_zero() const { return terms_.empty(); }
  [[nodiscard]] bool is_one() const;
  /// The exact value; nothing if a name has none.
  [[nodiscard]] std::optional<Rational> evaluate(const SizeValues& values) const;
  /// The value as a floating-point number, NaN if a name has none.
  [[nodiscard]] double value(const SizeValues& values) const;
  /// "n^3/3 + 2*n*p", "0".
  [[nodiscard]] std::string text() const;
  /// The terms that no other term dominates, without coefficients: "O(n^3 + n*p)", "O(1)".
  [[nodiscard]] std::string order() const;
  /// The terms that no other term dominates, with their coefficients.
  [[nodiscard]] Polynomial leading() const;
  /// For large sizes, all growing alike, is this the smaller of the two?
  [[nodiscard]] static bool less_for_large(const Polynomial& a, const Polynomial& b);
  [[nodiscard]] int degree() const;
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] Polynomial substitute(std::string_view name, const Polynomial& replacement) const;
  /// In canonical order: higher degree first.
  [[nodiscard]] std::vector<std::pair<Monomial, Rational>> terms() const;

  Polynomial& operator+=(const Polynomial& other);
  friend Polynomial operator+(Polynomial a, const Polynomial& b) { return a += b; }
  Polynomial& operator-=(const Polynomial& other);
  friend Polynomial operator-(Polynomial a, const Polynomial& b) { return a -= b; }
  friend Polynomial operator*(const Polynomial& a, const Polynomial& b);
  friend bool operator==(const Polynomial& a, const Polynomial& b) { return a.terms_ == b.terms_; }

 private:
  struct Before {
    bool operator()(const Monomial& a, const Monomial& b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };
  std::map<Monomial, Rational, Before> terms_;
};

}  // namespace adjoint::kernel

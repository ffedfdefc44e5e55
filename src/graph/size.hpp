// Sizes of axes: integer polynomials in size names (n, n-1, 2*n, n*p).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace adjoint {

/// Values for size names, e.g. {{"n", 3}, {"p", 4}}.
using SizeValues = std::map<std::string, std::int64_t, std::less<>>;

/// An integer polynomial in size names, in a canonical form, so that equality
/// of values is equality of polynomials. Coefficients are exact in 64 bits;
/// overflow throws std::overflow_error.
class Size {
 public:
  /// A product of names with repetition, sorted: n*n*p is {"n","n","p"}.
  using Monomial = std::vector<std::string>;

  Size(std::int64_t constant = 0);  // NOLINT(google-explicit-constructor): sizes are numbers
  static Size name(std::string_view name);

  [[nodiscard]] bool is_constant() const;
  [[nodiscard]] bool is_one() const;
  [[nodiscard]] bool is_zero() const { return terms_->empty(); }
  /// The value of a constant size.
  [[nodiscard]] std::optional<std::int64_t> constant() const;
  /// The value at given names; nothing if a name is missing.
  [[nodiscard]] std::optional<std::int64_t> evaluate(const SizeValues& values) const;
  /// The polynomial with `name` replaced by `replacement`.
  [[nodiscard]] Size substitute(std::string_view name, const Size& replacement) const;
  [[nodiscard]] std::vector<std::string> names() const;
  /// In the notation: "n", "n-1", "2*n", "n*p".
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::size_t hash() const;
  /// Monomials with their non-zero coefficients, in canonical order.
  [[nodiscard]] const std::vector<std::pair<Monomial, std::int64_t>>& terms() const { return *terms_; }

  friend Size operator+(const Size& a, const Size& b);
  friend Size operator-(const Size& a, const Size& b);
  friend Size operator*(const Size& a, const Size& b);
  friend bool operator==(const Size& a, const Size& b) {
    return a.terms_ == b.terms_ || *a.terms_ == *b.terms_;
  }
  friend bool operator<(const Size& a, const Size& b) { return *a.terms_ < *b.terms_; }

 private:
  using Terms = std::vector<std::pair<Monomial, std::int64_t>>;
  explicit Size(Terms terms) : terms_(std::make_shared<const Terms>(std::move(terms))) {}

  std::shared_ptr<const Terms> terms_;  // shared by copies, of which there are many
};

using Shape = std::vector<Size>;

}  // namespace adjoint

// What is known of a value. Three-valued: unknown licenses no rewrite.
#pragma once

#include <cstdint>

namespace adjoint {

enum class Truth : std::uint8_t { Unknown, Yes, No };

/// The set of signs that entries may have, as bits.
struct Signs {
  static constexpr std::uint8_t kNegative = 1;
  static constexpr std::uint8_t kZero = 2;
  static constexpr std::uint8_t kPositive = 4;
  std::uint8_t possible = kNegative | kZero | kPositive;

  static constexpr Signs any() { return {}; }
  static constexpr Signs positive() { return {kPositive}; }
  static constexpr Signs nonnegative() { return {kZero | kPositive}; }
  static constexpr Signs negative() { return {kNegative}; }
  static constexpr Signs zero() { return {kZero}; }
  static constexpr Signs nonzero() { return {kNegative | kPositive}; }

  [[nodiscard]] constexpr bool is_positive() const { return possible == kPositive; }
  [[nodiscard]] constexpr bool is_negative() const { return possible == kNegative; }
  [[nodiscard]] constexpr bool is_nonnegative() const { return (possible & kNegative) == 0; }
  [[nodiscard]] constexpr bool is_nonpositive() const { return (possible & kPositive) == 0; }
  [[nodiscard]] constexpr bool is_nonzero() const { return (possible & kZero) == 0; }
  friend constexpr bool operator==(Signs a, Signs b) { return a.possible == b.possible; }
};

/// Signs of a product, a sum, a negation, a reciprocal, an integer power.
Signs multiply(Signs a, Signs b);
Signs add(Signs a, Signs b);
Signs negate(Signs a);

/// Structure of a matrix in its first two axes, and signs of all entries.
struct Facts {
  Signs signs;
  Truth symmetric = Truth::Unknown;
  Truth semidefinite = Truth::Unknown;  // symmetric positive semi-definite
  Truth definite = Truth::Unknown;      // symmetric positive definite
  Truth diagonal = Truth::Unknown;
  Truth lower = Truth::Unknown;  // lower triangular
  Truth orthogonal = Truth::Unknown;
  Truth invertible = Truth::Unknown;

  static Facts unknown() { return {}; }
  static Facts of_signs(Signs s) {
    Facts f;
    f.signs = s;
    return f;
  }
  static Facts symmetric_matrix();
  static Facts semidefinite_matrix();
  static Facts definite_matrix();
  static Facts diagonal_matrix();
  static Facts lower_matrix();
  static Facts orthogonal_matrix();
  friend bool operator==(const Facts&, const Facts&) = default;
};

}  // namespace adjoint

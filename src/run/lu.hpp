// A*P = L*U with partial pivoting, as the linear routines share it.
#pragma once

#include <vector>

#include "run/matrix_routines.hpp"

namespace adjoint::run {

struct Lu {
  explicit Lu(Matrix a);
  Matrix factors;
  std::vector<int> pivots;  // row k was exchanged with row pivots[k]

  /// Whether a pivot cannot be told from zero: it is within the rounding of what it was computed from.
  [[nodiscard]] bool singular() const;
  /// The determinant as mantissa * 2^exponent.
  double determinant(int& exponent) const;
  [[nodiscard]] double log_abs_determinant() const;
  /// In the memory of the factors, which are gone then.
  [[nodiscard]] Matrix inverse() &&;
  void solve_in_place(Matrix& b, bool transposed) const;
};

}  // namespace adjoint::run

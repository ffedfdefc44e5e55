// Accumulation of Jacobians by elimination of intermediate variables (Griewank and Walther, Evaluating
// Derivatives, chapters 9 and 10; Markowitz 1957).
#pragma once

#include <span>

#include "programs/straight_line.hpp"

namespace adjoint {

enum class Blocks : std::uint8_t {
  Dense,      // every local Jacobian as a full array, as one multiplies them on paper
  Structured  // diagonals and identities stay what they are
};

/// Values, then local Jacobians and their products, until the derivative of the output in each active
/// variable is left: axes of the output, then of the variable. A chain is multiplied in the best order
/// (dynamic programming), a graph eliminates the variable of least work first. Outputs: the value, then the
/// derivatives.
StraightLine accumulate(const StraightLine& program, std::span<const Expr> active, Blocks blocks);

}  // namespace adjoint

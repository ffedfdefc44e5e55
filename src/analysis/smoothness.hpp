// What is known of smoothness beyond conditions on single operations: functions whose kinks cancel, and
// whether the kink of an operation shows.
#pragma once

#include <vector>

#include "analysis/domain.hpp"

namespace adjoint {

/// Whether the expression, a function of one affine expression or of its norm, is differentiable wherever it
/// is defined although it is pieced together.
bool smooth_by_pieces(Expr e, const std::vector<Expr>& variables, const Assumptions& assumptions);

/// Whether an operand is affine in the variables and takes the value 0 (for some values of the parameters): a
/// kink there is one of the composition too.
bool crosses_zero(Expr operand, const std::vector<Expr>& variables);

}  // namespace adjoint

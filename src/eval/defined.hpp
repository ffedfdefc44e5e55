// Whether a function is defined at a point: as it was typed, and not only as what is left of it.
#pragma once

#include <optional>
#include <span>

#include "eval/evaluate.hpp"
#include "graph/written.hpp"

namespace adjoint {

/// An operation that is not defined at the point although the value does not show it: one that was cancelled
/// (x/x at 0), or whose infinite value is lost on the way (atan(1/x) at 0). Nothing where there is none.
/// May throw NumericalError, which says so as well.
std::optional<Expr> undefined_part(Expr value, std::span<const Written> written, Evaluator& evaluator);

}  // namespace adjoint

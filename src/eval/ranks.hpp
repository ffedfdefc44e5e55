// Whether the rank of a matrix stays what it is at a point.
#pragma once

#include <span>

#include "eval/evaluate.hpp"

namespace adjoint {

/// True unless the rank at the point, in numbers of 350 digits, is also the rank next to it, where all the
/// variables have moved at random: a rank can only grow nearby, and where it grows at all it does at almost
/// every point. True as well where that cannot be told.
bool rank_may_change(Expr matrix, std::span<const Expr> variables, const Point& point);

}  // namespace adjoint

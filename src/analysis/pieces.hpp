// Whether the branches of a choice meet smoothly where the choice switches.
#pragma once

#include <vector>

#include "analysis/range.hpp"

namespace adjoint {

/// For a comparison u < v, or abs(z) < v, with a constant v: whether the branches of the choices by it
/// (`users`) are entrywise functions of u (of z) that agree in value and slope where both sides are equal.
bool pieces_meet(const Node& comparison, const std::vector<Expr>& users, Ranges& ranges);

}  // namespace adjoint

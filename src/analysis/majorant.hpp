// Bounds of a function of one number on |t| <= U, as formulas in U: every term by its absolute value.
#pragma once

#include "analysis/range.hpp"

namespace adjoint {

/// An expression that is at least |w(t)| for |t| <= radius, or null.
Expr majorant(Expr w, Expr t, Expr radius, Ranges& ranges);
/// A positive expression that is at most w(t) for |t| <= radius, or null.
Expr minorant(Expr w, Expr t, Expr radius, Ranges& ranges);

}  // namespace adjoint

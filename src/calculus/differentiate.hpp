// Derivatives of expressions, in forward and in reverse order, from the two tables of linear.hpp.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "calculus/linear.hpp"
#include "graph/graph.hpp"

namespace adjoint {

/// A variable with the direction it moves along (its axes, then further ones, the same for all).
struct Movement {
  Expr variable;
  Expr tangent;
};

/// Forward: how f moves when variables move. Axes of f, then the further axes of the tangents.
Expr pushforward(Expr f, std::span<const Movement> movements);

/// Reverse: the adjoint of the derivative of f with respect to each variable, applied to a cotangent of f
/// (further axes behind). One result for each variable: its axes, then the further ones.
std::vector<Expr> pullback(Expr f, Expr cotangent, std::span<const Expr> variables);

/// Gradient of a scalar: the shape of the variable, before any projection on declared structure.
Expr gradient(Expr f, Expr variable);

/// All partial derivatives: axes of f, then axes of the variable. A Jacobian for vectors.
Expr jacobian(Expr f, Expr variable);

/// The value on directions, on cotangents: restricted to the declared structure of the variable
/// (symmetrised for a symmetric one; free entries for a diagonal or triangular one).
/// The first axes of `value` are those of the variable.
Expr project_on_structure(Expr value, Expr variable);

/// A direction for the variable: a variable `name` of its shape and of its linear structure.
Expr direction_for(Expr variable, std::string_view name);

}  // namespace adjoint

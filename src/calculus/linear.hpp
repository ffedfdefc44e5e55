// The two tables that are all of differentiation: how a node moves when an operand moves, and the
// adjoint of a linear expression. The records of ops/ hold the rows for operations; the rows for
// products, sums and powers are here.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// A question that has no answer: no derivative, no adjoint.
class CalculusError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How node y moves when its operand k (an index into y.operands) moves along `tangent`, whose axes
/// are those of the operand and then any further ones, which the result carries at its end.
Expr linearise(const Node& y, int operand, Expr tangent);

/// For `linear` that is linear in the variable `tangent`: the adjoint applied to `cotangent`, which has
/// the axes of `linear` and then any further ones; the result has those of `tangent`, then the further ones.
/// Throws CalculusError where `linear` is not linear in `tangent`.
Expr transpose(Expr linear, Expr tangent, Expr cotangent);

}  // namespace adjoint

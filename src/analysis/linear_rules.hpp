// The table of norms of linear operations and of slopes of others.
#pragma once

#include <string>

#include "analysis/range.hpp"

namespace adjoint {

struct MapNorm {
  Expr norm;         // null where it is not known
  Expr simple;       // a simpler upper bound, or null
  std::string rule;  // empty where it is 1
};
/// The norm of a linear operation as a map of its operand.
MapNorm map_norm(const Node& application, int operand);

/// The spectral norm of a constant matrix: normop(A), normop(A)^2 for A'*A, 1 for an orthogonal matrix or the
/// identity, the largest absolute value of a diagonal.
Expr matrix_norm(Expr matrix);

/// A bound of the Lipschitz constant of a nonlinear operation in its first operand, or null.
Expr slope_of(const Node& application, Ranges& ranges);

}  // namespace adjoint

// Sums over an axis that cancel once they are taken term by term: sum(x - mean(x)) = 0.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// The product with a sum distributed over the terms of a factor, where that leaves fewer terms than the
/// factor has; else null.
Expr cancel_summed_terms(Expr product);

/// The diagonal of a sum as the sum of diagonals, where that is shorter: diag(a*a'-b*b') = a.^2-b.^2. Null
/// where there is none.
Expr open_diagonals(Expr product);

}  // namespace adjoint

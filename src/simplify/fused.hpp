// Products over fused axes: vec, kron and reshape inside a product open into their parts.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// kron(B',A)*vec(X) = vec(A*X*B), sum(kron(A,B)) = sum(A)*sum(B): a summed axis that every factor has fused
/// from the same two becomes those two; a fused axis of the result is fused after the product.
/// Null where there is nothing to open.
Expr open_fused_axes(Expr product);

}  // namespace adjoint

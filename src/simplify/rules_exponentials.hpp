// Exponentials of one argument in a product; logarithms of products.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// exp(u).*exp(-u) = 1, exp(2*u)./exp(u) = exp(u): exponentials whose arguments combine into one that is no
/// longer than the longer of them. Null where there are none.
Expr collect_exponentials(Expr product);

/// log(a/b) = log(a) - log(b) for positive a and b, everywhere in the expression: so that equal parts meet.
Expr with_logarithms_apart(Expr root);

}  // namespace adjoint

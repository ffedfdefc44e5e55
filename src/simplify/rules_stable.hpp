// Forms that do not leave the range of numbers on the way: logarithms of exponentials, of their sums, of what
// saturates. They are longer than what they stand for, so simplification does not use them; programs do.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// An equal form of the application that is safe where the function is, or null.
Expr stable(Expr application);

/// x over its length, or over a root of it, by its direction, which has a value at 0.
Expr directed(Expr expr);

/// The expression with all stable forms.
Expr stabilised(Expr expr);

}  // namespace adjoint

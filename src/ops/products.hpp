// Functions of the notation that are Einstein products: sums, traces, diagonals, Kronecker products.
#pragma once

#include "ops/surface.hpp"

namespace adjoint {

Expr vec(Expr matrix);
Expr kron(Expr a, Expr b);
std::span<const Surface> product_surfaces();

}  // namespace adjoint

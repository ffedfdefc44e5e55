// Reductions that are no product: max, min, prod, logsumexp, norms; and what their derivatives need.
#pragma once

#include "ops/record.hpp"
#include "ops/surface.hpp"

namespace adjoint {

/// Over one axis, or over all axes where `axis` is negative.
Expr maximum(Expr x, int axis = -1);
Expr minimum(Expr x, int axis = -1);
Expr prod(Expr x, int axis = -1);
Expr logsumexp(Expr x, int axis = -1);
/// The gradient of maximum: 1 at the maximum, shared equally in a tie. The shape of x.
Expr max_grad(Expr x, int axis = -1);
Expr min_grad(Expr x, int axis = -1);
/// The gradient of prod: for each entry the product of the others, right where entries are zero.
Expr prod_grad(Expr x, int axis = -1);
/// The products of all but two entries of a vector, 0 on the diagonal.
Expr prod_hess(Expr x);
/// exp(x - logsumexp(x)) along an axis.
Expr softmax(Expr x, int axis = -1);
/// The square root of the sum of squares of all entries, without overflow.
Expr norm(Expr x);
/// x/norm(x), and 0 at 0: the least subgradient of the norm.
Expr direction(Expr x);
/// (sum |x|^p)^(1/p), entrywise, p a scalar.
Expr norm_p(Expr x, Expr p);

std::span<const Record* const> reduction_records();
std::span<const Surface> reduction_surfaces();

}  // namespace adjoint

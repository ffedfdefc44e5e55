// Structured linear maps: differences, cumulative sums, slices, blocks, triangles, fused axes.
#pragma once

#include "ops/record.hpp"
#include "ops/surface.hpp"

namespace adjoint {

Expr tril(Expr a);
Expr triu(Expr a);
/// x[2:n] - x[1:n-1] along an axis, and its adjoint.
Expr diff(Expr x, int axis = 0);
Expr diff_transpose(Expr u, int axis = 0);
Expr cumsum(Expr x, int axis = 0);
Expr cumsum_transpose(Expr u, int axis = 0);
/// Entries start, …, start+length-1 (from 0) along an axis.
Expr slice(Expr x, int axis, const Size& start, const Size& length);
/// Arrays one after the other along an axis.
Expr concat(std::vector<Expr> parts, int axis);
/// Axes `axis` and `axis`+1 become one, the first running fastest; vec(X) is fuse(X, 0).
Expr fuse(Expr x, int axis);
/// The inverse of fuse: an axis of length first*second becomes two.
Expr split(Expr x, int axis, const Size& first, const Size& second);
/// Column i (from 1) of the identity of size n.
Expr unit(Graph& graph, const Size& n, const Size& i);

std::span<const Record* const> structure_records();
std::span<const Surface> structure_surfaces();

}  // namespace adjoint

// Products over fused axes: vec, kron and reshape inside a product open into their parts.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// kron(B',A)*vec(X) = vec(A*X*B), sum(kron(A,B)) = sum(A)*sum(B), tr(kron(A,B)) = tr(A)*tr(B): a summed axis
/// that every factor has fused from the same two becomes those two; a fused axis of the result is fused after
/// the product. kron(A,B)*x stays a matrix by a vector; what has more axes than a matrix, as the derivative
/// of kron(x',A)*w in x, opens w as well, by reshape. Null where there is nothing to open.
Expr open_fused_axes(Expr product);

/// logdet(kron(A,B)) = p*logdet(A) + n*logdet(B), inv(kron(A,B)) = kron(inv(A),inv(B)) and their like. Null
/// where there is none.
Expr open_kronecker(Expr expr);

/// vec(reshape(x,n,p)) = x through entrywise operations, sums and products; reshape(vec(X)+v,n,p) =
/// X+reshape(v,n,p). Null where there is nothing to close.
Expr close_fused_axes(Expr expr);

/// f(vec(X)) = vec(f(X)) for entrywise f, powers and sums: what is entrywise is done before axes are fused,
/// where that leaves a matrix.
/// Null where there is nothing to lift.
Expr lift_fused_axes(Expr expr);

/// a*where(c,p,q) + b*where(c,r,s) = where(c, a*p+b*r, a*q+b*s). Null where no two terms share a condition.
Expr merge_choices(Expr sum);

}  // namespace adjoint

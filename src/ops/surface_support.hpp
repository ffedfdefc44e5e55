// Pieces that builders of surface functions share. A type has rows and columns; the expression has an
// axis for each that is not literally 1, then batch axes.
#pragma once

#include "ops/surface.hpp"

namespace adjoint {

/// Number of axes that the type takes.
int axes_of(const syntax::Type& type);
/// The axis of dimension 1 (rows) or 2 (columns), or -1 where that size is literally 1.
int dimension_axis(const syntax::Type& type, int dimension);
/// The argument with both axes present (of length 1 where the type says 1), then the batch.
Expr as_matrix(const Argument& argument);
/// Removes axes of a matrix of type `type` whose size is literally 1.
Expr from_matrix(Expr matrix, const syntax::Type& type);
/// The expression with all axes of its type fused into one: a vector, then the batch.
Expr as_vector(Expr expr, int rank);

/// Applies a function of a matrix, with both axes present.
template <Expr (*f)(Expr)>
Expr of_matrix(Graph& /*graph*/, std::span<const Argument> a, const syntax::Type& result) {
  return from_matrix(f(as_matrix(a[0])), result);
}
template <Expr (*f)(Expr, Expr)>
Expr of_two_matrices(Graph& /*graph*/, std::span<const Argument> a, const syntax::Type& result) {
  return from_matrix(f(as_matrix(a[0]), as_matrix(a[1])), result);
}
/// A function of a square matrix with its meaning for a scalar.
template <Expr (*f)(Expr), Expr (*scalar)(Expr)>
Expr of_square(Graph& graph, std::span<const Argument> a, const syntax::Type& result) {
  if (a[0].type.is_scalar()) return scalar(a[0].expr);
  return of_matrix<f>(graph, a, result);
}

}  // namespace adjoint

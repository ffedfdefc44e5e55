// Scalars that are sums of squares: never negative, and zero exactly where some arrays are zero.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace adjoint {

/// What is known of a scalar that is nowhere negative.
struct SquareForm {
  bool positive = false;  // nowhere zero
  bool exact = true;      // zero exactly where every array of `vanish` is zero; else zero at most there
  std::vector<Expr> vanish;
};

/// Recognises v'*M*v with M semi-definite, sums of squares with weights, traces of products of two
/// semi-definite matrices, and sums, powers and products of these. Nothing where the sign is not known.
std::optional<SquareForm> square_form(Expr scalar);

/// A quadratic form: the expression is coefficient * sum over the shared axes of v' * matrix * v.
struct QuadraticForm {
  Expr vector;  // v: its axis `axis` meets the matrix, its other axes are shared
  int axis = 0;
  Expr matrix;  // null for the identity
  Expr weight;  // scalar factors with the coefficient
};
std::optional<QuadraticForm> quadratic_form(Expr scalar);

/// A product with a sum written as a sum of products (once, and only for a sum that is a factor once); sums
/// term by term; anything else as it is.
Expr distributed(Expr e);

/// abs(s*x), norm(s*x), max(s*x), ... with the positive scalar s in front.
Expr homogeneous(Expr e, Expr s);

/// Whether the node compares two arrays entry by entry.
bool is_comparison(const Node& node);
/// The number that an array holds in every entry; null where there is none that can be seen.
Expr uniform(Expr e);
/// An operation that is not known to be continuous wherever it is defined: signs, directions, choices, …
bool is_discontinuous(const Node& node);

/// Integer powers of sums with the sign of each sum turned so that equal ones meet: 1/(x-1) as -1/(1-x).
Expr aligned(Expr e);

/// The name of an operation in the notation, where it has another one inside: max, norm.
std::string spoken_name(const Operation& operation);

/// Whether the operation is zero exactly where its operand is zero and nowhere negative (abs, norms).
bool is_gauge(const Node& application);

}  // namespace adjoint

// Pieces that records of several families share.
#pragma once

#include "ops/record.hpp"

namespace adjoint {

/// factor .* tangent over the axes of the factor; the tangent's further axes stay behind.
Expr scale(Expr factor, Expr tangent);

/// Sum over axis `axis` (or over all axes of `weights` where it is negative) of weights .* tangent;
/// the tangent's further axes stay behind.
Expr contract(Expr weights, Expr tangent, int axis);

/// A*B over the first two axes of both; further axes of A and B are shared as far as A has them,
/// those that B has beyond stay behind (a matrix applied to a batch of matrices, from the left).
Expr left_product(Expr matrix, Expr batch);
/// B*A likewise, the matrix on the right of a batch.
Expr right_product(Expr batch, Expr matrix);

/// Normal form shared by operations f with f(A') = f(A)' or, for scalars, f(A') = f(A): of a matrix and
/// its transpose, the older one is the operand.
bool transpose_is_older(Expr matrix);

/// The product without its coefficient, which no division can be sure to remove: 1/c*c is not 1 of a rounded
/// c.
Expr without_coefficient(Expr product);
/// -x for a sum that begins with a minus, as long as that is a sum again; else null.
Expr with_positive_lead(Expr x);

/// The axis of an operation along an axis, or -1 for all axes.
int axis_of(const Attributes& attributes);

/// Shape rules.
Shape same_shape(std::span<const Expr> operands, const Attributes& attributes);
Shape square_shape(std::span<const Expr> operands, const Attributes& attributes);
/// Drops the first two axes of a square matrix.
Shape square_to_scalar(std::span<const Expr> operands, const Attributes& attributes);
/// Drops the axis of attributes.integers[0], or all.
Shape reduced_shape(std::span<const Expr> operands, const Attributes& attributes);
/// Shape of the last operand (matrix functions of a matrix in a direction).
Shape direction_shape(std::span<const Expr> operands, const Attributes& attributes);

Facts no_facts(std::span<const Expr> operands, const Attributes& attributes);
inline constexpr auto kNoNormal = static_cast<Expr (*)(std::span<const Expr>, const Attributes&)>(nullptr);
inline constexpr auto kNoPower = static_cast<Expr (*)(const Node&, Expr)>(nullptr);
inline constexpr auto kNoPartial = static_cast<Expr (*)(const Node&, int)>(nullptr);
inline constexpr auto kNoExpansion = static_cast<Expr (*)(const Node&)>(nullptr);
/// Constant in its operands where it is differentiable.
Expr does_not_move(const Node& y, int operand, Expr tangent);

}  // namespace adjoint

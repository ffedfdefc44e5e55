// Pieces shared by the records of matrix functions.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "ops/support.hpp"

namespace adjoint {

const Record& inverse_record();
const Record& det_record();
const Record& logdet_record();

/// A product c*s*A with scalar factors as (c*s, A); nothing where there is no scalar factor.
std::optional<std::pair<Expr, Expr>> scalar_times_matrix(Expr a);

/// sum_ij weights(i,j) tangent(i,j,…), the tangent's further axes behind.
Expr contract_matrix(Expr weights, Expr tangent);
/// The identity of size n, repeated over the batch of `like`, its axes behind the first two.
Expr batch_identity(const Size& n, Expr like);
/// Diagonal matrices from vectors along the first axis; the others are a batch.
Expr batch_diagonal(Expr vectors);
/// Matrices, each times its scalar; axes that the scalars do not have stay behind.
Expr batch_times(Expr scalars, Expr matrices);

[[noreturn]] void throw_no_derivative(const std::string& what);

Record matrix_record(std::string_view name, decltype(Operation::shape) shape,
                     decltype(Operation::facts) facts, decltype(Operation::normal) normal,
                     Linearise linearise, std::vector<OperandCondition> defined,
                     std::vector<OperandCondition> differentiable, Continuity continuity);

/// f(A, c*H) = c*f(A, H): the normal form of an operation linear in its second operand, or null.
Expr pull_scalars(const Operation& op, std::span<const Expr> operands);

/// f(A, H), linear in H.
Record linear_matrix_record(std::string_view name, decltype(Operation::shape) shape, Linearise linearise,
                            Transpose transpose, Continuity continuity);

}  // namespace adjoint

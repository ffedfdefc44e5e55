// Entrywise functions: abs, exp, log, …; choices: max, min, where.
#pragma once

#include "ops/record.hpp"
#include "ops/surface.hpp"

namespace adjoint {

Expr abs(Expr x);
Expr sign(Expr x);
Expr exp(Expr x);
Expr log(Expr x);
Expr sin(Expr x);
Expr cos(Expr x);
Expr tan(Expr x);
Expr asin(Expr x);
Expr acos(Expr x);
Expr atan(Expr x);
Expr sinh(Expr x);
Expr cosh(Expr x);
Expr tanh(Expr x);
Expr erf(Expr x);
Expr log1p(Expr x);
Expr expm1(Expr x);
Expr sigmoid(Expr x);
Expr softplus(Expr x);
Expr relu(Expr x);
Expr sqrt(Expr x);
Expr square(Expr x);

/// Entrywise over operands of one shape, or a scalar with an array.
Expr max(Expr a, Expr b);
Expr min(Expr a, Expr b);
/// a.^b with an array exponent.
Expr elpow(Expr a, Expr b);
/// Comparisons: 1 where true, 0 where not.
Expr less(Expr a, Expr b);
Expr less_equal(Expr a, Expr b);
Expr equal(Expr a, Expr b);
/// a where the condition is not 0, else b; the other one is not looked at.
Expr select(Expr condition, Expr a, Expr b);

/// The circle number.
Expr pi(Graph& graph);

std::span<const Record* const> elementwise_records();
std::span<const Record* const> choice_records();
std::span<const Surface> elementwise_surfaces();
std::span<const Surface> choice_surfaces();

}  // namespace adjoint

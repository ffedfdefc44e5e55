// Forward and reverse differentiation of straight-line programs, line by line with the two tables of the
// calculus (Griewank and Walther, Evaluating Derivatives, 3.1 and 3.2).
#pragma once

#include <span>
#include <string>

#include "programs/straight_line.hpp"

namespace adjoint {

/// A value and a tangent a line. Further inputs: a tangent `x_dot` of each active variable, before an adjoint
/// of the output; outputs: those of the program, then their tangents. Nothing of the values need be kept.
StraightLine forward(const StraightLine& program, std::span<const Expr> active);

/// Values forward, then adjoints backward. A further input: the adjoint `u` of the (single) output (`ubar`
/// where u is taken); outputs: the value, then the adjoint `x_bar` of each active variable, `x_restricted`
/// where it has a declared structure.
StraightLine reverse(const StraightLine& program, std::span<const Expr> active);

/// Forward over reverse: the reverse program with tangents `x_dot` of the active variables. Outputs: the
/// value, the gradients, then the tangents of the gradients: the Hessian applied to the directions. Of a
/// scalar program.
StraightLine hessian_vector(const StraightLine& program, std::span<const Expr> active);

/// What the tangent and the adjoint of a name are called where nothing else has that name.
std::string tangent_name(Expr variable);
std::string adjoint_name(Expr variable);

}  // namespace adjoint

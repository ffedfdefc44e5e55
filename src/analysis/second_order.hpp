// The second derivative in a direction, read as a sum of squares.
#pragma once

#include <vector>

#include "analysis/convexity.hpp"
#include "analysis/exact.hpp"

namespace adjoint {

/// D^2 f[h, h] for one direction h of each variable.
struct SecondDerivative {
  std::vector<Expr> variables;
  std::vector<Expr> directions;
  std::vector<Expr> forms;  // equal expressions of it; empty where it is not known
};
SecondDerivative second_derivative(Expr f, const std::vector<Expr>& variables);

/// The Hessian of a quadratic function of a few scalars, where it is a matrix of numbers; else nothing.
std::optional<NumberMatrix> constant_hessian(const SecondDerivative& d);
/// A number m >= 0 with M - m*I positive semi-definite (checked exactly), close to the least eigenvalue of M;
/// nothing where M is not positive semi-definite.
std::optional<Rational> least_eigenvalue_bound(const NumberMatrix& matrix);

enum class Form : std::uint8_t { Unknown, Nonnegative, Positive };  // Positive: unless the direction is 0
/// The sign of the quadratic form, or (`negated`) of its negative.
Form sign_of_form(const SecondDerivative& d, bool negated, const Assumptions& assumptions);

/// A point with all entries equal where the conditions `defined` hold, and a direction, where the form is
/// negative (parameters too are set where that is needed), in words; empty where none was found.
std::string negative_somewhere(const SecondDerivative& d, bool negated, Expr f,
                               const std::vector<Requirement>& defined, const Assumptions& assumptions);

/// Whether the conditions describe a convex set, relatively open: products of half-spaces and definite cones.
bool is_convex_domain(const std::vector<Requirement>& conditions, const std::vector<Expr>& variables,
                      const Assumptions& assumptions);

/// Two points with all entries equal between which the function bends the wrong way, in words; empty where
/// none was found. Needs no derivative.
std::string bends_wrongly(Expr f, const std::vector<Expr>& variables, bool negated,
                          const std::vector<Requirement>& defined, const Assumptions& assumptions);

}  // namespace adjoint

// Lipschitz constants of a function and of its gradient, as formulas, with the chain of rules that proves
// them. Norms: the 2-norm of vectors, the Frobenius norm of arrays. Sources: Nesterov, Introductory Lectures
// on Convex Optimization (2004), 1.2.2; Beck, First-Order Methods in Optimization (2017), ch. 5; for
// logsumexp the bound of a variance by a range (Popoviciu).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/curvature.hpp"
#include "analysis/range.hpp"

namespace adjoint {

/// A rule and what it gives.
struct ProofLine {
  std::string rule;
  Expr bound;  // may be null
};

struct Bound {
  enum class Kind : std::uint8_t { Unknown, Finite, None } kind = Kind::Unknown;
  Expr value;   // Finite: the constant
  Expr simple;  // Finite: a simpler one that is at least as large (4/eps), or null
  std::vector<ProofLine> proof;
  std::string reason;  // None: why there is none

  static Bound unknown() { return {}; }
  static Bound none(std::string reason);
  [[nodiscard]] bool is_finite() const { return kind == Kind::Finite; }
};

struct Lipschitz {
  Bound value;     // |f(x) - f(y)| <= L |x - y|
  Bound gradient;  // |grad f(x) - grad f(y)| <= L |x - y|
};

/// For the scalar f in one variable; with a radius on the ball norm(variable) <= radius.
Lipschitz lipschitz_of(Expr f, Expr variable, const Assumptions& assumptions = {}, Expr radius = {});

/// The norm of the linear part of an expression that is affine in the variable, with its proof; also an upper
/// bound of the Lipschitz constant of other expressions, where the rules give one.
Bound change_bound(Expr e, Expr variable, Curvatures& curvatures, Ranges& ranges);

/// The value of a bound whose variables all have intervals, rounded up; nothing where it is not a finite
/// number.
std::optional<double> certified_number(Expr bound, const Assumptions& assumptions);

}  // namespace adjoint

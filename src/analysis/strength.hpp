// Strict and strong convexity of functions that are known to be convex, from their parts.
#pragma once

#include "analysis/curvature.hpp"

namespace adjoint {

class Strength {
 public:
  Strength(std::vector<Expr> variables, Ranges& ranges, Curvatures& curvatures)
      : variables_(std::move(variables)), ranges_(ranges), curvatures_(curvatures) {}

  /// Whether the convex scalar is strictly convex jointly in the variables; false where that is not known.
  bool is_strict(Expr f);
  /// An expression m > 0 such that f - m/2*|x|^2 is convex jointly, or null.
  Expr modulus(Expr f);

 private:
  /// Likewise in one variable for a term that depends on no other.
  Expr modulus_in(Expr term, Expr variable);
  bool is_strict_in(Expr term, Expr variable);
  Expr separable_second(Expr term, Expr variable, Expr& weight, Rational& scale);
  Expr only_variable(Expr term);

  std::vector<Expr> variables_;
  Ranges& ranges_;
  Curvatures& curvatures_;
};

}  // namespace adjoint

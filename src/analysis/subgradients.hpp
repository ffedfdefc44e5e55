// The whole subdifferential at kinks, in words and as a formula in multipliers.
// Sources: Rockafellar, Convex Analysis (1970), section 23; Watson (1992) for the nuclear norm;
// Hiriart-Urruty & Lemarechal, Fundamentals of Convex Analysis (2001), ch. D.
#pragma once

#include <string>
#include <vector>

#include "analysis/convexity.hpp"

namespace adjoint {

/// The subdifferential of one operation with a kink, at its operand.
struct KinkSet {
  Expr kink;        // the operation in the graph: abs(x), norm(A*x-b), …
  Expr argument;    // its operand
  Expr multiplier;  // a variable named s (s1, s2, …) of the operand's shape: an element of the set
  std::vector<std::string> cases;  // "s[i] = sign(x[i]) where x[i] != 0", "s[i] in [-1,1] where x[i] = 0"
};

struct Subdifferential {
  std::vector<KinkSet> kinks;
  Expr formula;        // all elements, as a formula in the multipliers: A'*s + 2*x; null where there is none
  bool whole = false;  // the formula gives the whole set (convex or concave, kinks enter with one sign)
  bool convex = false, concave = false;  // then least-norm elements make sense
};

/// Of the scalar f in one variable; `kinks` is empty where f is smooth.
Subdifferential subdifferential_of(Expr f, Expr variable, const Say& say,
                                   const Assumptions& assumptions = {});

/// What the table says of one operation (subgradient_rules.cpp); empty where it has no entry.
std::vector<std::string> subgradient_cases(const Node& kink, const std::string& multiplier, const Say& say);

}  // namespace adjoint

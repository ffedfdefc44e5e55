// Numerical checks of a derivative at random admissible points.
#pragma once

#include <string>
#include <vector>

#include "app/question.hpp"

namespace adjoint::app {

struct CheckResult {
  int points = 0;
  double order = 0;  // observed order of the Taylor remainder, the least over the points: 2 is right
  bool exact_remainder = false;  // the remainder vanished: the function is affine along the directions
  double finite_difference = 0;  // worst relative error of D[H] against central differences
  double adjoint = 0;            // worst relative error of <U, D[H]> = <D*[U], H>, where there is an adjoint
  double formula = 0;  // worst relative error of the printed formula, read back, against the derivative
  bool passed = false;
  std::string worst;    // the point at which the worst error was seen
  std::string failure;  // why it did not pass
};

/// Checks that the derivative of order `order` (given with the one below it) is right and that its reading
/// says the same.
CheckResult check_derivative(const Question& question, const notation::Symbol& symbol,
                             const Variable& variable, int order, const Derivative& derivative,
                             const Reading& reading, unsigned seed = 1);

}  // namespace adjoint::app

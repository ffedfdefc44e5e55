// Where a line has no finite derivative and yet its part in that of the function is 0: selection before
// division.
#pragma once

#include <set>

#include "programs/straight_line.hpp"

namespace adjoint {

/// Of a program of values.
class Guards {
 public:
  explicit Guards(const StraightLine& program);

  /// The derivative of a root of a sum of squares is 0 where the root is: a smooth function that is nowhere
  /// negative is flat where it vanishes (the gradient of norm(x)^2 through norm(x)).
  [[nodiscard]] Expr flat(Expr derivative, const Line& line) const;
  /// What does not move moves nothing, also where the slope is infinite: the branch that `where` does not
  /// take. `moving`: the tangent or adjoint that the derivative is linear in.
  [[nodiscard]] Expr still(Expr derivative, const Line& line, Expr moving) const;

 private:
  [[nodiscard]] bool is_sum_of_squares(Expr value) const;

  std::set<const Node*> squares_;  // names of sums of squares
  bool branches_ = false;          // some line takes one of several
};

}  // namespace adjoint

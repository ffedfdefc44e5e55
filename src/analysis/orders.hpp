// Behaviour of a function of one number t near infinity or near 0: an interval of e/t^k for t beyond (below)
// a bound. Source: the calculus of Landau symbols with explicit constants, as in Moore, Kearfott & Cloud,
// ch. 6.
#pragma once

#include "analysis/range.hpp"

namespace adjoint {

/// e lies in t^power * range for all t >= edge (toward infinity) or 0 < t <= edge (toward zero).
struct Order {
  double power = 0;  // infinite: faster than every power
  Range range;
  bool known = false;
  /// The interval of e itself.
  [[nodiscard]] Range values(double edge, bool toward_infinity) const;
  /// Whether |e| grows beyond every bound.
  [[nodiscard]] bool is_unbounded(bool toward_infinity) const;
};

/// For a scalar in t with t > 0 near the end in question; other variables enter through `assumptions`.
Order order_of(Expr e, Expr t, double edge, bool toward_infinity, const Assumptions& assumptions = {});

}  // namespace adjoint

// What was typed, beside what became of it: x/x is 1, and yet it is not defined at 0.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// An operation of a formula as it was typed, before the normal form could cancel it. It counts where
/// `guard`, the condition of a choice that it stands in, is true (or false, if not guard_holds); everywhere
/// without a guard.
struct Written {
  Expr expr;
  Expr guard;
  bool guard_holds = true;
};

}  // namespace adjoint

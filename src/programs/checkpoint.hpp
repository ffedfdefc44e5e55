// Reverse with checkpoints: few states are kept, the values between them computed again (Griewank and
// Walther, Algorithm 799: revolve, 2000).
#pragma once

#include <span>

#include "programs/straight_line.hpp"

namespace adjoint {

/// The reverse program (modes.hpp) of a program that is a sequence of stages, each of which needs little of
/// what is before it: of T stages at most `snapshots` states are kept at a time; 0 chooses about log2(T).
/// Lower it without optimisation, which would share what is to be computed again.
StraightLine reverse_with_checkpoints(const StraightLine& program, std::span<const Expr> active,
                                      int snapshots = 0);

/// The number of stages at whose borders the fewest values are alive; 1 where there is no such border.
int stages(const StraightLine& program);

}  // namespace adjoint

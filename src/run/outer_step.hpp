// Sums of outer products, c = s1*u1*w1' + s2*u2*w2' + …: the gradients of matrices in networks. Internal to
// the interpreter.
#pragma once

#include <memory>

#include "run/plan.hpp"

namespace adjoint::run {

/// A step of its own for such an instruction, with `plain` for counted runs; `plain` itself for others.
std::unique_ptr<Step> outer_step(const Context& context, const kernel::Pointwise& pointwise,
                                 std::unique_ptr<Step> plain);

}  // namespace adjoint::run

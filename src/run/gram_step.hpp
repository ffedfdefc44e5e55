// Weighted Gram matrices: W = diag(d)*X followed by the symmetric product X'*W is B'*B with B =
// diag(sqrt(d))*X where no weight is negative, and half the work. Internal to the interpreter.
#pragma once

#include <memory>
#include <vector>

#include "run/plan.hpp"

namespace adjoint::run {

/// The steps of a program, one for each instruction (null for one that became part of another), with such
/// pairs joined.
void join_grams(const Context& context, std::vector<std::unique_ptr<Step>>& steps);

}  // namespace adjoint::run

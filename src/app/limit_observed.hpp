// Limits looked at near the point, in 350 digits: what confirms them is said, what refutes them is a defect
// of this program.
#pragma once

#include "analysis/limits.hpp"
#include "app/question.hpp"

namespace adjoint::app {

/// What is seen of a limit of f on the given side; empty where nothing can be. Throws Contradiction where
/// the values settle elsewhere.
std::string observed(const Question& question, Expr f, const Limit& limit, Expr parameter,
                     const Target& target, Limits::Side side);

}  // namespace adjoint::app

// Random points: values for the variables of a question that respect what is declared of them, and
// concrete functions for abstract ones.
#pragma once

#include <random>

#include "app/question.hpp"
#include "eval/evaluate.hpp"

namespace adjoint::app {

/// Small distinct sizes for all size names of the question.
SizeValues sample_sizes(const Question& question, int variant = 0);

/// A random value that respects declared structure and bounds. `style` 0: normal, 1: positive below 1, 2:
/// above 1.
Array sample_value(const notation::Symbol& symbol, const SizeValues& sizes, std::mt19937& random, int style);

/// Values for all variables of the question.
Point sample_point(const Question& question, const SizeValues& sizes, std::mt19937& random, int style);

/// The expression with abstract functions replaced by concrete smooth ones, and their derivatives by theirs.
Expr concrete(Expr expr);

}  // namespace adjoint::app

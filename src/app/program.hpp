// Questions as straight-line programs.
#pragma once

#include <string>
#include <vector>

#include "app/question.hpp"
#include "programs/straight_line.hpp"

namespace adjoint::app {

/// The function of the question as numbered assignments, one for each operation as it was typed.
StraightLine trace(const Question& question);

/// The variables of the question by name; all that it is a function of where `names` is empty. Throws
/// InputError.
std::vector<notation::Symbol> active_symbols(const Question& question, const std::string& names);

}  // namespace adjoint::app

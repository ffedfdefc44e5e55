// The value of one operation, by the same instructions and routines that programs run.
#pragma once

#include <optional>
#include <span>

#include "eval/array.hpp"
#include "graph/graph.hpp"
#include "run/numerical_error.hpp"

namespace adjoint {

using run::NumericalError;

/// The value of an application on values of its operands.
/// Throws NumericalError outside the domain of a matrix function, where an index leaves its axis, and for
/// what has no value (abstract functions).
Array apply_operation(const Node& node, std::span<const Array* const> operands, const SizeValues& sizes);

/// The number that a size stands for; NumericalError if it has none.
std::int64_t number_of(const Size& size, const SizeValues& sizes);

}  // namespace adjoint

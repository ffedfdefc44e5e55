// The value of one operation: in doubles by the instructions and routines that programs run, in numbers of
// 350 digits by definition.
#pragma once

#include <span>

#include "eval/array.hpp"
#include "graph/graph.hpp"
#include "run/numerical_error.hpp"

namespace adjoint {

using run::NumericalError;

/// The value of an application on values of its operands (T: double, Real).
/// Throws NumericalError outside the domain of a matrix function, where an index leaves its axis, and for
/// what has no value (abstract functions).
template <class T>
BasicArray<T> apply_operation(const Node& node, std::span<const BasicArray<T>* const> operands,
                              const SizeValues& sizes);

/// The number that a size stands for; NumericalError if it has none.
std::int64_t number_of(const Size& size, const SizeValues& sizes);

}  // namespace adjoint

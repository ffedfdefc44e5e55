// From the names of kernel/routine.hpp to the numerics.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "run/array.hpp"

namespace adjoint::run {

/// Runs a routine on arrays of the shapes that kernel/routine.hpp states.
using RoutineFunction = void (*)(std::span<const ConstView> inputs, std::span<const MutableView> outputs,
                                 std::span<const std::int64_t> attributes);

/// The implementation of a routine; null if there is none (`call` is the executor's own).
RoutineFunction routine_function(std::string_view name);

}  // namespace adjoint::run

// Determinants of matrices of small integers, exactly.
#pragma once

#include <optional>

#include "run/matrix_routines.hpp"

namespace adjoint::run {

/// The determinant by fraction-free elimination (Bareiss 1968) where all entries are integers and
/// Hadamard's bound keeps every minor below 2^62; else nothing.
std::optional<double> integer_determinant(const In& a);

}  // namespace adjoint::run

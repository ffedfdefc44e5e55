// Instructions and routines of the kernel language by their definitions, in numbers of 350 digits, which
// need no care against cancellation and overflow.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "eval/array.hpp"
#include "eval/operation.hpp"
#include "eval/real.hpp"
#include "graph/graph.hpp"
#include "kernel/scalar.hpp"

namespace adjoint {

/// A scalar instruction of up to three operands.
Real defined_value(kernel::ScalarOp op, const Real& a, const Real& b, const Real& c);

/// Whether all that the expression is made of has a definition here: else parts of it are taken in doubles.
bool is_defined_in_full(Expr expr, const SizeValues& sizes);

/// A routine on operands of the shapes that kernel/routine.hpp states; nothing for those that have no
/// definition here, or are too large for it. NumericalError as the routines of run.
std::optional<BasicArray<Real>> defined_routine(std::string_view name,
                                                std::span<const BasicArray<Real>* const> operands,
                                                std::span<const std::int64_t> attributes,
                                                const std::vector<std::int64_t>& shape);

}  // namespace adjoint

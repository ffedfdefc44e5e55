// Where an expression is continuous: everywhere but where an operation jumps that no factor and no meeting of
// branches makes harmless.
#pragma once

#include <optional>
#include <vector>

#include "analysis/domain.hpp"

namespace adjoint {

/// Conditions beyond those of being defined; nothing where an operation does not say where it jumps.
std::optional<std::vector<Requirement>> continuous_where(Expr f, const Assumptions& assumptions = {});

}  // namespace adjoint

// Conditions of the records at values.
#pragma once

#include <vector>

#include "eval/array.hpp"
#include "ops/record.hpp"

namespace adjoint {

/// Entries of an operand; one flag for it as a whole where a condition is not entrywise.
using Flags = std::vector<bool>;

/// Where the condition fails at the value of an operand; `other` is the second operand, if there is one.
Flags failures(Condition condition, const Node& node, const Array& value, const Array* other);

}  // namespace adjoint

// One condition on one operand: brought to its simplest form, decided by facts, compared with others.
#pragma once

#include <vector>

#include "analysis/domain.hpp"

namespace adjoint {

/// Adds what remains of the requirement after simplification and discharge by facts.
void require(std::vector<Requirement>& list, Requirement requirement, Ranges& ranges);

/// Drops what others in the list imply.
void remove_implied(std::vector<Requirement>& list);

}  // namespace adjoint

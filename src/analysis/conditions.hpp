// One condition on one operand: brought to its simplest form, decided by facts, compared with others.
#pragma once

#include <vector>

#include "analysis/domain.hpp"

namespace adjoint {

/// Adds what remains of the requirement after simplification and discharge by facts.
void require(std::vector<Requirement>& list, Requirement requirement, Ranges& ranges);

/// Whether the entries of e with the same index on these two axes are 0 whatever the variables are, as those
/// of x[i]-x[j] for i = j; of a square matrix, its diagonal.
bool vanishes_on_diagonal(Expr e, std::size_t i, std::size_t j);
bool vanishes_on_diagonal(Expr matrix);

/// Drops what others in the list imply.
void remove_implied(std::vector<Requirement>& list);

}  // namespace adjoint

// Trees with definitions, `body where u1 = …, u2 = …`: each node is visited once.
#pragma once

#include <string>
#include <vector>

#include "syntax/ast.hpp"

namespace adjoint::syntax {

/// The tree with the names of its definitions replaced by what they stand for; values are shared. No name of
/// a definition may be bound elsewhere in the tree.
Ast without_lets(const Ast& tree);
/// A Let without the definitions that are used nowhere, or once and are short: those stand where they are
/// used.
Ast without_single_uses(const Ast& let);

/// A Let with the first of other names, in order.
Ast with_names(const Ast& let, const std::vector<std::string>& names);

}  // namespace adjoint::syntax

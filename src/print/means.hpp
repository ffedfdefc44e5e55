// Means in a tree that was read.
#pragma once

#include "syntax/ast.hpp"

namespace adjoint {

/// sum(X)/n as mean(X), where n is the number of entries that are added; sums along a dimension likewise.
syntax::Ast with_means(const syntax::Ast& tree);

}  // namespace adjoint

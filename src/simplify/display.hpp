// The forms of an expression among which a reader takes the shortest.
#pragma once

#include <vector>

#include "graph/graph.hpp"

namespace adjoint {

/// `simplify` with the rules that are only for display.
Expr displayed(Expr expr);

/// Ways to write the expression, each once: as it is, factored, over common denominators, as a table.
std::vector<Expr> written_forms(Expr expr);

}  // namespace adjoint

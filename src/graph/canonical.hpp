// Canonical labels of a product: two products are equal when their contraction graphs are
// isomorphic. Colour refinement over (factor, slot), branching on ties only.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// The interned node of a product whose factors are already in normal form.
Expr canonical_product(Graph& graph, const Rational& coefficient, std::vector<Factor> factors,
                       const Labels& output, const std::vector<Size>& sizes);

}  // namespace adjoint

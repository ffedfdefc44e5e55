// Canonical labels of a product: two products are equal when their contraction graphs are
// isomorphic. Colour refinement over (factor, slot), branching on ties only.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// Two axes whose exchange leaves the value as it is, or turns its sign: S(i,j) = S(j,i), x(i)-x(j).
struct Exchange {
  int first = -1;  // -1: none is known
  int second = -1;
  bool negative = false;
};
Exchange exchange_of(Expr expr);

/// The interned node of a product whose factors are already in normal form.
Expr canonical_product(Graph& graph, const Rational& coefficient, std::vector<Factor> factors,
                       const Labels& output, const std::vector<Size>& sizes);

}  // namespace adjoint

// Patterns: expressions with holes, matched against expressions up to the order of factors and
// terms, the names of axes and the transposition of what a hole stands for.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "graph/graph.hpp"

namespace adjoint {

/// What the holes and size names of a pattern stand for.
struct Bindings {
  std::vector<std::pair<Expr, Expr>> holes;
  std::map<std::string, Size, std::less<>> sizes;

  [[nodiscard]] Expr find(Expr hole) const;
};

/// A match of a pattern inside an expression. A product or sum pattern may match some of the factors
/// (terms) of a product (sum); `wrap` puts a replacement of the matched part among the others.
struct Match {
  Bindings bindings;
  std::function<Expr(Expr replacement)> wrap;
};

/// Whether `expr` (or a part of it, for products and sums) matches `pattern` with a condition on the
/// bindings.
bool match(Expr pattern, Expr expr, const std::function<bool(const Bindings&)>& condition, Match& result,
           bool only_whole = false);

/// `pattern` with its holes and sizes replaced, built in `graph`.
Expr instantiate(Expr pattern, const Bindings& bindings, Graph& graph);

}  // namespace adjoint

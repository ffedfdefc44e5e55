// How long an expression is when written: operators and calls, estimated on the graph.
#pragma once

#include <unordered_map>

#include "graph/graph.hpp"

namespace adjoint {

class Lengths {
 public:
  /// Operations of the expression as a tree, at most kMost.
  int of(Expr e);
  static constexpr int kMost = 100000;

 private:
  int find(const Node& n);
  std::unordered_map<const Node*, int> known_;
};

}  // namespace adjoint

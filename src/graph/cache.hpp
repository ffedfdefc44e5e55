// Answers about nodes that are kept with their graph.
#pragma once

#include <cstdint>
#include <limits>
#include <unordered_map>

#include "graph/canonical.hpp"

namespace adjoint {

struct Graph::Cache {
  std::unordered_map<const Node*, Expr> transposed;
  std::unordered_map<const Node*, bool> symmetric;
  std::unordered_map<const Node*, Exchange> exchanges;
  std::int64_t effort = std::numeric_limits<std::int64_t>::max();  // what is left of it (effort.hpp)
  std::unordered_map<const Node*, int> definiteness;               // 0 unknown, 1 semi-definite, 2 definite
};

}  // namespace adjoint

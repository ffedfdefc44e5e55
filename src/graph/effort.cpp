#include "graph/effort.hpp"

#include <algorithm>

#include "graph/cache.hpp"

namespace adjoint {

Effort::Effort(Graph& graph, std::int64_t allowance)
    : graph_(graph), before_(graph.cache().effort), allowance_(std::min(allowance, before_)) {
  graph_.cache().effort = allowance_;
}

Effort::~Effort() { graph_.cache().effort = before_ - spent(); }

std::int64_t Effort::spent() const { return allowance_ - graph_.cache().effort; }

void spend(Graph& graph, std::size_t units) {
  std::int64_t& left = graph.cache().effort;
  if (left < 0) throw EffortSpent();
  left -= static_cast<std::int64_t>(units);
  if (left < 0) throw EffortSpent();
}

}  // namespace adjoint

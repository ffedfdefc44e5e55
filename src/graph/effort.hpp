// A limit to the work on a graph, for questions that may have no answer within reach.
//
// Work is counted where it is done, in nodes made and nodes walked over, so that a limit holds on every
// machine alike. What was asked under a limit that is spent ends with EffortSpent, and its answer is
// "unknown".
#pragma once

#include <cstdint>
#include <exception>

#include "graph/graph.hpp"

namespace adjoint {

/// No std::runtime_error: nobody but the one who set the limit answers for it.
class EffortSpent : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "more work than this question is given"; }
};

/// Limits the work on a graph while it lives; limits nest.
class Effort {
 public:
  Effort(Graph& graph, std::int64_t allowance);
  ~Effort();
  Effort(const Effort&) = delete;
  Effort& operator=(const Effort&) = delete;
  [[nodiscard]] std::int64_t spent() const;

 private:
  Graph& graph_;
  std::int64_t before_;
  std::int64_t allowance_;
};

/// Counts work; throws EffortSpent where a limit is passed.
void spend(Graph& graph, std::size_t units);

}  // namespace adjoint

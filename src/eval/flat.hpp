// Where an expression does not move at all near a point: relu where its operand is negative, a choice of a
// constant. What kinks there beyond is not felt.
#pragma once

#include <unordered_map>
#include <vector>

#include "eval/evaluate.hpp"

namespace adjoint {

class Flat {
 public:
  /// Of expressions in the variables, with their values.
  Flat(std::span<const Expr> variables, Evaluator& evaluator)
      : variables_(variables.begin(), variables.end()), evaluator_(evaluator) {}
  /// By entry: whether it is certain to be constant in a neighbourhood.
  const std::vector<bool>& operator()(Expr expr);

 private:
  std::vector<bool> find(Expr expr);
  std::vector<bool> entrywise(Expr expr);
  bool everywhere(Expr expr);

  std::vector<Expr> variables_;
  Evaluator& evaluator_;
  std::unordered_map<const Node*, std::vector<bool>> done_;
};

}  // namespace adjoint

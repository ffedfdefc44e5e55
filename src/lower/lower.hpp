// From expressions to programs of the kernel language: a buffer for each node, contraction orders by
// cost, divisions and roots shared, slices and reshapings as index arithmetic.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "graph/graph.hpp"
#include "kernel/program.hpp"

namespace adjoint {

/// A program that is written step by step.
class Lowerer {
 public:
  Lowerer();
  ~Lowerer();
  Lowerer(const Lowerer&) = delete;
  Lowerer& operator=(const Lowerer&) = delete;

  /// A variable whose value the caller gives; inputs keep their order.
  void input(Expr variable);
  /// From here on the variable stands for the value. `note` goes to the instructions that compute it.
  void assign(Expr variable, Expr value, std::string_view note = {});
  /// What has no name is computed again where it is needed again.
  void forget();
  /// Results, in their order.
  void outputs(std::span<const Expr> exprs);
  /// The program as written: one instruction for each step. Throws std::logic_error where an expression
  /// depends on a variable that has no value.
  [[nodiscard]] kernel::Program finish() &&;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

/// The program that computes the outputs from the inputs (variables), fused and with common parts shared.
kernel::Program lower(std::span<const Expr> inputs, std::span<const Expr> outputs);

}  // namespace adjoint

// What each way to a derivative costs, and which is the fastest.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/cost.hpp"
#include "programs/straight_line.hpp"

namespace adjoint {

struct Strategy {
  std::string name;  // forward, reverse, jacobians, cross, checkpoint
  kernel::Polynomial flops;
  kernel::Polynomial memory;  // entries beside inputs that are alive at once at the worst moment
  std::string note;           // what it does, in a sentence
};

/// What a program costs as it runs.
struct ProgramCost {
  kernel::Cost cost;
  kernel::Polynomial memory;
};
ProgramCost cost_of(const StraightLine& program, bool optimised = true);

struct Strategies {
  kernel::Polynomial function;  // flops of the value alone
  ProgramCost forward;          // of one sweep with the values
  ProgramCost reverse;
  kernel::Polynomial kept;     // entries of values that the reverse sweep comes back to
  kernel::Polynomial inputs;   // numbers that the active variables hold
  kernel::Polynomial outputs;  // numbers that the value holds
  std::vector<Strategy> all;   // of the whole derivative: all inputs, all outputs
  std::string fastest;
  std::string why;
};

/// Compares the strategies for the derivative of the program in all active variables; `ahead` and `back` are
/// its forward and its reverse program. Each cost is that of the lowered program which runs; forward and
/// reverse are repeated for each input, each output. Jacobians and cross are left out of programs with more
/// than `longest` lines, checkpoints where there are fewer than 16 stages.
Strategies compare(const StraightLine& program, std::span<const Expr> active, const StraightLine& ahead,
                   const StraightLine& back, std::size_t longest = 200);

}  // namespace adjoint

// What a program costs, as polynomials in the size names.
#pragma once

#include <string>
#include <vector>

#include "kernel/polynomial.hpp"
#include "kernel/program.hpp"

namespace adjoint::kernel {

struct Cost {
  Polynomial multiply_add;    // pairs of a multiplication and an addition (contractions, factorisations)
  Polynomial arithmetic;      // other additions, multiplications, comparisons, choices
  Polynomial division;        // divisions and square roots
  Polynomial transcendental;  // exp, log, powers, …
  Polynomial calls;           // evaluations of abstract functions
  Polynomial read, written;   // entries moved, each operand's entries once for each instruction

  /// 2*multiply_add and 1 for each of the others.
  [[nodiscard]] Polynomial flops() const;
  [[nodiscard]] Polynomial traffic() const { return read + written; }
  Cost& operator+=(const Cost& other);
  friend bool operator==(const Cost&, const Cost&) = default;
};

Cost cost(const Program& program, const Instruction& instruction);
Cost cost(const Program& program);

/// Entries alive at once at the worst moment under the program's order: inputs, constants and outputs
/// always, temporaries from first write to last use. The moment is the worst for large sizes.
Polynomial peak_memory(const Program& program);
/// The same without inputs and constants: what the program itself must keep.
Polynomial working_memory(const Program& program);

}  // namespace adjoint::kernel

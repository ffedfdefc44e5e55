// Bodies of pointwise instructions under construction, for passes.
#pragma once

#include <algorithm>
#include <vector>

#include "kernel/program.hpp"

namespace adjoint::kernel {

/// Equal instructions and equal loads share a register.
struct Body {
  Pointwise out;
  Register emit(const ScalarInstruction& instruction);
  Register load(const Access& access);
};

/// The registers that an instruction reads.
template <class F>
void each_operand(ScalarInstruction& i, F f) {
  const int arity = info(i.op).arity;
  if (arity > 0) f(i.a);
  if (arity > 1) f(i.b);
  if (arity > 2) f(i.c);
}
template <class F>
void each_operand(const ScalarInstruction& i, F f) {
  const int arity = info(i.op).arity;
  if (arity > 0) f(i.a);
  if (arity > 1) f(i.b);
  if (arity > 2) f(i.c);
}

/// The instructions of `from` appended to `to`, loads by `load`, loop indices by `loop`; where each register
/// went.
template <class Load, class Loop>
std::vector<Register> append(Body& to, const Pointwise& from, Load load, Loop loop) {
  std::vector<Register> moved;
  for (ScalarInstruction i : from.body) {
    if (i.op == ScalarOp::Load) {
      moved.push_back(load(from.operands[static_cast<std::size_t>(i.a)]));
      continue;
    }
    if (i.op == ScalarOp::LoopIndex) {
      i.a = loop(i.a);
    } else {
      each_operand(i, [&](Register& r) { r = moved[static_cast<std::size_t>(r)]; });
    }
    moved.push_back(to.emit(i));
  }
  return moved;
}

/// Without the instructions and operands that no output needs.
Pointwise pruned(const Pointwise& pointwise);

/// Of each buffer: whether it has one value for the whole run, given or written by one instruction that does
/// not add.
std::vector<bool> settled(const Program& program);

}  // namespace adjoint::kernel

#include "kernel/body.hpp"

namespace adjoint::kernel {

Register Body::emit(const ScalarInstruction& instruction) {
  const auto at = std::find(out.body.begin(), out.body.end(), instruction);
  if (at != out.body.end()) return static_cast<Register>(at - out.body.begin());
  out.body.push_back(instruction);
  return static_cast<Register>(out.body.size()) - 1;
}

Register Body::load(const Access& access) {
  const auto at = std::find(out.operands.begin(), out.operands.end(), access);
  ScalarInstruction load;
  load.op = ScalarOp::Load;
  load.a = static_cast<Register>(at - out.operands.begin());
  if (at == out.operands.end()) out.operands.push_back(access);
  return emit(load);
}

Pointwise pruned(const Pointwise& p) {
  std::vector<bool> needed(p.body.size(), false);
  const auto need = [&](Register r) { needed[static_cast<std::size_t>(r)] = true; };
  for (const PointwiseOutput& out : p.outputs) need(out.value);
  for (std::size_t k = p.body.size(); k-- > 0;) {
    if (needed[k]) each_operand(p.body[k], need);
  }
  Body body;
  body.out.extents = p.extents;
  std::vector<Register> moved(p.body.size(), -1);
  for (std::size_t k = 0; k < p.body.size(); ++k) {
    if (!needed[k]) continue;
    ScalarInstruction i = p.body[k];
    if (i.op == ScalarOp::Load) {
      moved[k] = body.load(p.operands[static_cast<std::size_t>(i.a)]);
      continue;
    }
    each_operand(i, [&](Register& r) { r = moved[static_cast<std::size_t>(r)]; });
    moved[k] = body.emit(i);
  }
  for (PointwiseOutput out : p.outputs) {
    out.value = moved[static_cast<std::size_t>(out.value)];
    body.out.outputs.push_back(out);
  }
  return std::move(body.out);
}

std::vector<bool> settled(const Program& program) {
  std::vector<int> writers(program.buffers.size(), 0);
  for (const Instruction& instruction : program.instructions) {
    const auto read = reads(instruction);
    for (const BufferId id : writes(instruction)) {
      writers[static_cast<std::size_t>(id)] += std::find(read.begin(), read.end(), id) == read.end() ? 1 : 2;
    }
  }
  std::vector<bool> out;
  for (const int w : writers) out.push_back(w <= 1);
  return out;
}

}  // namespace adjoint::kernel

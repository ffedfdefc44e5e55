#include "kernel/program.hpp"

#include <algorithm>

namespace adjoint::kernel {
namespace {

void once(std::vector<BufferId>& list, BufferId id) {
  if (std::find(list.begin(), list.end(), id) == list.end()) list.push_back(id);
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

const Shape& Program::shape_of(const Access& access) const {
  return access.view.empty() ? buffers[static_cast<std::size_t>(access.buffer)].shape : access.view;
}

const Shape& Program::shape_of(const View& view) const {
  return view.shape.empty() ? buffers[static_cast<std::size_t>(view.buffer)].shape : view.shape;
}

std::vector<BufferId> reads(const Instruction& instruction) {
  std::vector<BufferId> list;
  std::visit(Overloaded{[&](const Pointwise& p) {
                          for (const Access& operand : p.operands) once(list, operand.buffer);
                          for (const PointwiseOutput& out : p.outputs) {
                            if (out.store != Store::Assign) once(list, out.access.buffer);
                          }
                        },
                        [&](const Contract& c) {
                          once(list, c.a.buffer);
                          once(list, c.b.buffer);
                          if (c.store != Store::Assign) once(list, c.c.buffer);
                        },
                        [&](const Routine& r) {
                          for (const View& view : r.inputs) once(list, view.buffer);
                        }},
             instruction.what);
  return list;
}

std::vector<BufferId> writes(const Instruction& instruction) {
  std::vector<BufferId> list;
  std::visit(Overloaded{[&](const Pointwise& p) {
                          for (const PointwiseOutput& out : p.outputs) once(list, out.access.buffer);
                        },
                        [&](const Contract& c) { once(list, c.c.buffer); },
                        [&](const Routine& r) {
                          for (const View& view : r.outputs) once(list, view.buffer);
                        }},
             instruction.what);
  return list;
}

Size entries(const Shape& shape) {
  Size product = 1;
  for (const Size& size : shape) product = product * size;
  return product;
}

bool covers(const Access& access, const Shape& shape, const std::vector<Size>& extents) {
  std::vector<bool> seen(extents.size(), false);
  for (std::size_t k = 0; k < access.axes.size(); ++k) {
    const AxisIndex& axis = access.axes[k];
    if (!axis.offset.is_zero()) return false;
    if (axis.terms.empty()) {
      if (!shape[k].is_one()) return false;
      continue;
    }
    // One loop over the whole axis, or several of which each steps over the range of those before it.
    Size step = 1;
    for (const LoopTerm& term : axis.terms) {
      const auto loop = static_cast<std::size_t>(term.loop);
      if (seen[loop] || !(term.step == step)) return false;
      seen[loop] = true;
      step = step * extents[loop];
    }
    if (!(step == shape[k])) return false;
  }
  return true;
}

std::vector<bool> varies_with_loops(const Pointwise& pointwise) {
  std::vector<bool> varies(pointwise.body.size(), false);
  for (std::size_t k = 0; k < varies.size(); ++k) {
    const ScalarInstruction& i = pointwise.body[k];
    if (i.op == ScalarOp::LoopIndex) varies[k] = true;
    if (i.op == ScalarOp::Load) {
      const Access& operand = pointwise.operands[static_cast<std::size_t>(i.a)];
      for (const AxisIndex& axis : operand.axes) varies[k] = varies[k] || !axis.terms.empty();
    }
    const int arity = info(i.op).arity;
    if (arity > 0) varies[k] = varies[k] || varies[static_cast<std::size_t>(i.a)];
    if (arity > 1) varies[k] = varies[k] || varies[static_cast<std::size_t>(i.b)];
    if (arity > 2) varies[k] = varies[k] || varies[static_cast<std::size_t>(i.c)];
  }
  return varies;
}

std::vector<bool> loops_used(const Access& access, std::size_t loops) {
  std::vector<bool> used(loops, false);
  for (const AxisIndex& axis : access.axes) {
    for (const LoopTerm& term : axis.terms) used[static_cast<std::size_t>(term.loop)] = true;
  }
  return used;
}

}  // namespace adjoint::kernel

#include "kernel/gram.hpp"

#include <algorithm>
#include <vector>

namespace adjoint::kernel {
namespace {

// The loops that drive the axes of a plain access; nothing for slices, diagonals, views.
std::optional<std::vector<std::int32_t>> plain_loops(const Access& access) {
  std::vector<std::int32_t> loops;
  if (access.guarded || !access.view.empty()) return std::nullopt;
  for (const AxisIndex& axis : access.axes) {
    if (axis.terms.size() != 1 || !axis.terms[0].step.is_one() || !axis.offset.is_zero()) return std::nullopt;
    if (std::find(loops.begin(), loops.end(), axis.terms[0].loop) != loops.end()) return std::nullopt;
    loops.push_back(axis.terms[0].loop);
  }
  return loops;
}

bool has_shape(const Program& program, const Access& access, const std::vector<Size>& extents,
               const std::vector<std::int32_t>& loops) {
  const Shape& shape = program.shape_of(access);
  for (std::size_t k = 0; k < loops.size(); ++k) {
    if (!(shape[k] == extents[static_cast<std::size_t>(loops[k])])) return false;
  }
  return true;
}

// w(i,j) = d(i)*x(i,j) or d(j)*x(i,j).
bool weighs(const Program& program, const Pointwise& p, WeightedGram& g) {
  if (p.extents.size() != 2 || p.operands.size() != 2 || p.body.size() != 3 || p.outputs.size() != 1)
    return false;
  const PointwiseOutput& out = p.outputs[0];
  if (p.body[2].op != ScalarOp::Mul || out.value != 2 || p.body[2].a == p.body[2].b) return false;
  if (out.reduction != Reduction::None || out.store != Store::Assign) return false;
  const auto place = plain_loops(out.access);
  if (!place || place->size() != 2 || !covers(out.access, program.shape_of(out.access), p.extents))
    return false;
  for (std::size_t k = 0; k < 2; ++k) {
    const Access& x = p.operands[k];
    const Access& d = p.operands[1 - k];
    const auto of_x = plain_loops(x), of_d = plain_loops(d);
    if (!of_x || !of_d || *of_x != *place || of_d->size() != 1) continue;
    if (!has_shape(program, x, p.extents, *of_x) || !has_shape(program, d, p.extents, *of_d)) continue;
    g.matrix = x.buffer;
    g.weights = d.buffer;
    g.weighted = out.access.buffer;
    g.by_rows = (*of_d)[0] == (*place)[0];
    return true;
  }
  return false;
}

// c = coefficient * x'*w or x*w', which is symmetric.
bool multiplies(const Program& program, const Contract& c, WeightedGram& g) {
  if (c.store != Store::Assign || c.extents.size() != 3) return false;
  const bool in_order = c.a.buffer == g.weighted && c.b.buffer == g.matrix;
  if (!in_order && !(c.b.buffer == g.weighted && c.a.buffer == g.matrix)) return false;
  const auto a = plain_loops(c.a), b = plain_loops(c.b), r = plain_loops(c.c);
  if (!a || !b || !r || a->size() != 2 || b->size() != 2 || r->size() != 2) return false;
  if (!covers(c.c, program.shape_of(c.c), c.extents)) return false;
  if (!has_shape(program, c.a, c.extents, *a) || !has_shape(program, c.b, c.extents, *b)) return false;
  const std::size_t summed = g.by_rows ? 0 : 1;
  if ((*a)[summed] != (*b)[summed] || (*a)[1 - summed] == (*b)[1 - summed]) return false;
  if (std::find(r->begin(), r->end(), (*a)[summed]) != r->end()) return false;
  g.result = c.c.buffer;
  return true;
}

}  // namespace

std::optional<WeightedGram> weighted_gram(const Program& program, std::size_t weigh, std::size_t multiply) {
  const auto* p = std::get_if<Pointwise>(&program.instructions[weigh].what);
  const auto* c = std::get_if<Contract>(&program.instructions[multiply].what);
  WeightedGram g;
  if (p == nullptr || c == nullptr || !weighs(program, *p, g) || !multiplies(program, *c, g))
    return std::nullopt;
  for (std::size_t t = weigh; t < multiply; ++t) {  // of one and the same matrix
    const auto written = writes(program.instructions[t]);
    if (std::find(written.begin(), written.end(), g.matrix) != written.end()) return std::nullopt;
  }
  return g;
}

Program with_symmetric_products(Program program) {
  std::vector<std::size_t> writer(program.buffers.size(), 0);
  for (std::size_t t = 0; t < program.instructions.size(); ++t) {
    if (auto* c = std::get_if<Contract>(&program.instructions[t].what)) {
      for (const BufferId id : {c->a.buffer, c->b.buffer}) {
        const std::size_t w = writer[static_cast<std::size_t>(id)];
        c->symmetric = c->symmetric || (w < t && weighted_gram(program, w, t));
      }
    }
    for (const BufferId id : writes(program.instructions[t])) writer[static_cast<std::size_t>(id)] = t;
  }
  return program;
}

}  // namespace adjoint::kernel

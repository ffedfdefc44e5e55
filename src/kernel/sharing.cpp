// Work that is done once: equal instructions, and factorisations that several results come from.
#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "kernel/body.hpp"
#include "kernel/gram.hpp"
#include "kernel/routine.hpp"
#include "kernel/schedule.hpp"

namespace adjoint::kernel {
namespace {

std::size_t index(BufferId id) { return static_cast<std::size_t>(id); }

void rename(Instruction& instruction, const std::vector<BufferId>& to) {
  const auto one = [&](BufferId& id) { id = to[index(id)]; };
  if (auto* p = std::get_if<Pointwise>(&instruction.what)) {
    for (Access& operand : p->operands) one(operand.buffer);
  } else if (auto* c = std::get_if<Contract>(&instruction.what)) {
    one(c->a.buffer);
    one(c->b.buffer);
  } else if (auto* r = std::get_if<Routine>(&instruction.what)) {
    for (View& view : r->inputs) one(view.buffer);
  }
}

bool same(const PointwiseOutput& a, const PointwiseOutput& b) {
  return a.value == b.value && a.reduction == b.reduction && a.store == b.store &&
         a.access.axes == b.access.axes && a.access.view == b.access.view;
}

// Whether two instructions compute the same, into whatever buffers.
bool same_computation(const Instruction& x, const Instruction& y) {
  if (x.what.index() != y.what.index()) return false;
  if (const auto* a = std::get_if<Pointwise>(&x.what)) {
    const auto& b = std::get<Pointwise>(y.what);
    return a->body == b.body && a->extents == b.extents && a->operands == b.operands &&
           std::equal(a->outputs.begin(), a->outputs.end(), b.outputs.begin(), b.outputs.end(), same);
  }
  if (const auto* a = std::get_if<Contract>(&x.what)) {
    const auto& b = std::get<Contract>(y.what);
    return a->extents == b.extents && a->a == b.a && a->b == b.b && a->c.axes == b.c.axes &&
           a->c.view == b.c.view && a->coefficient == b.coefficient && a->store == b.store &&
           a->symmetric == b.symmetric;
  }
  const auto& a = std::get<Routine>(x.what);
  const auto& b = std::get<Routine>(y.what);
  return a.name == b.name && a.inputs == b.inputs && a.attributes == b.attributes &&
         a.function == b.function &&
         std::equal(a.outputs.begin(), a.outputs.end(), b.outputs.begin(), b.outputs.end(),
                    [](const View& u, const View& v) { return u.shape == v.shape; });
}

struct Joint {
  std::string_view name;
  std::array<std::string_view, 3> parts;  // its outputs, in order
};
constexpr std::array kJoints{
    Joint{"det_adj", {"det", "adj", ""}},
    Joint{"logdet_inv", {"logdet", "inv", ""}},
    Joint{"svdvals_polar", {"svdvals", "polar", ""}},
    Joint{"normnuc_polar", {"normnuc", "polar", ""}},
    Joint{"norm_p_both", {"norm_p", "norm_p_grad", ""}},
    Joint{"eig", {"eigvals", "eigvecs", ""}},
    Joint{"svd", {"svdu", "svdvals", "svdv"}},
};

}  // namespace

Program without_repetition(Program out) {
  const std::vector<bool> stays = settled(out);
  std::vector<BufferId> to(out.buffers.size());
  for (std::size_t k = 0; k < to.size(); ++k) to[k] = static_cast<BufferId>(k);
  std::map<std::vector<BufferId>, std::vector<std::size_t>> seen;  // by what they read
  std::vector<Instruction> left;
  for (Instruction& instruction : out.instructions) {
    rename(instruction, to);
    const auto read = reads(instruction);
    const auto written = writes(instruction);
    const auto fixed = [&](BufferId id) { return stays[index(id)]; };
    bool repeated = false;
    if (std::all_of(read.begin(), read.end(), fixed) && std::all_of(written.begin(), written.end(), fixed)) {
      auto& list = seen[read];
      for (const std::size_t other : list) {
        if (!same_computation(left[other], instruction)) continue;
        const auto results = writes(left[other]);
        const bool same_shapes =
            std::equal(results.begin(), results.end(), written.begin(), [&](BufferId a, BufferId b) {
              return out.buffers[index(a)].shape == out.buffers[index(b)].shape;
            });
        if (!same_shapes) continue;
        for (std::size_t k = 0; k < written.size(); ++k) to[index(written[k])] = results[k];
        repeated = true;
        break;
      }
      if (!repeated) list.push_back(left.size());
    }
    if (!repeated) left.push_back(std::move(instruction));
  }
  out.instructions = std::move(left);
  for (BufferId& id : out.outputs) id = to[index(id)];
  return without_dead_code(std::move(out));
}

Program share_factorisations(Program out) {
  const std::vector<bool> stays = settled(out);
  std::vector<bool> gone(out.instructions.size(), false);
  const auto routine = [&](std::size_t t) { return std::get_if<Routine>(&out.instructions[t].what); };
  for (const Joint& joint : kJoints) {
    for (std::size_t t = 0; t < out.instructions.size(); ++t) {
      if (gone[t] || routine(t) == nullptr) continue;
      const Routine first = *routine(t);
      const bool fixed = std::all_of(first.inputs.begin(), first.inputs.end(),
                                     [&](const View& view) { return stays[index(view.buffer)]; });
      if (!fixed) continue;
      std::array<std::size_t, 3> at{};
      int found = 0;
      int parts = 0;
      for (std::size_t p = 0; p < joint.parts.size() && !joint.parts[p].empty(); ++p) {
        ++parts;
        at[p] = out.instructions.size();
        for (std::size_t u = t; u < out.instructions.size(); ++u) {
          const Routine* r = routine(u);
          if (gone[u] || r == nullptr || r->name != joint.parts[p] || !(r->inputs == first.inputs) ||
              r->attributes != first.attributes)
            continue;
          if (!stays[index(r->outputs[0].buffer)]) continue;
          at[p] = u;
          ++found;
          break;
        }
      }
      const bool starts = std::any_of(at.begin(), at.begin() + parts, [&](std::size_t u) { return u == t; });
      if (found < 2 || !starts) continue;
      Routine whole;
      whole.name = joint.name;
      whole.inputs = first.inputs;
      whole.attributes = first.attributes;
      std::vector<Shape> given;
      for (const View& view : first.inputs) given.push_back(out.shape_of(view));
      const std::vector<Shape> shapes = find_routine(joint.name)->shapes(given, first.attributes);
      std::string note;
      for (std::size_t p = 0; p < static_cast<std::size_t>(parts); ++p) {
        if (at[p] == out.instructions.size()) {
          out.buffers.push_back({shapes[p], BufferRole::Temporary, "", {}});
          whole.outputs.push_back({static_cast<BufferId>(out.buffers.size()) - 1, {}});
        } else {
          whole.outputs.push_back(routine(at[p])->outputs[0]);
          const std::string& own = out.instructions[at[p]].note;
          if (!own.empty()) note += (note.empty() ? "" : "; ") + own;
          if (at[p] != t) gone[at[p]] = true;
        }
      }
      out.instructions[t] = {std::move(whole), std::move(note)};
    }
  }
  std::vector<Instruction> left;
  for (std::size_t t = 0; t < out.instructions.size(); ++t) {
    if (!gone[t]) left.push_back(std::move(out.instructions[t]));
  }
  out.instructions = std::move(left);
  return out;
}

// Views as the shape that the buffer has anyway.
static Program without_idle_views(Program program) {
  const auto plain = [&](auto& view, Shape& shape) {
    if (shape == program.buffers[index(view.buffer)].shape) shape.clear();
  };
  for (Instruction& instruction : program.instructions) {
    if (auto* p = std::get_if<Pointwise>(&instruction.what)) {
      for (Access& a : p->operands) plain(a, a.view);
      for (PointwiseOutput& out : p->outputs) plain(out.access, out.access.view);
    } else if (auto* c = std::get_if<Contract>(&instruction.what)) {
      for (Access* a : {&c->a, &c->b, &c->c}) plain(*a, a->view);
    } else if (auto* r = std::get_if<Routine>(&instruction.what)) {
      for (View& v : r->inputs) plain(v, v.shape);
      for (View& v : r->outputs) plain(v, v.shape);
    }
  }
  return program;
}

Program optimised(Program program) {
  constexpr std::array kPasses{without_dead_code,    without_idle_views,     entrywise_contractions,
                               without_repetition,   without_invariants,     without_repetition,
                               share_subexpressions, share_factorisations,   with_symmetric_products,
                               fuse_pointwise,       with_shared_reciprocals};
  for (const auto pass : kPasses) program = pass(std::move(program));
  return program;
}

}  // namespace adjoint::kernel

// Fusion of pointwise instructions: a producer into its only consumer, and neighbours over the same
// index space into one instruction with several outputs.
#include <algorithm>
#include <map>
#include <optional>

#include "kernel/body.hpp"
#include "kernel/schedule.hpp"

namespace adjoint::kernel {
namespace {

constexpr std::size_t kLongestBody = 96;

std::size_t index(BufferId id) { return static_cast<std::size_t>(id); }

bool contains(const std::vector<BufferId>& list, BufferId id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}
bool meet(const std::vector<BufferId>& a, const std::vector<BufferId>& b) {
  return std::any_of(a.begin(), a.end(), [&](BufferId id) { return contains(b, id); });
}

// The index `outer` with its loops replaced by indices in other loops.
AxisIndex composed(const AxisIndex& outer, const std::vector<AxisIndex>& loops) {
  AxisIndex out;
  out.offset = outer.offset;
  for (const LoopTerm& term : outer.terms) {
    const AxisIndex& inner = loops[static_cast<std::size_t>(term.loop)];
    out.offset = out.offset + term.step * inner.offset;
    for (const LoopTerm& t : inner.terms) {
      const auto at = std::find_if(out.terms.begin(), out.terms.end(),
                                   [&](const LoopTerm& x) { return x.loop == t.loop; });
      if (at == out.terms.end()) {
        out.terms.push_back({t.loop, term.step * t.step});
      } else {
        at->step = at->step + term.step * t.step;
      }
    }
  }
  return out;
}

// For a result whose every entry is written by one point: the loop that drives each axis.
std::optional<std::vector<std::int32_t>> plain_axes(const Access& access, const Shape& shape,
                                                    const std::vector<Size>& extents) {
  if (!access.view.empty() || !covers(access, shape, extents)) return std::nullopt;
  std::vector<std::int32_t> loops;
  for (const AxisIndex& axis : access.axes) {
    if (axis.terms.size() != 1) return std::nullopt;
    loops.push_back(axis.terms[0].loop);
  }
  if (loops.size() != extents.size()) return std::nullopt;
  return loops;
}

class Fusion {
 public:
  explicit Fusion(Program program) : program_(std::move(program)) {}

  Program run() {
    vertical();
    horizontal();
    drop_unused();
    return std::move(program_);
  }

 private:
  Pointwise* pointwise(std::size_t t) { return std::get_if<Pointwise>(&program_.instructions[t].what); }

  void count() {
    writers_.assign(program_.buffers.size(), {});
    readers_.assign(program_.buffers.size(), {});
    for (std::size_t t = 0; t < program_.instructions.size(); ++t) {
      if (gone_[t]) continue;
      for (const BufferId id : writes(program_.instructions[t])) writers_[index(id)].push_back(t);
      for (const BufferId id : reads(program_.instructions[t])) readers_[index(id)].push_back(t);
    }
  }

  bool temporary(BufferId id) const {
    return program_.buffers[index(id)].role == BufferRole::Temporary && !contains(program_.outputs, id);
  }

  // Whether anything that `t` reads is written between it and `until`.
  bool disturbed(std::size_t t, std::size_t until) const {
    for (const BufferId id : reads(program_.instructions[t])) {
      for (const std::size_t w : writers_[index(id)]) {
        if (w > t && w <= until) return true;
      }
    }
    return false;
  }

  // No work but moving numbers: views, constants.
  static bool only_moves(const Pointwise& p) {
    return std::all_of(p.body.begin(), p.body.end(),
                       [](const ScalarInstruction& i) { return info(i.op).flops == FlopClass::Free; });
  }

  void vertical() {
    gone_.assign(program_.instructions.size(), false);
    count();
    for (std::size_t t = 0; t < program_.instructions.size(); ++t) {
      const Pointwise* producer = pointwise(t);
      if (producer == nullptr || producer->outputs.size() != 1) continue;
      const PointwiseOutput& out = producer->outputs[0];
      const BufferId id = out.access.buffer;
      if (!temporary(id) || out.reduction != Reduction::None || out.store != Store::Assign) continue;
      if (writers_[index(id)].size() != 1) continue;
      const auto axes = plain_axes(out.access, program_.buffers[index(id)].shape, producer->extents);
      if (!axes) continue;
      const std::vector<std::size_t> users = readers_[index(id)];
      const bool free = only_moves(*producer);
      if (users.empty() || (!free && users.size() != 1)) continue;
      bool all = true;
      for (const std::size_t user : users)
        all = all && can_take(*producer, user, id, free) && !disturbed(t, user);
      if (!all) continue;
      const Pointwise source = *producer;
      for (const std::size_t user : users) *pointwise(user) = taken(source, *axes, *pointwise(user), id);
      gone_[t] = true;
      for (const BufferId read : reads(program_.instructions[t])) {
        auto& list = readers_[index(read)];
        list.erase(std::remove(list.begin(), list.end(), t), list.end());
        for (const std::size_t user : users) {
          if (std::find(list.begin(), list.end(), user) == list.end()) list.push_back(user);
        }
      }
    }
    compact();
  }

  // Whether instruction `user` reads `id` only by plain loads that ask for each entry once.
  bool can_take(const Pointwise& producer, std::size_t user, BufferId id, bool free) {
    const Pointwise* p = pointwise(user);
    if (p == nullptr || p->body.size() + producer.body.size() > kLongestBody) return false;
    if (contains(writes(program_.instructions[user]), id)) return false;
    const bool indices = std::any_of(producer.body.begin(), producer.body.end(),
                                     [](const auto& i) { return i.op == ScalarOp::LoopIndex; });
    const bool guards = std::any_of(producer.operands.begin(), producer.operands.end(),
                                    [](const auto& a) { return a.guarded; });
    int loads = 0;
    for (const Access& access : p->operands) {
      if (access.buffer != id) continue;
      ++loads;
      if (access.guarded || !access.view.empty()) return false;
      std::vector<bool> seen(p->extents.size(), false);
      for (const AxisIndex& axis : access.axes) {
        const bool one = axis.terms.size() == 1 && axis.terms[0].step.is_one();
        if (indices && !(one && axis.offset.is_zero())) return false;
        if (!free && !(one && !seen[static_cast<std::size_t>(axis.terms[0].loop)])) return false;
        for (const LoopTerm& term : axis.terms) seen[static_cast<std::size_t>(term.loop)] = true;
      }
      // A loop that does not index it would compute it again and again.
      if (!free && std::find(seen.begin(), seen.end(), false) != seen.end()) return false;
    }
    return loads == 1 || (free && !guards && loads > 0);
  }

  static Pointwise taken(const Pointwise& producer, const std::vector<std::int32_t>& axes,
                         const Pointwise& user, BufferId id) {
    Body body;
    body.out.extents = user.extents;
    const auto load = [&](const Access& access) {
      if (access.buffer != id) return body.load(access);
      std::vector<AxisIndex> loops(producer.extents.size());
      for (std::size_t k = 0; k < axes.size(); ++k) loops[static_cast<std::size_t>(axes[k])] = access.axes[k];
      const auto inner = [&](const Access& operand) {
        Access moved = operand;
        for (AxisIndex& axis : moved.axes) axis = composed(axis, loops);
        return body.load(moved);
      };
      const auto loop = [&](Register l) { return loops[static_cast<std::size_t>(l)].terms[0].loop; };
      return append(body, producer, inner, loop)[static_cast<std::size_t>(producer.outputs[0].value)];
    };
    const std::vector<Register> moved = append(body, user, load, [](Register l) { return l; });
    for (PointwiseOutput out : user.outputs) {
      out.value = moved[static_cast<std::size_t>(out.value)];
      body.out.outputs.push_back(out);
    }
    return std::move(body.out);
  }

  void compact() {
    std::vector<Instruction> left;
    for (std::size_t t = 0; t < program_.instructions.size(); ++t) {
      if (!gone_[t]) left.push_back(std::move(program_.instructions[t]));
    }
    program_.instructions = std::move(left);
    gone_.assign(program_.instructions.size(), false);
    count();
  }

  // An instruction sinks to a later one over the same index space with which it shares an operand, or
  // which reads its result entry by entry.
  void horizontal() {
    constexpr std::size_t kFarthest = 24;
    for (std::size_t t = 0; t < program_.instructions.size(); ++t) {
      if (gone_[t] || pointwise(t) == nullptr) continue;
      const std::vector<BufferId> read = reads(program_.instructions[t]);
      const std::vector<BufferId> written = writes(program_.instructions[t]);
      std::size_t looked = 0;
      for (std::size_t u = t + 1; u < program_.instructions.size() && looked < kFarthest; ++u) {
        if (gone_[u]) continue;
        ++looked;
        const Instruction& later = program_.instructions[u];
        if (pointwise(u) != nullptr && joinable(t, u)) {
          join(t, u);
          gone_[t] = true;
          break;
        }
        // t may not sink past what uses its results or changes its operands.
        if (meet(reads(later), written) || meet(writes(later), written) || meet(writes(later), read)) break;
      }
    }
    compact();
  }

  bool joinable(std::size_t t, std::size_t u) {
    const Pointwise& a = *pointwise(t);
    const Pointwise& b = *pointwise(u);
    if (!(a.extents == b.extents) || a.body.size() + b.body.size() > kLongestBody) return false;
    const auto wa = writes(program_.instructions[t]);
    const auto wb = writes(program_.instructions[u]);
    if (meet(wa, wb) || meet(wb, reads(program_.instructions[t]))) return false;
    bool together = false;
    for (const Access& operand : b.operands) {
      if (contains(wa, operand.buffer)) {
        const PointwiseOutput* source = result_of(a, operand);
        if (source == nullptr) return false;
        together = true;
      }
      together = together || std::any_of(a.operands.begin(), a.operands.end(), [&](const Access& other) {
                   return other.buffer == operand.buffer && !operand.axes.empty();
                 });
    }
    // An addition to what the other one writes needs that finished.
    for (const PointwiseOutput& out : b.outputs) {
      if (out.store != Store::Assign && contains(wa, out.access.buffer)) return false;
    }
    return together;
  }

  // The output of `a` that holds, at each point, just the entry that `operand` asks for.
  const PointwiseOutput* result_of(const Pointwise& a, const Access& operand) const {
    for (const PointwiseOutput& out : a.outputs) {
      if (out.access.buffer != operand.buffer) continue;
      const bool same =
          out.access == operand && out.reduction == Reduction::None && out.store == Store::Assign;
      return same && covers(out.access, program_.shape_of(out.access), a.extents) ? &out : nullptr;
    }
    return nullptr;
  }

  void join(std::size_t t, std::size_t u) {
    const Pointwise a = *pointwise(t);
    Pointwise& b = *pointwise(u);
    Body body;
    body.out.extents = a.extents;
    const auto same = [](Register l) { return l; };
    const auto plain = [&](const Access& access) { return body.load(access); };
    const std::vector<Register> first = append(body, a, plain, same);
    const auto load = [&](const Access& access) {
      const PointwiseOutput* source = result_of(a, access);
      return source != nullptr ? first[static_cast<std::size_t>(source->value)] : body.load(access);
    };
    const std::vector<Register> second = append(body, b, load, same);
    for (PointwiseOutput out : a.outputs) {
      out.value = first[static_cast<std::size_t>(out.value)];
      body.out.outputs.push_back(out);
    }
    for (PointwiseOutput out : b.outputs) {
      out.value = second[static_cast<std::size_t>(out.value)];
      body.out.outputs.push_back(out);
    }
    b = std::move(body.out);
    Instruction& later = program_.instructions[u];
    const std::string& note = program_.instructions[t].note;
    if (!note.empty()) later.note = later.note.empty() ? note : note + "; " + later.note;
  }

  // Outputs of joined instructions that nobody reads any more.
  void drop_unused() {
    count();
    for (std::size_t t = 0; t < program_.instructions.size(); ++t) {
      Pointwise* p = pointwise(t);
      if (p == nullptr || p->outputs.size() < 2) continue;
      auto& outs = p->outputs;
      const auto unused = [&](const PointwiseOutput& out) {
        return temporary(out.access.buffer) && readers_[index(out.access.buffer)].empty();
      };
      const auto end = std::remove_if(outs.begin(), outs.end(), unused);
      if (end != outs.begin()) outs.erase(end, outs.end());
      *p = pruned(*p);
    }
  }

  Program program_;
  std::vector<bool> gone_;
  std::vector<std::vector<std::size_t>> writers_, readers_;
};

}  // namespace

Program fuse_pointwise(Program program) {
  return without_dead_code(Fusion(without_dead_code(std::move(program))).run());
}

}  // namespace adjoint::kernel

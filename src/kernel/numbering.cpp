// Value numbering across instructions: equal expressions over the same loops have one number.
#include <algorithm>
#include <array>
#include <map>

#include "kernel/body.hpp"
#include "kernel/schedule.hpp"

namespace adjoint::kernel {
namespace {

using Number = std::int32_t;

std::size_t at(std::int32_t k) { return static_cast<std::size_t>(k); }

bool commutes(ScalarOp op) {
  return op == ScalarOp::Add || op == ScalarOp::Mul || op == ScalarOp::Max || op == ScalarOp::Min ||
         op == ScalarOp::Equal;
}

class Numbering {
 public:
  explicit Numbering(const Program& program) : settled_(settled(program)) {}

  /// The number of what an access loads, whatever the loops run to.
  Number load(const Access& access) {
    auto& list = loads_[access.buffer];
    const auto known =
        std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.first == access; });
    if (known != list.end() && settled_[at(access.buffer)]) return known->second;
    list.emplace_back(access, fresh(false));
    return list.back().second;
  }
  void set_load(const Access& access, Number number) { loads_[access.buffer].emplace_back(access, number); }

  Number of(const ScalarInstruction& i, const std::vector<Number>& registers) {
    if (info(i.op).arity == 0 || i.op == ScalarOp::Call) return leaf(i, registers);
    std::array<std::int64_t, 5> key{static_cast<std::int64_t>(i.op), i.integer, -1, -1, -1};
    std::size_t k = 2;
    bool heavy = info(i.op).flops >= FlopClass::Division;
    each_operand(i, [&](Register r) {
      key[k++] = registers[at(r)];
      heavy = heavy || heavy_[at(registers[at(r)])];
    });
    if (commutes(i.op)) std::sort(key.begin() + 2, key.begin() + 4);
    const auto [entry, added] = numbers_.try_emplace(key, 0);
    if (added) entry->second = fresh(heavy);
    return entry->second;
  }

  /// Whether computing it takes a division or more.
  [[nodiscard]] bool heavy(Number number) const { return heavy_[at(number)]; }

 private:
  Number fresh(bool heavy) {
    heavy_.push_back(heavy);
    return static_cast<Number>(heavy_.size()) - 1;
  }
  Number leaf(ScalarInstruction i, const std::vector<Number>& registers) {
    if (i.op == ScalarOp::Call) i.a = registers[at(i.a)];
    const auto known =
        std::find_if(leaves_.begin(), leaves_.end(), [&](const auto& entry) { return entry.first == i; });
    if (known != leaves_.end()) return known->second;
    leaves_.emplace_back(i, fresh(i.op == ScalarOp::Call));
    return leaves_.back().second;
  }

  std::vector<bool> settled_;
  std::map<BufferId, std::vector<std::pair<Access, Number>>> loads_;
  std::vector<std::pair<ScalarInstruction, Number>> leaves_;
  std::map<std::array<std::int64_t, 5>, Number> numbers_;
  std::vector<bool> heavy_;
};

struct Available {
  std::vector<Size> extents;
  Access access;
};

// Buffers that stay in memory whatever is fused: results, and what contractions and routines read.
std::vector<bool> kept(const Program& program) {
  std::vector<bool> out(program.buffers.size(), false);
  for (const BufferId id : program.outputs) out[at(id)] = true;
  for (const Instruction& instruction : program.instructions) {
    if (std::holds_alternative<Pointwise>(instruction.what)) continue;
    for (const BufferId id : reads(instruction)) out[at(id)] = true;
  }
  return out;
}

}  // namespace

Program share_subexpressions(Program program) {
  Numbering numbering(program);
  const std::vector<bool> stays = settled(program);
  const std::vector<bool> in_memory = kept(program);
  std::map<Number, std::vector<Available>> results;
  for (Instruction& instruction : program.instructions) {
    auto* p = std::get_if<Pointwise>(&instruction.what);
    if (p == nullptr) continue;
    Body body;
    body.out.extents = p->extents;
    std::vector<Number> numbers;
    std::vector<Register> moved;
    for (ScalarInstruction i : p->body) {
      if (i.op == ScalarOp::Load) {
        const Access& access = p->operands[at(i.a)];
        numbers.push_back(numbering.load(access));
        moved.push_back(body.load(access));
        continue;
      }
      numbers.push_back(numbering.of(i, numbers));
      const Available* ready = nullptr;
      if (info(i.op).flops != FlopClass::Free) {
        for (const Available& candidate : results[numbers.back()]) {
          const bool worth = in_memory[at(candidate.access.buffer)] || numbering.heavy(numbers.back());
          if (worth && candidate.extents == p->extents) ready = &candidate;
        }
      }
      if (ready != nullptr) {
        moved.push_back(body.load(ready->access));
        continue;
      }
      each_operand(i, [&](Register& r) { r = moved[at(r)]; });
      moved.push_back(body.emit(i));
    }
    for (PointwiseOutput result : p->outputs) {
      const Number number = numbers[at(result.value)];
      result.value = moved[at(result.value)];
      body.out.outputs.push_back(result);
      const Access& access = result.access;
      std::size_t terms = 0;
      for (const AxisIndex& axis : access.axes) terms += axis.terms.size();
      const bool whole = result.reduction == Reduction::None && result.store == Store::Assign &&
                         access.view.empty() && terms == p->extents.size() && terms > 0 &&
                         covers(access, program.buffers[at(access.buffer)].shape, p->extents);
      if (!whole || !stays[at(access.buffer)]) continue;
      numbering.set_load(access, number);
      results[number].push_back({p->extents, access});
    }
    *p = pruned(body.out);
  }
  return program;
}

}  // namespace adjoint::kernel

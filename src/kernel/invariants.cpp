// Work moved out of loops that it does not depend on.
#include <algorithm>
#include <map>

#include "kernel/body.hpp"
#include "kernel/schedule.hpp"

namespace adjoint::kernel {
namespace {

using Loops = std::vector<bool>;

std::size_t at(Register r) { return static_cast<std::size_t>(r); }

Loops united(Loops a, const Loops& b) {
  for (std::size_t k = 0; k < a.size(); ++k) a[k] = a[k] || b[k];
  return a;
}
std::ptrdiff_t count(const Loops& a) { return std::count(a.begin(), a.end(), true); }

// The loops that each register of a body depends on.
std::vector<Loops> dependence(const Pointwise& p) {
  std::vector<Loops> out;
  for (const ScalarInstruction& i : p.body) {
    Loops own(p.extents.size(), false);
    if (i.op == ScalarOp::Load) own = loops_used(p.operands[at(i.a)], p.extents.size());
    if (i.op == ScalarOp::LoopIndex) own[at(i.a)] = true;
    each_operand(i, [&](Register r) { own = united(std::move(own), out[at(r)]); });
    out.push_back(std::move(own));
  }
  return out;
}

ScalarInstruction binary(ScalarOp op, Register a, Register b = -1) {
  ScalarInstruction i;
  i.op = op;
  i.a = a;
  i.b = b;
  return i;
}

// Products with their factors in the order of the loops that they depend on, fewest first.
class Reordering {
 public:
  explicit Reordering(const Pointwise& p) : p_(p), loops_(dependence(p)), uses_(p.body.size(), 0) {
    for (const ScalarInstruction& i : p.body) each_operand(i, [&](Register r) { ++uses_[at(r)]; });
    for (const PointwiseOutput& out : p.outputs) uses_[at(out.value)] += 2;
    inner_.assign(p.body.size(), false);
    for (const ScalarInstruction& i : p.body) {
      if (product(i.op)) each_operand(i, [&](Register r) { inner_[at(r)] = uses_[at(r)] == 1; });
    }
  }

  Pointwise run() {
    body_.out.extents = p_.extents;
    for (std::size_t k = 0; k < p_.body.size(); ++k) {
      ScalarInstruction i = p_.body[k];
      if (product(i.op) && inner_[k]) {  // written with the whole product
        moved_.push_back(-1);
      } else if (product(i.op)) {
        moved_.push_back(written(static_cast<Register>(k)));
      } else if (i.op == ScalarOp::Load) {
        moved_.push_back(body_.load(p_.operands[at(i.a)]));
      } else {
        each_operand(i, [&](Register& r) { r = moved_[at(r)]; });
        moved_.push_back(body_.emit(i));
      }
    }
    for (PointwiseOutput out : p_.outputs) {
      out.value = moved_[at(out.value)];
      body_.out.outputs.push_back(out);
    }
    return std::move(body_.out);
  }

 private:
  static bool product(ScalarOp op) { return op == ScalarOp::Mul || op == ScalarOp::Neg; }

  void factors(Register r, std::vector<Register>& list, bool& negative) const {
    const ScalarInstruction& i = p_.body[at(r)];
    negative = negative != (i.op == ScalarOp::Neg);
    each_operand(i, [&](Register x) {
      if (product(p_.body[at(x)].op) && inner_[at(x)]) {
        factors(x, list, negative);
      } else {
        list.push_back(x);
      }
    });
  }

  struct Group {
    Loops loops;
    std::vector<Register> members;
  };

  Register written(Register r) {
    std::vector<Register> list;
    bool negative = false;
    factors(r, list, negative);
    std::vector<Group> groups;
    for (const Register x : list) {
      const auto group = std::find_if(groups.begin(), groups.end(),
                                      [&](const Group& g) { return g.loops == loops_[at(x)]; });
      if (group == groups.end()) {
        groups.push_back({loops_[at(x)], {x}});
      } else {
        group->members.push_back(x);
      }
    }
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Group& a, const Group& b) { return count(a.loops) < count(b.loops); });
    // Numbers go to a factor that stands alone over fewer loops than the product, else to any such group.
    std::vector<Register> numbers;
    if (groups.size() > 1 && count(groups[0].loops) == 0) {
      numbers = groups[0].members;
      groups.erase(groups.begin());
    }
    auto takes = std::find_if(groups.begin(), groups.end(), [&](const Group& g) {
      return g.members.size() == 1 && count(g.loops) < count(loops_[at(r)]);
    });
    if (takes == groups.end()) takes = groups.begin();
    Register whole = -1;
    for (auto group = groups.begin(); group != groups.end(); ++group) {
      Register part = -1;
      std::vector<Register> moved;
      for (const Register x : group->members) moved.push_back(moved_[at(x)]);
      std::sort(moved.begin(), moved.end());
      for (const Register x : moved) part = part < 0 ? x : body_.emit(binary(ScalarOp::Mul, part, x));
      if (group == takes) {
        for (const Register x : numbers) part = body_.emit(binary(ScalarOp::Mul, moved_[at(x)], part));
        if (negative) part = body_.emit(binary(ScalarOp::Neg, part));
      }
      whole = whole < 0 ? part : body_.emit(binary(ScalarOp::Mul, whole, part));
    }
    return whole;
  }

  const Pointwise& p_;
  std::vector<Loops> loops_;
  std::vector<int> uses_;
  std::vector<bool> inner_;
  Body body_;
  std::vector<Register> moved_;
};

// Registers over fewer loops than a user, as instructions of their own, which go to `before`.
Pointwise hoisted(const Pointwise& p, Program& program, std::vector<Instruction>& before) {
  const std::vector<Loops> loops = dependence(p);
  std::vector<bool> out_of(p.body.size(), false);
  const auto smaller = [&](std::size_t k) {
    const auto n = count(loops[k]);
    return n > 0 && n < static_cast<std::ptrdiff_t>(p.extents.size()) &&
           info(p.body[k].op).flops != FlopClass::Free;
  };
  for (std::size_t k = 0; k < p.body.size(); ++k) {
    each_operand(p.body[k], [&](Register r) {
      if (smaller(at(r)) && count(loops[k]) > count(loops[at(r)])) out_of[at(r)] = true;
    });
  }
  for (const PointwiseOutput& out : p.outputs) {
    if (smaller(at(out.value))) out_of[at(out.value)] = true;
  }
  if (std::find(out_of.begin(), out_of.end(), true) == out_of.end()) return p;

  Body body;
  body.out.extents = p.extents;
  std::vector<Register> moved;
  for (std::size_t k = 0; k < p.body.size(); ++k) {
    ScalarInstruction i = p.body[k];
    if (i.op == ScalarOp::Load) {
      moved.push_back(body.load(p.operands[at(i.a)]));
      continue;
    }
    if (!out_of[k]) {
      each_operand(i, [&](Register& r) { r = moved[at(r)]; });
      moved.push_back(body.emit(i));
      continue;
    }
    // This register over its own loops.
    std::vector<std::int32_t> renumbered(p.extents.size(), -1), kept;
    Pointwise part;
    for (std::size_t l = 0; l < p.extents.size(); ++l) {
      if (!loops[k][l]) continue;
      renumbered[l] = static_cast<std::int32_t>(kept.size());
      kept.push_back(static_cast<std::int32_t>(l));
      part.extents.push_back(p.extents[l]);
    }
    const auto id = static_cast<BufferId>(program.buffers.size());
    program.buffers.push_back({part.extents, BufferRole::Temporary, "", {}});
    Access written, read;
    written.buffer = read.buffer = id;
    for (std::size_t l = 0; l < kept.size(); ++l) {
      written.axes.push_back({{{static_cast<std::int32_t>(l), 1}}, 0});
      read.axes.push_back({{{kept[l], 1}}, 0});
    }
    Pointwise whole = p;
    whole.outputs = {{{}, static_cast<Register>(k), Reduction::None, Store::Assign}};
    whole = pruned(whole);
    part.operands = std::move(whole.operands);
    part.body = std::move(whole.body);
    for (Access& access : part.operands) {
      for (AxisIndex& axis : access.axes) {
        for (LoopTerm& term : axis.terms) term.loop = renumbered[static_cast<std::size_t>(term.loop)];
      }
    }
    for (ScalarInstruction& j : part.body) {
      if (j.op == ScalarOp::LoopIndex) j.a = renumbered[at(j.a)];
    }
    part.outputs = {{written, whole.outputs[0].value, Reduction::None, Store::Assign}};
    before.push_back({std::move(part), ""});
    moved.push_back(body.load(read));
  }
  for (PointwiseOutput out : p.outputs) {
    out.value = moved[at(out.value)];
    body.out.outputs.push_back(out);
  }
  return pruned(body.out);
}

}  // namespace

Program entrywise_contractions(Program out) {
  for (Instruction& instruction : out.instructions) {
    const auto* c = std::get_if<Contract>(&instruction.what);
    if (c == nullptr) continue;
    const std::vector<bool> used = loops_used(c->c, c->extents.size());
    if (std::find(used.begin(), used.end(), false) != used.end()) continue;
    Body body;
    body.out.extents = c->extents;
    Register value = body.emit(binary(ScalarOp::Mul, body.load(c->a), body.load(c->b)));
    if (!c->coefficient.is_one()) {
      ScalarInstruction number;
      number.value = c->coefficient;
      value = body.emit(binary(ScalarOp::Mul, body.emit(number), value));
    }
    body.out.outputs.push_back({c->c, value, Reduction::None, c->store});
    instruction.what = std::move(body.out);
  }
  return out;
}

Program without_invariants(Program out) {
  std::vector<Instruction> list;
  for (Instruction& instruction : out.instructions) {
    if (auto* p = std::get_if<Pointwise>(&instruction.what); p != nullptr && p->extents.size() > 1) {
      // Parts are computed right before, when all that they read is there.
      *p = hoisted(pruned(Reordering(*p).run()), out, list);
    }
    list.push_back(std::move(instruction));
  }
  out.instructions = std::move(list);
  return out;
}

}  // namespace adjoint::kernel

#include "programs/strategies.hpp"

#include <algorithm>
#include <set>

#include "calculus/differentiate.hpp"
#include "programs/accumulate.hpp"
#include "programs/checkpoint.hpp"
#include "programs/modes.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

using kernel::Polynomial;

Polynomial entries(Expr e) {
  Polynomial p = 1;
  for (const auto& s : e.shape()) p = p * Polynomial(s);
  return p;
}

// The value where all sizes are large, to compare what has the same order.
double at_large(const Polynomial& p) {
  SizeValues sizes;
  for (const auto& name : p.names()) sizes[name] = 1000;
  return p.value(sizes);
}

// Of the strategies that take about the fewest operations, the one that keeps least; so that none takes fewer
// operations and keeps less.
const Strategy& fastest_of(const std::vector<Strategy>& all) {
  constexpr double kClose = 1.5;
  double fewest = at_large(all.front().flops);
  for (const auto& one : all) fewest = std::min(fewest, at_large(one.flops));
  const Strategy* best = nullptr;
  for (const auto& one : all) {
    const double flops = at_large(one.flops);
    if (flops > fewest && flops >= kClose * fewest) continue;
    const std::pair mine{at_large(one.memory), flops};
    if (best == nullptr || mine < std::pair{at_large(best->memory), at_large(best->flops)}) best = &one;
  }
  return *best;
}

std::string reason(const Strategies& s, const Strategy& best, const Strategy& forward,
                   const Strategy& reverse) {
  const bool one_in = s.inputs == Polynomial(1);
  const bool one_out = s.outputs == Polynomial(1);
  std::string out;
  if (one_in && one_out) {
    out = "one input and one output: one forward sweep costs " + forward.flops.text() +
          " operations and keeps no value, the reverse sweep costs " + reverse.flops.text() +
          " and comes back to " + s.kept.text() + (s.kept == Polynomial(1) ? " value" : " values") +
          " that it must keep";
  } else if (one_out) {
    out = "one output: reverse costs " + reverse.flops.order() + ", a constant times the function's " +
          s.function.order() + ", whatever the number of inputs; forward takes a sweep for each of the " +
          s.inputs.text() + " inputs, " + forward.flops.order();
  } else if (one_in) {
    out = "one input: one forward sweep gives all " + s.outputs.text() + " outputs, " +
          forward.flops.order() + "; reverse takes one for each output, " + reverse.flops.order();
  } else {
    out = s.inputs.text() + " inputs and " + s.outputs.text() +
          " outputs: forward takes a sweep for each input, " + forward.flops.order() +
          ", reverse one for each output, " + reverse.flops.order() +
          "; a sweep of either costs about the same, so they cross where the numbers of inputs and outputs "
          "are equal";
  }
  if (best.name != "forward" && best.name != "reverse") {
    const Strategy& plain = one_in ? forward : reverse;
    const bool lower = best.flops.order() != plain.flops.order();
    out += "; " + best.name + " takes " + (lower ? best.flops.order() : best.flops.text() + " operations") +
           ": " + best.note;
  }
  return out;
}

// Entries of lines of values that lines of adjoints read.
Polynomial kept_values(const StraightLine& reverse) {
  std::set<const Node*> values;
  std::set<const Node*> read;
  for (const auto& line : reverse.lines) {
    if (line.sweep == Sweep::Value) {
      values.insert(line.name.get());
      continue;
    }
    for (const auto& v : topological(std::span(&line.value, 1))) {
      if (v->kind == Kind::Variable && values.contains(v.get())) read.insert(v.get());
    }
  }
  Polynomial total;
  for (const Node* v : read) total += entries(Expr(v));
  return total;
}

// The value and the gradients as formulas in the inputs.
StraightLine written_out(const StraightLine& program, std::span<const Expr> active) {
  Expr f = program.outputs[0];
  for (auto line = program.lines.rbegin(); line != program.lines.rend(); ++line) {
    const std::pair<Expr, Expr> replacement{line->name, line->value};
    f = substitute(f, std::span(&replacement, 1));
  }
  f = simplify(f);
  StraightLine out;
  out.inputs = program.inputs;
  out.outputs = {f};
  for (const Expr& g : pullback(f, f.graph().number(1), active))
    out.outputs.push_back(simplify(factored(simplify(g))));
  return out;
}

}  // namespace

ProgramCost cost_of(const StraightLine& program, bool optimised) {
  const kernel::Program lowered = lower(program, optimised);
  return {kernel::cost(lowered), kernel::working_memory(lowered)};
}

Strategies compare(const StraightLine& program, std::span<const Expr> active, const StraightLine& ahead,
                   const StraightLine& back, std::size_t longest) {
  Strategies s;
  s.function = kernel::cost(lower(program)).flops();
  for (const auto& x : active) s.inputs += entries(x);
  s.outputs = entries(program.outputs[0]);
  s.forward = cost_of(ahead);
  s.reverse = cost_of(back);
  s.kept = kept_values(back);
  const Polynomial tangent = s.forward.cost.flops() - s.function;
  const Polynomial adjoint_sweep = s.reverse.cost.flops() - s.function;
  s.all.push_back({"forward", s.function + s.inputs * tangent, s.forward.memory,
                   "a sweep with tangents for each input; values are not kept"});
  s.all.push_back({"reverse", s.function + s.outputs * adjoint_sweep, s.reverse.memory,
                   "the values once, then a sweep of adjoints for each output; values are kept until then"});
  if (program.lines.size() <= longest) {
    const ProgramCost dense = cost_of(accumulate(program, active, Blocks::Dense));
    s.all.push_back({"jacobians", dense.cost.flops(), dense.memory,
                     "every local Jacobian as a full array, multiplied in the best order"});
    const ProgramCost cross = cost_of(accumulate(program, active, Blocks::Structured));
    s.all.push_back({"cross", cross.cost.flops(), cross.memory,
                     "local Jacobians with their structure, in the order of least work"});
  }
  constexpr std::size_t kOneFormula = 40;
  if (program.lines.size() <= kOneFormula && s.outputs == Polynomial(1)) {
    const ProgramCost whole = cost_of(written_out(program, active));
    s.all.push_back({"taylor", whole.cost.flops(), whole.memory,
                     "the expansion to first order written out: the gradient as one formula"});
  }
  constexpr int kFewStages = 16;
  constexpr std::size_t kManyLines = 600;  // beyond that the schedule is written only where it is asked for
  if (stages(program) >= kFewStages && program.lines.size() <= kManyLines) {
    const ProgramCost kept = cost_of(reverse_with_checkpoints(program, active), false);
    s.all.push_back({"checkpoint", s.function + s.outputs * (kept.cost.flops() - s.function), kept.memory,
                     "reverse that keeps few states and computes the others again"});
  }
  const Strategy& best = fastest_of(s.all);
  s.fastest = best.name;
  s.why = reason(s, best, s.all[0], s.all[1]);
  return s;
}

}  // namespace adjoint

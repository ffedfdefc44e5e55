#include "programs/modes.hpp"

#include <unordered_map>

#include "calculus/differentiate.hpp"
#include "programs/pull.hpp"

namespace adjoint {
namespace {

// The variables that a value is made of, in the order of the graph.
std::vector<Expr> variables_of(Expr value) {
  std::vector<Expr> out;
  for (const auto& e : topological(std::span(&value, 1))) {
    if (e->kind == Kind::Variable) out.push_back(e);
  }
  return out;
}

}  // namespace

std::string tangent_name(Expr variable) { return variable->name() + "_dot"; }
std::string adjoint_name(Expr variable) { return variable->name() + "_bar"; }

StraightLine forward(const StraightLine& program, std::span<const Expr> active) {
  StraightLine out;
  out.inputs = program.inputs;
  out.outputs = program.outputs;
  out.types = program.types;
  std::unordered_map<const Node*, Expr> tangents;
  const auto typed = [&](Expr primal, Expr tangent) {
    const auto at = program.types.find(primal->name());
    if (at != program.types.end()) out.types.emplace(tangent->name(), at->second);
  };
  for (const auto& x : active) {
    const Expr t = direction_for(x, tangent_name(x));
    out.inputs.push_back(t);
    tangents[x.get()] = t;
    typed(x, t);
  }
  for (const auto& line : program.lines) {
    out.lines.push_back(line);
    std::vector<Movement> movements;
    for (const auto& v : variables_of(line.value)) {
      if (const auto at = tangents.find(v.get()); at != tangents.end()) movements.push_back({v, at->second});
    }
    if (movements.empty()) continue;
    const Expr moved = shortened(pushforward(line.value, movements), line);
    if (is_zero(moved)) continue;
    const Expr t = line.name.graph().variable(tangent_name(line.name), line.name.shape());
    out.lines.push_back({t, moved, {}, Sweep::Tangent});
    tangents[line.name.get()] = t;
    typed(line.name, t);
  }
  for (const auto& y : program.outputs) {
    const auto at = tangents.find(y.get());
    if (at != tangents.end()) {
      out.outputs.push_back(at->second);
      continue;
    }
    const Expr zero = y.graph().variable(tangent_name(y), y.shape());
    out.lines.push_back({zero, y.graph().zeros(y.shape()), {}, Sweep::Tangent});
    out.outputs.push_back(zero);
  }
  return out;
}

StraightLine reverse(const StraightLine& program, std::span<const Expr> active) {
  StraightLine out;
  out.inputs = program.inputs;
  out.lines = program.lines;
  out.types = program.types;
  Adjoints adjoints(program, active);
  adjoints.seed(out);
  for (auto line = program.lines.rbegin(); line != program.lines.rend(); ++line) {
    adjoints.pull(*line, out, [](Expr e) { return e; });
  }
  adjoints.finish(out, program.outputs[0]);
  return out;
}

StraightLine hessian_vector(const StraightLine& program, std::span<const Expr> active) {
  return forward(reverse(program, active), active);
}

}  // namespace adjoint

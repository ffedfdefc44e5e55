#include "programs/modes.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "calculus/differentiate.hpp"
#include "simplify/simplify.hpp"

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

// A derivative with what the line has computed already by name: exp(v2) as v3, 1/sqrt(v2) as 1/v3.
Expr reused(Expr derivative, const Line& line) {
  Graph& g = derivative.graph();
  if (line.value->kind == Kind::Product || line.value->kind == Kind::Sum) return derivative;
  std::vector<std::pair<Expr, Expr>> replacements{{line.value, line.name}};
  if (line.value->kind == Kind::Power) {
    const Expr base = line.value->operands[0];
    const Rational* own = as_number(line.value->operands[1]);
    for (const auto& e : topological(std::span(&derivative, 1))) {
      if (own == nullptr || e->kind != Kind::Power || !(e->operands[0] == base) || e == line.value) continue;
      const Rational* other = as_number(e->operands[1]);
      if (other == nullptr || !own->exact() || !other->exact()) continue;
      const Rational ratio = *other / *own;
      if (ratio.is_integer()) replacements.emplace_back(e, g.power(line.name, g.number(ratio)));
    }
  }
  return substitute(derivative, replacements);
}

// V*X + V'*X is one product with X.
Expr tidy(Expr e) {
  const Expr simple = simplify(e);
  return simple->kind == Kind::Sum ? simplify(factored(simple)) : simple;
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
    const Expr moved = tidy(reused(pushforward(line.value, movements), line));
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
  if (program.outputs.size() != 1)
    throw std::invalid_argument("reverse mode of a program with several outputs");
  StraightLine out = program;
  const Expr y = program.outputs[0];
  Graph& g = y.graph();
  std::unordered_map<const Node*, bool> moves;
  for (const auto& x : active) moves[x.get()] = true;
  for (const auto& line : program.lines) {
    for (const auto& v : variables_of(line.value)) {
      if (moves.contains(v.get())) moves[line.name.get()] = true;
    }
  }
  std::unordered_map<const Node*, Expr> adjoints;
  std::unordered_map<const Node*, int> versions;
  const auto add = [&](Expr v, Expr contribution) {
    const auto at = adjoints.find(v.get());
    const bool first = at == adjoints.end();
    const std::string version = first ? "" : "#" + std::to_string(++versions[v.get()]);
    const Expr bar = g.variable(adjoint_name(v) + version, v.shape());
    if (const auto type = program.types.find(v->name()); type != program.types.end())
      out.types.emplace(adjoint_name(v), type->second);
    if (first) {
      out.lines.push_back({bar, contribution, {}, Sweep::Adjoint});
    } else {
      out.lines.push_back({bar, at->second + contribution, contribution, Sweep::Adjoint});
    }
    adjoints[v.get()] = bar;
  };
  const Expr u = g.variable("u", y.shape(), {}, Role::Direction);
  out.inputs.push_back(u);
  if (const auto type = program.types.find(y->name()); type != program.types.end())
    out.types.emplace("u", type->second);
  if (moves.contains(y.get())) add(y, u);
  for (auto line = program.lines.rbegin(); line != program.lines.rend(); ++line) {
    const auto at = adjoints.find(line->name.get());
    if (at == adjoints.end()) continue;
    std::vector<Expr> operands;
    for (const auto& v : variables_of(line->value)) {
      if (moves.contains(v.get())) operands.push_back(v);
    }
    const std::vector<Expr> pulled = pullback(line->value, at->second, operands);
    for (std::size_t k = 0; k < operands.size(); ++k) {
      const Expr contribution = tidy(reused(pulled[k], *line));
      if (!is_zero(contribution)) add(operands[k], contribution);
    }
  }
  for (const auto& x : active) {
    auto at = adjoints.find(x.get());
    if (at == adjoints.end()) {
      add(x, g.zeros(x.shape()));
      at = adjoints.find(x.get());
    }
    const Expr restricted = project_on_structure(at->second, x);
    if (!(restricted == at->second)) {
      const Expr bar = g.variable(adjoint_name(x) + "#" + std::to_string(++versions[x.get()]), x.shape());
      out.lines.push_back({bar, restricted, {}, Sweep::Adjoint});
      adjoints[x.get()] = bar;
    }
    out.outputs.push_back(adjoints.at(x.get()));
  }
  return out;
}

StraightLine hessian_vector(const StraightLine& program, std::span<const Expr> active) {
  return forward(reverse(program, active), active);
}

}  // namespace adjoint

#include "programs/pull.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "calculus/differentiate.hpp"
#include "programs/modes.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

constexpr std::string_view kAdjoint = "u";  // of the output
constexpr std::string_view kOtherAdjoint = "ubar";

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

}  // namespace

Expr shortened(Expr derivative, const Line& line) {
  const Expr simple = simplify(reused(derivative, line));
  return simple->kind == Kind::Sum ? simplify(factored(simple)) : simple;  // V*X + V'*X is one product with X
}

Adjoints::Adjoints(const StraightLine& program, std::span<const Expr> active)
    : program_(program), guards_(program), active_(active.begin(), active.end()) {
  if (program.outputs.size() != 1)
    throw std::invalid_argument("reverse mode of a program with several outputs");
  for (const auto& x : active) moves_[x.get()] = true;
  for (const auto& line : program.lines) {
    for (const auto& v : topological(std::span(&line.value, 1))) {
      if (v->kind == Kind::Variable && moves_.contains(v.get())) moves_[line.name.get()] = true;
    }
  }
}

const std::string& Adjoints::name_of_adjoint(Expr variable, StraightLine& out) {
  std::string& name = names_[variable.get()];
  if (name.empty()) name = out.names.fresh(adjoint_name(variable));
  return name;
}

void Adjoints::add(Expr variable, Expr contribution, StraightLine& out, Expr plain) {
  Graph& g = variable.graph();
  const auto at = adjoints_.find(variable.get());
  const bool first = at == adjoints_.end();
  const std::string version = first ? "" : "#" + std::to_string(++versions_[variable.get()] + 1);
  const std::string& name = name_of_adjoint(variable, out);
  const Expr bar = g.variable(name + version, variable.shape());
  if (const auto type = program_.types.find(variable->name()); type != program_.types.end())
    out.types.emplace(name, type->second);
  if (first) {
    out.lines.push_back({bar, contribution, {}, Sweep::Adjoint, plain});
  } else {
    out.lines.push_back({bar, at->second + contribution, contribution, Sweep::Adjoint, plain});
  }
  adjoints_[variable.get()] = bar;
}

void Adjoints::seed(StraightLine& out) {
  const Expr y = program_.outputs[0];
  const std::string name = out.names.fresh(out.names.taken(kAdjoint) ? kOtherAdjoint : kAdjoint);
  const Expr u = y.graph().variable(name, y.shape(), {}, Role::Direction);
  out.inputs.push_back(u);
  out.seed = u;
  if (const auto type = program_.types.find(y->name()); type != program_.types.end())
    out.types.emplace(name, type->second);
  if (moves_.contains(y.get())) add(y, u, out);
}

void Adjoints::pull(const Line& line, StraightLine& out, const std::function<Expr(Expr)>& versioned) {
  const auto at = adjoints_.find(line.name.get());
  if (at == adjoints_.end()) return;
  std::vector<Expr> operands;
  for (const auto& v : topological(std::span(&line.value, 1))) {
    if (v->kind == Kind::Variable && moves_.contains(v.get())) operands.push_back(v);
  }
  const std::vector<Expr> pulled = pullback(line.value, at->second, operands);
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const Expr plain = shortened(pulled[k], line);
    if (is_zero(plain)) continue;
    const Expr guarded = guards_.still(guards_.flat(pulled[k], line), line, at->second);
    if (guarded == pulled[k]) {
      add(operands[k], versioned(plain), out);
    } else {
      add(operands[k], versioned(shortened(guarded, line)), out, versioned(plain));
    }
  }
}

void Adjoints::finish(StraightLine& out, Expr value) {
  out.outputs = {value};
  out.results = program_.results;
  const std::string kind = value.rank() == 0 ? "gradient" : "adjoint";
  for (const auto& x : active_) {
    out.results.push_back({active_.size() == 1 ? kind : kind + "_" + x->name(), x});
    if (!adjoints_.contains(x.get())) add(x, x.graph().zeros(x.shape()), out);
    const Expr bar = adjoints_.at(x.get());
    const Expr restricted = project_on_structure(bar, x);
    if (restricted == bar) {
      out.outputs.push_back(bar);
      continue;
    }
    const std::string name = out.names.fresh(x->name() + "_restricted");
    if (const auto type = program_.types.find(x->name()); type != program_.types.end())
      out.types.emplace(name, type->second);
    const Expr last = x.graph().variable(name, x.shape());
    out.lines.push_back({last, restricted, {}, Sweep::Adjoint});
    out.outputs.push_back(last);
  }
}

}  // namespace adjoint

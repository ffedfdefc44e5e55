#include "calculus/differentiate.hpp"

#include <algorithm>
#include <unordered_map>

#include "ops/structure.hpp"

namespace adjoint {

Expr pushforward(Expr f, std::span<const Movement> movements) {
  Graph& g = f.graph();
  Shape further;
  std::unordered_map<const Node*, Expr> tangents;
  for (const auto& m : movements) {
    tangents[m.variable.get()] = m.tangent;
    further.assign(m.tangent.shape().begin() + m.variable.rank(), m.tangent.shape().end());
  }
  for (const auto& y : topological(std::span(&f, 1))) {
    if (tangents.contains(y.get())) continue;
    std::vector<Term> terms;
    for (std::size_t k = 0; k < y->operands.size(); ++k) {
      const auto at = tangents.find(y->operands[k].get());
      if (at == tangents.end() || is_zero(at->second)) continue;
      terms.push_back({1, linearise(*y, static_cast<int>(k), at->second)});
    }
    if (!terms.empty()) tangents.emplace(y.get(), g.sum(terms));
  }
  if (const auto at = tangents.find(f.get()); at != tangents.end()) return at->second;
  Shape shape = f.shape();
  shape.insert(shape.end(), further.begin(), further.end());
  return g.zeros(shape);
}

std::vector<Expr> pullback(Expr f, Expr cotangent, std::span<const Expr> variables) {
  Graph& g = f.graph();
  Shape further(cotangent.shape().begin() + f.rank(), cotangent.shape().end());
  const auto order = topological(std::span(&f, 1));
  std::unordered_map<const Node*, bool> active;
  for (const auto& y : order) {
    active[y.get()] =
        std::find(variables.begin(), variables.end(), y) != variables.end() ||
        std::any_of(y->operands.begin(), y->operands.end(), [&active](Expr o) { return active[o.get()]; });
  }
  std::unordered_map<const Node*, std::vector<Term>> cotangents;
  cotangents[f.get()].push_back({1, cotangent});
  for (auto y = order.rbegin(); y != order.rend(); ++y) {
    const auto at = cotangents.find(y->get());
    if (at == cotangents.end() || (*y)->operands.empty()) continue;
    const Expr w = g.sum(at->second);
    if (is_zero(w)) continue;
    for (std::size_t k = 0; k < (*y)->operands.size(); ++k) {
      const Expr operand = (*y)->operands[k];
      if (!active[operand.get()]) continue;
      const Expr tangent = g.variable("tangent", operand.shape(), {}, Role::Placeholder);
      const Expr linear = linearise(**y, static_cast<int>(k), tangent);
      cotangents[operand.get()].push_back({1, transpose(linear, tangent, w)});
    }
  }
  std::vector<Expr> results;
  for (const auto& v : variables) {
    if (const auto at = cotangents.find(v.get()); at != cotangents.end()) {
      results.push_back(g.sum(at->second));
      continue;
    }
    Shape shape = v.shape();
    shape.insert(shape.end(), further.begin(), further.end());
    results.push_back(g.zeros(shape));
  }
  return results;
}

Expr gradient(Expr f, Expr variable) {
  if (f.rank() != 0) throw CalculusError("the gradient of a function that is not scalar");
  return pullback(f, f.graph().number(1), std::span(&variable, 1))[0];
}

Expr jacobian(Expr f, Expr variable) {
  Graph& g = f.graph();
  const Axes i = g.axes(variable);
  Axes twice = i;
  twice.insert(twice.end(), i.begin(), i.end());
  const Movement m{variable, g.product(1, std::vector<Indexed>{}, twice)};
  return pushforward(f, std::span(&m, 1));
}

Expr project_on_structure(Expr value, Expr variable) {
  const Facts& facts = variable->facts;
  if (variable.rank() < 2) return value;
  if (facts.diagonal == Truth::Yes) {
    if (is_diagonal(value)) return value;
    Graph& g = value.graph();
    Axes i = g.axes(value);
    i[1] = i[0];
    return g.product(1, {{value, i}}, i);
  }
  if (facts.lower == Truth::Yes) return tril(value);
  if (facts.symmetric == Truth::Yes) return Rational(1, 2) * (value + transposed(value));
  return value;
}

Expr direction_for(Expr variable, std::string_view name) {
  Facts facts;
  facts.symmetric = variable->facts.symmetric;
  facts.diagonal = variable->facts.diagonal;
  facts.lower = variable->facts.lower;
  return variable.graph().variable(name, variable.shape(), facts, Role::Direction);
}

}  // namespace adjoint

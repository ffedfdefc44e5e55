#include "analysis/limit_rules.hpp"

#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"

namespace adjoint {
namespace {

int axis_of_node(const Node& n) { return n.attributes.integers.empty() ? -1 : static_cast<int>(n.attributes.integers[0]); }

}  // namespace

AtInfinity at_infinity(std::string_view name, Graph& g) {
  using K = AtInfinity::Kind;
  const auto numbers = [](Expr low, Expr high) { return AtInfinity{K::Number, K::Number, low, high}; };
  const Expr zero = g.number(0);
  const Expr one = g.number(1);
  if (name == "tanh" || name == "erf" || name == "sign") return numbers(-one, one);
  if (name == "atan") return numbers(Rational(-1, 2) * pi(g), Rational(1, 2) * pi(g));
  if (name == "sigmoid") return numbers(zero, one);
  if (name == "exp" || name == "softplus" || name == "relu") return {K::Number, K::PlusInfinity, zero, {}};
  if (name == "expm1") return {K::Number, K::PlusInfinity, -one, {}};
  if (name == "log" || name == "log1p") return {K::Unknown, K::PlusInfinity, {}, {}};
  if (name == "sinh") return {K::MinusInfinity, K::PlusInfinity, {}, {}};
  if (name == "cosh" || name == "abs") return {K::PlusInfinity, K::PlusInfinity, {}, {}};
  if (name == "sin" || name == "cos") return {K::Oscillates, K::Oscillates, {}, {}};
  return {};
}

std::optional<Recession> recession(const Node& n, Expr u) {
  Graph& g = *n.graph;
  const std::string_view name = n.op->name;
  const Expr log_two = log(g.number(2));
  if (name == "softplus") return Recession{relu(u), log_two};
  if (name == "relu" || name == "abs") return Recession{g.apply(*n.op, {u}), g.number(0)};
  if (name == "logsumexp") {
    const int axis = axis_of_node(n);
    Expr count = g.number(1);
    for (int k = 0; k < u.rank(); ++k) {
      if (axis < 0 || axis == k) count = times(count, g.extent(u.shape()[static_cast<std::size_t>(k)]));
    }
    return Recession{maximum(u, axis), log(count)};
  }
  // log(cosh(V)) = |V| - log(2) + log(1 + exp(-2|V|)): below |V|, by at most log(2).
  if (name == "log" && n.operands[0]->kind == Kind::Apply && n.operands[0]->op->name == "cosh") return Recession{abs(u), -log_two};
  return std::nullopt;
}

std::optional<Softmax> as_softmax(Expr e) {
  if (e->kind != Kind::Apply || e->op->name != "exp" || e->operands[0]->kind != Kind::Sum) return std::nullopt;
  const Node& s = *e->operands[0];
  if (s.terms.size() != 2) return std::nullopt;
  for (const std::size_t k : {0U, 1U}) {
    const Term& v = s.terms[k];
    const Term& l = s.terms[1 - k];
    Expr reduced = l.expr;
    if (reduced->kind == Kind::Product && reduced->factors.size() == 1) reduced = reduced->factors[0].expr;
    if (reduced->kind != Kind::Apply || reduced->op->name != "logsumexp") continue;
    const Expr argument = v.coefficient * v.expr;
    const Rational c = l.expr->kind == Kind::Product ? l.coefficient * l.expr->coefficient : l.coefficient;
    if (!(reduced->operands[0] == argument) || !(c == Rational(-1))) continue;
    return Softmax{argument, axis_of_node(*reduced)};
  }
  return std::nullopt;
}

Expr largest(Expr x, int axis) { return maximum(x, axis); }
Expr at_largest(Expr x, int axis) { return max_grad(x, axis); }

}  // namespace adjoint

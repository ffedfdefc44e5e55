#include "analysis/limit_rules.hpp"

#include <algorithm>
#include <unordered_map>

#include "analysis/forms.hpp"
#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"

namespace adjoint {
namespace {

int axis_of_node(const Node& n) {
  return n.attributes.integers.empty() ? -1 : static_cast<int>(n.attributes.integers[0]);
}

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
  if (name == "log" && n.operands[0]->kind == Kind::Apply && n.operands[0]->op->name == "cosh")
    return Recession{abs(u), -log_two};
  return std::nullopt;
}

std::optional<Softmax> as_softmax(Expr e) {
  if (e->kind != Kind::Apply || e->op->name != "exp" || e->operands[0]->kind != Kind::Sum)
    return std::nullopt;
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

Expr resolved(Expr root, Ranges& ranges) {
  Graph& g = root.graph();
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : topological(std::span(&root, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    Expr made = rebuild(e, operands);
    if (made->kind == Kind::Apply && made->operands.size() == 1) {
      const Expr u = made->operands[0];
      const Range v = ranges.of(u);
      const std::string_view name = made->op->name;
      if (name == "abs" && v.is_nonnegative())
        made = u;
      else if (name == "abs" && v.is_nonpositive())
        made = -u;
      else if (name == "sign" && v.is_positive())
        made = g.ones(u.shape());
      else if (name == "sign" && v.is_negative())
        made = -g.ones(u.shape());
      else if (name == "relu" && v.is_nonnegative())
        made = u;
      else if (name == "logsumexp" && is_zero(u)) {
        const int axis = axis_of_node(*made);
        Expr count = g.number(1);
        for (int k = 0; k < u.rank(); ++k) {
          if (axis < 0 || axis == k) count = times(count, g.extent(u.shape()[static_cast<std::size_t>(k)]));
        }
        made = made.rank() == 0 ? log(count) : broadcast(log(count), made.shape());
      }
    } else if (made->kind == Kind::Power && made->operands[0]->kind == Kind::Power) {
      const Rational* outer = as_number(made->operands[1]);
      const Rational* inner = as_number(made->operands[0]->operands[1]);
      if (outer != nullptr && inner != nullptr && inner->is_even())
        made = power(abs(made->operands[0]->operands[0]), *outer * *inner);
    }
    done.emplace(e.get(), made);
  }
  return done.at(root.get());
}

bool has_jumps(Expr e) {
  const auto nodes = topological(std::span(&e, 1));
  return std::any_of(nodes.begin(), nodes.end(), [](Expr y) { return is_discontinuous(*y); });
}

Expr largest(Expr x, int axis) { return maximum(x, axis); }
Expr at_largest(Expr x, int axis) { return max_grad(x, axis); }

}  // namespace adjoint

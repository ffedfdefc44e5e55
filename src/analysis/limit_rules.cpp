#include "analysis/limit_rules.hpp"

#include <algorithm>
#include <unordered_map>

#include "analysis/forms.hpp"
#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

int axis_of_node(const Node& n) {
  return n.attributes.integers.empty() ? -1 : static_cast<int>(n.attributes.integers[0]);
}

// exp(u + c*log(v)) = exp(u)*v^c for a number c and v > 0.
Expr without_logarithms(Expr e, Ranges& ranges) {
  Graph& g = e.graph();
  const Expr u = e->operands[0];
  const std::vector<Term> terms = u->kind == Kind::Sum ? u->terms : std::vector<Term>{{1, u}};
  std::vector<Term> rest;
  Expr powers = g.number(1);
  for (const auto& t : terms) {
    Rational c = t.coefficient;
    Expr v = t.expr;
    if (v->kind == Kind::Product && v->factors.size() == 1 && v->output.empty() &&
        v->factors[0].labels.empty()) {
      c = c * v->coefficient;
      v = v->factors[0].expr;
    }
    if (v->kind == Kind::Apply && v->op->name == "log" && ranges.of(v->operands[0]).is_positive()) {
      powers = times(powers, power(v->operands[0], c));
    } else {
      rest.push_back(t);
    }
  }
  if (rest.size() == terms.size()) return e;
  return rest.empty() ? powers : times(powers, exp(g.sum(rest)));
}

}  // namespace

AtInfinity values_at_infinity(std::string_view name, Graph& g) {
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

std::optional<Expr> at_infinity(std::string_view name, Expr u, int sign) {
  Graph& g = u.graph();
  const Expr one = g.ones(u.shape());
  const Expr v = sign > 0 ? u : -u;  // goes to +infinity
  const Expr small = exp(-v);
  const auto odd = [sign](Expr e) { return sign > 0 ? e : -e; };
  if (name == "tanh") {
    const Expr q = square(small);
    return odd(divide(one - q, one + q));
  }
  if (name == "sinh") return odd(Rational(1, 2) * (exp(v) - small));
  if (name == "cosh") return Rational(1, 2) * (exp(v) + small);
  if (name == "sigmoid") return sign > 0 ? power(one + small, Rational(-1)) : divide(small, one + small);
  if (name == "softplus") return sign > 0 ? v + log(one + small) : log(one + small);
  if (name == "expm1") return exp(u) - one;
  if (name == "log1p") return log(one + u);
  if (name == "atan") {
    const Expr right = Rational(1, 2) * pi(g);
    return odd((u.rank() == 0 ? right : broadcast(right, u.shape())) - atan(power(v, Rational(-1))));
  }
  return std::nullopt;
}

std::optional<Expr> at_end(std::string_view name, Expr u, Expr c, const std::function<bool(Expr)>& vanishes) {
  Graph& g = u.graph();
  const Expr one = g.ones(u.shape());
  if (name == "tan" && vanishes(cos(c))) return -divide(cos(u - c), sin(u - c));
  if (name == "log1p" && vanishes(c + one)) return log(one + u);
  if (name == "asin" || name == "acos") {
    const Expr half_turn = u.rank() == 0 ? pi(g) : broadcast(pi(g), u.shape());
    const auto from_end = [&](Expr v) { return Rational(2) * asin(sqrt(Rational(1, 2) * (one - v))); };
    if (vanishes(c - one)) return name == "acos" ? from_end(u) : Rational(1, 2) * half_turn - from_end(u);
    if (vanishes(c + one))
      return name == "acos" ? half_turn - from_end(-u) : from_end(-u) - Rational(1, 2) * half_turn;
  }
  return std::nullopt;
}

std::optional<Degree> degree_of(const Node& n) {
  Graph& g = *n.graph;
  const std::string_view name = n.op->name;
  const auto is_any = [name](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const auto plain = [&g](const Rational& d) { return Degree{g.number(d), false}; };
  if (is_any(
          {"abs", "relu", "norm", "norm_p", "normnuc", "normop", "maximum", "minimum", "eigvals", "svdvals"}))
    return plain(1);
  if (is_any({"sign", "direction", "norm_p_grad", "max_grad", "min_grad", "eigvecs", "svdu", "svdv", "polar",
              "normop_grad"}))
    return plain(0);
  if (is_any({"sqrtm", "chol"})) return plain(Rational(1, 2));
  if (is_any({"inv", "pinv", "lyap"})) return plain(-1);
  const Shape& s = n.operands.empty() ? n.shape : n.operands[0].shape();
  if (name == "det" && n.rank() == 0) return Degree{g.extent(s[0]), false};
  if (name == "adj" && n.rank() == 2) return Degree{g.extent(s[0]) - g.number(1), false};
  if (name == "logdet" && n.rank() == 0) return Degree{g.extent(s[0]), true};
  if (name == "prod") {
    Expr count = g.number(1);
    for (std::size_t k = 0; k < s.size(); ++k) {
      if (axis_of_node(n) < 0 || axis_of_node(n) == static_cast<int>(k)) count = times(count, g.extent(s[k]));
    }
    return Degree{count, false};
  }
  return std::nullopt;
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
      else if (name == "exp" && u.rank() == 0) {
        made = without_logarithms(made, ranges);
      } else if (name == "logsumexp" && is_zero(u)) {
        const int axis = axis_of_node(*made);
        Expr count = g.number(1);
        for (int k = 0; k < u.rank(); ++k) {
          if (axis < 0 || axis == k) count = times(count, g.extent(u.shape()[static_cast<std::size_t>(k)]));
        }
        made = made.rank() == 0 ? log(count) : broadcast(log(count), made.shape());
      }
    } else if (made->kind == Kind::Apply && made->op->name == "dexpm" && is_zero(made->operands[0])) {
      made = made->operands[1];
    } else if (is_comparison(*made)) {
      const Range d = ranges.of(made->operands[1] - made->operands[0]);
      const bool strict = made->op->name == "less", loose = made->op->name == "less_equal";
      if ((strict && d.is_positive()) || (loose && d.is_nonnegative()))
        made = g.ones(made.shape());
      else if ((strict && d.is_nonpositive()) || (loose && d.is_negative()) ||
               (!strict && !loose && (d.is_positive() || d.is_negative())))
        made = g.zeros(made.shape());
    } else if (made->kind == Kind::Apply && made->op->name == "select") {
      if (is_zero(made->operands[0]))
        made = made->operands[2];
      else if (made->operands[0] == g.ones(made->operands[0].shape()))
        made = made->operands[1];
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

bool is_continuous(const Node& n, Expr parameter) {
  if (n.op->name == "select") return !depends_on(n.operands[0], parameter);
  return record_of(n).continuity.value == kContinuous;
}

bool is_strictly_monotone(const Node& n) {
  const Record& r = record_of(n);
  const auto m = r.bounds.value.monotone;
  return r.partial.value != nullptr && r.differentiable.value.empty() &&
         (m == ScalarBounds::Monotone::Increasing || m == ScalarBounds::Monotone::Decreasing);
}

bool has_jumps(Expr e) {
  const auto nodes = topological(std::span(&e, 1));
  return std::any_of(nodes.begin(), nodes.end(), [](Expr y) { return is_discontinuous(*y); });
}

Expr largest(Expr x, int axis) { return maximum(x, axis); }
Expr at_largest(Expr x, int axis) { return max_grad(x, axis); }

}  // namespace adjoint

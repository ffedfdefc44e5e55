#include "simplify/rules_stable.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ops/elementwise.hpp"
#include "ops/products.hpp"
#include "ops/record.hpp"
#include "ops/reductions.hpp"
#include "ops/support.hpp"

namespace adjoint {
namespace {

bool is_call(Expr e, std::string_view name) {
  return e->kind == Kind::Apply && e->op->name == name && e->operands.size() == 1;
}

Expr number(Expr like, const Rational& value) {
  Graph& g = like.graph();
  return like.rank() == 0 ? g.number(value) : value * g.ones(like.shape());
}

// log of entries of exp(w), in any order or repeated: those of w.
Expr log_of_entries(const Node& y) {
  if (y.kind != Kind::Product || !y.coefficient.is_one()) return {};
  std::vector<Factor> factors = y.factors;
  int exponentials = 0;
  Labels chosen;
  for (auto& f : factors) {
    if (is_call(f.expr, "exp")) {
      f.expr = f.expr->operands[0];
      ++exponentials;
    } else if (f.expr->kind == Kind::Apply && is_view(record_of(*f.expr).lowering, "basis")) {
      chosen.push_back(f.labels[0]);
    } else {
      return {};
    }
  }
  const auto in = [](const Labels& list, Label l) {
    return std::find(list.begin(), list.end(), l) != list.end();
  };
  if (exponentials != 1) return {};
  for (const auto& f : factors) {
    for (const auto l : f.labels) {
      if (in(y.output, l) == in(chosen, l)) return {};  // summed, or placed among zeros
    }
  }
  Labels once = y.output;
  std::sort(once.begin(), once.end());
  if (std::adjacent_find(once.begin(), once.end()) != once.end()) return {};
  return y.graph->product(1, factors, y.output, y.label_sizes);
}

// log of the sum of exp(w), over all axes or one of two.
Expr log_of_sum(const Node& y) {
  if (y.kind != Kind::Product || !y.coefficient.is_one() || y.factors.size() != 1) return {};
  const Factor& f = y.factors[0];
  if (!is_call(f.expr, "exp")) return {};
  const Expr w = f.expr->operands[0];
  if (y.output.empty() && w.rank() > 0) return logsumexp(w, -1);
  if (w.rank() == 2 && y.output.size() == 1 && f.labels[0] != f.labels[1]) {
    if (y.output[0] == f.labels[1]) return logsumexp(w, 0);
    if (y.output[0] == f.labels[0]) return logsumexp(w, 1);
  }
  return {};
}

// The constant that all entries are, if they are.
std::optional<Rational> constant(Expr e) {
  if (e->kind != Kind::Product || !e->factors.empty()) return std::nullopt;
  return e->coefficient;
}

// log(1 + exp(u)), log(exp(a) + exp(b)).
Expr log_of_two(const Node& y) {
  if (y.kind != Kind::Sum || y.terms.size() != 2) return {};
  std::vector<Expr> exponents;
  for (const auto& t : y.terms) {
    const auto c = constant(t.expr);
    if (t.coefficient.is_one() && is_call(t.expr, "exp")) {
      exponents.push_back(t.expr->operands[0]);
    } else if (c && (*c * t.coefficient).is_one()) {
      exponents.push_back(number(t.expr, 0));
    } else {
      return {};
    }
  }
  if (exponents[0]->shape != exponents[1]->shape) return {};
  if (is_zero(exponents[1])) std::swap(exponents[0], exponents[1]);
  return exponents[0] + softplus(exponents[1] - exponents[0]);
}

}  // namespace

Expr stable(Expr e) {
  if (!is_call(e, "log")) return {};
  const Expr y = e->operands[0];
  if (is_call(y, "exp")) return y->operands[0];
  if (is_call(y, "sigmoid")) return -softplus(-y->operands[0]);
  if (is_call(y, "cosh")) {
    const Expr u = y->operands[0];
    return u + softplus(Rational(-2) * u) - log(number(u, 2));
  }
  if (const Expr w = log_of_entries(*y)) return w;
  if (const Expr w = log_of_sum(*y)) return w;
  return log_of_two(*y);
}

namespace {

// The exponent, where e is a power of the length of u of -1 to 0.
std::optional<Rational> pole_at_zero(Expr e, Expr u) {
  if (e->kind != Kind::Power) return std::nullopt;
  const Rational* r = as_number(e->operands[1]);
  if (r == nullptr || !r->is_negative()) return std::nullopt;
  const bool squares = e->operands[0] == sum_all(square(u));
  if (!squares && !(e->operands[0] == norm(u))) return std::nullopt;
  const Rational exponent = squares ? *r * Rational(2) : *r;
  return exponent < Rational(-1) ? std::nullopt : std::optional(exponent);
}

// Looks through sums and products, once at each.
bool has_pole_at_zero(Expr e, Expr u) {
  std::vector<Expr> open{e};
  std::unordered_set<const Node*> seen;
  while (!open.empty()) {
    const Expr next = open.back();
    open.pop_back();
    if (!seen.insert(next.get()).second) continue;
    if (pole_at_zero(next, u)) return true;
    if (next->kind == Kind::Product || next->kind == Kind::Sum)
      open.insert(open.end(), next->operands.begin(), next->operands.end());
  }
  return false;
}

// u times powers of its length as its direction times powers that have no pole; sums are multiplied out for
// it.
Expr directed_product(Expr e) {
  const Node& n = *e;
  Graph& g = e.graph();
  for (std::size_t a = 0; a < n.factors.size(); ++a) {
    const Expr u = n.factors[a].expr;
    if (u.rank() == 0) continue;
    for (std::size_t b = 0; b < n.factors.size(); ++b) {
      const Expr pole = n.factors[b].expr;
      if (pole.rank() != 0 || !has_pole_at_zero(pole, u)) continue;
      std::vector<Factor> factors = n.factors;
      if (const auto exponent = pole_at_zero(pole, u)) {
        factors[a].expr = direction(u);
        factors[b].expr = power(norm(u), *exponent + Rational(1));
        return g.product(n.coefficient, factors, n.output, n.label_sizes);
      }
      if (pole->kind != Kind::Sum) continue;
      Expr sum = g.zeros(e.shape());
      for (const Term& t : pole->terms) {
        factors[b].expr = t.expr;
        sum = sum +
              t.coefficient * directed_product(g.product(n.coefficient, factors, n.output, n.label_sizes));
      }
      return sum;
    }
  }
  return e;
}

// Every node with its operands made anew, and then by the rule, which is null where it says nothing.
template <class Rule>
Expr rewritten(Expr expr, const Rule& rule) {
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : topological(std::span(&expr, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    const Expr made = rebuild(e, operands);
    const Expr better = rule(made);
    done.emplace(e.get(), better ? better : made);
  }
  return done.at(expr.get());
}

}  // namespace

Expr directed(Expr expr) {
  return rewritten(expr, [](Expr e) { return e->kind == Kind::Product ? directed_product(e) : e; });
}

Expr stabilised(Expr expr) { return rewritten(expr, stable); }

}  // namespace adjoint

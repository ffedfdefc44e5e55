#include "simplify/rules_exponentials.hpp"

#include <algorithm>
#include <unordered_map>

#include "ops/elementwise.hpp"
#include "simplify/length.hpp"

namespace adjoint {
namespace {

// The u of exp(u), k*u of exp(u)^k; else null.
Expr argument_of(Expr e) {
  Rational exponent(1);
  if (e->kind == Kind::Power) {
    const Rational* k = as_number(e->operands[1]);
    if (k == nullptr) return {};
    exponent = *k;
    e = e->operands[0];
  }
  return e->kind == Kind::Apply && e->op->name == "exp" ? exponent * e->operands[0] : Expr();
}

}  // namespace

Expr collect_exponentials(Expr product) {
  const Node& n = *product;
  if (n.kind != Kind::Product) return {};
  Lengths lengths;
  for (std::size_t a = 0; a < n.factors.size(); ++a) {
    const Expr first = argument_of(n.factors[a].expr);
    if (!first) continue;
    for (std::size_t b = a + 1; b < n.factors.size(); ++b) {
      if (n.factors[b].labels != n.factors[a].labels) continue;
      const Expr second = argument_of(n.factors[b].expr);
      if (!second) continue;
      const Expr together = first + second;
      const bool cancel = is_zero(together);
      if (!cancel && lengths.of(together) > std::max(lengths.of(first), lengths.of(second))) continue;
      auto factors = n.factors;
      factors[a].expr = cancel ? n.graph->ones(together.shape()) : exp(together);
      factors.erase(factors.begin() + static_cast<std::ptrdiff_t>(b));
      return n.graph->product(n.coefficient, std::move(factors), n.output, n.label_sizes);
    }
  }
  return {};
}

Expr with_logarithms_apart(Expr root) {
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : topological(std::span(&root, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    Expr made = rebuild(e, operands);
    const Node* x = made->kind == Kind::Apply && made->op->name == "log" ? made->operands[0].get() : nullptr;
    const auto opens = [&](const Factor& f) {
      const Node& b = f.expr->kind == Kind::Power ? *f.expr->operands[0] : *f.expr;
      return b.facts.signs.is_positive() && (f.labels == x->output || f.labels.empty());
    };
    if (x != nullptr && x->kind == Kind::Product && x->factors.size() > 1 && Rational(0) < x->coefficient &&
        std::all_of(x->factors.begin(), x->factors.end(), opens)) {
      Graph& g = *x->graph;
      std::vector<Term> terms;
      const auto add = [&](Expr scalar, const Labels& labels) {
        const bool power = scalar->kind == Kind::Power;
        const Expr logarithm = log(power ? scalar->operands[0] : scalar);
        std::vector<Factor> factors{{logarithm, labels}};
        if (power) factors.push_back({scalar->operands[1], {}});
        terms.push_back({1, g.product(1, std::move(factors), x->output, x->label_sizes)});
      };
      for (const auto& f : x->factors) add(f.expr, f.labels);
      if (!x->coefficient.is_one()) add(g.number(x->coefficient), {});
      made = g.sum(terms);
    }
    done.emplace(e.get(), made);
  }
  return done.at(root.get());
}

}  // namespace adjoint

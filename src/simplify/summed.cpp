#include "simplify/summed.hpp"

#include <algorithm>
#include <set>

#include "simplify/length.hpp"

namespace adjoint {
namespace {

// Sums in sums are multiplied out: `reach` bounds the terms that one product may become.
Expr cancel(Expr product, std::size_t reach);

// The product with what cancels inside it gone: itself, or a sum among its scalars.
Expr cancelled(Expr e, std::size_t reach) {
  if (e->kind != Kind::Product) return e;
  if (const Expr whole = cancel(e, reach)) return whole;
  auto factors = e->factors;
  bool changed = false;
  for (auto& f : factors) {
    if (!f.labels.empty() || f.expr->kind != Kind::Product) continue;
    if (const Expr inner = cancel(f.expr, reach)) {
      f.expr = inner;
      changed = true;
    }
  }
  return changed ? e->graph->product(e->coefficient, std::move(factors), e->output, e->label_sizes) : e;
}

Expr cancel(Expr product, std::size_t reach) {
  const Node& n = *product;
  constexpr std::size_t kMostTerms = 6;
  if (n.kind != Kind::Product) return {};
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    const Factor& f = n.factors[k];
    if (f.expr->kind != Kind::Sum || f.expr->terms.size() > std::min(kMostTerms, reach)) continue;
    // A label that only this factor has, and that is summed.
    const bool lonely = std::any_of(f.labels.begin(), f.labels.end(), [&](Label l) {
      if (std::count(n.output.begin(), n.output.end(), l) != 0) return false;
      return std::none_of(n.factors.begin(), n.factors.end(), [&](const Factor& other) {
        return &other != &f && std::count(other.labels.begin(), other.labels.end(), l) != 0;
      });
    });
    if (!lonely) continue;
    std::vector<Term> terms;
    for (const auto& t : f.expr->terms) {
      auto factors = n.factors;
      factors[k].expr = t.expr;
      const Expr term = n.graph->product(n.coefficient, std::move(factors), n.output, n.label_sizes);
      terms.push_back({t.coefficient, cancelled(term, reach / f.expr->terms.size())});
    }
    const Expr sum = n.graph->sum(terms);
    const Node& s = *sum;
    const Expr inner = s.kind == Kind::Product && s.factors.size() == 1 ? s.factors[0].expr : sum;
    const std::size_t left = is_zero(sum) ? 0 : inner->kind == Kind::Sum ? inner->terms.size() : 1;
    if (left < f.expr->terms.size()) return sum;
  }
  return {};
}

}  // namespace

Expr cancel_summed_terms(Expr product) { return cancel(product, 64); }

Expr open_diagonals(Expr product) {
  const Node& n = *product;
  if (n.kind != Kind::Product) return {};
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    const Factor& f = n.factors[k];
    if (f.expr->kind != Kind::Sum) continue;
    const std::set<Label> labels(f.labels.begin(), f.labels.end());
    if (labels.size() == f.labels.size()) continue;
    const Labels kept(labels.begin(), labels.end());
    std::vector<Term> terms;
    for (const auto& t : f.expr->terms)
      terms.push_back({t.coefficient, n.graph->product(1, {{t.expr, f.labels}}, kept, n.label_sizes)});
    const Expr diagonal = n.graph->sum(terms);
    Lengths lengths;
    if (lengths.of(diagonal) > lengths.of(f.expr)) continue;
    auto factors = n.factors;
    factors[k] = {diagonal, kept};
    return n.graph->product(n.coefficient, std::move(factors), n.output, n.label_sizes);
  }
  return {};
}

}  // namespace adjoint

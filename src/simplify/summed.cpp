#include "simplify/summed.hpp"

#include <algorithm>

namespace adjoint {

Expr cancel_summed_terms(Expr product) {
  const Node& n = *product;
  constexpr std::size_t kMostTerms = 6;
  if (n.kind != Kind::Product) return {};
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    const Factor& f = n.factors[k];
    if (f.expr->kind != Kind::Sum || f.expr->terms.size() > kMostTerms) continue;
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
      terms.push_back(
          {t.coefficient, n.graph->product(n.coefficient, std::move(factors), n.output, n.label_sizes)});
    }
    const Expr sum = n.graph->sum(terms);
    const Node& s = *sum;
    const Expr inner = s.kind == Kind::Product && s.factors.size() == 1 ? s.factors[0].expr : sum;
    const std::size_t left = is_zero(sum) ? 0 : inner->kind == Kind::Sum ? inner->terms.size() : 1;
    if (left < f.expr->terms.size()) return sum;
  }
  return {};
}

}  // namespace adjoint

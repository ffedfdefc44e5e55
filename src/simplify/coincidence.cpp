#include "simplify/coincidence.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "ops/record.hpp"

namespace adjoint {
namespace {

constexpr int kMostVisited = 200;

// The expression where its axes a < b are at the same index, as one axis; null where that is too long a way.
Expr where_equal(Expr e, std::size_t a, std::size_t b, int& visits) {
  if (++visits > kMostVisited) return {};
  const Node& n = *e;
  Graph& g = *n.graph;
  if (n.kind == Kind::Sum) {
    std::vector<Term> terms;
    for (const auto& t : n.terms) {
      terms.push_back({t.coefficient, where_equal(t.expr, a, b, visits)});
      if (!terms.back().expr) return {};
    }
    return g.sum(terms);
  }
  if (n.kind == Kind::Power) {
    const Expr base = where_equal(n.operands[0], a, b, visits);
    if (!base) return {};
    const Rational* p = as_number(n.operands[1]);
    const bool stays = is_zero(base) && p != nullptr && !p->is_negative() && !p->is_zero();
    return stays ? base : g.power(base, n.operands[1]);
  }
  if (n.kind == Kind::Apply && record_of(n).partial.value != nullptr) {
    std::vector<Expr> operands;
    for (const auto& o : n.operands) {
      operands.push_back(o.rank() == 0 ? o : where_equal(o, a, b, visits));
      if (!operands.back()) return {};
    }
    return g.apply(*n.op, std::move(operands), n.attributes);
  }
  if (n.kind == Kind::Product) {
    const Label kept = n.output[a];
    const Label gone = n.output[b];
    auto factors = n.factors;
    for (auto& f : factors) {
      const auto at = std::find(f.labels.begin(), f.labels.end(), kept);
      const auto other = std::find(f.labels.begin(), f.labels.end(), gone);
      const bool both = kept != gone && at != f.labels.end() && other != f.labels.end();
      if (both && std::count(f.labels.begin(), f.labels.end(), kept) == 1 &&
          std::count(f.labels.begin(), f.labels.end(), gone) == 1) {
        const auto first = static_cast<std::size_t>(std::min(at, other) - f.labels.begin());
        const auto second = static_cast<std::size_t>(std::max(at, other) - f.labels.begin());
        f.expr = where_equal(f.expr, first, second, visits);
        if (!f.expr) return {};
        f.labels[first] = kept;
        f.labels.erase(f.labels.begin() + static_cast<std::ptrdiff_t>(second));
      }
      std::replace(f.labels.begin(), f.labels.end(), gone, kept);
    }
    Labels output = n.output;
    output.erase(output.begin() + static_cast<std::ptrdiff_t>(b));
    std::replace(output.begin(), output.end(), gone, kept);
    return g.product(n.coefficient, std::move(factors), std::move(output), n.label_sizes);
  }
  Axes axes = g.axes(e);
  Axes out = axes;
  out.erase(out.begin() + static_cast<std::ptrdiff_t>(b));
  axes[b] = axes[a];
  return g.product(1, {{e, axes}}, out);
}

// 1 where the axes a and b are at the same index, else 0, of the shape of e.
Expr meeting(Expr e, std::size_t a, std::size_t b) {
  Graph& g = e.graph();
  Axes axes = g.axes(e);
  axes[b] = axes[a];
  return g.product(1, std::vector<Indexed>{}, axes);
}

// The two axes on whose diagonal it vanishes.
std::optional<std::pair<std::size_t, std::size_t>> coincidence(Expr base) {
  const Shape& shape = base.shape();
  for (std::size_t b = 1; b < shape.size(); ++b) {
    for (std::size_t a = 0; a < b; ++a) {
      if (!(shape[a] == shape[b])) continue;
      int visits = 0;
      const Expr there = where_equal(base, a, b, visits);
      if (there && is_zero(there)) return std::pair(a, b);
    }
  }
  return std::nullopt;
}

bool between_zero_and_one(Expr exponent) {
  const Rational* p = as_number(exponent);
  return p != nullptr && !p->is_negative() && !p->is_zero() && p->value() < 1;
}

}  // namespace

Expr separate_coincidences(Expr root) {
  const auto separated = [](Expr power) -> Expr {
    const Node& n = *power;
    if (n.kind != Kind::Power || n.rank() < 2 || !between_zero_and_one(n.operands[1])) return power;
    const Expr base = n.operands[0];
    const auto axes = coincidence(base);
    if (!axes || is_zero(base)) return power;
    const Expr one = meeting(base, axes->first, axes->second);
    return n.graph->power(base + one, n.operands[1]) - one;
  };
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : topological(std::span(&root, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    done.emplace(e.get(), separated(rebuild(e, operands)));
  }
  return done.at(root.get());
}

Expr join_coincidence(Expr sum) {
  const Node& n = *sum;
  if (n.kind != Kind::Sum || n.rank() < 2) return {};
  Graph& g = *n.graph;
  for (std::size_t k = 0; k < n.terms.size(); ++k) {
    const Node& p = *n.terms[k].expr;
    if (p.kind != Kind::Power || !between_zero_and_one(p.operands[1]) || p.operands[0]->kind != Kind::Sum)
      continue;
    for (std::size_t m = 0; m < n.terms.size(); ++m) {
      const Node& one = *n.terms[m].expr;
      if (m == k || one.kind != Kind::Product || !one.factors.empty() || !one.coefficient.is_one() ||
          !(n.terms[m].coefficient == -n.terms[k].coefficient))
        continue;
      const Expr base = p.operands[0] - n.terms[m].expr;
      const auto axes = coincidence(base);
      if (!axes || !(meeting(base, axes->first, axes->second) == n.terms[m].expr)) continue;
      std::vector<Term> terms{{n.terms[k].coefficient, g.power(base, p.operands[1])}};
      for (std::size_t r = 0; r < n.terms.size(); ++r) {
        if (r != k && r != m) terms.push_back(n.terms[r]);
      }
      return g.sum(terms);
    }
  }
  return {};
}

}  // namespace adjoint

// Common factors of a sum. A factor is common to terms in which its axes play the same parts: the same
// axis of the result, or an axis that is summed. What remains of the terms is summed over the axes of the
// result and those that the factor sums:
//     B(i,j)x(j) + B(j,i)x(j) = (B(i,j) + B(j,i)) x(j).
#include <algorithm>
#include <map>
#include <unordered_map>

#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

struct Written {  // a term as a product
  Rational coefficient;
  std::vector<Factor> factors;
  Labels output;
  std::vector<Size> sizes;
};

Written written(const Term& t) {
  const Node& n = *t.expr;
  if (n.kind == Kind::Product) return {t.coefficient * n.coefficient, n.factors, n.output, n.label_sizes};
  Labels labels;
  for (int k = 0; k < n.rank(); ++k) labels.push_back(k);
  return {t.coefficient, {{t.expr, labels}}, labels, n.shape};
}

// The part that each axis of a factor plays: a position in the output, or -1 - k for the k-th summed one.
std::vector<int> parts_of(const Factor& f, const Labels& output) {
  std::vector<int> parts;
  Labels summed;
  for (const auto l : f.labels) {
    const auto at = std::find(output.begin(), output.end(), l);
    if (at != output.end()) {
      parts.push_back(static_cast<int>(at - output.begin()));
      continue;
    }
    const auto seen = std::find(summed.begin(), summed.end(), l);
    parts.push_back(-1 - static_cast<int>(seen - summed.begin()));
    if (seen == summed.end()) summed.push_back(l);
  }
  return parts;
}

struct Occurrence {
  std::size_t term;
  std::size_t factor;
  Rational exponent;
};
using Key = std::pair<const Node*, std::vector<int>>;  // base and parts

bool distinct(const Labels& output) {
  for (std::size_t k = 0; k < output.size(); ++k) {
    if (std::count(output.begin(), output.end(), output[k]) != 1) return false;
  }
  return true;
}

class Factorer {
 public:
  Expr run(Expr root);

 private:
  Expr take_out(const Node& sum, const std::vector<Written>& terms, const Key& key,
                const std::vector<Occurrence>& group, const Rational& exponent);
  Expr gather_diagonals(Expr e);
  Expr factor_sum(Expr sum);
  int weight_of(Expr e);

  std::unordered_map<const Node*, Expr> done_;
  std::unordered_map<const Node*, int> weights_;
};

// Size as a tree, saturating.
int Factorer::weight_of(Expr e) {
  if (const auto at = weights_.find(e.get()); at != weights_.end()) return at->second;
  int w = e->kind == Kind::Variable || e->kind == Kind::Extent ? 0 : static_cast<int>(e->operands.size());
  for (const auto& o : e->operands) w = std::min(1000, w + weight_of(o));
  weights_.emplace(e.get(), w);
  return w;
}

// The remaining terms after the common factor base^exponent was taken out, summed and multiplied back;
// null where that is no product of matrices, vectors and scalars.
Expr Factorer::take_out(const Node& sum, const std::vector<Written>& terms, const Key& key,
                        const std::vector<Occurrence>& group, const Rational& exponent) {
  Graph& g = *sum.graph;
  const int rank = sum.rank();
  const int summed =
      -std::min(0, key.second.empty() ? 0 : *std::min_element(key.second.begin(), key.second.end()));
  // Which axes of the result the remainders depend on.
  std::vector<bool> needed(static_cast<std::size_t>(rank), false);
  for (const auto& o : group) {
    const auto& t = terms[o.term];
    for (std::size_t k = 0; k < t.factors.size(); ++k) {
      if (k == o.factor && o.exponent == exponent) continue;
      for (const auto l : t.factors[k].labels) {
        const auto at = std::find(t.output.begin(), t.output.end(), l);
        if (at != t.output.end()) needed[static_cast<std::size_t>(at - t.output.begin())] = true;
      }
    }
  }
  for (int a = 0; a < rank; ++a) {  // an axis of nobody is a broadcast of the remainder
    if (std::find(key.second.begin(), key.second.end(), a) == key.second.end())
      needed[static_cast<std::size_t>(a)] = true;
  }
  const auto kept = static_cast<int>(std::count(needed.begin(), needed.end(), true));
  if (kept + summed > 2) return {};
  std::vector<Term> remainders;
  for (const auto& o : group) {
    const auto& t = terms[o.term];
    const Factor& f = t.factors[o.factor];
    std::vector<Factor> rest;
    for (std::size_t k = 0; k < t.factors.size(); ++k) {
      if (k != o.factor) rest.push_back(t.factors[k]);
    }
    if (!(o.exponent == exponent)) rest.push_back({power(Expr(key.first), o.exponent - exponent), f.labels});
    Labels output;
    for (int a = 0; a < rank; ++a) {
      if (needed[static_cast<std::size_t>(a)]) output.push_back(t.output[static_cast<std::size_t>(a)]);
    }
    for (int s = 1; s <= summed; ++s) {
      const auto at = std::find(key.second.begin(), key.second.end(), -s);
      const Label l = f.labels[static_cast<std::size_t>(at - key.second.begin())];
      const bool used = std::any_of(rest.begin(), rest.end(), [l](const Factor& r) {
        return std::find(r.labels.begin(), r.labels.end(), l) != r.labels.end();
      });
      if (!used) return {};
      output.push_back(l);
    }
    remainders.push_back({1, g.product(t.coefficient, std::move(rest), output, t.sizes)});
  }
  const Expr inner = run(g.sum(remainders));
  // inner over (needed axes, summed axes) times the factor
  Labels inner_labels;
  Labels output;
  std::vector<Size> sizes;
  for (int a = 0; a < rank; ++a) {
    output.push_back(a);
    sizes.push_back(sum.shape[static_cast<std::size_t>(a)]);
    if (needed[static_cast<std::size_t>(a)]) inner_labels.push_back(a);
  }
  const Shape base_shape = key.first->shape;
  Labels factor_labels;
  for (int s = 0; s < summed; ++s) {
    inner_labels.push_back(static_cast<Label>(sizes.size()));
    sizes.emplace_back();
  }
  for (std::size_t k = 0; k < key.second.size(); ++k) {
    const int part = key.second[k];
    const Label l = part >= 0 ? part : rank - 1 - part;
    factor_labels.push_back(l);
    sizes[static_cast<std::size_t>(l)] = base_shape[k];
  }
  return g.product(1, {{inner, inner_labels}, {power(Expr(key.first), exponent), factor_labels}}, output,
                   sizes);
}

// diag(a) + diag(b) = diag(a + b)
Expr Factorer::gather_diagonals(Expr e) {
  const Node& n = *e;
  if (n.rank() != 2) return e;
  std::vector<Term> on;
  std::vector<Term> off;
  for (const auto& t : n.terms) {
    const Node& p = *t.expr;
    if (p.kind == Kind::Product && p.output[0] == p.output[1]) {
      on.push_back({t.coefficient, p.graph->product(p.coefficient, p.factors, {p.output[0]}, p.label_sizes)});
    } else {
      off.push_back(t);
    }
  }
  if (on.size() < 2) return e;
  const Expr diagonal = run(n.graph->sum(on));
  off.push_back({1, n.graph->product(1, std::vector<Factor>{{diagonal, {0}}}, {0, 0}, {n.shape[0]})});
  return n.graph->sum(off);
}

Expr Factorer::factor_sum(Expr sum) {
  const Expr e = gather_diagonals(sum);
  if (e->kind != Kind::Sum) return e;
  const Node& n = *e;
  std::vector<Written> terms;
  for (const auto& t : n.terms) terms.push_back(written(t));
  std::map<Key, std::vector<Occurrence>> groups;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (!distinct(terms[i].output)) continue;
    for (std::size_t k = 0; k < terms[i].factors.size(); ++k) {
      const Factor& f = terms[i].factors[k];
      const Rational* exponent = f.expr->kind == Kind::Power ? as_number(f.expr->operands[1]) : nullptr;
      const Expr base = exponent != nullptr ? f.expr->operands[0] : f.expr;
      const Key key{base.get(), parts_of(f, terms[i].output)};
      auto& list = groups[key];
      if (list.empty() || list.back().term != i)
        list.push_back({i, k, exponent != nullptr ? *exponent : Rational(1)});
    }
  }
  std::vector<std::pair<int, const Key*>> candidates;
  for (const auto& [key, list] : groups) {
    if (list.size() < 2) continue;
    const int saving = static_cast<int>(list.size() - 1) * (1 + weight_of(Expr(key.first)));
    candidates.emplace_back(saving, &key);
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [saving, key] : candidates) {
    const auto& list = groups.at(*key);
    Rational least = list[0].exponent;
    bool same = true;
    for (const auto& o : list) {
      same = same && o.exponent == least;
      if (o.exponent < least) least = o.exponent;
    }
    if (!same && !least.is_negative()) continue;
    if (!same && std::any_of(key->second.begin(), key->second.end(), [](int part) { return part < 0; }))
      continue;
    const Expr common = take_out(n, terms, *key, list, least);
    if (!common) continue;
    std::vector<Term> all{{1, common}};
    for (std::size_t i = 0; i < n.terms.size(); ++i) {
      if (std::none_of(list.begin(), list.end(), [i](const Occurrence& o) { return o.term == i; })) {
        all.push_back(n.terms[i]);
      }
    }
    const Expr result = n.graph->sum(all);
    return result->kind == Kind::Sum && !(result == e) ? factor_sum(result) : result;
  }
  return e;
}

// A sum over its common denominator: 1 + x/s = (s + x)/s. Only what is entrywise in the axes of the sum.
struct Together {
  Expr numerator;
  Expr denominator;  // a power with a negative exponent
};

std::vector<Together> over_common_denominators(Expr e) {
  const Node& n = *e;
  std::vector<Written> terms;
  for (const auto& t : n.terms) terms.push_back(written(t));
  std::map<const Node*, Rational> least;
  for (const auto& t : terms) {
    if (!distinct(t.output)) return {};
    for (const auto& f : t.factors) {
      const Rational* exponent = f.expr->kind == Kind::Power ? as_number(f.expr->operands[1]) : nullptr;
      if (exponent == nullptr || !exponent->is_negative() || f.labels != t.output) continue;
      auto& l = least[f.expr->operands[0].get()];
      if (*exponent < l) l = *exponent;
    }
  }
  std::vector<Together> result;
  for (const auto& [base, exponent] : least) {
    const Expr up = power(Expr(base), -exponent);
    std::vector<Term> raised;
    for (const auto& t : n.terms) raised.push_back({t.coefficient, times(t.expr, up)});
    result.push_back({n.graph->sum(raised), power(Expr(base), exponent)});
  }
  return result;
}

// (1 + x/s)/(s + x) = 1/s: a sum whose numerator over a common denominator is the base of another factor.
Expr cancel_sums(Expr e) {
  const Node& n = *e;
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    const Factor& f = n.factors[k];
    if (f.expr->kind != Kind::Sum) continue;
    for (const auto& [numerator, denominator] : over_common_denominators(f.expr)) {
      const Expr bare = numerator->kind == Kind::Product && numerator->factors.size() == 1
                            ? numerator->factors[0].expr
                            : numerator;
      const bool cancels = std::any_of(n.factors.begin(), n.factors.end(), [bare, &f](const Factor& other) {
        return other.expr->kind == Kind::Power && other.expr->operands[0] == bare && other.labels == f.labels;
      });
      if (!cancels) continue;
      auto factors = n.factors;
      factors[k] = {numerator, f.labels};
      factors.push_back({denominator, f.labels});
      return n.graph->product(n.coefficient, std::move(factors), n.output, n.label_sizes);
    }
  }
  return e;
}

Expr Factorer::run(Expr root) {
  for (const auto& e : topological(std::span(&root, 1), done_)) {
    if (done_.contains(e.get())) continue;  // met on the way
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done_.at(o.get()));
    Expr made = rebuild(e, operands);
    if (made->kind == Kind::Sum) made = factor_sum(made);
    if (made->kind == Kind::Product) made = cancel_sums(made);
    done_[e.get()] = made;
    done_[made.get()] = made;
  }
  return done_.at(root.get());
}

}  // namespace

Expr factored(Expr expr) { return Factorer().run(expr); }

}  // namespace adjoint

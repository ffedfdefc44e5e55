// The normal form of an Einstein product: nested products opened, equal axes merged, powers
// collected, closed components split off as scalars, labels numbered canonically. A long nested product of
// numbers or of entries stays a node, so that y(k+1) = y(k).*f(y(k)) does not copy all of its past into each
// of its layers; it is opened where a factor of it meets a power of itself of the opposite sign.
#include <algorithm>
#include <map>
#include <numeric>

#include "graph/canonical.hpp"
#include "graph/effort.hpp"
#include "graph/graph.hpp"

namespace adjoint {
namespace {

// A fully contracted connected product such as x'*y or tr(A*B) is kept as one scalar factor.
bool is_closed_contraction(const Node& n) {
  return n.kind == Kind::Product && n.shape.empty() && !n.factors.empty() &&
         std::all_of(n.factors.begin(), n.factors.end(), [](const Factor& f) { return !f.labels.empty(); });
}

constexpr std::size_t kShort = 8;  // products of more factors stay nodes

// Whether each factor is a number or has exactly the axes of the result.
bool is_entrywise(const Node& n) {
  for (std::size_t k = 0; k < n.output.size(); ++k) {
    if (n.output[k] != static_cast<Label>(k)) return false;
  }
  return std::all_of(n.factors.begin(), n.factors.end(),
                     [&n](const Factor& f) { return f.labels.empty() || f.labels == n.output; });
}

bool is_long(Expr e) {
  return e->kind == Kind::Product && e->factors.size() > kShort && !e->coefficient.is_zero() &&
         is_entrywise(*e);
}

// The bases of powers with a number as exponent, by the sign of it: 1, 2, or 3 for both.
using Bases = std::map<const Node*, int>;
void add_bases(Expr e, Bases& bases) {
  if (e->kind == Kind::Product) {
    for (const auto& f : e->factors) {
      if (f.expr->kind != Kind::Product) add_bases(f.expr, bases);
    }
    return;
  }
  const Rational* exponent = e->kind == Kind::Power ? as_number(e->operands[1]) : nullptr;
  if (e->kind == Kind::Power && exponent == nullptr) return;
  bases[e->kind == Kind::Power ? e->operands[0].get() : e.get()] |=
      exponent != nullptr && exponent->is_negative() ? 2 : 1;
}

// The long products among factors that stay closed.
std::vector<bool> closed_among(const std::vector<Factor>& factors) {
  std::vector<bool> closed(factors.size(), false);
  if (factors.size() < 2) return closed;
  bool any = false;
  for (std::size_t k = 0; k < factors.size(); ++k) any = (closed[k] = is_long(factors[k].expr)) || any;
  if (!any) return closed;
  Bases all;
  std::vector<Bases> own(factors.size());
  for (std::size_t k = 0; k < factors.size(); ++k) {
    add_bases(factors[k].expr, own[k]);
    for (const auto& [base, signs] : own[k]) all[base] |= signs;
  }
  for (std::size_t k = 0; k < factors.size(); ++k) {
    closed[k] = closed[k] && std::none_of(own[k].begin(), own[k].end(), [&all](const auto& b) {
                  return b.second != 3 && all[b.first] == 3;
                });
  }
  return closed;
}

class ProductForm {
 public:
  ProductForm(Graph& graph, const Rational& coefficient, std::vector<Factor> factors, Labels output,
              std::vector<Size> sizes)
      : graph_(graph), coefficient_(coefficient), output_(std::move(output)), sizes_(std::move(sizes)) {
    parent_.resize(sizes_.size());
    std::iota(parent_.begin(), parent_.end(), 0);
    appears_.resize(sizes_.size(), false);
    const std::vector<bool> closed = closed_among(factors);
    for (std::size_t k = 0; k < factors.size(); ++k) {
      for (const auto l : factors[k].labels) appears_[static_cast<std::size_t>(l)] = true;
      if (closed[k]) {
        close(factors[k]);
      } else {
        pending_.push_back(std::move(factors[k]));
      }
    }
    std::reverse(pending_.begin(), pending_.end());
  }

  Expr build() {
    do {
      open_pending();
      if (coefficient_.is_zero()) return zero();
      resolve_labels();
      if (coefficient_.is_zero()) return zero();
      join_unit_labels();
    } while (collect_powers());
    count_free_sums();
    split_closed_components();
    while (collect_powers()) open_pending();
    if (coefficient_.is_zero()) return zero();
    if (const Expr lone = lone_factor()) return lone;
    return finish();
  }

 private:
  Label find(Label l) {
    while (parent_[static_cast<std::size_t>(l)] != l) l = parent_[static_cast<std::size_t>(l)];
    return l;
  }

  Label fresh(const Size& size) {
    const auto l = static_cast<Label>(sizes_.size());
    sizes_.push_back(size);
    parent_.push_back(l);
    appears_.push_back(true);
    return l;
  }

  // A long product as a factor: its coefficient joins that of the whole.
  void close(Factor f) {
    const Node& n = *f.expr;
    if (!n.coefficient.is_one()) {
      coefficient_ = coefficient_ * n.coefficient;
      f.expr = graph_.product(1, n.factors, n.output, n.label_sizes);
    }
    factors_.push_back(std::move(f));
  }

  void open_pending() {
    while (!pending_.empty()) {
      Factor f = std::move(pending_.back());
      pending_.pop_back();
      const Node& n = *f.expr;
      if (n.kind == Kind::Product && !is_closed_contraction(n)) {
        open_product(n, f.labels);
      } else if (n.kind == Kind::Sum) {
        factors_.push_back(primitive(f));
      } else {
        factors_.push_back(std::move(f));
      }
    }
  }

  void open_product(const Node& n, const Labels& labels) {
    coefficient_ = coefficient_ * n.coefficient;
    std::vector<Label> outer(n.label_sizes.size(), -1);
    for (std::size_t k = 0; k < labels.size(); ++k) {
      Label& l = outer[static_cast<std::size_t>(n.output[k])];
      if (l < 0) {
        l = labels[k];
      } else {
        parent_[static_cast<std::size_t>(find(labels[k]))] = find(l);
      }
    }
    for (std::size_t k = 0; k < outer.size(); ++k) {
      if (outer[k] < 0) outer[k] = fresh(n.label_sizes[k]);
    }
    for (auto f = n.factors.rbegin(); f != n.factors.rend(); ++f) {
      Labels mapped;
      for (const auto l : f->labels) mapped.push_back(outer[static_cast<std::size_t>(l)]);
      pending_.push_back({f->expr, std::move(mapped)});
    }
  }

  // A sum as a factor of other factors: its numerical content moves into the coefficient, and of the sum
  // and its transpose the older one stands.
  Factor primitive(const Factor& f) {
    const Node& n = *f.expr;
    Rational content = n.terms[0].coefficient;
    for (const auto& t : n.terms) {
      if (!t.coefficient.exact()) return f;
      content = gcd(content, t.coefficient);
    }
    if (n.terms[0].coefficient.is_negative()) content = -content;
    Factor result = f;
    if (!content.is_one()) {
      Node scaled;
      scaled.kind = Kind::Sum;
      scaled.shape = n.shape;
      for (const auto& t : n.terms) scaled.terms.push_back({t.coefficient / content, t.expr});
      result.expr = graph_.intern(std::move(scaled));
      coefficient_ = coefficient_ * content;
    }
    if (result.labels.size() == 2) {
      const Expr other = transposed(result.expr);
      if (other->kind == Kind::Sum && other->id < result.expr->id) {
        result.expr = other;
        std::swap(result.labels[0], result.labels[1]);
      }
    }
    return result;
  }

  void resolve_labels() {
    for (auto& f : factors_) {
      for (auto& l : f.labels) l = find(l);
      if (f.labels.size() < 2) continue;
      const Exchange exchange = exchange_of(f.expr);
      if (exchange.first < 0) continue;
      auto& first = f.labels[static_cast<std::size_t>(exchange.first)];
      auto& second = f.labels[static_cast<std::size_t>(exchange.second)];
      if (exchange.negative && first == second) coefficient_ = 0;
      if (first <= second) continue;
      std::swap(first, second);
      if (exchange.negative) coefficient_ = -coefficient_;
    }
    for (auto& l : output_) l = find(l);
  }

  // An axis of length one that is dropped and one that is added anew are one axis.
  void join_unit_labels() {
    const auto unit = [this](Label l) { return sizes_[static_cast<std::size_t>(l)].is_one(); };
    if (std::none_of(output_.begin(), output_.end(), unit)) return;
    const auto in_factors = [this](Label l) {
      return std::any_of(factors_.begin(), factors_.end(), [l](const Factor& f) {
        return std::find(f.labels.begin(), f.labels.end(), l) != f.labels.end();
      });
    };
    for (const auto o : output_) {
      if (!unit(o) || in_factors(o)) continue;
      for (auto& f : factors_) {
        const auto dropped =
            std::find_if(f.labels.begin(), f.labels.end(), [&](Label l) { return unit(l) && !in_output(l); });
        if (dropped == f.labels.end()) continue;
        parent_[static_cast<std::size_t>(*dropped)] = o;
        resolve_labels();
        break;
      }
    }
  }

  // x(i)^a * x(i)^b = x(i)^(a+b). Returns whether anything was merged (the result waits in pending_).
  bool collect_powers() {
    std::map<std::pair<const Node*, Labels>, std::vector<std::size_t>> groups;
    const auto base_of = [](const Factor& f) {
      return f.expr->kind == Kind::Power ? f.expr->operands[0] : f.expr;
    };
    for (std::size_t k = 0; k < factors_.size(); ++k) {
      groups[{base_of(factors_[k]).get(), factors_[k].labels}].push_back(k);
    }
    if (groups.size() == factors_.size()) return false;
    std::vector<bool> merged(factors_.size(), false);
    for (const auto& [key, members] : groups) {
      if (members.size() < 2) continue;
      std::vector<Term> exponent;
      for (const auto k : members) {
        const Expr e = factors_[k].expr;
        exponent.push_back({1, e->kind == Kind::Power ? e->operands[1] : graph_.number(1)});
        merged[k] = true;
      }
      const Expr base(key.first);
      pending_.push_back({graph_.power(base, graph_.sum(exponent)), key.second});
    }
    std::vector<Factor> kept;
    for (std::size_t k = 0; k < factors_.size(); ++k) {
      if (!merged[k]) kept.push_back(std::move(factors_[k]));
    }
    factors_ = std::move(kept);
    return true;
  }

  bool in_output(Label l) const { return std::find(output_.begin(), output_.end(), l) != output_.end(); }

  // A summed axis of which no factor depends counts its own length.
  void count_free_sums() {
    std::vector<bool> used(sizes_.size(), false);
    for (const auto l : output_) used[static_cast<std::size_t>(l)] = true;
    for (const auto& f : factors_) {
      for (const auto l : f.labels) used[static_cast<std::size_t>(l)] = true;
    }
    for (Label l = 0; l < static_cast<Label>(parent_.size()); ++l) {
      if (find(l) == l && appears_[static_cast<std::size_t>(l)] && !used[static_cast<std::size_t>(l)]) {
        pending_.push_back({graph_.extent(sizes_[static_cast<std::size_t>(l)]), {}});
      }
    }
    open_pending();
  }

  void split_closed_components() {
    const std::size_t count = factors_.size();
    std::vector<std::size_t> component(count);
    std::iota(component.begin(), component.end(), std::size_t{0});
    const auto root = [&component](std::size_t k) {
      while (component[k] != k) k = component[k] = component[component[k]];
      return k;
    };
    std::map<Label, std::size_t> first;
    for (std::size_t k = 0; k < count; ++k) {
      for (const auto l : factors_[k].labels) {
        const auto [at, fresh_label] = first.emplace(l, k);
        if (!fresh_label) component[root(k)] = root(at->second);
      }
    }
    std::vector<bool> open(count, false);
    for (std::size_t k = 0; k < count; ++k) {
      for (const auto l : factors_[k].labels) open[root(k)] = open[root(k)] || in_output(l);
    }
    std::map<std::size_t, std::vector<Factor>> closed;
    std::vector<Factor> rest;
    for (std::size_t k = 0; k < count; ++k) {
      if (factors_[k].labels.empty() || open[root(k)]) {
        rest.push_back(std::move(factors_[k]));
      } else {
        closed[root(k)].push_back(std::move(factors_[k]));
      }
    }
    factors_ = std::move(rest);
    for (auto& entry : closed) {
      factors_.push_back({canonical_product(graph_, 1, std::move(entry.second), {}, sizes_), {}});
    }
    open_pending();
  }

  Expr lone_factor() {
    if (factors_.size() != 1) return {};
    const Factor& f = factors_[0];
    if (f.expr->kind == Kind::Sum) {
      std::vector<int> order;
      for (const auto l : output_) {
        const auto at = std::find(f.labels.begin(), f.labels.end(), l);
        if (at == f.labels.end()) return {};
        order.push_back(static_cast<int>(at - f.labels.begin()));
      }
      auto sorted = order;
      std::sort(sorted.begin(), sorted.end());
      if (sorted.size() != f.labels.size() ||
          std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
        return {};
      }
      for (std::size_t a = 0; a < f.labels.size(); ++a) {
        if (std::count(f.labels.begin(), f.labels.end(), f.labels[a]) != 1) return {};
      }
      std::vector<Term> terms;
      for (const auto& t : f.expr->terms)
        terms.push_back({coefficient_ * t.coefficient, permuted(t.expr, order)});
      return graph_.sum(terms);
    }
    Labels swapped = f.labels;
    if (swapped.size() >= 2 && is_symmetric(f.expr)) std::swap(swapped[0], swapped[1]);
    if (!coefficient_.is_one() || (f.labels != output_ && swapped != output_)) return {};
    for (std::size_t a = 0; a < output_.size(); ++a) {
      if (std::count(output_.begin(), output_.end(), output_[a]) != 1) return {};
    }
    return f.expr;
  }

  Expr zero() {
    Node n;
    n.coefficient = 0;
    for (const auto l : output_) {
      n.output.push_back(static_cast<Label>(n.label_sizes.size()));
      n.label_sizes.push_back(sizes_[static_cast<std::size_t>(find(l))]);
    }
    n.shape = n.label_sizes;
    return graph_.intern(std::move(n));
  }

  Expr finish() { return canonical_product(graph_, coefficient_, std::move(factors_), output_, sizes_); }

  Graph& graph_;
  Rational coefficient_;
  std::vector<Factor> pending_;
  std::vector<Factor> factors_;
  Labels output_;
  std::vector<Size> sizes_;
  std::vector<Label> parent_;
  std::vector<bool> appears_;  // labels that a factor has had: without one now, they are counted
};

}  // namespace

Expr Graph::product(const Rational& coefficient, std::vector<Factor> factors, Labels output,
                    std::vector<Size> label_sizes) {
  spend(*this, 8 + 8 * factors.size());
  return ProductForm(*this, coefficient, std::move(factors), std::move(output), std::move(label_sizes))
      .build();
}

Expr Graph::product(const Rational& coefficient, const std::vector<Indexed>& factors, const Axes& output) {
  std::map<std::uint32_t, Label> labels;
  std::vector<Size> sizes;
  const auto label = [&](const Axis& a, const Size& size) {
    const auto [at, fresh] = labels.emplace(a.id, static_cast<Label>(sizes.size()));
    if (fresh) {
      sizes.push_back(size);
    } else if (!(sizes[static_cast<std::size_t>(at->second)] == size)) {
      throw ShapeError("an axis of length " + sizes[static_cast<std::size_t>(at->second)].text() +
                       " meets an axis of length " + size.text());
    }
    return at->second;
  };
  std::vector<Factor> list;
  for (const auto& f : factors) {
    Labels l;
    for (std::size_t k = 0; k < f.axes.size(); ++k) l.push_back(label(f.axes[k], f.expr.shape()[k]));
    list.push_back({f.expr, std::move(l)});
  }
  Labels out;
  for (const auto& a : output) out.push_back(label(a, a.size));
  return product(coefficient, std::move(list), std::move(out), std::move(sizes));
}

}  // namespace adjoint

#include "simplify/fractions.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "simplify/length.hpp"
#include "simplify/rules_exponentials.hpp"

namespace adjoint {
namespace {

constexpr std::size_t kMostTerms = 40;

struct Written {  // a term as a product
  Rational coefficient;
  std::vector<Factor> factors;
  Labels output;
  std::vector<Size> sizes;

  [[nodiscard]] Expr product(Graph& g) const {
    const Expr made = g.product(coefficient, factors, output, sizes);
    const Expr collected = collect_exponentials(made);
    return collected ? collected : made;
  }
};

Written written(const Term& t) {
  const Node& n = *t.expr;
  if (n.kind == Kind::Product) return {t.coefficient * n.coefficient, n.factors, n.output, n.label_sizes};
  Labels labels;
  for (int k = 0; k < n.rank(); ++k) labels.push_back(k);
  return {t.coefficient, {{t.expr, labels}}, labels, n.shape};
}

bool distinct(const Labels& output) {
  return std::set<Label>(output.begin(), output.end()).size() == output.size();
}

// A factor with all its axes among those of the result, as base, places of its axes, exponent.
using Key = std::pair<const Node*, std::vector<int>>;

std::vector<int> places(const Labels& labels, const Labels& output) {
  std::vector<int> result;
  for (const auto l : labels) {
    const auto at = std::find(output.begin(), output.end(), l);
    if (at == output.end()) return {-1};
    result.push_back(static_cast<int>(at - output.begin()));
  }
  return result;
}

const Rational* exponent_of(Expr e) { return e->kind == Kind::Power ? as_number(e->operands[1]) : nullptr; }

// times base^exponent, its axes at these places of the result
Written raised(Written w, const Key& key, const Rational& exponent) {
  Labels labels;
  for (const auto p : key.second) labels.push_back(w.output[static_cast<std::size_t>(p)]);
  w.factors.push_back({power(Expr(key.first), exponent), std::move(labels)});
  return w;
}

// x - mean(x): multiplied out it would lose digits. A term is summed and stands along a whole axis.
bool is_centred(const Node& sum) {
  return std::any_of(sum.terms.begin(), sum.terms.end(), [](const Term& t) {
    const Node& n = *t.expr;
    if (n.kind != Kind::Product) return false;
    const auto used = [&n](Label l) {
      return std::any_of(n.factors.begin(), n.factors.end(), [l](const Factor& f) {
        return std::count(f.labels.begin(), f.labels.end(), l) != 0;
      });
    };
    const auto sums = [&n](const Factor& f) {
      return (f.labels.empty() && f.expr->kind == Kind::Product) ||
             std::any_of(f.labels.begin(), f.labels.end(),
                         [&n](Label l) { return std::count(n.output.begin(), n.output.end(), l) == 0; });
    };
    return !std::all_of(n.output.begin(), n.output.end(), used) &&
           std::any_of(n.factors.begin(), n.factors.end(), sums);
  });
}

class Shortener {
 public:
  Expr run(Expr root) {
    for (const auto& e : topological(std::span(&root, 1))) {
      std::vector<Expr> operands;
      for (const auto& o : e->operands) operands.push_back(done_.at(o.get()));
      Expr made = rebuild(e, operands);
      for (int k = 0; k < 4; ++k) {
        const Expr shorter = made->kind == Kind::Sum       ? shorter_sum(made)
                             : made->kind == Kind::Product ? shorter_product(made)
                                                           : Expr();
        if (!shorter) break;
        made = shorter;
      }
      done_[e.get()] = made;
    }
    return done_.at(root.get());
  }

 private:
  std::unordered_map<const Node*, Expr> done_;
  Lengths lengths_;

  // Products multiplied out over their sums; only over `chosen` where it is not null. Nothing where that
  // makes too many terms.
  std::vector<Term> opened(const std::vector<Term>& terms, const Node* chosen) {
    std::vector<Term> result;
    for (const auto& t : terms) {
      const Written w = written(t);
      std::size_t at = w.factors.size();
      int exponent = 1;
      for (std::size_t k = 0; k < w.factors.size() && at == w.factors.size(); ++k) {
        const Expr e = w.factors[k].expr;
        const Rational* power = exponent_of(e);
        const Expr base = power != nullptr ? e->operands[0] : e;
        if (base->kind != Kind::Sum || (chosen != nullptr && base.get() != chosen) || is_centred(*base))
          continue;
        if (power != nullptr && !(*power == Rational(2)) && !(*power == Rational(3))) continue;
        at = k;
        exponent = power != nullptr ? static_cast<int>(power->numerator()) : 1;
      }
      if (at == w.factors.size()) {
        result.push_back({1, w.product(*t.expr->graph)});
      } else {
        const Expr e = w.factors[at].expr;
        const Expr sum = exponent > 1 ? e->operands[0] : e;
        std::vector<Term> parts;
        for (const auto& inner : sum->terms) {
          Written part = w;
          part.coefficient = part.coefficient * inner.coefficient;
          part.factors[at].expr = inner.expr;
          if (exponent > 1)
            part.factors.push_back({power(sum, Rational(exponent - 1)), w.factors[at].labels});
          parts.push_back({1, part.product(*t.expr->graph)});
        }
        if (parts.size() + result.size() > kMostTerms) return {};
        parts = opened(parts, chosen);
        if (parts.empty()) return {};
        result.insert(result.end(), parts.begin(), parts.end());
      }
      if (result.size() > kMostTerms) return {};
    }
    return result;
  }

  void offer(Expr candidate, Expr& best, int& least) {
    if (!candidate) return;
    const int length = lengths_.of(candidate);
    if (length >= least) return;
    best = candidate;
    least = length;
  }

  // The sum and its ways to be multiplied out; each made into a whole by `wrap`.
  template <class Wrap>
  void offer_opened(const std::vector<Term>& terms, Wrap wrap, Expr& best, int& least) {
    if (terms.empty()) return;
    Graph& g = *terms[0].expr->graph;
    offer(wrap(g.sum(terms)), best, least);
    std::set<const Node*> sums;
    for (const auto& t : terms) {
      for (const auto& f : written(t).factors) {
        const Expr base = f.expr->kind == Kind::Power ? f.expr->operands[0] : f.expr;
        if (base->kind == Kind::Sum && base->terms.size() <= 6) sums.insert(base.get());
      }
    }
    if (sums.empty()) return;
    const auto all = opened(terms, nullptr);
    if (!all.empty()) offer(wrap(g.sum(all)), best, least);
    if (sums.size() < 2 || sums.size() > 4) return;
    for (const Node* s : sums) {
      const auto some = opened(terms, s);
      if (!some.empty()) offer(wrap(g.sum(some)), best, least);
    }
  }

  Expr shorter_sum(Expr e) {
    const Node& n = *e;
    if (n.terms.size() > 12) return {};
    Graph& g = *n.graph;
    Expr best;
    int least = lengths_.of(e);
    if (least > 400) return {};
    offer_opened(
        n.terms, [](Expr x) { return x; }, best, least);

    // Over common denominators, all of them and each by itself.
    std::map<Key, Rational> exponents;
    std::vector<Written> terms;
    for (const auto& t : n.terms) {
      terms.push_back(written(t));
      if (!distinct(terms.back().output)) return best;
      for (const auto& f : terms.back().factors) {
        const Rational* x = exponent_of(f.expr);
        if (x == nullptr || !x->is_negative()) continue;
        Key key{f.expr->operands[0].get(), places(f.labels, terms.back().output)};
        if (!key.second.empty() && key.second[0] < 0) continue;
        if (std::set<int>(key.second.begin(), key.second.end()).size() != key.second.size()) continue;
        auto& lowest = exponents[key];
        if (*x < lowest) lowest = *x;
      }
    }
    std::erase_if(exponents, [&](const auto& entry) {
      return std::any_of(terms.begin(), terms.end(), [&](const Written& w) {
        return !(exponent_in(w, entry.first) - entry.second).is_integer();
      });
    });
    std::vector<std::vector<std::pair<Key, Rational>>> choices;
    if (!exponents.empty()) choices.emplace_back(exponents.begin(), exponents.end());
    if (exponents.size() > 1 && exponents.size() <= 4) {
      for (const auto& entry : exponents) choices.push_back({entry});
    }
    for (const auto& choice : choices) {
      std::vector<Term> above;
      for (const auto& t : terms) {
        Written w = t;
        for (const auto& [key, exponent] : choice) w = raised(std::move(w), key, -exponent);
        above.push_back({1, w.product(g)});
      }
      const auto over = [&](Expr numerator) {
        Written w = written({1, numerator});
        if (!distinct(w.output)) return Expr();
        for (const auto& [key, exponent] : choice) w = raised(std::move(w), key, exponent);
        return w.product(g);
      };
      offer_opened(above, over, best, least);
    }
    return best;
  }

  static Rational exponent_in(const Written& w, const Key& key) {
    Rational total;
    for (const auto& f : w.factors) {
      const Rational* x = exponent_of(f.expr);
      const Expr base = x != nullptr ? f.expr->operands[0] : f.expr;
      if (base.get() == key.first && places(f.labels, w.output) == key.second)
        total = total + (x != nullptr ? *x : Rational(1));
    }
    return total;
  }

  // A factor moved into a sum beside it: s*(1 - 1/s^2) = s - 1/s.
  Expr shorter_product(Expr e) {
    const Node& n = *e;
    Expr best;
    int least = lengths_.of(e);
    if (n.factors.size() > 8 || least > 400) return {};
    for (std::size_t k = 0; k < n.factors.size(); ++k) {
      const Factor& sum = n.factors[k];
      if (sum.expr->kind != Kind::Sum || sum.expr->terms.size() > 6 || !distinct(sum.labels)) continue;
      for (std::size_t m = 0; m < n.factors.size(); ++m) {
        const Factor& other = n.factors[m];
        if (m == k) continue;
        const std::vector<int> at = places(other.labels, sum.labels);
        if (!at.empty() && at[0] < 0) continue;
        // All of a power, or one of its factors: (v*g - a)/v^(3/2) = (g - a/v)/sqrt(v).
        const Rational* power_of = exponent_of(other.expr);
        const Expr base = power_of != nullptr ? other.expr->operands[0] : other.expr;
        const Rational whole = power_of != nullptr ? *power_of : Rational(1);
        for (const Rational& part : {whole, Rational(whole.is_negative() ? -1 : 1)}) {
          std::vector<Term> terms;
          for (const auto& t : sum.expr->terms) {
            Written w = written(t);
            Labels labels;
            for (const auto p : at) labels.push_back(w.output[static_cast<std::size_t>(p)]);
            w.factors.push_back({power(base, part), std::move(labels)});
            terms.push_back({1, w.product(*n.graph)});
          }
          auto factors = n.factors;
          factors[k].expr = n.graph->sum(terms);
          factors[m].expr = power(base, whole - part);
          offer(n.graph->product(n.coefficient, std::move(factors), n.output, n.label_sizes), best, least);
        }
      }
    }
    return best;
  }
};

// A contraction inside a product: which factors it takes, by the labels of its own.
class Embedding {
 public:
  Embedding(const Node& inner, const Node& whole) : inner_(inner), whole_(whole) {
    map_.assign(inner.label_sizes.size(), -1);
    used.assign(whole.factors.size(), false);
  }

  // `labels`: those of the result of the inner product.
  bool find(const Labels& labels) {
    for (std::size_t k = 0; k < labels.size(); ++k) {
      auto& m = map_[static_cast<std::size_t>(inner_.output[k])];
      if (m >= 0 && m != labels[k]) return false;
      m = labels[k];
    }
    return place(0) && closed();
  }

  std::vector<bool> used;

 private:
  bool place(std::size_t k) {
    if (k == inner_.factors.size()) return closed();
    const Factor& f = inner_.factors[k];
    for (std::size_t j = 0; j < whole_.factors.size(); ++j) {
      if (used[j] || !(whole_.factors[j].expr == f.expr)) continue;
      for (const bool turned : {false, true}) {
        if (turned && (f.labels.size() != 2 || !is_symmetric(f.expr))) continue;
        Labels to = whole_.factors[j].labels;
        if (turned) std::swap(to[0], to[1]);
        const auto restore = map_;
        bool fits = true;
        for (std::size_t a = 0; a < to.size(); ++a) {
          auto& m = map_[static_cast<std::size_t>(f.labels[a])];
          if (m < 0) m = to[a];
          fits = fits && m == to[a];
        }
        used[j] = true;
        if (fits && place(k + 1)) return true;
        used[j] = false;
        map_ = restore;
      }
    }
    return false;
  }

  // What the contraction sums is summed in the whole, over the same factors.
  [[nodiscard]] bool closed() const {
    for (std::size_t l = 0; l < map_.size(); ++l) {
      const auto label = static_cast<Label>(l);
      if (std::count(inner_.output.begin(), inner_.output.end(), label) != 0) continue;
      if (std::count(map_.begin(), map_.end(), map_[l]) != 1) return false;
      if (std::count(whole_.output.begin(), whole_.output.end(), map_[l]) != 0) return false;
      for (std::size_t j = 0; j < whole_.factors.size(); ++j) {
        const Labels& other = whole_.factors[j].labels;
        if (!used[j] && std::count(other.begin(), other.end(), map_[l]) != 0) return false;
      }
    }
    return true;
  }

  const Node& inner_;
  const Node& whole_;
  Labels map_;
};

}  // namespace

Expr with_short_fractions(Expr root) { return Shortener().run(root); }

Expr collect_contractions(Expr product) {
  const Node& n = *product;
  if (n.kind != Kind::Product) return {};
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    const Factor& f = n.factors[k];
    const Rational* exponent = exponent_of(f.expr);
    if (exponent == nullptr || f.labels.empty()) continue;
    const Node& inner = *f.expr->operands[0];
    if (inner.kind != Kind::Product || inner.factors.size() < 2 || inner.coefficient.is_zero()) continue;
    Embedding embedding(inner, n);
    embedding.used[k] = true;
    if (!embedding.find(f.labels)) continue;
    std::vector<Factor> factors;
    for (std::size_t j = 0; j < n.factors.size(); ++j) {
      if (!embedding.used[j]) factors.push_back(n.factors[j]);
    }
    factors.push_back({power(Expr(&inner), *exponent + Rational(1)), f.labels});
    return n.graph->product(n.coefficient / inner.coefficient, std::move(factors), n.output, n.label_sizes);
  }
  return {};
}

Expr with_open_differences(Expr root) {
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : topological(std::span(&root, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    Expr made = rebuild(e, operands);
    const auto broadcasts = [](const Term& t) {
      const Node& n = *t.expr;
      return n.kind == Kind::Product && std::any_of(n.output.begin(), n.output.end(), [&n](Label l) {
               return std::none_of(n.factors.begin(), n.factors.end(), [l](const Factor& f) {
                 return std::count(f.labels.begin(), f.labels.end(), l) != 0;
               });
             });
    };
    for (std::size_t k = 0; made->kind == Kind::Product && k < made->factors.size(); ++k) {
      const Node& n = *made;
      const Factor& f = n.factors[k];
      if (f.expr->kind != Kind::Sum || f.expr->terms.size() > 4 || f.labels.size() < 2) continue;
      if (!std::all_of(f.expr->terms.begin(), f.expr->terms.end(), broadcasts)) continue;
      std::vector<Term> terms;
      for (const auto& t : f.expr->terms) {
        auto factors = n.factors;
        factors[k].expr = t.expr;
        terms.push_back(
            {t.coefficient, n.graph->product(n.coefficient, std::move(factors), n.output, n.label_sizes)});
      }
      made = n.graph->sum(terms);
      break;
    }
    done.emplace(e.get(), made);
  }
  return done.at(root.get());
}

}  // namespace adjoint

#include "simplify/match.hpp"

#include <algorithm>
#include <unordered_map>

namespace adjoint {

Expr Bindings::find(Expr hole) const {
  for (const auto& [h, e] : holes) {
    if (h == hole) return e;
  }
  return {};
}

namespace {

using Next = std::function<bool()>;

bool is_hole(Expr e) { return e->kind == Kind::Variable && e->role == Role::Placeholder; }

// The u of -u or 2*u: whatever stands in its place is a multiple of something.
Expr scaled_hole(const Node& p) {
  if (p.factors.size() != 1 || !is_hole(p.factors[0].expr) || p.factors[0].labels != p.output) return {};
  if (p.coefficient.is_zero() || p.coefficient.is_one()) return {};
  for (std::size_t k = 0; k < p.output.size(); ++k) {
    if (p.output[k] != static_cast<Label>(k)) return {};
  }
  return p.factors[0].expr;
}

// The factors of a product of matrices in their order, transposed where that lines up their axes; nothing
// for any other product.
std::vector<Factor> chain(const Node& e) {
  if (e.output.size() != 2 || e.output[0] == e.output[1] || !e.coefficient.is_one()) return {};
  std::vector<Factor> links;
  std::vector<bool> used(e.factors.size(), false);
  Label at = e.output[0];
  while (links.size() < e.factors.size()) {
    std::size_t found = e.factors.size();
    for (std::size_t k = 0; k < e.factors.size(); ++k) {
      const Labels& l = e.factors[k].labels;
      if (used[k] || std::find(l.begin(), l.end(), at) == l.end()) continue;
      if (found < e.factors.size() || l.size() != 2 || l[0] == l[1]) return {};
      found = k;
    }
    if (found == e.factors.size()) return {};
    used[found] = true;
    Factor link = e.factors[found];
    if (link.labels[0] != at) link = {transposed(link.expr), {link.labels[1], link.labels[0]}};
    at = link.labels[1];
    links.push_back(std::move(link));
  }
  return at == e.output[1] ? links : std::vector<Factor>{};
}

class Matcher {
 public:
  Bindings bindings;

  // The whole of `e` is an instance of `p`; then `next`.
  bool whole(Expr p, Expr e, const Next& next) {
    if (is_hole(p)) return bind(p, e, next);
    if (p->kind != e->kind && !(p->kind == Kind::Product && scaled_hole(*p))) return false;
    switch (p->kind) {
      case Kind::Variable:
        return false;
      case Kind::Extent: {
        const auto restore = bindings.sizes;
        if (bind_size(p->extent, e->extent) && next()) return true;
        bindings.sizes = restore;
        return false;
      }
      case Kind::Power:
      case Kind::Apply:
        if (p->op != e->op || p->operands.size() != e->operands.size()) return false;
        if (p->attributes.integers != e->attributes.integers) return false;
        return operands(*p, *e, 0, [&] { return sizes_fit(*p, *e) && next(); });
      case Kind::Product: {
        if (const Expr hole = scaled_hole(*p)) return bind(hole, (Rational(1) / p->coefficient) * e, next);
        const auto links = chain(*p);
        if (links.size() == 2 && is_hole(links[0].expr) && is_hole(links[1].expr) && e->factors.size() > 2)
          return stretches(links[0].expr, links[1].expr, *e, next);
        if (p->factors.size() != e->factors.size() || p->output.size() != e->output.size() ||
            p->label_sizes.size() != e->label_sizes.size()) {
          return false;
        }
        Product state(*p, *e);
        for (std::size_t k = 0; k < p->output.size(); ++k) {
          if (!state.set(p->output[k], e->output[k])) return false;
        }
        return factors(state, 0, [&] {
          return p->coefficient == state.scale * e->coefficient && state.sums_are_closed() &&
                 state.all_used() && next();
        });
      }
      case Kind::Sum: {
        if (p->terms.size() != e->terms.size()) return false;
        std::vector<bool> used(e->terms.size(), false);
        const Rational one(1);
        return terms(*p, *e, 0, used, &one, [&](const Rational&) { return next(); });
      }
    }
    return false;
  }

  // Some of the factors of e.
  bool part_of_product(const Node& p, const Node& e, Match& result,
                       const std::function<bool(const Bindings&)>& condition) {
    if (p.factors.size() > e.factors.size()) return false;
    Product state(p, e);
    return factors(state, 0, [&] {
      if (!state.sums_are_closed() || !condition(bindings)) return false;
      result.bindings = bindings;
      const Product found = state;
      const Node* node = &e;
      const Rational coefficient = state.scale * e.coefficient / p.coefficient;
      result.wrap = [found, node, coefficient](Expr replacement) {
        std::vector<Factor> kept;
        for (std::size_t k = 0; k < node->factors.size(); ++k) {
          if (!found.used[k]) kept.push_back(node->factors[k]);
        }
        Labels labels;
        for (const auto l : found.p->output) labels.push_back(found.map[static_cast<std::size_t>(l)]);
        kept.push_back({replacement, std::move(labels)});
        return node->graph->product(coefficient, std::move(kept), node->output, node->label_sizes);
      };
      return true;
    });
  }

  // Some of the terms of e, all with one common factor to those of p.
  bool part_of_sum(const Node& p, const Node& e, Match& result,
                   const std::function<bool(const Bindings&)>& condition) {
    if (p.terms.size() > e.terms.size()) return false;
    std::vector<bool> used(e.terms.size(), false);
    return terms(p, e, 0, used, nullptr, [&](const Rational& ratio) {
      if (!condition(bindings)) return false;
      result.bindings = bindings;
      const Node* node = &e;
      result.wrap = [node, taken = used, ratio](Expr replacement) {
        std::vector<Term> kept{{ratio, replacement}};
        for (std::size_t k = 0; k < node->terms.size(); ++k) {
          if (!taken[k]) kept.push_back(node->terms[k]);
        }
        return node->graph->sum(kept);
      };
      return true;
    });
  }

 private:
  struct Product {
    const Node* p;
    const Node* e;
    std::vector<Label> map;  // labels of p to labels of e, -1 where not yet met
    std::vector<bool> used;  // factors of e
    Rational scale{1};       // of the sums among them against those of p: a sum stands for its opposite too

    Product(const Node& pattern, const Node& expr)
        : p(&pattern), e(&expr), map(pattern.label_sizes.size(), -1), used(expr.factors.size(), false) {}

    bool set(Label from, Label to) {
      auto& m = map[static_cast<std::size_t>(from)];
      if (m < 0) m = to;
      return m == to;
    }
    [[nodiscard]] bool all_used() const { return std::find(used.begin(), used.end(), false) == used.end(); }
    // An axis that the pattern sums must be summed in e over the matched factors alone, and distinct.
    [[nodiscard]] bool sums_are_closed() const {
      for (std::size_t l = 0; l < map.size(); ++l) {
        const auto is = [](Label a) { return [a](Label b) { return a == b; }; };
        if (std::any_of(p->output.begin(), p->output.end(), is(static_cast<Label>(l)))) continue;
        const Label to = map[l];
        if (std::count(map.begin(), map.end(), to) != 1) return false;
        if (std::any_of(e->output.begin(), e->output.end(), is(to))) return false;
        for (std::size_t k = 0; k < e->factors.size(); ++k) {
          if (!used[k] && std::any_of(e->factors[k].labels.begin(), e->factors[k].labels.end(), is(to)))
            return false;
        }
      }
      return true;
    }
  };

  // A longer chain as A*B: each hole takes a stretch of it; cuts near the middle come first.
  bool stretches(Expr a, Expr b, const Node& e, const Next& next) {
    const auto links = chain(e);
    std::vector<std::size_t> cuts;
    for (std::size_t k = 1; k < links.size(); ++k) cuts.push_back(k);
    const auto from_middle = [&](std::size_t k) {
      return std::max(k, links.size() - k) - std::min(k, links.size() - k);
    };
    std::stable_sort(cuts.begin(), cuts.end(),
                     [&](std::size_t k, std::size_t l) { return from_middle(k) < from_middle(l); });
    return std::any_of(cuts.begin(), cuts.end(), [&](std::size_t cut) {
      const auto middle = links.begin() + static_cast<std::ptrdiff_t>(cut);
      const Label at = middle->labels[0];
      const Expr left = e.graph->product(1, {links.begin(), middle}, {e.output[0], at}, e.label_sizes);
      const Expr right = e.graph->product(1, {middle, links.end()}, {at, e.output[1]}, e.label_sizes);
      return bind(a, left, [&] { return bind(b, right, next); });
    });
  }

  // Sizes among the attributes are given by those of the operands, which are bound by now.
  bool sizes_fit(const Node& p, const Node& e) {
    if (p.attributes.sizes.size() != e.attributes.sizes.size()) return false;
    for (std::size_t k = 0; k < p.attributes.sizes.size(); ++k) {
      Size s = p.attributes.sizes[k];
      for (const auto& [name, value] : bindings.sizes) s = s.substitute(name, value);
      if (!(s == e.attributes.sizes[k])) return false;
    }
    return true;
  }

  bool bind_size(const Size& p, const Size& e) {
    if (p.is_constant()) return p == e;
    if (p.terms().size() == 1 && p.terms()[0].first.size() == 1 && p.terms()[0].second == 1) {
      const auto [at, fresh] = bindings.sizes.emplace(p.terms()[0].first[0], e);
      return fresh || at->second == e;
    }
    return false;
  }

  bool bind(Expr hole, Expr e, const Next& next) {
    if (const Expr bound = bindings.find(hole)) return bound == e && next();
    if (hole.rank() != e.rank()) return false;
    const Facts& wanted = hole->facts;
    if (wanted.definite == Truth::Yes && !is_definite(e)) return false;
    if (wanted.semidefinite == Truth::Yes && !is_semidefinite(e)) return false;
    if (wanted.symmetric == Truth::Yes && !is_symmetric(e)) return false;
    if (wanted.orthogonal == Truth::Yes && e->facts.orthogonal != Truth::Yes) return false;
    if ((e->facts.signs.possible & ~wanted.signs.possible) != 0) return false;
    const auto restore = bindings.sizes;
    bool fits = true;
    for (std::size_t k = 0; k < e.shape().size(); ++k)
      fits = fits && bind_size(hole.shape()[k], e.shape()[k]);
    if (fits) {
      bindings.holes.emplace_back(hole, e);
      if (next()) return true;
      bindings.holes.pop_back();
    }
    bindings.sizes = restore;
    return false;
  }

  bool operands(const Node& p, const Node& e, std::size_t k, const Next& next) {
    if (k == p.operands.size()) return next();
    return whole(p.operands[k], e.operands[k], [&, k] { return operands(p, e, k + 1, next); });
  }

  // The sum e is minus the sum p.
  bool opposite(Product& s, Expr p, Expr e, const Next& next) {
    if (p->kind != Kind::Sum || e->kind != Kind::Sum || p->terms.size() != e->terms.size()) return false;
    std::vector<bool> taken(e->terms.size(), false);
    const Rational minus(-1);
    return terms(*p, *e, 0, taken, &minus, [&](const Rational&) {
      s.scale = -s.scale;
      if (next()) return true;
      s.scale = -s.scale;
      return false;
    });
  }

  bool factors(Product& s, std::size_t k, const Next& next) {
    if (k == s.p->factors.size()) return next();
    const Factor& pf = s.p->factors[k];
    for (std::size_t j = 0; j < s.e->factors.size(); ++j) {
      const Factor& ef = s.e->factors[j];
      if (s.used[j] || ef.labels.size() != pf.labels.size()) continue;
      const auto attempt = [&](Expr candidate, const Labels& labels) {
        const auto restore = s.map;
        bool fits = true;
        for (std::size_t a = 0; a < labels.size(); ++a) fits = fits && s.set(pf.labels[a], labels[a]);
        if (fits) {
          s.used[j] = true;
          const auto rest = [&] { return factors(s, k + 1, next); };
          if (opposite(s, pf.expr, candidate, rest) || whole(pf.expr, candidate, rest)) return true;
          s.used[j] = false;
        }
        s.map = restore;
        return false;
      };
      if (attempt(ef.expr, ef.labels)) return true;
      if (ef.labels.size() == 2) {
        const Labels swapped{ef.labels[1], ef.labels[0]};
        if (is_symmetric(ef.expr)) {
          if (attempt(ef.expr, swapped)) return true;
        } else if (is_hole(pf.expr)) {
          if (attempt(transposed(ef.expr), swapped)) return true;
        }
      }
    }
    return false;
  }

  bool terms(const Node& p, const Node& e, std::size_t k, std::vector<bool>& used, const Rational* ratio,
             const std::function<bool(const Rational&)>& next) {
    if (k == p.terms.size()) return next(*ratio);
    for (std::size_t j = 0; j < e.terms.size(); ++j) {
      if (used[j]) continue;
      const Rational r = e.terms[j].coefficient / p.terms[k].coefficient;
      if (ratio != nullptr && !(r == *ratio)) continue;
      used[j] = true;
      const Rational* common = ratio != nullptr ? ratio : &r;
      if (whole(p.terms[k].expr, e.terms[j].expr, [&] { return terms(p, e, k + 1, used, common, next); }))
        return true;
      used[j] = false;
    }
    return false;
  }
};

}  // namespace

bool match(Expr pattern, Expr expr, const std::function<bool(const Bindings&)>& condition, Match& result,
           bool only_whole) {
  Matcher m;
  const bool parts = !only_whole && !pattern->factors.empty();
  if (parts && pattern->kind == Kind::Product && expr->kind == Kind::Product) {
    return m.part_of_product(*pattern, *expr, result, condition);
  }
  if (pattern->kind == Kind::Sum && expr->kind == Kind::Sum) {
    return m.part_of_sum(*pattern, *expr, result, condition);
  }
  return m.whole(pattern, expr, [&] {
    if (!condition(m.bindings)) return false;
    result.bindings = m.bindings;
    result.wrap = [](Expr replacement) { return replacement; };
    return true;
  });
}

Expr instantiate(Expr pattern, const Bindings& bindings, Graph& graph) {
  const auto size = [&bindings](Size s) {
    for (const auto& name : s.names()) {
      if (const auto at = bindings.sizes.find(name); at != bindings.sizes.end()) {
        s = s.substitute(name, Size::name("\x01" + name));
      }
    }
    for (const auto& [name, value] : bindings.sizes) s = s.substitute("\x01" + name, value);
    return s;
  };
  std::unordered_map<const Node*, Expr> done;
  for (const auto& p : topological(std::span(&pattern, 1))) {
    Expr made;
    switch (p->kind) {
      case Kind::Variable:
        made = bindings.find(p);
        break;
      case Kind::Extent:
        made = graph.extent(size(p->extent));
        break;
      case Kind::Product: {
        std::vector<Factor> factors;
        for (const auto& f : p->factors) factors.push_back({done.at(f.expr.get()), f.labels});
        std::vector<Size> sizes;
        for (const auto& s : p->label_sizes) sizes.push_back(size(s));
        made = graph.product(p->coefficient, std::move(factors), p->output, std::move(sizes));
        break;
      }
      case Kind::Sum: {
        std::vector<Term> terms;
        for (const auto& t : p->terms) terms.push_back({t.coefficient, done.at(t.expr.get())});
        made = graph.sum(terms);
        break;
      }
      case Kind::Power:
        made = graph.power(done.at(p->operands[0].get()), done.at(p->operands[1].get()));
        break;
      case Kind::Apply: {
        std::vector<Expr> operands;
        for (const auto& o : p->operands) operands.push_back(done.at(o.get()));
        Attributes a = p->attributes;
        for (auto& s : a.sizes) s = size(s);
        made = graph.apply(*p->op, std::move(operands), std::move(a));
        break;
      }
    }
    done.emplace(p.get(), made);
  }
  return done.at(pattern.get());
}

}  // namespace adjoint

// How much an array changes with the variable: sums, linear maps by their norms, functions by their slopes.
#include <algorithm>
#include <map>
#include <set>

#include "analysis/bounds.hpp"
#include "analysis/forms.hpp"
#include "analysis/linear_rules.hpp"
#include "analysis/supremum.hpp"
#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/reductions.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

bool is_in(Label l, const Labels& labels) {
  return std::find(labels.begin(), labels.end(), l) != labels.end();
}

Bound finite(Expr value) {
  Bound b;
  b.kind = Bound::Kind::Finite;
  b.value = value;
  return b;
}

void append(std::vector<ProofLine>& to, const std::vector<ProofLine>& lines) {
  for (const auto& l : lines) {
    const bool known = std::any_of(
        to.begin(), to.end(), [&l](const ProofLine& k) { return k.rule == l.rule && k.bound == l.bound; });
    if (!known) to.push_back(l);
  }
}

// Of an array with axes `all` made of factors: at most the product of their norms (Cauchy-Schwarz over shared
// labels; a sum over the label of one factor alone is a further one).
Expr product_of_norms(const std::vector<Factor>& members, const Labels& all, const Node& n) {
  Expr total = n.graph->number(1);
  std::map<Label, int> uses;
  for (const auto& f : members) {
    total = times(total, norm(f.expr));
    for (const auto l : std::set<Label>(f.labels.begin(), f.labels.end())) ++uses[l];
  }
  for (const auto& [l, count] : uses) {
    if (count == 1 && !is_in(l, all))
      total = times(total, sqrt(n.graph->extent(n.label_sizes[static_cast<std::size_t>(l)])));
  }
  return total;
}

// The norm of X -> sum of (the other factors) * X over the labels that the result lacks. The factors fall
// into parts that share labels with no other part; the norm of a tensor product of maps is the product of
// their norms.
Expr contraction_norm(const Node& n, std::size_t moving, std::vector<ProofLine>& proof) {
  Graph& g = *n.graph;
  const Labels& in = n.factors[moving].labels;
  Expr total = g.number(n.coefficient.absolute());
  std::vector<std::size_t> rest;
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    if (k != moving) rest.push_back(k);
  }
  std::map<std::size_t, std::size_t> parent;
  for (const auto k : rest) parent[k] = k;
  const auto root = [&parent](std::size_t k) {
    while (parent[k] != k) k = parent[k];
    return k;
  };
  for (const auto a : rest) {
    for (const auto b : rest) {
      for (const auto l : n.factors[a].labels) {
        if (is_in(l, n.factors[b].labels)) parent[root(a)] = root(b);
      }
    }
  }
  std::map<std::size_t, std::vector<Factor>> parts;
  for (const auto k : rest) parts[root(k)].push_back(n.factors[k]);
  std::set<Label> met;
  for (const auto& [key, members] : parts) {
    Labels consumed, produced, kept;
    for (const auto& f : members) {
      for (const auto l : f.labels) {
        if (!met.insert(l).second) continue;
        const bool is_input = is_in(l, in);
        const bool is_output = is_in(l, n.output);
        if (is_input && is_output) kept.push_back(l);
        if (is_input && !is_output) consumed.push_back(l);
        if (!is_input && is_output) produced.push_back(l);
      }
    }
    Labels all = produced;
    all.insert(all.end(), consumed.begin(), consumed.end());
    all.insert(all.end(), kept.begin(), kept.end());
    const Expr m = simplify(g.product(1, members, all, n.label_sizes));
    Expr norm_of_part;
    if (all.empty()) {
      norm_of_part = magnitude(m);
    } else if (consumed.empty() && produced.empty()) {
      norm_of_part = maximum(abs(m));
      proof.push_back({"an entrywise factor: the norm is its largest absolute value", norm_of_part});
    } else if (kept.empty() && consumed.size() == 1 && produced.size() == 1) {
      norm_of_part = matrix_norm(m);
      proof.push_back({"a linear map: the norm is the spectral norm of its matrix", norm_of_part});
    } else if (all.size() <= 2) {
      norm_of_part = norm(m);
      proof.push_back({"the Cauchy-Schwarz inequality", norm_of_part});
    } else {
      norm_of_part = product_of_norms(members, all, n);
      proof.push_back({"the Cauchy-Schwarz inequality", norm_of_part});
    }
    total = times(total, norm_of_part);
  }
  // Labels that meet no other factor: sums, diagonals, broadcasts.
  const auto root_of_size = [&g](const Size& s) { return sqrt(g.extent(s)); };
  std::set<Label> counted;
  for (const auto l : in) {
    if (!counted.insert(l).second) continue;
    if (!is_in(l, n.output) && met.count(l) == 0) {  // summed
      const Expr c = root_of_size(n.label_sizes[static_cast<std::size_t>(l)]);
      total = times(total, c);
      proof.push_back({"a sum over entries: the square root of their number", c});
    }
  }
  for (const auto l : n.output) {
    if (!counted.insert(l).second || is_in(l, in) || met.count(l) != 0) continue;
    const Expr c = root_of_size(n.label_sizes[static_cast<std::size_t>(l)]);
    total = times(total, c);
    proof.push_back({"copies: the square root of their number", c});
  }
  return total;
}

class Change {
 public:
  Change(Curvatures& curvatures, Ranges& ranges) : curvatures_(curvatures), ranges_(ranges) {}

  Bound of(Expr e) {
    Graph& g = e.graph();
    if (!curvatures_.depends(e)) return finite(g.number(0));
    const Node& n = *e;
    switch (n.kind) {
      case Kind::Variable:
        return finite(g.number(1));
      case Kind::Sum:
        return sum(n);
      case Kind::Product:
        return product(n);
      case Kind::Power:
        return power(n);
      case Kind::Apply:
        return apply(n);
      case Kind::Extent:
        break;
    }
    return Bound::unknown();
  }

 private:
  static Bound scaled(Bound inner, Expr factor) {
    if (!inner.is_finite()) return inner;
    inner.value = times(inner.value, factor);
    if (inner.simple) inner.simple = times(inner.simple, factor);
    return inner;
  }

  Bound sum(const Node& n) {
    Bound total = finite(n.graph->number(0));
    Expr simple = total.value;
    bool simpler = false;
    int moving = 0;
    for (const auto& t : n.terms) {
      if (!curvatures_.depends(t.expr)) continue;
      ++moving;
      const Bound b = scaled(of(t.expr), n.graph->number(t.coefficient.absolute()));
      if (!b.is_finite()) return b;
      total.value = total.value + b.value;
      simple = simple + (b.simple ? b.simple : b.value);
      simpler = simpler || b.simple;
      append(total.proof, b.proof);
    }
    if (simpler) total.simple = simple;
    if (moving > 1) total.proof.push_back({"a sum: the sum of the bounds", total.value});
    return total;
  }

  Bound product(const Node& n) {
    std::vector<std::size_t> moving;
    for (std::size_t k = 0; k < n.factors.size(); ++k) {
      if (curvatures_.depends(n.factors[k].expr)) moving.push_back(k);
    }
    if (moving.size() == 1) {
      Bound inner = of(n.factors[moving[0]].expr);
      if (!inner.is_finite()) return inner;
      return scaled(inner, contraction_norm(n, moving[0], inner.proof));
    }
    // Entrywise bounded factors: the product rule.
    if (moving.size() != 2) return Bound::unknown();
    const Factor& a = n.factors[moving[0]];
    const Factor& b = n.factors[moving[1]];
    if (a.labels != b.labels || a.labels != n.output || n.factors.size() != 2) return Bound::unknown();
    const double high_a = ranges_.of(a.expr).magnitude();
    const double high_b = ranges_.of(b.expr).magnitude();
    if (high_a > 1e300 || high_b > 1e300) return Bound::unknown();
    const Bound first = of(a.expr);
    const Bound second = of(b.expr);
    if (!first.is_finite() || !second.is_finite()) return Bound::unknown();
    Graph& g = *n.graph;
    const auto number = [&g](double v) { return g.number(Rational::inexact(v)); };
    Bound r = finite(times(g.number(n.coefficient.absolute()),
                           times(number(high_b), first.value) + times(number(high_a), second.value)));
    append(r.proof, first.proof);
    append(r.proof, second.proof);
    r.proof.push_back({"a product of bounded factors", r.value});
    return r;
  }

  // u.^e where the slope e*u^(e-1) is bounded on the range of u.
  Bound power(const Node& n) {
    const Rational* e = as_number(n.operands[1]);
    if (e == nullptr) return Bound::unknown();
    const Expr hole = n.graph->variable("b", {}, Facts::unknown(), Role::Placeholder);
    Ranges ranges(Assumptions{}.with(hole, ranges_.of(n.operands[0])));
    const double slope = ranges.of(*e * n.graph->power(hole, n.graph->number(*e - Rational(1)))).magnitude();
    if (!(slope < 1e300)) return Bound::unknown();
    Bound b = scaled(of(n.operands[0]), n.graph->number(Rational::inexact(slope)));
    if (b.is_finite()) b.proof.push_back({"a power of bounded slope", b.value});
    return b;
  }

  Bound apply(const Node& n) {
    Graph& g = *n.graph;
    const Record& record = record_of(n);
    int operand = -1;
    int count = 0;
    for (std::size_t k = 0; k < n.operands.size(); ++k) {
      if (!curvatures_.depends(n.operands[k])) continue;
      operand = static_cast<int>(k);
      ++count;
    }
    if (count > 1) {
      // Blocks and maxima: no more than all operands together.
      const bool blocks = record.linear_in(0) && record.linear_in(1);
      if (!blocks && !(record.bounds.value.slope && *record.bounds.value.slope <= 1)) return Bound::unknown();
      Expr squares = g.number(0);
      Bound total = finite(squares);
      for (const auto& o : n.operands) {
        const Bound b = of(o);
        if (!b.is_finite()) return b;
        squares = squares + square(b.value);
        append(total.proof, b.proof);
      }
      total.value = sqrt(squares);
      total.proof.push_back({spoken_name(record) + " of several: the norm of the bounds", total.value});
      return total;
    }
    Bound inner = of(n.operands[static_cast<std::size_t>(operand)]);
    if (!inner.is_finite()) return inner;
    if (record.linear_in(operand)) {
      const MapNorm m = map_norm(n, operand);
      if (!m.norm) return Bound::unknown();
      const Bound before = inner;
      inner = scaled(inner, m.norm);
      if (m.simple) inner.simple = times(before.simple ? before.simple : before.value, m.simple);
      if (!m.rule.empty()) inner.proof.push_back({m.rule, m.norm});
      return inner;
    }
    if (const Expr slope = slope_of(n, ranges_)) {
      inner = scaled(inner, slope);
      inner.proof.push_back({spoken_name(record) + ": its slope is at most", slope});
      return inner;
    }
    return Bound::unknown();
  }

  Curvatures& curvatures_;
  Ranges& ranges_;
};

}  // namespace

Bound change_bound(Expr e, Expr /*variable*/, Curvatures& curvatures, Ranges& ranges) {
  Bound b = Change(curvatures, ranges).of(e);
  if (b.is_finite()) {
    b.value = simplify(b.value);
    if (b.simple) b.simple = simplify(b.simple);
    if (b.simple == b.value) b.simple = Expr();
  }
  return b;
}

}  // namespace adjoint

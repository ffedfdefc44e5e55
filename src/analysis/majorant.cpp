#include "analysis/majorant.hpp"

#include <cmath>

#include "analysis/supremum.hpp"
#include "ops/elementwise.hpp"
#include "ops/record.hpp"

namespace adjoint {

Expr majorant(Expr w, Expr t, Expr radius, Ranges& ranges) {
  Graph& g = w.graph();
  if (w == t) return radius;
  if (!depends_on(w, t)) return magnitude(w);
  const Node& n = *w;
  switch (n.kind) {
    case Kind::Sum: {
      std::vector<Term> terms;
      for (const auto& k : n.terms) {
        const Expr m = majorant(k.expr, t, radius, ranges);
        if (!m) return {};
        terms.push_back({k.coefficient.absolute(), m});
      }
      return g.sum(terms);
    }
    case Kind::Product: {
      Expr total = g.number(n.coefficient.absolute());
      for (const auto& f : n.factors) {
        if (!f.labels.empty()) return {};
        const Expr m = majorant(f.expr, t, radius, ranges);
        if (!m) return {};
        total = times(total, m);
      }
      return total;
    }
    case Kind::Power: {
      if (depends_on(n.operands[1], t)) return {};
      const Range e = ranges.of(n.operands[1]);
      if (e.is_nonnegative()) {
        const Expr m = majorant(n.operands[0], t, radius, ranges);
        return m ? g.power(m, n.operands[1]) : m;
      }
      if (!e.is_nonpositive()) return {};
      const Expr m = minorant(n.operands[0], t, radius, ranges);
      return m ? g.power(m, n.operands[1]) : m;
    }
    case Kind::Apply: {
      const Record& r = record_of(n);
      if (r.partial.value == nullptr || n.operands.size() != 1) return {};
      const Range all = ranges.of(w);
      const Expr inner = majorant(n.operands[0], t, radius, ranges);
      if (std::isfinite(all.magnitude())) return g.number(rounded_up(all.magnitude()));
      // Increasing with |f(-t)| <= f(t) on the positive numbers: the value at the radius.
      const bool dominated = n.op->name == "exp" || n.op->name == "softplus" || n.op->name == "expm1" ||
                             n.op->name == "sinh" || n.op->name == "cosh" || n.op->name == "abs" ||
                             n.op->name == "relu";
      if (inner && n.op->name == "abs") return inner;
      return inner && dominated ? g.apply(*n.op, {inner}, n.attributes) : Expr();
    }
    case Kind::Variable:
    case Kind::Extent:
      break;
  }
  return {};
}

Expr minorant(Expr w, Expr t, Expr radius, Ranges& ranges) {
  Graph& g = w.graph();
  if (!depends_on(w, t)) return ranges.of(w).is_positive() ? w : Expr();
  const Node& n = *w;
  if (n.kind == Kind::Sum) {
    std::vector<Term> terms;
    for (const auto& k : n.terms) {
      const bool nonnegative = !k.coefficient.is_negative() && ranges.of(k.expr).is_nonnegative();
      if (!nonnegative) return {};
      if (const Expr m = minorant(k.expr, t, radius, ranges)) terms.push_back({k.coefficient, m});
    }
    return terms.empty() ? Expr() : g.sum(terms);
  }
  if (n.kind == Kind::Product && !n.coefficient.is_negative()) {
    Expr total = g.number(n.coefficient);
    for (const auto& f : n.factors) {
      const Expr m = f.labels.empty() ? minorant(f.expr, t, radius, ranges) : Expr();
      if (!m) return {};
      total = times(total, m);
    }
    return total;
  }
  if (n.kind == Kind::Power && !depends_on(n.operands[1], t)) {
    const Range e = ranges.of(n.operands[1]);
    if (e.is_nonnegative()) {
      const Expr m = minorant(n.operands[0], t, radius, ranges);
      return m ? g.power(m, n.operands[1]) : m;
    }
    if (e.is_nonpositive() && ranges.of(n.operands[0]).is_nonnegative()) {
      const Expr m = majorant(n.operands[0], t, radius, ranges);
      return m ? g.power(m, n.operands[1]) : m;
    }
  }
  if (n.kind == Kind::Apply && n.op->name == "exp") {
    const Expr m = majorant(n.operands[0], t, radius, ranges);
    return m ? exp(-m) : m;
  }
  const Range v = ranges.of(w);
  return v.lower > 0 && std::isfinite(v.lower) ? g.number(Rational::inexact(v.lower)) : Expr();
}

}  // namespace adjoint

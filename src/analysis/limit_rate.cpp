#include "analysis/limit_rate.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/limit_rules.hpp"
#include "analysis/separable.hpp"
#include "analysis/supremum.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

std::vector<Term> terms_of(Expr f) {
  if (f->kind == Kind::Sum) return f->terms;
  return {{1, f}};
}

// factor = c * parameter^k with k > -1, integrated from 0.
Expr integrated(Expr factor, Expr parameter) {
  for (int k = 0; k <= 8; ++k) {
    const Expr rest = simplify(times(factor, power(parameter, Rational(-k, 2))));
    if (depends_on(rest, parameter)) continue;
    const Rational up = Rational(k, 2) + Rational(1);
    return times(Rational(1) / up * rest, power(parameter, up));
  }
  return {};
}

Expr count_of(Expr array) {
  Expr count = array.graph().number(1);
  for (const auto& s : array.shape()) count = times(count, array.graph().extent(s));
  return count;
}

}  // namespace

void find_rate(Expr f, Expr parameter, Expr variable, Limit& limit, const Assumptions& assumptions) {
  Graph& g = f.graph();
  Ranges ranges(assumptions);
  Curvatures curvatures({variable}, ranges);
  Expr total = g.number(0);
  bool above = true, below = true;
  try {
    for (const auto& t : terms_of(f)) {
      const Expr term = t.coefficient * t.expr;
      if (!depends_on(term, parameter)) continue;
      for (const auto& e : topological(std::span(&term, 1))) {  // the theorem asks for continuity
        if (e->kind == Kind::Apply && depends_on(e, parameter) && !is_continuous(*e, parameter)) return;
      }
      const auto one = one_number(term, curvatures);
      if (!one || (one->matrix && depends_on(one->matrix, parameter)) ||
          depends_on(one->argument, parameter) || (one->weights && depends_on(one->weights, parameter)))
        return;
      const Expr slope = simplify(gradient(times(one->weight, one->phi), parameter));
      const Range domain =
          one->kind == OneNumber::Kind::Radial ? Range::of(Signs::nonnegative()) : ranges.of(one->argument);
      Expr largest_change;
      Range values;
      for (const Expr form : equal_forms(slope)) {
        const Scaled s = scaled_out(form, one->t);
        if (depends_on(s.core, parameter)) continue;
        values = certified_range(s.core, one->t, domain, assumptions);
        if (!values.is_bounded()) {
          const Supremum sup = supremum_of(s.core, one->t, domain, assumptions);
          if (sup.kind != Supremum::Kind::Finite) continue;
          largest_change = times(magnitude(s.factor), sup.bound);
        } else {
          const Supremum sup = supremum_of(s.core, one->t, domain, assumptions);
          largest_change = times(magnitude(s.factor), sup.kind == Supremum::Kind::Finite
                                                          ? sup.bound
                                                          : g.number(rounded_up(values.magnitude())));
        }
        if (ranges.of(s.factor).is_nonpositive()) values = -values;
        break;
      }
      if (!largest_change) return;
      Expr change = integrated(simplify(largest_change), parameter);
      if (!change) return;
      if (one->weights) {
        change = times(change, sum_all(abs(one->weights)));
        above = above && ranges.of(one->weights).is_nonnegative();
        below = below && ranges.of(one->weights).is_nonnegative();
      } else if (one->kind == OneNumber::Kind::Entries) {
        change = times(change, count_of(one->argument));
      }
      above = above && values.is_nonnegative();
      below = below && values.is_nonpositive();
      total = total + change;
    }
  } catch (const std::runtime_error&) {
    return;
  }
  total = simplify(total);
  if (is_zero(total)) return;  // nothing moved, as far as this sees
  limit.rate = total;
  limit.from_above = above;
  limit.from_below = below;
  limit.uniform = Truth::Yes;
  limit.proof.push_back({"the mean value theorem in the parameter", limit.rate});
}

void named_rate(Expr f, Expr parameter, const Target& target, Limit& limit) {
  if (limit.kind != Limit::Kind::Finite || limit.rate) return;
  Graph& g = f.graph();
  if (target.is_zero()) {
    // parameter*F(u/parameter), alone or summed over entries.
    const Node& n = *f;
    if (n.kind != Kind::Product || !n.coefficient.is_one()) return;
    Expr grows;
    bool scaled = false;
    for (const auto& factor : n.factors) {
      if (factor.expr == parameter) {
        scaled = true;
        continue;
      }
      if (grows || !depends_on(factor.expr, parameter)) return;
      grows = factor.expr;
    }
    if (grows && grows->kind == Kind::Product && grows->factors.size() == 1 && grows->coefficient.is_one())
      grows = grows->factors[0].expr;
    if (!scaled || !grows || grows->kind != Kind::Apply || n.factors.size() > 2) return;
    Expr within = grows->operands[0];
    if (grows->op->name == "log" && within->kind == Kind::Apply) within = within->operands[0];
    const Expr direction = simplify(times(parameter, within));
    if (depends_on(direction, parameter)) return;
    const auto r = recession(*grows, direction);
    if (!r) return;
    limit.rate = simplify(
        times(times(parameter, count_of(grows)), r->gap->facts.signs.is_nonpositive() ? -r->gap : r->gap));
    const bool negative = r->gap->kind == Kind::Product && r->gap->coefficient.is_negative();
    if (negative) limit.rate = simplify(times(times(parameter, count_of(grows)), -r->gap));
    limit.from_above = !negative;
    limit.from_below = negative;
    limit.uniform = Truth::Yes;
    limit.proof.push_back({"the distance of a function from its recession function", limit.rate});
    return;
  }
  // n^(1/p-1)*norm(x,1) <= norm(x,p) <= norm(x,1)
  if (f->kind == Kind::Apply && f->op->name == "norm_p" && f->operands[1] == parameter && target.number &&
      as_number(target.number) != nullptr && as_number(target.number)->is_one()) {
    const Expr n = count_of(f->operands[0]);
    limit.rate = times(g.number(1) - g.power(n, power(parameter, Rational(-1)) - g.number(1)), limit.value);
    limit.from_below = true;
    limit.proof.push_back(
        {"n^(1/p-1)*norm(x,1) <= norm(x,p) <= norm(x,1): uniform on bounded sets", limit.rate});
  }
  if (f->kind == Kind::Apply && f->op->name == "norm_p" && f->operands[1] == parameter &&
      target.kind == Target::Kind::PlusInfinity) {
    const Expr n = count_of(f->operands[0]);
    limit.rate = times(g.power(n, power(parameter, Rational(-1))) - g.number(1), limit.value);
    limit.from_above = true;
    limit.proof.push_back(
        {"norm(x,inf) <= norm(x,p) <= n^(1/p)*norm(x,inf): uniform on bounded sets", limit.rate});
  }
}

void fill_cases(Expr f, Expr parameter, const Target& target, Expr variable, Limit& gradient_limit,
                const Assumptions& assumptions) {
  if (gradient_limit.cases.empty() || gradient_limit.kind != Limit::Kind::Finite) return;
  Ranges ranges(assumptions);
  Curvatures curvatures({variable}, ranges);
  const auto one = one_number(f, curvatures);
  if (!one || one->kind != OneNumber::Kind::Entries || depends_on(one->argument, parameter)) return;
  if (!smooth_where(one->phi, {one->t}, assumptions).empty()) return;  // at 0 there may be no derivative
  Graph& g = f.graph();
  try {
    const Expr slope = simplify(gradient(one->phi, one->t));
    const std::pair<Expr, Expr> put{one->t, g.number(0)};
    const Expr at_zero = simplify(substitute(slope, std::span(&put, 1)));
    const Limits l = limit_of(at_zero, parameter, target, {}, assumptions);
    if (l.value.kind != Limit::Kind::Finite || !l.value.cases.empty()) return;
    for (auto& c : gradient_limit.cases) {
      if (c.where.predicate == Condition::NonZero && c.where.operand == one->argument)
        c.otherwise = times(one->weight, l.value.value);
    }
  } catch (const std::runtime_error&) {
  }
}

}  // namespace adjoint

#include "analysis/convexity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/continuity.hpp"
#include "analysis/curvature.hpp"
#include "analysis/forms.hpp"
#include "analysis/second_order.hpp"
#include "analysis/strength.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

bool is_convex_set(const std::vector<Expr>& variables) {
  return std::none_of(variables.begin(), variables.end(), [](Expr v) {
    return v->facts.orthogonal == Truth::Yes ||
           (!v->facts.signs.is_nonnegative() && !v->facts.signs.is_nonpositive() &&
            v->facts.signs.is_nonzero());
  });
}

// 1 - x > 0 says x < 1; abs(x) <= 1 says -1 <= x <= 1.
void bound_variable(Assumptions& inside, const Requirement& r, const std::vector<Expr>& variables) {
  const bool unit = r.predicate == Condition::InUnit || r.predicate == Condition::InsideUnit;
  const bool strict = r.predicate == Condition::Positive || r.predicate == Condition::InsideUnit;
  const bool sign = r.predicate == Condition::Positive || r.predicate == Condition::NonNegative;
  if (!unit && !sign) return;
  Expr v = r.operand;
  Rational slope(1), shift(0);
  if (v->kind == Kind::Sum && v->terms.size() == 2) {
    for (const std::size_t k : {0U, 1U}) {
      const Expr c = v->terms[k].expr;
      if (c->kind != Kind::Product || !c->factors.empty()) continue;
      shift = v->terms[k].coefficient * c->coefficient;
      slope = v->terms[1 - k].coefficient;
      v = v->terms[1 - k].expr;
      break;
    }
  }
  if (std::find(variables.begin(), variables.end(), v) == variables.end()) return;
  const auto edge = [&](const Rational& c) { return ((c - shift) / slope).value(); };  // slope*v + shift = c
  const auto down = [](double e) { return std::nextafter(e, -std::numeric_limits<double>::infinity()); };
  const auto is_exact = [](double e) { return e == std::floor(e) && std::fabs(e) < 1e9; };
  Range range;
  const bool lower_end = unit || !slope.is_negative();
  const bool upper_end = unit || slope.is_negative();
  const Rational low = unit ? (slope.is_negative() ? Rational(1) : Rational(-1)) : Rational(0);
  if (lower_end) {
    const double e = edge(low);
    range.lower = is_exact(e) ? e : down(e);
    range.open_lower = strict;
  }
  if (upper_end) {
    const double e = edge(unit ? -low : Rational(0));
    range.upper = is_exact(e) ? e : -down(-e);
    range.open_upper = strict;
  }
  inside = inside.with(v, range);
}

// Convexity of f, or (`negated`) of -f.
class Search {
 public:
  Search(Expr f, const std::vector<Expr>& variables, const Assumptions& assumptions, bool negated)
      : f_(f),
        simple_(simplify(f)),
        variables_(variables),
        assumptions_(assumptions),
        ranges_(assumptions),
        curvatures_(variables, ranges_),
        negated_(negated) {}

  Verdict certify(const SecondDerivative& d, const Domain& domain) {
    Verdict found = Verdict::Unknown;
    const Curvature c = by_rules();
    if (negated_ ? is_concave(c) : is_convex(c)) {
      found = Verdict::Yes;
      proof = curvatures_.rules();  // of the form that succeeded
      if (is_affine(c)) {
        proof = {"affine"};
        return found;
      }
    }
    const bool smooth = domain.differentiable_known && domain.twice_known &&
                        is_convex_domain(domain.twice, variables_, assumptions_) && closes(domain);
    if (smooth && !d.forms.empty()) {
      const Form form = sign_of_form(d, negated_, assumptions_);
      if (form != Form::Unknown) {
        proof.emplace_back(form == Form::Positive ? "the second derivative is a positive sum of squares"
                                                  : "the second derivative is a sum of squares");
        found = form == Form::Positive ? Verdict::Strictly : std::max(found, Verdict::Yes);
      }
    }
    auto hessian = domain.twice.empty() && domain.twice_known ? constant_hessian(d) : std::nullopt;
    if (!hessian && domain.twice.empty() && domain.twice_known && variables_.size() == 1)
      hessian = exact_hessian(simple_, variables_[0]);
    if (hessian) {
      NumberMatrix m = *hessian;
      for (auto& row : m) {
        for (auto& entry : row) entry = negated_ ? -entry : entry;
      }
      if (const auto least = least_eigenvalue_bound(m)) {
        proof.emplace_back("a quadratic function with a positive semi-definite Hessian");
        found = std::max(found, Verdict::Yes);
        if (!least->is_zero()) {
          modulus = *least * simple_.graph().number(1);
          return Verdict::Strongly;
        }
        return found;
      }
    }
    if (found == Verdict::Unknown) return found;
    Strength strength(variables_, ranges_, curvatures_);
    const Expr g = distributed(negated_ ? -simple_ : simple_);
    if (found == Verdict::Yes && strength.is_strict(g)) {
      found = Verdict::Strictly;
      proof.emplace_back("a strictly convex part");
    }
    if ((modulus = strength.modulus(g))) {
      found = Verdict::Strongly;
      proof.emplace_back("a strongly convex part");
    }
    return found;
  }

  std::vector<std::string> proof;
  Expr modulus;

 private:
  // Where it is twice differentiable only inside, it is defined at most at the edges of that, and does not
  // jump there.
  bool closes(const Domain& domain) {
    for (const auto& r : domain.twice) {
      const auto same = [&r](const Requirement& d) { return d.operand == r.operand && !d.guard == !r.guard; };
      if (std::any_of(domain.defined.begin(), domain.defined.end(), same)) continue;
      const bool edge = r.operand.rank() == 2 && is_semidefinite(r.operand);
      if (!edge && !ranges_.of(r.operand).is_nonnegative()) return false;
    }
    const auto jumps = continuous_where(simple_, assumptions_);
    return jumps && jumps->empty();
  }

  // The simplified form first; the form as it stands and the factored one may hide less.
  Curvature by_rules() {
    for (const Expr form : {simple_, f_, factored(simple_)}) {
      const Curvature c = curvatures_.of(form);
      if (negated_ ? is_concave(c) : is_convex(c)) return c;
    }
    return Curvature::Unknown;
  }

  Expr f_, simple_;
  std::vector<Expr> variables_;
  Assumptions assumptions_;
  Ranges ranges_;
  Curvatures curvatures_;
  bool negated_;
};

// f at the middle of random points above the mean of its values.
std::string midpoint_violation(Expr f, const std::vector<Expr>& variables, bool negated, const Probe& probe) {
  if (!probe) return {};
  Graph& g = f.graph();
  Twins other;
  std::vector<std::pair<Expr, Expr>> middle;
  for (const auto& v : variables) {
    const Expr y = g.variable(v->name() + "_2", v.shape(), v->facts);
    other.emplace_back(v, y);
    middle.emplace_back(v, Rational(1, 2) * (v + y));
  }
  const Expr fy = substitute(f, other);
  const Expr fm = substitute(f, middle);
  const Rational sign = negated ? -1 : 1;
  const Expr excess = sign * (fm - Rational(1, 2) * (f + fy));
  const Expr scale = g.number(1) + power(f, Rational(2)) + power(fy, Rational(2)) + power(fm, Rational(2));
  for (unsigned seed = 1; seed <= 40; ++seed) {
    const auto e = probe(excess, other, seed);
    const auto s = probe(scale, other, seed);
    if (e && s && *e > 1e-6 * std::max(1.0, *s)) {
      return "the value at the middle of two points is " + std::string(negated ? "below" : "above") +
             " the mean of their values";
    }
  }
  return {};
}

bool are_among(const std::vector<Requirement>& some, const std::vector<Requirement>& all) {
  return std::all_of(some.begin(), some.end(), [&all](const Requirement& r) {
    return std::any_of(all.begin(), all.end(), [&r](const Requirement& o) {
      return r.predicate == o.predicate && r.operand == o.operand && r.other == o.other &&
             r.guard == o.guard && r.guard_holds == o.guard_holds;
    });
  });
}

}  // namespace

std::string_view verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::Unknown:
      return "unknown";
    case Verdict::No:
      return "no";
    case Verdict::Yes:
      return "yes";
    case Verdict::Strictly:
      return "strictly";
    case Verdict::Strongly:
      return "strongly";
  }
  return "unknown";
}

Convexity convexity_of(Expr f, const std::vector<Expr>& variables, const Assumptions& assumptions,
                       const Probe& probe, std::span<const Written> written) {
  Convexity answer;
  if (f.rank() != 0 || variables.empty()) return answer;
  const Domain domain = domain_of(f, variables, assumptions, 2, written);
  const SecondDerivative d = second_derivative(f, variables);
  if (is_convex_set(variables) && !domain.empty && is_convex_domain(domain.defined, variables, assumptions)) {
    // The certificate is for the domain: there its conditions hold.
    Assumptions inside = assumptions;
    for (const auto& r : domain.defined) {
      if (r.guard) continue;
      if (r.predicate == Condition::Positive) inside = inside.with(r.operand, Range::of(Signs::positive()));
      if (r.predicate == Condition::NonNegative)
        inside = inside.with(r.operand, Range::of(Signs::nonnegative()));
      bound_variable(inside, r, variables);
    }
    Search up(f, variables, inside, false);
    answer.convex = up.certify(d, domain);
    Search down(f, variables, inside, true);
    answer.concave = down.certify(d, domain);
    answer.modulus = up.modulus ? up.modulus : down.modulus;
    answer.proof = answer.convex != Verdict::Unknown ? up.proof : down.proof;
  }
  // Where more was written than f shows, a value of f does not say that the point is in the domain.
  const bool values_tell = are_among(domain.defined, defined_where(f, assumptions));
  const auto refute = [&](Verdict& verdict, Verdict other, bool negated) {
    if (verdict != Verdict::Unknown) return;
    if (other == Verdict::Strictly || other == Verdict::Strongly) {
      verdict = Verdict::No;
      (negated ? answer.concave_reason : answer.reason) = negated ? "strictly convex" : "strictly concave";
      return;
    }
    std::string reason = negative_somewhere(d, negated, f, domain.defined, assumptions);
    if (reason.empty()) reason = bends_wrongly(f, variables, negated, domain.defined, assumptions);
    if (reason.empty() && values_tell) reason = midpoint_violation(f, variables, negated, probe);
    if (reason.empty()) return;
    verdict = Verdict::No;
    (negated ? answer.concave_reason : answer.reason) = std::move(reason);
  };
  refute(answer.convex, answer.concave, false);
  refute(answer.concave, answer.convex, true);
  return answer;
}

}  // namespace adjoint

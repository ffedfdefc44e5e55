// Curvature of matrices in the Loewner order, of logarithms, and of sums of squares.
#include <algorithm>

#include "analysis/curvature.hpp"
#include "analysis/domain.hpp"
#include "analysis/forms.hpp"
#include "analysis/piecewise.hpp"
#include "analysis/separable.hpp"
#include "analysis/supremum.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

using C = Curvature;

bool contracts(const Node& n) {  // sums over an axis
  return std::any_of(n.factors.begin(), n.factors.end(), [&n](const Factor& f) {
    return std::any_of(f.labels.begin(), f.labels.end(), [&n](Label l) {
      return std::find(n.output.begin(), n.output.end(), l) == n.output.end();
    });
  });
}

}  // namespace

namespace {

// The sign of the second derivative: at a glance, or by branch and bound where no point speaks against it.
Range bend_of(Expr second, Expr t, const Range& domain, const Assumptions& assumptions) {
  Ranges over(assumptions.with(t, domain));
  const Range glance = over.of(second);
  if (glance.is_nonnegative() || glance.is_nonpositive()) return glance;
  if (topological(std::span(&second, 1)).size() > 40) return Range::all();  // too large to search
  bool up = false, down = false;
  for (const double v : {0.3, -0.3, 2.0, -2.0, 15.0, -15.0, 0.01}) {
    if (!(domain.lower < v && v < domain.upper)) continue;
    Ranges at(assumptions.with(t, Range::point(v)));
    const Range value = at.of(second);
    up = up || value.upper > 0;
    down = down || value.lower < 0;
    if (up && down) return Range::all();
  }
  return certified_range(second, t, domain, assumptions);
}

}  // namespace

// An entrywise function of one affine expression, or a function of the norm of one: by the sign of its second
// derivative piece by piece, and of what its slope does where two pieces meet. One of a norm must not
// decrease (increase) where it is convex (concave).
C Curvatures::of_one_number(Expr e) {
  if (e->kind == Kind::Variable) return C::Unknown;
  auto one = entrywise_function(e, *this);
  if (!one && e.rank() == 0) one = one_number(e, *this);
  if (!one || one->weights || !(as_number(one->weight) && as_number(one->weight)->is_one()))
    return C::Unknown;
  const bool radial = one->kind == OneNumber::Kind::Radial;
  if (!radial && one->argument.rank() != e.rank()) return C::Unknown;  // a sum over entries
  const Range domain = radial ? Range::of(Signs::nonnegative()) : ranges_.of(one->argument);
  const Expr phi = simplify(one->phi);
  try {
    const auto p = piecewise(phi, one->t, domain, ranges_.assumptions());
    if (!p || p->continuous() != Truth::Yes) return C::Unknown;
    bool convex = true, concave = true;
    for (const auto& j : p->joints) {
      convex = convex && j.bend.is_nonnegative();
      concave = concave && j.bend.is_nonpositive();
    }
    for (std::size_t k = 0; k < p->forms.size() && (convex || concave); ++k) {
      const Assumptions inside = ranges_.assumptions().with(one->t, p->ranges[k]);
      const Expr first = simplify(gradient(p->forms[k], one->t));
      if (!defined_where(p->forms[k], inside).empty() ||
          !smooth_where(p->forms[k], {one->t}, inside).empty() ||
          !smooth_where(first, {one->t}, inside).empty())
        return C::Unknown;
      if (radial) {
        Ranges here(inside);
        const Range slope = here.of(first);
        convex = convex && slope.is_nonnegative();
        concave = concave && slope.is_nonpositive();
      }
      if (!convex && !concave) break;
      const Range bend =
          bend_of(simplify(gradient(first, one->t)), one->t, p->ranges[k], ranges_.assumptions());
      convex = convex && bend.is_nonnegative();
      concave = concave && bend.is_nonpositive();
    }
    const std::string what = radial ? "a function of a norm" : "a function of one number";
    const std::string pieces = p->breaks.empty() ? "" : ", its slopes in order where pieces meet";
    if (convex) return used(what + " with a nonnegative second derivative" + pieces, C::Convex);
    if (concave) return used(what + " with a nonpositive second derivative" + pieces, C::Concave);
  } catch (const NoDerivative&) {  // a derivative is not known
  }
  return C::Unknown;
}

// s*F(x/s) for a positive scalar s has the curvature of F (Boyd & Vandenberghe, 3.2.6): put s*x for x, divide
// by s, and see whether s drops out.
C Curvatures::of_perspective(Expr e) {
  if (e.rank() != 0 || e->kind == Kind::Variable || variables_.size() < 2) return C::Unknown;
  Graph& g = e.graph();
  for (const auto& s : variables_) {
    if (s.rank() != 0 || !s->facts.signs.is_positive() || !depends_on(e, s)) continue;
    std::vector<std::pair<Expr, Expr>> put;
    std::vector<Expr> inner;
    for (const auto& v : variables_) {
      if (v == s || !depends_on(e, v)) continue;
      if (v->facts.orthogonal == Truth::Yes) return C::Unknown;
      inner.push_back(g.variable(v->name(), v.shape(), v->facts, Role::Placeholder));
      put.emplace_back(v, times(s, inner.back()));
    }
    if (inner.empty()) continue;
    const Expr core = simplify(times(homogeneous(substitute(e, put), s), adjoint::power(s, Rational(-1))));
    if (depends_on(core, s)) continue;
    Curvatures curvatures(inner, ranges_);
    const C c = curvatures.of(core);
    if (c == C::Unknown) continue;
    for (const auto& rule : curvatures.rules()) used(rule, c);
    return used("the perspective of a function", is_affine(c) ? C::Affine : c);
  }
  return C::Unknown;
}

C Curvatures::loewner(Expr e) {
  if (!depends(e)) return C::Constant;
  if (const auto at = loewner_.find(e.get()); at != loewner_.end()) return recalled(at->second);
  const std::size_t before = used_.size();
  const C c = find_loewner(*e);
  return recorded(loewner_, e, c, before);
}

C Curvatures::find_loewner(const Node& n) {
  const Expr self(&n);
  if (n.rank() != 2 || !is_symmetric(self)) return C::Unknown;
  if (is_affine(of(self))) return C::Affine;
  if (n.kind == Kind::Sum) {
    C total = C::Constant;
    for (const auto& t : n.terms) {
      const C c = loewner(t.expr);
      total = added(total, t.coefficient.is_negative() ? flipped(c) : c);
    }
    return total;
  }
  if (n.kind == Kind::Apply) {
    const MatrixRule* rule = matrix_rule(n.op->name);
    if (rule == nullptr || rule->value != MatrixRule::Value::Loewner || !fits(n.operands[0], rule->needs))
      return C::Unknown;
    const C inner = loewner(n.operands[0]);
    const bool convex = rule->curvature == C::Convex;
    if (is_affine(inner) || (convex == (rule->monotone > 0) ? is_convex(inner) : is_concave(inner))) {
      return used(std::string(rule->name) + " is operator " + (convex ? "convex" : "concave"),
                  rule->curvature);
    }
    return C::Unknown;
  }
  if (n.kind != Kind::Product || n.output.size() != 2) return C::Unknown;
  if (n.output[0] == n.output[1])
    return of(diagonal_of(self));  // a diagonal matrix is ordered by its entries
  std::vector<std::size_t> moving;
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    if (depends(n.factors[k].expr)) moving.push_back(k);
  }
  if (moving.size() == 1) {
    const Factor& f = n.factors[moving[0]];
    if (f.labels.empty()) {  // a scalar times a constant semi-definite matrix
      std::vector<Factor> rest = n.factors;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(moving[0]));
      const Expr m = n.graph->product(n.coefficient, rest, n.output, n.label_sizes);
      if (is_semidefinite(m)) return of(f.expr);
      if (is_semidefinite(-m)) return flipped(of(f.expr));
      return C::Unknown;
    }
    // A congruence B'*E*B: with an identity in the place of E it is semi-definite.
    const C inner = loewner(f.expr);
    if (inner == C::Unknown || f.labels.size() != 2 || f.labels[0] == f.labels[1]) return C::Unknown;
    std::vector<Factor> with_centre = n.factors;
    with_centre[moving[0]].expr =
        n.graph->variable("C", f.expr.shape(), Facts::semidefinite_matrix(), Role::Placeholder);
    const Expr shape = n.graph->product(n.coefficient, with_centre, n.output, n.label_sizes);
    if (is_semidefinite(shape)) return inner;
    if (is_semidefinite(-shape)) return flipped(inner);
    return C::Unknown;
  }
  // X'*M*X and X'*inv(P)*X: semi-definite with the affine factor twice.
  const bool negative = n.coefficient.is_negative();
  if (!is_semidefinite(negative ? -self : self)) return C::Unknown;
  Expr ends;
  Expr inverse;
  int affine = 0;
  for (const auto k : moving) {
    const Expr e = n.factors[k].expr;
    if (n.factors[k].labels.empty()) return C::Unknown;
    if (is_affine(of(e)) && (!ends || ends == e)) {
      ends = e;
      ++affine;
    } else if (!inverse && e->kind == Kind::Apply && e->op->name == "inv") {
      inverse = e;
    } else {
      return C::Unknown;
    }
  }
  if (affine != 2) return C::Unknown;
  if (inverse && !(is_semidefinite(inverse->operands[0]) && is_concave(loewner(inverse->operands[0]))))
    return C::Unknown;
  return used(inverse ? "the matrix fractional function" : "a quadratic matrix function",
              negative ? C::Concave : C::Convex);
}

C Curvatures::log_of(Expr e) {
  if (!depends(e)) return ranges_.of(e).is_positive() ? C::Constant : C::Unknown;
  if (const auto at = log_.find(e.get()); at != log_.end()) return recalled(at->second);
  log_[e.get()] = {};  // until it is known: the search may come back here
  const std::size_t before = used_.size();
  const C c = find_log(*e);
  return recorded(log_, e, c, before);
}

C Curvatures::find_log(const Node& n) {
  const Expr self(&n);
  if (n.kind == Kind::Apply && n.op->name == "exp") return of(n.operands[0]);
  if (n.kind == Kind::Power) {
    if (depends(n.operands[1])) {
      return ranges_.of(n.operands[0]).is_positive() ? of(times(n.operands[1], log(n.operands[0])))
                                                     : C::Unknown;
    }
    const Range e = ranges_.of(n.operands[1]);
    if (!ranges_.of(n.operands[0]).is_positive()) return C::Unknown;
    const C inner = log_of(n.operands[0]);
    return e.lower >= 0 ? inner : e.upper <= 0 ? flipped(inner) : is_affine(inner) ? inner : C::Unknown;
  }
  if (n.kind == Kind::Product && !n.coefficient.is_negative()) {
    C total = C::Constant;
    for (const auto& f : n.factors) {
      const C c = log_of(f.expr);
      total = c == C::Unknown || total == C::Unknown ? C::Unknown : added(total, c);
    }
    if (!contracts(n)) {
      if (total != C::Unknown) return total;
    } else if (is_convex(total)) {
      return C::Convex;  // a sum of log-convex functions (Boyd & Vandenberghe, 3.5.2)
    }
  }
  if (n.kind == Kind::Sum) {
    const bool convex = std::all_of(n.terms.begin(), n.terms.end(), [this](const Term& t) {
      return !t.coefficient.is_negative() && is_convex(log_of(t.expr));
    });
    if (convex) return C::Convex;
  }
  if (n.kind == Kind::Apply && n.op->name == "det" && is_definite(n.operands[0])) {
    const C inner = loewner(n.operands[0]);
    return is_concave(inner) ? C::Concave : C::Unknown;
  }
  if (n.kind == Kind::Apply && n.op->name == "prod") return log_of(n.operands[0]);
  if (n.kind == Kind::Apply && n.op->name == "sigmoid" && is_concave(of(n.operands[0]))) return C::Concave;
  if (ranges_.of(self).is_positive() && is_concave(of(self))) return C::Concave;
  return C::Unknown;
}

bool Curvatures::root_convex(Expr e) {
  if (const auto at = root_.find(e.get()); at != root_.end()) return at->second;
  const bool found = find_root_convex(*e);
  root_[e.get()] = found;
  return found;
}

bool Curvatures::find_root_convex(const Node& n) {
  const Expr self(&n);
  if (!depends(self)) return ranges_.of(self).is_nonnegative();
  switch (n.kind) {
    case Kind::Sum:  // a norm of convex functions that are nowhere negative
      return std::all_of(n.terms.begin(), n.terms.end(), [this](const Term& t) {
        return !t.coefficient.is_negative() && root_convex(t.expr);
      });
    case Kind::Power: {
      const Rational* e = as_number(n.operands[1]);
      if (depends(n.operands[1]) || e == nullptr || *e < Rational(2)) return false;
      const C c = of(n.operands[0]);
      const Range v = ranges_.of(n.operands[0]);
      if (e->is_even() && is_affine(c)) return true;
      return (is_convex(c) && v.is_nonnegative()) || (e->is_even() && is_concave(c) && v.is_nonpositive());
    }
    case Kind::Product: {
      if (n.coefficient.is_negative()) return false;
      int moving = 0;
      bool fine = true;
      for (const auto& f : n.factors) {
        if (depends(f.expr)) {
          ++moving;
          fine = fine && root_convex(f.expr);
        } else {
          fine = fine && sign(f.expr).is_nonnegative();
        }
      }
      if (fine && moving == 1) return true;
      const auto form = quadratic_form(self);
      return form && !depends(form->weight) && sign(form->weight).is_nonnegative() &&
             is_affine(of(form->vector)) &&
             (!form->matrix || (!depends(form->matrix) && is_semidefinite(form->matrix)));
    }
    case Kind::Apply:
      return log_of(self) != C::Unknown && is_convex(log_of(self));  // exp(affine)
    case Kind::Variable:
    case Kind::Extent:
      break;
  }
  return false;
}

// Products of powers with exponents that sum to at most 1; prod(x)^(1/n); det(P)^(1/n).
bool Curvatures::geometric_mean(const Node& n) {
  if (n.kind == Kind::Power) {
    const Expr b = n.operands[0];
    if (b->kind != Kind::Apply || depends(n.operands[1])) return false;
    const bool determinant = b->op->name == "det";
    if (!determinant && b->op->name != "prod") return false;
    if (!determinant && b.rank() != 0) return false;
    const Expr x = b->operands[0];
    Expr count = b.graph().number(1);
    if (determinant) {
      count = b.graph().extent(x.shape()[0]);
    } else {
      for (const auto& s : x.shape()) count = times(count, b.graph().extent(s));
    }
    const Rational* total = as_number(times(n.operands[1], count));
    if (total == nullptr || total->is_negative() || Rational(1) < *total) return false;
    return determinant ? is_semidefinite(x) && is_concave(loewner(x))
                       : ranges_.of(x).is_nonnegative() && is_concave(of(x));
  }
  if (n.kind != Kind::Product) return false;
  Rational total(0);
  for (const auto& f : n.factors) {
    if (!depends(f.expr)) continue;
    const bool is_power = f.expr->kind == Kind::Power;
    const Expr b = is_power ? f.expr->operands[0] : f.expr;
    const Rational* e = is_power ? as_number(f.expr->operands[1]) : nullptr;
    if ((is_power && e == nullptr) || (e != nullptr && e->is_negative())) return false;
    total = total + (e != nullptr ? *e : Rational(1));
    if (!ranges_.of(b).is_nonnegative() || !is_concave(of(b))) return false;
  }
  return !(Rational(1) < total);
}

}  // namespace adjoint

#include "analysis/strength.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/forms.hpp"
#include "analysis/separable.hpp"
#include "analysis/supremum.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/reductions.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

// c where e = c*variable + constant entry by entry (a number c), else 0.
Rational identity_scale(Expr e, Expr variable) {
  if (e == variable) return 1;
  if (e->kind == Kind::Sum) {
    Rational found(0);
    for (const auto& t : e->terms) {
      if (!depends_on(t.expr, variable)) continue;
      const Rational c = identity_scale(t.expr, variable);
      if (c.is_zero() || !found.is_zero()) return 0;
      found = t.coefficient * c;
    }
    return found;
  }
  if (e->kind != Kind::Product || e->factors.size() != 1) return 0;
  const Factor& f = e->factors[0];
  if (f.labels.size() != e->output.size()) return 0;
  for (const auto l : e->output) {  // a transpose at most
    if (std::count(e->output.begin(), e->output.end(), l) != 1 ||
        std::count(f.labels.begin(), f.labels.end(), l) != 1)
      return 0;
  }
  return e->coefficient * identity_scale(f.expr, variable);
}

std::vector<Term> terms_of(Expr f) {
  if (f->kind == Kind::Sum) return f->terms;
  return {{1, f}};
}

// A positive number as a coefficient: simple fractions stay exact, others are rounded down.
Rational as_rational(double v) {
  for (std::int64_t den = 1; den <= 4096; den *= 2) {
    const double scaled = v * static_cast<double>(den);
    if (scaled == std::floor(scaled) && std::fabs(scaled) < 1e12)
      return {static_cast<std::int64_t>(scaled), den};
  }
  const double step = std::pow(10, std::floor(std::log10(std::fabs(v))) - 8);
  const double below = std::floor(v / step) * step;  // nine digits, rounded down
  return Rational::inexact(below > v ? below - step : below);
}

}  // namespace

Expr Strength::only_variable(Expr term) {
  Expr found;
  for (const auto& v : variables_) {
    if (!depends_on(term, v)) continue;
    if (found) return {};
    found = v;
  }
  return found;
}

bool Strength::is_strict_in(Expr term, Expr variable) {
  bool negative = false;
  // Signs and positive constants in front.
  while (term->kind == Kind::Product) {
    Expr moving;
    bool plain = true;
    bool flips = term->coefficient.is_negative();
    for (const auto& f : term->factors) {
      if (!curvatures_.depends(f.expr)) {
        const Range v = ranges_.of(f.expr);
        plain = plain && f.labels.empty() && (v.is_positive() || v.is_negative());
        flips = flips != v.is_negative();
      } else if (moving || !f.labels.empty()) {
        plain = false;
      } else {
        moving = f.expr;
      }
    }
    if (!plain || !moving) break;
    negative = negative != flips;
    term = moving;
  }
  const Node& n = *term;
  // -logdet(X), tr(inv(X)), tr(X*logm(X)): strict on the definite matrices.
  if (n.kind == Kind::Apply && n.op->name == "logdet")
    return negative && !identity_scale(n.operands[0], variable).is_zero();
  if (n.kind == Kind::Product && n.output.empty() && n.factors.size() == 1 &&
      n.factors[0].labels.size() == 2 && n.factors[0].labels[0] == n.factors[0].labels[1] &&
      n.factors[0].expr->kind == Kind::Apply) {
    const Node& a = *n.factors[0].expr;
    const MatrixRule* rule = matrix_rule(a.op->name);
    const bool convex = rule != nullptr && rule->curvature == Curvature::Convex;
    if (rule != nullptr && rule->value != MatrixRule::Value::Scalar && convex != negative) {
      return !identity_scale(a.operands[0], variable).is_zero();
    }
  }
  if (n.kind == Kind::Product && n.factors.size() == 2 && n.output.empty()) {  // tr(X*logm(X))
    for (const std::size_t k : {0U, 1U}) {
      const Node& l = *n.factors[k].expr;
      const MatrixRule* rule = l.kind == Kind::Apply ? matrix_rule(l.op->name) : nullptr;
      if (rule != nullptr && l.op->name == "logm" && l.operands[0] == n.factors[1 - k].expr &&
          l.operands[0] == variable)
        return !negative;
    }
  }
  if (n.kind == Kind::Power && !negative && as_number(n.operands[1]) != nullptr) {
    const Rational& e = *as_number(n.operands[1]);
    const Expr base = n.operands[0];
    const bool norm = base->kind == Kind::Apply && base->op->name == "norm";
    if (norm && Rational(1) < e && !identity_scale(base->operands[0], variable).is_zero()) return true;
    if (!(e < Rational(1)) && ranges_.of(base).is_nonnegative() && is_strict_in(base, variable)) return true;
  }
  if (const auto form = quadratic_form(term)) {
    const Range w = ranges_.of(form->weight);
    const bool definite = !form->matrix || (!curvatures_.depends(form->matrix) && is_definite(form->matrix));
    if (definite && !curvatures_.depends(form->weight) && !identity_scale(form->vector, variable).is_zero()) {
      return negative ? w.is_negative() : w.is_positive();
    }
  }
  const auto r = one_number(term, curvatures_);
  if (!r || r->kind != OneNumber::Kind::Entries || identity_scale(r->argument, variable).is_zero())
    return false;
  const Range w = ranges_.of(r->weight) * (r->weights ? ranges_.of(r->weights) : Range::point(1));
  if (!w.is_positive() && !w.is_negative()) return false;
  if (r->weights && r->weights.rank() != r->argument.rank() && r->weights.rank() != 0) return false;
  const bool down = negative != w.is_negative();
  const Expr phi = simplify(down ? -r->phi : r->phi);
  // t^k and |t|^k bend everywhere but at 0.
  if (phi->kind == Kind::Power) {
    const Rational* e = as_number(phi->operands[1]);
    const Expr b = phi->operands[0];
    const Rational* slope = as_number(gradient(b, r->t));
    if (e != nullptr && slope != nullptr && !slope->is_zero() && e->is_even() && !e->is_negative())
      return true;
    if (e != nullptr && b->kind == Kind::Apply && is_gauge(*b) && b->operands[0] == r->t && Rational(1) < *e)
      return true;
  }
  Ranges here(ranges_.assumptions().with(r->t, ranges_.of(r->argument)));
  const Expr second = simplify(gradient(simplify(gradient(phi, r->t)), r->t));
  for (const Expr form : {second, expanded(second), factored(expanded(second))}) {
    if (here.of(form).is_positive()) return true;
  }
  return false;
}

bool Strength::is_strict(Expr f) {
  if (variables_.size() == 1 && is_strict_in(f, variables_[0])) return true;
  // Each variable alone in a strictly convex term, all terms convex: then jointly strict.
  std::vector<Expr> covered;
  for (const auto& t : terms_of(f)) {
    const Expr term = t.coefficient * t.expr;
    if (!curvatures_.depends(term)) continue;
    if (!is_convex(curvatures_.of(term))) return false;
    const Expr v = only_variable(term);
    if (v && is_strict_in(term, v)) covered.push_back(v);
  }
  return std::all_of(variables_.begin(), variables_.end(),
                     [&](Expr v) { return std::find(covered.begin(), covered.end(), v) != covered.end(); });
}

Expr Strength::modulus_in(Expr term, Expr variable) {
  Graph& g = term.graph();
  if (const auto form = quadratic_form(term)) {
    if (curvatures_.depends(form->weight) || (form->matrix && curvatures_.depends(form->matrix))) return {};
    const Rational c = identity_scale(form->vector, variable);
    if (c.is_zero() || !ranges_.of(form->weight).is_positive()) return {};
    const Expr twice = times(Rational(2) * c * c * g.number(1), form->weight);
    if (!form->matrix || form->matrix == g.identity(form->matrix.shape()[0])) return twice;
    if (!is_definite(form->matrix)) return {};
    const Expr m = form->matrix;
    if (m->kind == Kind::Product && m->output[0] == m->output[1])
      return times(twice, minimum(diagonal_of(m)));
    return times(twice, minimum(eigvals(m)));
  }
  const auto r = one_number(term, curvatures_);
  if (!r || r->kind != OneNumber::Kind::Entries) return {};
  const Rational c = identity_scale(r->argument, variable);
  if (c.is_zero() || !ranges_.of(r->weight).is_positive()) return {};
  if (r->weights && (!ranges_.of(r->weights).is_positive() || r->weights.rank() != r->argument.rank()))
    return {};
  Ranges here(ranges_.assumptions().with(r->t, ranges_.of(r->argument)));
  const Expr second = simplify(gradient(simplify(gradient(simplify(r->phi), r->t)), r->t));
  double least = 0;
  for (const Expr form : {second, expanded(second), factored(expanded(second))})
    least = std::max(least, here.of(form).lower);
  least =
      std::max(least, certified_range(second, r->t, ranges_.of(r->argument), ranges_.assumptions()).lower);
  if (!(least > 1e-290) || !(least < 1e290)) return {};  // on a point any is one
  Expr m = times(as_rational(least) * c * c * g.number(1), r->weight);
  if (r->weights) m = times(m, minimum(r->weights));
  return m;
}

Expr Strength::modulus(Expr f) {
  if (variables_.size() == 1) {
    if (const Expr m = modulus_in(f, variables_[0])) return simplify(m);
  }
  std::vector<Expr> total(variables_.size());
  for (const auto& t : terms_of(f)) {
    const Expr term = t.coefficient * t.expr;
    if (!curvatures_.depends(term)) continue;
    if (!is_convex(curvatures_.of(term))) return {};
    const Expr v = only_variable(term);
    if (!v) continue;
    const Expr m = modulus_in(term, v);
    if (!m) continue;
    const auto k =
        static_cast<std::size_t>(std::find(variables_.begin(), variables_.end(), v) - variables_.begin());
    total[k] = total[k] ? total[k] + m : m;
  }
  Expr least;
  for (const Expr m : total) {
    if (!m) return {};
    least = !least ? m : min(least, m);
  }
  return least ? simplify(least) : least;
}

}  // namespace adjoint

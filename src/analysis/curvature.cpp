#include "analysis/curvature.hpp"

#include <algorithm>

#include "analysis/forms.hpp"
#include "analysis/integers.hpp"
#include "ops/elementwise.hpp"

namespace adjoint {
namespace {

using C = Curvature;
using Bend = ScalarBounds::Shape;
using Monotone = ScalarBounds::Monotone;

C composed(Bend shape, Monotone monotone, C inner) {
  if (inner == C::Constant) return C::Constant;
  const bool affine = is_affine(inner);
  if (shape == Bend::Affine && affine) return C::Affine;
  const bool up = monotone == Monotone::Increasing;
  const bool down = monotone == Monotone::Decreasing;
  if (shape == Bend::Convex && (affine || (up && is_convex(inner)) || (down && is_concave(inner))))
    return C::Convex;
  if (shape == Bend::Concave && (affine || (up && is_concave(inner)) || (down && is_convex(inner))))
    return C::Concave;
  return C::Unknown;
}

}  // namespace

C flipped(C c) { return c == C::Convex ? C::Concave : c == C::Concave ? C::Convex : c; }

C added(C a, C b) {
  if (a == C::Constant) return b;
  if (b == C::Constant) return a;
  if (a == C::Affine) return b;
  if (b == C::Affine) return a;
  return a == b ? a : C::Unknown;
}

C Curvatures::used(std::string_view rule, C c) {
  used_.emplace_back(rule);
  return c;
}

C Curvatures::recorded(Known& known, Expr e, C c, std::size_t before) {
  if (c == C::Unknown) {
    used_.resize(before);  // what was tried on the way is no part of a proof
  }
  known[e.get()] = {c, {used_.begin() + static_cast<std::ptrdiff_t>(before), used_.end()}};
  return c;
}

C Curvatures::recalled(const Judged& judged) {
  used_.insert(used_.end(), judged.rules.begin(), judged.rules.end());
  return judged.curvature;
}

std::vector<std::string> Curvatures::rules() const {
  std::vector<std::string> once;
  for (const auto& rule : used_) {
    if (std::find(once.begin(), once.end(), rule) == once.end()) once.push_back(rule);
  }
  return once;
}

bool Curvatures::depends(Expr e) {
  if (const auto at = depends_.find(e.get()); at != depends_.end()) return at->second;
  for (const auto& y : topological(std::span(&e, 1))) {
    if (depends_.contains(y.get())) continue;
    depends_[y.get()] =
        std::find(variables_.begin(), variables_.end(), y) != variables_.end() ||
        std::any_of(y->operands.begin(), y->operands.end(), [this](Expr o) { return depends_[o.get()]; });
  }
  return depends_[e.get()];
}

C Curvatures::of(Expr e) {
  if (!depends(e)) return C::Constant;
  if (const auto at = done_.find(e.get()); at != done_.end()) return recalled(at->second);
  done_[e.get()] = {};  // until it is known: rewritten products may come back here
  const std::size_t before = used_.size();
  C c = find(*e);
  if (c == C::Unknown) {
    used_.resize(before);
    c = of_one_number(e);
  }
  if (c == C::Unknown) c = of_perspective(e);
  return recorded(done_, e, c, before);
}

C Curvatures::find(const Node& n) {
  switch (n.kind) {
    case Kind::Variable:
      return C::Affine;
    case Kind::Extent:
      return C::Constant;
    case Kind::Sum: {
      C total = C::Constant;
      for (const auto& t : n.terms) {
        const C c = of(t.expr);
        total = added(total, t.coefficient.is_negative() ? flipped(c) : c);
      }
      return total;
    }
    case Kind::Product:
      return product(n);
    case Kind::Power:
      return power(n);
    case Kind::Apply:
      return apply(n);
  }
  return C::Unknown;
}

C Curvatures::product(const Node& n) {
  const C c = fixed_product(n);
  if (c != C::Unknown) return c;
  const Expr sum = distributed(Expr(&n));
  return sum == Expr(&n) ? c : of(sum);
}

C Curvatures::fixed_product(const Node& n) {
  if (n.coefficient.is_zero()) return C::Constant;
  std::vector<std::size_t> moving;
  Signs rest = n.coefficient.is_negative() ? Signs::negative() : Signs::positive();
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    if (depends(n.factors[k].expr)) {
      moving.push_back(k);
    } else {
      rest = multiply(rest, sign(n.factors[k].expr));
    }
  }
  if (moving.size() == 1) {
    const Expr e = n.factors[moving[0]].expr;
    const C c = of(e);
    if (is_affine(c)) return C::Affine;
    if (c != C::Unknown && rest.is_nonnegative()) return c;
    if (c != C::Unknown && rest.is_nonpositive()) return flipped(c);
    // A semi-definite weight on a matrix that is curved in the Loewner order: traces and forms.
    const auto& labels = n.factors[moving[0]].labels;
    if (n.output.empty() && labels.size() == 2) {
      const C l = loewner(e);
      std::vector<Factor> others = n.factors;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(moving[0]));
      const Expr trace_of =
          labels[0] == labels[1] && others.empty() ? n.graph->identity(e.shape()[0]) : Expr();
      Expr weight = trace_of;
      if (!weight && labels[0] != labels[1])
        weight = n.graph->product(n.coefficient.absolute(), others, labels, n.label_sizes);
      const bool negative = n.coefficient.is_negative();
      if (weight && is_semidefinite(weight)) {
        if (l != C::Unknown)
          return used("a semi-definite weight on a matrix function", negative ? flipped(l) : l);
        if (trace_of && e->kind == Kind::Apply) {
          const MatrixRule* rule = matrix_rule(e->op->name);
          if (rule != nullptr && rule->value == MatrixRule::Value::Trace &&
              fits(e->operands[0], rule->needs)) {
            const C inner = loewner(e->operands[0]);
            if (is_convex(inner))
              return used("the trace of a convex function of a symmetric matrix",
                          negative ? C::Concave : C::Convex);
          }
        }
      }
    }
    return C::Unknown;
  }
  return several_factors(n, moving, rest);
}

C Curvatures::several_factors(const Node& n, const std::vector<std::size_t>& moving, Signs rest) {
  const bool up = rest.is_nonnegative();
  const bool down = rest.is_nonpositive();
  const auto signed_convex = [&](std::string_view rule) { return used(rule, up ? C::Convex : C::Concave); };
  if (n.rank() == 0) {
    const auto form = quadratic_form(Expr(&n));
    if (form && depends(form->vector) && !depends(form->weight) && is_affine(of(form->vector))) {
      const Signs w = sign(form->weight);
      const bool semidefinite = !form->matrix || (!depends(form->matrix) && is_semidefinite(form->matrix));
      if (semidefinite && w.is_nonnegative())
        return used("a quadratic form of a semi-definite matrix", C::Convex);
      if (semidefinite && w.is_nonpositive())
        return used("a quadratic form of a semi-definite matrix", C::Concave);
      if (form->matrix && depends(form->matrix) && (w.is_nonnegative() || w.is_nonpositive()) &&
          matrix_fractional(form->vector, form->matrix)) {
        return used("the matrix fractional function", w.is_nonnegative() ? C::Convex : C::Concave);
      }
    }
    // tr(S*logm(S)): the negative von Neumann entropy.
    if (moving.size() == 2 && n.factors.size() == 2 && n.factors[0].labels.size() == 2 &&
        n.factors[1].labels.size() == 2) {
      for (const std::size_t k : {0U, 1U}) {
        const Expr s = n.factors[k].expr;
        const Expr l = n.factors[1 - k].expr;
        const bool entropy = l->kind == Kind::Apply && l->op->name == "logm" && l->operands[0] == s;
        if (entropy && is_semidefinite(s) && is_affine(of(s)) &&
            n.factors[0].labels[0] != n.factors[0].labels[1]) {
          return signed_convex("the von Neumann entropy");
        }
      }
    }
  }
  if (up || down) {
    // Squares over a positive concave factor: quadratic over linear.
    for (const auto k : moving) {
      const Expr q = n.factors[k].expr;
      const Rational* e = q->kind == Kind::Power ? as_number(q->operands[1]) : nullptr;
      if (e == nullptr || !(*e == Rational(-1)) || !is_concave(of(q->operands[0])) ||
          !ranges_.of(q->operands[0]).is_positive())
        continue;
      std::vector<Factor> others = n.factors;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(k));
      Labels kept;
      for (const auto l : n.output) kept.push_back(l);
      for (const auto l : n.factors[k].labels) {
        if (std::find(kept.begin(), kept.end(), l) == kept.end()) kept.push_back(l);
      }
      const Expr squares = n.graph->product(n.coefficient.absolute(), others, kept, n.label_sizes);
      const bool fits_sign = up == !n.coefficient.is_negative();
      if (fits_sign && root_convex(squares)) return signed_convex("squares over a positive concave function");
    }
    if (relative_entropy(n, moving)) return signed_convex("the relative entropy");
    const bool pointwise = std::all_of(n.factors.begin(), n.factors.end(), [&n](const Factor& f) {
      return f.labels.empty() || f.labels == n.output;
    });
    // Products whose logarithm is convex, and geometric means.
    Expr magnitude(&n);
    if (n.coefficient.is_negative()) magnitude = -magnitude;
    if (is_convex(log_of(magnitude))) return signed_convex("log-convexity");
    if (pointwise && geometric_mean(*magnitude))
      return used("the geometric mean", up ? C::Concave : C::Convex);
  }
  return C::Unknown;
}

// u.*log(u./v) with u affine, v positive and concave.
bool Curvatures::relative_entropy(const Node& n, const std::vector<std::size_t>& moving) {
  if (moving.size() != 2) return false;
  for (const std::size_t side : {0U, 1U}) {
    const Factor& u = n.factors[moving[side]];
    const Factor& l = n.factors[moving[1 - side]];
    if (l.expr->kind != Kind::Apply || l.expr->op->name != "log" || u.labels != l.labels) continue;
    if (!is_affine(of(u.expr))) continue;
    const Expr v = divide(u.expr, l.expr->operands[0]);
    if (ranges_.of(v).is_positive() && is_concave(of(v))) return true;
  }
  return false;
}

// v'*M*v with v affine and M a congruence of the inverse of a definite matrix that is concave in the Loewner
// order.
bool Curvatures::matrix_fractional(Expr vector, Expr matrix) {
  if (!is_affine(of(vector))) return false;
  Expr inverse = matrix;
  if (matrix->kind == Kind::Product) {
    if (!is_semidefinite(matrix)) return false;
    int count = 0;
    for (const auto& f : matrix->factors) {
      if (!depends(f.expr)) continue;
      inverse = f.expr;
      ++count;
    }
    if (count != 1) return false;
  }
  if (inverse->kind != Kind::Apply || inverse->op->name != "inv") return false;
  const Expr p = inverse->operands[0];
  return is_semidefinite(p) && is_concave(loewner(p));
}

C Curvatures::power(const Node& n) {
  const Expr b = n.operands[0];
  const Expr exponent = n.operands[1];
  if (depends(exponent)) {
    if (!depends(b) && ranges_.of(b).is_positive()) {
      const C c = of(exponent);
      if (is_affine(c)) return used("an exponential", C::Convex);
      if (c == C::Convex && ranges_.of(b).lower >= 1) return used("an exponential", C::Convex);
    }
    return is_convex(log_of(Expr(&n))) ? used("log-convexity", C::Convex) : C::Unknown;
  }
  const Rational* number = as_number(exponent);
  const Range e = number != nullptr ? Range::point(number->value()) : ranges_.of(exponent);
  const C c = of(b);
  const Range v = ranges_.of(b);
  const bool integer = is_integer_valued(exponent);  // a size is one, and may be even or odd
  const Parity parity = parity_of(exponent);
  const auto by_parity = [&](const char* rule) {  // of what bends upwards under an even power
    return parity == Parity::Unknown ? C::Unknown
                                     : used(rule, parity == Parity::Even ? C::Convex : C::Concave);
  };
  if (e.lower >= 0.5 && root_convex(b)) return used("a power of a norm", C::Convex);
  if (e.lower >= 1) {
    if (parity == Parity::Even && is_affine(c)) return used("an even power", C::Convex);
    if (is_convex(c) && v.is_nonnegative())
      return used("a power of a nonnegative convex function", C::Convex);
    if (integer && is_concave(c) && v.is_nonpositive())
      return by_parity("a power of a nonpositive concave function");
    if (!integer && is_affine(c)) return used("a power above 1", C::Convex);
  } else if (e.lower >= 0 && e.upper <= 1) {
    if (is_concave(c) && v.upper >= 0 && (v.is_nonnegative() || number != nullptr))
      return used("a root", C::Concave);
    // det(P)^(1/n) and prod(x)^(1/n) are geometric means.
  } else if (e.upper <= 0) {
    if (is_concave(c) && (v.is_positive() || (number != nullptr && !integer)))
      return used("a negative power", C::Convex);
    if (integer && is_convex(c) && v.is_negative()) return by_parity("a negative power");
  }
  if (v.is_nonnegative() && geometric_mean(n)) return used("the geometric mean", C::Concave);
  if (v.is_positive() && is_convex(log_of(Expr(&n)))) return used("log-convexity", C::Convex);
  return C::Unknown;
}

C Curvatures::entrywise(const Node& n) {
  if (n.operands.size() == 1) {
    if (n.op->name == "log") {  // a logarithm of products
      const C c = log_of(n.operands[0]);
      if (c != C::Unknown) return used("the logarithm of a positive function", c);
    }
    const C inner = of(n.operands[0]);
    if (inner == C::Unknown) return C::Unknown;
    const ScalarBounds b = scalar_shape(n, ranges_.of(n.operands[0]));
    const C c = composed(b.shape, b.monotone, inner);
    return c == C::Unknown ? c
                           : used(spoken_name(*n.op) + " of " +
                                      (is_affine(inner)     ? "an affine"
                                       : inner == C::Convex ? "a convex"
                                                            : "a concave") +
                                      " function",
                                  c);
  }
  const ScalarBounds& b = record_of(n).bounds;
  if (b.monotone != Monotone::Increasing) return C::Unknown;
  C worst = b.shape == Bend::Convex ? C::Convex : b.shape == Bend::Concave ? C::Concave : C::Unknown;
  for (const auto& o : n.operands) {
    const C c = of(o);
    if ((worst == C::Convex && !is_convex(c)) || (worst == C::Concave && !is_concave(c))) worst = C::Unknown;
  }
  return worst == C::Unknown ? worst
                             : used(worst == C::Convex ? "the maximum of convex functions"
                                                       : "the minimum of concave functions",
                                    worst);
}

C Curvatures::apply(const Node& n) {
  const Record& record = record_of(n);
  if (const MatrixRule* rule = matrix_rule(record.name)) return matrix_function(n, *rule);
  if (record.partial.value != nullptr) return entrywise(n);
  bool linear = !n.operands.empty();
  C worst = C::Constant;
  for (std::size_t k = 0; k < n.operands.size(); ++k) {
    if (!depends(n.operands[k])) continue;
    linear = linear && record.linear_in(static_cast<int>(k));
    worst = added(worst, of(n.operands[k]));
  }
  if (linear) {
    if (is_affine(worst)) return C::Affine;
    if (is_monotone_linear(record.name)) return worst;
    return C::Unknown;
  }
  if (n.operands.empty()) return C::Unknown;
  // Reductions.
  const Expr x = n.operands[0];
  const ScalarBounds& b = record.bounds;
  if (n.operands.size() > 1) {  // norm(x,p) is a norm for p >= 1
    if (depends(n.operands[1]) || ranges_.of(n.operands[1]).lower < 1) return C::Unknown;
  }
  const bool extreme_eigenvalue = x->kind == Kind::Apply && x->op->name == "eigvals";
  if (extreme_eigenvalue && b.monotone == Monotone::Increasing && b.slope) {
    const C l = loewner(x->operands[0]);
    if (record.name == "maximum" && is_convex(l)) return used("the largest eigenvalue", C::Convex);
    if (record.name == "minimum" && is_concave(l)) return used("the smallest eigenvalue", C::Concave);
  }
  C c = composed(b.shape, b.monotone, of(x));
  if (c == C::Unknown && is_gauge(n) && is_convex(of(x)) && ranges_.of(x).is_nonnegative()) c = C::Convex;
  if (c == C::Unknown && is_gauge(n) && is_concave(of(x)) && ranges_.of(x).is_nonpositive()) c = C::Convex;
  if (c != C::Unknown)
    return used(spoken_name(record) + " is " + (b.shape == Bend::Convex ? "convex" : "concave"), c);
  return C::Unknown;
}

bool Curvatures::fits(Expr operand, MatrixRule::Needs needs) {
  switch (needs) {
    case MatrixRule::Needs::Nothing:
      return true;
    case MatrixRule::Needs::Symmetric:
      return is_symmetric(operand);
    case MatrixRule::Needs::Semidefinite:
      return is_semidefinite(operand);
    case MatrixRule::Needs::Definite:
      return is_definite(operand);
  }
  return false;
}

C Curvatures::matrix_function(const Node& n, const MatrixRule& rule) {
  const Expr x = n.operands[0];
  if (rule.value != MatrixRule::Value::Scalar || !fits(x, rule.needs)) return C::Unknown;
  const bool affine = is_affine(of(x));
  const C inner = rule.monotone != 0 ? loewner(x) : C::Unknown;
  const bool convex = rule.curvature == C::Convex;
  const bool composes =
      convex ? (rule.monotone > 0 && is_convex(inner)) || (rule.monotone < 0 && is_concave(inner))
             : (rule.monotone > 0 && is_concave(inner)) || (rule.monotone < 0 && is_convex(inner));
  if (!affine && !composes) return C::Unknown;
  return used(std::string(rule.name) + " is " + (convex ? "convex" : "concave"), rule.curvature);
}

}  // namespace adjoint

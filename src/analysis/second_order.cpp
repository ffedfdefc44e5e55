#include "analysis/second_order.hpp"

#include <algorithm>
#include <unordered_map>

#include "analysis/conditions.hpp"
#include "analysis/curvature.hpp"
#include "analysis/forms.hpp"
#include "calculus/differentiate.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

using C = Condition;

// Scalar factors of known sign and what remains: the form with ranges instead of facts.
std::optional<SquareForm> form_with_ranges(Expr e, Ranges& ranges) {
  if (auto f = square_form(e)) return f;
  if (e->kind == Kind::Sum) {
    SquareForm total;
    for (const auto& t : e->terms) {
      const auto f = form_with_ranges(t.coefficient.is_negative() ? -t.expr : t.expr, ranges);
      if (!f) return std::nullopt;
      total.positive = total.positive || f->positive;
      total.exact = total.exact && f->exact;
      total.vanish.insert(total.vanish.end(), f->vanish.begin(), f->vanish.end());
    }
    return total;
  }
  if (e->kind != Kind::Product) return std::nullopt;
  bool negative = e->coefficient.is_negative();
  SquareForm total;
  total.positive = true;
  bool exact = true;
  for (const auto& f : e->factors) {
    const Range v = ranges.of(f.expr);
    if (v.is_nonpositive()) negative = !negative;
    if (v.is_positive() || v.is_negative()) continue;
    if (v.is_nonnegative() || v.is_nonpositive()) {
      const Rational* p = f.expr->kind == Kind::Power ? as_number(f.expr->operands[1]) : nullptr;
      const auto inner = f.labels.empty() ? square_form(f.expr) : std::nullopt;
      if (p != nullptr && p->is_even() && !p->is_negative()) {
        total.vanish.push_back(f.expr->operands[0]);
      } else if (inner && inner->exact) {
        total.vanish.insert(total.vanish.end(), inner->vanish.begin(), inner->vanish.end());
      } else {
        exact = false;
      }
      continue;
    }
    return std::nullopt;
  }
  if (negative) return std::nullopt;
  total.positive = total.vanish.empty() && exact;
  total.exact = exact && total.vanish.size() <= 1;
  return total;
}

}  // namespace

SecondDerivative second_derivative(Expr f, const std::vector<Expr>& variables) {
  SecondDerivative d;
  d.variables = variables;
  std::vector<Movement> movements;
  for (std::size_t k = 0; k < variables.size(); ++k) {
    d.directions.push_back(
        direction_for(variables[k], "h" + (variables.size() > 1 ? std::to_string(k + 1) : "")));
    movements.push_back({variables[k], d.directions.back()});
  }
  try {
    const Expr first = simplify(pushforward(simplify(f), movements));
    const Expr second = simplify(pushforward(first, movements));
    d.forms = {second};
    const Expr written_out = expanded(second);
    for (const Expr form : {written_out, factored(second), factored(written_out)}) {
      if (std::find(d.forms.begin(), d.forms.end(), form) == d.forms.end()) d.forms.push_back(form);
    }
  } catch (const NoDerivative&) {
    d.forms.clear();
  }
  return d;
}

std::optional<NumberMatrix> constant_hessian(const SecondDerivative& d) {
  const std::size_t n = d.variables.size();
  if (n > 6 || d.forms.empty()) return std::nullopt;
  for (const auto& h : d.directions) {
    if (h.rank() != 0) return std::nullopt;
  }
  for (const Expr form : d.forms) {
    NumberMatrix m(n, std::vector<Rational>(n));
    bool constant = true;
    for (std::size_t i = 0; i < n && constant; ++i) {
      const Expr row = gradient(form, d.directions[i]);
      for (std::size_t j = 0; j < n && constant; ++j) {
        const Expr entry = simplify(gradient(row, d.directions[j]));
        const Rational* number = as_number(entry);
        constant = number != nullptr && number->exact();
        if (constant) m[i][j] = *number / Rational(2);
      }
    }
    if (constant) return m;
  }
  return std::nullopt;
}

std::optional<Rational> least_eigenvalue_bound(const NumberMatrix& matrix) {
  const auto shifted = [&](const Rational& by) { return is_semidefinite(matrix, -by); };
  if (!shifted(Rational(0))) return std::nullopt;
  Rational low(0), high = matrix[0][0];
  for (std::size_t k = 0; k < matrix.size(); ++k) high = matrix[k][k] < high ? matrix[k][k] : high;
  if (shifted(high)) return high;
  for (int step = 0; step < 24; ++step) {
    const Rational middle = (low + high) / Rational(2);
    (shifted(middle) ? low : high) = middle;
  }
  return low;
}

Form sign_of_form(const SecondDerivative& d, bool negated, const Assumptions& assumptions) {
  Ranges ranges(assumptions);
  Form best = Form::Unknown;
  for (const Expr form : d.forms) {
    const Expr q = negated ? -form : form;
    if (is_zero(q)) return Form::Nonnegative;
    const auto square = form_with_ranges(q, ranges);
    if (!square) continue;
    best = Form::Nonnegative;
    if (square->positive) return Form::Positive;
    const bool all =
        square->exact && std::all_of(d.directions.begin(), d.directions.end(), [&](Expr h) {
          return std::find(square->vanish.begin(), square->vanish.end(), h) != square->vanish.end();
        });
    if (all) return Form::Positive;
  }
  return best;
}

namespace {

// Whether all entries of the variable may be one number.
bool takes_uniform(Expr v) {
  const Facts& facts = v->facts;
  return facts.semidefinite != Truth::Yes && facts.orthogonal != Truth::Yes && facts.diagonal != Truth::Yes &&
         facts.lower != Truth::Yes && facts.invertible != Truth::Yes;
}

std::vector<Expr> parameters_of(Expr f, const std::vector<Expr>& variables) {
  std::vector<Expr> found;
  for (const auto& e : topological(std::span(&f, 1))) {
    if (e->kind == Kind::Variable && std::find(variables.begin(), variables.end(), e) == variables.end())
      found.push_back(e);
  }
  return found;
}

// The assumptions with all entries of the variables at one number; nothing where that is not allowed.
std::optional<Assumptions> at_point(Assumptions here, const std::vector<Expr>& variables, double at) {
  for (const auto& v : variables) {
    if (at == 0 && v->facts.signs.is_nonzero()) return std::nullopt;
    here = here.with(v, Range::point(at));
    Ranges point(here);
    const Range r = point.of(v);
    if (r.is_empty() || (r.lower == r.upper && (r.open_lower || r.open_upper))) return std::nullopt;
  }
  return here;
}

std::string names_at(const std::vector<Expr>& variables, double at) {
  std::string text;
  for (const auto& v : variables) {
    text += (text.empty() ? "" : ", ") + v->name() + " = " + Rational::inexact(at).text();
  }
  return text;
}

constexpr double kPoints[] = {0.0, 1.0, -1.0, 0.25, 3.0, -3.0, 10.0, 0.01};

// Parameters left free, then all at 1, then all at -1.
std::vector<std::pair<Assumptions, std::string>> settings(Expr f, const std::vector<Expr>& variables,
                                                          const Assumptions& given) {
  std::vector<std::pair<Assumptions, std::string>> list{{given, ""}};
  const auto parameters = parameters_of(f, variables);
  if (!std::all_of(parameters.begin(), parameters.end(), takes_uniform)) return list;
  Assumptions small = given;  // two of everything
  small.sizes = 2;
  list.emplace_back(small, "");
  for (const double value : {1.0, -1.0}) {
    if (const auto a = at_point(small, parameters, value))
      list.emplace_back(*a, " (with " + names_at(parameters, value) + ")");
  }
  return list;
}

// Whether the conditions are known to hold at a point.
bool holds_at(const std::vector<Requirement>& conditions, const Assumptions& here) {
  Ranges point(here);
  std::vector<Requirement> open;
  for (const auto& r : conditions) require(open, r, point);
  return open.empty();
}

// Whether expressions are smooth at points: what that asks is found once.
class Smoothness {
 public:
  Smoothness(const std::vector<Expr>& variables, const Assumptions& assumptions)
      : variables_(variables), assumptions_(assumptions) {}

  bool at(Expr e, Ranges& point) {
    auto found = asked_.find(e.get());
    if (found == asked_.end())
      found = asked_.emplace(e.get(), smooth_where(e, variables_, assumptions_)).first;
    std::vector<Requirement> open;
    for (const auto& r : found->second) require(open, r, point);
    return open.empty();
  }

 private:
  std::vector<Expr> variables_;
  Assumptions assumptions_;
  std::unordered_map<const Node*, std::vector<Requirement>> asked_;
};

}  // namespace

std::string negative_somewhere(const SecondDerivative& d, bool negated, Expr f,
                               const std::vector<Requirement>& defined, const Assumptions& assumptions) {
  if (d.forms.empty() || d.variables.size() > 3) return {};
  if (!std::all_of(d.variables.begin(), d.variables.end(), takes_uniform)) return {};
  const auto combinations = 1U << (d.variables.size() - 1);
  for (const auto& [setting, words] : settings(f, d.variables, assumptions)) {
    Smoothness smooth(d.variables, setting);
    for (const double at : kPoints) {
      const auto here = at_point(setting, d.variables, at);
      if (!here || !holds_at(defined, *here) || !defined_where(f, *here).empty()) continue;
      for (unsigned mask = 0; mask < combinations; ++mask) {
        Assumptions moved = *here;
        std::string direction;
        for (std::size_t k = 0; k < d.variables.size(); ++k) {
          const double sign = k > 0 && ((mask >> (k - 1)) & 1U) != 0 ? -1 : 1;
          moved = moved.with(d.directions[k], Range::point(sign));
          if (d.variables.size() > 1)
            direction += (k > 0 ? ", " : " in the direction ") + std::string(sign < 0 ? "-1" : "1");
        }
        Ranges ranges(moved);
        for (const Expr q : d.forms) {
          const Range v = ranges.of(q);
          if ((negated ? v.lower > 0 : v.upper < 0) && smooth.at(f, ranges) && smooth.at(q, ranges)) {
            return "at " + names_at(d.variables, at) + words + " the second derivative" + direction + " is " +
                   (negated ? "positive" : "negative");
          }
        }
      }
    }
  }
  return {};
}

std::string bends_wrongly(Expr f, const std::vector<Expr>& variables, bool negated,
                          const std::vector<Requirement>& defined, const Assumptions& assumptions) {
  if (!std::all_of(variables.begin(), variables.end(), takes_uniform)) return {};
  for (const auto& [setting, words] : settings(f, variables, assumptions)) {
    for (const auto& [a, b] : {std::pair{-1.0, 1.0}, {0.0, 2.0}, {1.0, 3.0}, {-3.0, 1.0}}) {
      Range value[3];
      bool inside = true;
      const double points[3] = {a, (a + b) / 2, b};
      for (int k = 0; k < 3 && inside; ++k) {
        const auto here = at_point(setting, variables, points[k]);
        inside = here && holds_at(defined, *here) && defined_where(f, *here).empty();
        if (!inside) break;
        Ranges ranges(*here);
        value[k] = ranges.of(f);
      }
      if (!inside) continue;
      const Range excess = value[1] + -(Range::point(0.5) * (value[0] + value[2]));
      if (negated ? excess.upper < 0 : excess.lower > 0) {
        return "between " + names_at(variables, a) + " and " + names_at(variables, b) + words + " it lies " +
               (negated ? "below" : "above") + " the chord";
      }
    }
  }
  return {};
}

bool is_convex_domain(const std::vector<Requirement>& conditions, const std::vector<Expr>& variables,
                      const Assumptions& assumptions) {
  Ranges ranges(assumptions);
  Curvatures curvatures(variables, ranges);
  return std::all_of(conditions.begin(), conditions.end(), [&](const Requirement& r) {
    if (!curvatures.depends(r.operand) && (!r.other || !curvatures.depends(r.other))) return true;
    if (r.guard) return false;
    switch (r.predicate) {
      case C::Positive:
      case C::NonNegative:
      case C::AboveMinusOne:
        return is_concave(curvatures.of(r.operand));
      case C::InUnit:
      case C::InsideUnit:
        return is_affine(curvatures.of(r.operand));
      case C::Definite:
      case C::Semidefinite:
        return is_concave(curvatures.loewner(r.operand));
      case C::Invertible:
      case C::FullRowRank:
        return r.predicate == C::Invertible && is_semidefinite(r.operand) &&
               is_concave(curvatures.loewner(r.operand));
      default:
        return false;
    }
  });
}

}  // namespace adjoint

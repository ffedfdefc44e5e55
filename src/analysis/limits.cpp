#include "analysis/limits.hpp"

#include <algorithm>
#include <optional>

#include "analysis/conditions.hpp"
#include "analysis/forms.hpp"
#include "analysis/limit_expansion.hpp"
#include "analysis/limit_named.hpp"
#include "analysis/limit_rate.hpp"
#include "analysis/limit_rules.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {

bool Target::is_zero() const { return kind == Kind::Number && (!number || adjoint::is_zero(number)); }

namespace {

using L = Limit::Kind;
constexpr int kSplits = 2;  // signs of variables that are told apart, one within the other

// What the leading term of an expansion says.
Limit leading(const Series& s, SeriesAlgebra& algebra, Constants& constants, const Assumptions& assumptions) {
  Limit l;
  const Series t = algebra.trimmed(s);
  const auto lead = SeriesAlgebra::lead(t);
  const int direction = algebra.direction(lead);
  if (direction > 0) {
    l.kind = L::Finite;
    l.value = lead.constant.graph().zeros(lead.constant.shape());
  } else if (direction == 0) {
    if (constants.has_waves(lead.constant)) {
      if (constants.waves_in(lead.constant) > 1) throw Undecided("it may oscillate");
      l.kind = L::None;
      l.reason = "it oscillates";
    } else {
      l.kind = L::Finite;
      l.value = shortest(lead.constant, assumptions);
    }
  } else if (constants.has_waves(lead.constant) && !constants.is_positive(lead.constant) &&
             !constants.is_negative(lead.constant)) {
    throw Undecided("it may oscillate");
  } else if (lead.constant.rank() > 0) {
    if (constants.is_positive(lead.constant)) {
      l.kind = L::PlusInfinity;
    } else if (constants.is_negative(lead.constant)) {
      l.kind = L::MinusInfinity;
    } else {
      l.kind = L::None;
      l.reason = "it grows beyond every bound";
      constants.assume(Condition::NotAllZero, lead.constant);
    }
  } else {
    int sign = 0;
    const Range r = constants.ranges().of(constants.tidy(lead.constant));
    if (r.is_nonnegative() || r.is_nonpositive()) {
      sign = r.is_nonnegative() ? 1 : -1;
      if (!constants.assume(Condition::NonZero, lead.constant)) throw Undecided("a coefficient may vanish");
    } else {
      sign = constants.sign(lead.constant);
    }
    l.kind = sign > 0 ? L::PlusInfinity : L::MinusInfinity;
  }
  for (const auto& r : constants.cases) l.cases.push_back({r, {}});
  l.proof.push_back({"the leading term of its asymptotic expansion", {}});
  if (constants.by_numbers)
    l.proof.push_back({"what vanishes to 150 digits at random points is taken for 0", {}});
  return l;
}

Limit expanded_limit(Expr e, Expr eps, const Assumptions& assumptions, const Sampler& sampler) {
  Limit l;
  Constants constants(assumptions, sampler);
  SeriesAlgebra algebra(eps, constants);
  try {
    Expansion expansion(algebra);
    return leading(expansion.of(e), algebra, constants, assumptions);
  } catch (const NotDefinedThere& undefined) {
    l.kind = L::Undefined;
    l.reason = undefined.what();
  } catch (const Undecided& undecided) {
    l.reason = undecided.sign ? "it depends on a sign" : std::string(undecided.what());
    l.sign_of = undecided.sign;
  } catch (const CalculusError& none) {
    l.reason = none.what();
  }
  return l;
}

bool is_known(const Limit& l) { return l.kind != L::Unknown; }

class Asker {
 public:
  Asker(Expr parameter, Expr eps, const Assumptions& assumptions, const Sampler& sampler)
      : parameter_(parameter), eps_(eps), assumptions_(assumptions), sampler_(sampler) {}

  // The limit as the parameter is `approach`, an expression in eps -> 0 from above.
  Limit from_side(Expr f, Expr approach, int splits = kSplits) {
    Limit l = found(f, approach, splits);
    if (l.kind != L::Finite) return l;
    for (const auto& r : defined_where(l.value, assumptions_)) {
      if (!r.impossible) continue;
      l = Limit();
      l.kind = L::Undefined;
      l.reason = "a value outside of the real numbers";
      return l;
    }
    l.value = Constants(assumptions_, sampler_).with_numbers(l.value);
    return l;
  }

  Limit found(Expr f, Expr approach, int splits) {
    const std::pair<Expr, Expr> put{parameter_, approach};
    Ranges ranges(assumptions_);
    const Expr moved = simplify(resolved(substitute(f, std::span(&put, 1)), ranges));
    const Limit plain = named_limit(moved, eps_, assumptions_, sampler_);
    if (plain.kind == L::Finite && plain.cases.empty()) return plain;
    const Limit series = expanded_limit(moved, eps_, assumptions_, sampler_);
    if (is_known(series) && series.cases.empty()) return series;
    if (is_known(plain) && plain.kind != L::None) return plain;
    if (is_known(series)) return series;
    for (const Expr form : {expanded(moved), factored(expanded(moved)), distributed(expanded(moved))}) {
      if (form == moved) continue;
      const Limit other = named_limit(form, eps_, assumptions_, sampler_);
      if (is_known(other)) return other;
      if (!series.sign_of) continue;
      const Limit again = expanded_limit(form, eps_, assumptions_, sampler_);
      if (is_known(again)) return again;
    }
    if (is_known(plain)) return plain;
    if (series.sign_of && splits > 0) {
      if (const auto l = by_sign(f, approach, series.sign_of, splits)) return *l;
    }
    return series;
  }

  // Whether two limits are the same.
  bool agree(const Limit& a, const Limit& b) {
    if (a.kind != b.kind || a.by_sign.size() != b.by_sign.size()) return false;
    for (std::size_t k = 0; k < a.by_sign.size(); ++k) {
      if (!agree(a.by_sign[k], b.by_sign[k])) return false;
    }
    if (a.kind != L::Finite || a.value == b.value) return true;
    Constants constants(assumptions_, sampler_);
    return constants.vanishes(a.value - b.value);
  }

 private:
  // One scalar variable whose sign decides.
  Expr deciding(Expr e) {
    Ranges ranges(assumptions_);
    Expr only;
    for (const auto& y : topological(std::span(&e, 1))) {
      if (y->kind != Kind::Variable || y.rank() != 0 || y->role != Role::Input) continue;
      const Range r = ranges.of(y);
      if (r.is_positive() || r.is_negative()) continue;
      if (only) return {};
      only = y;
    }
    return only;
  }

  std::optional<Limit> by_sign(Expr f, Expr approach, Expr sign_of, int splits) {
    const Expr v = deciding(sign_of);
    if (!v) return std::nullopt;
    Graph& g = f.graph();
    const Range r = Ranges(assumptions_).of(v);
    const Expr size = g.variable(v->name() + "_size_" + std::to_string(splits), {},
                                 Facts::of_signs(Signs::positive()), Role::Placeholder);
    const auto at = [&](Expr value, Expr back) {
      const std::pair<Expr, Expr> put{v, value};
      Assumptions here = assumptions_;
      std::erase_if(here.ranges, [&](const auto& one) { return one.first == v; });
      const Expr size_of = abs(v);
      const Sampler sampler =
          !sampler_ ? Sampler() : Sampler([this, size, size_of](Expr e, unsigned seed, const Given& given) {
            const std::pair<Expr, Expr> known{size, size_of};
            return sampler_(substitute(e, std::span(&known, 1)), seed, given);
          });
      Asker inner(parameter_, eps_, here, sampler);
      Limit l = inner.from_side(substitute(f, std::span(&put, 1)), substitute(approach, std::span(&put, 1)),
                                splits - 1);
      if (back) {
        const std::pair<Expr, Expr> again{size, back};
        if (l.value) l.value = simplify(substitute(l.value, std::span(&again, 1)));
        for (auto& c : l.cases) {
          c.where.operand = substitute(c.where.operand, std::span(&again, 1));
          if (c.where.other) c.where.other = substitute(c.where.other, std::span(&again, 1));
        }
      }
      return l;
    };
    Limit all;
    const Limit above = at(size, v);
    Limit zero, below;
    const bool has_zero = r.holds(0);
    const bool has_below = r.lower < 0;
    if (has_zero) zero = at(g.number(0), {});
    if (has_below) below = at(-size, -v);
    if (r.upper <= 0) return std::nullopt;
    if (!is_known(above) || (has_zero && !is_known(zero)) || (has_below && !is_known(below)))
      return std::nullopt;
    const bool plain = above.cases.empty() && zero.cases.empty() && below.cases.empty();
    const bool finite = above.kind == L::Finite && (!has_zero || zero.kind == L::Finite) &&
                        (!has_below || below.kind == L::Finite);
    if (finite && plain && f.rank() == 0) {
      all.kind = L::Finite;
      all.value = joined(v, above, has_zero ? &zero : nullptr, has_below ? &below : nullptr);
      all.proof = above.proof;
      all.proof.push_back({"told apart by the sign of " + v->name(), {}});
      return all;
    }
    if (plain && (!has_zero || agree(above, zero)) && (!has_below || agree(above, below))) return above;
    all.kind = L::None;
    all.reason = "it depends on the sign of " + v->name();
    all.sign_of = v;
    all.by_sign = {above};
    if (!has_zero) zero.kind = L::Undefined;
    if (!has_below) below.kind = L::Undefined;
    all.by_sign.push_back(zero);
    all.by_sign.push_back(below);
    return all;
  }

  // One formula for all signs of v.
  Expr joined(Expr v, const Limit& above, const Limit* zero, const Limit* below) {
    Graph& g = v.graph();
    Constants constants(assumptions_, sampler_);
    const auto same = [&](Expr a, Expr b) { return a == b || constants.vanishes(a - b); };
    const auto at_zero = [&](Expr e) -> Expr {
      const std::pair<Expr, Expr> put{v, g.number(0)};
      try {
        return simplify(substitute(e, std::span(&put, 1)));
      } catch (const std::runtime_error&) {
        return {};
      }
    };
    const auto fits = [&](Expr e) {
      const Expr c = at_zero(e);
      return zero == nullptr || (c && defined_where(c, assumptions_).empty() && same(c, zero->value));
    };
    const Expr up = above.value;
    if (below == nullptr) {
      if (fits(up)) return up;
      return select(equal(v, g.number(0)), zero->value, up);
    }
    const Expr down = below->value;
    if (same(up, down) && fits(up)) return up;
    if (same(up, -down)) {
      const Expr by_size = simplify(times(divide(up, v), abs(v)));
      if (depends_on(up, v) && fits(by_size)) return by_size;
      if (zero != nullptr && is_zero(zero->value) && !depends_on(up, v)) return times(up, sign(v));
    }
    if (fits(up)) return select(less(v, g.number(0)), down, up);
    if (fits(down)) return select(less(g.number(0), v), up, down);
    return select(equal(v, g.number(0)), zero->value, select(less(v, g.number(0)), down, up));
  }

  Expr parameter_, eps_;
  Assumptions assumptions_;
  Sampler sampler_;
};

// Whether f may have values where v is 0: the conditions on what it divides by, put there.
bool may_be_defined_at_zero(Expr f, Expr v, const Assumptions& assumptions) {
  const std::pair<Expr, Expr> put{v, v.graph().zeros(v.shape())};
  const auto domain = defined_where(f, assumptions);
  return std::none_of(domain.begin(), domain.end(), [&](const Requirement& r) {
    if (r.impossible) return true;
    if (!r.operand || !(depends_on(r.operand, v) || r.operand == v)) return false;
    const bool other_moves = r.other && (depends_on(r.other, v) || r.other == v);
    try {
      Requirement there = r;
      there.operand = simplify(substitute(r.operand, std::span(&put, 1)));
      if (other_moves) there.other = simplify(substitute(r.other, std::span(&put, 1)));
      Ranges ranges(assumptions);
      std::vector<Requirement> list;
      require(list, there, ranges);
      return std::any_of(list.begin(), list.end(), [](const Requirement& one) { return one.impossible; });
    } catch (const std::runtime_error&) {
      return true;
    }
  });
}

// What the limit is where the variable is zero, if the formula does not hold there.
void fill_zero(Limit& l, Expr f, Expr variable, const Assumptions& assumptions,
               const std::function<Limit(Expr)>& limit) {
  if (l.kind != L::Finite || l.cases.size() != 1) return;
  LimitCase& c = l.cases[0];
  const bool zero =
      c.where.operand == variable && (c.where.predicate == Condition::NotAllZero ||
                                      (c.where.predicate == Condition::NonZero && variable.rank() == 0));
  if (!zero || !may_be_defined_at_zero(f, variable, assumptions)) return;
  const std::pair<Expr, Expr> put{variable, variable.graph().zeros(variable.shape())};
  try {
    const Limit there = limit(simplify(substitute(f, std::span(&put, 1))));
    if (there.kind != L::Finite || !there.cases.empty()) return;
    c.otherwise = there.value;
    const Expr formula = simplify(substitute(l.value, std::span(&put, 1)));
    if (formula == there.value && defined_where(l.value).empty()) l.cases.clear();
  } catch (const std::runtime_error&) {
    // there the function has no value that the rules give
  }
}

}  // namespace

Limits limit_of(Expr f, Expr parameter, const Target& target, Expr variable, const Assumptions& assumptions,
                const Sampler& sampler) {
  Graph& g = f.graph();
  Limits answer;
  const Expr eps = g.variable("eps_0", {}, Facts::of_signs(Signs::positive()), Role::Placeholder);
  const Expr at = target.number ? target.number : g.number(0);
  std::vector<Expr> approaches;
  if (target.kind == Target::Kind::PlusInfinity) approaches = {power(eps, Rational(-1))};
  if (target.kind == Target::Kind::MinusInfinity) approaches = {-power(eps, Rational(-1))};
  if (target.kind == Target::Kind::Number) {
    Ranges ranges(assumptions);
    const Range all = ranges.of(parameter);
    const Range point = ranges.of(at);
    if (point.lower >= all.upper) {
      answer.side = Limits::Side::Below;
    } else if (point.upper <= all.lower) {
      answer.side = Limits::Side::Above;
    }
    if (answer.side != Limits::Side::Below) approaches.push_back(at + eps);
    if (answer.side != Limits::Side::Above) approaches.push_back(at - eps);
  }
  Asker asker(parameter, eps, assumptions, sampler);
  const std::string name(parameter->name());
  const bool named = parameter->role == Role::Input;
  const auto both = [&](Expr e, bool choose) {
    Limit l = asker.from_side(e, approaches[0]);
    if (approaches.size() == 1) return l;
    const Limit other = asker.from_side(e, approaches[1]);
    if (choose && (l.kind == L::Undefined) != (other.kind == L::Undefined)) {
      if (l.kind == L::Undefined ? is_known(other) : is_known(l)) {
        answer.side = l.kind == L::Undefined ? Limits::Side::Below : Limits::Side::Above;
        answer.half = true;
        approaches = {approaches[l.kind == L::Undefined ? 1 : 0]};
        return l.kind == L::Undefined ? other : l;
      }
    }
    const std::string ask = target.is_zero() && named ? "; with " + name + " > 0 it is asked from above" : "";
    if (!is_known(l) || !is_known(other)) {
      Limit none = is_known(l) ? other : l;
      if (is_known(l) != is_known(other)) none.reason = "no rule gives it from both sides" + ask;
      return none;
    }
    if (!asker.agree(l, other)) {
      Limit none;
      none.kind = L::None;
      none.reason = "the limits from both sides differ" + ask;
      return none;
    }
    for (const auto& c : other.cases) {
      const bool there = std::any_of(l.cases.begin(), l.cases.end(), [&](const LimitCase& known) {
        return known.where.predicate == c.where.predicate && known.where.operand == c.where.operand;
      });
      if (!there) l.cases.push_back(c);
    }
    return l;
  };
  const Expr simple = simplify(f);
  answer.value = both(simple, true);
  if (variable && f.rank() == 0)
    fill_zero(answer.value, simple, variable, assumptions, [&](Expr e) { return both(e, false); });
  if (answer.value.kind == L::Finite && variable) {
    Ranges ranges(assumptions);
    answer.differentiable = domain_of(answer.value.value, {variable}, assumptions, 1).differentiable;
    for (const auto& c : answer.value.cases) {
      Requirement r = c.where;
      r.necessary = false;
      require(answer.differentiable, r, ranges);
    }
    if (target.is_zero() && approaches.size() == 1 && answer.side != Limits::Side::Below)
      find_rate(simple, parameter, variable, answer.value, assumptions);
    named_rate(simple, parameter, target, answer.value);
  }
  if (variable && f.rank() == 0) {
    try {
      answer.slope = simplify(project_on_structure(simplify(gradient(simple, variable)), variable));
      answer.gradient = both(answer.slope, false);
      const auto smooth = smooth_where(simple, {variable}, assumptions);
      if (!smooth.empty() && answer.gradient.sign_of == variable && answer.gradient.by_sign.size() == 3) {
        // At 0 the function may have no gradient at all.
        answer.gradient.by_sign[1] = Limit();
        answer.gradient.by_sign[1].kind = L::Undefined;
        Limit above = answer.gradient.by_sign[0];
        if (asker.agree(above, answer.gradient.by_sign[2])) {
          Requirement r;
          r.predicate = Condition::NonZero;
          r.operand = variable;
          above.cases.push_back({r, {}});
          answer.gradient = above;
        }
      }
      fill_cases(simple, parameter, target, variable, answer.gradient, assumptions);
      if (!answer.differentiable.empty() && answer.gradient.kind == L::Finite && smooth.empty()) {
        answer.gradient.uniform = Truth::No;  // a uniform limit of continuous functions is continuous
        answer.gradient.proof.push_back(
            {"not uniform: the gradients are continuous and their limit is not", {}});
      }
    } catch (const CalculusError& e) {
      answer.gradient.reason = e.what();
    }
  }
  return answer;
}

}  // namespace adjoint

#include "analysis/limits.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "analysis/conditions.hpp"
#include "analysis/forms.hpp"
#include "analysis/limit_rate.hpp"
#include "analysis/limit_rules.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

// The value of a node as eps -> 0 from above.
struct Tends {
  enum class Kind : std::uint8_t { Finite, Plus, Minus, Directed, Oscillates, Unknown } kind = Kind::Unknown;
  Expr value;  // Finite: the limit; Directed: the node is this times something that goes to infinity

  static Tends finite(Expr e) { return {Kind::Finite, e}; }
  [[nodiscard]] bool is_finite() const { return kind == Kind::Finite; }
  [[nodiscard]] bool is_infinite() const {
    return kind == Kind::Plus || kind == Kind::Minus || kind == Kind::Directed;
  }
};
using K = Tends::Kind;

class Engine {
 public:
  Engine(Expr eps, const Assumptions& assumptions) : eps_(eps), ranges_(assumptions) {}

  Tends of(Expr e) {
    if (!depends_on(e, eps_) && !(e == eps_)) return Tends::finite(e);
    if (const auto at = done_.find(e.get()); at != done_.end()) return at->second;
    done_[e.get()] = {};  // rewriting may come back here
    Tends t = find(*e);
    if (t.is_finite()) t.value = simplify(resolved(t.value, ranges_));  // a zero in disguise must show
    done_[e.get()] = t;
    return t;
  }

  std::vector<Requirement> cases;
  std::vector<ProofLine> proof;

 private:
  Expr zero() { return eps_.graph().number(0); }
  void rule(const std::string& name, Expr result) { proof.push_back({name, result}); }

  Tends directed(Expr u) {
    const Range v = ranges_.of(u);
    if (v.is_positive()) return {K::Plus, {}};
    if (v.is_negative()) return {K::Minus, {}};
    const Expr simple = simplify(resolved(u, ranges_));
    if (is_zero(simple)) return {};
    const auto nodes = topological(std::span(&simple, 1));
    const bool varies =
        std::any_of(nodes.begin(), nodes.end(), [](Expr e) { return e->kind == Kind::Variable; });
    if (!varies && !v.is_nonnegative() && !v.is_nonpositive()) return {};  // a constant that may be 0
    return {K::Directed, simple};
  }

  Tends find(const Node& n) {
    const Expr self(&n);
    if (self == eps_) return Tends::finite(zero());
    if (const auto s = as_softmax(self)) {
      const Tends v = of(times(eps_, s->argument));
      const Tends flat = of(s->argument);
      if (flat.is_finite() && is_zero(flat.value)) {
        Expr count = n.graph->number(1);
        for (std::size_t k = 0; k < n.shape.size(); ++k) {
          if (s->axis < 0 || s->axis == static_cast<int>(k))
            count = times(count, n.graph->extent(n.shape[k]));
        }
        rule("softmax of equal entries is uniform", {});
        return Tends::finite(broadcast(adjoint::power(count, Rational(-1)), n.shape));
      }
      if (v.is_finite() && !is_zero(v.value) && of(s->argument).is_infinite()) {
        const Expr result = at_largest(v.value, s->axis);
        rule("softmax(u/eps) tends to the indicator of the largest entries, shared equally in a tie", result);
        return Tends::finite(result);
      }
    }
    switch (n.kind) {
      case Kind::Sum:
        return sum(n);
      case Kind::Product:
        return product(n);
      case Kind::Power:
        return raised(n);
      case Kind::Apply:
        return apply(n);
      case Kind::Variable:
      case Kind::Extent:
        break;
    }
    return {};
  }

  Tends sum(const Node& n) {
    std::vector<Term> finite;
    std::vector<Term> directions;
    bool plus = false, minus = false, waves = false;
    for (const auto& t : n.terms) {
      const Tends v = of(t.expr);
      const bool flip = t.coefficient.is_negative();
      if (v.is_finite())
        finite.push_back({t.coefficient, v.value});
      else if (v.kind == K::Plus)
        (flip ? minus : plus) = true;
      else if (v.kind == K::Minus)
        (flip ? plus : minus) = true;
      else if (v.kind == K::Directed)
        directions.push_back({t.coefficient, v.value});
      else if (v.kind == K::Oscillates)
        waves = true;
      else
        return {};
    }
    if (directions.empty() && !plus && !minus) {
      if (waves) return {K::Oscillates, {}};
      return Tends::finite(n.graph->sum(finite));
    }
    if (waves) return {};
    if (!directions.empty()) {
      if (plus || minus || directions.size() > 1) return {};
      return directed(directions[0].coefficient * directions[0].expr);
    }
    if (plus && minus) return {};
    return {plus ? K::Plus : K::Minus, {}};
  }

  Tends product(const Node& n) {
    std::vector<Tends> values;
    bool infinite = false, waves = false;
    int zeros = 0;
    for (const auto& f : n.factors) {
      values.push_back(of(f.expr));
      const Tends& v = values.back();
      if (v.kind == K::Unknown) return rescued(n);
      infinite = infinite || v.is_infinite();
      waves = waves || v.kind == K::Oscillates;
      if (v.is_finite() && is_zero(v.value)) ++zeros;
    }
    if (zeros > 0 && !infinite) return Tends::finite(n.graph->zeros(n.shape));
    if (zeros > 0) return rescued(n);
    if (waves) return {K::Oscillates, {}};
    std::vector<Factor> factors;
    bool negative = n.coefficient.is_negative();
    for (std::size_t k = 0; k < n.factors.size(); ++k) {
      if (values[k].kind == K::Minus) negative = !negative;
      if (values[k].kind == K::Plus || values[k].kind == K::Minus) {
        if (!n.factors[k].labels.empty())
          factors.push_back({n.graph->ones(n.factors[k].expr.shape()), n.factors[k].labels});
        continue;
      }
      factors.push_back({values[k].value, n.factors[k].labels});
    }
    const Rational c =
        infinite ? (negative ? Rational(-1) : Rational(1)) * n.coefficient.absolute() : n.coefficient;
    const Expr result = n.graph->product(c, std::move(factors), n.output, n.label_sizes);
    return infinite ? directed(result) : Tends::finite(result);
  }

  // 0 times infinity: a power of eps moves into what it meets.
  Tends rescued(const Node& n) {
    Expr small;
    std::vector<Factor> rest;
    for (const auto& f : n.factors) {
      const bool of_eps = f.expr == eps_ || (f.expr->kind == Kind::Power && f.expr->operands[0] == eps_ &&
                                             as_number(f.expr->operands[1]) != nullptr);
      if (of_eps) {
        small = f.expr;
      } else {
        rest.push_back(f);
      }
    }
    if (!small) return {};
    if (const Tends t = ratio(n, small, rest); t.kind != K::Unknown) return t;
    for (auto& f : rest) {
      const Tends t = of(f.expr);
      if (t.is_finite() && !is_zero(t.value)) continue;
      const Tends moved = with_small(small, f.expr);
      if (!moved.is_finite()) continue;
      f.expr = moved.value;
      return of(n.graph->product(n.coefficient, rest, n.output, n.label_sizes));
    }
    return {};
  }

  // E/eps^k with E -> 0 tends to the limit of E'/(k*eps^(k-1)), where there is one (de l'Hospital).
  Tends ratio(const Node& n, Expr small, const std::vector<Factor>& rest) {
    const Rational* k = small == eps_ ? nullptr : as_number(small->operands[1]);
    if (k == nullptr || !k->is_integer() || !k->is_negative() || ratios_ >= 3 || rest.empty()) return {};
    const Expr e = n.graph->product(n.coefficient, rest, n.output, n.label_sizes);
    const Tends top = of(e);
    if (!top.is_finite() || !is_zero(top.value)) return {};
    ++ratios_;
    try {
      const Movement m{eps_, eps_.graph().number(1)};
      const Expr below = Rational(-1) / *k * adjoint::power(eps_, *k + Rational(1));
      const Tends t = of(simplify(times(pushforward(e, std::span(&m, 1)), below)));
      if (t.is_finite()) rule("a quotient of two that vanish: the quotient of the derivatives", t.value);
      --ratios_;
      return t;
    } catch (const std::runtime_error&) {
      --ratios_;
      return {};
    }
  }

  // The limit of small*e.
  Tends with_small(Expr small, Expr e) {
    Graph& g = *e->graph;
    const bool plain = small == eps_;
    if (e->kind == Kind::Power) {
      const Rational* q = as_number(e->operands[1]);
      if (q == nullptr || q->is_zero()) return {};
      const Rational inside = (plain ? Rational(1) : *as_number(small->operands[1])) / *q;
      return of(g.power(simplify(distributed(times(adjoint::power(eps_, inside), e->operands[0]))),
                        e->operands[1]));
    }
    if (e->kind == Kind::Sum) return of(distributed(times(small, e)));
    if (e->kind == Kind::Product) {  // one factor takes it, the others have limits
      std::vector<Factor> factors = e->factors;
      bool taken = false;
      for (auto& f : factors) {
        Tends t = of(f.expr);
        if (!t.is_finite() || is_zero(t.value)) {
          if (taken) return {};
          taken = true;
          t = with_small(small, f.expr);
        }
        if (!t.is_finite()) return {};
        f.expr = t.value;
      }
      return taken ? Tends::finite(g.product(e->coefficient, std::move(factors), e->output, e->label_sizes))
                   : Tends{};
    }
    if (e->kind != Kind::Apply || !plain) return {};
    if (is_gauge(*e) && e->operands.size() == 1) {
      return of(g.apply(*e->op, {distributed(times(eps_, e->operands[0]))}, e->attributes));
    }
    Expr grows = e->operands[0];
    if (e->op->name == "log" && grows->kind == Kind::Apply) grows = grows->operands[0];
    const Tends u = of(distributed(times(eps_, grows)));
    if (!u.is_finite()) return {};
    const auto r = recession(*e, u.value);
    if (!r) return {};
    rule("eps*" + std::string(e->op->name) + "(u/eps) tends to its recession function", r->limit);
    return Tends::finite(r->limit);
  }

  Tends raised(const Node& n) {
    Graph& g = *n.graph;
    const Tends b = of(n.operands[0]);
    const Tends e = of(n.operands[1]);
    if (!e.is_finite() && b.is_finite() && as_number(b.value) != nullptr && as_number(b.value)->is_one()) {
      const Tends logarithm = of(simplify(times(n.operands[1], log(n.operands[0]))));
      if (!logarithm.is_finite()) return {};
      const Expr result = exp(logarithm.value);
      rule("1 to an infinite power: exp of the limit of the logarithm", result);
      return Tends::finite(result);
    }
    if (!e.is_finite()) return infinite_exponent(n.operands[0], e);
    const Range q = ranges_.of(e.value);
    if (b.is_finite()) {
      if (q.is_nonnegative() && !(q.lower == 0 && q.upper == 0))
        return Tends::finite(g.power(b.value, e.value));
      if (q.lower == 0 && q.upper == 0) {  // |u|^0: 1, and 0 where u is 0 as long as the exponent is positive
        const Range v = ranges_.of(b.value);
        if (v.is_positive()) return Tends::finite(g.ones(n.shape));
        return Tends::finite(where(b.value, g.ones(n.shape), g.zeros(n.shape)));
      }
      if (is_zero(b.value)) {
        const Range v = ranges_.of(n.operands[0]);
        const Rational* number = as_number(n.operands[1]);
        if (v.is_nonnegative() || (number != nullptr && number->is_even())) return {K::Plus, {}};
        if (v.is_nonpositive()) return {K::Minus, {}};
        return {};
      }
      note(Condition::NonZero, b.value);
      return Tends::finite(g.power(b.value, e.value));
    }
    if (!b.is_infinite() || depends_on(n.operands[1], eps_)) return {};
    const Rational* number = as_number(n.operands[1]);
    if (q.is_negative()) {
      if (b.kind == K::Directed) note(Condition::NonZero, b.value);
      return Tends::finite(g.zeros(n.shape));
    }
    if (!q.is_positive()) return {};
    if (b.kind == K::Plus || (number != nullptr && number->is_even())) {
      return b.kind == K::Directed ? directed(g.power(b.value, n.operands[1])) : Tends{K::Plus, {}};
    }
    if (b.kind == K::Directed && (number != nullptr && number->is_integer()))
      return directed(g.power(b.value, n.operands[1]));
    if (b.kind == K::Directed && ranges_.of(b.value).is_nonnegative())
      return directed(g.power(b.value, n.operands[1]));
    return number != nullptr && number->is_integer() ? b : Tends{};
  }

  Tends infinite_exponent(Expr base, const Tends& e) {
    if (depends_on(base, eps_)) return {};
    const Range v = ranges_.of(base);
    if (e.kind != K::Plus && e.kind != K::Minus) return {};
    const bool up = e.kind == K::Plus;
    if (v.lower > 1) return up ? Tends{K::Plus, {}} : Tends::finite(base.graph().zeros(base.shape()));
    if (v.lower > 0 && v.upper < 1)
      return up ? Tends::finite(base.graph().zeros(base.shape())) : Tends{K::Plus, {}};
    return {};
  }

  void note(Condition c, Expr operand) {
    Requirement r;
    r.predicate = c;
    r.operand = operand;
    require(cases, r, ranges_);
  }

  Tends apply(const Node& n) {
    Graph& g = *n.graph;
    std::vector<Expr> values;
    const Tends* infinite = nullptr;
    std::vector<Tends> all;
    for (const auto& o : n.operands) all.push_back(of(o));
    for (const auto& v : all) {
      if (v.kind == K::Oscillates && record_of(n).partial.value != nullptr) return {K::Oscillates, {}};
      if (v.kind == K::Unknown || v.kind == K::Oscillates) return {};
      if (v.is_infinite()) infinite = &v;
      values.push_back(v.value);
    }
    if (n.op->name == "norm_p" || n.op->name == "norm_p_grad") {
      if (all[0].is_finite() && all[1].kind == K::Plus) {
        const Expr a = abs(all[0].value);
        const bool value = n.op->name == "norm_p";
        const Expr result = value ? largest(a, -1) : times(sign(all[0].value), at_largest(a, -1));
        rule(value ? "norm(x,p) decreases to norm(x,inf) as p grows"
                   : "the entries below the largest one lose their weight",
             result);
        return Tends::finite(result);
      }
      if (all[1].is_finite() && !ranges_.of(all[1].value).is_positive()) return {};
    }
    if (infinite == nullptr) {
      for (const auto& c : record_of(n).defined.value)
        note(c.condition, values[static_cast<std::size_t>(c.operand)]);
      if (n.op->name == "log" && is_zero(values[0])) return {K::Minus, {}};
      if (record_of(n).bounds.value.shape == ScalarBounds::Shape::Neither &&
          !record_of(n).differentiable.value.empty() && n.op->name == "sign") {
        note(Condition::NonZero, values[0]);
      }
      return Tends::finite(g.apply(*n.op, values, n.attributes));
    }
    if (n.operands.size() != 1 || record_of(n).partial.value == nullptr) return {};
    const AtInfinity at = at_infinity(n.op->name, g);
    const auto spread = [&](Expr number) { return n.rank() > 0 ? broadcast(number, n.shape) : number; };
    const auto end = [&](bool high) -> Tends {
      switch (high ? at.high : at.low) {
        case AtInfinity::Kind::Number:
          return Tends::finite(spread(high ? at.at_high : at.at_low));
        case AtInfinity::Kind::PlusInfinity:
          return {K::Plus, {}};
        case AtInfinity::Kind::MinusInfinity:
          return {K::Minus, {}};
        case AtInfinity::Kind::Oscillates:
          return {K::Oscillates, {}};
        case AtInfinity::Kind::Unknown:
          break;
      }
      return {};
    };
    if (infinite->kind == K::Plus) return end(true);
    if (infinite->kind == K::Minus) return end(false);
    // u/eps: by the sign of u.
    const Expr u = infinite->value;
    const Range v = ranges_.of(u);
    Expr at_zero;
    try {
      at_zero = g.apply(*n.op, {g.number(0)}, n.attributes);
    } catch (const std::runtime_error&) {
      return {};
    }
    const Tends high = end(true);
    const Tends low = end(false);
    if (high.kind == K::Oscillates) return high;
    if (v.is_nonnegative() && high.is_finite()) return Tends::finite(where(u, high.value, spread(at_zero)));
    if (v.is_nonpositive() && low.is_finite()) return Tends::finite(where(u, low.value, spread(at_zero)));
    if (v.is_nonnegative() && high.kind == K::Plus) return directed(u);
    if (!high.is_finite() || !low.is_finite()) return {};
    const Expr middle = Rational(1, 2) * (high.value + low.value);
    const Expr result = middle + times(Rational(1, 2) * (high.value - low.value), sign(u));
    rule(std::string(n.op->name) + "(u/eps) tends to its values at infinity", result);
    return Tends::finite(result);
  }

  // value where u is not 0, else at_zero
  static Expr where(Expr u, Expr value, Expr at_zero) {
    while (true) {  // what vanishes with u
      if (u->kind == Kind::Product && u->coefficient.is_negative()) {
        u = -u;
      } else if (u->kind == Kind::Power ||
                 (u->kind == Kind::Apply && is_gauge(*u) && u->operands[0].rank() == u.rank())) {
        u = u->operands[0];
      } else {
        break;
      }
    }
    return select(equal(u, u.graph().zeros(u.shape())), at_zero, value);
  }

  Expr eps_;
  Ranges ranges_;
  int ratios_ = 0;  // nested quotients
  std::unordered_map<const Node*, Tends> done_;
};

// The shorter of two forms.
Expr shortest(Expr e, const Assumptions& assumptions) {
  Ranges ranges(assumptions);
  const Expr a = simplify(resolved(simplify(e), ranges));
  const Expr b = simplify(resolved(expanded(a), ranges));
  return topological(std::span(&b, 1)).size() < topological(std::span(&a, 1)).size() ? b : a;
}

Limit from(const Tends& t, Engine& engine, const Assumptions& assumptions) {
  Limit l;
  Ranges ranges(assumptions);
  switch (t.kind) {
    case K::Finite:
      l.kind = Limit::Kind::Finite;
      l.value = shortest(t.value, assumptions);
      break;
    case K::Plus:
      l.kind = Limit::Kind::PlusInfinity;
      break;
    case K::Minus:
      l.kind = Limit::Kind::MinusInfinity;
      break;
    case K::Oscillates:
      l.kind = Limit::Kind::None;
      l.reason = "it oscillates";
      break;
    case K::Directed:
      if (has_jumps(t.value)) {
        l.reason = "no rule gives it";
        break;
      }
      if (ranges.of(resolved(t.value, ranges)).is_nonnegative()) {
        l.kind = Limit::Kind::PlusInfinity;
        Requirement r;  // not where the factor vanishes
        r.predicate = t.value.rank() == 0 ? Condition::NonZero : Condition::NotAllZero;
        r.operand = t.value;
        require(engine.cases, r, ranges);
        break;
      }
      l.kind = Limit::Kind::None;
      l.reason = "it grows beyond every bound, with a sign that depends on the variables";
      break;
    case K::Unknown:
      l.reason = "no rule gives it";
      break;
  }
  l.proof = engine.proof;
  for (const auto& r : engine.cases) l.cases.push_back({r, {}});
  return l;
}

Limit one_sided(Expr f, Expr parameter, Expr approach, Expr eps, const Assumptions& assumptions) {
  const std::pair<Expr, Expr> put{parameter, approach};
  Ranges ranges(assumptions);
  const Expr moved = simplify(resolved(substitute(f, std::span(&put, 1)), ranges));
  Engine engine(eps, assumptions);
  Tends t = engine.of(moved);
  if (t.kind == K::Unknown) {
    for (const Expr form : {expanded(moved), factored(expanded(moved)), distributed(expanded(moved))}) {
      Engine again(eps, assumptions);
      const Tends other = again.of(form);
      if (other.kind != K::Unknown) return from(other, again, assumptions);
    }
  }
  return from(t, engine, assumptions);
}

}  // namespace

namespace {

// A function that is even in the parameter comes to 0 from both sides alike: the question for abs(parameter).
std::optional<Limits> even_limit(Expr f, Expr parameter, const Target& target, Expr variable,
                                 const Assumptions& assumptions) {
  if (target.kind != Target::Kind::Number || !target.number.is_zero() ||
      parameter->facts.signs.is_nonnegative() || !(Ranges(assumptions).of(parameter).lower < 0)) {
    return std::nullopt;
  }
  const Expr simple = simplify(f);
  const std::pair<Expr, Expr> mirror{parameter, -parameter};
  if (!(simplify(substitute(simple, std::span(&mirror, 1))) == simple)) return std::nullopt;
  const Expr size = f.graph().variable("eps_1", {}, Facts::of_signs(Signs::positive()), Role::Placeholder);
  const std::pair<Expr, Expr> put{parameter, size};
  Limits answer = limit_of(substitute(simple, std::span(&put, 1)), size, target, variable, assumptions);
  const std::pair<Expr, Expr> back{size, abs(parameter)};
  for (Limit* l : {&answer.value, &answer.gradient}) {
    if (l->rate) l->rate = substitute(l->rate, std::span(&back, 1));
    for (auto& line : l->proof) {
      if (line.bound) line.bound = substitute(line.bound, std::span(&back, 1));
    }
  }
  return answer;
}

}  // namespace

Limits limit_of(Expr f, Expr parameter, const Target& target, Expr variable, const Assumptions& assumptions) {
  if (auto even = even_limit(f, parameter, target, variable, assumptions)) return *even;
  Graph& g = f.graph();
  Limits answer;
  const Expr eps = g.variable("eps_0", {}, Facts::of_signs(Signs::positive()), Role::Placeholder);
  std::vector<Expr> approaches;
  if (target.kind == Target::Kind::PlusInfinity) approaches = {power(eps, Rational(-1))};
  if (target.kind == Target::Kind::MinusInfinity) approaches = {-power(eps, Rational(-1))};
  if (target.kind == Target::Kind::Number) {
    const Expr a = g.number(target.number);
    approaches.push_back(a + eps);
    const bool above_only = target.number.is_zero() && parameter->facts.signs.is_nonnegative();
    Ranges ranges(assumptions);
    if (!above_only && ranges.of(parameter).lower < target.number.value()) approaches.push_back(a - eps);
  }
  const auto both = [&](Expr e) {
    Limit l = one_sided(e, parameter, approaches[0], eps, assumptions);
    if (approaches.size() == 2) {
      const Limit other = one_sided(e, parameter, approaches[1], eps, assumptions);
      const std::string name(parameter->name());
      const std::string ask = target.number.is_zero() ? "; with " + name + " > 0 it is asked from above" : "";
      Limit none;
      if (l.kind == Limit::Kind::Unknown || other.kind == Limit::Kind::Unknown) {
        const bool one = l.kind != other.kind;
        none.reason = one ? "no rule gives it from both sides" + ask : "no rule gives it";
        return none;
      }
      if (l.kind != other.kind || (l.kind == Limit::Kind::Finite && !(l.value == other.value))) {
        none.kind = Limit::Kind::None;
        none.reason = "the limits from both sides differ" + ask;
        return none;
      }
    }
    return l;
  };
  const Expr simple = simplify(f);
  answer.value = both(simple);
  if (answer.value.kind == Limit::Kind::Finite && variable) {
    answer.differentiable = domain_of(answer.value.value, {variable}, assumptions, 1).differentiable;
    if (target.kind == Target::Kind::Number && target.number.is_zero() && approaches.size() == 1) {
      find_rate(simple, parameter, variable, answer.value, assumptions);
    }
    named_rate(simple, parameter, target, answer.value);
  }
  if (variable && f.rank() == 0) {
    try {
      answer.gradient = both(simplify(gradient(simple, variable)));
      fill_cases(simple, parameter, target, variable, answer.gradient, assumptions);
      if (!answer.differentiable.empty() && answer.gradient.kind == Limit::Kind::Finite &&
          smooth_where(simple, {variable}, assumptions).empty()) {
        answer.gradient.uniform = Truth::No;  // a uniform limit of continuous functions is continuous
        answer.gradient.proof.push_back(
            {"not uniform: the gradients are continuous and their limit is not", {}});
      }
    } catch (const std::runtime_error& e) {
      answer.gradient.reason = e.what();
    }
  }
  return answer;
}

}  // namespace adjoint

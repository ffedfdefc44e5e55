#include "analysis/limit_named.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "analysis/conditions.hpp"
#include "analysis/forms.hpp"
#include "analysis/limit_rules.hpp"
#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {

Expr shortest(Expr e, const Assumptions& assumptions) {
  Ranges ranges(assumptions);
  const Expr a = simplify(resolved(simplify(e), ranges));
  const Expr b = simplify(resolved(expanded(a), ranges));
  return topological(std::span(&b, 1)).size() < topological(std::span(&a, 1)).size() ? b : a;
}

namespace {

// The value of a node as eps -> 0 from above.
struct Tends {
  enum class Kind : std::uint8_t { Finite, Plus, Minus, Directed, Oscillates, Unknown } kind = Kind::Unknown;
  Expr value;  // Finite: the limit; Directed: the node is about this times something that goes to infinity
  bool exact = false;  // Directed: without "about": it is 0 where the factor is

  static Tends finite(Expr e) { return {Kind::Finite, e}; }
  [[nodiscard]] bool is_finite() const { return kind == Kind::Finite; }
  [[nodiscard]] bool is_infinite() const {
    return kind == Kind::Plus || kind == Kind::Minus || kind == Kind::Directed;
  }
};
using K = Tends::Kind;

class Engine {
 public:
  Engine(Expr eps, const Assumptions& assumptions, const Sampler& sampler)
      : eps_(eps), ranges_(assumptions), constants_(assumptions, sampler) {}

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

  Tends directed(Expr u, bool exact) {
    const Range v = ranges_.of(u);
    if (v.is_positive()) return {K::Plus, {}};
    if (v.is_negative()) return {K::Minus, {}};
    const Expr simple = simplify(resolved(u, ranges_));
    if (constants_.vanishes(simple)) return {};
    const auto nodes = topological(std::span(&simple, 1));
    const bool varies =
        std::any_of(nodes.begin(), nodes.end(), [](Expr e) { return e->kind == Kind::Variable; });
    if (!varies && !v.is_nonnegative() && !v.is_nonpositive()) return {};  // a constant that may be 0
    return {K::Directed, simple, exact};
  }

  Tends find(const Node& n) {
    const Expr self(&n);
    if (self == eps_) return Tends::finite(zero());
    if (const auto s = as_softmax(self)) {
      const Expr scaled = simplify(times(eps_, s->argument));
      const Tends v = depends_on(scaled, eps_) ? Tends{} : Tends::finite(scaled);
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
    bool plus = false, minus = false, exact = true;
    int waves = 0;
    for (const auto& t : n.terms) {
      const Tends v = of(t.expr);
      const bool flip = t.coefficient.is_negative();
      if (v.is_finite())
        finite.push_back({t.coefficient, v.value});
      else if (v.kind == K::Plus)
        (flip ? minus : plus) = true;
      else if (v.kind == K::Minus)
        (flip ? plus : minus) = true;
      else if (v.kind == K::Directed) {
        directions.push_back({t.coefficient, v.value});
        exact = v.exact;
      } else if (v.kind == K::Oscillates)
        ++waves;
      else
        return {};
    }
    if (directions.empty() && !plus && !minus) {
      if (waves == 1) return {K::Oscillates, {}};
      if (waves > 1) return {};  // they may cancel
      return Tends::finite(n.graph->sum(finite));
    }
    if (waves > 0) return {};
    if (!directions.empty()) {
      if (plus || minus || directions.size() > 1) return {};
      return directed(directions[0].coefficient * directions[0].expr, exact && finite.empty());
    }
    if (plus && minus) return {};
    return {plus ? K::Plus : K::Minus, {}};
  }

  Tends product(const Node& n) {
    std::vector<Tends> values;
    bool infinite = false, exact = true;
    int zeros = 0, waves = 0;
    for (const auto& f : n.factors) {
      values.push_back(of(f.expr));
      const Tends& v = values.back();
      exact = exact && (v.is_finite() ? !depends_on(f.expr, eps_) : v.kind != K::Directed || v.exact);
      if (v.kind == K::Unknown) return rescued(n);
      infinite = infinite || v.is_infinite();
      waves += v.kind == K::Oscillates ? 1 : 0;
      if (v.is_finite() && is_zero(v.value)) ++zeros;
    }
    if (zeros > 0 && !infinite) return Tends::finite(n.graph->zeros(n.shape));
    if (zeros > 0) return rescued(n);
    if (waves > 0) {
      const bool alone = waves == 1 && std::all_of(values.begin(), values.end(), [&](const Tends& v) {
                           return !v.is_finite() || ranges_.of(v.value).signs().is_nonzero();
                         });
      return alone ? Tends{K::Oscillates, {}} : Tends{};
    }
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
    return infinite ? directed(result, exact) : Tends::finite(result);
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
    for (auto& f : rest) {
      const Tends t = of(f.expr);
      if (t.is_finite() && !is_zero(t.value)) continue;
      const Tends moved = with_small(small, f.expr);
      if (!moved.is_finite()) continue;
      const bool others = std::all_of(rest.begin(), rest.end(), [&](const Factor& other) {
        return &other == &f || of(other.expr).is_finite();
      });
      if (!others) return {};
      f.expr = moved.value;
      return of(n.graph->product(n.coefficient, rest, n.output, n.label_sizes));
    }
    return {};
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
    if (!e.is_finite()) return infinite_exponent(n.operands[0], e);
    const Range q = ranges_.of(e.value);
    if (b.is_finite()) {
      const Rational* given = as_number(n.operands[1]);
      const Range v = ranges_.of(b.value);
      if (given == nullptr && !v.is_positive() && !v.is_nonnegative()) return {};
      if (given != nullptr && !given->is_integer() && v.is_negative()) return {};  // no real value
      if (is_zero(b.value) && q.is_positive()) return Tends::finite(g.zeros(n.shape));
      if (q.is_positive() && (v.is_positive() || !is_zero(e.value)))
        return Tends::finite(g.power(b.value, e.value));
      if (q.lower == 0 && q.upper == 0) {  // |u|^0: 1, and 0 where u is 0 as long as the exponent is positive
        if (v.is_positive()) return Tends::finite(g.ones(n.shape));
        if (depends_on(n.operands[0], eps_) || !ranges_.of(n.operands[1]).is_positive()) return {};
        return Tends::finite(where(b.value, g.ones(n.shape), g.zeros(n.shape)));
      }
      if (is_zero(b.value)) {
        const Range near = ranges_.of(n.operands[0]);
        if (!q.is_negative() || given == nullptr) return {};
        if (near.is_nonnegative() || given->is_even()) return {K::Plus, {}};
        if (near.is_nonpositive() && given->is_integer()) return {K::Minus, {}};
        return {};
      }
      if (!note(Condition::NonZero, b.value)) return {};
      return Tends::finite(g.power(b.value, e.value));
    }
    if (!b.is_infinite() || depends_on(n.operands[1], eps_)) return {};
    const Rational* number = as_number(n.operands[1]);
    if (q.is_negative()) {
      if (b.kind == K::Directed && !note(Condition::NonZero, b.value)) return {};
      return Tends::finite(g.zeros(n.shape));
    }
    if (!q.is_positive()) return {};
    if (b.kind == K::Plus || (number != nullptr && number->is_even())) {
      return b.kind == K::Directed ? directed(g.power(b.value, n.operands[1]), b.exact) : Tends{K::Plus, {}};
    }
    if (b.kind == K::Directed && (number != nullptr && number->is_integer()))
      return directed(g.power(b.value, n.operands[1]), b.exact);
    if (b.kind == K::Directed && ranges_.of(b.value).is_nonnegative())
      return directed(g.power(b.value, n.operands[1]), b.exact);
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

  // Assumes a condition; false where it cannot hold.
  bool note(Condition c, Expr operand, Expr other = {}) {
    Requirement r;
    r.predicate = c;
    r.operand = operand;
    r.other = other;
    std::vector<Requirement> list;
    require(list, r, ranges_);
    if (std::any_of(list.begin(), list.end(), [](const Requirement& one) { return one.impossible; }))
      return false;
    if (list.empty()) return true;
    const auto nodes = topological(std::span(&operand, 1));
    const bool varies = std::any_of(nodes.begin(), nodes.end(), [](Expr e) {
      return e->kind == Kind::Variable || e->kind == Kind::Extent;
    });
    if (!varies && other == Expr()) return constants_.holds(c, operand);
    if ((c == Condition::NonZero || c == Condition::NotAllZero) && constants_.vanishes(operand)) return false;
    for (const auto& one : list) require(cases, one, ranges_);
    return true;
  }

  // The value at the limits of the operands, where the operation is continuous there.
  Tends continued(const Node& n, const std::vector<Expr>& values) {
    const Record& record = record_of(n);
    const bool everywhere = is_continuous(n, eps_);
    for (const auto* list : {&record.defined.value, &record.differentiable.value}) {
      if (everywhere && list == &record.differentiable.value) break;
      for (const auto& c : *list) {
        const Expr other = c.condition == Condition::Differ ? values[1] : Expr();
        if (c.condition == Condition::Unknown || c.condition == Condition::ConstantRank ||
            !note(c.condition, values[static_cast<std::size_t>(c.operand)], other))
          return {};
      }
    }
    if (is_zero(values[0])) {
      const auto degree = degree_of(n);
      if (degree && !degree->logarithmic && ranges_.of(degree->value).is_positive())
        return Tends::finite(n.graph->zeros(n.shape));
    }
    return Tends::finite(n.graph->apply(*n.op, values, n.attributes));
  }

  Tends apply(const Node& n) {
    Graph& g = *n.graph;
    std::vector<Expr> values;
    const Tends* infinite = nullptr;
    std::vector<Tends> all;
    for (const auto& o : n.operands) all.push_back(of(o));
    for (const auto& v : all) {
      if (v.kind == K::Oscillates && n.operands.size() == 1 && is_strictly_monotone(n))
        return {K::Oscillates, {}};
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
      if (n.op->name == "norm_p" && all[0].is_finite() && all[1].is_finite()) {  // continuous in both
        if (is_zero(all[0].value)) return Tends::finite(zero());
        return Tends::finite(norm_p(all[0].value, all[1].value));
      }
    }
    if (infinite == nullptr) return continued(n, values);
    if (n.operands.size() != 1 || record_of(n).partial.value == nullptr) return {};
    const AtInfinity at = values_at_infinity(n.op->name, g);
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
    if (high.kind == K::Oscillates || low.kind == K::Oscillates) return {};  // not where u is 0
    if (!infinite->exact && !note(Condition::NonZero, u)) return {};
    if (v.is_nonnegative() && high.is_finite()) return Tends::finite(where(u, high.value, spread(at_zero)));
    if (v.is_nonpositive() && low.is_finite()) return Tends::finite(where(u, low.value, spread(at_zero)));
    if (v.is_nonnegative() && high.kind == K::Plus) return {};
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
  Constants constants_;  // zeros in disguise: cos(pi/2)
  std::unordered_map<const Node*, Tends> done_;
};

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

}  // namespace

Limit named_limit(Expr e, Expr eps, const Assumptions& assumptions, const Sampler& sampler) {
  Engine engine(eps, assumptions, sampler);
  const Tends t = engine.of(e);
  return from(t, engine, assumptions);
}

}  // namespace adjoint

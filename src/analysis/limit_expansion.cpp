#include "analysis/limit_expansion.hpp"

#include <algorithm>

#include "analysis/forms.hpp"
#include "analysis/limit_rules.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

constexpr int kDeepest = 400;

// The condition on an open set: a power series needs room on all sides.
Condition opened(Condition c) {
  switch (c) {
    case Condition::NonNegative:
      return Condition::Positive;
    case Condition::InUnit:
      return Condition::InsideUnit;
    case Condition::Semidefinite:
      return Condition::Definite;
    case Condition::ConstantRank:
      return Condition::FullRank;
    default:
      return c;
  }
}

}  // namespace

bool Expansion::moves(Expr root) {
  for (const auto& e : topological(std::span(&root, 1))) {
    if (moves_.contains(e.get())) continue;
    bool any = e == algebra_.eps() || bound_.contains(e.get());
    for (const auto& o : e->operands) any = any || moves_.at(o.get());
    moves_[e.get()] = any;
  }
  return moves_.at(root.get());
}

Series Expansion::of(Expr e) {
  if (const auto at = bound_.find(e.get()); at != bound_.end()) return at->second;
  if (const auto at = moves_.find(e.get()); at == moves_.end() ? !moves(e) : !at->second)
    return SeriesAlgebra::constant(constants_.tidy(e));
  if (const auto at = done_.find(e.get()); at != done_.end()) return at->second;
  if (++depth_ > kDeepest) throw Undecided("the expression is too deep");
  Series s = find(*e);
  --depth_;
  if (!s.is_constant() && bound_.empty()) s.exact = [e] { return e; };
  done_[e.get()] = s;
  return s;
}

Series Expansion::find(const Node& n) {
  switch (n.kind) {
    case Kind::Variable:
      return algebra_.parameter();
    case Kind::Sum: {
      std::optional<Series> total;
      for (const auto& t : n.terms) {
        const Series one = algebra_.scaled(t.coefficient, of(t.expr));
        total = total ? algebra_.add(*total, one) : one;
      }
      return *total;
    }
    case Kind::Product:
      return product(n);
    case Kind::Power:
      return power(n);
    case Kind::Apply:
      return apply(n);
    case Kind::Extent:
      break;
  }
  throw Undecided("no rule gives it");
}

// Exponentials among the factors meet in one, so that their exponents may cancel.
std::optional<Series> Expansion::exponential(const Node& n) {
  Graph& g = *n.graph;
  std::vector<Factor> rest;
  std::vector<Term> exponents;
  for (const auto& f : n.factors) {
    const Node& e = *f.expr;
    if (f.labels.empty() && e.kind == Kind::Apply && e.op->name == "exp" && moves(f.expr)) {
      exponents.push_back({1, e.operands[0]});
    } else if (f.labels.empty() && e.kind == Kind::Power && moves(e.operands[1])) {
      exponents.push_back({1, times(e.operands[1], log(e.operands[0]))});
    } else {
      rest.push_back(f);
    }
  }
  if (exponents.size() < 2) return std::nullopt;
  Expansion inner(algebra_);
  inner.bound_ = bound_;
  const Series power = algebra_.exp(inner.of(simplify(g.sum(exponents))));
  const Expr others = g.product(n.coefficient, rest, n.output, n.label_sizes);
  return algebra_.times(of(others), power);
}

// One moving factor after the other; the axes are summed at the end.
Series Expansion::product(const Node& n) {
  Graph& g = *n.graph;
  if (const auto whole = exponential(n)) return *whole;
  std::vector<Factor> fixed;
  std::optional<Series> moving;
  Labels labels;
  for (const auto& f : n.factors) {
    if (!moves(f.expr)) {
      fixed.push_back(f);
      continue;
    }
    const Series s = of(f.expr);
    if (!moving) {
      moving = s;
      labels = f.labels;
      continue;
    }
    Labels all = labels;
    for (const auto l : f.labels) {
      if (std::find(all.begin(), all.end(), l) == all.end()) all.push_back(l);
    }
    moving = algebra_.multiply(*moving, s,
                               [&g, labels, all, own = f.labels, sizes = n.label_sizes](Expr a, Expr b) {
                                 return g.product(1, std::vector<Factor>{{a, labels}, {b, own}}, all, sizes);
                               });
    labels = all;
  }
  return algebra_.mapped(
      *moving, [&g, fixed, labels, c = n.coefficient, output = n.output, sizes = n.label_sizes](Expr e) {
        std::vector<Factor> factors = fixed;
        factors.push_back({e, labels});
        return g.product(c, std::move(factors), output, sizes);
      });
}

Series Expansion::power(const Node& n) {
  const Expr base = n.operands[0], exponent = n.operands[1];
  if (!moves(exponent)) return algebra_.power(of(base), constants_.tidy(exponent));
  const Series e = of(exponent);
  const Series b = algebra_.trimmed(of(base));
  if (b.is_constant() && is_zero(b.constant)) {  // 0^e
    const Series t = algebra_.trimmed(e);
    const auto lead = SeriesAlgebra::lead(t);
    if (constants_.sign(lead.constant) > 0) return SeriesAlgebra::constant(n.graph->zeros(n.shape));
    throw NotDefinedThere("a power of 0");
  }
  return algebra_.exp(algebra_.times(e, algebra_.log(b)));
}

int Expansion::sign_of(Expr e) {
  const Series s = algebra_.trimmed(of(e));
  return constants_.sign(SeriesAlgebra::lead(s).constant);
}

// Choices and comparisons: by the sign of a difference near the limit.
std::optional<Series> Expansion::chosen(const Node& n) {
  Graph& g = *n.graph;
  const std::string_view name = n.op->name;
  const auto number = [&](bool yes) {
    return SeriesAlgebra::constant(yes ? g.ones(n.shape) : g.zeros(n.shape));
  };
  const auto difference = [&] {
    Expr a = n.operands[0], b = n.operands[1];
    if (a.rank() < b.rank()) a = broadcast(a, b.shape());
    if (b.rank() < a.rank()) b = broadcast(b, a.shape());
    return b - a;
  };
  if (name == "less") return number(sign_of(difference()) > 0);
  if (name == "less_equal") return number(sign_of(difference()) >= 0);
  if (name == "equal") return number(sign_of(difference()) == 0);
  if (name == "max" || name == "min") {
    const int s = sign_of(difference());
    const bool second = (s > 0) == (name == "max");
    Expr one = n.operands[second ? 1 : 0];
    return of(one.rank() < n.rank() ? broadcast(one, n.shape) : one);
  }
  if (name == "select") {
    const Series c = algebra_.trimmed(of(n.operands[0]));
    if (!c.is_constant()) throw Undecided("a condition that is no comparison");
    if (!(is_zero(c.constant) || c.constant == g.ones(c.constant.shape()))) {
      // A condition between constants that is not decided: both branches, chosen entry by entry.
      const Series a = algebra_.trimmed(of(n.operands[1]));
      const Series b = algebra_.trimmed(of(n.operands[2]));
      const auto choose = [&g, op = n.op, condition = c.constant](Expr x, Expr y) {
        return g.apply(*op, {condition, x, y});  // outlives this call
      };
      const Expr zero = g.zeros(n.operands[1].shape());
      return algebra_.add(algebra_.mapped(a, [=](Expr x) { return choose(x, zero); }),
                          algebra_.mapped(b, [=](Expr y) { return choose(zero, y); }));
    }
    return of(n.operands[is_zero(c.constant) ? 2 : 1]);
  }
  return std::nullopt;
}

Series Expansion::rewritten(Expr form, Expr hole, const Series& u) {
  Expansion inner(algebra_);
  inner.bind(hole, u);
  return inner.of(form);
}

// Functions of one number where they are no power series: by sign, at infinity and at the edge of the domain.
std::optional<Series> Expansion::of_number(const Node& n) {
  const std::string_view name = n.op->name;
  if (name == "exp") return algebra_.exp(of(n.operands[0]));
  if (name == "log") return algebra_.log(of(n.operands[0]));
  if (n.operands.size() != 1 || record_of(n).partial.value == nullptr) return std::nullopt;
  const Series u = algebra_.trimmed(of(n.operands[0]));
  const auto lead = SeriesAlgebra::lead(u);
  const int direction = algebra_.direction(lead);
  const bool vanishes = is_zero(lead.constant);
  if (name == "abs" || name == "sign" || name == "relu") {
    int s = 0;
    try {
      s = constants_.sign(lead.constant);
    } catch (const Undecided&) {
      // Entries of either sign; s*v with v free of the parameter needs no sign.
      if (n.rank() == 0 && (direction == 0 || !algebra_.without(u, lead).is_constant())) throw;
      return std::nullopt;
    }
    if (name == "sign")
      return SeriesAlgebra::constant(n.graph->number(0) + Rational(s) * n.graph->ones(n.shape));
    if (s == 0 || (s < 0 && name == "relu")) return SeriesAlgebra::constant(n.graph->zeros(n.shape));
    return algebra_.scaled(Rational(s), u);
  }
  if (direction == 0 && !vanishes) {
    Series low = u;
    while (!low.is_constant()) low = algebra_.parts(low).first;
    return at_edge(n, u, low.constant);
  }
  const Expr hole = n.graph->variable("u", n.shape, Facts::unknown(), Role::Placeholder);
  if (direction < 0) {
    if (name == "sin" || name == "cos") {
      if (n.rank() > 0) throw Undecided("it oscillates");
      return SeriesAlgebra::constant(constants_.wave(*n.graph));
    }
    const int s = constants_.sign(lead.constant);
    if (name == "erf") return erf_at_infinity(u, s, n.shape);
    if (const auto form = at_infinity(name, hole, s)) return rewritten(*form, hole, u);
    throw Undecided("no rule gives " + spoken_name(*n.op) + " at infinity");
  }
  return at_edge(n, u, n.graph->zeros(n.shape));
}

// 1 - exp(-v^2)/(v*sqrt(pi))*(1 - 1/(2*v^2) + 3/(2*v^2)^2 - ...), v -> inf: Abramowitz & Stegun, 7.1.23.
Series Expansion::erf_at_infinity(const Series& u, int sign, const Shape& shape) {
  Graph& g = algebra_.eps().graph();
  const Series v = algebra_.scaled(Rational(sign), u);
  const Series square = algebra_.times(v, v);
  const Series h = algebra_.trimmed(algebra_.scaled(Rational(-1, 2), algebra_.power(square, g.number(-1))));
  const Series one = SeriesAlgebra::constant(g.ones(shape));
  const Series sum = algebra_.summed(h, [&algebra = algebra_, h, term = one](int k) mutable {
    if (k > 0) term = algebra.scaled(Rational(2 * k - 1), algebra.times(term, h));
    return std::optional<Series>(term);
  });
  const Series decay =
      algebra_.times(algebra_.exp(algebra_.scaled(Rational(-1), square)), algebra_.power(v, g.number(-1)));
  const Series tail = algebra_.times(algebra_.times(decay, sum),
                                     SeriesAlgebra::constant(adjoint::power(pi(g), Rational(-1, 2))));
  return algebra_.scaled(Rational(sign), algebra_.add(one, algebra_.scaled(Rational(-1), tail)));
}

// Where the limit c of the argument is a pole or an end of the domain.
std::optional<Series> Expansion::at_edge(const Node& n, const Series& u, Expr c) {
  Graph& g = *n.graph;
  const std::string_view name = n.op->name;
  const Expr hole = g.variable("u", n.shape, Facts::unknown(), Role::Placeholder);
  if (const auto form = at_end(name, hole, c, [this](Expr e) { return constants_.vanishes(e); }))
    return rewritten(*form, hole, u);
  return std::nullopt;
}

// s*v with a scalar s: op(s*v) = s^d*op(v).
std::optional<Series> Expansion::homogeneous(const Node& n, const std::vector<Series>& operands) {
  for (std::size_t k = 1; k < operands.size(); ++k) {
    if (!operands[k].is_constant()) return std::nullopt;
  }
  const auto lead = SeriesAlgebra::lead(operands[0]);
  if (lead.monomial.empty()) return std::nullopt;
  const auto degree = degree_of(n);
  if (!degree) return std::nullopt;
  Graph& g = *n.graph;
  const Series v = algebra_.without(operands[0], lead);
  std::vector<Series> rest = operands;
  rest[0] = v;
  const Series body = v.is_constant() ? [&] {
    std::vector<Expr> values = {v.constant};
    for (std::size_t k = 1; k < operands.size(); ++k) values.push_back(operands[k].constant);
    for (const auto& c : record_of(n).defined.value) {
      if (!constants_.assume(c.condition, values[static_cast<std::size_t>(c.operand)]))
        throw Undecided("an operation at the end of its domain");
    }
    return SeriesAlgebra::constant(constants_.tidy(g.apply(*n.op, values, n.attributes)));
  }() : taylor(n, rest);
  if (!degree->logarithmic) return algebra_.times(body, algebra_.monomial(lead, degree->value, g.number(1)));
  const Series s = algebra_.monomial(lead, g.number(1), g.number(1));
  return algebra_.add(body,
                      algebra_.mapped(algebra_.log(s), [d = degree->value](Expr e) { return times(d, e); }));
}

Series Expansion::taylor(const Node& n, const std::vector<Series>& operands) {
  Graph& g = *n.graph;
  const Record& record = record_of(n);
  // The limits of the operands; the operation has to be smooth there.
  std::vector<Expr> limits;
  const Scale* top = nullptr;
  for (const auto& o : operands) {
    Series low = o;
    while (!low.is_constant()) low = algebra_.parts(low).first;
    limits.push_back(low.constant);
    if (!o.is_constant() && (top == nullptr || o.scale->rank < top->rank)) top = o.scale;
  }
  for (const auto* list : {&record.defined.value, &record.differentiable.value}) {
    for (const auto& c : *list) {
      if (c.condition == Condition::Unknown) throw Undecided("an operation whose derivative is not known");
      const Expr other = c.condition == Condition::Differ ? limits[1] : Expr();
      const Expr at = limits[static_cast<std::size_t>(c.operand)];
      if (!constants_.assume(opened(c.condition), at, other)) {
        if (opened(c.condition) != c.condition && list == &record.defined.value &&
            !constants_.assume(c.condition, at))
          throw NotDefinedThere(spoken_name(*n.op) + " outside of its domain");
        throw Undecided(spoken_name(*n.op) + " is not smooth there");
      }
    }
  }
  std::vector<Expr> holes;
  std::vector<Movement> movements;
  std::vector<std::pair<Expr, Expr>> put;
  auto inner = std::make_shared<Expansion>(algebra_);
  std::optional<Series> first;  // the rest that vanishes least
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const Series& o = operands[k];
    if (o.is_constant()) {
      holes.push_back(o.constant);
      continue;
    }
    Series slow = o, fast = SeriesAlgebra::constant(g.zeros(limits[k].shape()));
    if (o.scale == top) std::tie(slow, fast) = algebra_.parts(o);
    const Facts facts = slow.is_constant() ? slow.constant->facts : Facts::unknown();
    const std::string number = std::to_string(k);
    const Expr hole = g.variable("c_" + number, limits[k].shape(), facts, Role::Placeholder);
    holes.push_back(hole);
    if (slow.is_constant()) {
      put.emplace_back(hole, slow.constant);
    } else {
      inner->bind(hole, slow);
    }
    if (fast.is_constant()) continue;
    const Expr step = g.variable("h_" + number, limits[k].shape(), Facts::unknown(), Role::Placeholder);
    movements.push_back({hole, step});
    inner->bind(step, fast);
    if (!first || constants_.sign(first->terms->at(0)->exponent - fast.terms->at(0)->exponent) > 0)
      first = fast;
  }
  const Expr whole = g.apply(*n.op, holes, n.attributes);
  const auto value = [&constants = constants_, put, inner](Expr e) {  // outlives this object
    const Expr s = put.empty() ? e : substitute(e, put);
    return inner->of(constants.tidy(s));
  };
  if (!first) return value(whole);
  return algebra_.summed(
      *first,
      [value, whole, movements, d = whole, c = Rational(1), &g](int k) mutable -> std::optional<Series> {
        if (k > 0) {
          d = simplify(pushforward(d, movements));
          c = c / Rational(k);
          if (is_zero(d)) return std::nullopt;
        }
        Series s = value(d);
        if (c.is_one()) return s;
        return value(c * d);
      });
}

Series Expansion::apply(const Node& n) {
  if (auto s = chosen(n)) return *s;
  if (auto s = of_number(n)) return *s;
  const Record& record = record_of(n);
  std::vector<Series> operands;
  std::vector<std::size_t> moving;
  for (std::size_t k = 0; k < n.operands.size(); ++k) {
    operands.push_back(algebra_.trimmed(of(n.operands[k])));
    if (!operands.back().is_constant()) moving.push_back(k);
  }
  const auto with = [&n](std::size_t k, Expr e, const std::vector<Series>& all) {
    std::vector<Expr> values;
    for (std::size_t j = 0; j < all.size(); ++j) values.push_back(j == k ? e : all[j].constant);
    return n.graph->apply(*n.op, values, n.attributes);
  };
  bool joint = operands.size() > 1;  // linear in all of its operands together: blocks
  for (std::size_t k = 0; k < operands.size(); ++k)
    joint = joint && record.linear_in.value(static_cast<int>(k));
  if (moving.size() == 1 && record.linear_in.value(static_cast<int>(moving[0])) && !joint) {
    return algebra_.mapped(operands[moving[0]], [=, k = moving[0]](Expr e) { return with(k, e, operands); });
  }
  if (joint) {  // a sum over the operands, the others 0
    std::optional<Series> total;
    for (std::size_t k = 0; k < operands.size(); ++k) {
      std::vector<Series> zeros;
      for (const auto& o : n.operands) zeros.push_back(SeriesAlgebra::constant(n.graph->zeros(o.shape())));
      const Series one = algebra_.mapped(operands[k], [=](Expr e) { return with(k, e, zeros); });
      total = total ? algebra_.add(*total, one) : one;
    }
    return *total;
  }
  if (auto s = homogeneous(n, operands)) return *s;
  for (const auto& o : operands) {
    if (algebra_.direction(SeriesAlgebra::lead(o)) < 0)
      throw Undecided("no rule gives " + spoken_name(*n.op) + " at infinity");
  }
  if (moving.empty()) {
    std::vector<Expr> values;
    for (const auto& o : operands) values.push_back(o.constant);
    return SeriesAlgebra::constant(constants_.tidy(n.graph->apply(*n.op, values, n.attributes)));
  }
  return taylor(n, operands);
}

}  // namespace adjoint

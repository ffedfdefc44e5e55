// Entrywise functions of several operands: max, min, comparisons, where, powers with array exponents;
// and the constants of the notation.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "ops/elementwise.hpp"
#include "ops/support.hpp"

namespace adjoint {
namespace {

Expr widened(Expr a, Expr like) { return a.rank() == 0 && like.rank() != 0 ? broadcast(a, like.shape()) : a; }

// 1 where a > b, 0 where a < b; where they meet the element of least norm of the subdifferential of max
// (Rockafellar, Convex Analysis, section 23): 1/2, or 0 against a constant, which does not move.
Expr larger(Expr a, Expr b, Expr other) {
  Graph& g = a.graph();
  const auto parts = topological(std::span(&other, 1));
  if (std::none_of(parts.begin(), parts.end(), [](Expr e) { return e->kind == Kind::Variable; }))
    return less(b, a);
  return less(b, a) + Rational(1, 2) * equal(a, b) + g.zeros(a.shape());
}

Expr max_partial(const Node& y, int operand) {
  const auto k = static_cast<std::size_t>(operand);
  return larger(y.operands[k], y.operands[1 - k], y.operands[1 - k]);
}
Expr min_partial(const Node& y, int operand) {
  const auto k = static_cast<std::size_t>(operand);
  return larger(y.operands[1 - k], y.operands[k], y.operands[1 - k]);
}
Expr elpow_partial(const Node& y, int operand) {
  const Expr a = y.operands[0];
  const Expr b = y.operands[1];
  if (operand == 0) return times(b, elpow(a, b - y.graph->number(1)));
  return times(Expr(&y), log(a));
}
Expr select_partial(const Node& y, int operand) {
  Graph& g = *y.graph;
  if (operand == 0) return {};
  return select(y.operands[0], g.number(operand == 1 ? 1 : 0), g.number(operand == 1 ? 0 : 1));
}

// What they are on both sides of where their operands meet.
Expr max_side(const Node& y, int sign) { return y.operands[sign < 0 ? 1 : 0]; }
Expr min_side(const Node& y, int sign) { return y.operands[sign < 0 ? 0 : 1]; }
Expr truth(const Node& y, bool holds) { return holds ? y.graph->ones(y.shape) : y.graph->zeros(y.shape); }
Expr less_side(const Node& y, int sign) { return truth(y, sign < 0); }
Expr less_equal_side(const Node& y, int sign) { return truth(y, sign <= 0); }
Expr equal_side(const Node& y, int sign) { return truth(y, sign == 0); }
Expr select_side(const Node& y, int sign) { return y.operands[sign == 0 ? 2 : 1]; }

template <Expr (*partial)(const Node&, int)>
Expr moves(const Node& y, int operand, Expr tangent) {
  return scale(partial(y, operand), tangent);
}

// The tangent is chosen, not masked: 0 times an infinite slope of the other branch never appears.
Expr select_linearise(const Node& y, int operand, Expr tangent) {
  if (operand == 0) return {};
  Graph& g = *y.graph;
  Shape further(tangent.shape().begin() + static_cast<std::ptrdiff_t>(y.shape.size()), tangent.shape().end());
  const Expr condition = broadcast(y.operands[0], further);
  return operand == 1 ? select(condition, tangent, g.number(0)) : select(condition, g.number(0), tangent);
}

bool select_linear(int operand) { return operand != 0; }

Facts max_facts(std::span<const Expr> o, const Attributes& /*attributes*/) {
  const Signs a = o[0]->facts.signs;
  const Signs b = o[1]->facts.signs;
  if (a.is_positive() || b.is_positive()) return Facts::of_signs(Signs::positive());
  if (a.is_nonnegative() || b.is_nonnegative()) return Facts::of_signs(Signs::nonnegative());
  return {};
}
Facts min_facts(std::span<const Expr> o, const Attributes& /*attributes*/) {
  const Signs a = o[0]->facts.signs;
  const Signs b = o[1]->facts.signs;
  if (a.is_positive() && b.is_positive()) return Facts::of_signs(Signs::positive());
  if (a.is_nonnegative() && b.is_nonnegative()) return Facts::of_signs(Signs::nonnegative());
  return {};
}
Facts elpow_facts(std::span<const Expr> o, const Attributes& /*attributes*/) {
  return o[0]->facts.signs.is_positive() ? Facts::of_signs(Signs::positive()) : Facts::unknown();
}
Facts truth_facts(std::span<const Expr> /*o*/, const Attributes& /*attributes*/) {
  return Facts::of_signs(Signs::nonnegative());
}
Facts select_facts(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Signs s;
  s.possible = static_cast<std::uint8_t>(o[1]->facts.signs.possible | o[2]->facts.signs.possible);
  return Facts::of_signs(s);
}

Expr equal_operands(std::span<const Expr> o, const Attributes& /*attributes*/) {
  return o[0] == o[1] ? o[0] : Expr();
}
// The number that all entries are; null where they are none.
const Rational* constant_entries(Expr e) {
  return e->kind == Kind::Product && e->factors.empty() &&
                 std::set(e->output.begin(), e->output.end()).size() == e->output.size()
             ? &e->coefficient
             : nullptr;
}
Expr select_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  if (o[1] == o[2]) return o[1];
  if (is_zero(o[0])) return o[2];
  if (const Rational* c = constant_entries(o[0])) return c->is_zero() ? o[2] : o[1];
  return {};
}
Expr elpow_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  // A constant exponent is a power.
  if (o[1]->kind == Kind::Product && o[1]->factors.empty()) return power(o[0], o[1]->coefficient);
  return {};
}
Expr less_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Graph& g = o[0].graph();
  if (o[0] == o[1]) return g.zeros(o[0].shape());
  const Rational* a = constant_entries(o[0]);
  const Rational* b = constant_entries(o[1]);
  if (a == nullptr || b == nullptr) return {};
  return *a < *b ? g.ones(o[0].shape()) : g.zeros(o[0].shape());
}
Expr less_equal_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Graph& g = o[0].graph();
  if (o[0] == o[1]) return g.ones(o[0].shape());
  const Rational* a = constant_entries(o[0]);
  const Rational* b = constant_entries(o[1]);
  if (a == nullptr || b == nullptr) return {};
  return *b < *a ? g.zeros(o[0].shape()) : g.ones(o[0].shape());
}
Expr equal_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Graph& g = o[0].graph();
  if (o[0] == o[1]) return g.ones(o[0].shape());
  const Rational* a = constant_entries(o[0]);
  const Rational* b = constant_entries(o[1]);
  if (a == nullptr || b == nullptr) return {};
  return *a == *b ? g.ones(o[0].shape()) : g.zeros(o[0].shape());
}

Record entrywise(std::string_view name, decltype(Operation::facts) facts, decltype(Operation::normal) normal,
                 Linearise linearise, Expr (*partial)(const Node&, int),
                 std::vector<OperandCondition> defined, std::vector<OperandCondition> differentiable,
                 ScalarBounds bounds, Continuity continuity) {
  return Record{{.name = name, .shape = same_shape, .facts = facts, .normal = normal, .power = kNoPower},
                linearise,
                linear_in_none,
                kNotLinear,
                partial,
                scalar_code(name),
                Reading::Special,
                kNoExpansion,
                std::move(defined),
                std::move(differentiable),
                bounds,
                continuity,
                kNoSides,
                Hull::Unknown};
}

ScalarBounds convexity(ScalarBounds::Shape shape, KnownBound slope) {
  ScalarBounds b;
  b.shape = shape;
  b.slope = slope;
  b.monotone = ScalarBounds::Monotone::Increasing;
  return b;
}

using S = ScalarBounds::Shape;
const Record kMax = [] {
  Record r = entrywise("max", max_facts, equal_operands, moves<max_partial>, max_partial, {},
                       {{0, Condition::Differ}}, convexity(S::Convex, 1), kContinuous);
  r.sides = max_side;
  r.hull = Hull::Among;
  r.reading = Reading::Entrywise;
  return r;
}();
const Record kMin = [] {
  Record r = entrywise("min", min_facts, equal_operands, moves<min_partial>, min_partial, {},
                       {{0, Condition::Differ}}, convexity(S::Concave, 1), kContinuous);
  r.sides = min_side;
  r.hull = Hull::Among;
  r.reading = Reading::Entrywise;
  return r;
}();
const Record kElpow = entrywise("elpow", elpow_facts, elpow_normal, moves<elpow_partial>, elpow_partial,
                                {{0, Condition::Positive}}, {}, bounds_unknown(), kContinuous);
const Record kLess = [] {
  Record r = entrywise("less", truth_facts, less_normal, does_not_move, kNoPartial, {},
                       {{0, Condition::Differ}}, bounds_unknown(), kJumps);
  r.sides = less_side;
  return r;
}();
const Record kLessEqual = [] {
  Record r = entrywise("less_equal", truth_facts, less_equal_normal, does_not_move, kNoPartial, {},
                       {{0, Condition::Differ}}, bounds_unknown(), kJumps);
  r.sides = less_equal_side;
  return r;
}();
const Record kEqual = [] {
  Record r = entrywise("equal", truth_facts, equal_normal, does_not_move, kNoPartial, {},
                       {{0, Condition::Differ}}, bounds_unknown(), kJumps);
  r.sides = equal_side;
  return r;
}();
const Record kSelect = [] {
  Record r = entrywise("select", select_facts, select_normal, select_linearise, select_partial, {}, {},
                       bounds_unknown(), kJumps);
  r.linear_in = select_linear;
  r.sides = select_side;
  r.transpose = select_linearise;  // choosing is its own adjoint
  return r;
}();

Shape scalar_shape(std::span<const Expr> /*operands*/, const Attributes& /*attributes*/) { return {}; }
Facts positive_facts(std::span<const Expr> /*operands*/, const Attributes& /*attributes*/) {
  return Facts::of_signs(Signs::positive());
}
Record constant(std::string_view name) {
  return Record{
      {.name = name, .shape = scalar_shape, .facts = positive_facts, .normal = kNoNormal, .power = kNoPower},
      does_not_move,
      linear_in_none,
      kNotLinear,
      kNoPartial,
      scalar_code(name),
      Reading::Call,
      kNoExpansion,
      std::vector<OperandCondition>{},
      std::vector<OperandCondition>{},
      bounds_unknown(),
      kContinuous,
      kNoSides,
      Hull::Unknown};
}
const Record kPi = [] {
  Record r = constant("pi");
  r.bounds.value.lower = std::numbers::pi;  // rounded down
  r.bounds.value.upper = std::nextafter(std::numbers::pi, 4.0);
  return r;
}();
const Record kInfinity = constant("inf");

Expr binary(const Record& op, Expr a, Expr b) { return a.graph().apply(op, {widened(a, b), widened(b, a)}); }

}  // namespace

Expr max(Expr a, Expr b) { return binary(kMax, a, b); }
Expr min(Expr a, Expr b) { return binary(kMin, a, b); }
Expr elpow(Expr a, Expr b) { return b.rank() == 0 ? a.graph().power(a, b) : binary(kElpow, a, b); }
Expr less(Expr a, Expr b) { return binary(kLess, a, b); }
Expr less_equal(Expr a, Expr b) { return binary(kLessEqual, a, b); }
Expr equal(Expr a, Expr b) { return binary(kEqual, a, b); }
Expr select(Expr condition, Expr a, Expr b) {
  Expr like = condition;
  if (a.rank() > like.rank()) like = a;
  if (b.rank() > like.rank()) like = b;
  return condition.graph().apply(kSelect, {widened(condition, like), widened(a, like), widened(b, like)});
}
Expr pi(Graph& graph) { return graph.apply(kPi, {}); }

std::span<const Record* const> choice_records() {
  static const Record* const all[] = {&kMax,   &kMin,    &kElpow, &kLess,    &kLessEqual,
                                      &kEqual, &kSelect, &kPi,    &kInfinity};
  return all;
}

std::span<const Surface> choice_surfaces() {
  static const Surface all[] = {
      {"where",
       {{"wide A, wide A, wide A -> A",
         [](Graph&, std::span<const Argument> a, const syntax::Type&) {
           return select(a[0].expr, a[1].expr, a[2].expr);
         }}},
       {.latex = "\\begin{cases}$2 & \\text{if }$1 \\\\ $3 & \\text{otherwise}\\end{cases}",
        .numpy = "np.where($1, $2, $3)",
        .numpy_support = ""}},
      {"elpow",
       {{"wide A, wide A -> A", [](Graph&, std::span<const Argument> a,
                                   const syntax::Type&) { return elpow(a[0].expr, a[1].expr); }}},
       {.latex = "", .numpy = "np.power($1, $2)", .numpy_support = ""}},
  };
  return all;
}

}  // namespace adjoint

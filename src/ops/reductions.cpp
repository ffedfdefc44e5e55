// Reductions over one axis or over all: y = r(x), dy = sum of grad r(x) .* dx over what is reduced.
#include "ops/reductions.hpp"

#include "ops/elementwise.hpp"
#include "ops/support.hpp"

namespace adjoint {
namespace {

Attributes along(int axis) {
  Attributes a;
  if (axis >= 0) a.integers.push_back(axis);
  return a;
}

// y with a new axis where it was reduced, or over all axes, so that it meets x again.
Expr spread(Expr y, Expr x, int axis) {
  Graph& g = x.graph();
  const Axes i = g.axes(x);
  Axes j = i;
  if (axis < 0) {
    j.clear();
  } else {
    j.erase(j.begin() + axis);
  }
  return g.product(1, {{y, j}}, i);
}

template <Expr (*grad)(Expr, int)>
Expr moves(const Node& y, int /*operand*/, Expr tangent) {
  const int axis = axis_of(y.attributes);
  return contract(grad(y.operands[0], axis), tangent, axis);
}

Expr prod_grad_linearise(const Node& y, int operand, Expr tangent);

Facts sign_of_operand(std::span<const Expr> o, const Attributes& /*attributes*/) {
  return Facts::of_signs(o[0]->facts.signs);
}
Facts nonnegative(std::span<const Expr> /*o*/, const Attributes& /*attributes*/) {
  return Facts::of_signs(Signs::nonnegative());
}
Facts product_sign(std::span<const Expr> o, const Attributes& /*attributes*/) {
  const Signs s = o[0]->facts.signs;
  return Facts::of_signs(s.is_nonnegative() ? s : Signs::any());
}
Facts norm_facts(std::span<const Expr> o, const Attributes& /*attributes*/) {
  return Facts::of_signs(o[0]->facts.signs.is_nonzero() ? Signs::positive() : Signs::nonnegative());
}

// norm(A') = norm(A), norm(-x) = norm(x), norm(c*x) = |c| norm(x)
Expr norm_normal(std::span<const Expr> o, const Attributes& attributes) {
  const Expr x = o[0];
  Graph& g = x.graph();
  if (x.rank() == 0) return abs(x);
  if (transpose_is_older(x)) return norm(transposed(x));
  if (const Expr flipped = with_positive_lead(x)) return norm(flipped);
  if (x->kind == Kind::Product && !x->coefficient.is_one() && !x->coefficient.is_zero()) {
    const Rational c = x->coefficient.absolute();
    return c * norm(without_coefficient(x));
  }
  (void)g;
  (void)attributes;
  return {};
}
// norm(x)^2 = x'*x; higher even powers of it likewise.
Expr norm_power(const Node& y, Expr exponent) {
  const Rational* e = as_number(exponent);
  if (e == nullptr || !e->is_even() || e->is_negative()) return {};
  Graph& g = *y.graph;
  const Expr x = y.operands[0];
  const Axes i = g.axes(x);
  return power(g.product(1, {{x, i}, {x, i}}, {}), *e / Rational(2));
}
Expr direction_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  const Expr x = o[0];
  if (x.rank() == 0) return sign(x);
  if (transpose_is_older(x)) return transposed(direction(transposed(x)));
  if (const Expr flipped = with_positive_lead(x)) return -direction(flipped);
  if (x->kind == Kind::Product && !x->coefficient.is_one() && !x->coefficient.is_zero()) {
    const Expr d = direction(without_coefficient(x));
    return x->coefficient.is_negative() ? -d : d;
  }
  return {};
}
// d(x/|x|) = dx/|x| - u (u'dx)/|x|, u = x/|x|
Expr direction_linearise(const Node& y, int /*operand*/, Expr tangent) {
  Graph& g = *y.graph;
  const Expr u(&y);
  const Expr inverse = power(norm(y.operands[0]), Rational(-1));
  const Axes i = g.axes(u);
  Axes j = i;
  for (int a = u.rank(); a < tangent.rank(); ++a)
    j.push_back(g.axis(tangent.shape()[static_cast<std::size_t>(a)]));
  Axes out = g.axes(u);
  const Axes free = out;
  out.insert(out.end(), j.begin() + u.rank(), j.end());
  const Expr along = g.product(1, {{u, free}, {u, i}, {tangent, j}}, out);
  return times(inverse, tangent - along);
}

Expr norm_grad(Expr x, int /*axis*/) { return direction(x); }

Expr p_expansion(const Node& y) {  // sign(x).*|x|^(p-1)/norm(x,p)^(p-1)
  const Expr x = y.operands[0];
  const Expr p = y.operands[1];
  Graph& g = *y.graph;
  const Expr q = p - g.number(1);
  Expr numerator = times(sign(x), g.power(abs(x), q));
  if (const Rational* number = as_number(p); number != nullptr && number->is_integer()) {
    numerator = number->is_even() ? g.power(x, q) : times(x, g.power(abs(x), q - g.number(1)));
  }
  return times(numerator, g.power(norm_p(x, p), -q));
}

Expr norm_p_grad(Expr x, Expr p);

// With N = (sum |x|^p)^(1/p): dN/dp = N/p * (sum(|x|^p .* log|x|)/N^p - log N)
Expr norm_p_linearise(const Node& y, int operand, Expr tangent) {
  const Expr x = y.operands[0];
  const Expr p = y.operands[1];
  Graph& g = *y.graph;
  if (operand == 0) return contract(norm_p_grad(x, p), tangent, -1);
  const Expr N(&y);
  const Expr a = abs(x);
  const Expr mean_log = times(sum_all(times(g.power(a, p), log(a))), g.power(N, -p));
  return scale(times(times(N, power(p, Rational(-1))), mean_log - log(N)), tangent);
}
Expr norm_p_grad_linearise(const Node& y, int operand, Expr tangent) {
  const Expr x = y.operands[0];
  const Expr p = y.operands[1];
  Graph& g = *y.graph;
  const Expr G(&y);
  const Expr N = norm_p(x, p);
  const Expr q = p - g.number(1);
  if (operand == 0) {  // (p-1)/N * (|x/N|^(p-2) .* dx - G (G'dx))
    const Expr curvature = times(g.power(abs(x), q - g.number(1)), g.power(N, g.number(2) - p));
    const Axes i = g.axes(G);
    const Axes free = g.axes(G);
    Axes j = i;
    Axes out = free;
    for (int a = G.rank(); a < tangent.rank(); ++a) {
      j.push_back(g.axis(tangent.shape()[static_cast<std::size_t>(a)]));
      out.push_back(j.back());
    }
    const Expr along = g.product(1, {{G, free}, {G, i}, {tangent, j}}, out);
    return times(times(q, power(N, Rational(-1))), scale(curvature, tangent) - along);
  }
  const Expr a = abs(x);  // log derivative of the entries in p
  const Expr mean_log = times(sum_all(times(g.power(a, p), log(a))), g.power(N, -p));
  const Expr inner = log(a) - log(N) - times(times(q, power(p, Rational(-1))), mean_log - log(N));
  const Expr weights = times(G, inner);
  const Axes i = g.axes(weights);
  Axes further = g.axes(tangent);
  Axes out = i;
  out.insert(out.end(), further.begin(), further.end());
  return g.product(1, {{weights, i}, {tangent, further}}, out);
}
Shape first_to_scalar(std::span<const Expr> operands, const Attributes& /*attributes*/) {
  if (operands[1].rank() != 0) throw ShapeError("the p of a p-norm must be a scalar");
  return {};
}
Shape first_shape(std::span<const Expr> operands, const Attributes& /*attributes*/) {
  return operands[0].shape();
}
Expr norm_p_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  const Rational* p = as_number(o[1]);
  if (p != nullptr && *p == Rational(2)) return norm(o[0]);
  if (p != nullptr && p->is_one()) return sum_all(abs(o[0]));
  if (o[1]->kind == Kind::Apply && o[1]->op->name == "inf") return maximum(abs(o[0]));
  if (transpose_is_older(o[0])) return norm_p(transposed(o[0]), o[1]);
  return {};
}

using List = std::vector<OperandCondition>;

Record reduction(std::string_view name, decltype(Operation::facts) facts, Linearise linearise,
                 List differentiable, ScalarBounds bounds, Continuity continuity) {
  return Record{
      {.name = name, .shape = reduced_shape, .facts = facts, .normal = kNoNormal, .power = kNoPower},
      linearise,
      linear_in_none,
      kNotLinear,
      kNoPartial,
      routine(name),
      Reading::Reduction,
      kNoExpansion,
      List{},
      std::move(differentiable),
      bounds,
      continuity,
      kNoSides,
      Hull::Unknown};
}

Record gradient_of(std::string_view name, decltype(Operation::facts) facts, Linearise linearise,
                   Reading reading, Expr (*expand)(const Node&), List differentiable, Continuity continuity) {
  return Record{{.name = name, .shape = first_shape, .facts = facts, .normal = kNoNormal, .power = kNoPower},
                linearise,
                linear_in_none,
                kNotLinear,
                kNoPartial,
                routine(name),
                reading,
                expand,
                List{},
                std::move(differentiable),
                bounds_unknown(),
                continuity,
                kNoSides,
                Hull::Unknown};
}

ScalarBounds convex(KnownBound slope, KnownBound curvature) {
  ScalarBounds b;
  b.shape = ScalarBounds::Shape::Convex;
  b.slope = slope;
  b.curvature = curvature;
  return b;
}
ScalarBounds increasing(ScalarBounds b) {
  b.monotone = ScalarBounds::Monotone::Increasing;
  return b;
}

const Record kMaximum =
    reduction("maximum", sign_of_operand, moves<max_grad>, {{0, Condition::UniqueMaximum}},
              increasing(convex(1, KnownBound::none())), kContinuous);
const Record kMinimum = [] {
  Record r = reduction("minimum", sign_of_operand, moves<min_grad>, {{0, Condition::UniqueMinimum}},
                       increasing(convex(1, KnownBound::none())), kContinuous);
  r.bounds.value.shape = ScalarBounds::Shape::Concave;
  r.hull = Hull::Among;
  return r;
}();
const Record kProd = reduction("prod", product_sign, moves<prod_grad>, {}, bounds_unknown(), kContinuous);
// |h|_2^2 bounds twice the variance of h.
const Record kLogsumexp = [] {
  Record r = reduction("logsumexp", no_facts, moves<softmax>, {}, increasing(convex(1, 0.5)), kContinuous);
  r.hull = Hull::AtLeast;
  return r;
}();
const Record kMaxGrad = gradient_of("max_grad", nonnegative, does_not_move, Reading::Reduction, kNoExpansion,
                                    {{0, Condition::UniqueMaximum}}, kJumps);
const Record kMinGrad = gradient_of("min_grad", nonnegative, does_not_move, Reading::Reduction, kNoExpansion,
                                    {{0, Condition::UniqueMinimum}}, kJumps);
const Record kProdGrad = gradient_of("prod_grad", product_sign, prod_grad_linearise, Reading::Reduction,
                                     kNoExpansion, {}, kContinuous);
const Record kNorm = [] {
  Record r = reduction("norm", norm_facts, moves<norm_grad>, {{0, Condition::NotAllZero}},
                       convex(1, KnownBound::none()), kContinuous);
  r.normal = norm_normal;
  r.power = norm_power;
  return r;
}();
Expr direction_expansion(const Node& y) {
  return times(y.operands[0], power(norm(y.operands[0]), Rational(-1)));
}
const Record kDirection = [] {
  Record r = gradient_of("direction", no_facts, direction_linearise, Reading::Expand, direction_expansion,
                         {{0, Condition::NotAllZero}}, kJumps);
  r.normal = direction_normal;
  r.bounds.value.lower = -1;  // entries of a unit vector
  r.bounds.value.upper = 1;
  return r;
}();
const Record kNormP = [] {
  Record r = reduction("norm_p", norm_facts, norm_p_linearise, {{0, Condition::NormSmooth}}, convex({}, {}),
                       kContinuous);
  r.shape = first_to_scalar;
  r.normal = norm_p_normal;
  r.defined = List{{1, Condition::Positive}};
  r.reading = Reading::Special;
  return r;
}();
const Record kNormPGrad = gradient_of("norm_p_grad", no_facts, norm_p_grad_linearise, Reading::Expand,
                                      p_expansion, {{0, Condition::NormTwiceSmooth}}, kJumps);

Expr norm_p_grad(Expr x, Expr p) { return x.graph().apply(kNormPGrad, {x, p}); }

// For a vector: the product of all but two entries (prod_hess); elsewhere from prod./x.
Shape pair_shape(std::span<const Expr> o, const Attributes& /*attributes*/) {
  if (o[0].rank() != 1) throw ShapeError("prod_hess takes a vector");
  return {o[0].shape()[0], o[0].shape()[0]};
}
Facts pair_facts(std::span<const Expr> /*o*/, const Attributes& /*attributes*/) {
  return Facts::symmetric_matrix();
}
Expr pair_linearise(const Node& y, int /*operand*/, Expr tangent) {
  // from the expansion: d(prod * (r r' - diag(r.^2)))
  const Expr x = y.operands[0];
  Graph& g = *y.graph;
  const Expr r = power(x, Rational(-1));
  const Axis i = g.axis(x.shape()[0]);
  const Axis j = g.axis(x.shape()[0]);
  const Axis k = g.axis(x.shape()[0]);
  Axes t{k};
  for (int a = 1; a < tangent.rank(); ++a) t.push_back(g.axis(tangent.shape()[static_cast<std::size_t>(a)]));
  Axes out{i, j};
  out.insert(out.end(), t.begin() + 1, t.end());
  const auto at = [&t](const Axis& a) {
    Axes moved = t;
    moved[0] = a;
    return moved;
  };
  const Expr P(&y);
  return g.sum({{1, g.product(1, {{P, {i, j}}, {r, {k}}, {tangent, t}}, out)},
                {-1, g.product(1, {{P, {i, j}}, {r, {i}}, {tangent, at(i)}}, out)},
                {-1, g.product(1, {{P, {i, j}}, {r, {j}}, {tangent, at(j)}}, out)}});
}
const Record kProdHess = Record{
    {.name = "prod_hess", .shape = pair_shape, .facts = pair_facts, .normal = kNoNormal, .power = kNoPower},
    pair_linearise,
    linear_in_none,
    kNotLinear,
    kNoPartial,
    routine("prod_hess"),
    Reading::Call,
    kNoExpansion,
    List{},
    List{{0, Condition::NonZero}},
    bounds_unknown(),
    kContinuous,
    kNoSides,
    Hull::Unknown};

Expr prod_grad_linearise(const Node& y, int /*operand*/, Expr tangent) {
  Graph& g = *y.graph;
  const Expr x = y.operands[0];
  if (x.rank() == 1) {
    Axes t = g.axes(tangent);
    const Axis i = g.axis(x.shape()[0]);
    Axes out = t;
    out[0] = i;
    return g.product(1, {{prod_hess(x), {i, t[0]}}, {tangent, t}}, out);
  }
  const int axis = axis_of(y.attributes);
  const Expr r = power(x, Rational(-1));
  const Expr relative = scale(r, tangent);
  const Expr total = contract(g.ones(x.shape()), relative, axis);
  const Axes a = g.axes(relative);
  Axes b(a.begin() + x.rank(), a.end());
  if (axis >= 0) {
    b = a;
    b.erase(b.begin() + axis);
  }
  return scale(Expr(&y), g.product(1, {{total, b}}, a) - relative);
}

Expr reduce(const Record& op, Expr x, int axis) { return x.graph().apply(op, {x}, along(axis)); }

}  // namespace

Expr maximum(Expr x, int axis) { return x.rank() == 0 ? x : reduce(kMaximum, x, axis); }
Expr minimum(Expr x, int axis) { return x.rank() == 0 ? x : reduce(kMinimum, x, axis); }
Expr prod(Expr x, int axis) { return x.rank() == 0 ? x : reduce(kProd, x, axis); }
Expr logsumexp(Expr x, int axis) { return x.rank() == 0 ? x : reduce(kLogsumexp, x, axis); }
Expr max_grad(Expr x, int axis) { return reduce(kMaxGrad, x, axis); }
Expr min_grad(Expr x, int axis) { return reduce(kMinGrad, x, axis); }
Expr prod_grad(Expr x, int axis) { return reduce(kProdGrad, x, axis); }
Expr prod_hess(Expr x) { return x.graph().apply(kProdHess, {x}); }
Expr softmax(Expr x, int axis) { return exp(x - spread(logsumexp(x, axis), x, axis)); }
Expr norm(Expr x) { return x.rank() == 0 ? abs(x) : x.graph().apply(kNorm, {x}); }
Expr direction(Expr x) { return x.rank() == 0 ? sign(x) : x.graph().apply(kDirection, {x}); }
Expr norm_p(Expr x, Expr p) { return x.rank() == 0 ? abs(x) : x.graph().apply(kNormP, {x, p}); }

std::span<const Record* const> reduction_records() {
  static const Record* const all[] = {&kMaximum,  &kMinimum,  &kProd, &kLogsumexp, &kMaxGrad, &kMinGrad,
                                      &kProdGrad, &kProdHess, &kNorm, &kDirection, &kNormP,   &kNormPGrad};
  return all;
}

}  // namespace adjoint

// Entrywise functions of one operand: y = f(x), dy = f'(x) .* dx.
// Derivatives: any calculus text; bounds of |f'| and |f''| follow from them by elementary extrema.
#include "ops/elementwise.hpp"

#include <cmath>
#include <numbers>

#include "ops/support.hpp"

namespace adjoint {
namespace {

using SignRule = Signs (*)(Signs);
Signs any_sign(Signs /*s*/) { return Signs::any(); }
Signs positive_sign(Signs /*s*/) { return Signs::positive(); }
Signs same_sign(Signs s) { return s; }
Signs abs_sign(Signs s) { return s.is_nonzero() ? Signs::positive() : Signs::nonnegative(); }
Signs relu_sign(Signs s) { return s.is_positive() ? s : Signs::nonnegative(); }

enum class Parity : std::uint8_t { None, Odd, Even };

// What a function of one number says of itself.
struct Function {
  SignRule signs;
  Parity parity;
  Expr (*derivative)(const Node& y, Expr x);
  // f(at) = value exactly
  std::optional<std::pair<int, int>> exact;
};

const Function& function_of(const Operation& op);

Facts entrywise_facts(const Operation& op, std::span<const Expr> operands) {
  Facts f = Facts::of_signs(function_of(op).signs(operands[0]->facts.signs));
  if (is_symmetric(operands[0])) f.symmetric = Truth::Yes;
  return f;
}

// f(-x) of an even or odd function; f of a broadcast; f of a transpose; f at exact points.
Expr entrywise_normal(const Operation& op, std::span<const Expr> operands) {
  const Function& f = function_of(op);
  const Expr x = operands[0];
  Graph& g = x.graph();
  if (const Rational* c = as_number(x); c != nullptr && f.exact && *c == Rational(f.exact->first)) {
    return g.number(f.exact->second);
  }
  const bool negative = (x->kind == Kind::Product && x->coefficient.is_negative()) ||
                        (f.parity != Parity::None && with_positive_lead(x));
  if (negative && f.parity != Parity::None) {
    const Expr y = g.apply(op, {-x});
    return f.parity == Parity::Odd ? -y : y;
  }
  if (transpose_is_older(x)) return transposed(g.apply(op, {transposed(x)}));
  if (x->kind == Kind::Product) {  // an axis of no factor: a broadcast, done after f
    Labels kept;
    bool repeated = false;
    for (const auto l : x->output) {
      for (const auto k : kept) repeated = repeated || k == l;
      for (const auto& factor : x->factors) {
        if (std::find(factor.labels.begin(), factor.labels.end(), l) != factor.labels.end()) {
          kept.push_back(l);
          break;
        }
      }
    }
    if (!repeated && kept.size() < x->output.size()) {
      for (std::size_t a = 0; a < x->output.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) repeated = repeated || x->output[a] == x->output[b];
      }
      if (!repeated) {
        const Expr narrow = g.product(x->coefficient, x->factors, kept, x->label_sizes);
        return g.product(1, std::vector<Factor>{{g.apply(op, {narrow}), kept}}, x->output, x->label_sizes);
      }
    }
  }
  return {};
}

Expr entrywise_linearise(const Node& y, int /*operand*/, Expr tangent) {
  const Expr d = function_of(*y.op).derivative(y, y.operands[0]);
  return d ? scale(d, tangent) : Expr();
}

Expr entrywise_partial(const Node& y, int /*operand*/) {
  const Expr d = function_of(*y.op).derivative(y, y.operands[0]);
  return d ? d : y.graph->zeros(y.shape);
}

using Conditions = std::vector<OperandCondition>;

struct Named {
  Record record;
  Function function;
};

// Records address their function by position: the record is the first member of Named.
const Function& function_of(const Operation& op) {
  return reinterpret_cast<const Named&>(static_cast<const Record&>(op)).function;  // NOLINT
}

template <const Named* self>
Facts facts_of(std::span<const Expr> operands, const Attributes& /*attributes*/) {
  return entrywise_facts(self->record, operands);
}
template <const Named* self>
Expr normal_of(std::span<const Expr> operands, const Attributes& /*attributes*/) {
  return entrywise_normal(self->record, operands);
}

template <const Named* self>
Record entrywise(std::string_view name, Conditions defined, Conditions differentiable, ScalarBounds bounds,
                 Continuity continuity, Expr (*power)(const Node&, Expr) = kNoPower, Sides sides = kNoSides) {
  return Record{
      {.name = name, .shape = same_shape, .facts = facts_of<self>, .normal = normal_of<self>, .power = power},
      entrywise_linearise,
      linear_in_none,
      kNotLinear,
      entrywise_partial,
      scalar_code(name),
      Reading::Entrywise,
      kNoExpansion,
      std::move(defined),
      std::move(differentiable),
      bounds,
      continuity,
      sides,
      Hull::Unknown};
}

using S = ScalarBounds::Shape;
using M = ScalarBounds::Monotone;
ScalarBounds bounds(KnownBound lower, KnownBound upper, KnownBound slope, KnownBound curvature, S shape,
                    M monotone) {
  return {lower, upper, slope, curvature, shape, monotone};
}
constexpr KnownBound kNone = KnownBound::none();
constexpr double kPi = std::numbers::pi;

Expr one(Expr x) { return x.graph().number(1); }
Expr minus_one_power(Expr x) { return power(x, Rational(-1)); }

extern const Named kAbs, kSign, kExp, kLog, kSin, kCos, kTan, kAsin, kAcos, kAtan, kSinh, kCosh, kTanh, kErf,
    kLog1p, kExpm1, kSigmoid, kSoftplus, kRelu;

// abs(x)^2 = x^2
Expr abs_power(const Node& y, Expr exponent) {
  const Rational* e = as_number(exponent);
  return e != nullptr && e->is_even() ? y.graph->power(y.operands[0], exponent) : Expr();
}
// exp(x)^c = exp(c*x)
Expr exp_power(const Node& y, Expr exponent) {
  return as_number(exponent) != nullptr ? exp(times(exponent, y.operands[0])) : Expr();
}

Expr abs_side(const Node& y, int sign) { return Rational(sign) * y.operands[0]; }
Expr sign_side(const Node& y, int sign) { return Rational(sign) * y.graph->ones(y.shape); }
Expr relu_side(const Node& y, int sign) { return Rational(sign > 0 ? 1 : 0) * y.operands[0]; }

const Named kAbs{
    entrywise<&kAbs>("abs", {}, {{0, Condition::NonZero}}, bounds(0, kNone, 1, kNone, S::Convex, M::Neither),
                     kContinuous, abs_power, abs_side),
    {abs_sign, Parity::Even, [](const Node&, Expr x) { return sign(x); }, std::pair{0, 0}}};
const Named kSign{
    entrywise<&kSign>("sign", {}, {{0, Condition::NonZero}},
                      bounds(-1, 1, kNone, kNone, S::Neither, M::Increasing), kJumps, kNoPower, sign_side),
    {same_sign, Parity::Odd, [](const Node&, Expr) { return Expr(); }, std::pair{0, 0}}};
const Named kExp{
    entrywise<&kExp>("exp", {}, {}, bounds(0, kNone, kNone, kNone, S::Convex, M::Increasing), kContinuous,
                     exp_power),
    {positive_sign, Parity::None, [](const Node& y, Expr) { return Expr(&y); }, std::pair{0, 1}}};
const Named kLog{
    entrywise<&kLog>("log", {{0, Condition::Positive}}, {},
                     bounds(kNone, kNone, kNone, kNone, S::Concave, M::Increasing), kContinuous),
    {any_sign, Parity::None, [](const Node&, Expr x) { return minus_one_power(x); }, std::pair{1, 0}}};
const Named kSin{entrywise<&kSin>("sin", {}, {}, bounds(-1, 1, 1, 1, S::Neither, M::Neither), kContinuous),
                 {any_sign, Parity::Odd, [](const Node&, Expr x) { return cos(x); }, std::pair{0, 0}}};
const Named kCos{entrywise<&kCos>("cos", {}, {}, bounds(-1, 1, 1, 1, S::Neither, M::Neither), kContinuous),
                 {any_sign, Parity::Even, [](const Node&, Expr x) { return -sin(x); }, std::pair{0, 1}}};
const Named kTan{entrywise<&kTan>("tan", {{0, Condition::CosNonZero}}, {},
                                  bounds(kNone, kNone, kNone, kNone, S::Neither, M::Neither), kContinuous),
                 {any_sign, Parity::Odd, [](const Node&, Expr x) { return power(cos(x), Rational(-2)); },
                  std::pair{0, 0}}};
const Named kAsin{
    entrywise<&kAsin>("asin", {{0, Condition::InUnit}}, {{0, Condition::InsideUnit}},
                      bounds(-kPi / 2, kPi / 2, kNone, kNone, S::Neither, M::Increasing), kContinuous),
    {same_sign, Parity::Odd, [](const Node&, Expr x) { return power(one(x) - square(x), Rational(-1, 2)); },
     std::pair{0, 0}}};
const Named kAcos{
    entrywise<&kAcos>("acos", {{0, Condition::InUnit}}, {{0, Condition::InsideUnit}},
                      bounds(0, kPi, kNone, kNone, S::Neither, M::Decreasing), kContinuous),
    {any_sign, Parity::None, [](const Node&, Expr x) { return -power(one(x) - square(x), Rational(-1, 2)); },
     std::pair{1, 0}}};
const Named kAtan{
    entrywise<&kAtan>("atan", {}, {},
                      bounds(-kPi / 2, kPi / 2, 1, 3 * std::sqrt(3.0) / 8, S::Neither, M::Increasing),
                      kContinuous),
    {same_sign, Parity::Odd, [](const Node&, Expr x) { return minus_one_power(square(x) + one(x)); },
     std::pair{0, 0}}};
const Named kSinh{
    entrywise<&kSinh>("sinh", {}, {}, bounds(kNone, kNone, kNone, kNone, S::Neither, M::Increasing),
                      kContinuous),
    {same_sign, Parity::Odd, [](const Node&, Expr x) { return cosh(x); }, std::pair{0, 0}}};
const Named kCosh{
    entrywise<&kCosh>("cosh", {}, {}, bounds(1, kNone, kNone, kNone, S::Convex, M::Neither), kContinuous),
    {positive_sign, Parity::Even, [](const Node&, Expr x) { return sinh(x); }, std::pair{0, 1}}};
const Named kTanh{
    entrywise<&kTanh>("tanh", {}, {}, bounds(-1, 1, 1, 4 / (3 * std::sqrt(3.0)), S::Neither, M::Increasing),
                      kContinuous),
    {same_sign, Parity::Odd, [](const Node& y, Expr x) { return one(x) - square(Expr(&y)); },
     std::pair{0, 0}}};
const Named kErf{
    entrywise<&kErf>("erf", {}, {},
                     bounds(-1, 1, 2 / std::sqrt(kPi), 2 * std::sqrt(2 / (kPi * std::numbers::e)), S::Neither,
                            M::Increasing),
                     kContinuous),
    {same_sign, Parity::Odd,
     [](const Node&, Expr x) {
       return times(Rational(2) * power(pi(x.graph()), Rational(-1, 2)), exp(-square(x)));
     },
     std::pair{0, 0}}};
const Named kLog1p{
    entrywise<&kLog1p>("log1p", {{0, Condition::AboveMinusOne}}, {},
                       bounds(kNone, kNone, kNone, kNone, S::Concave, M::Increasing), kContinuous),
    {same_sign, Parity::None, [](const Node&, Expr x) { return minus_one_power(x + one(x)); },
     std::pair{0, 0}}};
const Named kExpm1{entrywise<&kExpm1>("expm1", {}, {},
                                      bounds(-1, kNone, kNone, kNone, S::Convex, M::Increasing), kContinuous),
                   {same_sign, Parity::None, [](const Node&, Expr x) { return exp(x); }, std::pair{0, 0}}};
const Named kSigmoid{
    entrywise<&kSigmoid>("sigmoid", {}, {},
                         bounds(0, 1, 0.25, std::sqrt(3.0) / 18, S::Neither, M::Increasing), kContinuous),
    {positive_sign, Parity::None, [](const Node& y, Expr x) { return times(Expr(&y), one(x) - Expr(&y)); },
     std::nullopt}};
const Named kSoftplus{
    entrywise<&kSoftplus>("softplus", {}, {}, bounds(0, kNone, 1, 0.25, S::Convex, M::Increasing),
                          kContinuous),
    {positive_sign, Parity::None, [](const Node&, Expr x) { return sigmoid(x); }, std::nullopt}};
const Named kRelu{
    entrywise<&kRelu>("relu", {}, {{0, Condition::NonZero}},
                      bounds(0, kNone, 1, kNone, S::Convex, M::Increasing), kContinuous, kNoPower, relu_side),
    {relu_sign, Parity::None,
     [](const Node&, Expr x) {
       Graph& g = x.graph();
       return select(less(g.number(0), x), g.number(1), g.number(0));
     },
     std::pair{0, 0}}};

Expr call(const Named& f, Expr x) { return x.graph().apply(f.record, {x}); }

}  // namespace

Expr abs(Expr x) { return x->facts.signs.is_nonnegative() ? x : call(kAbs, x); }
Expr sign(Expr x) { return x->facts.signs.is_positive() ? x.graph().ones(x.shape()) : call(kSign, x); }
Expr exp(Expr x) { return call(kExp, x); }
Expr log(Expr x) { return call(kLog, x); }
Expr sin(Expr x) { return call(kSin, x); }
Expr cos(Expr x) { return call(kCos, x); }
Expr tan(Expr x) { return call(kTan, x); }
Expr asin(Expr x) { return call(kAsin, x); }
Expr acos(Expr x) { return call(kAcos, x); }
Expr atan(Expr x) { return call(kAtan, x); }
Expr sinh(Expr x) { return call(kSinh, x); }
Expr cosh(Expr x) { return call(kCosh, x); }
Expr tanh(Expr x) { return call(kTanh, x); }
Expr erf(Expr x) { return call(kErf, x); }
Expr log1p(Expr x) { return call(kLog1p, x); }
Expr expm1(Expr x) { return call(kExpm1, x); }
Expr sigmoid(Expr x) { return call(kSigmoid, x); }
Expr softplus(Expr x) { return call(kSoftplus, x); }
Expr relu(Expr x) { return x->facts.signs.is_nonnegative() ? x : call(kRelu, x); }
Expr sqrt(Expr x) { return power(x, Rational(1, 2)); }
Expr square(Expr x) { return power(x, Rational(2)); }

std::span<const Record* const> elementwise_records() {
  static const Record* const all[] = {&kAbs.record,     &kSign.record,     &kExp.record,   &kLog.record,
                                      &kSin.record,     &kCos.record,      &kTan.record,   &kAsin.record,
                                      &kAcos.record,    &kAtan.record,     &kSinh.record,  &kCosh.record,
                                      &kTanh.record,    &kErf.record,      &kLog1p.record, &kExpm1.record,
                                      &kSigmoid.record, &kSoftplus.record, &kRelu.record};
  return all;
}

namespace {
template <Expr (*f)(Expr)>
Expr build(Graph& /*graph*/, std::span<const Argument> arguments, const syntax::Type& /*result*/) {
  return f(arguments[0].expr);
}
template <Expr (*f)(Expr)>
Surface entrywise_surface(std::string_view name, syntax::Forms forms) {
  return {name, {{"any A -> A", build<f>}}, forms};
}
}  // namespace

std::span<const Surface> elementwise_surfaces() {
  static const Surface all[] = {
      entrywise_surface<abs>("abs",
                             {.latex = "\\lvert $1\\rvert", .numpy = "np.abs($1)", .numpy_support = ""}),
      entrywise_surface<sign>(
          "sign", {.latex = "\\operatorname{sign}($1)", .numpy = "np.sign($1)", .numpy_support = ""}),
      entrywise_surface<exp>("exp", {.latex = "\\exp($1)", .numpy = "np.exp($1)", .numpy_support = ""}),
      entrywise_surface<log>("log", {.latex = "\\log($1)", .numpy = "np.log($1)", .numpy_support = ""}),
      entrywise_surface<sin>("sin", {.latex = "\\sin($1)", .numpy = "np.sin($1)", .numpy_support = ""}),
      entrywise_surface<cos>("cos", {.latex = "\\cos($1)", .numpy = "np.cos($1)", .numpy_support = ""}),
      entrywise_surface<tan>("tan", {.latex = "\\tan($1)", .numpy = "np.tan($1)", .numpy_support = ""}),
      entrywise_surface<asin>("asin",
                              {.latex = "\\arcsin($1)", .numpy = "np.arcsin($1)", .numpy_support = ""}),
      entrywise_surface<acos>("acos",
                              {.latex = "\\arccos($1)", .numpy = "np.arccos($1)", .numpy_support = ""}),
      entrywise_surface<atan>("atan",
                              {.latex = "\\arctan($1)", .numpy = "np.arctan($1)", .numpy_support = ""}),
      entrywise_surface<sinh>("sinh", {.latex = "\\sinh($1)", .numpy = "np.sinh($1)", .numpy_support = ""}),
      entrywise_surface<cosh>("cosh", {.latex = "\\cosh($1)", .numpy = "np.cosh($1)", .numpy_support = ""}),
      entrywise_surface<tanh>("tanh", {.latex = "\\tanh($1)", .numpy = "np.tanh($1)", .numpy_support = ""}),
      entrywise_surface<erf>(
          "erf", {.latex = "\\operatorname{erf}($1)",
                  .numpy = "_erf($1)",
                  .numpy_support = "def _erf(x):\n    from scipy.special import erf\n    return erf(x)\n"}),
      entrywise_surface<log1p>("log1p",
                               {.latex = "\\log(1+$1)", .numpy = "np.log1p($1)", .numpy_support = ""}),
      entrywise_surface<expm1>(
          "expm1", {.latex = "\\operatorname{expm1}($1)", .numpy = "np.expm1($1)", .numpy_support = ""}),
      entrywise_surface<sigmoid>("sigmoid",
                                 {.latex = "\\sigma($1)",
                                  .numpy = "_sigmoid($1)",
                                  .numpy_support = "def _sigmoid(x):\n    e = np.exp(-np.abs(x))\n    return "
                                                   "np.where(x >= 0, 1 / (1 + e), e / (1 + e))\n"}),
      entrywise_surface<softplus>(
          "softplus",
          {.latex = "\\operatorname{softplus}($1)", .numpy = "np.logaddexp(0, $1)", .numpy_support = ""}),
      entrywise_surface<relu>(
          "relu", {.latex = "\\operatorname{relu}($1)", .numpy = "np.maximum($1, 0)", .numpy_support = ""}),
      entrywise_surface<sqrt>("sqrt", {.latex = "\\sqrt{$1}", .numpy = "np.sqrt($1)", .numpy_support = ""}),
      entrywise_surface<square>("square", {.latex = "$1^2", .numpy = "np.square($1)", .numpy_support = ""}),
  };
  return all;
}

}  // namespace adjoint

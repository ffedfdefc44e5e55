#include "eval/definitions.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "eval/definitions_spectral.hpp"
#include "ops/record.hpp"
#include "run/numerical_error.hpp"

namespace adjoint {
namespace {

using RealArray = BasicArray<Real>;
using Operands = std::span<const RealArray* const>;
using Extents = std::vector<std::int64_t>;
using Line = std::vector<Real>;

Real not_a_number() { return std::numeric_limits<Real>::quiet_NaN(); }

Real sign(const Real& x) { return isnan(x) ? x : Real(x > 0 ? 1 : x < 0 ? -1 : 0); }

Real error_function(const Real& x) {
  Real r;
  mpfr_erf(r.backend().data(), x.backend().data(), MPFR_RNDN);
  return r;
}

// ---- lines of an array: all entries, or those along an axis ----

struct Axis {
  std::int64_t inner = 1, length = 1, outer = 1;
};
Axis axis_of(const RealArray& a, std::span<const std::int64_t> attributes) {
  if (attributes.empty() || attributes[0] < 0) return {1, a.size(), 1};
  Axis axis;
  const auto at = static_cast<std::size_t>(attributes[0]);
  for (std::size_t k = 0; k < at; ++k) axis.inner *= a.shape[k];
  axis.length = a.shape[at];
  for (std::size_t k = at + 1; k < a.shape.size(); ++k) axis.outer *= a.shape[k];
  return axis;
}

// Each line of x through f, which gives one number or as many as the line has.
template <class F>
RealArray by_line(const RealArray& x, std::span<const std::int64_t> attributes, const Extents& shape, F f) {
  RealArray r(shape);
  const Axis axis = axis_of(x, attributes);
  Line line(static_cast<std::size_t>(axis.length));
  for (std::int64_t o = 0; o < axis.outer; ++o) {
    for (std::int64_t i = 0; i < axis.inner; ++i) {
      for (std::int64_t k = 0; k < axis.length; ++k) {
        line[static_cast<std::size_t>(k)] =
            x.data[static_cast<std::size_t>((o * axis.length + k) * axis.inner + i)];
      }
      const Line y = f(std::as_const(line));
      const auto each = static_cast<std::int64_t>(y.size());
      for (std::int64_t k = 0; k < each; ++k) {
        r.data[static_cast<std::size_t>((o * each + k) * axis.inner + i)] = y[static_cast<std::size_t>(k)];
      }
    }
  }
  return r;
}

bool any_nan(const Line& x) {
  return std::any_of(x.begin(), x.end(), [](const Real& v) { return isnan(v); });
}
template <bool Maximum>
Real extreme(const Line& x) {
  if (x.empty()) throw run::NumericalError(Maximum ? "max of no entries" : "min of no entries");
  if (any_nan(x)) return not_a_number();
  return Maximum ? *std::max_element(x.begin(), x.end()) : *std::min_element(x.begin(), x.end());
}
template <bool Maximum>
Line extreme_gradient(const Line& x) {
  const Real best = extreme<Maximum>(x);
  const auto ties = std::count(x.begin(), x.end(), best);
  Line y;
  for (const Real& v : x) y.push_back(isnan(best) ? best : v == best ? Real(1) / ties : Real(0));
  return y;
}
Real product_without(const Line& x, std::size_t i, std::size_t j) {
  Real p = 1;
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (k != i && k != j) p *= x[k];
  }
  return p;
}
// exp(x - most), and their sum.
std::pair<Line, Real> exponentials(const Line& x, const Real& most) {
  std::pair<Line, Real> r;
  for (const Real& v : x) {
    r.first.push_back(exp(v - most));
    r.second += r.first.back();
  }
  return r;
}
Real length(const Line& x) {
  Real sum = 0;
  for (const Real& v : x) sum += v * v;
  return sqrt(sum);
}
Real length(const Line& x, const Real& p) {
  if (!(p > 0)) throw run::NumericalError("norm(x,p) needs p > 0, p is " + run::shown(rounded(p)));
  Real result = 0;
  if (isinf(p)) {
    for (const Real& v : x) result = v > result || -v > result ? abs(v) : result;
    return result;
  }
  for (const Real& v : x) result += v == 0 ? Real(0) : pow(abs(v), p);
  return result == 0 ? result : pow(result, 1 / p);
}
Line length_gradient(const Line& x, const Real& p) {
  const Real all = length(x, p);
  const auto ties = std::count_if(x.begin(), x.end(), [&](const Real& v) { return abs(v) == all; });
  Line y;
  for (const Real& v : x) {
    if (v == 0) {
      y.emplace_back(0);
    } else if (isinf(p)) {
      y.push_back(abs(v) == all ? sign(v) / ties : Real(0));
    } else {
      y.push_back(sign(v) * pow(abs(v) / all, p - 1));
    }
  }
  return y;
}

// ---- matrices ----

RealMatrix matrix(const RealArray& a, std::int64_t k) {
  return Eigen::Map<const RealMatrix>(a.data.data() + k * a.shape[0] * a.shape[1], a.shape[0], a.shape[1]);
}

// Elimination with rows exchanged; pivots that cancel down to rounding are 0.
struct Elimination {
  Eigen::PartialPivLU<RealMatrix> lu;
  Real determinant = 1;
  explicit Elimination(const RealMatrix& a) : lu(a) {
    for (Eigen::Index k = 0; k < a.rows(); ++k) {
      Real terms = abs(lu.matrixLU()(k, k));
      for (Eigen::Index j = 0; j < k; ++j) terms += abs(lu.matrixLU()(k, j) * lu.matrixLU()(j, k));
      determinant *= settled(lu.matrixLU()(k, k), terms);
    }
    determinant *= Real(lu.permutationP().determinant());
  }
};
Real determinant(const RealMatrix& a) {
  if (a.size() == 0) return 1;
  return Elimination(a).determinant;
}
RealMatrix inverse(const RealMatrix& a) {
  const Elimination e(a);
  if (e.determinant == 0) throw run::NumericalError("inverse of a singular matrix");
  return e.lu.inverse();
}
RealMatrix adjugate(const RealMatrix& a) {
  const Eigen::Index n = a.rows();
  RealMatrix r(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      RealMatrix minor(n - 1, n - 1);
      for (Eigen::Index column = 0; column < n - 1; ++column) {
        for (Eigen::Index row = 0; row < n - 1; ++row)
          minor(row, column) = a(row + (row >= i ? 1 : 0), column + (column >= j ? 1 : 0));
      }
      r(j, i) = determinant(minor) * ((i + j) % 2 == 0 ? 1 : -1);
    }
  }
  return r;
}

// The derivative of the adjugate, a polynomial of the entries: a central difference, right to 190 digits.
RealMatrix adjugate_derivative(const RealMatrix& a, const RealMatrix& h) {
  const Real step("1e-160");
  return (adjugate(a + step * h) - adjugate(a - step * h)) / (2 * step);
}

template <class F>
RealArray by_matrix(const RealArray& x, const Extents& shape, F f) {
  RealArray r(shape);
  auto at = r.data.begin();
  const std::int64_t count = batch_count(x);
  for (std::int64_t k = 0; k < count; ++k) {
    const RealMatrix y = f(matrix(x, k));
    at = std::copy(y.data(), y.data() + y.size(), at);
  }
  return r;
}
// Of a matrix and a direction, each perhaps one of a batch.
template <class F>
RealArray by_matrices(const RealArray& x, const RealArray& direction, const Extents& shape, F f) {
  RealArray r(shape);
  auto at = r.data.begin();
  const std::int64_t count = std::max(batch_count(x), batch_count(direction));
  for (std::int64_t k = 0; k < count; ++k) {
    const RealMatrix y =
        f(matrix(x, batch_count(x) == 1 ? 0 : k), matrix(direction, batch_count(direction) == 1 ? 0 : k));
    at = std::copy(y.data(), y.data() + y.size(), at);
  }
  return r;
}
RealMatrix one(const Real& value) { return RealMatrix::Constant(1, 1, value); }

// ---- routines by name ----

struct Call {
  Operands operands;
  std::span<const std::int64_t> attributes;
  const Extents& shape;
  [[nodiscard]] const RealArray& x() const { return *operands[0]; }
};
using Definition = RealArray (*)(const Call&);

template <Line (*f)(const Line&)>
RealArray lines(const Call& c) {
  return by_line(c.x(), c.attributes, c.shape, f);
}
template <Real (*f)(const Line&)>
RealArray numbers(const Call& c) {
  return by_line(c.x(), c.attributes, c.shape, [](const Line& x) { return Line{f(x)}; });
}
template <Line (*f)(const Line&, const Real&)>
RealArray with_parameter(const Call& c) {
  return by_line(c.x(), {}, c.shape, [&c](const Line& x) { return f(x, c.operands[1]->data[0]); });
}
template <RealMatrix (*f)(const RealMatrix&)>
RealArray matrices(const Call& c) {
  return by_matrix(c.x(), c.shape, f);
}

Line direction(const Line& x) { return length_gradient(x, 2); }
Line one_length(const Line& x, const Real& p) { return {length(x, p)}; }
Real product(const Line& x) { return product_without(x, x.size(), x.size()); }
Line product_gradient(const Line& x) {
  Line y;
  for (std::size_t k = 0; k < x.size(); ++k) y.push_back(product_without(x, k, k));
  return y;
}
RealArray product_hessian(const Call& c) {
  const Line& x = c.x().data;
  RealArray r(c.shape);
  for (std::size_t j = 0; j < x.size(); ++j) {
    for (std::size_t i = 0; i < x.size(); ++i)
      r.data[j * x.size() + i] = i == j ? Real(0) : product_without(x, i, j);
  }
  return r;
}
Real logsumexp(const Line& x) {
  const Real most = extreme<true>(x);
  return isinf(most) ? most : Real(most + log(exponentials(x, most).second));
}
Line softmax(const Line& x) {
  auto [y, sum] = exponentials(x, extreme<true>(x));
  for (Real& v : y) v /= sum;
  return y;
}
Line running_sum(const Line& x) {
  Line y;
  Real sum = 0;
  for (const Real& v : x) y.push_back(sum = settled(Real(sum + v), abs(v)));
  return y;
}
Line running_sum_from_the_end(const Line& x) {
  Line y = running_sum(Line(x.rbegin(), x.rend()));
  std::reverse(y.begin(), y.end());
  return y;
}
RealMatrix determinant_matrix(const RealMatrix& a) { return one(determinant(a)); }
RealMatrix log_determinant_matrix(const RealMatrix& a) { return one(log(abs(determinant(a)))); }
RealMatrix lower(const RealMatrix& a) { return a.triangularView<Eigen::Lower>(); }
RealMatrix upper(const RealMatrix& a) { return a.triangularView<Eigen::Upper>(); }

const std::map<std::string_view, Definition>& table() {
  static const std::map<std::string_view, Definition> all = {
      {"norm", numbers<length>},
      {"direction", lines<direction>},
      {"norm_p", with_parameter<one_length>},
      {"norm_p_grad", with_parameter<length_gradient>},
      {"maximum", numbers<extreme<true>>},
      {"minimum", numbers<extreme<false>>},
      {"max_grad", lines<extreme_gradient<true>>},
      {"min_grad", lines<extreme_gradient<false>>},
      {"prod", numbers<product>},
      {"prod_grad", lines<product_gradient>},
      {"prod_hess", product_hessian},
      {"logsumexp", numbers<logsumexp>},
      {"softmax", lines<softmax>},
      {"cumsum", lines<running_sum>},
      {"cumsumT", lines<running_sum_from_the_end>},
      {"det", matrices<determinant_matrix>},
      {"logdet", matrices<log_determinant_matrix>},
      {"inv", matrices<inverse>},
      {"tril", matrices<lower>},
      {"triu", matrices<upper>},
  };
  return all;
}

}  // namespace

Real defined_value(kernel::ScalarOp op, const Real& a, const Real& b, const Real& c) {
  using enum kernel::ScalarOp;
  const bool ordered = !isnan(a) && !isnan(b);
  switch (op) {
    case Less:
      return a < b ? 1 : 0;
    case LessEqual:
      return a <= b ? 1 : 0;
    case Equal:
      return a == b ? 1 : 0;
    case Select:
      return a != 0 ? b : c;
    case Max:
      return !ordered ? not_a_number() : a > b ? a : b;
    case Min:
      return !ordered ? not_a_number() : a < b ? a : b;
    case Pow:
      return pow(a, b);
    case Abs:
      return abs(a);
    case Sign:
      return sign(a);
    case Relu:
      return a > 0 || isnan(a) ? a : Real(0);
    case Exp:
      return exp(a);
    case Log:
      return log(a);
    case Sin:
      return periodic([](const Real& x) -> Real { return sin(x); }, a);
    case Cos:
      return periodic([](const Real& x) -> Real { return cos(x); }, a);
    case Tan:
      return periodic([](const Real& x) -> Real { return tan(x); }, a);
    case Asin:
      return asin(a);
    case Acos:
      return acos(a);
    case Atan:
      return atan(a);
    case Sinh:
      return sinh(a);
    case Cosh:
      return cosh(a);
    case Tanh:
      return tanh(a);
    case Erf:
      return error_function(a);
    case Log1p:
      return log1p(a);
    case Expm1:
      return expm1(a);
    case Sigmoid:
      return 1 / (1 + exp(-a));
    case Softplus:
      return (a > 0 ? a : Real(0)) + log1p(exp(-abs(a)));
    default:
      throw std::logic_error("no definition of the instruction " + std::string(kernel::info(op).name));
  }
}

namespace {

constexpr std::int64_t kFewRows = 6;  // of an adjugate: the minors are many

bool is_adjugate(std::string_view routine) { return routine == "adj" || routine == "dadj"; }
bool fits(const Extents& shape, std::int64_t most) {
  return shape.size() >= 2 && shape[0] <= most && shape[1] <= most;
}

}  // namespace

bool is_defined_in_full(Expr expr, const SizeValues& sizes) {
  const std::vector<Expr> all = topological(std::span(&expr, 1));
  return std::all_of(all.begin(), all.end(), [&sizes](Expr e) {
    if (e->kind != Kind::Apply) return true;
    const Lowering& by = record_of(*e).lowering;
    if (by.by != Lowering::By::Routine || table().contains(by.code)) return true;
    Extents shape;
    for (const auto& s : e->operands[0].shape()) shape.push_back(number_of(s, sizes));
    if (is_adjugate(by.code)) return fits(shape, kFewRows);
    const SpectralDefinition* spectral = spectral_definition(by.code);
    return spectral != nullptr && fits(shape, kLargestSpectral) &&
           (!spectral->symmetric_only || is_symmetric(e->operands[0]));
  });
}

std::optional<RealArray> defined_routine(std::string_view name, Operands operands,
                                         std::span<const std::int64_t> attributes, const Extents& shape) {
  const Call call{operands, attributes, shape};
  if (const auto at = table().find(name); at != table().end()) return at->second(call);
  if (is_adjugate(name) && fits(call.x().shape, kFewRows)) {
    return operands.size() == 1 ? by_matrix(call.x(), shape, adjugate)
                                : by_matrices(call.x(), *operands[1], shape, adjugate_derivative);
  }
  const SpectralDefinition* spectral = spectral_definition(name);
  if (spectral == nullptr || !fits(call.x().shape, kLargestSpectral)) return std::nullopt;
  if (spectral->symmetric_only) {
    for (std::int64_t k = 0; k < batch_count(call.x()); ++k) {
      if (!is_symmetric_value(matrix(call.x(), k))) return std::nullopt;
    }
  }
  return spectral->of != nullptr ? by_matrix(call.x(), shape, spectral->of)
                                 : by_matrices(call.x(), *operands[1], shape, spectral->along);
}

}  // namespace adjoint

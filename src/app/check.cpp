#include "app/check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "app/read_back.hpp"
#include "app/sample.hpp"
#include "calculus/differentiate.hpp"
#include "print/text.hpp"

namespace adjoint::app {
namespace {

constexpr int kPoints = 4;
constexpr int kTries = 24;
// What is still rounding, of differences, of <U, D[H]> - <D*[U], H>, of the formula read back.
constexpr double kDifference = 1e-5;
constexpr double kAdjoint = 1e-9;
constexpr double kFormula = 1e-8;

double norm_of(const std::vector<double>& v) {
  double m = 0;
  for (const auto x : v) m = std::isnan(x) ? x : std::max(m, std::abs(x));  // NaN stays
  if (m == 0 || !std::isfinite(m)) return m;
  double s = 0;
  for (const auto x : v) s += (x / m) * (x / m);
  return m * std::sqrt(s);
}
bool finite(const Array& a) {
  return std::all_of(a.data.begin(), a.data.end(), [](double v) { return std::isfinite(v); });
}
double dot_of(const Array& a, const Array& b) {
  double s = 0;
  for (std::size_t k = 0; k < a.data.size(); ++k) s += a.data[k] * b.data[k];
  return s;
}
// Relative to what is compared, or to `natural`, the size below which differences are rounding; infinite
// where one of the two is no number.
double relative(const Array& a, const Array& b, double natural) {
  std::vector<double> d(a.data);
  for (std::size_t k = 0; k < d.size(); ++k) d[k] -= b.data[k];
  const double apart = norm_of(d);
  if (std::isnan(apart)) return std::numeric_limits<double>::infinity();
  return apart / std::max({norm_of(a.data), norm_of(b.data), natural});
}

// Everything as expressions: the function f whose first derivative is D, the map D[H], its adjoint D*[U].
struct Parts {
  Expr f;      // the function of order - 1
  Expr moved;  // D[H]
  Expr direction;
  Expr back;  // D*[U], or null
  Expr cotangent;
};

Expr contracted_with(Expr array, Expr direction) {  // array has the direction's axes at its end
  Graph& g = array.graph();
  const Axes a = g.axes(array);
  const auto keep = a.size() - direction.shape().size();
  return g.product(1, {{array, a}, {direction, Axes(a.begin() + static_cast<std::ptrdiff_t>(keep), a.end())}},
                   Axes(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(keep)));
}

// Whether rounding leaves fewer than ten digits of D[H] or D*[U] at a point, a saturated softmax or a sine
// of a huge number: from evaluations that are off by far more than rounding in every operation.
bool drowned(const Point& p, const Parts& parts) {
  const double noise = 1e-11;
  const double blown = 16 * std::numeric_limits<double>::epsilon() / noise;
  for (const Expr e : {parts.moved, parts.back}) {
    if (!e) continue;
    const Array value = Evaluator(p)(e);
    for (unsigned seed = 1; seed <= 4; ++seed) {
      if (blown * relative(Evaluator(p, {.noise = noise, .seed = seed})(e), value, 1e-300) > 1e-10)
        return true;
    }
  }
  return false;
}

std::string describe(const Question& q, const Point& p) {
  std::ostringstream out;
  for (const auto& s : q.formula.symbols) {
    const auto at = p.values.find(notation::variable(*q.graph, s).get());
    if (at == p.values.end()) continue;
    out << (out.str().empty() ? "" : "; ") << s.name << " = [";
    for (std::size_t k = 0; k < std::min<std::size_t>(4, at->second.data.size()); ++k)
      out << (k > 0 ? ", " : "") << at->second.data[k];
    out << (at->second.data.size() > 4 ? ", …]" : "]");
  }
  return out.str();
}

}  // namespace

CheckResult check_derivative(const Question& q, const notation::Symbol& symbol, const Variable& v, int order,
                             const Derivative& d, const Reading& reading, unsigned seed) {
  CheckResult r;
  r.order = 9;
  Graph& g = *q.graph;
  Parts parts;
  parts.f = simplify(
      q.formula.value);  // sqrtm(X*X') of a singular X*X' is all rounding; the norm that it is is not
  if (order > 1) {
    const Derivative below = differentiate(q.function(), v, order - 1);
    if (below.is_map()) {
      r.failure = "a derivative of this order of a map is not checked";
      return r;
    }
    parts.f = below.expr;
  }
  parts.direction = d.is_map() ? d.direction : direction_for(v.expr, "H");
  if (d.is_map()) {
    parts.moved = d.expr;
    parts.back = d.adjoint;
    parts.cotangent = d.cotangent;
  } else {
    parts.moved =
        v.type.is_scalar() ? times(d.expr, parts.direction) : contracted_with(d.expr, parts.direction);
  }
  // The printed formula, read back.
  Expr printed;
  Expr printed_argument;
  notation::Session again = q.session;
  again.adopt(q.formula);
  if (!again.symbols().find(symbol.name)) again.declare(symbol);
  if (reading.map) {
    auto m = again.map(g, print::text(*reading.map), v.type);
    if (m) {
      printed = m->body.value;
      printed_argument = notation::variable(g, m->argument);
    }
  } else if (reading.formula) {
    if (auto f = again.expression(g, print::text(reading.formula))) printed = f->value;
  }
  if (!printed) {
    r.failure = "the formula does not read back: " + again.errors_text();
    return r;
  }
  for (auto* e : {&parts.f, &parts.moved, &parts.back, &printed}) {
    if (*e) *e = concrete(*e);
  }
  const Expr plain = concrete(q.formula.value);
  bool simplified_wrong = false;
  int without_derivative = 0;  // points at which the function has a value and the derivative none
  std::mt19937 random(seed);
  std::string last_error = "no point was found where the function is defined";
  for (int attempt = 0; attempt < kTries && r.points < kPoints; ++attempt) {
    SizeValues sizes = sample_sizes(q, attempt % 2);
    for (const auto& size : v.expr.shape()) {  // of a variable that does not occur
      for (const auto& name : size.names()) sizes.emplace(name, 3);
    }
    const Point point = sample_point(q, sizes, random, attempt % 3);
    Point p = point;
    notation::Symbol direction_symbol = symbol;
    direction_symbol.bounds = {};
    if (direction_symbol.structure == notation::Structure::Semidefinite ||
        direction_symbol.structure == notation::Structure::Definite) {
      direction_symbol.structure = notation::Structure::Symmetric;
    }
    if (direction_symbol.structure == notation::Structure::Orthogonal)
      direction_symbol.structure = notation::Structure::None;
    const Array h = sample_value(direction_symbol, sizes, random, 0);
    p.values[v.expr.get()] = p.values.contains(v.expr.get())
                                 ? p.values[v.expr.get()]
                                 : sample_value(symbol, sizes, random, attempt % 3);
    p.values[parts.direction.get()] = h;
    if (printed_argument) p.values[printed_argument.get()] = h;
    try {
      const auto value_at = [&](double t) {
        Point moved = p;
        auto& x = moved.values[v.expr.get()].data;
        for (std::size_t k = 0; k < x.size(); ++k) x[k] += t * h.data[k];
        Evaluator e(moved);
        return e(parts.f);
      };
      Evaluator e(p);
      const Array f0 = e(parts.f);
      const Array dh = e(parts.moved);
      if (!finite(f0)) continue;
      if (!finite(dh)) {
        ++without_derivative;
        continue;
      }
      if (order == 1 && relative(e(plain), f0, 1e-6) > 1e-5) simplified_wrong = true;
      const double natural = 1e-6 * std::max(1.0, norm_of(f0.data));
      // Taylor remainders |f(x+th) - f(x) - t Df[h]| over a range of t.
      std::vector<std::pair<double, double>> remainders;
      bool usable = true;
      const double scale = std::max(norm_of(f0.data), norm_of(dh.data));
      for (int k = 4; k <= 14; ++k) {
        const double t = std::ldexp(1.0, -k);
        const Array ft = value_at(t);
        usable = usable && finite(ft);
        std::vector<double> rest(ft.data);
        for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= f0.data[i] + t * dh.data[i];
        const double n = norm_of(rest);
        if (n > 1e-13 * std::max(scale, 1e-300) * 30) remainders.emplace_back(std::log2(t), std::log2(n));
      }
      if (!usable) continue;
      double taylor = 9;
      if (remainders.size() >= 3) {
        const std::size_t m = remainders.size();  // the slope over the smallest usable steps
        const std::size_t from = m >= 4 ? m - 4 : 0;
        const double slope = (remainders[from].second - remainders[m - 1].second) /
                             (remainders[from].first - remainders[m - 1].first);
        taylor = slope;
      }
      double best = 1e300;  // central differences at several steps, the best of them
      for (const double t : {1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9}) {
        if (t < 5e-7 && best < 1e-6) break;  // only a function that turns quickly needs steps so small
        const Array plus = value_at(t);
        const Array minus = value_at(-t);
        if (!finite(plus) || !finite(minus)) continue;
        Array fd = plus;
        for (std::size_t i = 0; i < fd.data.size(); ++i)
          fd.data[i] = (plus.data[i] - minus.data[i]) / (2 * t);
        best = std::min(best, norm_of(dh.data) + norm_of(fd.data) < 1e-9 * std::max(1.0, norm_of(f0.data))
                                  ? 0.0
                                  : relative(dh, fd, natural));
      }
      if (best > 1e299) continue;
      double misfit = 0;
      if (parts.back) {
        Array u = dh;
        std::normal_distribution<double> normal;
        for (auto& x : u.data) x = normal(random);
        p.values[parts.cotangent.get()] = u;
        Evaluator e2(p);
        const Array& bu = e2(parts.back);
        const double apart = dot_of(u, e2(parts.moved)) - dot_of(bu, h);
        const double size =
            norm_of(u.data) * (norm_of(dh.data) + natural) + norm_of(bu.data) * norm_of(h.data);
        misfit = std::isnan(apart) ? std::numeric_limits<double>::infinity()
                                   : std::abs(apart) / std::max(size, 1e-300);
      }
      Evaluator plainly(p, {.strict = true});
      const Array& shown = plainly(printed);
      Evaluator e3(p);
      const Array& computed = e3(concrete(d.expr));
      const double formula = shown.data.size() != computed.data.size() ? 1.0
                             : !finite(shown) ? std::numeric_limits<double>::infinity()
                             : norm_of(shown.data) + norm_of(computed.data) < 1e-12
                                 ? 0.0
                                 : relative(shown, computed, natural);
      if ((best > kDifference || misfit > kAdjoint || formula > kFormula) && drowned(p, parts)) {
        last_error = "no point was found at which rounding leaves enough of the derivative";
        continue;
      }
      r.order = std::min(r.order, taylor);
      r.exact_remainder = r.exact_remainder || remainders.size() < 3;
      if (best > r.finite_difference) r.worst = describe(q, p);
      r.finite_difference = std::max(r.finite_difference, best);
      r.adjoint = std::max(r.adjoint, misfit);
      r.formula = std::max(r.formula, formula);
      ++r.points;
    } catch (const NumericalError& error) {
      last_error = error.what();
    }
  }
  if (r.points == 0) {
    r.failure =
        without_derivative > 0
            ? "at every point at which the function was found to have a value the derivative is no number"
            : last_error;
    return r;
  }
  if (r.order > 8) r.order = 2;
  if (r.order < 1.8 && r.finite_difference > 5e-6)
    r.failure = "the Taylor remainder is of order " + std::to_string(r.order) + ", not 2";
  if (r.finite_difference > kDifference) r.failure = "the derivative differs from finite differences";
  if (simplified_wrong) r.failure = "the function differs from its simplified form";
  if (r.adjoint > kAdjoint) r.failure = "the adjoint does not fit the map";
  if (r.formula > kFormula) r.failure = "the printed formula differs from the derivative";
  const ReadBack back(q);
  if (reading.adjoint && !back.says(*reading.adjoint, d.adjoint, d.cotangent, d.type))
    r.failure = "the printed adjoint differs from the adjoint";
  if (d.adjoint) {  // that of the answer has been asked already
    const auto matrix = read_kronecker(expanded(d.expr), d.type, d.direction, v.type, read_options(q));
    if (matrix && !back.says_matrix(matrix, d.expr, d.direction))
      r.failure = "the Kronecker matrix differs from the map: " + print::text(matrix);
  }
  r.passed = r.failure.empty();
  return r;
}

}  // namespace adjoint::app

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "app/analyse.hpp"
#include "app/commands.hpp"
#include "app/values.hpp"
#include "calculus/differentiate.hpp"
#include "eval/quotients.hpp"

namespace adjoint::app {

using json = nlohmann::ordered_json;

namespace {

bool has_nan(const Array& a) {
  return std::any_of(a.data.begin(), a.data.end(), [](double v) { return std::isnan(v); });
}

void round_to_float(Array& a) {
  for (auto& v : a.data) v = static_cast<double>(static_cast<float>(v));
}

// The derivative of order k: axes of f, then those of the variable k times.
Expr total_derivative(Expr f, Expr v, int order, bool forward) {
  Expr d = simplify(f);
  for (int k = 0; k < order; ++k) {
    Expr next;
    if (d.rank() == 0 && !forward) {
      next = gradient(d, v);
    } else {
      next = jacobian(d, v);
    }
    // Project the new axes on the declared structure: bring them to the front and back.
    const int before = d.rank();
    const int axes = v.rank();
    if (axes == 2) {
      std::vector<int> front(static_cast<std::size_t>(before + axes));
      std::iota(front.begin(), front.end(), 0);
      std::rotate(front.begin(), front.begin() + before, front.end());
      std::vector<int> back(front.size());
      std::iota(back.begin(), back.end(), 0);
      std::rotate(back.begin(), back.begin() + axes, back.end());
      next = permuted(project_on_structure(permuted(next, front), v), back);
    }
    d = simplify(next);
  }
  return d;
}

std::vector<std::int64_t> shown_shape(const syntax::Type& type, const SizeValues& sizes) {
  std::vector<std::int64_t> shape;
  if (!type.higher.empty()) {
    for (const auto& s : type.higher) shape.push_back(s.evaluate(sizes).value_or(1));
  } else if (type.is_column()) {
    shape = {type.rows.evaluate(sizes).value_or(1)};
  } else if (!type.is_scalar()) {
    shape = {type.rows.evaluate(sizes).value_or(1), type.columns.evaluate(sizes).value_or(1)};
  }
  return shape;
}

// Multiplications of a problem that is small enough for many digits.
constexpr double kSmall = 1e6;

bool has_infinity(const Array& a) {
  return std::any_of(a.data.begin(), a.data.end(), [](double x) { return std::isinf(x); });
}

// As JSON, which has no word for what is no finite number: here inf, -inf, nan.
std::string written(const json& value) {
  if (value.is_array()) {
    std::string out;
    for (const auto& v : value) out += (out.empty() ? "[" : ",") + written(v);
    return (out.empty() ? "[" : out) + "]";
  }
  const double number = value.is_number_float() ? value.get<double>() : 0.0;
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  return value.dump();
}

// The derivative of order k at the point, by the formula of whichever mode has a value there.
Array derivative_value(Expr f, const Variable& v, int order, Evaluator& e) {
  const bool forward = v.type.is_scalar();
  Array d = e(total_derivative(f, v.expr, order, forward));
  if (has_nan(d)) d = e(total_derivative(f, v.expr, order, !forward));
  return d;
}

std::string words(const Kink& kink, const Question& q) {
  constexpr std::size_t kLong = 60;
  std::string name = say_for(q)(kink.where);
  if (name.size() > kLong)
    name = kink.where->kind == Kind::Apply ? std::string(kink.where->op->name) : "a root";
  std::string text(kink.what);
  return text.replace(text.find('$'), 1, name);
}

bool agree(const Array& a, const Array& b) {
  double largest = 0;
  double apart = 0;
  for (std::size_t k = 0; k < a.data.size(); ++k) {
    largest = std::max(largest, std::abs(a.data[k]));
    const double distance = std::abs(a.data[k] - b.data[k]);
    apart = distance <= apart ? apart : distance;  // a NaN stays
  }
  return apart <= 1e-9 * largest + 1e-40;
}

// Where f or a derivative of it has a kink: said, and for f itself answered by the least subgradient.
struct Kinks {
  std::vector<std::string> warnings;
  std::optional<Array> answer;  // in place of the formula's
};
Kinks kinks_below(Expr f, const Variable& v, int order, const Question& q, const Point& point, Arithmetic by,
                  Evaluator& e) {
  Kinks result;
  for (int k = 0; k < order; ++k) {
    const Expr below = k == 0 ? f : total_derivative(f, v.expr, k, false);
    std::vector<Kink> found = kinks(below, std::span(&v.expr, 1), point, by);
    if (found.empty()) continue;
    const auto quotients = by.precise ? Quotients::of(below, v.expr, point) : std::nullopt;
    const auto felt = [](const Kink& kink) { return kink.felt; };
    const bool any_felt = std::any_of(found.begin(), found.end(), felt);
    if (!quotients && !any_felt) continue;
    if (const auto exact = quotients ? quotients->derivative() : std::nullopt) {
      if (agree(*exact, derivative_value(f, v, k + 1, e))) continue;
      if (k + 1 == order) {  // kinks that cancel, min(abs(x),x): the formula has a share of each
        result.answer = exact;
        continue;
      }
    }
    if (any_felt) std::erase_if(found, std::not_fn(felt));
    const bool has_subgradients = f.rank() == 0 && order == 1;
    std::string answer =
        has_subgradients
            ? "the result is the subgradient of least norm where the function is convex or concave"
            : "the result is what the formula gives";
    if (quotients && has_subgradients) {
      result.answer = quotients->least_subgradient(total_derivative(f, v.expr, 1, v.type.is_scalar()));
      answer = result.answer ? "the result is the subgradient of least norm"
                             : "the function is neither convex nor concave here, the result is what the "
                               "formula gives";
    }
    for (const Kink& kink : found) {
      const std::string text =
          (k == 0 ? "not differentiable here: " : "the derivative is not differentiable here: ") +
          words(kink, q) + "; " + answer;
      if (std::find(result.warnings.begin(), result.warnings.end(), text) == result.warnings.end())
        result.warnings.push_back(text);
    }
  }
  return result;
}

}  // namespace

json evaluate(const Question& asked, const EvalOptions& o) {
  // What is asked with an orthogonal variable is the Euclidean derivative.
  std::optional<Question> plain;
  if (!o.wrt.empty()) {
    const notation::Symbol symbol = variable_symbol(asked, o.wrt);
    if (symbol.structure == notation::Structure::Orthogonal)
      plain.emplace(freed(ask(asked.session, asked.formula.text), o.wrt));
  }
  const Question& q = plain ? *plain : asked;
  Values values = parse_values(o.at);
  if (o.single) {
    for (auto& [name, value] : values) round_to_float(value);
  }
  Point point = point_of(q, values);
  json j;
  json warnings = json::array();
  const auto shown = [&o](Array a) {
    for (auto& v : a.data) {
      if (std::abs(v) == std::numeric_limits<double>::denorm_min()) v = 0;  // what is below the range
    }
    if (o.single) round_to_float(a);
    return a;
  };
  const Expr f = simplify(q.formula.value);
  const Arithmetic arithmetic{.precise = work(f, point.sizes) <= kSmall};
  Evaluator e(point, arithmetic);
  const auto shape = shown_shape(q.formula.type, point.sizes);
  bool defined = true;
  try {
    const Array value = shown(e(f));
    j["value"] = nested_lists(value, shape);
    defined = !has_nan(value);
    if (!defined) warnings.push_back("the function is not defined at this point");
    if (has_infinity(value)) {
      warnings.push_back(
          "the value is infinite at this point, or beyond the range of numbers; so may be parts of the "
          "derivative");
    }
  } catch (const NumericalError& error) {
    throw InputError(std::string("error: ") + error.what() + "\n");
  }
  if (!o.wrt.empty()) {
    const notation::Symbol symbol = variable_symbol(q, o.wrt);
    const Variable v = variable_of(q, symbol);
    auto derivative_shape = shape;
    const auto given = values.find(symbol.name);
    for (int k = 0; k < o.order; ++k) {
      const auto own = given != values.end() && !v.type.is_scalar() ? given->second.shape
                                                                    : shown_shape(v.type, point.sizes);
      derivative_shape.insert(derivative_shape.end(), own.begin(), own.end());
    }
    Array d(derivative_shape);
    try {
      const Kinks kinks = kinks_below(f, v, o.order, q, point, arithmetic, e);
      for (const auto& text : kinks.warnings) warnings.push_back(text);
      d = kinks.answer ? *kinks.answer : derivative_value(f, v, o.order, e);
      if (has_nan(d) && defined) warnings.push_back("the derivative is not a number at this point");
      if (has_infinity(d)) warnings.push_back("the derivative is infinite at this point");
    } catch (const NumericalError& error) {
      std::fill(d.data.begin(), d.data.end(), std::numeric_limits<double>::quiet_NaN());
      warnings.push_back(std::string("the derivative has no value at this point: ") + error.what());
    }
    j["derivative"] = nested_lists(shown(d), derivative_shape);
  }
  j["warnings"] = warnings;
  return j;
}

std::pair<std::string, int> eval(const EvalOptions& o) {
  notation::Session session;
  if (!session.declare(o.given)) throw InputError(session.errors_text());
  const Values values = parse_values(o.at);
  const std::string inferred = declarations_of(values, session);
  const notation::Session declared = session;
  if (!session.declare(inferred)) throw InputError(session.errors_text());
  const Question q = ask(std::move(session), o.expression);
  refuse_unknown(values, declared, q);
  const json j = evaluate(q, o);
  if (o.format == "json") return {j.dump() + "\n", 0};
  std::string out = "value: " + written(j["value"]) + "\n";
  if (j.contains("derivative")) out += "derivative: " + written(j["derivative"]) + "\n";
  for (const auto& w : j["warnings"]) out += "warning: " + w.get<std::string>() + "\n";
  return {out, 0};
}

}  // namespace adjoint::app

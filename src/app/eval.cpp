#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "app/analyse.hpp"
#include "app/at_kinks.hpp"
#include "app/commands.hpp"
#include "app/declared.hpp"
#include "app/values.hpp"
#include "eval/defined.hpp"
#include "simplify/simplify.hpp"

namespace adjoint::app {

using json = nlohmann::ordered_json;

namespace {

void round_to_float(Array& a) {
  for (auto& v : a.data) v = static_cast<double>(static_cast<float>(v));
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

// Why the function as it was written has no value at the point, though what is left of it may have one.
std::optional<std::string> undefined_as_written(const Question& q, Expr f, Evaluator& e) {
  const auto part = undefined_part(f, q.formula.written, e);
  if (!part) return std::nullopt;
  e(*part);  // may refuse it
  return "the function is not defined at this point: " + say_for(q)(*part) + " has no value there";
}

// Values against declarations, of what occurs and of what was only declared.
void require_all_declared(const Question& q, const Values& values, bool single) {
  for (const auto& [name, value] : values) {
    const notation::Symbol* s = q.formula.symbol(name);
    if (s == nullptr) s = q.session.symbols().find(name);
    if (s != nullptr && s->kind == notation::Symbol::Kind::Variable)
      require_declared(*s, value, single ? kSingleRounding : kDeclaredRounding);
  }
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
    values.decimals.clear();
    for (auto& [name, value] : values) round_to_float(value);
  }
  Point point = point_of(q, values);
  require_all_declared(asked, values, o.single);
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
    Array value = shown(e(f));
    const auto undefined = has_nan(value)
                               ? std::optional<std::string>("the function is not defined at this point")
                               : undefined_as_written(q, f, e);
    defined = !undefined;
    if (undefined) {
      warnings.push_back(*undefined);
      std::fill(value.data.begin(), value.data.end(), std::numeric_limits<double>::quiet_NaN());
    }
    j["value"] = nested_lists(value, shape);
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
      if (defined) {
        const Kinks kinks = kinks_below(f, v, o.order, q, point, arithmetic, e);
        for (const auto& text : kinks.warnings) warnings.push_back(text);
        d = kinks.answer ? *kinks.answer : derivative_value(f, v, o.order, e);
      } else {
        std::fill(d.data.begin(), d.data.end(), std::numeric_limits<double>::quiet_NaN());
      }
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
  const notation::Session declared = std::move(session);
  const auto asked = [&](bool symmetric) {
    notation::Session all = declared;
    if (!all.declare(declarations_of(values, all, symmetric))) throw InputError(all.errors_text());
    return ask(std::move(all), o.expression);
  };
  std::optional<Question> question;
  try {
    question.emplace(asked(false));
  } catch (const InputError&) {  // perhaps it asks for a symmetric matrix, and is given one
    if (declarations_of(values, declared, true) == declarations_of(values, declared)) throw;
    try {
      question.emplace(asked(true));
    } catch (const InputError&) {
    }
    if (!question) throw;
  }
  const Question& q = *question;
  refuse_unknown(values, declared, q);
  const json j = evaluate(q, o);
  if (o.format == "json") return {j.dump() + "\n", 0};
  std::string out = "value: " + written(j["value"]) + "\n";
  if (j.contains("derivative")) out += "derivative: " + written(j["derivative"]) + "\n";
  for (const auto& w : j["warnings"]) out += "warning: " + w.get<std::string>() + "\n";
  return {out, 0};
}

}  // namespace adjoint::app

#include "app/limit.hpp"

#include <algorithm>
#include <cmath>

#include "app/limit_observed.hpp"
#include "app/rows.hpp"
#include "app/sample.hpp"
#include "calculus/differentiate.hpp"
#include "simplify/simplify.hpp"

namespace adjoint::app {

using json = nlohmann::ordered_json;
using AppQuestion = app::Question;

namespace {

std::string word(const std::string& s) {
  const auto begin = s.find_first_not_of(' ');
  const auto end = s.find_last_not_of(' ');
  return begin == std::string::npos ? std::string() : s.substr(begin, end - begin + 1);
}

std::pair<std::string, std::string> split(const std::string& as) {
  const auto arrow = as.find("->");
  if (arrow == std::string::npos)
    throw InputError("error: a limit is asked as 'eps -> 0', not '" + as + "'\n");
  return {word(as.substr(0, arrow)), word(as.substr(arrow + 2))};
}

// What the gradient is taken in where nothing is said: the only other variable, or the first that is no
// scalar.
Expr limit_variable(const AppQuestion& q, const AnalyseOptions& o, Expr parameter) {
  if (!o.wrt.empty()) return variable_of(q, variable_symbol(q, o.wrt)).expr;
  Expr first;
  for (const auto& s : q.formula.symbols) {
    if (s.kind != notation::Symbol::Kind::Variable) continue;
    const Expr v = notation::variable(*q.graph, s);
    if (v == parameter || !depends_on(q.formula.value, v)) continue;
    if (!first || (first.rank() == 0 && v.rank() > 0)) first = v;
  }
  return first;
}

// The question with an undeclared parameter declared as a number.
AppQuestion ask_limit(const AnalyseOptions& o) {
  const auto [name, to] = split(o.as);
  notation::Session session;
  const bool declared = session.declare(o.given);
  if (declared && session.symbols().find(name) == nullptr && !session.symbols().is_size(name)) {
    notation::Session with = session;
    if (with.declare(name + " in R")) {
      AppQuestion q = ask(std::move(with), o.expression);
      if (q.formula.symbol(name) != nullptr) return q;
    }
  }
  return ask(o.expression, o.given);
}

}  // namespace

std::pair<Expr, Target> target_of(const AppQuestion& q, const std::string& as) {
  const auto [name, to] = split(as);
  const notation::Symbol symbol = variable_symbol(q, name);
  const Expr parameter = variable_of(q, symbol).expr;
  if (parameter.rank() != 0)
    throw InputError("error: " + name + " is an array; a limit is taken in a number\n");
  Target target;
  if (to == "inf" || to == "-inf" || to == "+inf") {
    target.kind = to == "-inf" ? Target::Kind::MinusInfinity : Target::Kind::PlusInfinity;
  } else {
    notation::Session session = q.session;
    session.clear_errors();
    session.adopt(q.formula);
    const auto formula = session.expression(*q.graph, to);
    if (!formula || !formula->type.is_scalar())
      throw InputError("error: a parameter goes to a number or to inf, not to '" + to + "'\n");
    target.number = simplify(formula->value);
    if (depends_on(target.number, parameter) || target.number == parameter)
      throw InputError("error: " + name + " goes to '" + to + "', which holds it\n");
  }
  const Range allowed = Ranges(assumptions_of(q)).of(parameter);
  const Range at = target.number ? Ranges(assumptions_of(q)).of(target.number) : Range::all();
  const bool outside = target.kind == Target::Kind::PlusInfinity ? std::isfinite(allowed.upper)
                       : target.kind == Target::Kind::MinusInfinity
                           ? std::isfinite(allowed.lower)
                           : at.upper < allowed.lower || at.lower > allowed.upper;
  if (outside)
    throw InputError("error: " + name + " -> " + to + " contradicts what is declared of " + name + "\n");
  return {parameter, target};
}

namespace {

// Whether some function that turns again and again, like a sine, is asked at an argument whose digits do not
// reach its next turn: there its value is noise, and takes as many digits as the argument has.
bool beyond_precision(Expr root, Evaluator& evaluate) {
  constexpr double kFarthest = 1e150;
  for (const auto& e : topological(std::span(&root, 1))) {
    if (e->kind != Kind::Apply || e->operands.size() != 1) continue;
    const Record& record = record_of(*e);
    const bool turns = record.partial.value != nullptr && record.differentiable.value.empty() &&
                       record.bounds.value.shape == ScalarBounds::Shape::Neither &&
                       record.bounds.value.monotone == ScalarBounds::Monotone::Neither;
    if (!turns) continue;
    const Array& argument = evaluate(e->operands[0]);
    if (std::any_of(argument.data.begin(), argument.data.end(),
                    [](double x) { return !(std::fabs(x) <= kFarthest); }))
      return true;
  }
  return false;
}

}  // namespace

Sampler sampler_of(const AppQuestion& q) {
  const AppQuestion* question = &q;
  // Orthogonal matrices are so only up to rounding.
  for (const auto& s : q.formula.symbols) {
    if (s.structure == notation::Structure::Orthogonal) return {};
  }
  return [question](Expr scalar, unsigned seed, const Given& given) -> std::optional<double> {
    constexpr double kSmall = 3e4;
    std::mt19937 random(seed);
    const SizeValues sizes = sample_sizes(*question);
    Point p = sample_point(*question, sizes, random, static_cast<int>(seed % 3));
    for (const auto& [variable, value] : given) p.values[variable.get()] = Array(value);
    for (const auto& e : topological(std::span(&scalar, 1))) {  // variables of the target alone
      if (e->kind != Kind::Variable || p.values.contains(e.get())) continue;
      const auto* s = question->session.symbols().find(e->name());
      if (s != nullptr) p.values[e.get()] = sample_value(*s, sizes, random, static_cast<int>(seed % 3));
    }
    try {
      const Expr e = concrete(scalar);
      if (adjoint::work(e, sizes) > kSmall) return std::nullopt;
      Evaluator evaluate(p, {.precise = true});
      if (beyond_precision(e, evaluate)) return std::nullopt;
      const Array& value = evaluate(e);
      return value.shape.empty() ? std::optional(value.data[0]) : std::nullopt;
    } catch (const std::runtime_error&) {
      return std::nullopt;  // no value there
    }
  };
}

json limit_part(const Limit& l, const Say& say) {
  json j;
  j["value"] = limit_value_text(l, say);
  json cases = json::array();
  for (const auto& c : l.cases) {
    json one = {{"where", condition_text(c.where, say)}};
    if (c.otherwise) one["otherwise"] = say(c.otherwise);
    cases.push_back(one);
  }
  j["cases"] = cases;
  j["uniform"] = l.uniform == Truth::Yes ? "yes" : l.uniform == Truth::No ? "no" : "unknown";
  if (l.rate) j["rate"] = say(l.rate);
  j["says"] = limit_text(l, say);
  j["proof"] = proof_of(l.proof, say);
  if (!l.reason.empty()) j["reason"] = l.reason;
  return j;
}

json limit_json(const AppQuestion& q, const AnalyseOptions& o) {
  using K = Limit::Kind;
  const Say say = say_for(q);
  const auto [parameter, target] = target_of(q, o.as);
  const Expr variable = limit_variable(q, o, parameter);
  const Limits l = limit_of(q.formula.value, parameter, target, variable, assumptions_of(q), sampler_of(q));
  if (l.value.kind == K::Undefined)
    throw InputError("error: " + q.formula.text + " has no real value near " + o.as + ": " + l.value.reason +
                     "\n");
  const bool by_signs = !l.value.by_sign.empty();
  if (l.value.kind == K::None && !by_signs)
    throw NoAnswer("error: there is no limit: " + l.value.reason + "\n");
  const std::string seen = observed(q, q.formula.value, l.value, parameter, target, l.side);
  if (l.value.kind == K::Unknown) {
    const std::string which = l.value.sign_of ? ", that of " + say(l.value.sign_of) : std::string();
    throw NoAnswer("error: the limit is not known: " + l.value.reason + which +
                   (seen.empty() ? "" : "; " + seen) + "\n");
  }
  json j = {{"function", q.formula.text}, {"as", o.as}, {"limit", limit_part(l.value, say)}};
  if (!seen.empty()) j["limit"]["observed"] = seen;
  if (l.half) j["side"] = l.side == Limits::Side::Above ? "above" : "below";
  if (variable) j["variable"] = variable->name();
  if (variable && q.formula.value.rank() == 0) {
    j["gradient"] = limit_part(l.gradient, say);
    if (l.gradient.kind == K::Finite || l.gradient.kind == K::PlusInfinity ||
        l.gradient.kind == K::MinusInfinity) {
      if (const std::string s = observed(q, l.slope, l.gradient, parameter, target, l.side); !s.empty())
        j["gradient"]["observed"] = s;
    }
  }
  if (variable && l.value.kind == K::Finite) j["differentiable"] = condition_texts(l.differentiable, say);
  return j;
}

namespace {

std::vector<Row> limit_rows(const json& j) {
  std::vector<Row> rows;
  for (const char* key : {"limit", "gradient"}) {
    if (!j.contains(key)) continue;
    const auto& l = j[key];
    rows.push_back(
        {key == std::string("limit") ? "limit" : "of the gradient in " + j["variable"].get<std::string>(),
         l["value"].get<std::string>()});
    for (const auto& c : l["cases"]) {
      rows.push_back(
          {"", "where " + c["where"].get<std::string>() +
                   (c.contains("otherwise") ? "; else " + c["otherwise"].get<std::string>() : "")});
    }
    if (key == std::string("limit") && j.contains("side"))
      rows.push_back({"", "from " + j["side"].get<std::string>() + ", as it is defined on that side alone"});
    rows.push_back({"", l["says"].get<std::string>()});
    if (l.contains("observed"))
      rows.push_back({"", "Observed, not proved: " + l["observed"].get<std::string>() + "."});
  }
  if (j.contains("differentiable")) {
    const std::string where = joined(j["differentiable"]);
    rows.push_back({"differentiable in " + j["variable"].get<std::string>(),
                    where == "everywhere" || where == "nowhere" ? where : "where " + where});
  }
  return rows;
}

}  // namespace

std::string limit_page(const AppQuestion& q, const AnalyseOptions& o) {
  return as_table(limit_rows(limit_json(q, o)));
}

std::pair<std::string, int> limit(const AnalyseOptions& o) {
  const json j = limit_json(ask_limit(o), o);
  return {o.format == "json" ? j.dump(2) + "\n" : as_text(limit_rows(j)), 0};
}

}  // namespace adjoint::app

#include "app/analyse.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "app/limit.hpp"
#include "app/region.hpp"
#include "app/rows.hpp"
#include "app/sample.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"
#include "print/text.hpp"

namespace adjoint::app {

using json = nlohmann::ordered_json;
using AppQuestion = app::Question;

namespace {

syntax::Type type_of(Expr e) {
  syntax::Type type;
  if (e.rank() == 1) type.rows = e.shape()[0];
  if (e.rank() == 2) {
    type.rows = e.shape()[0];
    type.columns = e.shape()[1];
  }
  if (e.rank() > 2) type.higher = e.shape();
  return type;
}

// Random values of a scalar expression, to refute convexity.
Probe probe_of(const AppQuestion& q) {
  const AppQuestion* question = &q;
  return [question](Expr scalar, const Twins& twins, unsigned seed) -> std::optional<double> {
    std::mt19937 random(seed);
    const SizeValues sizes = sample_sizes(*question);
    Point p = sample_point(*question, sizes, random, static_cast<int>(seed % 3));
    Point second = sample_point(*question, sizes, random, static_cast<int>(seed % 3));
    for (const auto& [original, twin] : twins)
      p.values[twin.get()] = std::move(second.values[original.get()]);
    try {
      Evaluator evaluate(p);
      const Array& value = evaluate(concrete(scalar));
      if (!value.shape.empty() || !std::isfinite(value.data[0])) return std::nullopt;
      return value.data[0];
    } catch (const std::runtime_error&) {
      return std::nullopt;
    }
  };
}

adjoint::Question question_of(const AppQuestion& q, const AnalyseOptions& o) {
  adjoint::Question a;
  a.f = q.formula.value;
  a.written = q.formula.written;
  if (!o.wrt.empty()) {
    a.variables.push_back(variable_of(q, variable_symbol(q, o.wrt)).expr);
  } else {
    for (const auto& s : q.formula.symbols) {
      if (s.kind == notation::Symbol::Kind::Variable) a.variables.push_back(notation::variable(*q.graph, s));
    }
  }
  a.assumptions = assumptions_of(q);
  a.probe = probe_of(q);
  a.sampler = sampler_of(q);
  return a;
}

json shape_json(const Convexity& c, const Say& say) {
  json j = {{"convex", verdict_text(c.convex)}, {"concave", verdict_text(c.concave)}};
  if (c.modulus) j["modulus"] = say(c.modulus);
  if (!c.reason.empty()) j["reason"] = c.reason;
  j["proof"] = c.proof;
  return j;
}

}  // namespace

Assumptions assumptions_of(const AppQuestion& q) {
  Assumptions a;
  for (const auto& s : q.formula.symbols) {
    if (s.kind != notation::Symbol::Kind::Variable || (!s.bounds.lower && !s.bounds.upper)) continue;
    Range r;
    if (s.bounds.lower) {
      r.lower = *s.bounds.lower;
      r.open_lower = s.bounds.lower_strict;
    }
    if (s.bounds.upper) {
      r.upper = *s.bounds.upper;
      r.open_upper = s.bounds.upper_strict;
    }
    a.ranges.emplace_back(notation::variable(*q.graph, s), r);
  }
  return a;
}

Say say_for(const AppQuestion& question) {
  const AppQuestion* q = &question;
  return [q](Expr e) {
    const syntax::Ast tree = read_shortest(simplify(e), type_of(e), read_options(*q));
    return tree ? print::text(tree) : std::string("an array of higher order");
  };
}

json analysis_json(const AppQuestion& q, const AnalyseOptions& o) {
  const Say say = say_for(q);
  adjoint::Question question = question_of(q, o);
  if (!o.on.empty()) {
    if (question.variables.empty()) throw InputError("error: a set bounds a variable; there is none\n");
    const Expr variable = question.variables[0];
    const Region region = region_of(q, o.on, variable);
    question.radius = region.radius;
    if (region.box) {
      question.assumptions = question.assumptions.with(variable, *region.box);
      question.probe = {};  // its points know nothing of the set
    }
  }
  if (!o.as.empty()) std::tie(question.parameter, question.target) = target_of(q, o.as);
  const Analysis a = adjoint::analyse(question, say);
  json j;
  j["function"] = q.formula.text;
  j["defined"] = condition_texts(a.domain.defined, say);
  j["continuous"] = a.continuous ? json(condition_texts(*a.continuous, say)) : json::array({"unknown"});
  j["differentiable"] = condition_texts(a.domain.differentiable, say);
  j["twice"] = condition_texts(a.domain.twice, say);
  json sufficient = json::array();  // perhaps not necessary
  const std::vector<Requirement> continuous = a.continuous.value_or(std::vector<Requirement>{});
  for (const auto* list : {&continuous, &a.domain.differentiable, &a.domain.twice}) {
    for (const std::string& text : sufficient_texts(*list, say)) {
      if (std::find(sufficient.begin(), sufficient.end(), text) == sufficient.end())
        sufficient.push_back(text);
    }
  }
  j["sufficient"] = sufficient;
  json maps = json::array();
  for (const auto& v : a.maps) {
    maps.push_back({{"variable", v.variable->name()},
                    {"value", bound_text(v.lipschitz.value, say)},
                    {"proof", proof_of(v.lipschitz.value.proof, say)}});
  }
  if (!maps.empty()) j["map"] = maps;
  const bool scalar = q.formula.type.is_scalar() && q.formula.type.higher.empty();
  json variables = json::array();
  for (const auto& v : a.variables) {
    json one = {{"variable", v.variable->name()}};
    json proof = proof_of(v.lipschitz.value.proof, say);
    for (const auto& line : proof_of(v.lipschitz.gradient.proof, say)) proof.push_back(line);
    one["lipschitz"] = {{"value", bound_text(v.lipschitz.value, say)},
                        {"gradient", bound_text(v.lipschitz.gradient, say)},
                        {"proof", proof}};
    if (!v.lipschitz.value.reason.empty()) one["lipschitz"]["value_reason"] = v.lipschitz.value.reason;
    if (!v.lipschitz.gradient.reason.empty())
      one["lipschitz"]["gradient_reason"] = v.lipschitz.gradient.reason;
    const json shape = shape_json(v.convexity, say);
    for (auto at = shape.begin(); at != shape.end(); ++at) one[at.key()] = at.value();
    if (!v.subdifferential.kinks.empty()) {
      json kinks = json::array();
      for (const auto& k : v.subdifferential.kinks) {
        kinks.push_back({{"kink", say(k.kink)},
                         {"multiplier", k.multiplier ? k.multiplier->name() : ""},
                         {"cases", k.cases}});
      }
      one["subdifferential"] = {{"whole", v.subdifferential.whole}, {"kinks", kinks}};
      if (v.subdifferential.formula) one["subdifferential"]["formula"] = say(v.subdifferential.formula);
    }
    variables.push_back(one);
  }
  if (scalar && !variables.empty()) {
    j["lipschitz"] = variables[0]["lipschitz"];
    if (variables.size() > 1) j["lipschitz"]["variable"] = variables[0]["variable"];
    const json joint = shape_json(variables.size() == 1 ? a.variables[0].convexity : a.convexity, say);
    for (auto at = joint.begin(); at != joint.end(); ++at) {
      j[at.key() == "proof" ? "convexity_proof" : at.key()] = at.value();
    }
    if (variables[0].contains("subdifferential")) j["subdifferential"] = variables[0]["subdifferential"];
  }
  if (variables.size() > 1) j["variables"] = variables;
  if (a.limits)
    j["limits"] = {{"value", limit_part(a.limits->value, say)},
                   {"gradient", limit_part(a.limits->gradient, say)}};
  j["warnings"] = a.warnings;
  return j;
}

namespace {
// The conditions; those that may ask too much are marked.
std::string conditions_text(const json& list, const json& sufficient) {
  std::string s;
  for (const auto& e : list) {
    s += (s.empty() ? "" : "; ") + e.get<std::string>();
    if (std::find(sufficient.begin(), sufficient.end(), e) != sufficient.end()) s += " (sufficient)";
  }
  return s;
}
void constant_rows(const json& l, std::vector<Row>& rows) {
  const auto reason = [&l](const char* key) {
    return l.contains(key) ? " (" + l[key].get<std::string>() + ")" : std::string();
  };
  rows.push_back({"Lipschitz constant", l["value"].get<std::string>() + reason("value_reason")});
  rows.push_back({"of the gradient", l["gradient"].get<std::string>() + reason("gradient_reason")});
  for (const auto& p : l["proof"]) rows.push_back({"", p.get<std::string>()});
}
void shape_rows(const json& j, const char* proof, std::vector<Row>& rows) {
  rows.push_back(
      {"convex", j["convex"].get<std::string>() +
                     (j.contains("modulus") ? ", modulus " + j["modulus"].get<std::string>() : "") +
                     (j.contains("reason") ? " (" + j["reason"].get<std::string>() + ")" : "")});
  rows.push_back({"concave", j["concave"].get<std::string>()});
  for (const auto& p : j[proof]) rows.push_back({"", p.get<std::string>()});
}
void subdifferential_rows(const json& s, std::vector<Row>& rows) {
  if (s.contains("formula")) {
    rows.push_back({"subdifferential", (s["whole"].get<bool>() ? "all of " : "among its elements ") +
                                           s["formula"].get<std::string>() + " with"});
  }
  for (const auto& k : s["kinks"]) {
    for (const auto& c : k["cases"]) rows.push_back({"", c.get<std::string>()});
  }
}
std::vector<Row> analysis_rows(const json& j) {
  std::vector<Row> rows{{"defined", joined(j["defined"])},
                        {"continuous", conditions_text(j["continuous"], j["sufficient"])},
                        {"differentiable", conditions_text(j["differentiable"], j["sufficient"])},
                        {"twice differentiable", conditions_text(j["twice"], j["sufficient"])}};
  if (j.contains("map")) {
    for (const auto& m : j["map"]) {
      rows.push_back(
          {"Lipschitz constant", m["value"].get<std::string>() +
                                     (j["map"].size() > 1 ? " in " + m["variable"].get<std::string>() : "")});
      for (const auto& p : m["proof"]) rows.push_back({"", p.get<std::string>()});
    }
  }
  if (!j.contains("variables")) {
    if (j.contains("lipschitz")) {
      constant_rows(j["lipschitz"], rows);
      shape_rows(j, "convexity_proof", rows);
    }
    if (j.contains("subdifferential")) subdifferential_rows(j["subdifferential"], rows);
  } else {
    if (j.contains("convex")) {
      rows.push_back({"in all variables", ""});
      shape_rows(j, "convexity_proof", rows);
    }
    for (const auto& v : j["variables"]) {
      rows.push_back({"in " + v["variable"].get<std::string>(), ""});
      if (v.contains("lipschitz")) constant_rows(v["lipschitz"], rows);
      if (v.contains("convex")) shape_rows(v, "proof", rows);
      if (v.contains("subdifferential")) subdifferential_rows(v["subdifferential"], rows);
    }
  }
  for (const auto& w : j["warnings"]) rows.push_back({"warning", w.get<std::string>()});
  return rows;
}
}  // namespace

std::string analysis_page(const AppQuestion& q, const AnalyseOptions& o) {
  return as_table(analysis_rows(analysis_json(q, o)));
}
std::pair<std::string, int> analyse(const AnalyseOptions& o) {
  const json j = analysis_json(ask(o.expression, o.given), o);
  const int status = j["defined"] == json::array({"nowhere"}) ? 1 : 0;  // nothing to analyse
  if (status != 0 && o.format != "json") {
    throw NoAnswer("error: " + o.expression + " has no real value anywhere" +
                   (o.on.empty() ? "" : " on that set") + "\n");
  }
  return {o.format == "json" ? j.dump(2) + "\n" : as_text(analysis_rows(j)), status};
}
}  // namespace adjoint::app

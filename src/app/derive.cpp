#include <algorithm>
#include <sstream>

#include "analysis/domain.hpp"
#include "app/analyse.hpp"
#include "app/commands.hpp"
#include "app/derivation_view.hpp"
#include "calculus/linear.hpp"
#include "print/code_forms.hpp"
#include "print/latex.hpp"
#include "print/means.hpp"
#include "print/numpy.hpp"
#include "print/text.hpp"
#include "print/unicode.hpp"
#include "simplify/rules_stable.hpp"
#include "syntax/build.hpp"
#include "syntax/lets.hpp"
#include "syntax/tree.hpp"

namespace adjoint::app {

using json = nlohmann::ordered_json;
using notation::Structure;

namespace {

std::string convention(const notation::Symbol& s) {
  switch (s.structure) {
    case Structure::Symmetric:
    case Structure::Semidefinite:
    case Structure::Definite:
      return "convention: " + s.name + " is symmetric, so the gradient is the unconstrained one, symmetrised";
    case Structure::Diagonal:
      return "convention: " + s.name + " is diagonal, so only its diagonal entries move";
    case Structure::Lower:
      return "convention: " + s.name + " is lower triangular, so only its lower entries move";
    case Structure::Orthogonal:
      return "convention: " + s.name + " is orthogonal; the gradient is the Euclidean one";
    case Structure::None:
      return "";
  }
  return "";
}

}  // namespace

DomainTexts domain_texts(const Question& question, const Variable& variable, int order) {
  const Say say = say_for(question);
  const auto& formula = question.formula;
  const Domain domain =
      domain_of(formula.value, {variable.expr}, assumptions_of(question), order, formula.written);
  DomainTexts texts{condition_texts(domain.defined, say), condition_texts(domain.differentiable, say),
                    condition_texts(domain.twice, say), sufficient_texts(domain.differentiable, say)};
  for (std::string& text : sufficient_texts(domain.twice, say)) {
    if (std::find(texts.sufficient.begin(), texts.sufficient.end(), text) == texts.sufficient.end())
      texts.sufficient.push_back(std::move(text));
  }
  return texts;
}

std::string marked(const std::string& condition, const DomainTexts& texts) {
  const auto& list = texts.sufficient;
  return std::find(list.begin(), list.end(), condition) == list.end() ? condition
                                                                      : condition + " (sufficient)";
}

namespace {

template <class Render>
std::string rendered(const Reading& r, Render render) {
  return r.map ? render(*r.map) : render(r.formula);
}

// The same with every formula in one piece, whatever it repeats.
Reading inlined(Reading r) {
  const auto whole = [](syntax::Ast& tree) {
    if (tree) tree = syntax::without_lets(tree);
  };
  whole(r.formula);
  for (auto* map : {&r.map, &r.adjoint}) {
    if (*map) whole((*map)->body);
  }
  whole(r.kronecker);
  return r;
}

bool has_definitions(const syntax::Ast& tree) { return tree && tree->kind == syntax::Kind::Let; }

// Definitions, one a line, as far as there are any; then the formula is its body.
template <class Render>
std::string definitions(const syntax::Ast& tree, Render render) {
  std::string out;
  if (!has_definitions(tree)) return out;
  for (std::size_t k = 0; k < tree->names.size(); ++k)
    out += render(syntax::name(tree->names[k])) + " = " + render(tree->args[k + 1]) + "\n";
  return out;
}
syntax::Ast body_of(const syntax::Ast& tree) { return has_definitions(tree) ? tree->args[0] : tree; }

template <class Render>
std::string in_lines(const std::string& title, const syntax::Ast& tree, Render render) {
  return definitions(tree, render) + title + render(body_of(tree)) + "\n";
}
template <class Render>
std::string in_lines(const std::string& title, const syntax::Map& map, Render render) {
  return definitions(map.body, render) + title + render(syntax::Map{map.argument, body_of(map.body)}) + "\n";
}
template <class Render>
std::string in_lines(const Reading& r, Render render) {
  return r.map ? in_lines("", *r.map, render) : in_lines("", r.formula, render);
}

}  // namespace

Worked work(Question question, const std::string& wrt, int order) {
  if (question.formula.parsed->kind == syntax::Kind::Compare) {
    const std::string& text = question.formula.text;
    throw InputError("error: " + text + " is a condition, not a function; where(" + text + ",1,0) is one\n");
  }
  const notation::Symbol symbol = variable_symbol(question, wrt);
  Worked w(freed(std::move(question), wrt), symbol);
  w.variable = variable_of(w.question, variable_symbol(w.question, symbol.name));
  w.order = order;
  try {
    w.derivative = differentiate(w.question.function(), w.variable, order);
  } catch (const std::runtime_error& e) {
    throw NoAnswer(std::string("error: ") + e.what() + "\n");
  }
  w.reading = read_derivative(w.derivative, w.variable, read_options(w.question));
  if (syntax::called_functions(w.question.formula.typed.root).contains("mean")) {  // kept as it was typed
    w.reading.formula = with_means(w.reading.formula);
    if (w.reading.map) w.reading.map->body = with_means(w.reading.map->body);
    if (w.reading.adjoint) w.reading.adjoint->body = with_means(w.reading.adjoint->body);
  }
  if (!w.reading.formula && !w.reading.map) {
    throw NoAnswer("error: the derivative is an array of higher order that matrix notation cannot write\n");
  }
  for (const auto& a : w.question.formula.assumptions()) w.notes.push_back("assumed: " + a);
  if (const auto c = convention(symbol); !c.empty()) w.notes.push_back(c);
  if (w.question.formula.symbol(symbol.name) == nullptr) {
    w.notes.push_back(symbol.name + " does not occur in the function, so the derivative is zero");
  }
  return w;
}

std::string numpy_code(const Worked& w) {
  print::NumpyModule m;
  for (const auto& s : w.question.formula.symbols) {
    const bool function = s.kind == notation::Symbol::Kind::Function;
    m.symbols.push_back({s.name, s.type, function, s.from, s.to});
  }
  if (w.question.formula.symbol(w.symbol.name) == nullptr)
    m.symbols.push_back({w.symbol.name, w.symbol.type, false, {}, {}});
  m.variable = w.symbol.name;
  m.value = w.question.formula.typed.root;
  // Code calls what formulas expand, and takes forms that do not leave the range of numbers.
  Reading reading = w.reading;
  Derivative derivative = w.derivative;
  ReadOptions options = read_options(w.question);
  options.code = true;
  options.witness = nullptr;  // code has names of its own, which are no notation
  const Expr safe = stabilised(w.question.formula.value);
  if (!(safe == w.question.formula.value)) {
    m.value = read_shortest(safe, w.question.formula.type, options);
    derivative = differentiate({safe, w.question.formula.type}, w.variable, w.order);
  }
  const auto calls = [](Expr e) { return e && (print::has_code_forms(e) || !(directed(e) == e)); };
  if (!(derivative.expr == w.derivative.expr) || calls(derivative.expr) || calls(derivative.adjoint))
    reading = read_derivative(derivative, w.variable, options);
  m.derivative = reading.formula;
  m.like_variable = w.derivative.kind == DerivativeKind::Gradient ||
                    (w.derivative.kind == DerivativeKind::Hessian && w.derivative.is_map());
  m.map = reading.map;
  m.adjoint = reading.adjoint;
  m.kronecker = reading.kronecker;
  m.forms = forms_of;
  try {
    return print::numpy_module(m);
  } catch (const std::exception& e) {
    return std::string("# no NumPy code: ") + e.what() + "\n";
  }
}

json to_json(const Worked& w) {
  json j;
  j["function"] = w.question.formula.text;
  j["variable"] = w.symbol.name;
  j["kind"] = kind_name(w.derivative.kind);
  j["order"] = w.order;
  j["shape"] = shape_texts(w.derivative.type);
  const auto text = [](const auto& tree) { return print::text(tree); };
  const auto latex = [](const auto& tree) { return print::latex(tree, forms_of); };
  const auto unicode = [](const auto& tree) { return print::unicode(tree, forms_of); };
  j["formula"] = {{"text", rendered(w.reading, text)},
                  {"latex", rendered(w.reading, latex)},
                  {"unicode", rendered(w.reading, unicode)},
                  {"nodes", syntax::operation_count(w.reading.body())}};
  if (const syntax::Ast& tree = w.reading.body(); has_definitions(tree)) {
    json list = json::array();
    for (std::size_t k = 0; k < tree->names.size(); ++k) {
      const syntax::Ast& value = tree->args[k + 1];
      list.push_back({{"name", tree->names[k]},
                      {"text", text(value)},
                      {"latex", latex(value)},
                      {"unicode", unicode(value)}});
    }
    j["formula"]["definitions"] = std::move(list);
    j["formula"]["body"] = {
        {"text", text(tree->args[0])}, {"latex", latex(tree->args[0])}, {"unicode", unicode(tree->args[0])}};
  }
  if (w.reading.map) {
    j["operator"] = {{"text", print::text(*w.reading.map)},
                     {"latex", print::latex(*w.reading.map, forms_of)}};
    if (w.reading.adjoint) {
      j["adjoint"] = {{"text", print::text(*w.reading.adjoint)},
                      {"latex", print::latex(*w.reading.adjoint, forms_of)}};
    }
    const syntax::Ast matrix =
        w.reading.kronecker ? w.reading.kronecker : read_columns(w.derivative, read_options(w.question));
    if (matrix) j["kronecker"] = {{"text", print::text(matrix)}, {"latex", print::latex(matrix, forms_of)}};
  }
  const DomainTexts domain = domain_texts(w.question, w.variable, 2);
  j["domain"] = {{"defined", domain.defined},
                 {"differentiable", domain.differentiable},
                 {"twice", domain.twice},
                 {"sufficient", domain.sufficient}};
  j["declarations"] = w.question.formula.declarations();
  j["assumed"] = w.question.formula.assumptions();
  j["notes"] = w.notes;
  j["code"] = {{"numpy", numpy_code(w)}};
  return j;
}

std::string to_text(const Worked& w) {
  std::ostringstream out;
  const auto text = [](const auto& tree) { return print::text(tree); };
  out << in_lines(w.reading, text);
  if (w.reading.adjoint) out << in_lines("adjoint:   ", *w.reading.adjoint, text);
  if (w.reading.kronecker) out << in_lines("kronecker: ", w.reading.kronecker, text);
  const DomainTexts domain = domain_texts(w.question, w.variable, 1);
  const auto list = [&out, &domain](const char* what, const std::vector<std::string>& conditions) {
    if (conditions.size() == 1 && conditions[0] == "everywhere") return;
    if (conditions.size() == 1 && conditions[0] == "nowhere") {
      out << "# " << what << " nowhere\n";
      return;
    }
    out << "# " << what;
    for (std::size_t k = 0; k < conditions.size(); ++k)
      out << (k == 0 ? " where " : ", ") << marked(conditions[k], domain);
    out << "\n";
  };
  list("defined", domain.defined);
  if (domain.differentiable != domain.defined) list("differentiable", domain.differentiable);
  for (const auto& n : w.notes) out << "# " << n << "\n";
  return out.str();
}

std::string to_latex(const Worked& w) {
  return in_lines(w.reading, [](const auto& tree) { return print::latex(tree, forms_of); });
}
std::string to_unicode(const Worked& w) {
  return in_lines(w.reading, [](const auto& tree) { return print::unicode(tree, forms_of); });
}

json to_json(const CheckResult& c) {
  json j = {{"passed", c.passed},   {"points", c.points},
            {"order", c.order},     {"finite_difference", c.finite_difference},
            {"adjoint", c.adjoint}, {"formula", c.formula}};
  if (!c.failure.empty()) j["failure"] = c.failure;
  if (!c.passed && !c.worst.empty()) j["worst"] = c.worst;
  return j;
}

std::string to_text(const CheckResult& c) {
  if (c.points == 0) return "check: nothing was checked: " + c.failure + "\n";
  char line[256];
  std::string out;
  std::snprintf(line, sizeof line,
                "check %s: %d points, Taylor remainder of order %.2f%s, finite differences agree to %.1e, "
                "printed formula to %.1e",
                c.passed ? "passed" : "FAILED", c.points, c.order, c.exact_remainder ? " (or none)" : "",
                c.finite_difference, c.formula);
  out = line;
  if (c.adjoint > 0) {
    std::snprintf(line, sizeof line, ", adjoint to %.1e", c.adjoint);
    out += line;
  }
  out += "\n";
  if (!c.passed) out += "  " + c.failure + (c.worst.empty() ? "" : ", worst at " + c.worst) + "\n";
  return out;
}

std::pair<std::string, int> derive(const DeriveOptions& o) {
  Worked w = work(ask(o.expression, o.given), o.wrt, o.order);
  if (o.in_one) w.reading = inlined(std::move(w.reading));
  std::string out;
  int status = 0;
  CheckResult checked;
  if (o.check) {
    checked = check_derivative(w.question, w.symbol, w.variable, o.order, w.derivative, w.reading);
    status = checked.passed ? 0 : 1;
  }
  if (o.format == "json") {
    json j = to_json(w);
    if (o.check) j["check"] = to_json(checked);
    if (!o.steps.empty()) {
      j["steps"] = json::array();
      for (const auto& line : steps_of(w, o.steps).lines) {
        j["steps"].push_back({{"left", line.lhs ? print::text(line.lhs) : ""},
                              {"right", line.rhs ? print::text(line.rhs) : ""},
                              {"rule", line.rule},
                              {"note", line.note}});
      }
    }
    return {j.dump(2) + "\n", status};
  }
  if (o.format == "latex") {
    out = to_latex(w);
  } else if (o.format == "unicode") {
    out = to_unicode(w);
  } else if (o.format == "numpy") {
    out = numpy_code(w);
  } else {
    out = to_text(w);
  }
  if (!o.steps.empty() && o.format == "text") {
    out = derivation::text(steps_of(w, o.steps)) + "\n" + out;
  }
  if (o.check) out += to_text(checked);
  return {out, status};
}

std::pair<std::string, int> check(const DeriveOptions& o) {
  Worked w = work(ask(o.expression, o.given), o.wrt, o.order);
  const CheckResult c = check_derivative(w.question, w.symbol, w.variable, o.order, w.derivative, w.reading);
  if (o.format == "json") return {to_json(c).dump(2) + "\n", c.passed ? 0 : 1};
  return {to_text(w) + to_text(c), c.passed ? 0 : 1};
}

}  // namespace adjoint::app

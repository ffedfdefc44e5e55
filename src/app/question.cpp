#include "app/question.hpp"

#include "app/read_back.hpp"
#include "ops/surface.hpp"
#include "print/code_forms.hpp"

namespace adjoint::app {

using notation::Symbol;

Question ask(notation::Session session, std::string_view expression) {
  Question q{std::make_unique<Graph>(), std::move(session), {}};
  auto formula = q.session.expression(*q.graph, expression);
  if (!formula) throw InputError(q.session.errors_text());
  q.formula = std::move(*formula);
  return q;
}

Question ask(std::string_view expression, std::string_view given) {
  notation::Session session;
  const bool declared = session.declare(given);
  if (!declared) {  // report what is wrong in the expression as well
    Graph graph;
    session.expression(graph, expression);
    throw InputError(session.errors_text());
  }
  return ask(std::move(session), expression);
}

Question freed(Question question, const std::string& name) {
  Symbol symbol = variable_symbol(question, name);
  if (symbol.structure != notation::Structure::Orthogonal) return question;
  symbol.structure = notation::Structure::None;
  notation::Session session = question.session;
  session.declare(std::move(symbol));
  return ask(std::move(session), question.formula.text);
}

Symbol variable_symbol(const Question& question, const std::string& name) {
  const auto& symbols = question.formula.symbols;
  if (!name.empty()) {
    if (const Symbol* s = question.formula.symbol(name)) {
      if (s->kind == Symbol::Kind::Variable) return *s;
      throw InputError("error: " + name + " is a function, not a variable\n");
    }
    if (const Symbol* s = question.session.symbols().find(name)) return *s;
    if (question.session.symbols().is_size(name)) {
      throw InputError("error: " + name + " is a size; sizes are integers and have no derivative\n");
    }
    std::string known;
    for (const auto& s : symbols) {
      if (s.kind == Symbol::Kind::Variable) known += (known.empty() ? "" : ", ") + s.name;
    }
    throw InputError("error: the variable " + name + " does not occur in " + question.formula.text +
                     (known.empty() ? "" : " (its variables are " + known + ")") + "\n");
  }
  const Symbol* only = nullptr;
  for (const auto& s : symbols) {
    if (s.kind != Symbol::Kind::Variable) continue;
    if (only != nullptr) {
      throw InputError("error: " + question.formula.text + " has several variables; say which with " +
                       question.ask_by + "\n");
    }
    only = &s;
  }
  if (only == nullptr) throw InputError("error: " + question.formula.text + " has no variable\n");
  return *only;
}

Variable variable_of(const Question& question, const Symbol& symbol) {
  return {notation::variable(*question.graph, symbol), symbol.type};
}

ReadOptions read_options(const Question& question) {
  ReadOptions options;
  const auto* formula = &question.formula;
  options.declared = [formula](std::string_view name) -> const syntax::Type* {
    const Symbol* s = formula->symbol(name);
    return s != nullptr ? &s->type : nullptr;
  };
  for (const auto& s : formula->symbols) {
    options.taken.insert(s.name);
    for (const auto& size : {s.type.rows, s.type.columns}) {
      for (const auto& n : size.names()) options.taken.insert(n);
    }
  }
  for (const auto& s : question.session.symbols().all()) options.taken.insert(s.name);
  for (const auto& d : question.session.symbols().definitions()) {
    options.taken.insert(d.name.name);
    for (const auto& p : d.parameters) options.taken.insert(p.name);
  }
  options.witness = std::make_shared<ReadBack>(question);
  return options;
}

const syntax::Forms* forms_of(std::string_view name, int /*arity*/) {
  const Surface* s = find_surface(name);
  return s != nullptr ? &s->forms : print::code_forms(name);
}

std::vector<std::string> shape_texts(const syntax::Type& type) {
  std::vector<std::string> out;
  if (!type.higher.empty()) {
    for (const auto& s : type.higher) out.push_back(s.text());
    return out;
  }
  if (type.is_scalar()) return out;
  if (type.is_column()) return {type.rows.text()};
  return {type.rows.text(), type.columns.text()};
}

}  // namespace adjoint::app

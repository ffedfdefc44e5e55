#include "notation/notation.hpp"

#include <algorithm>

#include "notation/elaborate.hpp"
#include "ops/matrix.hpp"

namespace adjoint::notation {
namespace {

constexpr FunctionTable kTable{find_surface, surfaces};

std::string trimmed(std::string_view s) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!s.empty() && blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && blank(s.back())) s.remove_suffix(1);
  return std::string(s);
}

}  // namespace

const Symbol* Formula::symbol(std::string_view name) const {
  const auto at =
      std::find_if(symbols.begin(), symbols.end(), [&](const Symbol& s) { return s.name == name; });
  return at == symbols.end() ? nullptr : &*at;
}

std::vector<std::string> Formula::assumptions() const {
  std::vector<std::string> out;
  for (const auto& s : symbols) {
    if (s.assumed) out.push_back(s.text());
  }
  return out;
}

std::vector<std::string> Formula::declarations() const {
  std::vector<std::string> out;
  for (const auto& s : symbols) {
    for (auto& d : s.declarations()) out.push_back(std::move(d));
  }
  return out;
}

Expr traced(const Formula& formula, Graph& graph, const std::function<Expr(Expr, const Type*)>& naming) {
  Diagnostics errors;
  const auto value = elaborate(formula.typed, graph, naming, errors);
  if (!value) throw std::logic_error("a formula that was read cannot be read again");
  return *value;
}

Shape graph_shape(const Type& type) {
  Shape shape;
  const std::vector<Size> sizes =
      type.higher.empty() ? std::vector<Size>{type.rows, type.columns} : type.higher;
  for (const auto& s : sizes) {
    if (!s.is_one()) shape.push_back(s);
  }
  return shape;
}

Expr variable(Graph& graph, const Symbol& symbol) {
  return graph.variable(symbol.name, graph_shape(symbol.type), symbol.facts());
}

bool Session::declare(std::string_view text, Redeclare redeclare) {
  return declare(sources_.add(kGivenName, text), redeclare);
}

bool Session::declare(Place text, Redeclare redeclare) {
  const std::size_t before = errors_.size();
  symbols_.declare(parse_statements(sources_, text, errors_), redeclare, errors_);
  return errors_.size() == before;
}

void Session::adopt(const Formula& formula) {
  for (const auto& s : formula.symbols) {
    if (!s.assumed || symbols_.find(s.name) != nullptr) continue;
    symbols_.add(s);
  }
}

std::optional<Formula> Session::expression(Graph& graph, std::string_view text) {
  return expression(graph, sources_.add(kExpressionName, text));
}

std::optional<Formula> Session::expression(Graph& graph, Place text) {
  const Ast ast = parse_expression(sources_, text, errors_);
  if (!ast) return std::nullopt;
  return formula(graph, ast, text);
}

std::optional<Formula> Session::formula(Graph& graph, const Ast& ast, Place place) {
  auto typed = infer(ast, sources_, symbols_, kTable, assume_, errors_);
  if (!typed) return std::nullopt;
  Formula f;
  const auto value = elaborate(*typed, graph, errors_, &f.written);
  if (!value) return std::nullopt;
  f.text = trimmed(sources_.text(place));
  f.parsed = ast;
  f.value = *value;
  f.type = typed->root->type;
  f.symbols = typed->symbols;
  f.typed = std::move(*typed);
  return f;
}

std::optional<Session::Map> Session::map(Graph& graph, std::string_view text, const Type& argument) {
  const Place place = sources_.add(kExpressionName, text);
  const auto read = parse_map(sources_, place, errors_);
  if (!read) return std::nullopt;
  Symbol symbol;
  symbol.name = read->argument.name;
  symbol.type = argument;
  symbol.place = read->argument.place;
  Symbols extended = symbols_;
  extended.add(symbol);
  std::swap(symbols_, extended);
  auto body = formula(graph, read->body, place);
  std::swap(symbols_, extended);
  if (!body) return std::nullopt;
  return Map{std::move(symbol), std::move(*body)};
}

std::optional<Size> Session::size(std::string_view text) {
  const Place place = sources_.add(kExpressionName, text);
  const Ast ast = parse_expression(sources_, place, errors_);
  if (!ast) return std::nullopt;
  const auto error = [&](Place at, std::string message) { errors_.error(at, std::move(message)); };
  const auto name = [](const Ast& n) -> std::optional<Size> { return Size::name(n->text); };
  return evaluate_size(ast, name, error, smaller);
}

}  // namespace adjoint::notation

// The notation as others use it: declarations and expressions in, graph expressions out.
//
//     Session session;
//     session.declare("A in R^(m,n); x in R^n; b in R^m");
//     Graph graph;
//     auto f = session.expression(graph, "norm(A*x-b)^2");
//     if (!f) std::cerr << session.errors_text();
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "graph/written.hpp"
#include "notation/infer.hpp"
#include "notation/symbols.hpp"

namespace adjoint::notation {

/// An expression that has been read.
struct Formula {
  std::string text;              // as typed, without blanks around it
  Ast parsed;                    // as typed
  Typed typed;                   // with types, definitions put in
  Expr value;                    // in the graph it was read into
  std::vector<Written> written;  // the operations in it before normal forms: what domains are made of
  Type type;                     // of the value
  std::vector<Symbol> symbols;   // free variables and abstract functions, in the order of appearance

  /// The free symbol of this name, or null.
  [[nodiscard]] const Symbol* symbol(std::string_view name) const;
  /// What was assumed of undeclared names: "A in R^(m,n)".
  [[nodiscard]] std::vector<std::string> assumptions() const;
  /// Declarations of all free symbols, which let the text be read again.
  [[nodiscard]] std::vector<std::string> declarations() const;
};

/// The formula once more, every operation named by `naming` (elaborate.hpp): the graph as it was written.
Expr traced(const Formula& formula, Graph& graph, const std::function<Expr(Expr, const Type*)>& naming);

/// A variable as node of a graph.
Expr variable(Graph& graph, const Symbol& symbol);
/// The axes that a value of the type has in a graph.
Shape graph_shape(const Type& type);

using Redeclare = Symbols::Redeclare;

/// Declarations, definitions and errors of a command or a sheet. A value: copies are independent.
class Session {
 public:
  /// `assume`: whether undeclared names in expressions get the kind that their use and their letter suggest.
  explicit Session(bool assume = true) : assume_(assume) {}

  /// Adds a text, such as a file of which parts are then read by their place.
  Place add(std::string_view name, std::string_view text) { return sources_.add(name, text); }
  [[nodiscard]] const Sources& sources() const { return sources_; }

  /// Reads declarations, assumptions and definitions. False where there was an error; what had none is kept.
  bool declare(std::string_view text, Redeclare redeclare = Redeclare::Error);
  bool declare(Place text, Redeclare redeclare = Redeclare::Error);
  /// Declares what reading a formula assumed, so that later texts mean the same.
  void adopt(const Formula& formula);
  void declare(Symbol symbol) { symbols_.add(std::move(symbol)); }

  /// Reads an expression; the name of a defined function stands for its body in its own parameters.
  std::optional<Formula> expression(Graph& graph, std::string_view text);
  std::optional<Formula> expression(Graph& graph, Place text);
  /// Reads `H -> BODY` with an argument of the given type.
  struct Map {
    Symbol argument;
    Formula body;
  };
  std::optional<Map> map(Graph& graph, std::string_view text, const Type& argument);
  /// A size such as `n-1`.
  std::optional<Size> size(std::string_view text);

  [[nodiscard]] const Symbols& symbols() const { return symbols_; }
  [[nodiscard]] const Diagnostics& errors() const { return errors_; }
  [[nodiscard]] std::string errors_text() const { return render(sources_, errors_); }
  void clear_errors() { errors_.clear(); }
  /// Adds an error of the caller's own at a place.
  void error(Place place, std::string message) { errors_.error(place, std::move(message)); }

 private:
  std::optional<Formula> formula(Graph& graph, const Ast& ast, Place place);

  Sources sources_;
  Symbols symbols_;
  Diagnostics errors_;
  bool assume_;
};

}  // namespace adjoint::notation

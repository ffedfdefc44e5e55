// What is declared: variables, abstract functions, size names, assumptions, definitions.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/facts.hpp"
#include "notation/parser.hpp"
#include "syntax/ast.hpp"

namespace adjoint::notation {

using syntax::Type;

enum class Structure : std::uint8_t { None, Symmetric, Semidefinite, Definite, Diagonal, Lower, Orthogonal };

/// What all entries are known to be between.
struct Bounds {
  std::optional<double> lower, upper;
  bool lower_strict = false, upper_strict = false;
  [[nodiscard]] bool empty_set() const;
};

struct Symbol {
  enum class Kind : std::uint8_t { Variable, Function };
  Kind kind = Kind::Variable;
  std::string name;
  Type type;  // of a variable
  Structure structure = Structure::None;
  Bounds bounds;
  Type from, to;  // of an abstract function
  Place place;
  std::optional<Place> bound_place;     // of the latest assumption
  bool assumed = false;                 // not declared: taken to be of this type from its use and name
  bool declared_by_assumption = false;  // by `eps > 0` alone

  [[nodiscard]] bool is_entrywise_function() const {
    return kind == Kind::Function && from.is_scalar() && to.is_scalar();
  }
  /// "A in R^(m,n)", "eps in R+", "g : R^p -> R".
  [[nodiscard]] std::string text() const;
  /// Declarations that say the same, with assumptions: "p in R", "p >= 1".
  [[nodiscard]] std::vector<std::string> declarations() const;
  /// As the graph knows it.
  [[nodiscard]] Facts facts() const;
};

/// "R", "R^n", "R^(1,q)", "R^(n,p)".
std::string domain_text(const Type& type);
/// How messages name a shape: "a scalar", "(n,1)", "(n,p)".
std::string shape_text(const Type& type);

/// Declarations and definitions by name.
class Symbols {
 public:
  [[nodiscard]] const Symbol* find(const std::string& name) const;
  [[nodiscard]] const Definition* definition(const std::string& name) const;
  [[nodiscard]] bool is_size(const std::string& name) const { return sizes_.count(name) != 0; }
  [[nodiscard]] const std::map<std::string, Place>& sizes() const { return sizes_; }
  /// In the order of declaration.
  [[nodiscard]] const std::vector<Symbol>& all() const { return symbols_; }
  [[nodiscard]] const std::vector<Definition>& definitions() const { return definitions_; }

  /// Whether a name may be declared again.
  enum class Redeclare : std::uint8_t { Error, Replace };
  /// Takes up statements; errors are reported and what has none is kept.
  void declare(const std::vector<Statement>& statements, Redeclare redeclare, Diagnostics& errors);
  /// Adds a symbol as it is.
  void add(Symbol symbol);

 private:
  Symbol* find_mutable(const std::string& name);
  bool may_name(const Named& name, Redeclare redeclare, Diagnostics& errors, bool function);
  void remove(const std::string& name);
  void push(Symbol symbol);
  void push(const Definition& definition);
  std::optional<Type> type_of(const Domain& domain, Diagnostics& errors);
  std::optional<Size> size_of(const Ast& ast, Diagnostics& errors, std::map<std::string, Place>& names) const;
  void declare(const Declaration& d, Redeclare redeclare, Diagnostics& errors);
  void declare(const FunctionDeclaration& d, Redeclare redeclare, Diagnostics& errors);
  void declare(const Assumption& a, Redeclare redeclare, Diagnostics& errors);
  void declare(const Definition& d, Redeclare redeclare, Diagnostics& errors);

  std::vector<Symbol> symbols_;
  std::vector<Definition> definitions_;
  std::unordered_map<std::string, std::size_t> symbol_at_, definition_at_;
  std::map<std::string, Place> sizes_;
};

/// A size from its tree: integers, names, + - *, integer powers, min(a,b). `name` gives the size that a name
/// stands for, or nothing, having reported why not. Reports what is no size.
std::optional<Size> evaluate_size(const Ast& ast,
                                  const std::function<std::optional<Size>(const Ast& name)>& name,
                                  const std::function<void(Place, std::string)>& error,
                                  const std::function<Size(const Size&, const Size&)>& minimum);

/// The value of an expression of numbers, pi and inf with + - * / ^; nothing where it is none.
std::optional<double> constant_value(const Ast& ast);
/// Names reserved for constants.
bool is_constant_name(const std::string& name);

}  // namespace adjoint::notation

// Text into trees: declarations, definitions, expressions.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "notation/diagnostics.hpp"
#include "syntax/ast.hpp"

namespace adjoint::notation {

using syntax::Ast;

/// Trees deeper than this are refused; long sums are grouped so that they stay below.
inline constexpr int kMaximalDepth = 2000;
/// Brackets, calls and signs nested deeper than this are refused, so that a usual stack is enough.
inline constexpr int kMaximalNesting = 1200;

struct Named {
  std::string name;
  Place place;
};

/// The right side of a declaration: R, R+, R^n, R^(n,p), Sym(n), …
struct Domain {
  std::string family;      // "R", "Sym", "PSD", "PD", "Diag", "Lower", "Orth"
  bool positive = false;   // R+
  std::vector<Ast> sizes;  // as typed; of R^n one, of R none
  Place place;
};

struct Declaration {  // x, y in R^n
  std::vector<Named> names;
  Domain domain;
};

struct FunctionDeclaration {  // g : R^p -> R
  Named name;
  Domain from;
  Domain to;
};

struct Assumption {  // p >= 1; numbers to the right
  Named name;
  std::string relation;  // < <= > >= ==
  Ast bound;
};

struct Definition {  // f(x,A) = EXPR, or name = EXPR
  Named name;
  std::vector<Named> parameters;
  bool has_parameters = false;
  Ast body;
  Place place;
};

using Statement = std::variant<Declaration, FunctionDeclaration, Assumption, Definition>;

/// Statements, one a line or separated by `;`. One that cannot be read is reported and left out.
std::vector<Statement> parse_statements(const Sources& sources, Place text, Diagnostics& errors);

/// One expression, over any number of lines; null where there is an error.
Ast parse_expression(const Sources& sources, Place text, Diagnostics& errors);

/// `H -> BODY`, how maps are printed.
struct MapText {
  Named argument;
  Ast body;
};
std::optional<MapText> parse_map(const Sources& sources, Place text, Diagnostics& errors);

/// A size (`n-1`, `2*n`) or a name in a string of the program's own, such as a signature.
Ast parse_fragment(std::string_view text);

}  // namespace adjoint::notation

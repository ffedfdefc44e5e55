// Letters and signs in LaTeX and in Unicode.
#pragma once

#include <string_view>

namespace adjoint::print {

struct Symbol {
  enum class Class : unsigned char { Letter, Operator, Product, Relation, Open, Close, Function } kind;
  std::string_view name;   // of the LaTeX command, without the backslash: "alpha", "otimes", "log"
  std::string_view glyph;  // "α", "⊗", "log"
};

/// The symbol of a LaTeX command, or null.
const Symbol* find_symbol(std::string_view command);
/// The letter that a name of the notation stands for (alpha, eps, Omega, inf), or null.
const Symbol* find_letter(std::string_view name);

}  // namespace adjoint::print

// Mathematical layout: boxes between the tree and the page. Every decision about how a formula looks
// (fractions, superscripts, where parentheses stand, when a product is written with a dot) is made once,
// in `layout`; LaTeX, MathML and the one-line Unicode form render the boxes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "syntax/ast.hpp"
#include "syntax/forms.hpp"

namespace adjoint::print {

/// How tightly a box binds on the page, loosest first.
enum class Level : std::uint8_t { Let, Relation, Sum, BigSum, Entrywise, Product, Power, Atom };

struct Box {
  enum class Kind : std::uint8_t {
    Identifier,  // a letter or a word in the role of one
    Upright,     // 1 of ones, e
    Number,      // digits
    Word,        // the name of a function: tr, log
    Text,        // running text
    Operator,    // + - ⊙ = , with the spaces of a binary operator or a relation
    Tight,       // punctuation and signs without spaces: , : and the sign of -x
    Times,       // the invisible product, with a space or a dot where `latex` and `glyph` say so
    Space,       // \quad and the like
    Row,         // parts side by side
    Fraction,    // parts: numerator, denominator
    Scripts,     // parts: base, subscript, superscript; an empty Row where there is none
    Root,        // parts: radicand
    Fenced,      // parts: body; between `open` and `close`
    Table,       // parts: Rows of cells; between `open` and `close`
    BigSum,      // parts: lower, upper bound
    Accent       // parts: body; latex is the accent's command
  };

  Kind kind = Kind::Row;
  Level level = Level::Atom;
  std::string latex;  // of a leaf: as in LaTeX source
  std::string glyph;  // of a leaf: as Unicode
  std::string_view open, close;
  bool subscripts = false;  // of Scripts: the subscript is an index into an array
  std::vector<Box> parts;

  [[nodiscard]] bool empty() const { return kind == Kind::Row && parts.empty(); }
};

/// The boxes of a tree. Functions look as their forms say; those unknown to `forms` are abstract functions
/// (g_prime is g', g_grad is ∇g, h_jac is J_h). Types, where there, decide between scalar and entrywise
/// operations. Throws std::length_error on trees that no page holds.
Box layout(const syntax::Ast& tree, const syntax::FormLookup& forms);
Box layout(const syntax::Map& map, const syntax::FormLookup& forms);

/// Whether the box is higher than a line, so that fences around it grow.
bool is_tall(const Box& box);

// Boxes from parts, for `layout` and the templates of forms.
Box leaf(Box::Kind kind, std::string_view latex, std::string_view glyph);
Box operator_box(std::string_view latex, std::string_view glyph);
Box row(std::vector<Box> parts, Level level);
/// The same of single boxes.
template <class... Boxes>
Box beside(Level level, Boxes&&... boxes) {
  std::vector<Box> parts;
  parts.reserve(sizeof...(boxes));
  (parts.push_back(std::forward<Boxes>(boxes)), ...);
  return row(std::move(parts), level);
}
Box fenced(Box body, std::string_view open = "(", std::string_view close = ")");
/// The box itself if it binds at least as tightly as `least`, else in parentheses.
Box at_least(Box box, Level least);
Box fraction(Box numerator, Box denominator);
/// base^superscript or base_subscript; joins the scripts of the base where that is unambiguous.
Box superscript(Box base, Box script);
Box subscript(Box base, Box script);
/// left right, a product: chooses between nothing, a thin space and a dot.
Box product(Box left, Box right);
/// A name of the notation: Greek letters, digits and what follows _ as subscripts.
Box name_box(std::string_view name);
/// Names of derivatives of abstract functions too: rho_prime, g_grad.
Box function_box(std::string_view name);

}  // namespace adjoint::print

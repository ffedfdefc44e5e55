// Writes typed expressions in NumPy.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "syntax/ast.hpp"
#include "syntax/forms.hpp"

namespace adjoint::print {

/// Python text and how tightly it binds.
struct Python {
  enum class Level : std::uint8_t { Any, Compare, Sum, Product, Unary, Power, Atom };
  std::string text;
  Level level = Level::Atom;
  [[nodiscard]] Python call(const std::string& function) const {
    return {function + "(" + text + ")", Level::Atom};
  }
};

class NumpyWriter {
 public:
  using Level = Python::Level;

  /// `symbols`: names of parameters; other names are sizes, constants or bound.
  NumpyWriter(const syntax::FormLookup& forms, std::set<std::string> symbols)
      : forms_(forms), symbols_(std::move(symbols)) {}

  Python write(const syntax::Ast& tree);
  /// The text with parentheses where it binds less than `least`.
  std::string operand(const syntax::Ast& tree, Level least);
  std::string size_text(const Size& size, Level least = Level::Any);

  /// Assignments that must stand before the expressions written so far.
  std::vector<std::string> statements;
  /// Sizes that were mentioned; functions of the notation whose support is needed, with their arity.
  std::set<std::string> sizes;
  std::vector<std::pair<std::string, int>> supported;

 private:
  Python name(const syntax::Ast& tree);
  Python number(const syntax::Ast& tree);
  /// left op right, the left one written first; binds as `level`, or as its left operand must.
  Python infix(const syntax::Ast& left, const std::string& op, const syntax::Ast& right, Level left_least,
               Level right_least, std::optional<Level> level = {});
  Python negate(const syntax::Ast& operand);
  Python binary(const syntax::Ast& tree);
  Python power(const syntax::Ast& tree);
  Python transpose(const syntax::Ast& tree);
  Python index(const syntax::Ast& tree);
  Python index_sum(const syntax::Ast& tree);
  Python block(const syntax::Ast& tree);
  Python let(const syntax::Ast& tree);

  // numpy_call.cpp
  Python call(const syntax::Ast& tree);
  Python from_template(const syntax::Ast& tree, std::string_view source);
  std::string as_matrix(const syntax::Ast& tree);
  std::string shape_text(const syntax::Type& type);
  /// A subscript that counts from 0.
  std::string position(const syntax::Ast& subscript);

  // numpy_product.cpp
  Python product(const syntax::Ast& tree);
  struct Chain;
  void flatten(const syntax::Ast& tree, std::vector<syntax::Ast>& scalars, std::vector<syntax::Ast>& factors);

  syntax::FormLookup forms_;
  std::set<std::string> symbols_;
  std::set<std::string> indices_;  // index variables in scope; in Python they count from 0
  std::set<std::string> locals_;   // names given by a where
  int sum_depth_ = 0;
};

/// The type of a tree; std::invalid_argument where it has none.
const syntax::Type& type_of(const syntax::Ast& tree);
std::string parenthesised(const Python& python, Python::Level least);

}  // namespace adjoint::print

// The matrix notation as a tree: what the parser produces, what the reader of
// graphs produces, and what every printer prints. It knows no graph.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/size.hpp"

namespace adjoint::syntax {

/// A place in an input: byte offsets into the source text, [begin, end).
struct Place {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

enum class Kind : std::uint8_t {
  Number,     // text = the literal as typed
  Name,       // text = identifier (`pi`, `inf`, variables, size names, index names)
  Negate,     // args = {a}
  Transpose,  // args = {a}
  Binary,     // text = one of + - * / \ .* ./ .^ ^ ; args = {a, b}
  Compare,    // text = one of < <= > >= == ; args = {a, b}
  Call,       // text = function name, args = arguments (`where`, `norm`, ...)
  Index,      // args = {array, subscript, subscript, ...}
  Colon,      // the subscript `:`; no args
  Range,      // the subscript a:b ; args = {a, b}
  IndexSum,   // sum(i=a:b, body): text = "i", args = {a, b, body}
  Block,      // [A B; C D]: args are Row nodes
  Row,        // args = the entries of one row of a Block
  Let         // body where v1 = e1, v2 = e2: args = {body, e1, e2, ...}, names = {v1, v2, ...}
};

struct Node;
/// Trees are immutable and may share subtrees.
using Ast = std::shared_ptr<const Node>;

/// The shape of a matrix expression: rows x columns. A column vector has
/// columns == 1, a row has rows == 1, a scalar both. Arrays of higher order
/// list all their sizes in `higher` and leave rows, columns at 1.
struct Type {
  Size rows{1};
  Size columns{1};
  std::vector<Size> higher;

  [[nodiscard]] bool is_scalar() const { return higher.empty() && rows.is_one() && columns.is_one(); }
  [[nodiscard]] bool is_column() const { return higher.empty() && !rows.is_one() && columns.is_one(); }
  [[nodiscard]] bool is_row() const { return higher.empty() && rows.is_one() && !columns.is_one(); }
  [[nodiscard]] bool is_matrix() const { return higher.empty() && !rows.is_one() && !columns.is_one(); }
};

struct Node {
  Kind kind = Kind::Number;
  std::string text;
  std::vector<Ast> args;
  std::vector<std::string> names;  // of a Let
  Place place;
  Type type;           // filled by whoever makes a typed tree (the reader of graphs, inference)
  bool typed = false;  // whether `type` is meaningful
};

/// Operations in a tree: operators, calls, indices and blocks count one each,
/// names and numbers none (the `nodes` of the JSON contract).
int operation_count(const Ast& tree);

/// A printable program: a mapping H -> body.
struct Map {
  std::string argument;
  Ast body;
};

}  // namespace adjoint::syntax

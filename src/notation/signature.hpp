// Types of functions, written as "(n,p), size r, size c -> (r,c)": see infer.hpp for the language.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "notation/parser.hpp"

namespace adjoint::notation {

struct Pattern {
  enum class Kind : std::uint8_t {
    Array,    // (a,b): sizes as trees; () and `scalar` are (1,1)
    Any,      // any A: the whole type
    Wide,     // wide A: the type A, or a scalar that broadcasts to it
    Size,     // size n: an argument that is a size
    Index,    // index: a subscript
    Literal,  // the number 1
    Empty     // []
  };
  Kind kind = Kind::Array;
  Ast rows, columns;    // Array
  std::string name;     // Any, Wide, Size
  std::string literal;  // Literal
  std::string text;     // as written
  /// A pattern that only a scalar fits / that asks for rows and columns.
  [[nodiscard]] bool only_scalar() const;
  [[nodiscard]] bool matrix() const;
};

struct Signature {
  std::vector<Pattern> arguments;
  Pattern result;
  std::string text;
};

/// std::invalid_argument where the text is no signature.
Signature parse_signature(std::string_view text);

}  // namespace adjoint::notation

// Types of expressions: kinds and sizes, by unification.
//
// The types of functions are written as signatures, one string for each overload, tried in order:
//     "(n,n) -> (n,n)"              inv: sizes that repeat must agree
//     "(n,p) -> ()"                 () is a scalar, also written `scalar`
//     "(n,p), 1 -> (1,p)"           a literal argument, as in sum(X,1); [] is the empty one of max(X,[],1)
//     "(n,1) -> (n-1,1)"            results are polynomials of the sizes, or min(n,p); a literal 1 in a
//                                   pattern fits only a size that is literally 1
//     "size n, index -> (n,1)"      arguments that are sizes and subscripts
//     "any A, scalar -> A"          any shape
//     "wide A, wide A -> A"         one shape, or scalars that broadcast to it
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "notation/signature.hpp"
#include "notation/symbols.hpp"
#include "ops/surface.hpp"

namespace adjoint::notation {

/// A subscript after inference. Starts are from 1.
struct Subscript {
  enum class Kind : std::uint8_t {
    All,       // :
    Fixed,     // start
    Range,     // start, …, start+length-1
    Variable,  // index variable + start - first: start is the position of the variable's first value
    Block      // the block of `length` that the variable counts, the first one from start
  };
  Kind kind = Kind::All;
  Size start{1};
  Size length{1};
  int variable = -1;
  int within = -1;  // Block: the index variable that runs in it, or -1 for all of it
};

/// An index variable: takes the values first, …, first+length-1.
struct IndexVariable {
  std::string name;
  Size first{1};
  Size length{1};
};

/// What a node of the typed tree stands for, beyond its type.
struct Meaning {
  enum class Kind : std::uint8_t {
    Plain,        // as its syntax says
    Variable,     // symbol
    SizeNumber,   // size, used as a number
    IndexNumber,  // index variable, used as a number
    Function,     // overload of surface
    Abstract,     // derivative `order` of an abstract function, symbol
    Entrywise,    // derivative `order` of a scalar function with a definition: `body`, in which `parameter`
                  // runs over the entries of the argument
    Entry,        // the parameter of such a body; its own `parameter` is the argument
    Derivative,   // derivative `order` of a function of a vector with a definition
    Point,        // the parameter of such a body
    Subscripts,   // of an Index
    IndexSum      // over index variable
  };
  Kind kind = Kind::Plain;
  int symbol = -1;  // in Typed::symbols
  Size size;
  int variable = -1;  // in Typed::variables
  const Surface* surface = nullptr;
  const Overload* overload = nullptr;
  std::vector<Pattern::Kind> patterns;  // how each argument of a Function is taken
  std::vector<Size> sizes;              // of Size and Index arguments, by position
  int order = 0;
  std::vector<Subscript> subscripts;
  Ast parameter, body;  // of Entrywise, whose `variable` is the first of its index variables, one an axis
};

/// A typed tree: definitions are put in, shared where they are used twice.
struct Typed {
  Ast root;
  std::vector<Ast> order;  // all nodes that the root needs, operands before users
  std::unordered_map<const syntax::Node*, Meaning> meanings;
  std::vector<Symbol> symbols;  // free variables and abstract functions in the order of appearance
  std::vector<IndexVariable> variables;
  [[nodiscard]] const Meaning& meaning(const Ast& node) const;

  Typed() = default;
  Typed(const Typed&) = default;
  Typed(Typed&&) = default;
  Typed& operator=(const Typed&) = default;
  Typed& operator=(Typed&&) = default;
  /// Users before their operands: a deep tree does not nest destructors.
  ~Typed();
};

/// The function table: a function by name, and all names for suggestions.
struct FunctionTable {
  const Surface* (*find)(std::string_view name) = nullptr;
  std::span<const Surface> (*all)() = nullptr;
};

/// The type of a tree under declarations. Errors are collected; nothing is returned where there is one.
/// `assume`: whether undeclared names get the kind that their use and their letter suggest.
std::optional<Typed> infer(const Ast& ast, const Sources& sources, const Symbols& symbols,
                           const FunctionTable& table, bool assume, Diagnostics& errors);

/// The nearest of `names` to `name`, or nothing near.
std::optional<std::string> nearest_name(const std::string& name, const std::vector<std::string>& names);

/// Whether the name is that of a Greek letter.
bool is_greek(const std::string& name);

}  // namespace adjoint::notation

// Functions of the notation: what a person types, what it may be applied to, and the
// expression that it stands for. Several may stand for one operation or for a composition.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "syntax/ast.hpp"
#include "syntax/forms.hpp"

namespace adjoint {

/// An argument: an expression with the shape that it has in matrix notation. `expr` has one axis for
/// every size of `type` that is not literally 1, then batch axes (index variables of enclosing
/// sums), the same for all arguments of a call. A `size` or `index` argument has only `size`; a
/// literal argument (the 1 of sum(X,1)) only `literal`.
struct Argument {
  Expr expr;
  syntax::Type type;
  Size size;
  std::int64_t literal = 0;
};

/// Builds the result, whose type inference found to be `result`; the batch axes stay behind.
using Build = Expr (*)(Graph& graph, std::span<const Argument> arguments, const syntax::Type& result);

struct Overload {
  std::string_view signature;  // "(n,n) -> (n,n)"; the language of signatures is in notation/infer.hpp
  Build build;
};

struct Surface {
  std::string_view name;
  std::vector<Overload> overloads;  // tried in order
  syntax::Forms forms;
};

/// All functions of the notation, in the order of the families; and one by name, or null.
std::span<const Surface> surfaces();
const Surface* find_surface(std::string_view name);

}  // namespace adjoint

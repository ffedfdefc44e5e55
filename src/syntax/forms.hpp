// How a function of the notation is written in other languages. The forms are
// part of an operation's record; printers find them by name.
#pragma once

#include <functional>
#include <string_view>

namespace adjoint::syntax {

/// Templates in which $1, $2, … stand for the printed arguments and $* for all of
/// them separated by commas. An empty form means "print a call under the notation's name".
struct Forms {
  std::string_view latex;    // "\\operatorname{tr}($1)", "$1^{-1}", "\\lVert $1\\rVert_2"
  std::string_view unicode;  // for terminals: "‖$1‖", "tr($1)"
  std::string_view numpy;    // an expression over np / scipy: "np.trace($1)", "_adj($1)"
  std::string_view numpy_support;  // Python source that must stand before the function (defines _adj), or empty
};

/// The forms of the function `name` called with `arity` arguments; null if the notation has no such function.
using FormLookup = std::function<const Forms*(std::string_view name, int arity)>;

}  // namespace adjoint::syntax

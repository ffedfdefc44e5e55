// How a function of the notation is written in other languages. The forms are
// part of an operation's record; printers find them by name.
#pragma once

#include <functional>
#include <string_view>

namespace adjoint::syntax {

/// Templates in which $1, $2, … stand for the arguments and $* for all of them separated by commas.
/// An empty form means "print a call under the notation's name".
struct Forms {
  /// How mathematicians write it, as a small subset of LaTeX from which LaTeX itself, MathML and the
  /// terminal's Unicode are all made:
  ///   letters, numbers, + - = < > , : | ( ) [ ]     \, \; \quad
  ///   ^x ^{…} _x _{…}   \frac{…}{…}  \sqrt{…}  \operatorname{tr}  \mathbf{1}  \mathrm{e}  \text{if }
  ///   \exp \log \sin … (named functions)   Greek letters   \top \infty \cdot \otimes \odot \oslash \nabla
  ///   \partial \circ \dagger \sum_{…}^{…}   \left( … \right)   \lvert \rvert \lVert \rVert \lfloor \rfloor
  ///   \hat{…} \bar{…} \tilde{…} \begin{cases} … & … \\ … \end{cases}   \begin{bmatrix} … \end{bmatrix}
  /// Write no parentheses for precedence's sake: $1 gets its own where it needs them. So
  /// "$1^{-1}" prints inv(A+B) as (A+B)^{-1}, and "\\operatorname{tr}($1)" prints tr(A+B).
  std::string_view latex;
  /// An expression over np or scipy.<module>: "np.trace($1)", "_adj($1)". In NumPy columns and rows are
  /// 1-D, scalars 0-D, matrices 2-D. An argument beside an operator gets parentheses. Further placeholders:
  ///   $m1, $m2  the argument as a 2-D array, also where it is a vector or a scalar; the result is then
  ///             brought back into its own shape: "np.linalg.inv($m1)", "np.kron($m1, $m2)"
  ///   $shape    the shape of the result: "np.ones($shape)", "np.reshape($1, $shape, order=\"F\")"
  ///   $axis     the NumPy axis that the last argument names (sum(X,2): 1); the first dimension where
  ///             there is one argument only: "np.cumsum($1, axis=$axis)"
  ///   $axes     the same, but all axes where there is one argument only; a ", $axes" or ", axis=$axes" is
  ///             then left out: "np.sum($1, axis=$axes)"
  std::string_view numpy;
  /// Python source that must stand before the function (it defines _adj), or empty. A first line
  /// "# needs: adj, svdvals" names functions of the notation whose support it calls.
  std::string_view numpy_support;
};

/// The forms of the function `name` called with `arity` arguments; null if the notation has no such function.
using FormLookup = std::function<const Forms*(std::string_view name, int arity)>;

}  // namespace adjoint::syntax

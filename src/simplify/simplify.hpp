// From a correct expression to the one that a person would write.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"

namespace adjoint {

/// A rule that was used, for derivations.
struct Step {
  std::string_view rule;
  Expr before;
  Expr after;
};

/// The normal form under the rules of the table. Keeps what is robust in numbers (x/norm(x) as one node).
Expr simplify(Expr expr, std::vector<Step>* steps = nullptr);

/// For display: operations that only exist for the sake of numbers are written out, then simplified again.
Expr expanded(Expr expr);

/// Common factors of sums taken out: B*x + B'*x = (B + B')*x.
Expr factored(Expr expr);

}  // namespace adjoint

// Where an expression is defined, differentiable and twice differentiable: conditions on subexpressions, from
// the records of the operations, discharged by facts and composed by walking the graph.
//
// A kink inside is harmless where what follows is flat there: abs(x)^3, x.*abs(x), norm(x)^2. Conditions that
// are only known to be sufficient say so.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analysis/range.hpp"
#include "graph/written.hpp"
#include "ops/record.hpp"

namespace adjoint {

/// A predicate on an expression.
struct Requirement {
  Condition predicate = Condition::Unknown;
  Expr operand;
  Expr other;               // Differ: the second operand
  Expr guard;               // of a chosen branch: the condition of the choice; else null
  bool guard_holds = true;  // the branch where the guard is true, or where it is false
  int axis = -1;            // UniqueMaximum, UniqueMinimum: of each line along this axis; -1: of all entries
  bool of_kink = false;     // asked so that there is a derivative, and not so that there is a value
  bool necessary = false;   // false: sufficient, perhaps not necessary
  bool impossible = false;  // holds nowhere
};

struct Domain {
  std::vector<Requirement> defined;         // empty = everywhere
  std::vector<Requirement> differentiable;  // all that is asked, `defined` included
  std::vector<Requirement> twice;
  bool empty = false;                // no real point: log(-x^2)
  bool differentiable_known = true;  // false: a derivative of an operation is not known
  bool twice_known = true;
};

/// Conditions for `f` as it was written; smoothness in `variables` is judged on its simplified form. `order`
/// 1: only where it is differentiable once.
Domain domain_of(Expr f, const std::vector<Expr>& variables, const Assumptions& assumptions = {},
                 int order = 2, std::span<const Written> written = {});

/// Conditions under which `f`, and what was written of it, is defined, or differentiable once in the
/// variables, without simplification.
std::vector<Requirement> defined_where(Expr f, const Assumptions& assumptions = {},
                                       std::span<const Written> written = {});
std::vector<Requirement> smooth_where(Expr f, const std::vector<Expr>& variables,
                                      const Assumptions& assumptions = {});

/// How an expression is written in the notation; given by the caller, who can read graphs back.
using Say = std::function<std::string(Expr)>;

/// "x != 0", "x[i] != 0 for all i", "det(X) != 0", "rank(X) = min(n,p)", "x+a > 0".
std::string condition_text(const Requirement& requirement, const Say& say);
/// All of them, or {"everywhere"}, or {"nowhere"} where one is impossible.
std::vector<std::string> condition_texts(const std::vector<Requirement>& requirements, const Say& say);
/// Those among them that are perhaps not necessary.
std::vector<std::string> sufficient_texts(const std::vector<Requirement>& requirements, const Say& say);

}  // namespace adjoint

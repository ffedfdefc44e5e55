#include "analysis/on_line.hpp"

#include <algorithm>

#include "analysis/domain.hpp"
#include "analysis/forms.hpp"
#include "analysis/orders.hpp"
#include "analysis/piecewise.hpp"
#include "analysis/supremum.hpp"
#include "calculus/differentiate.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

// A line t*direction, the parameters free or at 1: what is not bounded for some of their values has no bound
// that holds for all.
OnLine on_line(Expr f, Expr variable, Expr direction, bool parameters_at_one, Assumptions assumptions) {
  Graph& g = f.graph();
  if (parameters_at_one) {
    assumptions.sizes = 2;
    std::vector<std::pair<Expr, Expr>> put;
    for (const auto& e : topological(std::span(&f, 1))) {
      if (e->kind != Kind::Variable || e == variable) continue;
      const Facts& facts = e->facts;
      const bool identity = facts.semidefinite == Truth::Yes || facts.definite == Truth::Yes ||
                            facts.orthogonal == Truth::Yes || facts.diagonal == Truth::Yes ||
                            facts.lower == Truth::Yes || facts.invertible == Truth::Yes;
      const bool listed = std::any_of(assumptions.ranges.begin(), assumptions.ranges.end(),
                                      [&](const auto& k) { return k.first == e && !k.second.holds(1); });
      if (listed || facts.signs.is_nonpositive() || e.rank() > 2) return OnLine::Nothing;
      put.emplace_back(e, identity && e.rank() == 2 ? g.identity(e.shape()[0]) : g.ones(e.shape()));
    }
    if (put.empty()) return OnLine::Nothing;
    f = simplify(substitute(f, put));
  }
  if (!depends_on(f, variable)) return OnLine::Nothing;
  const Expr t = g.variable("t", {}, Facts::of_signs(Signs::positive()), Role::Placeholder);
  const std::pair<Expr, Expr> put{variable, times(t, direction)};
  try {
    const Movement m{variable, direction};
    Expr second = pushforward(pushforward(f, std::span(&m, 1)), std::span(&m, 1));
    second = simplify(expanded(simplify(substitute(second, std::span(&put, 1)))));
    for (const Expr form : equal_forms(second)) {
      for (const bool up : {true, false}) {
        if (order_of(form, t, up ? 1e8 : 1e-8, up, assumptions).is_unbounded(up)) return OnLine::Unbounded;
      }
    }
    const Expr restricted = simplify(substitute(f, std::span(&put, 1)));
    const auto p = piecewise(restricted, t, Range::of(Signs::positive()), assumptions);
    if (p && defined_where(restricted, assumptions).empty()) {
      for (const auto& j : p->joints) {
        if (j.smooth == Truth::No) return OnLine::Kink;
      }
    }
  } catch (const NoDerivative&) {  // a derivative is not known
  }
  return OnLine::Nothing;
}

}  // namespace

OnLine on_some_line(Expr f, Expr variable, const Assumptions& assumptions) {
  Graph& g = f.graph();
  const Facts& facts = variable->facts;
  const bool square_matrix = variable.rank() == 2 && variable.shape()[0] == variable.shape()[1];
  const bool special = facts.semidefinite == Truth::Yes || facts.definite == Truth::Yes ||
                       facts.diagonal == Truth::Yes || facts.lower == Truth::Yes ||
                       facts.invertible == Truth::Yes;
  if (variable.rank() > 2 || facts.orthogonal == Truth::Yes || (special && !square_matrix))
    return OnLine::Nothing;
  std::vector<Expr> directions;
  if (!special) directions.push_back(g.ones(variable.shape()));
  if (square_matrix) {
    directions.push_back(g.identity(variable.shape()[0]));
    directions.push_back(g.variable("V", variable->shape, Facts::definite_matrix(), Role::Placeholder));
  }
  for (const Expr direction : directions) {
    if (facts.diagonal == Truth::Yes || facts.lower == Truth::Yes) {
      if (direction->kind == Kind::Variable) continue;
    }
    for (const bool at_one : {false, true}) {
      const OnLine found = on_line(f, variable, direction, at_one, assumptions);
      if (found != OnLine::Nothing) return found;
    }
  }
  return OnLine::Nothing;
}

}  // namespace adjoint

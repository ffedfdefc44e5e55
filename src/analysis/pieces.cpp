#include "analysis/pieces.hpp"

#include <algorithm>
#include <stdexcept>

#include "analysis/conditions.hpp"
#include "analysis/curvature.hpp"
#include "analysis/domain.hpp"
#include "analysis/forms.hpp"
#include "analysis/limit_rules.hpp"
#include "analysis/separable.hpp"
#include "calculus/differentiate.hpp"
#include "ops/record.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

bool vanishes_at(Expr phi, Expr t, Expr value, Ranges& ranges) {
  const std::pair<Expr, Expr> put{t, value};
  return is_zero(simplify(resolved(simplify(substitute(phi, std::span(&put, 1))), ranges)));
}

// Whether phi has a derivative at t = value, so that its gradient there is no convention at a kink.
bool smooth_at(Expr phi, Expr t, Expr value, Ranges& ranges) {
  const std::pair<Expr, Expr> put{t, value};
  std::vector<Requirement> open;
  for (Requirement r : smooth_where(phi, {t})) {
    r.operand = simplify(substitute(r.operand, std::span(&put, 1)));
    if (r.other) r.other = simplify(substitute(r.other, std::span(&put, 1)));
    r.guard = {};
    require(open, r, ranges);
  }
  return open.empty();
}

}  // namespace

bool pieces_meet(const Node& comparison, const std::vector<Expr>& users, Ranges& ranges) {
  if (comparison.operands.size() != 2) return false;
  for (const std::size_t side : {0U, 1U}) {
    Expr z = comparison.operands[side];
    const Expr edge = uniform(comparison.operands[1 - side]);
    if (!edge) continue;
    const bool magnitude = z->kind == Kind::Apply && z->op->name == "abs";
    if (magnitude) z = z->operands[0];
    if (z->kind == Kind::Product && z->factors.empty()) continue;
    const bool meet = std::all_of(users.begin(), users.end(), [&](Expr user) {
      if (user->kind != Kind::Apply || user->op->name != "select" ||
          !(user->operands[0] == Expr(&comparison)))
        return false;
      if (depends_on(user->operands[1], Expr(&comparison)) ||
          depends_on(user->operands[2], Expr(&comparison)))
        return false;
      const Expr hole = z.graph().variable("z", z.shape(), z->facts, Role::Placeholder);
      // A length comes as the root of a sum of squares too, and such a sum as the square of a length.
      std::vector<std::pair<Expr, Expr>> put{{z, hole}};
      for (const Rational& p : {Rational(2), Rational(1, 2)}) {
        if (z.rank() != 0 || !z->facts.signs.is_nonnegative()) break;
        if (const Expr other = power(z, p); !depends_on(other, z)) put.emplace_back(other, power(hole, p));
      }
      const Expr gap = simplify(substitute(user->operands[1] - user->operands[2], put));
      Curvatures curvatures({hole}, ranges);
      if (!curvatures.depends(gap)) return is_zero(gap);
      const auto one = entrywise_function(gap, curvatures);
      if (!one || !(one->argument == hole)) return false;
      try {
        const Expr slope = simplify(gradient(one->phi, one->t));
        const auto meet_at = [&](Expr value) {
          return vanishes_at(one->phi, one->t, value, ranges) && vanishes_at(slope, one->t, value, ranges) &&
                 smooth_at(one->phi, one->t, value, ranges);
        };
        return meet_at(edge) && (!magnitude || meet_at(-edge));
      } catch (const NoDerivative&) {
        return false;
      }
    });
    if (meet && !users.empty()) return true;
  }
  return false;
}

}  // namespace adjoint

#include "analysis/continuity.hpp"

#include <algorithm>
#include <unordered_map>

#include "analysis/conditions.hpp"
#include "analysis/curvature.hpp"
#include "analysis/forms.hpp"
#include "analysis/piecewise.hpp"
#include "analysis/separable.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

bool vanishes_with(Expr e, Expr node, Expr value) {
  const std::pair<Expr, Expr> put{node, value};
  return is_zero(simplify(substitute(e, std::span(&put, 1))));
}

class Walk {
 public:
  Walk(Expr f, const Assumptions& assumptions)
      : root_(f), ranges_(assumptions), order_(topological(std::span(&f, 1))) {
    for (const auto& y : order_) {
      for (const auto& o : y->operands) users_[o.get()].push_back(y);
    }
  }

  std::optional<std::vector<Requirement>> jumps() {
    std::vector<Requirement> list;
    for (const auto& y : order_) {
      if (!is_discontinuous(*y)) continue;
      const Record& record = record_of(*y);
      if (record.continuity == Continuity::Unknown) return std::nullopt;
      if (record.sides.value != nullptr) {
        if (is_choice(*y)) {  // of a comparison: asked there
          if (is_comparison(*y->operands[0])) continue;
        }
        if (harmless(y)) continue;
      }
      if (is_choice(*y)) {
        require(list, condition(*y, {0, Condition::NonZero}), ranges_);
        continue;
      }
      if (record.differentiable.value.empty()) return std::nullopt;
      for (const auto& c : record.differentiable.value) require(list, condition(*y, c), ranges_);
    }
    remove_implied(list);
    return list;
  }

 private:
  // A switch whose sides are operands of its own: the value of the first is never used.
  static bool is_choice(const Node& n) {
    return n.operands.size() == 3 && record_of(n).sides.value != nullptr;
  }

  Requirement condition(const Node& y, const OperandCondition& c) {
    Requirement r;
    const bool by_power = c.condition == Condition::NormSmooth || c.condition == Condition::NormTwiceSmooth;
    r.predicate = by_power ? Condition::NonZero : c.condition;
    r.operand = y.operands[static_cast<std::size_t>(c.operand)];
    if (c.condition == Condition::Differ) r.other = y.operands[1];
    r.necessary = shows(y);
    return r;
  }

  // Between the node and the root there is nothing that could hide its jump.
  bool shows(const Node& y) {
    Expr at(&y);
    while (!(at == root_)) {
      const auto& users = users_[at.get()];
      if (users.size() != 1) return false;
      const Expr user = users[0];
      const bool others_fixed = std::all_of(user->operands.begin(), user->operands.end(), [&](Expr o) {
        const auto parts = topological(std::span(&o, 1));
        return o == at ||
               std::none_of(parts.begin(), parts.end(), [](Expr p) { return is_discontinuous(*p); });
      });
      if (!others_fixed) return false;
      if (user->kind == Kind::Sum) {
        at = user;
        continue;
      }
      const bool scaled = user->kind == Kind::Product &&
                          std::all_of(user->factors.begin(), user->factors.end(), [&](const Factor& f) {
                            return f.expr == at || f.expr->facts.signs.is_nonzero();
                          });
      if (!scaled) return false;
      at = user;
    }
    return true;
  }

  // What is made of the switch does not change where its gap is 0.
  bool harmless(Expr y) {
    const auto& users = users_[y.get()];
    return !(y == root_) && !users.empty() && std::all_of(users.begin(), users.end(), [&](Expr user) {
      if (user->kind == Kind::Product) return vanishing_factor(*user, y);
      if (user->kind != Kind::Apply || !is_choice(*user) || !(user->operands[0] == y)) return false;
      if (depends_on(user->operands[1], y) || depends_on(user->operands[2], y)) return false;
      return meets(*y, user->operands[1] - user->operands[2]);
    });
  }

  bool vanishing_factor(const Node& product, Expr y) {
    const auto own = std::count_if(product.factors.begin(), product.factors.end(),
                                   [&](const Factor& f) { return f.expr == y; });
    if (own != 1) return false;
    const auto& labels = std::find_if(product.factors.begin(), product.factors.end(), [&](const Factor& f) {
                           return f.expr == y;
                         })->labels;
    return std::any_of(product.factors.begin(), product.factors.end(), [&](const Factor& f) {
      return !(f.expr == y) && f.labels == labels && !depends_on(f.expr, y) && meets(*y, f.expr);
    });
  }

  // Whether `gap` is 0 wherever the switch y is at its edge.
  bool meets(const Node& y, Expr gap) {
    if (is_zero(gap)) return true;
    const bool compares = y.operands.size() == 2;
    const Expr a = y.operands[0];
    const Expr b = compares ? y.operands[1] : a.graph().zeros(a.shape());
    if (vanishes_with(gap, a, b) || (compares && vanishes_with(gap, b, a))) return true;
    return at_norm(gap, a, b) || (compares && at_norm(gap, b, a));
  }

  // a = abs(z) or a norm of z: b is met at z = b and z = -b, or on the sphere.
  bool at_norm(Expr gap, Expr a, Expr b) {
    if (a->kind != Kind::Apply || !is_gauge(*a) || a->operands.size() != 1) return false;
    const Expr z = a->operands[0];
    const Expr edge = b.rank() == 0 ? b : uniform(b);
    if (!edge || depends_on(edge, z)) return false;
    const Expr hole = z.graph().variable("z", z.shape(), z->facts, Role::Placeholder);
    const std::pair<Expr, Expr> put{z, hole};
    const Expr moved = substitute(gap, std::span(&put, 1));
    Curvatures curvatures({hole}, ranges_);
    if (!curvatures.depends(moved)) return is_zero(simplify(moved));
    auto one = moved.rank() == 0 ? one_number(moved, curvatures) : entrywise_function(moved, curvatures);
    if (!one || !(one->argument == hole)) return false;
    const bool sphere = a.rank() < z.rank();
    if (sphere != (one->kind == OneNumber::Kind::Radial)) return false;
    const auto zero_at = [&](Expr value) {
      const std::pair<Expr, Expr> at{one->t, value};
      return is_zero(simplify(decided(simplify(substitute(one->phi, std::span(&at, 1))), ranges_)));
    };
    return zero_at(edge) && (sphere || zero_at(-edge));
  }

  Expr root_;
  Ranges ranges_;
  std::vector<Expr> order_;
  std::unordered_map<const Node*, std::vector<Expr>> users_;
};

}  // namespace

std::optional<std::vector<Requirement>> continuous_where(Expr f, const Assumptions& assumptions) {
  return Walk(f, assumptions).jumps();
}

}  // namespace adjoint

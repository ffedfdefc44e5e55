// What was typed, operation by operation, with the choice that it stands in.
#include <string_view>

#include "notation/elaborator.hpp"

namespace adjoint::notation {
namespace {

constexpr std::string_view kChoice = "where";

bool has_hole(Expr e) {
  for (const Expr n : topological(std::span(&e, 1))) {
    if (n->kind == adjoint::Kind::Variable && n->role == Role::Placeholder) return true;
  }
  return false;
}

}  // namespace

std::vector<Written> Elaborator::written() const {
  struct Guard {
    Expr condition;
    bool holds = true;
    bool known = false;
  };
  std::unordered_map<const Node*, Guard> guards;
  guards[typed_.root.get()].known = true;
  const auto hand_down = [&guards](const Ast& child, const Guard& g) {
    Guard& at = guards[child.get()];
    if (!at.known) {
      at = g;
      at.known = true;
    } else if (!(at.condition == g.condition) || at.holds != g.holds) {
      at.condition = Expr();
    }
  };
  for (auto n = typed_.order.rbegin(); n != typed_.order.rend(); ++n) {
    const Guard own = guards[n->get()];
    const bool choice = (*n)->kind == syntax::Kind::Call && (*n)->text == kChoice && (*n)->args.size() == 3;
    for (std::size_t k = 0; k < (*n)->args.size(); ++k) {
      const bool chosen = choice && k > 0 && !own.condition && values_.contains((*n)->args[0].get());
      hand_down((*n)->args[k], chosen ? Guard{value((*n)->args[0]).expr, k == 1, true} : own);
    }
    const Meaning& m = typed_.meaning(*n);
    if (m.parameter) hand_down(m.parameter, own);
    if (m.body) hand_down(m.body, own);
  }
  std::vector<Written> list;
  for (const auto& n : typed_.order) {
    const auto kept = kept_.find(n.get());
    if (kept == kept_.end()) continue;
    const Guard& g = guards[n.get()];
    for (const Expr e : kept->second) {
      if (holes_ > 0 && has_hole(e)) continue;
      if (const Rational* number = g.condition ? as_number(g.condition) : nullptr) {
        if (number->is_zero() != g.holds) list.push_back({e, Expr(), true});
      } else {
        list.push_back({e, g.condition, g.holds});
      }
    }
  }
  return list;
}

}  // namespace adjoint::notation

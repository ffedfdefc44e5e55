#include "analysis/domain.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "analysis/conditions.hpp"
#include "analysis/forms.hpp"
#include "analysis/integers.hpp"
#include "analysis/pieces.hpp"
#include "analysis/smoothness.hpp"
#include "calculus/differentiate.hpp"
#include "ops/powers.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

using C = Condition;

class Walk {
 public:
  Walk(Expr f, const std::vector<Expr>& variables, const Assumptions& assumptions)
      : root_(f), variables_(variables), ranges_(assumptions), order_(topological(std::span(&f, 1))) {
    for (const auto& y : order_) {
      active_[y.get()] =
          std::find(variables.begin(), variables.end(), y) != variables.end() ||
          std::any_of(y->operands.begin(), y->operands.end(), [this](Expr o) { return active_[o.get()]; });
      for (const auto& o : y->operands) users_[o.get()].push_back(y);
    }
    guards_ = guards(false);
    smooth_guards_ = guards(true);
  }

  std::vector<Requirement> defined(std::span<const Written> written) {
    for (const auto& y : order_) visit(*y, false);
    if (!written.empty()) take(written);
    remove_implied(list_);
    return list_;
  }

  std::vector<Requirement> smooth() {
    for (const auto& y : order_) {
      visit(*y, false);
      if (active_[y.get()]) visit(*y, true);
    }
    remove_implied(list_);
    return list_;
  }

 private:
  struct Guard {
    Expr condition;
    bool holds = true;
    bool known = false;  // a user has been seen
  };

  using Guards = std::unordered_map<const Node*, Guard>;

  // A node that is used in one branch of a choice only counts where the branch is chosen. A kink inside a
  // comparison does not show: the comparison has its own condition.
  Guards guards(bool smooth) {
    Guards found;
    found[root_.get()] = {{}, true, true};
    for (auto y = order_.rbegin(); y != order_.rend(); ++y) {
      const Guard own = found[y->get()];
      if (!own.known || (smooth && is_comparison(**y))) continue;
      const bool choice = (*y)->kind == Kind::Apply && (*y)->op->name == "select";
      for (std::size_t k = 0; k < (*y)->operands.size(); ++k) {
        Guard g = own;
        if (choice && k > 0 && !own.condition) g = {(*y)->operands[0], k == 1, true};
        Guard& at = found[(*y)->operands[k].get()];
        if (!at.known) {
          at = g;
        } else if (!(at.condition == g.condition) || at.holds != g.holds) {
          at = {{}, true, true};
        }
      }
    }
    return found;
  }

  // What was written and is no part of f any more.
  void take(std::span<const Written> written) {
    std::unordered_set<const Node*> seen;
    for (const auto& y : order_) seen.insert(y.get());
    for (const bool guarded : {false, true}) {
      for (const Written& w : written) {
        if (static_cast<bool>(w.guard) != guarded) continue;
        const Guard guard{w.guard, w.guard_holds, true};
        std::vector<Expr> open{w.expr};
        while (!open.empty()) {
          const Expr y = open.back();
          open.pop_back();
          if (!seen.insert(y.get()).second) continue;
          guards_[y.get()] = guard;
          visit(*y, false);
          open.insert(open.end(), y->operands.begin(), y->operands.end());
        }
      }
    }
  }

  void ask(const Node& y, C predicate, Expr operand, bool necessary, Expr other = {}) {
    Requirement r;
    r.predicate = predicate;
    r.operand = operand;
    r.other = other;
    r.necessary = necessary;
    r.of_kink = smooth_;
    if (predicate == C::UniqueMaximum || predicate == C::UniqueMinimum) {
      const auto& axes = y.attributes.integers;
      if (!axes.empty() && operand.rank() > 1) r.axis = static_cast<int>(axes[0]);
    }
    const Guard& g = (smooth_ ? smooth_guards_ : guards_)[&y];
    r.guard = g.condition;
    r.guard_holds = g.holds;
    require(list_, r, ranges_);
  }

  void visit(const Node& y, bool smooth) {
    smooth_ = smooth;
    if (smooth && !smooth_guards_[&y].known) return;
    if (power_parts(y).base) {
      visit_power(y, smooth);
    } else if (y.kind == Kind::Apply) {
      const Record& record = record_of(y);
      const auto& conditions = smooth ? record.differentiable.value : record.defined.value;
      for (auto c : conditions) {
        const Expr operand = y.operands[static_cast<std::size_t>(c.operand)];
        if (smooth && !concerns(y, c)) continue;
        if (c.condition == C::NormSmooth || c.condition == C::NormTwiceSmooth) {
          // |x|^p has a kink at a zero entry for p <= 1, its derivative one for p < 2.
          const Range p = ranges_.of(y.operands[1]);
          const double least = c.condition == C::NormSmooth ? 1 : 2;
          const bool flat = p.lower > least || (p.lower == least && (p.open_lower || least == 2));
          if (!flat) ask(y, C::NonZero, operand, false);
          c.condition = C::NotAllZero;
        }
        const bool at_zero =
            c.condition == C::NonZero || c.condition == C::NotAllZero || c.condition == C::Differ;
        if (smooth && at_zero && flat_beyond(y, operand)) continue;
        if (smooth && c.condition == C::Differ && pieces_meet(y, users_[&y], ranges_)) continue;
        if (smooth && c.condition == C::NonZero && is_gauge(y) && under_maximum(y)) {
          ask(y, C::NotAllZero, operand, shows(y, operand));
          continue;
        }
        const Expr gap = c.condition == C::Differ ? y.operands[0] - y.operands[1] : operand;
        ask(y, c.condition, operand, !smooth || shows(y, gap),
            c.condition == C::Differ ? y.operands[1] : Expr());
      }
    }
  }

  bool concerns(const Node& y, const OperandCondition& c) {
    if (c.condition == C::Differ) return true;
    return active_[y.operands[static_cast<std::size_t>(c.operand)].get()];
  }

  void visit_power(const Node& y, bool smooth) {
    const Expr base = y.operands[0];
    const Expr exponent = y.operands[1];
    const Range e = ranges_.of(exponent);
    const bool whole = is_integer_valued(exponent);
    const bool nonnegative = ranges_.of(base).is_nonnegative();
    if (!smooth) {
      if (whole) {
        if (!e.is_nonnegative()) ask(y, C::NonZero, base, true);
      } else if (y.kind == Kind::Power && e.is_positive()) {
        ask(y, C::NonNegative, base, true);
      } else {
        ask(y, C::Positive, base, true);
      }
      return;
    }
    if (whole) return;
    if (active_[exponent.get()]) {
      ask(y, C::Positive, base, true);
    } else if (active_[base.get()]) {
      const bool flat = e.lower > 1 || (e.lower == 1 && e.open_lower);
      if (flat && nonnegative) return;  // |u|^e with e > 1 has slope 0 where u = 0
      if (flat_beyond(y, base)) return;
      ask(y, C::Positive, base, shows(y, base));
    }
  }

  // What vanishes at its kink is harmless under a power above 1, and beside a factor that vanishes there too.
  bool flat_beyond(const Node& y, Expr operand) {
    if (Expr(&y) == root_) return false;
    // Bounded, with a jump at the kink: harmless beside a factor that vanishes to second order.
    const bool jump = y.operands[0] == operand && is_bounded_jump(y);
    if (!jump && !vanishes_with(y, operand)) return false;
    return vanishes_beyond(y, operand, jump, true);
  }

  // Every way from `y` to the root leads past a power or a factor that makes its kink harmless. Where y is
  // continuous, whatever continuous is made of it on the way may be: u*phi(|u|) has the slope phi(0) at 0.
  // `zero`: y vanishes where the operand does.
  bool vanishes_beyond(const Node& y, Expr operand, bool jump, bool zero) {
    if (Expr(&y) == root_) return false;
    return std::all_of(users_[&y].begin(), users_[&y].end(), [&](Expr user) {
      if (!jump && user->kind == Kind::Power && user->operands[0] == Expr(&y)) {
        const Range e = ranges_.of(user->operands[1]);
        if (!active_[user->operands[1].get()] && (e.lower > 1 || (e.lower == 1 && e.open_lower)) && zero)
          return true;
      }
      if (!jump && continuous_entrywise(*user))
        return vanishes_beyond(*user, operand, jump, zero_with(user, operand));
      if (user->kind != Kind::Product) return false;
      const Factor* own = nullptr;
      int count = 0;
      for (const auto& f : user->factors) {
        if (f.expr == Expr(&y)) {
          own = &f;
          ++count;
        }
      }
      if (count != 1) return false;
      const bool beside_zero = std::any_of(user->factors.begin(), user->factors.end(), [&](const Factor& f) {
        if (&f == own || !(jump ? twice_zero_with(f.expr, operand) : zero_with(f.expr, operand)))
          return false;
        return f.labels == own->labels || own->labels.empty() || (jump && f.labels.empty());
      });
      return beside_zero || (!jump && own->labels == user->output &&
                             vanishes_beyond(*user, operand, jump, zero_with(user, operand)));
    });
  }

  // A continuous function of its operands, entry by entry; where it is not defined is asked elsewhere.
  static bool continuous_entrywise(const Node& n) {
    if (n.kind == Kind::Sum) return true;
    if (n.kind == Kind::Power) return as_number(n.operands[1]) != nullptr;
    return n.kind == Kind::Apply && n.operands.size() == 1 && record_of(n).partial.value != nullptr &&
           !is_discontinuous(n);
  }

  static bool is_bounded_jump(const Node& n) {
    if (n.kind != Kind::Apply || !is_discontinuous(n)) return false;
    const ScalarBounds& b = record_of(n).bounds;
    return b.lower && b.upper;
  }

  bool twice_zero_with(Expr e, Expr operand) {
    if (e->kind == Kind::Power) {
      const Range p = ranges_.of(e->operands[1]);
      return (p.lower > 1 || (p.lower == 1 && p.open_lower)) && zero_with(e->operands[0], operand);
    }
    const auto form = quadratic_form(e);
    return form && form->vector == operand;
  }

  // Of max(abs(x)) only the kink of the largest entry shows, and it is at 0 where all entries are.
  bool under_maximum(const Node& y) {
    const auto& users = users_[&y];
    return !users.empty() && std::all_of(users.begin(), users.end(), [](Expr user) {
      if (user->kind != Kind::Apply || user.rank() != 0) return false;
      const auto& conditions = record_of(*user).differentiable.value;
      return std::any_of(conditions.begin(), conditions.end(),
                         [](const OperandCondition& c) { return c.condition == C::UniqueMaximum; });
    });
  }

  static bool vanishes_with(const Node& y, Expr operand) {
    if (is_gauge(y)) return y.operands[0] == operand;
    if (y.kind == Kind::Apply && (y.op->name == "max" || y.op->name == "min"))  // max(u,0) is 0 where u is
      return y.operands[0] == operand && is_zero(y.operands[1]);
    if (y.kind == Kind::Power) {
      const Rational* e = as_number(y.operands[1]);
      return e != nullptr && !e->is_negative();
    }
    if (y.kind != Kind::Apply || y.operands.size() != 1 || y.rank() != operand.rank()) return false;
    return is_zero(y.graph->apply(*y.op, {y.graph->zeros(operand.shape())}, y.attributes));
  }

  static bool zero_with(Expr e, Expr operand) {
    if (e == operand) return true;
    if (operand->kind == Kind::Apply && is_gauge(*operand) && zero_with(e, operand->operands[0])) return true;
    if (e->kind == Kind::Power) {
      const Rational* p = as_number(e->operands[1]);
      return p != nullptr && Rational(0) < *p && !(*p < Rational(1)) && zero_with(e->operands[0], operand);
    }
    if (e->kind != Kind::Apply || e->operands.size() != 1) return false;
    if (is_gauge(*e)) return zero_with(e->operands[0], operand);
    const Record& f = record_of(*e);
    const bool smooth =
        f.partial.value != nullptr && f.defined.value.empty() && f.differentiable.value.empty();
    return (smooth || f.name == "relu") && zero_with(e->operands[0], operand) &&
           is_zero(e.graph().apply(*e->op, {e.graph().zeros(e->operands[0].shape())}, e->attributes));
  }

  // Whether the kink of y where the gap vanishes is one of the whole: |u^3| has none.
  bool shows(const Node& y, Expr gap) { return is_direct(y) && crosses_zero(gap, variables_); }

  // From the node to the root there are only sums and scalings, so that a kink shows.
  bool is_direct(const Node& y) {
    Expr at(&y);
    while (!(at == root_)) {
      const auto& users = users_[at.get()];
      if (users.size() != 1) return false;
      const Expr user = users[0];
      if (user->kind == Kind::Product) {
        for (const auto& f : user->factors) {
          if (!(f.expr == at) && (active_[f.expr.get()] || !f.expr->facts.signs.is_nonzero())) return false;
        }
      } else if (user->kind == Kind::Sum) {
        for (const auto& o : user->operands) {
          if (!(o == at) && active_[o.get()] && !smooth_where_node(o)) return false;
        }
      } else {
        return false;
      }
      at = user;
    }
    return true;
  }

  bool smooth_where_node(Expr o) {  // no kink of its own below
    for (const auto& e : topological(std::span(&o, 1))) {
      if (e->kind == Kind::Apply && !record_of(*e).differentiable.value.empty()) return false;
    }
    return true;
  }

  Expr root_;
  std::vector<Expr> variables_;
  Ranges ranges_;
  std::vector<Expr> order_;
  std::unordered_map<const Node*, bool> active_;
  std::unordered_map<const Node*, std::vector<Expr>> users_;
  Guards guards_, smooth_guards_;
  bool smooth_ = false;  // what is being asked
  std::vector<Requirement> list_;
};

void merge(std::vector<Requirement>& into, const std::vector<Requirement>& more,
           const Assumptions& assumptions) {
  Ranges ranges(assumptions);
  for (const auto& r : more) require(into, r, ranges);
  remove_implied(into);
}

// Where all terms are smooth the sum is; kinks that cancel within a term ask nothing.
std::vector<Requirement> smooth_where_terms(Expr f, const std::vector<Expr>& variables,
                                            const Assumptions& assumptions) {
  auto whole = smooth_where(f, variables, assumptions);
  if (whole.empty()) return whole;
  if (smooth_by_pieces(f, variables, assumptions)) return {};
  if (f->kind != Kind::Sum) return whole;
  std::vector<Requirement> list;
  bool fewer = false;
  for (const auto& t : f->terms) {
    const auto own = smooth_where(t.expr, variables, assumptions);
    if (own.empty()) continue;
    if (smooth_by_pieces(t.expr, variables, assumptions)) {
      fewer = true;
    } else {
      merge(list, own, assumptions);
    }
  }
  return fewer ? list : whole;
}

Expr derivative_of(Expr f, Expr variable) {
  if (f.rank() == 0) return simplify(gradient(f, variable));
  const Movement m{variable, direction_for(variable, "H")};
  return simplify(pushforward(f, std::span(&m, 1)));
}

bool has_impossible(const std::vector<Requirement>& list) {
  return std::any_of(list.begin(), list.end(), [](const Requirement& r) { return r.impossible; });
}

}  // namespace

std::vector<Requirement> defined_where(Expr f, const Assumptions& assumptions,
                                       std::span<const Written> written) {
  return Walk(f, {}, assumptions).defined(written);
}

std::vector<Requirement> smooth_where(Expr f, const std::vector<Expr>& variables,
                                      const Assumptions& assumptions) {
  return Walk(f, variables, assumptions).smooth();
}

Domain domain_of(Expr f, const std::vector<Expr>& variables, const Assumptions& assumptions, int order,
                 std::span<const Written> written) {
  Domain d;
  d.defined = defined_where(f, assumptions, written);
  d.empty = has_impossible(d.defined);
  const Expr simple = simplify(f);
  d.differentiable = d.defined;
  merge(d.differentiable, smooth_where_terms(simple, variables, assumptions), assumptions);
  d.twice_known = order > 1;
  if (!d.twice_known) return d;
  d.twice = d.differentiable;
  for (const auto& v : variables) {
    try {
      // Each formula of the derivative gives conditions that suffice: the fewest count.
      std::vector<Requirement> fewest;
      const Expr derivative = derivative_of(simple, v);
      bool first = true;
      for (const Expr form : {derivative, factored(expanded(derivative))}) {
        std::vector<Requirement> all = d.differentiable;
        merge(all, smooth_where_terms(form, variables, assumptions), assumptions);
        if (first || all.size() < fewest.size()) fewest = std::move(all);
        first = false;
      }
      merge(d.twice, fewest, assumptions);
    } catch (const NoDerivative&) {
      d.twice_known = false;
    }
  }
  return d;
}

}  // namespace adjoint

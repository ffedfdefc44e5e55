#include "eval/defined.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "eval/failures.hpp"
#include "ops/powers.hpp"
#include "ops/record.hpp"

namespace adjoint {
namespace {

bool any(const Flags& f) { return std::find(f.begin(), f.end(), true) != f.end(); }

// Linear in what is chosen and not in the condition.
bool is_choice(const Node& n) {
  if (n.kind != Kind::Apply || n.operands.size() != 3) return false;
  const auto linear_in = record_of(n).linear_in.value;
  return !linear_in(0) && linear_in(1) && linear_in(2);
}

// Whether the conditions of the operation itself fail somewhere.
bool fails(Expr e, Evaluator& evaluator) {
  if (const auto [power_base, power_exponent] = power_parts(*e); power_base) {
    const bool entrywise = power_exponent.rank() == power_base.rank();
    const auto& base = evaluator(power_base).data;
    const auto& exponents = evaluator(power_exponent).data;
    for (std::size_t k = 0; k < base.size(); ++k) {
      const double exponent = exponents[entrywise ? k : 0];
      const bool whole = exponent == std::floor(exponent);
      if ((base[k] < 0 && !whole) || (base[k] == 0 && exponent < 0)) return true;
    }
    return false;
  }
  if (e->kind != Kind::Apply) return false;
  const auto& conditions = record_of(*e).defined.value;
  return std::any_of(conditions.begin(), conditions.end(), [&](const OperandCondition& c) {
    if (c.condition == Condition::Unknown) return false;
    const Array& a = evaluator(e->operands[static_cast<std::size_t>(c.operand)]);
    const Array* other = e->operands.size() > 1 ? &evaluator(e->operands[1]) : nullptr;
    return any(failures(c.condition, *e, a, other));
  });
}

enum class Choice : std::uint8_t { True, False, Mixed };
Choice choice_of(const Array& condition) {
  const auto holds = [](double v) { return v != 0; };
  if (std::all_of(condition.data.begin(), condition.data.end(), holds)) return Choice::True;
  return std::none_of(condition.data.begin(), condition.data.end(), holds) ? Choice::False : Choice::Mixed;
}

// Nodes whose every entry counts: not those of branches that are not chosen in all entries.
std::unordered_set<const Node*> counting(const std::vector<Expr>& order, Evaluator& evaluator) {
  std::unordered_set<const Node*> live;
  if (!order.empty()) live.insert(order.back().get());
  for (auto e = order.rbegin(); e != order.rend(); ++e) {
    if (!live.contains(e->get())) continue;
    const auto& operands = (*e)->operands;
    if (is_choice(**e)) {
      const Choice choice = choice_of(evaluator(operands[0]));
      live.insert(operands[0].get());
      if (choice != Choice::Mixed) live.insert(operands[choice == Choice::True ? 1 : 2].get());
    } else {
      for (const Expr o : operands) live.insert(o.get());
    }
  }
  return live;
}

bool has_infinity(const Array& a) {
  return std::any_of(a.data.begin(), a.data.end(), [](double v) { return std::isinf(v); });
}

// An infinite value of an operation outside its domain that becomes finite on the way.
std::optional<Expr> lost_infinity(Expr value, Evaluator& evaluator) {
  const std::vector<Expr> order = topological(std::span(&value, 1));
  const auto live = counting(order, evaluator);
  std::unordered_map<const Node*, Expr> cause;  // of infinite entries
  for (const Expr e : order) {
    if (!live.contains(e.get())) continue;
    const Array& v = evaluator(e);
    if (has_infinity(v)) {
      if (fails(e, evaluator)) cause.emplace(e.get(), e);
      for (const Expr o : e->operands) {
        if (const auto at = cause.find(o.get()); at != cause.end()) cause.emplace(e.get(), at->second);
      }
      continue;
    }
    if (e->kind != Kind::Apply && e->kind != Kind::Power) continue;
    for (const Expr o : e->operands) {
      if (const auto at = cause.find(o.get()); at != cause.end()) return at->second;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Expr> undefined_part(Expr value, std::span<const Written> written, Evaluator& evaluator) {
  std::unordered_set<const Node*> seen;
  for (const Expr e : topological(std::span(&value, 1))) seen.insert(e.get());
  for (const bool guarded : {false, true}) {
    for (const Written& w : written) {
      if (static_cast<bool>(w.guard) != guarded || seen.contains(w.expr.get())) continue;
      if (guarded && choice_of(evaluator(w.guard)) != (w.guard_holds ? Choice::True : Choice::False))
        continue;
      std::vector<Expr> open{w.expr};
      while (!open.empty()) {
        const Expr e = open.back();
        open.pop_back();
        if (!seen.insert(e.get()).second) continue;
        if (fails(e, evaluator)) return e;
        open.insert(open.end(), e->operands.begin(), e->operands.end());
      }
    }
  }
  return lost_infinity(value, evaluator);
}

}  // namespace adjoint

#include "eval/flat.hpp"

#include <algorithm>

#include "eval/failures.hpp"

namespace adjoint {

const std::vector<bool>& Flat::operator()(Expr expr) {
  if (const auto at = done_.find(expr.get()); at != done_.end()) return at->second;
  done_[expr.get()] = Flags(evaluator_(expr).data.size(), false);  // what a derivative finds of its function
  Flags flags = find(expr);
  return done_[expr.get()] = std::move(flags);
}

bool Flat::everywhere(Expr expr) {
  const auto& flags = (*this)(expr);
  return std::all_of(flags.begin(), flags.end(), [](bool f) { return f; });
}

std::vector<bool> Flat::find(Expr expr) {
  const Node& n = *expr;
  const std::size_t entries = evaluator_(expr).data.size();
  const bool constant =
      std::none_of(variables_.begin(), variables_.end(), [expr](Expr v) { return depends_on(expr, v); });
  if (constant) return Flags(entries, true);
  const auto all_of = [&](const auto& parts, auto part) {
    return std::all_of(parts.begin(), parts.end(), [&](const auto& p) { return everywhere(part(p)); });
  };
  switch (n.kind) {
    case Kind::Sum: {
      Flags flags(entries, true);
      for (const auto& t : n.terms) {
        const Flags& term = (*this)(t.expr);
        for (std::size_t k = 0; k < entries; ++k) flags[k] = flags[k] && term[k];
      }
      return flags;
    }
    case Kind::Product: {
      const bool vanishes = std::any_of(n.factors.begin(), n.factors.end(), [&](const Factor& f) {
        const auto& data = evaluator_(f.expr).data;
        return everywhere(f.expr) && std::all_of(data.begin(), data.end(), [](double v) { return v == 0; });
      });
      return Flags(entries, vanishes || all_of(n.factors, [](const Factor& f) { return f.expr; }));
    }
    case Kind::Power:
      return (*this)(n.operands[0]);
    case Kind::Apply: {
      const bool smooth_partials = record_of(n).partial.value != nullptr;
      if (smooth_partials) return entrywise(expr);
      return Flags(entries, all_of(n.operands, [](Expr o) { return o; }));
    }
    default:
      return Flags(entries, false);
  }
}

// Each operand is constant there, or the partial derivative in it is, and 0.
std::vector<bool> Flat::entrywise(Expr expr) {
  const Node& n = *expr;
  const Record& record = record_of(n);
  const std::size_t entries = evaluator_(expr).data.size();
  Flags flags(entries, true);
  for (std::size_t i = 0; i < n.operands.size(); ++i) {
    const Flags operand = (*this)(n.operands[i]);
    if (operand.size() != entries) return Flags(entries, false);
    if (std::all_of(operand.begin(), operand.end(), [](bool f) { return f; })) continue;
    if (const Expr partial = record.partial(n, static_cast<int>(i))) {
      const auto& slope = evaluator_(partial).data;
      if (slope.size() != entries) return Flags(entries, false);
      const bool zero = std::any_of(slope.begin(), slope.end(), [](double v) { return v == 0; });
      const Flags constant = zero ? (*this)(partial) : Flags(entries, false);
      for (std::size_t k = 0; k < entries; ++k)
        flags[k] = flags[k] && (operand[k] || (constant[k] && slope[k] == 0));
    }
    for (const auto& c : record.differentiable.value) {
      const Array* other = n.operands.size() > 1 ? &evaluator_(n.operands[1]) : nullptr;
      const Flags fails =
          failures(c.condition, n, evaluator_(n.operands[static_cast<std::size_t>(c.operand)]), other);
      for (std::size_t k = 0; k < entries; ++k) {
        const bool kink = fails[fails.size() == entries ? k : 0];
        flags[k] = flags[k] && (operand[k] || !kink);
      }
    }
  }
  return flags;
}

}  // namespace adjoint

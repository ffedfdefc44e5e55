#include "simplify/length.hpp"

#include <algorithm>
#include <set>

#include "ops/record.hpp"

namespace adjoint {
namespace {

int of_number(const Rational& c) {  // beside a product: 2*x, x/2, 3*x/2
  if (!c.exact()) return 1;
  return (c.absolute().numerator() == 1 ? 0 : 1) + (c.denominator() == 1 ? 0 : 1);
}

bool is_basis(Expr e) { return e->kind == Kind::Apply && is_view(record_of(*e).lowering.value, "basis"); }

bool repeats(const Labels& labels) {
  return std::set<Label>(labels.begin(), labels.end()).size() != labels.size();
}

// x(i)*unit(i) is x[i].
bool is_entry(const Node& n) {
  return n.kind == Kind::Product && n.shape.empty() && n.factors.size() >= 2 &&
         std::count_if(n.factors.begin(), n.factors.end(), [](const Factor& f) {
           return is_basis(f.expr);
         }) == static_cast<std::ptrdiff_t>(n.factors.size()) - 1;
}

}  // namespace

int Lengths::of(Expr e) {
  if (const auto at = known_.find(e.get()); at != known_.end()) return at->second;
  for (const auto& o : topological(std::span(&e, 1))) {
    if (!known_.contains(o.get())) known_.emplace(o.get(), std::min(kMost, find(*o)));
  }
  return known_.at(e.get());
}

int Lengths::find(const Node& n) {
  switch (n.kind) {
    case Kind::Variable:
      return 0;
    case Kind::Extent: {
      const auto terms = static_cast<int>(n.extent.terms().size());
      return terms == 1 && n.extent.terms()[0].second == 1
                 ? static_cast<int>(n.extent.terms()[0].first.size()) - 1
                 : 2 * terms - 1;
    }
    case Kind::Power: {
      const int base = known_.at(n.operands[0].get());
      const Rational* e = as_number(n.operands[1]);
      if (e == nullptr) return base + 1 + known_.at(n.operands[1].get());
      const Rational size = e->absolute();
      if (size.is_one()) return base;
      return base + 1 + (size.is_integer() || size == Rational(1, 2) ? 0 : 1);
    }
    case Kind::Apply: {
      int total = is_basis(Expr(&n)) ? 1 : n.operands.empty() ? 0 : 1;
      for (const auto& o : n.operands) total = std::min(kMost, total + known_.at(o.get()));
      return total;
    }
    case Kind::Sum: {
      int total = static_cast<int>(n.terms.size()) - 1;
      bool negative = true;
      for (const auto& t : n.terms) {
        total = std::min(kMost, total + known_.at(t.expr.get()) + of_number(t.coefficient));
        negative = negative && t.coefficient.is_negative();
      }
      return total + (negative ? 1 : 0);
    }
    case Kind::Product: {
      if (is_entry(n)) {
        int total = 1;
        for (const auto& f : n.factors) total += is_basis(f.expr) ? 0 : known_.at(f.expr.get());
        return total;
      }
      if (n.factors.empty()) return n.shape.empty() ? (n.coefficient.denominator() == 1 ? 0 : 1) : 1;
      int total = static_cast<int>(n.factors.size()) - 1 + of_number(n.coefficient);
      bool above = false;
      for (const auto& f : n.factors) {
        total = std::min(kMost, total + known_.at(f.expr.get()) + (repeats(f.labels) ? 1 : 0));
        const Rational* e = f.expr->kind == Kind::Power ? as_number(f.expr->operands[1]) : nullptr;
        above = above || e == nullptr || !e->is_negative();
      }
      return total + (above || n.coefficient.absolute().numerator() != 1 ? 0 : 1);
    }
  }
  return 0;
}

}  // namespace adjoint

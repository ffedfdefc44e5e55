#include "programs/guards.hpp"

#include <algorithm>

#include "ops/elementwise.hpp"
#include "ops/record.hpp"

namespace adjoint {
namespace {

bool is_root(Expr value) {
  if (value->kind != Kind::Power) return false;
  const Rational* r = as_number(value->operands[1]);
  return r != nullptr && !r->is_negative() && *r < Rational(1);
}

// Not smooth, and yet with bounded slopes: where, max, relu, abs.
bool takes_a_branch(const Node& n) {
  if (n.kind != Kind::Apply) return false;
  const Record& record = record_of(n);
  return record.lowering.value.by == Lowering::By::Scalar &&
         (n.operands.size() > 1 || (!record.differentiable.value.empty() && record.defined.value.empty()));
}

// The operand at whose zeros an entrywise value has no finite slope; null where there is none.
Expr singular_at_zero(Expr value) {
  if (is_root(value)) return value->operands[0];
  if (value->kind == Kind::Power) {
    const Rational* r = as_number(value->operands[1]);
    return r != nullptr && r->is_negative() ? value->operands[0] : Expr();
  }
  if (value->kind != Kind::Apply || value->operands.size() != 1) return {};
  for (const auto& c : record_of(*value).defined.value) {
    if (c.condition == Condition::Positive || c.condition == Condition::NonZero) return value->operands[0];
  }
  return {};
}

}  // namespace

Guards::Guards(const StraightLine& program) {
  for (const auto& line : program.lines) {
    if (is_sum_of_squares(line.value)) squares_.insert(line.name.get());
    for (const auto& e : topological(std::span(&line.value, 1))) branches_ = branches_ || takes_a_branch(*e);
  }
}

bool Guards::is_sum_of_squares(Expr e) const {
  switch (e->kind) {
    case Kind::Variable:
      return squares_.contains(e.get());
    case Kind::Power: {
      const Rational* r = as_number(e->operands[1]);
      return r != nullptr && r->is_even() && !r->is_negative() && !r->is_zero();
    }
    case Kind::Sum:
      return std::all_of(e->terms.begin(), e->terms.end(), [this](const Term& t) {
        return !t.coefficient.is_negative() && is_sum_of_squares(t.expr);
      });
    case Kind::Product:
      if (e->coefficient.is_negative() || e->factors.empty()) return false;
      if (e->factors.size() == 2 && e->factors[0].expr == e->factors[1].expr &&
          e->factors[0].labels == e->factors[1].labels)
        return true;
      return std::all_of(e->factors.begin(), e->factors.end(),
                         [this](const Factor& f) { return is_sum_of_squares(f.expr); });
    default:
      return false;
  }
}

Expr Guards::flat(Expr derivative, const Line& line) const {
  if (!is_root(line.value) || !is_sum_of_squares(line.value->operands[0])) return derivative;
  Graph& g = derivative.graph();
  const Expr base = line.value->operands[0];
  const Expr slope = g.power(base, g.number(*as_number(line.value->operands[1]) - Rational(1)));
  const Expr zero = g.zeros(base.shape());
  const std::pair<Expr, Expr> guarded{slope, select(equal(base, zero), zero, slope)};
  return substitute(derivative, std::span(&guarded, 1));
}

Expr Guards::still(Expr derivative, const Line& line, Expr moving) const {
  if (!branches_) return derivative;
  const Expr base = singular_at_zero(line.value);
  if (!base || !moving || base.shape() != derivative.shape() || moving.shape() != derivative.shape() ||
      base->facts.signs.is_positive())
    return derivative;
  const Expr zero = derivative.graph().zeros(derivative.shape());
  return select(equal(base, zero), select(equal(moving, zero), zero, derivative), derivative);
}

}  // namespace adjoint

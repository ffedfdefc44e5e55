#include "analysis/integers.hpp"

#include <algorithm>

namespace adjoint {
namespace {

// A number that is at least 0, or a size: what an integer is raised to so that it stays one.
bool is_count(Expr e) {
  if (const Rational* number = as_number(e)) return number->is_integer() && !number->is_negative();
  return e->kind == Kind::Extent && e->facts.signs.is_nonnegative();
}

Parity both(Parity a, Parity b) {  // of a sum
  if (a == Parity::Unknown || b == Parity::Unknown) return Parity::Unknown;
  return a == b ? Parity::Even : Parity::Odd;
}

Parity of_number(const Rational& c) {
  if (!c.is_integer()) return Parity::Unknown;
  return c.is_even() ? Parity::Even : Parity::Odd;
}

// No axis is summed away and no diagonal is filled with zeros: every entry is a product of entries.
bool is_entrywise(const Node& product) {
  return std::all_of(product.label_sizes.begin(), product.label_sizes.end(), [&](const Size& size) {
    const auto label = static_cast<Label>(&size - product.label_sizes.data());
    return std::count(product.output.begin(), product.output.end(), label) == 1;
  });
}

}  // namespace

bool is_integer_valued(Expr e) {
  switch (e->kind) {
    case Kind::Extent:
      return true;
    case Kind::Variable:
      return false;
    case Kind::Sum:
      return std::all_of(e->terms.begin(), e->terms.end(), [](const Term& t) {
        return t.coefficient.is_integer() && is_integer_valued(t.expr);
      });
    case Kind::Product:
      return e->coefficient.is_integer() &&
             std::all_of(e->factors.begin(), e->factors.end(),
                         [](const Factor& f) { return is_integer_valued(f.expr); });
    case Kind::Power:
      return is_count(e->operands[1]) && is_integer_valued(e->operands[0]);
    case Kind::Apply:
      return e->op->name == "cumsum" && is_integer_valued(e->operands[0]);
  }
  return false;
}

Parity parity_of(Expr e) {
  if (!is_integer_valued(e)) return Parity::Unknown;
  switch (e->kind) {
    case Kind::Sum: {
      Parity total = Parity::Even;
      for (const Term& t : e->terms) {
        const bool even = t.coefficient.is_even();
        total = both(total, even ? Parity::Even : parity_of(t.expr));
      }
      return total;
    }
    case Kind::Product: {
      const auto is_even = [](const Factor& f) { return parity_of(f.expr) == Parity::Even; };
      if (e->coefficient.is_even() || std::any_of(e->factors.begin(), e->factors.end(), is_even))
        return Parity::Even;
      const bool odd = std::all_of(e->factors.begin(), e->factors.end(),
                                   [](const Factor& f) { return parity_of(f.expr) == Parity::Odd; });
      return odd && is_entrywise(*e) ? of_number(e->coefficient) : Parity::Unknown;
    }
    case Kind::Power: {
      const Rational* exponent = as_number(e->operands[1]);
      return exponent != nullptr && !exponent->is_zero() ? parity_of(e->operands[0]) : Parity::Unknown;
    }
    default:
      return Parity::Unknown;
  }
}

}  // namespace adjoint

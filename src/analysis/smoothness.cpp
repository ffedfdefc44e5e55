#include "analysis/smoothness.hpp"

#include <algorithm>

#include "analysis/curvature.hpp"
#include "analysis/piecewise.hpp"
#include "analysis/separable.hpp"
#include "calculus/differentiate.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

bool depends_on_any(Expr e, const std::vector<Expr>& variables) {
  return std::any_of(variables.begin(), variables.end(), [e](Expr v) { return depends_on(e, v); });
}

// By structure alone: sums, products with one moving factor, linear operations.
bool is_affine_in(Expr e, const std::vector<Expr>& variables) {
  if (!depends_on_any(e, variables)) return true;
  const Node& n = *e;
  switch (n.kind) {
    case Kind::Variable:
      return true;
    case Kind::Sum:
      return std::all_of(n.terms.begin(), n.terms.end(),
                         [&](const Term& t) { return is_affine_in(t.expr, variables); });
    case Kind::Product: {
      int moving = 0;
      for (const auto& f : n.factors) {
        if (!depends_on_any(f.expr, variables)) continue;
        if (++moving > 1 || !is_affine_in(f.expr, variables)) return false;
      }
      return true;
    }
    case Kind::Apply:
      for (std::size_t k = 0; k < n.operands.size(); ++k) {
        if (!depends_on_any(n.operands[k], variables)) continue;
        if (!record_of(n).linear_in(static_cast<int>(k)) || !is_affine_in(n.operands[k], variables))
          return false;
      }
      return true;
    case Kind::Power:
    case Kind::Extent:
      break;
  }
  return false;
}

}  // namespace

bool crosses_zero(Expr operand, const std::vector<Expr>& variables) {
  if (!is_affine_in(operand, variables)) return false;
  if (operand.rank() == 0) return true;
  const auto nodes = topological(std::span(&operand, 1));
  const bool parameters = std::any_of(nodes.begin(), nodes.end(), [&](Expr e) {
    return e->kind == Kind::Variable && std::find(variables.begin(), variables.end(), e) == variables.end();
  });
  if (parameters) return true;
  std::vector<std::pair<Expr, Expr>> put;
  for (const auto& v : variables) put.emplace_back(v, v.graph().zeros(v.shape()));
  return is_zero(simplify(substitute(operand, put)));
}

bool smooth_by_pieces(Expr e, const std::vector<Expr>& variables, const Assumptions& assumptions) {
  Ranges ranges(assumptions);
  Curvatures curvatures(variables, ranges);
  try {
    auto one = entrywise_function(e, curvatures);
    if (!one && e.rank() == 0) one = one_number(e, curvatures);
    if (!one) return false;
    const bool radial = one->kind == OneNumber::Kind::Radial;
    const Range domain = radial ? Range::of(Signs::nonnegative()) : ranges.of(one->argument);
    const Expr phi = simplify(one->phi);
    if (!defined_where(phi, assumptions.with(one->t, domain)).empty()) return false;
    const auto p = piecewise(phi, one->t, domain, assumptions);
    if (!p || p->smooth() != Truth::Yes) return false;
    // The formula of the derivative must be right there too: of relu(t)-relu(-t) it is not.
    const Expr slope = gradient(phi, one->t);
    for (std::size_t k = 0; k < p->joints.size(); ++k) {
      const std::pair<Expr, Expr> at{one->t, p->joints[k].at};
      const auto value = [&](Expr w) { return decided(substitute(w, std::span(&at, 1)), ranges); };
      if (!is_zero(simplify(value(slope) - value(gradient(p->forms[k], one->t))))) return false;
    }
    for (std::size_t k = 0; k < p->forms.size(); ++k) {
      Range piece = p->ranges[k];  // with the ends of the domain that belong to it
      if (k == 0) piece.open_lower = domain.open_lower;
      if (k + 1 == p->forms.size()) piece.open_upper = domain.open_upper;
      if (!smooth_where(p->forms[k], {one->t}, assumptions.with(one->t, piece)).empty()) return false;
    }
    if (!radial) return true;
    const std::pair<Expr, Expr> put{one->t, one->t.graph().number(0)};
    const Expr start = substitute(simplify(gradient(p->forms[0], one->t)), std::span(&put, 1));
    return defined_where(start, assumptions).empty() && is_zero(simplify(start));
  } catch (const NoDerivative&) {
    return false;
  }
}

}  // namespace adjoint

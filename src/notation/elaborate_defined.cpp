// Abstract functions that were given a definition: applied entry by entry, and differentiated.
#include "calculus/differentiate.hpp"
#include "notation/elaborator.hpp"

namespace adjoint::notation {

// Where a derivative is asked for, a variable stands for the argument until it has been taken.
Elaborator::Value Elaborator::hole(Value v, const Meaning& m) {
  if (m.order > 0) {
    v.expr = graph_.variable("?" + std::to_string(++holes_), v.expr.shape(), {}, Role::Placeholder);
  }
  return v;
}

// The argument with its axes as index variables: a scalar to its function.
Elaborator::Value Elaborator::entry(const Meaning& m) {
  const Value& argument = value(m.parameter);
  Value out{argument.expr, {}};
  int variable = m.variable;
  for (const auto& a : axes(m.parameter->type)) {
    axes_.emplace(variable, a);
    out.batch.push_back(variable++);
  }
  out.batch.insert(out.batch.end(), argument.batch.begin(), argument.batch.end());
  return hole(std::move(out), m);
}

Elaborator::Value Elaborator::mapped(const Node& node, const Meaning& m) {
  const Value& at = value(m.parameter);
  const Value& argument = value(node.args[0]);
  Expr f = widen(value(m.body), {}, {}, at.batch);
  for (int k = 0; k < m.order; ++k) {
    const Movement along{at.expr, graph_.ones(at.expr.shape())};
    f = pushforward(f, {&along, 1});
  }
  if (m.order > 0) {
    const std::pair<Expr, Expr> replacement{at.expr, argument.expr};
    f = substitute(f, {&replacement, 1});
  }
  return {f, argument.batch};
}

Elaborator::Value Elaborator::point(const Meaning& m) { return hole(value(m.parameter), m); }

// Axes of the value, one more for each order, then the batch.
Elaborator::Value Elaborator::derivative(const Node& node, const Meaning& m) {
  const Value& x = value(m.parameter);
  const Value& argument = value(node.args[0]);
  const Type& to = m.body->type;
  Expr f = widen(value(m.body), to, to, x.batch);
  for (int k = 0; k < m.order; ++k) {
    if (k == 0 && to.is_scalar() && x.batch.empty()) {
      f = gradient(f, x.expr);
      continue;
    }
    Axes identity = graph_.axes(x.expr);
    identity.push_back(identity.front());
    const Movement along{x.expr, graph_.product(1, std::vector<Indexed>{}, identity)};
    f = pushforward(f, {&along, 1});
    std::vector<int> order;  // the new axis goes before the batch
    const int rank = f.rank();
    const int batch = static_cast<int>(x.batch.size());
    for (int a = 0; a < rank - 1 - batch; ++a) order.push_back(a);
    order.push_back(rank - 1);
    for (int a = rank - 1 - batch; a < rank - 1; ++a) order.push_back(a);
    f = permuted(f, order);
  }
  const std::pair<Expr, Expr> replacement{x.expr, argument.expr};
  return {substitute(f, {&replacement, 1}), argument.batch};
}

}  // namespace adjoint::notation

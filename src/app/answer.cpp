#include "app/answer.hpp"

#include <algorithm>

#include "calculus/differentiate.hpp"
#include "simplify/display.hpp"

namespace adjoint::app {
namespace {

using syntax::Type;

bool is_vector(const Type& t) { return t.is_column() || t.is_row(); }
const Size& length(const Type& t) { return t.rows.is_one() ? t.columns : t.rows; }

Expr along(Expr f, Expr variable, Expr tangent) {
  const Movement m{variable, tangent};
  return simplify(pushforward(f, std::span(&m, 1)));
}

Expr scalar_derivative(Expr f, Expr t) { return along(f, t, f.graph().number(1)); }

// Gradient with the declared structure of the variable.
Expr structured_gradient(Expr f, Expr variable) {
  return simplify(project_on_structure(simplify(gradient(f, variable)), variable));
}

void as_map(Derivative& d, Expr f, const Type& type, const Variable& v) {
  Graph& g = f.graph();
  d.direction = direction_for(v.expr, "H");
  d.type = type;
  d.expr = along(f, v.expr, d.direction);
  d.cotangent = g.variable("U", f.shape(), {}, Role::Direction);
  const Expr back = simplify(pullback(f, d.cotangent, std::span(&v.expr, 1))[0]);
  d.adjoint = simplify(project_on_structure(back, v.expr));
  d.adjoint_type = v.type;
}

}  // namespace

std::string_view kind_name(DerivativeKind kind) {
  switch (kind) {
    case DerivativeKind::Gradient:
      return "gradient";
    case DerivativeKind::Derivative:
      return "derivative";
    case DerivativeKind::Jacobian:
      return "jacobian";
    case DerivativeKind::Operator:
      return "operator";
    case DerivativeKind::Hessian:
      return "hessian";
  }
  return "";
}

Derivative differentiate(const Function& function, const Variable& v, int order) {
  Derivative d;
  Expr f = simplify(function.expr, &d.steps);
  Type type = function.type;
  DerivativeKind kind = DerivativeKind::Derivative;
  for (int k = 0; k < order; ++k) {
    if (d.is_map()) {  // D^k f(x)[H, …, H]
      f = d.expr;
      const Expr h = d.direction;
      d.expr = along(f, v.expr, h);
      d.adjoint = {};
      kind = DerivativeKind::Operator;
      continue;
    }
    if (v.type.is_scalar()) {
      f = scalar_derivative(f, v.expr);
    } else if (type.is_scalar() && type.higher.empty()) {
      f = structured_gradient(f, v.expr);
      type = v.type;
      kind = DerivativeKind::Gradient;
    } else if (is_vector(type) && is_vector(v.type)) {
      kind = kind == DerivativeKind::Gradient ? DerivativeKind::Hessian : DerivativeKind::Jacobian;
      type = Type{length(type), length(v.type), {}};
      f = simplify(jacobian(f, v.expr));
    } else {
      kind = kind == DerivativeKind::Gradient ? DerivativeKind::Hessian : DerivativeKind::Operator;
      as_map(d, f, type, v);
    }
    if (!d.is_map()) d.expr = f;
  }
  d.kind = kind;
  d.type = type;
  return d;
}

syntax::Ast read_shortest(Expr expr, const Type& type, const ReadOptions& options) {
  syntax::Ast best;
  int fewest = 0;
  for (const auto& form : written_forms(expr)) {
    const syntax::Ast tree = read(form, type, options);
    if (!tree) continue;
    const int count = syntax::operation_count(tree);
    if (!best || count < fewest) {
      best = tree;
      fewest = count;
    }
  }
  return best;
}

Reading read_derivative(const Derivative& d, const Variable& v, const ReadOptions& options) {
  Reading r;
  if (!d.is_map()) {
    r.formula = read_shortest(d.expr, d.type, options);
    return r;
  }
  const auto shortest_map = [&](Expr body, const Type& type, Expr direction, const Type& direction_type) {
    ReadOptions o = options;
    o.direction = &direction_type;
    std::vector<Expr> forms{expanded(body)};
    forms.push_back(simplify(factored(forms[0])));
    forms.push_back(simplify(factored(body)));
    std::optional<syntax::Map> best;
    for (const auto& form : forms) {
      syntax::Map m = read_map(form, type, direction, o);
      if (!m.body) continue;
      if (!best || syntax::operation_count(m.body) < syntax::operation_count(best->body)) best = std::move(m);
    }
    return best;
  };
  r.map = shortest_map(d.expr, d.type, d.direction, v.type);
  if (d.adjoint) {
    r.adjoint = shortest_map(d.adjoint, d.adjoint_type, d.cotangent, d.type);
    r.kronecker = read_kronecker(expanded(d.expr), d.type, d.direction, v.type, options);
  }
  return r;
}

}  // namespace adjoint::app

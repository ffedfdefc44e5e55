// Everyday expressions in terms of the six kinds of node.
#include "graph/graph.hpp"

namespace adjoint {
namespace {

Expr widened(Expr a, Expr like) { return a.rank() == 0 && like.rank() != 0 ? broadcast(a, like.shape()) : a; }

Expr combined(Expr a, Expr b, const Rational& sign) {
  return a.graph().sum({{1, widened(a, b)}, {sign, widened(b, a)}});
}

}  // namespace

Expr operator+(Expr a, Expr b) { return combined(a, b, 1); }
Expr operator-(Expr a, Expr b) { return combined(a, b, -1); }
Expr operator-(Expr a) { return Rational(-1) * a; }

Expr operator*(const Rational& c, Expr a) {
  const Axes i = a.graph().axes(a);
  return a.graph().product(c, {{a, i}}, i);
}

Expr times(Expr a, Expr b) {
  Graph& g = a.graph();
  if (a.rank() == 0) {
    const Axes i = g.axes(b);
    return g.product(1, {{a, {}}, {b, i}}, i);
  }
  if (b.rank() == 0) return times(b, a);
  const Axes i = g.axes(a);
  return g.product(1, {{a, i}, {b, i}}, i);
}

Expr divide(Expr a, Expr b) { return times(a.rank() == 0 ? widened(a, b) : a, power(b, Rational(-1))); }

Expr power(Expr base, const Rational& exponent) {
  Graph& g = base.graph();
  return g.power(base, g.number(exponent));
}

Expr dot(Expr a, Expr b) {
  Graph& g = a.graph();
  Axes i = g.axes(a);
  Axes j = g.axes(b);
  const Axis shared = i.back();
  j.front() = shared;
  Axes out(i.begin(), i.end() - 1);
  out.insert(out.end(), j.begin() + 1, j.end());
  return g.product(1, {{a, i}, {b, j}}, out);
}

Expr outer(Expr a, Expr b) {
  Graph& g = a.graph();
  const Axes i = g.axes(a);
  const Axes j = g.axes(b);
  Axes out = i;
  out.insert(out.end(), j.begin(), j.end());
  return g.product(1, {{a, i}, {b, j}}, out);
}

Expr sum_all(Expr a) {
  Graph& g = a.graph();
  return g.product(1, {{a, g.axes(a)}}, {});
}

Expr sum_axis(Expr a, int axis) {
  Graph& g = a.graph();
  const Axes i = g.axes(a);
  Axes out = i;
  out.erase(out.begin() + axis);
  return g.product(1, {{a, i}}, out);
}

Expr trace(Expr a) {
  Graph& g = a.graph();
  Axes i = g.axes(a);
  i[1] = i[0];
  return g.product(1, {{a, i}}, Axes(i.begin() + 2, i.end()));
}

Expr diagonal_matrix(Expr vector) {
  Graph& g = vector.graph();
  const Axes i = g.axes(vector);
  Axes out = i;
  out.insert(out.begin(), i[0]);
  return g.product(1, {{vector, i}}, out);
}

Expr diagonal_of(Expr matrix) {
  Graph& g = matrix.graph();
  Axes i = g.axes(matrix);
  i[1] = i[0];
  return g.product(1, {{matrix, i}}, Axes(i.begin() + 1, i.end()));
}

Expr broadcast(Expr expr, const Shape& trailing) {
  Graph& g = expr.graph();
  const Axes i = g.axes(expr);
  Axes out = i;
  for (const auto& s : trailing) out.push_back(g.axis(s));
  return g.product(1, {{expr, i}}, out);
}

}  // namespace adjoint

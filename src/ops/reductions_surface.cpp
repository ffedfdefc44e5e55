// Reductions as functions of the notation.
#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"
#include "ops/structure.hpp"
#include "ops/surface_support.hpp"

namespace adjoint {
namespace {

using Arguments = std::span<const Argument>;
using syntax::Type;

// Over all axes of the type, leaving the batch.
template <Expr (*f)(Expr, int)>
Expr everything(Graph& /*g*/, Arguments a, const Type& /*r*/) {
  const int rank = axes_of(a[0].type);
  if (rank == 0) return a[0].expr;
  if (a[0].expr.rank() == rank) return f(a[0].expr, -1);
  return f(as_vector(a[0].expr, rank), 0);
}
template <Expr (*f)(Expr, int), int dimension>
Expr along(Graph& /*g*/, Arguments a, const Type& /*r*/) {
  const int axis = dimension_axis(a[0].type, dimension);
  return axis < 0 ? a[0].expr : f(a[0].expr, axis);
}
// Gradients of reductions, which have the shape of the operand: of each element of a batch by itself.
template <Expr (*f)(Expr, int)>
Expr gradient_of_all(Graph& g, Arguments a, const Type& /*r*/) {
  const int rank = axes_of(a[0].type);
  const Expr x = a[0].expr;
  if (rank == 0) return g.ones(x.shape());
  if (x.rank() == rank) return f(x, -1);
  Expr e = f(as_vector(x, rank), 0);
  for (int last = rank - 1; last > 0; --last) {  // as fused, from the last axis on
    Size before(1);
    for (int k = 0; k < last; ++k) before = before * x.shape()[static_cast<std::size_t>(k)];
    e = split(e, 0, before, x.shape()[static_cast<std::size_t>(last)]);
  }
  return e;
}
template <Expr (*f)(Expr, int), int dimension>
Expr gradient_along(Graph& g, Arguments a, const Type& /*r*/) {
  const int axis = dimension_axis(a[0].type, dimension);
  return axis < 0 ? g.ones(a[0].expr.shape()) : f(a[0].expr, axis);
}
template <Expr (*f)(Expr, int)>
Surface gradient_surface(std::string_view name, std::string_view latex, std::string_view numpy,
                         std::string_view support) {
  return {name,
          {{"(n,p), 1 -> (n,p)", gradient_along<f, 1>},
           {"(n,p), 2 -> (n,p)", gradient_along<f, 2>},
           {"any A -> A", gradient_of_all<f>}},
          {.latex = latex, .numpy = numpy, .numpy_support = support}};
}
Expr prod_hess_of(Graph& g, Arguments a, const Type& /*r*/) {
  return axes_of(a[0].type) == 0 ? g.zeros(a[0].expr.shape()) : prod_hess(a[0].expr);
}
template <int dimension>
Expr softmax_along(Graph& g, Arguments a, const Type& /*r*/) {
  const int axis = dimension_axis(a[0].type, dimension);
  return axis < 0 ? g.ones(a[0].expr.shape()) : softmax(a[0].expr, axis);
}
Expr softmax_vector(Graph& g, Arguments a, const Type& /*r*/) {
  return a[0].type.is_scalar() ? g.ones(a[0].expr.shape()) : softmax(a[0].expr, 0);
}
Expr softmax_scalar(Graph& g, Arguments a, const Type& /*r*/) { return g.ones(a[0].expr.shape()); }

Expr sum_leading(Expr e, int rank) {
  Graph& g = e.graph();
  const Axes i = g.axes(e);
  return g.product(1, {{e, i}}, Axes(i.begin() + rank, i.end()));
}
Expr norm_of(Graph& /*g*/, Arguments a, const Type& /*r*/) {
  const int rank = axes_of(a[0].type);
  if (rank == 0) return abs(a[0].expr);
  if (a[0].expr.rank() == rank) return norm(a[0].expr);
  return sqrt(sum_leading(square(a[0].expr), rank));
}
Expr norm_p_of(Graph& g, Arguments a, const Type& r) {
  const int rank = axes_of(a[0].type);
  const Expr x = a[0].expr;
  const Expr p = a[1].expr;
  if (const Rational* order = as_number(p); order != nullptr && (order->is_negative() || order->is_zero()))
    throw ShapeError("norm(x,p) needs p > 0, and p is " + order->text() +
                     "; it is a norm for p >= 1 only (for entries that are not 0, write sums of powers)");
  if (rank == 0) return abs(x);
  if (x.rank() == rank && p.rank() == 0) return norm_p(x, p);
  const Rational* number = as_number(p);
  if (number != nullptr && *number == Rational(2)) return norm_of(g, a, r);
  if (number != nullptr && number->is_one()) return sum_leading(abs(x), rank);
  if (p->kind == Kind::Apply && p->op->name == "inf") return maximum(as_vector(abs(x), rank), 0);
  if (p.rank() != 0) throw ShapeError("the p of norm(x,p) must not depend on a summation index");
  return g.power(sum_leading(g.power(abs(x), p), rank), power(p, Rational(-1)));
}
Expr norm_eps_of(Graph& /*g*/, Arguments a, const Type& /*r*/) {
  const Expr x = a[0].expr;
  Graph& g = x.graph();
  const int rank = axes_of(a[0].type);
  const Axes i = g.axes(x);
  Axes e(i.begin() + rank, i.end());
  const Expr eps2 = a[1].expr.rank() == 0 ? broadcast(square(a[1].expr), x.shape())
                                          : g.product(1, {{square(a[1].expr), e}}, i);
  return sum_leading(sqrt(square(x) + eps2), rank);
}

Surface reduction(std::string_view name, Build all, Build rows, Build columns, std::string_view numpy,
                  std::string_view support) {
  return {name,
          {{"(n,p), [], 1 -> (1,p)", rows}, {"(n,p), [], 2 -> (n,1)", columns}, {"any A -> ()", all}},
          {.latex = "", .numpy = numpy, .numpy_support = support}};
}

}  // namespace

std::span<const Surface> reduction_surfaces() {
  static const std::vector<Surface> all = [] {
    std::vector<Surface> list;
    Surface max_surface = reduction(
        "max", everything<maximum>, along<maximum, 1>, along<maximum, 2>, "_max($*)",
        "def _max(x, y=None, dim=None):\n    if dim is not None:\n        return np.max(x, axis=dim - 1 if "
        "np.ndim(x) > 1 else 0)\n    return np.max(x) if y is None else np.maximum(x, y)\n");
    const auto larger = [](Graph&, Arguments a, const Type&) { return max(a[0].expr, a[1].expr); };
    max_surface.overloads.insert(max_surface.overloads.begin() + 2, {"wide A, wide A -> A", larger});
    list.push_back(max_surface);
    Surface min_surface = reduction(
        "min", everything<minimum>, along<minimum, 1>, along<minimum, 2>, "_min($*)",
        "def _min(x, y=None, dim=None):\n    if dim is not None:\n        return np.min(x, axis=dim - 1 if "
        "np.ndim(x) > 1 else 0)\n    return np.min(x) if y is None else np.minimum(x, y)\n");
    const auto lesser = [](Graph&, Arguments a, const Type&) { return min(a[0].expr, a[1].expr); };
    min_surface.overloads.insert(min_surface.overloads.begin() + 2, {"wide A, wide A -> A", lesser});
    list.push_back(min_surface);
    const auto dimensional = [](std::string_view name, Build everything_of, Build rows, Build columns,
                                std::string_view numpy, std::string_view support) {
      return Surface{
          name,
          {{"(n,p), 1 -> (1,p)", rows}, {"(n,p), 2 -> (n,1)", columns}, {"any A -> ()", everything_of}},
          {.latex = "", .numpy = numpy, .numpy_support = support}};
    };
    list.push_back(
        dimensional("prod", everything<prod>, along<prod, 1>, along<prod, 2>, "np.prod($1, axis=$axes)", ""));
    list.push_back(dimensional(
        "logsumexp", everything<logsumexp>, along<logsumexp, 1>, along<logsumexp, 2>, "_logsumexp($1, $axes)",
        "def _logsumexp(x, axis=None):\n    x = np.asarray(x)\n    m = np.max(x, axis=axis, keepdims=True)\n "
        "   s = np.log(np.sum(np.exp(x - m), axis=axis))\n    return s + (m.item() if axis is None else "
        "np.squeeze(m, axis))\n"));
    list.push_back(gradient_surface<max_grad>(
        "max_grad", "\\nabla\\max($1)", "_max_grad($1, $axes)",
        "def _max_grad(x, axis=None):\n    top = (x == np.max(x, axis=axis, keepdims=True)).astype(float)\n"
        "    return top / np.sum(top, axis=axis, keepdims=True)\n"));
    list.push_back(gradient_surface<min_grad>(
        "min_grad", "\\nabla\\min($1)", "_min_grad($1, $axes)",
        "def _min_grad(x, axis=None):\n    top = (x == np.min(x, axis=axis, keepdims=True)).astype(float)\n"
        "    return top / np.sum(top, axis=axis, keepdims=True)\n"));
    // Products from both ends: right where entries are 0.
    list.push_back(gradient_surface<prod_grad>(
        "prod_grad", "\\nabla\\operatorname{prod}($1)", "_prod_grad($1, $axes)",
        "def _prod_grad(x, axis=None):\n    x = np.asarray(x, dtype=float)\n"
        "    v = x.reshape(-1) if axis is None else np.moveaxis(x, axis, 0)\n"
        "    one = np.ones_like(v[:1])\n    before = np.cumprod(np.concatenate([one, v[:-1]]), axis=0)\n"
        "    after = np.cumprod(np.concatenate([one, v[:0:-1]]), axis=0)[::-1]\n"
        "    r = before * after\n    return r.reshape(x.shape) if axis is None else np.moveaxis(r, 0, "
        "axis)\n"));
    list.push_back(
        {"prod_hess",
         {{"() -> ()", prod_hess_of}, {"(n,1) -> (n,n)", prod_hess_of}, {"(1,n) -> (n,n)", prod_hess_of}},
         {.latex = "\\nabla^2\\operatorname{prod}($1)",
          .numpy = "_prod_hess($1)",
          .numpy_support =
              "def _prod_hess(x):\n    n = np.size(x)\n    others = np.tile(np.reshape(x, -1), (n, n, "
              "1)).astype(float)\n    i = np.arange(n)\n    others[i, :, i] = 1\n    others[:, i, i] "
              "= 1\n    return np.prod(others, axis=2) * (1 - np.eye(n))\n"}});
    list.push_back(
        {"softmax",
         {{"(n,1) -> (n,1)", softmax_vector},
          {"(n,p), 2 -> (n,p)", softmax_along<2>},
          {"(n,p), 1 -> (n,p)", softmax_along<1>},
          {"() -> ()", softmax_scalar},
          {"(1,n) -> (1,n)", softmax_vector},
          {"(n,p) -> (n,p)", softmax_along<1>}},
         {.latex = "",
          .numpy = "_softmax($1, $axis)",
          .numpy_support = "def _softmax(x, axis):\n    e = np.exp(x - np.max(x, axis=axis, "
                           "keepdims=True))\n    return e / np.sum(e, axis=axis, keepdims=True)\n"}});
    list.push_back(
        {"norm",
         {{"any A -> ()", norm_of}, {"any A, scalar -> ()", norm_p_of}},
         {.latex = "\\lVert $1\\rVert_{$2}",
          .numpy = "_norm($*)",
          .numpy_support = "def _norm(x, p=2):\n    x = np.abs(x)\n    m = np.max(x)\n    if p == np.inf or "
                           "m == 0:\n        return m\n    return m * np.sum((x / m) ** p) ** (1 / p)\n"}});
    list.push_back(
        {"norm_eps",
         {{"any A, scalar -> ()", norm_eps_of}},
         {.latex = "\\lVert $1\\rVert_{$2}", .numpy = "np.sum(np.hypot($1, $2))", .numpy_support = ""}});
    return list;
  }();
  return all;
}

}  // namespace adjoint

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
// Gradients of reductions, which have the shape of the operand.
template <Expr (*f)(Expr, int)>
Expr gradient_of_all(Graph& g, Arguments a, const Type& /*r*/) {
  return axes_of(a[0].type) == 0 ? g.ones(a[0].expr.shape()) : f(a[0].expr, -1);
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
    for (const auto& [name, build] :
         {std::pair<std::string_view, Build>{"max_grad", gradient_of_all<max_grad>},
          {"min_grad", gradient_of_all<min_grad>}}) {
      const bool largest = name == "max_grad";
      list.push_back(
          {name,
           {{"any A -> A", build}},
           {.latex = largest ? "\\nabla\\max($1)" : "\\nabla\\min($1)",
            .numpy = largest ? "_max_grad($1)" : "_min_grad($1)",
            .numpy_support = largest ? "def _max_grad(x):\n    top = (x == np.max(x)).astype(float)\n    "
                                       "return top / np.sum(top)\n"
                                     : "def _min_grad(x):\n    top = (x == np.min(x)).astype(float)\n    "
                                       "return top / np.sum(top)\n"}});
    }
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

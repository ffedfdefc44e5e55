#include "ops/products.hpp"

#include "ops/structure.hpp"
#include "ops/surface_support.hpp"

namespace adjoint {
namespace {

using Arguments = std::span<const Argument>;
using syntax::Type;

Expr sum_leading(Expr e, int rank) {
  Graph& g = e.graph();
  const Axes i = g.axes(e);
  return g.product(1, {{e, i}}, Axes(i.begin() + rank, i.end()));
}
Expr sum_everything(Graph& /*g*/, Arguments a, const Type& /*r*/) {
  return sum_leading(a[0].expr, axes_of(a[0].type));
}
template <int dimension>
Expr sum_along(Graph& /*g*/, Arguments a, const Type& /*r*/) {
  const int axis = dimension_axis(a[0].type, dimension);
  return axis < 0 ? a[0].expr : sum_axis(a[0].expr, axis);
}
Expr count_of(Graph& g, const Type& t, int dimension) {
  Expr n = g.number(1);
  if (dimension != 2) n = times(n, g.extent(t.rows));
  if (dimension != 1) n = times(n, g.extent(t.columns));
  for (const auto& s : t.higher) n = times(n, g.extent(s));
  return n;
}
Expr mean_everything(Graph& g, Arguments a, const Type& r) {
  return divide(sum_everything(g, a, r), count_of(g, a[0].type, 0));
}
template <int dimension>
Expr mean_along(Graph& g, Arguments a, const Type& r) {
  return times(power(count_of(g, a[0].type, dimension), Rational(-1)), sum_along<dimension>(g, a, r));
}
Expr dot_product(Graph& g, Arguments a, const Type& /*r*/) {
  const Axes i = g.axes(a[0].expr);
  return g.product(1, {{a[0].expr, i}, {a[1].expr, i}}, Axes(i.begin() + axes_of(a[0].type), i.end()));
}
Expr trace_of(Graph& /*g*/, Arguments a, const Type& /*r*/) {
  return a[0].type.is_scalar() ? a[0].expr : trace(a[0].expr);
}
Expr diagonal_in(Graph& /*g*/, Arguments a, const Type& /*r*/) {
  return a[0].type.is_scalar() ? a[0].expr : diagonal_matrix(a[0].expr);
}
Expr diagonal_out(Graph& /*g*/, Arguments a, const Type& /*r*/) { return diagonal_of(a[0].expr); }
Expr vec_of(Graph& /*g*/, Arguments a, const Type& /*r*/) { return as_vector(a[0].expr, axes_of(a[0].type)); }
Expr reshape_of(Graph& /*g*/, Arguments a, const Type& r) {
  const Expr v = as_vector(a[0].expr, axes_of(a[0].type));
  return axes_of(r) < 2 ? v : split(v, 0, r.rows, r.columns);
}
// Rows (c,a) and columns (d,b) of A(a,b) and B(c,d), the index of B running fastest.
Expr kron_of(Graph& g, Arguments args, const Type& /*r*/) {
  const Axes a = g.axes(args[0].expr);
  Axes b = g.axes(args[1].expr);
  const Type& ta = args[0].type;
  const Type& tb = args[1].type;
  const auto rank_a = static_cast<std::size_t>(axes_of(ta));
  const auto rank_b = static_cast<std::size_t>(axes_of(tb));
  for (std::size_t k = rank_a; k < a.size(); ++k) b[rank_b + k - rank_a] = a[k];
  Axes out;
  const auto put = [&](const Axes& axes, const Type& t, int dimension) {
    const int k = dimension_axis(t, dimension);
    if (k >= 0) out.push_back(axes[static_cast<std::size_t>(k)]);
    return k >= 0 ? 1 : 0;
  };
  const int rows = put(b, tb, 1) + put(a, ta, 1);
  const int columns = put(b, tb, 2) + put(a, ta, 2);
  out.insert(out.end(), a.begin() + static_cast<std::ptrdiff_t>(rank_a), a.end());
  Expr e = g.product(1, {{args[0].expr, a}, {args[1].expr, b}}, out);
  if (rows == 2) e = fuse(e, 0);
  if (columns == 2) e = fuse(e, rows == 0 ? 0 : 1);
  return e;
}
Expr commutation_of(Graph& g, Arguments a, const Type& /*r*/) {
  const Axis i = g.axis(a[0].size);
  const Axis j = g.axis(a[1].size);
  return fuse(fuse(g.product(1, std::vector<Indexed>{}, {j, i, i, j}), 0), 1);
}
Expr identity_of(Graph& g, Arguments a, const Type& /*r*/) {
  return a[0].size.is_one() ? g.number(1) : g.identity(a[0].size);
}
template <int value>
Expr filled(Graph& g, Arguments /*a*/, const Type& r) {
  Shape s;
  for (const auto& size : {r.rows, r.columns}) {
    if (!size.is_one()) s.push_back(size);
  }
  return value == 1 ? g.ones(s) : g.zeros(s);
}
Expr unit_of(Graph& g, Arguments a, const Type& /*r*/) { return unit(g, a[0].size, a[1].size); }

}  // namespace

Expr vec(Expr matrix) { return fuse(matrix, 0); }
Expr kron(Expr a, Expr b) {
  const auto type = [](Expr e) { return Type{e.shape()[0], e.shape()[1], {}}; };
  const Argument args[] = {{a, type(a), {}, 0}, {b, type(b), {}, 0}};
  return kron_of(a.graph(), args, {});
}

std::span<const Surface> product_surfaces() {
  static const Surface all[] = {
      {"sum",
       {{"(n,p), 1 -> (1,p)", sum_along<1>},
        {"(n,p), 2 -> (n,1)", sum_along<2>},
        {"any A -> ()", sum_everything}},
       {.latex = "", .numpy = "np.sum($1, axis=$axes)", .numpy_support = ""}},
      {"mean",
       {{"(n,p), 1 -> (1,p)", mean_along<1>},
        {"(n,p), 2 -> (n,1)", mean_along<2>},
        {"any A -> ()", mean_everything}},
       {.latex = "", .numpy = "np.mean($1, axis=$axes)", .numpy_support = ""}},
      {"dot",
       {{"(n,p), (n,p) -> ()", dot_product}},
       {.latex = "\\langle $1,$2\\rangle", .numpy = "np.sum($1 * $2)", .numpy_support = ""}},
      {"tr",
       {{"(n,n) -> ()", trace_of}},
       {.latex = "\\operatorname{tr}($1)", .numpy = "np.trace($m1)", .numpy_support = ""}},
      {"diag",
       {{"() -> ()", diagonal_in},
        {"(n,1) -> (n,n)", diagonal_in},
        {"(1,n) -> (n,n)", diagonal_in},
        {"(n,n) -> (n,1)", diagonal_out}},
       {.latex = "\\operatorname{diag}($1)", .numpy = "np.diag($a1)", .numpy_support = ""}},
      {"vec",
       {{"(n,p) -> (n*p,1)", vec_of}},
       {.latex = "\\operatorname{vec}($1)", .numpy = "np.reshape($1, -1, order='F')", .numpy_support = ""}},
      {"reshape",
       {{"(n,p), size r, size c -> (r,c)", reshape_of}},
       {.latex = "", .numpy = "np.reshape($1, $shape, order='F')", .numpy_support = ""}},
      {"kron",
       {{"(a,b), (c,d) -> (a*c,b*d)", kron_of}},
       {.latex = "$1\\otimes $2", .numpy = "np.kron($m1, $m2)", .numpy_support = ""}},
      {"commutation",
       {{"size n, size p -> (n*p,n*p)", commutation_of}},
       {.latex = "K_{$1,$2}",
        .numpy = "_commutation($1, $2)",
        .numpy_support = "def _commutation(n, p):\n    return np.eye(n * p).reshape(n, p, n * p, "
                         "order='F').transpose(1, 0, 2).reshape(n * p, n * p, order='F')\n"}},
      {"eye",
       {{"size n -> (n,n)", identity_of}},
       {.latex = "I_{$1}", .numpy = "np.eye($1)", .numpy_support = ""}},
      {"ones",
       {{"size n -> (n,1)", filled<1>}, {"size n, size p -> (n,p)", filled<1>}},
       {.latex = "\\mathbf{1}_{$*}", .numpy = "np.ones($shape)", .numpy_support = ""}},
      {"zeros",
       {{"size n -> (n,1)", filled<0>}, {"size n, size p -> (n,p)", filled<0>}},
       {.latex = "0_{$*}", .numpy = "np.zeros($shape)", .numpy_support = ""}},
      {"unit",
       {{"size n, index -> (n,1)", unit_of}},
       {.latex = "e_{$2}", .numpy = "np.eye($1)[:, $2 - 1]", .numpy_support = ""}},
  };
  return all;
}

}  // namespace adjoint

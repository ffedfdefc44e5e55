// Structured linear maps as functions of the notation.
#include "ops/structure.hpp"
#include "ops/surface_support.hpp"

namespace adjoint {
namespace {

using Arguments = std::span<const Argument>;
using syntax::Type;

template <Expr (*f)(Expr, int), int dimension>
Expr along(Graph& g, Arguments a, const Type& r) {
  const int axis = dimension_axis(a[0].type, dimension);
  if (a[0].type.is_scalar() && dimension == 1) {  // a vector of one entry
    const Axes inner = g.axes(a[0].expr);
    Axes outer = inner;
    outer.insert(outer.begin(), g.axis(Size(1)));
    const Expr y = f(g.product(1, {{a[0].expr, inner}}, outer), 0);
    if (!y.shape()[0].is_one()) return y;
    const Axes all = g.axes(y);
    return g.product(1, {{y, all}}, Axes(all.begin() + 1, all.end()));
  }
  if (axis < 0) {  // along an axis of length 1
    const Expr m = f(as_matrix(a[0]), dimension - 1);
    return from_matrix(m, r);
  }
  const Expr e = f(a[0].expr, axis);
  const auto k = static_cast<std::size_t>(axis);
  if (!e.shape()[k].is_one()) return e;
  Axes i = g.axes(e);
  Axes out = i;
  out.erase(out.begin() + axis);
  return g.product(1, {{e, i}}, out);
}
template <Expr (*f)(Expr)>
Expr triangle(Graph& g, Arguments a, const Type& r) {
  return of_matrix<f>(g, a, r);
}

template <Expr (*f)(Expr, int)>
Surface axis_surface(std::string_view name, std::vector<std::string_view> signatures, std::string_view numpy,
                     std::string_view support) {
  return {name,
          {{signatures[0], along<f, 1>},
           {signatures[1], along<f, 2>},
           {signatures[2], along<f, 1>},
           {signatures[3], along<f, 1>},
           {signatures[4], along<f, 2>}},
          {.latex = "", .numpy = numpy, .numpy_support = support}};
}

constexpr std::string_view kDifferenceAdjoint =
    "def _diffT(u, axis):\n"
    "    return -np.diff(u, axis=axis, prepend=0, append=0)\n";
constexpr std::string_view kSumsAdjoint =
    "def _cumsumT(u, axis):\n"
    "    return np.flip(np.cumsum(np.flip(u, axis), axis), axis)\n";

}  // namespace

std::span<const Surface> structure_surfaces() {
  const std::vector<std::string_view> same = {"(n,1) -> (n,1)", "(1,n) -> (1,n)", "(n,p) -> (n,p)",
                                              "(n,p), 1 -> (n,p)", "(n,p), 2 -> (n,p)"};
  static const Surface all[] = {
      axis_surface<diff>("diff",
                         {"(n,1) -> (n-1,1)", "(1,n) -> (1,n-1)", "(n,p) -> (n-1,p)", "(n,p), 1 -> (n-1,p)",
                          "(n,p), 2 -> (n,p-1)"},
                         "np.diff($1, axis=$axis)", ""),
      axis_surface<diff_transpose>("diffT",
                                   {"(n,1) -> (n+1,1)", "(1,n) -> (1,n+1)", "(n,p) -> (n+1,p)",
                                    "(n,p), 1 -> (n+1,p)", "(n,p), 2 -> (n,p+1)"},
                                   "_diffT($1, $axis)", kDifferenceAdjoint),
      axis_surface<cumsum>("cumsum", same, "np.cumsum($1, axis=$axis)", ""),
      axis_surface<cumsum_transpose>("cumsumT", same, "_cumsumT($1, $axis)", kSumsAdjoint),
      {"tril",
       {{"(n,p) -> (n,p)", triangle<tril>}},
       {.latex = "\\operatorname{tril}($1)", .numpy = "np.tril($m1)", .numpy_support = ""}},
      {"triu",
       {{"(n,p) -> (n,p)", triangle<triu>}},
       {.latex = "\\operatorname{triu}($1)", .numpy = "np.triu($m1)", .numpy_support = ""}},
  };
  return all;
}

}  // namespace adjoint

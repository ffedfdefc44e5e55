#include "ops/surface_support.hpp"

#include "ops/structure.hpp"

namespace adjoint {

int axes_of(const syntax::Type& type) {
  if (!type.higher.empty()) {
    int count = 0;
    for (const auto& s : type.higher) count += s.is_one() ? 0 : 1;
    return count;
  }
  return (type.rows.is_one() ? 0 : 1) + (type.columns.is_one() ? 0 : 1);
}

int dimension_axis(const syntax::Type& type, int dimension) {
  if (dimension == 1) return type.rows.is_one() ? -1 : 0;
  if (type.columns.is_one()) return -1;
  return type.rows.is_one() ? 0 : 1;
}

Expr as_matrix(const Argument& argument) {
  Graph& g = argument.expr.graph();
  const Axes inner = g.axes(argument.expr);
  Axes out;
  std::size_t next = 0;
  for (const auto& size : {argument.type.rows, argument.type.columns}) {
    out.push_back(size.is_one() ? g.axis(Size(1)) : inner[next++]);
  }
  out.insert(out.end(), inner.begin() + static_cast<std::ptrdiff_t>(next), inner.end());
  return g.product(1, {{argument.expr, inner}}, out);
}

Expr from_matrix(Expr matrix, const syntax::Type& type) {
  Graph& g = matrix.graph();
  const Axes inner = g.axes(matrix);
  // A result of fewer axes than a matrix has nothing to remove.
  if (matrix.rank() < 2) return matrix;
  Axes out;
  if (!type.rows.is_one()) out.push_back(inner[0]);
  if (!type.columns.is_one()) out.push_back(inner[1]);
  out.insert(out.end(), inner.begin() + 2, inner.end());
  return g.product(1, {{matrix, inner}}, out);
}

Expr as_vector(Expr expr, int rank) {
  for (; rank > 1; --rank) expr = fuse(expr, 0);
  return expr;
}

}  // namespace adjoint

#include "ops/support.hpp"

namespace adjoint {

const Record& record_of(const Node& node) { return static_cast<const Record&>(*node.op); }

Expr scale(Expr factor, Expr tangent) {
  Graph& g = factor.graph();
  const Axes j = g.axes(tangent);
  const Axes i(j.begin(), j.begin() + factor.rank());
  return g.product(1, {{factor, i}, {tangent, j}}, j);
}

Expr contract(Expr weights, Expr tangent, int axis) {
  Graph& g = weights.graph();
  const Axes j = g.axes(tangent);
  const Axes i(j.begin(), j.begin() + weights.rank());
  Axes out(j.begin() + weights.rank(), j.end());
  if (axis >= 0) {
    out = j;
    out.erase(out.begin() + axis);
  }
  return g.product(1, {{weights, i}, {tangent, j}}, out);
}

Expr left_product(Expr matrix, Expr batch) {
  Graph& g = matrix.graph();
  Axes i = g.axes(matrix);
  Axes j = g.axes(batch);
  j[0] = i[1];
  for (std::size_t k = 2; k < i.size(); ++k) i[k] = j[k];
  Axes out = j;
  out[0] = i[0];
  return g.product(1, {{matrix, i}, {batch, j}}, out);
}

Expr right_product(Expr batch, Expr matrix) {
  Graph& g = matrix.graph();
  Axes i = g.axes(matrix);
  Axes j = g.axes(batch);
  j[1] = i[0];
  for (std::size_t k = 2; k < i.size(); ++k) i[k] = j[k];
  Axes out = j;
  out[1] = i[1];
  return g.product(1, {{batch, j}, {matrix, i}}, out);
}

bool transpose_is_older(Expr matrix) {
  if (matrix.rank() < 2) return false;
  if (matrix->kind != Kind::Product && matrix->kind != Kind::Sum) return false;
  const Expr turned = transposed(matrix);
  if (turned->id >= matrix->id) return false;
  // Signs go first, f(-A) = -f(A): a transpose that would lead with one is no better, such as that of A-A'.
  const auto leads_with_sign = [](Expr e) {
    return (e->kind == Kind::Sum && e->terms[0].coefficient.is_negative()) ||
           (e->kind == Kind::Product && e->coefficient.is_negative());
  };
  return !leads_with_sign(turned) || leads_with_sign(matrix);
}

Expr with_positive_lead(Expr x) {
  if (x->kind != Kind::Sum || !x->terms[0].coefficient.is_negative()) return {};
  const Expr flipped = -x;
  return flipped->kind == Kind::Sum ? flipped : Expr();
}

Expr without_coefficient(Expr product) {
  return product.graph().product(1, product->factors, product->output, product->label_sizes);
}

int axis_of(const Attributes& attributes) {
  return attributes.integers.empty() ? -1 : static_cast<int>(attributes.integers[0]);
}

Shape same_shape(std::span<const Expr> operands, const Attributes& /*attributes*/) {
  for (const auto& o : operands) {
    if (o.shape() != operands[0].shape()) throw ShapeError("operands have different shapes");
  }
  return operands[0].shape();
}

Shape square_shape(std::span<const Expr> operands, const Attributes& /*attributes*/) {
  const Shape& s = operands[0].shape();
  if (s.size() < 2 || !(s[0] == s[1])) throw ShapeError("the matrix must be square");
  return s;
}

Shape square_to_scalar(std::span<const Expr> operands, const Attributes& attributes) {
  Shape s = square_shape(operands, attributes);
  s.erase(s.begin(), s.begin() + 2);
  return s;
}

Shape reduced_shape(std::span<const Expr> operands, const Attributes& attributes) {
  Shape s = operands[0].shape();
  const int axis = axis_of(attributes);
  if (axis < 0) return {};
  s.erase(s.begin() + axis);
  return s;
}

Shape direction_shape(std::span<const Expr> operands, const Attributes& /*attributes*/) {
  return operands.back().shape();
}

Facts no_facts(std::span<const Expr> /*operands*/, const Attributes& /*attributes*/) { return {}; }

Expr does_not_move(const Node& /*y*/, int /*operand*/, Expr /*tangent*/) { return {}; }

}  // namespace adjoint

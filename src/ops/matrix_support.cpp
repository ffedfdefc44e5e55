#include "ops/matrix_support.hpp"

namespace adjoint {

std::optional<std::pair<Expr, Expr>> scalar_times_matrix(Expr a) {
  if (a->kind != Kind::Product || a->coefficient.is_zero()) return std::nullopt;
  Graph& g = a.graph();
  std::vector<Factor> scalars;
  std::vector<Factor> rest;
  for (const auto& f : a->factors) (f.labels.empty() ? scalars : rest).push_back(f);
  if (scalars.empty() && a->coefficient.is_one()) return std::nullopt;
  const Expr scalar = g.product(a->coefficient, std::move(scalars), {}, {});
  return std::pair{scalar, g.product(1, std::move(rest), a->output, a->label_sizes)};
}

Expr contract_matrix(Expr weights, Expr tangent) {
  Graph& g = weights.graph();
  const Axes j = g.axes(tangent);
  const Axes i(j.begin(), j.begin() + weights.rank());
  Axes out(j.begin() + 2, j.end());
  return g.product(1, {{weights, i}, {tangent, j}}, out);
}

Expr batch_identity(const Size& n, Expr like) {
  Graph& g = like.graph();
  const Axis i = g.axis(n);
  Axes out{i, i};
  for (int k = 2; k < like.rank(); ++k) out.push_back(g.axis(like.shape()[static_cast<std::size_t>(k)]));
  return g.product(1, std::vector<Indexed>{}, out);
}

Expr batch_diagonal(Expr vectors) {
  Graph& g = vectors.graph();
  const Axes i = g.axes(vectors);
  Axes out = i;
  out.insert(out.begin(), i[0]);
  return g.product(1, {{vectors, i}}, out);
}

Expr batch_times(Expr scalars, Expr matrices) {
  Graph& g = scalars.graph();
  const Axes j = g.axes(matrices);
  const Axes i(j.begin() + 2, j.begin() + 2 + scalars.rank());
  return g.product(1, {{scalars, i}, {matrices, j}}, j);
}

void throw_no_derivative(const std::string& what) {
  throw NoDerivative("the derivative of " + what + " is not known");
}

namespace {
bool linear_in_second(int operand) { return operand == 1; }
}  // namespace

Expr pull_scalars(const Operation& op, std::span<const Expr> operands) {
  const auto parts = scalar_times_matrix(operands[1]);
  if (!parts) return {};
  return times(parts->first, operands[0].graph().apply(op, {operands[0], parts->second}));
}

Record matrix_record(std::string_view name, decltype(Operation::shape) shape,
                     decltype(Operation::facts) facts, decltype(Operation::normal) normal,
                     Linearise linearise, std::vector<OperandCondition> defined,
                     std::vector<OperandCondition> differentiable, Continuity continuity) {
  return Record{{.name = name, .shape = shape, .facts = facts, .normal = normal, .power = kNoPower},
                linearise,
                linear_in_none,
                kNotLinear,
                kNoPartial,
                routine(name),
                Reading::Call,
                kNoExpansion,
                std::move(defined),
                std::move(differentiable),
                bounds_unknown(),
                continuity,
                kNoSides,
                Hull::Unknown};
}

Record linear_matrix_record(std::string_view name, decltype(Operation::shape) shape, Linearise linearise,
                            Transpose transpose, Continuity continuity) {
  return Record{{.name = name, .shape = shape, .facts = no_facts, .normal = kNoNormal, .power = kNoPower},
                linearise,
                linear_in_second,
                transpose,
                kNoPartial,
                routine(name),
                Reading::Call,
                kNoExpansion,
                std::vector<OperandCondition>{},
                std::vector<OperandCondition>{},
                bounds_unknown(),
                continuity,
                kNoSides,
                Hull::Unknown};
}

}  // namespace adjoint

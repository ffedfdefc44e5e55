#include "ops/abstract.hpp"

#include "ops/support.hpp"

namespace adjoint {
namespace {

int order_of(const Attributes& a) { return static_cast<int>(a.integers[0]); }

Expr partial_of(const Node& y, int /*operand*/) {
  return abstract_entrywise(y.attributes.name, order_of(y.attributes) + 1, y.operands[0]);
}
Expr entrywise_moves(const Node& y, int operand, Expr tangent) {
  return scale(partial_of(y, operand), tangent);
}
Expr entrywise_normal(std::span<const Expr> o, const Attributes& a) {
  if (transpose_is_older(o[0])) return transposed(abstract_entrywise(a.name, order_of(a), transposed(o[0])));
  return {};
}

// Value axis, then `order` axes of the argument's length, then the batch.
Shape vector_shape(std::span<const Expr> o, const Attributes& a) {
  const Shape& x = o[0].shape();
  if (x.empty()) throw ShapeError(a.name + " takes a vector");
  Shape s(a.sizes);
  for (int k = 0; k < order_of(a); ++k) s.push_back(x[0]);
  s.insert(s.end(), x.begin() + 1, x.end());
  return s;
}
Facts vector_facts(std::span<const Expr> /*o*/, const Attributes& a) {
  return a.sizes.empty() && order_of(a) == 2 ? Facts::symmetric_matrix() : Facts::unknown();
}
Expr vector_moves(const Node& y, int /*operand*/, Expr tangent) {
  Graph& g = *y.graph;
  const Expr x = y.operands[0];
  std::optional<Size> value;
  if (!y.attributes.sizes.empty()) value = y.attributes.sizes[0];
  const Expr next = abstract_vector(y.attributes.name, order_of(y.attributes) + 1, value, x);
  const auto batch = static_cast<std::size_t>(x.rank() - 1);
  const Axes n = g.axes(next);
  Axes t = g.axes(tangent);
  const std::size_t slot = n.size() - batch - 1;  // the last slot of the derivative
  t[0] = n[slot];
  for (std::size_t k = 0; k < batch; ++k) t[1 + k] = n[slot + 1 + k];
  Axes out = n;
  out.erase(out.begin() + static_cast<std::ptrdiff_t>(slot));
  out.insert(out.end(), t.begin() + 1 + static_cast<std::ptrdiff_t>(batch), t.end());
  return g.product(1, {{next, n}, {tangent, t}}, out);
}

using List = std::vector<OperandCondition>;
const Record kEntrywise{{.name = "abstract_entrywise",
                         .shape = same_shape,
                         .facts = no_facts,
                         .normal = entrywise_normal,
                         .power = kNoPower},
                        entrywise_moves,
                        linear_in_none,
                        kNotLinear,
                        partial_of,
                        no_value(),
                        Reading::Special,
                        kNoExpansion,
                        List{},
                        List{},
                        bounds_unknown(),
                        kContinuous,
                        kNoSides,
                        Hull::Unknown};
const Record kVector{{.name = "abstract_vector",
                      .shape = vector_shape,
                      .facts = vector_facts,
                      .normal = kNoNormal,
                      .power = kNoPower},
                     vector_moves,
                     linear_in_none,
                     kNotLinear,
                     kNoPartial,
                     no_value(),
                     Reading::Special,
                     kNoExpansion,
                     List{},
                     List{},
                     bounds_unknown(),
                     kContinuous,
                     kNoSides,
                     Hull::Unknown};

}  // namespace

Expr abstract_entrywise(std::string_view name, int order, Expr x) {
  Attributes a;
  a.name = std::string(name);
  a.integers = {order};
  return x.graph().apply(kEntrywise, {x}, std::move(a));
}

Expr abstract_vector(std::string_view name, int order, std::optional<Size> value_size, Expr x) {
  Attributes a;
  a.name = std::string(name);
  a.integers = {order};
  if (value_size) a.sizes.push_back(*value_size);
  return x.graph().apply(kVector, {x}, std::move(a));
}

std::string abstract_name(const Node& application) {
  const auto use = abstract_use(application);
  const int k = use->order;
  if (k == 0) return use->name;
  if (use->entrywise) {
    return use->name + (k == 1 ? "_prime" : k == 2 ? "_second" : "_d" + std::to_string(k));
  }
  if (use->value_size) return use->name + (k == 1 ? "_jac" : "_d" + std::to_string(k));
  return use->name + (k == 1 ? "_grad" : k == 2 ? "_hess" : "_d" + std::to_string(k));
}

std::optional<AbstractUse> abstract_use(const Node& node) {
  if (node.op != &kEntrywise && node.op != &kVector) return std::nullopt;
  AbstractUse use;
  use.name = node.attributes.name;
  use.order = order_of(node.attributes);
  use.entrywise = node.op == &kEntrywise;
  if (!node.attributes.sizes.empty()) use.value_size = node.attributes.sizes[0];
  return use;
}

std::span<const Record* const> abstract_records() {
  static const Record* const all[] = {&kEntrywise, &kVector};
  return all;
}

}  // namespace adjoint

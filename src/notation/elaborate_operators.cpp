// Operators of the notation as products, sums and powers of the graph.
#include <cmath>

#include "notation/elaborator.hpp"
#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"

namespace adjoint::notation {

Elaborator::Value Elaborator::negate(const Node& node) {
  const Value& a = value(node.args[0]);
  return {-a.expr, a.batch};
}

Elaborator::Value Elaborator::transpose(const Node& node) {
  const Value& a = value(node.args[0]);
  return {node.type.is_matrix() ? transposed(a.expr) : a.expr, a.batch};
}

Elaborator::Value Elaborator::binary(const Node& node) {
  if (is_sum(node)) return sum(node);
  if (node.text == "^" || node.text == ".^") return power(node);
  const Ast& left = node.args[0];
  const Ast& right = node.args[1];
  const Value& a = value(left);
  const Value& b = value(right);
  if (node.text == "*") return product(a, left->type, b, right->type);
  if (node.text == ".*") return entrywise_product(a, left->type, b, right->type);
  if (node.text == "/" || node.text == "./")
    return entrywise_product(a, left->type, reciprocal(node, b), right->type);
  if (left->type.is_scalar()) return entrywise_product(reciprocal(node, a), left->type, b, right->type);
  return product(keep(node, {inv(a.expr), a.batch}), left->type, b, right->type);
}

Elaborator::Value Elaborator::sum(const Node& node) {
  struct Item {
    const Node* node;
    Rational sign;
  };
  std::vector<Item> stack{{&node, 1}};
  std::vector<std::pair<const Node*, Rational>> items;
  while (!stack.empty()) {
    const Item item = stack.back();
    stack.pop_back();
    if (item.node != &node && !inner_sum_[item.node]) {
      items.emplace_back(item.node, item.sign);
      continue;
    }
    stack.push_back({item.node->args[1].get(), item.node->text == "-" ? -item.sign : item.sign});
    stack.push_back({item.node->args[0].get(), item.sign});
  }
  std::vector<int> batch;
  for (const auto& [n, sign] : items) batch = unite(batch, values_.at(n).batch);
  std::vector<Term> terms;
  for (const auto& [n, sign] : items)
    terms.push_back({sign, widen(values_.at(n), n->type, node.type, batch)});
  return {graph_.sum(terms), batch};
}

Elaborator::Value Elaborator::product(const Value& a, const Type& ta, const Value& b, const Type& tb) {
  if (ta.is_scalar() || tb.is_scalar()) return entrywise_product(a, ta, b, tb);
  const std::vector<int> batch = unite(a.batch, b.batch);
  Axes left, right, out;
  if (!ta.rows.is_one()) {
    left.push_back(graph_.axis(ta.rows));
    out.push_back(left.back());
  }
  if (!ta.columns.is_one()) {
    left.push_back(graph_.axis(ta.columns));
    right.push_back(left.back());
  }
  if (!tb.columns.is_one()) {
    right.push_back(graph_.axis(tb.columns));
    out.push_back(right.back());
  }
  return {graph_.product(
              1, {{a.expr, join(left, batch_axes(a.batch))}, {b.expr, join(right, batch_axes(b.batch))}},
              join(out, batch_axes(batch))),
          batch};
}

Elaborator::Value Elaborator::entrywise_product(const Value& a, const Type& ta, const Value& b,
                                                const Type& tb) {
  const std::vector<int> batch = unite(a.batch, b.batch);
  const Axes own = axes(ta.is_scalar() ? tb : ta);
  const auto of = [&](const Value& v, const Type& t) {
    return Indexed{v.expr, join(t.is_scalar() ? Axes{} : own, batch_axes(v.batch))};
  };
  return {graph_.product(1, {of(a, ta), of(b, tb)}, join(own, batch_axes(batch))), batch};
}

Elaborator::Value Elaborator::power(const Node& node) {
  const Ast& base = node.args[0];
  const Ast& exponent = node.args[1];
  const Value& a = value(base);
  const Value& b = value(exponent);
  if (node.text == ".^" || base->type.is_scalar()) {
    if (b.expr.rank() == 0) return keep(node, {graph_.power(a.expr, b.expr), a.batch});
    const std::vector<int> batch = unite(a.batch, b.batch);
    return {elpow(widen(a, base->type, node.type, batch), widen(b, exponent->type, node.type, batch)), batch};
  }
  auto count = static_cast<std::int64_t>(constant_value(exponent).value_or(1));
  const Type& t = base->type;
  if (count == 0) {
    const Value one{graph_.identity(t.rows), {}};
    return {widen(one, t, t, a.batch), a.batch};
  }
  Value factor = count < 0 ? keep(node, {inv(a.expr), a.batch}) : a;
  std::optional<Value> result;
  for (count = std::abs(count); count > 0; count /= 2) {
    if (count % 2 == 1) result = result ? product(*result, t, factor, t) : factor;
    if (count > 1) factor = product(factor, t, factor, t);
  }
  return *result;
}

Elaborator::Value Elaborator::compare(const Node& node) {
  const Value& a = value(node.args[0]);
  const Value& b = value(node.args[1]);
  const std::vector<int> batch = unite(a.batch, b.batch);
  const Expr x = widen(a, node.args[0]->type, node.type, batch);
  const Expr y = widen(b, node.args[1]->type, node.type, batch);
  if (node.text == "<") return {less(x, y), batch};
  if (node.text == ">") return {less(y, x), batch};
  if (node.text == "<=") return {less_equal(x, y), batch};
  if (node.text == ">=") return {less_equal(y, x), batch};
  return {equal(x, y), batch};
}

}  // namespace adjoint::notation

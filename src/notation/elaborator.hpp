// The elaboration at work: one object for one typed tree.
#pragma once

#include <unordered_map>
#include <vector>

#include "notation/elaborate.hpp"

namespace adjoint::notation {

class Elaborator {
 public:
  Elaborator(const Typed& typed, Graph& graph, Diagnostics& errors)
      : typed_(typed), graph_(graph), errors_(errors) {}
  std::optional<Expr> run();
  /// Operations are given names by `naming`.
  std::optional<Expr> run(const Naming& naming);
  /// After run: the operations as they were typed that a normal form may have cancelled.
  [[nodiscard]] std::vector<Written> written() const;

 private:
  /// Axes of the type, then of the index variables in `batch`.
  struct Value {
    Expr expr;
    std::vector<int> batch;
  };
  using Node = syntax::Node;

  // elaborate.cpp
  Value elaborate(const Node& node);
  Value name(const Node& node);
  Value call(const Node& node);
  Value builtin(const Node& node, const Meaning& m);
  Value abstract(const Node& node, const Meaning& m);
  // elaborate_defined.cpp
  Value entry(const Meaning& m);
  Value mapped(const Node& node, const Meaning& m);
  Value point(const Meaning& m);
  Value derivative(const Node& node, const Meaning& m);
  Value hole(Value v, const Meaning& m);
  Value index_sum(const Node& node);
  const Value& value(const Ast& node) const { return values_.at(node.get()); }
  void find_inner_sums();
  void find_order();
  /// The variable, after those that stand before it in a product of the text: what was typed a*t is read t
  /// after a, wherever a first occurs.
  Expr variable(int symbol);
  std::optional<Expr> settle(const Naming* naming);
  void find_named();  // elaborate_named.cpp

  // elaborate_operators.cpp
  Value negate(const Node& node);
  Value transpose(const Node& node);
  Value binary(const Node& node);
  Value sum(const Node& node);
  Value product(const Value& a, const Type& ta, const Value& b, const Type& tb);
  Value entrywise_product(const Value& a, const Type& ta, const Value& b, const Type& tb);
  Value power(const Node& node);
  Value compare(const Node& node);
  Value reciprocal(const Node& node, const Value& v) {
    return keep(node, {adjoint::power(v.expr, Rational(-1)), v.batch});
  }
  /// The value, kept as a part of what was typed.
  Value keep(const Node& node, Value v) {
    kept_[&node].push_back(v.expr);
    return v;
  }

  // elaborate_index.cpp
  Value index(const Node& node);
  Value block(const Node& node);
  Expr joined(const std::vector<Value>& parts, const std::vector<Type>& types, bool along_rows,
              const Type& whole, const std::vector<int>& batch);

  Axis axis(int variable);
  Axes axes(const Type& type);
  Axes batch_axes(const std::vector<int>& batch);
  static Axes join(Axes a, const Axes& b);
  static std::vector<int> unite(const std::vector<int>& a, const std::vector<int>& b);
  /// The value with the axes of `to` (its own type, or any where it is a scalar) and of `batch`.
  Expr widen(const Value& v, const Type& from, const Type& to, const std::vector<int>& batch);
  static bool is_sum(const Node& node) {
    return node.kind == syntax::Kind::Binary && (node.text == "+" || node.text == "-");
  }

  const Typed& typed_;
  Graph& graph_;
  Diagnostics& errors_;
  std::unordered_map<const Node*, Value> values_;
  std::unordered_map<const Node*, bool> inner_sum_;   // sums that are only a term of another sum
  std::unordered_map<const Node*, bool> named_;       // operations that get a name
  std::unordered_map<int, std::vector<int>> before_;  // symbols that stand before a symbol in products
  std::unordered_map<int, Expr> variables_;           // null while those before it are made
  std::unordered_map<const Node*, std::vector<Expr>> kept_;
  int holes_ = 0;
  std::unordered_map<int, Axis> axes_;  // of index variables
};

}  // namespace adjoint::notation

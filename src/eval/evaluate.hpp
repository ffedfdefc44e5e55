// The value of an expression at a point.
#pragma once

#include <optional>
#include <random>
#include <unordered_map>
#include <vector>

#include "eval/array.hpp"
#include "eval/operation.hpp"
#include "graph/graph.hpp"

namespace adjoint {

/// Values of variables by node, and of size names.
struct Point {
  std::unordered_map<const Node*, Array> values;
  SizeValues sizes;
};

/// Evaluates expressions at one point, each node once.
class Evaluator {
 public:
  /// `noise`: every entry of every node but numbers is off by a random part of it, at most this large: how
  /// far two such values differ says how much of a value is rounding (Monte Carlo arithmetic, Parker 1997).
  explicit Evaluator(const Point& point, double noise = 0, unsigned seed = 1)
      : point_(point), noise_(noise), random_(seed) {}
  /// Throws NumericalError where the expression has no value there or a variable has none.
  const Array& operator()(Expr expr);

 private:
  Array compute(Expr expr);
  Array product(const Node& n);
  [[nodiscard]] std::optional<Array> root(Expr e) const;
  [[nodiscard]] std::optional<Array> scaled_power(const Node& sum, double exponent) const;
  [[nodiscard]] std::int64_t size(const Size& s) const;

  const Point& point_;
  double noise_;
  std::mt19937 random_;
  std::unordered_map<const Node*, Array> done_;
};

/// A place at which the function is not differentiable in a way that matters there: an operation whose
/// condition fails while the result depends on it to first order.
struct Kink {
  Expr where;        // the application (or power)
  std::string what;  // "norm at 0", "a tie in max"
};

/// Kinks of f at the point, among nodes that depend on one of the variables.
std::vector<Kink> kinks(Expr f, std::span<const Expr> variables, const Point& point);

}  // namespace adjoint

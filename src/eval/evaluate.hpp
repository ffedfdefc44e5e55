// The value of an expression at a point.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "eval/array.hpp"
#include "eval/operation.hpp"
#include "graph/graph.hpp"

namespace adjoint {

/// Values of variables by node, and of size names.
struct Point {
  std::unordered_map<const Node*, Array> values;
  SizeValues sizes;
  /// Entries, by position, whose decimals say more than a double holds: 1.0000000000000000000001.
  using Decimals = std::vector<std::pair<std::size_t, std::string>>;
  std::unordered_map<const Node*, Decimals> decimals;
};

/// How values are computed.
struct Arithmetic {
  /// Every entry of every node but numbers is off by a random part of it, at most this large: how far two
  /// such values differ says how much of a value is rounding (Monte Carlo arithmetic, Parker 1997).
  double noise = 0;
  unsigned seed = 1;
  /// In numbers of 350 digits or more (eval/many_digits.hpp), results rounded to double: right where values
  /// leave the range of double on the way, or cancel. Decimals are what they are written as. For small
  /// problems: some thousand times slower.
  bool precise = false;
  /// 0 times infinity is no number, as it is to whoever types the formula in elsewhere.
  bool strict = false;
};

/// Evaluates expressions at one point, each node once.
class Evaluator {
 public:
  explicit Evaluator(const Point& point, Arithmetic arithmetic = {});
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;
  /// Throws NumericalError where the expression has no value there or a variable has none.
  const Array& operator()(Expr expr);

 private:
  class Nodes;
  class InDoubles;
  class InManyDigits;
  std::unique_ptr<Nodes> nodes_;
};

/// Multiplications, about, that the values of an expression and all that it is made of take.
double work(Expr expr, const SizeValues& sizes);

/// A place at which an operation is not differentiable.
struct Kink {
  Expr where;             // the application (or power)
  std::string_view what;  // "$ at 0", "a tie in $": $ is the application
  bool felt = false;      // the function depends on it to first order, as far as rules can tell
};

/// Kinks of f at the point, among nodes that depend on one of the variables and move near the point.
std::vector<Kink> kinks(Expr f, std::span<const Expr> variables, const Point& point,
                        Arithmetic arithmetic = {});

}  // namespace adjoint

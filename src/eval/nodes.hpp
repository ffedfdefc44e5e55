// The values of nodes at a point, in one kind of number (T: double, Real).
#pragma once

#include <optional>
#include <random>
#include <unordered_map>
#include <unordered_set>

#include "eval/evaluate.hpp"
#include "eval/real.hpp"

namespace adjoint {

template <class T>
class NodeValues {
 public:
  using Values = BasicArray<T>;
  explicit NodeValues(const Point& point, const Arithmetic& arithmetic = {})
      : point_(point), noise_(arithmetic.noise), strict_(arithmetic.strict), random_(arithmetic.seed) {
    use_all_exponents();
  }
  /// The value of an expression, that of every node found once.
  const Values& operator()(Expr expr);
  /// From here on a variable has this value.
  void assign(Expr variable, Values value) { done_.insert_or_assign(variable.get(), std::move(value)); }

 private:
  Values compute(Expr expr);
  Values tracked(Expr expr);
  Values product(const Node& n);
  [[nodiscard]] bool has_pole(Expr factor) const;
  Values sum(const Node& n) const;
  Values power(const Node& n);
  [[nodiscard]] std::optional<Values> root(Expr e) const;
  [[nodiscard]] std::optional<Values> scaled_power(const Node& sum, const T& exponent) const;
  [[nodiscard]] std::int64_t size(const Size& s) const { return number_of(s, point_.sizes); }
  void settle(Values& r, const Node& n, std::vector<Labelled<T>> factors,
              const std::vector<std::int64_t>& sizes) const;

  const Point& point_;
  double noise_;
  bool strict_;
  std::mt19937 random_;
  std::unordered_map<const Node*, Values> done_;
  std::unordered_set<const Node*> inexact_;  // a number on the way was rounded
};

/// The given value of a variable in numbers of this kind, with all the digits that it was written with.
template <class T>
BasicArray<T> given(const Point& point, Expr variable);

}  // namespace adjoint

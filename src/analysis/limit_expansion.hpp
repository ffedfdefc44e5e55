// Expressions as asymptotic series in a parameter that goes to 0 from above.
#pragma once

#include <unordered_map>

#include "analysis/limit_series.hpp"

namespace adjoint {

class Expansion {
 public:
  explicit Expansion(SeriesAlgebra& algebra) : algebra_(algebra), constants_(algebra.constants()) {}

  /// Throws Undecided, NotDefinedThere.
  Series of(Expr e);
  /// Lets a variable stand for a series.
  void bind(Expr variable, const Series& series) { bound_[variable.get()] = series; }

 private:
  bool moves(Expr e);
  Series find(const Node& n);
  Series product(const Node& n);
  std::optional<Series> exponential(const Node& n);
  Series power(const Node& n);
  Series apply(const Node& n);
  std::optional<Series> chosen(const Node& n);
  std::optional<Series> of_number(const Node& n);
  std::optional<Series> at_edge(const Node& n, const Series& u, Expr c);
  Series erf_at_infinity(const Series& u, int sign, const Shape& shape);
  std::optional<Series> homogeneous(const Node& n, const std::vector<Series>& operands);
  Series taylor(const Node& n, const std::vector<Series>& operands);
  Series rewritten(Expr form, Expr hole, const Series& u);
  int sign_of(Expr difference);

  SeriesAlgebra& algebra_;
  Constants& constants_;
  std::unordered_map<const Node*, Series> bound_, done_;
  std::unordered_map<const Node*, bool> moves_;
  int depth_ = 0;
};

}  // namespace adjoint

// Intervals of values, rounded outward, of every node of a graph.
// Source: Moore, Kearfott & Cloud, Introduction to Interval Analysis (2009), ch. 2-5.
#pragma once

#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/graph.hpp"

namespace adjoint {

/// An interval of extended real numbers that holds every entry; an open end is not attained.
struct Range {
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
  bool open_lower = false;
  bool open_upper = false;

  static Range all() { return {}; }
  static Range point(double value) { return {value, value, false, false}; }
  static Range of(const Signs& signs);
  [[nodiscard]] bool is_positive() const { return lower > 0 || (lower == 0 && open_lower); }
  [[nodiscard]] bool is_nonnegative() const { return lower >= 0; }
  [[nodiscard]] bool is_negative() const { return upper < 0 || (upper == 0 && open_upper); }
  [[nodiscard]] bool is_nonpositive() const { return upper <= 0; }
  [[nodiscard]] bool is_bounded() const;
  [[nodiscard]] bool holds(double value) const { return lower <= value && value <= upper; }
  [[nodiscard]] bool is_empty() const { return lower > upper; }
  /// The largest absolute value.
  [[nodiscard]] double magnitude() const;
  [[nodiscard]] Signs signs() const;
};

Range operator+(const Range& a, const Range& b);
Range operator-(const Range& a);
Range operator*(const Range& a, const Range& b);
Range reciprocal(const Range& a);
Range intersection(const Range& a, const Range& b);
Range hull(const Range& a, const Range& b);

/// What is assumed of variables beyond the facts that they carry: an interval for every entry.
struct Assumptions {
  std::vector<std::pair<Expr, Range>> ranges;
  /// A value for all size names; else they are any positive integers.
  std::optional<std::int64_t> sizes;

  /// With a further one; an empty intersection stays empty.
  [[nodiscard]] Assumptions with(Expr variable, const Range& range) const;
};

/// Ranges of nodes, memoised for one question.
class Ranges {
 public:
  explicit Ranges(Assumptions assumptions = {}) : assumptions_(std::move(assumptions)) {}
  /// An interval that holds all entries of the expression wherever it is defined.
  Range of(Expr expr);
  [[nodiscard]] const Assumptions& assumptions() const { return assumptions_; }

 private:
  Range visit(const Node& node);
  Range product(const Node& node);
  Range under_root(const Node& sum);
  Range chosen(const Node& select);
  Range partial_sums(const Node& cumsum);
  Range power(const Node& node);
  [[nodiscard]] Range count(const Size& size) const;

  Assumptions assumptions_;
  int depth_ = 0;  // of nested choices
  std::unordered_map<const Node*, Range> done_;
};

/// The image of an interval under a named function of one number (scalar_rules.cpp); all where unknown.
Range image(std::string_view function, const Range& x);

}  // namespace adjoint

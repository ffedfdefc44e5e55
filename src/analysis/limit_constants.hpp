// The coefficients of asymptotic expansions: expressions that do not hold the parameter. Whether one
// vanishes, and its sign; what has to be assumed for that is kept as a case.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/bounds.hpp"
#include "analysis/domain.hpp"
#include "analysis/range.hpp"

namespace adjoint {

/// The value of a scalar at a random point of its variables (one for each seed) in 350 digits, some of them
/// being given; nothing where it has none. Given by callers who can evaluate.
using Given = std::vector<std::pair<Expr, double>>;
using Sampler = std::function<std::optional<double>(Expr scalar, unsigned seed, const Given& given)>;

/// What keeps a limit from being known.
class Undecided : public std::runtime_error {
 public:
  explicit Undecided(const std::string& why, Expr sign_of = {}) : std::runtime_error(why), sign(sign_of) {}
  Expr sign;  // the coefficient whose sign would help, or null
};

/// The expression has no real value near the point on the side in question.
class NotDefinedThere : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Constants {
 public:
  Constants(const Assumptions& assumptions, const Sampler& sampler)
      : ranges_(assumptions), sampler_(sampler) {}

  /// Simplified, with what signs decide written out.
  Expr tidy(Expr e);
  /// The same with constants in it that are rational written as numbers: sin(pi/2) as 1.
  Expr with_numbers(Expr e);
  /// Whether it is zero whatever the variables are. Where no rule shows it, values in 350 digits at random
  /// points decide.
  bool vanishes(Expr e);
  /// The same for an expression that holds the parameter.
  bool vanishes_near(Expr e, Expr parameter);
  /// -1, 0 or 1, the same for all entries; throws Undecided.
  int sign(Expr e);
  /// Whether all entries have this sign for sure.
  bool is_positive(Expr e) { return bounded_away(e) && ranges_.of(e).is_positive(); }
  bool is_negative(Expr e) { return bounded_away(e) && ranges_.of(e).is_negative(); }
  /// Whether a condition on an expression without variables holds for sure.
  bool holds(Condition condition, Expr number);
  /// Assumes that no entry is zero.
  void assume_nonzero(Expr e) { assume(Condition::NonZero, e); }
  /// Assumes a condition on constants; false where it cannot hold.
  bool assume(Condition condition, Expr operand, Expr other = {});
  /// A number in [-1, 1] that never settles: sin and cos of what grows.
  Expr wave(Graph& graph);
  [[nodiscard]] bool has_waves(Expr e) const;
  [[nodiscard]] std::size_t waves_in(Expr e) const;

  Ranges& ranges() { return ranges_; }
  std::vector<Requirement> cases;
  bool by_numbers = false;  // a coefficient was taken for zero by its values

 private:
  bool bounded_away(Expr e) const { return !has_waves(e) || ranges_away(e); }
  [[nodiscard]] bool ranges_away(Expr e) const;
  std::optional<double> sampled(Expr e, unsigned seed, const Given& given = {});

  mutable Ranges ranges_;
  const Sampler& sampler_;
  std::vector<Expr> waves_;
  std::unordered_map<const Node*, Expr> tidy_;
  std::unordered_map<const Node*, bool> vanishes_;
  std::unordered_map<const Node*, int> signs_;
};

}  // namespace adjoint

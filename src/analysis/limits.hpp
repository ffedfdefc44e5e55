// Limits of a function and of its gradient as a scalar goes to a number or to infinity.
//
// Continuity first; then the named cases in which it does not help (limits_rules.cpp): functions of u/eps
// that grow linearly, softmax, norms of growing order. The rate follows from the mean value theorem in the
// parameter.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/bounds.hpp"
#include "analysis/domain.hpp"

namespace adjoint {

struct Target {
  enum class Kind : std::uint8_t { Number, PlusInfinity, MinusInfinity } kind = Kind::Number;
  Rational number;
};

struct LimitCase {
  Requirement where;  // the formula holds there …
  Expr otherwise;     // … and in entries where it fails the value is this; null where that is not known
};

struct Limit {
  enum class Kind : std::uint8_t { Finite, PlusInfinity, MinusInfinity, None, Unknown } kind = Kind::Unknown;
  Expr value;                    // Finite
  std::vector<LimitCase> cases;  // empty: the formula holds everywhere
  Truth uniform = Truth::Unknown;
  Expr rate;                // |f - limit| is at most this, or null
  bool from_above = false;  // f >= limit
  bool from_below = false;
  std::vector<ProofLine> proof;
  std::string reason;  // None, Unknown: why
};

struct Limits {
  Limit value;
  Limit gradient;                           // Unknown where no variable was given
  std::vector<Requirement> differentiable;  // of the limit
};

/// f as `parameter` goes to the target (from above where the parameter is positive and the target 0, from
/// both sides otherwise), and its gradient in `variable` (may be null).
Limits limit_of(Expr f, Expr parameter, const Target& target, Expr variable,
                const Assumptions& assumptions = {});

}  // namespace adjoint

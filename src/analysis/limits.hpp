// Limits of a function and of its gradient as a scalar goes to a number or to infinity.
//
// Continuity first, where every operation on the way is continuous at the limits of its operands; then
// asymptotic expansions (limit_expansion.hpp), and for arrays of any sign the named cases in which neither
// helps (limit_named.hpp). Both sides of a number are found on their own and compared. The rate follows from
// the mean value theorem in the parameter.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/bounds.hpp"
#include "analysis/domain.hpp"
#include "analysis/limit_constants.hpp"

namespace adjoint {

struct Target {
  enum class Kind : std::uint8_t { Number, PlusInfinity, MinusInfinity } kind = Kind::Number;
  Expr number;  // a scalar that does not hold the parameter; null for 0
  [[nodiscard]] bool is_zero() const;
};

struct LimitCase {
  Requirement where;  // the formula holds there …
  Expr otherwise;     // … and in entries where it fails the value is this; null where that is not known
};

struct Limit {
  enum class Kind : std::uint8_t {
    Finite,
    PlusInfinity,
    MinusInfinity,
    None,
    Undefined,  // there is no value near the point
    Unknown
  } kind = Kind::Unknown;
  Expr value;                    // Finite
  std::vector<LimitCase> cases;  // empty: the formula holds everywhere
  Truth uniform = Truth::Unknown;
  Expr rate;                // |f - limit| is at most this, or null
  bool from_above = false;  // f >= limit
  bool from_below = false;
  std::vector<ProofLine> proof;
  std::string reason;  // None, Undefined, Unknown: why
  Expr sign_of;        // None, Unknown: what its sign decides, or null
  /// Where the sign of `sign_of` decides, the limit where it is positive, zero and negative.
  std::vector<Limit> by_sign;
};

struct Limits {
  Limit value;
  Limit gradient;  // Unknown where no variable was given
  Expr slope;      // the gradient before the limit, on the declared structure; may be null
  std::vector<Requirement> differentiable;  // of the limit
  enum class Side : std::uint8_t { Both, Above, Below } side = Side::Both;
  bool half = false;  // one side alone is in the domain, though the parameter may come from both
};

/// f as `parameter` goes to the target (from the side that its range allows, from both otherwise), and its
/// gradient in `variable` (may be null).
Limits limit_of(Expr f, Expr parameter, const Target& target, Expr variable,
                const Assumptions& assumptions = {}, const Sampler& sampler = {});

}  // namespace adjoint

// Suprema of |w(t)| over an interval of t: as formulas in the parameters, by scaling them out and interval
// branch and bound with outward rounding for what is left.
// Source: Moore, Kearfott & Cloud, Introduction to Interval Analysis (2009), ch. 11.
#pragma once

#include <string>

#include "analysis/range.hpp"

namespace adjoint {

struct Supremum {
  enum class Kind : std::uint8_t { Unknown, Finite, Infinite } kind = Kind::Unknown;
  Expr bound;          // Finite: sup |w|, or an upper bound of it
  bool exact = false;  // it is attained or approached
  std::string where;   // "at t = 0", "as t -> inf"
};

/// w: a scalar in t and parameters.
Supremum supremum_of(Expr w, Expr t, const Range& domain, const Assumptions& assumptions = {});

/// An interval that holds w(t) for all t of the domain, as tight as branch and bound makes it in a few
/// hundred steps.
Range certified_range(Expr w, Expr t, const Range& domain, const Assumptions& assumptions = {});

/// Equal forms of an expression, of which interval arithmetic may like one better than another.
std::vector<Expr> equal_forms(Expr e);

/// w with its positive parameters scaled out: w(t) = factor * core(scale*t); core is w where there is none.
struct Scaled {
  Expr factor, core;
  bool scaled = false;  // t stands for scale*t
};
Scaled scaled_out(Expr w, Expr t);

/// |e| with numbers and signs worked out.
Expr magnitude(Expr e);

/// A number as a coefficient: dyadic fractions stay exact, others are rounded up.
Rational rounded_up(double value);

}  // namespace adjoint

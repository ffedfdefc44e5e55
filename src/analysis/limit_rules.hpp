// The table of values at infinity and of limits that continuity does not give.
#pragma once

#include <optional>
#include <string>

#include "analysis/range.hpp"

namespace adjoint {

/// Values of an entrywise function at minus infinity, 0 and infinity.
struct AtInfinity {
  enum class Kind : std::uint8_t { Number, PlusInfinity, MinusInfinity, Oscillates, Unknown };
  Kind low = Kind::Unknown, high = Kind::Unknown;
  Expr at_low, at_high;  // Number
};
AtInfinity at_infinity(std::string_view operation, Graph& graph);

/// lim eps*F(u/eps) as eps -> 0 from above for a function F that grows linearly, with
/// 0 <= eps*F(u/eps) - limit <= eps*gap for each value.
struct Recession {
  Expr limit;
  Expr gap;
};
std::optional<Recession> recession(const Node& application, Expr u);

/// softmax: exp(V - logsumexp(V)) as V and the axis; nothing where the expression is another.
struct Softmax {
  Expr argument;
  int axis;
};
std::optional<Softmax> as_softmax(Expr e);

/// Absolute values, signs and positive parts of what has a known sign, and even roots of even powers, written
/// out.
Expr resolved(Expr e, Ranges& ranges);

/// Whether the expression holds an operation that jumps (indicators, signs, choices).
bool has_jumps(Expr e);

/// The largest entry over an axis (all where negative) and its gradient.
Expr largest(Expr x, int axis);
Expr at_largest(Expr x, int axis);

}  // namespace adjoint

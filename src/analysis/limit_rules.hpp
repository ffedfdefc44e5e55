// The table of values at infinity and of limits that continuity does not give.
#pragma once

#include <functional>
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
AtInfinity values_at_infinity(std::string_view operation, Graph& graph);

/// The function of one number at an argument u that grows with the given sign, in exponentials, logarithms
/// and functions of what goes to 0.
std::optional<Expr> at_infinity(std::string_view operation, Expr u, int sign);
/// The same for an argument whose limit c is a pole or an end of the domain.
std::optional<Expr> at_end(std::string_view operation, Expr u, Expr c,
                           const std::function<bool(Expr)>& vanishes);

/// Homogeneous in the first operand: op(s*v) = s^d*op(v) for s > 0; or op(s*v) = op(v) + d*log(s).
struct Degree {
  Expr value;
  bool logarithmic = false;
};
std::optional<Degree> degree_of(const Node& application);

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

/// Whether the operation is known to be continuous wherever it is defined, as its operands move with the
/// parameter.
bool is_continuous(const Node& application, Expr parameter);
bool is_strictly_monotone(const Node& application);

/// Whether the expression holds an operation that jumps (indicators, signs, choices).
bool has_jumps(Expr e);

/// The largest entry over an axis (all where negative) and its gradient.
Expr largest(Expr x, int axis);
Expr at_largest(Expr x, int axis);

}  // namespace adjoint

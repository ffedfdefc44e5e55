// Functions of one number that are pieced together from formulas: between the points where a choice, a sign
// or a kink switches one formula holds. What is said of a point where two meet is proved there, by equal
// formulas or by intervals that are apart.
#pragma once

#include <optional>
#include <vector>

#include "analysis/range.hpp"

namespace adjoint {

/// Three values: unknown licenses nothing.
struct Joint {
  Expr at;  // the point
  Truth continuous = Truth::Unknown;
  Truth smooth = Truth::Unknown;  // the slopes on both sides are equal
  Signs bend = Signs::any();      // of the slope after it minus the slope before it
};

struct Piecewise {
  Expr t;
  Range domain;
  std::vector<Expr> breaks;   // increasing, inside of the domain
  std::vector<Expr> forms;    // one more than breaks: no switch of theirs depends on t
  std::vector<Range> ranges;  // of t on each piece, open
  std::vector<Joint> joints;  // of each break
  Truth ends = Truth::Yes;    // whether it is continuous at the ends that belong to the domain

  [[nodiscard]] Truth continuous() const;
  [[nodiscard]] Truth smooth() const;
};

/// phi: a scalar in t and parameters, defined on the whole domain. Nothing where its switches are not found.
std::optional<Piecewise> piecewise(Expr phi, Expr t, const Range& domain, const Assumptions& assumptions);

/// The expression with every switch decided that intervals decide.
Expr decided(Expr e, Ranges& ranges);

/// Operand 0, or operand 0 minus operand 1, whose sign tells the side of a switch.
Expr gap_of(const Node& application);

}  // namespace adjoint

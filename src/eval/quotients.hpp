// What difference quotients in numbers of 350 digits say of a function at a point where a rule sees a kink:
// whether it is differentiable after all, and if it is convex or concave there, which subgradient is least.
#pragma once

#include <optional>
#include <vector>

#include "eval/evaluate.hpp"

namespace adjoint {

class Quotients {
 public:
  /// Of f with respect to one variable. Nothing where quotients cannot tell: functions that are taken in
  /// doubles, variables of a structure other than symmetric, many entries.
  static std::optional<Quotients> of(Expr f, Expr variable, const Point& point);

  /// The derivative (axes of f, then of the variable), if there is one: the slopes in all coordinates and
  /// some further directions, forwards and backwards, are linear in the direction.
  [[nodiscard]] std::optional<Array> derivative() const;

  /// How a scalar f goes on from the point.
  struct Behaviour {
    bool jumps = false;              // it is not continuous along a sampled direction
    bool at_edge = false;            // along a sampled direction it is not defined
    std::vector<std::size_t> steep;  // entries of the variable along which its slope is infinite
  };
  [[nodiscard]] Behaviour behaviour() const;

  /// The subgradient of least norm of a scalar f in the entries that are not steep, the others held fixed:
  /// where its directional derivative is convex, or concave, along sampled directions; else nothing. By
  /// Wolfe, Finding the nearest point in a polytope (1976), on gradients next to the point; `gradient` is an
  /// expression for them. A steep entry is what of sub- or supergradients along it is nearest to 0, or
  /// infinite where there are none.
  [[nodiscard]] std::optional<Array> least_subgradient(Expr gradient, const Behaviour& behaviour) const;

 private:
  Quotients(Expr f, Expr variable, const Point& point);

  Expr f_, variable_;
  const Point& point_;
};

}  // namespace adjoint

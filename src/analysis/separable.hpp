// Functions of one number in disguise: weight * sum of weights .* phi(u), with u affine in the variables; and
// radial ones, weight * phi(norm(v)).
#pragma once

#include <optional>

#include "analysis/curvature.hpp"

namespace adjoint {

struct OneNumber {
  enum class Kind : std::uint8_t { Entries, Radial } kind = Kind::Entries;
  Expr weight;    // a scalar, constant in the variables
  Expr weights;   // an array along some axes of the argument, or null
  Expr argument;  // u or v, affine in the variables
  Expr matrix;    // Radial: the norm is sqrt(v'*matrix*v); null for the identity
  Expr t;         // the number
  Expr phi;       // a scalar in t
};

/// An expression of any shape as an entrywise function of one affine expression, without weights.
std::optional<OneNumber> entrywise_function(Expr e, Curvatures& curvatures);
/// The scalar `term` in this form, or nothing.
std::optional<OneNumber> one_number(Expr term, Curvatures& curvatures);

}  // namespace adjoint

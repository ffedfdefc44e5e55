// Polynomials in X and H by their order in H.
#pragma once

#include <optional>
#include <vector>

#include "derivation/scribe.hpp"

namespace adjoint::derivation {

/// Terms of v(X+H) of order 0, 1, 2, … in H; nothing where v is no polynomial, or one with more than `most`
/// orders. Multiplied out.
std::optional<std::vector<Expr>> orders(Scribe& s, Expr v, int most);

}  // namespace adjoint::derivation

// Expressions whose entries are integers by their kind: sizes, positions along an axis, and what is made of
// them.
#pragma once

#include <cstdint>

#include "graph/graph.hpp"

namespace adjoint {

enum class Parity : std::uint8_t { Unknown, Even, Odd };

bool is_integer_valued(Expr e);

/// Of every entry of what is integer-valued.
Parity parity_of(Expr e);

}  // namespace adjoint

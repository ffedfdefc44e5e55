// Powers of one number and of arrays, alike.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// The base and the exponent of a power; nothing for any other node. The exponent is one number or has the
/// shape of the base.
struct PowerParts {
  Expr base, exponent;
};
PowerParts power_parts(const Node& node);

}  // namespace adjoint

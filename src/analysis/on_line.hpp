// A function on lines through the origin: what is unbounded or has a kink there, has so everywhere.
#pragma once

#include <cstdint>

#include "analysis/range.hpp"
#include "graph/graph.hpp"

namespace adjoint {

/// What is found on one line: the second derivative unbounded as t goes to 0 or to infinity, or a kink.
enum class OnLine : std::uint8_t { Nothing, Unbounded, Kink };

/// The first that is found on one of a few lines.
OnLine on_some_line(Expr f, Expr variable, const Assumptions& assumptions);

}  // namespace adjoint

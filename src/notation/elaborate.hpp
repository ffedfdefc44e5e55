// A typed tree into nodes of a graph.
//
// A value has one axis for every size of its type that is not literally 1, then one axis for every index
// variable that it depends on: inside sum(i=1:n, …), X[:,i] is X with its second axis named i, and the sum
// adds over that axis at the end.
#pragma once

#include <optional>

#include "graph/graph.hpp"
#include "notation/infer.hpp"

namespace adjoint::notation {

/// The expression that the tree stands for; nothing where an operation refuses its operands, which is
/// reported.
std::optional<Expr> elaborate(const Typed& typed, Graph& graph, Diagnostics& errors);

}  // namespace adjoint::notation

// A typed tree into nodes of a graph.
//
// A value has one axis for every size of its type that is not literally 1, then one axis for every index
// variable that it depends on: inside sum(i=1:n, …), X[:,i] is X with its second axis named i, and the sum
// adds over that axis at the end.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "graph/graph.hpp"
#include "graph/written.hpp"
#include "notation/infer.hpp"

namespace adjoint::notation {

/// The expression that the tree stands for; nothing where an operation refuses its operands, which is
/// reported. `written` takes its operations as they were before normal forms.
std::optional<Expr> elaborate(const Typed& typed, Graph& graph, Diagnostics& errors,
                              std::vector<Written>* written = nullptr);

/// Gives the value of an operation a name: what the operations above it see instead. The type is null where
/// the value has axes of index variables.
using Naming = std::function<Expr(Expr value, const Type* type)>;

/// The same with every operation that is written named, operands first: products of several factors and their
/// trace or sum count as one, transposes, signs, slices and comparisons as part of what uses them.
std::optional<Expr> elaborate(const Typed& typed, Graph& graph, const Naming& naming, Diagnostics& errors);

}  // namespace adjoint::notation

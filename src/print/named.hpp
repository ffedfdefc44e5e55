// Long formulas with names for what they repeat: `body where u1 = …, u2 = …`.
//
// A formula composed with itself k times is a graph of k layers and a tree of 2^k. The nodes that are worth a
// name are chosen on the graph, each gives way to a fresh variable that has its shape and its facts, and
// every piece is read apart: the reader never sees more than a piece.
#pragma once

#include <optional>

#include "print/reader.hpp"

namespace adjoint {

/// As `read`, a formula that is long and repeats itself with names (a Let). Short ones read as they are.
syntax::Ast read_named(Expr expr, const syntax::Type& type, const ReadOptions& options = {});
/// As `read_map`; definitions may use the argument of the map.
syntax::Map read_map_named(Expr body, const syntax::Type& type, Expr direction,
                           const ReadOptions& options = {});

/// Operations of the expression written out in full, before any reading; saturates.
double written_size(Expr expr);

}  // namespace adjoint

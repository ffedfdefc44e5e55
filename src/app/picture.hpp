// Pictures of calculus graphs: DOT, and SVG as Graphviz lays it out.
#pragma once

#include <string>

#include "app/question.hpp"
#include "programs/straight_line.hpp"

namespace adjoint::app {

enum class Overlay : std::uint8_t { None, Forward, Reverse };

/// The graph of a program: inputs, a node for each operation, shapes on the edges, shared nodes marked; the
/// sweep of tangents or of adjoints over it. Graphs of more than 80 operations are folded by depth, with a
/// note.
std::string dot(const Question& question, const StraightLine& program, Overlay overlay);

/// Laid out by Graphviz's `dot`. Throws NoAnswer, which names the package, where it is not there.
std::string svg(const std::string& dot);

}  // namespace adjoint::app

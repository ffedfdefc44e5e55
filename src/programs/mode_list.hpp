// The programs that a function can be turned into, by name: what the command line offers and the tests run.
#pragma once

#include <span>
#include <string_view>

#include "programs/straight_line.hpp"

namespace adjoint {

struct Mode {
  std::string_view name;
  StraightLine (*write)(const StraightLine& program, std::span<const Expr> active);
  bool optimised;  // how it is lowered: straight_line.hpp
};

std::span<const Mode> modes();
/// The mode of that name; null if there is none.
const Mode* find_mode(std::string_view name);

}  // namespace adjoint

// The set on which bounds are asked: a ball norm(x) <= r, or a box a <= x <= b.
#pragma once

#include <optional>
#include <string>

#include "analysis/range.hpp"
#include "app/question.hpp"

namespace adjoint::app {

struct Region {
  Expr radius;               // of a ball around 0, or null
  std::optional<Range> box;  // of every entry
};

/// Reads 'norm(x) <= r', 'abs(x) <= r', 'a <= x <= b', 'x >= a'. Throws InputError for anything else, for a
/// set in another variable and for an empty one.
Region region_of(const Question& question, const std::string& text, Expr variable);

}  // namespace adjoint::app

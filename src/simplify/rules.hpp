// The table of rewrite rules: name, pattern, replacement. A rule holds wherever its left side is
// defined; conditions on a hole are facts that must be known of what it stands for.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"

namespace adjoint {

struct Rule {
  std::string_view name;
  Expr pattern;
  Expr replacement;
  /// Only for display: shorter to read, but it forgets something that derivatives use (the rank of
  /// inv(X'*X)).
  bool display_only = false;
  /// Only for a whole product, not for some of its factors: which way round it stands matters.
  bool whole = false;
};

/// All rules, in the order in which they are tried; the holes are variables of Role::Placeholder.
std::span<const Rule> rules();

}  // namespace adjoint

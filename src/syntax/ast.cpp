#include "syntax/ast.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "syntax/tree.hpp"

namespace adjoint::syntax {

namespace {

/// Sums `weight` over the tree written out in full, saturating at kHuge.
template <class Weight>
std::int64_t total(const Ast& tree, Weight weight, std::unordered_map<const Node*, std::int64_t>& known) {
  if (const auto hit = known.find(tree.get()); hit != known.end()) return hit->second;
  std::int64_t sum = weight(*tree);
  for (const Ast& arg : tree->args) sum = std::min(kHuge, sum + total(arg, weight, known));
  known.emplace(tree.get(), sum);
  return sum;
}

}  // namespace

int operation_count(const Ast& tree) {
  std::unordered_map<const Node*, std::int64_t> known;
  const auto weight = [](const Node& node) -> std::int64_t {
    switch (node.kind) {
      case Kind::Negate:
      case Kind::Transpose:
      case Kind::Binary:
      case Kind::Compare:
      case Kind::Call:
      case Kind::Index:
      case Kind::IndexSum:
      case Kind::Block:
        return 1;
      case Kind::Number:
      case Kind::Name:
      case Kind::Colon:
      case Kind::Range:
      case Kind::Row:
      case Kind::Let:
        return 0;
    }
    return 0;
  };
  return static_cast<int>(
      std::min<std::int64_t>(total(tree, weight, known), std::numeric_limits<int>::max()));
}

std::int64_t tree_size(const Ast& tree) {
  std::unordered_map<const Node*, std::int64_t> known;
  return total(
      tree, [](const Node&) -> std::int64_t { return 1; }, known);
}

}  // namespace adjoint::syntax

// Questions about notation trees and changes of them. Trees share subtrees, and a formula composed
// with itself k times has 2^k tree nodes on k distinct ones: everything here takes time in the distinct ones.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "syntax/ast.hpp"

namespace adjoint::syntax {

/// Nodes of the tree written out in full; saturates at kHuge.
std::int64_t tree_size(const Ast& tree);
inline constexpr std::int64_t kHuge = std::int64_t{1} << 53;

/// Equality and hash of structure: kinds, texts, names; places and types do not count.
bool equal(const Ast& a, const Ast& b);
std::size_t hash(const Ast& tree);

/// Names that stand free (variables, size names, pi), without those bound by an index sum or a where.
/// Function names are no names; see called_functions.
std::set<std::string> free_names(const Ast& tree);
std::set<std::string> called_functions(const Ast& tree);

/// The tree with free names replaced; bound names that a replacement would capture are renamed.
using Substitution = std::map<std::string, Ast, std::less<>>;
Ast substitute(const Ast& tree, const Substitution& replacements);

/// An equal tree in which equal subtrees (of equal type) are one node.
Ast intern(const Ast& tree);

struct Sharing {
  std::function<bool(const Ast&)> worth;  // whether a subtree is worth a name; empty: every operation is
  bool keep_chains = false;               // the A*B of A*B*C counts as no use of A*B
  std::string prefix = "v";               // names are v1, v2, …, but none that occurs in the tree
  std::set<std::string> taken;            // nor these
};
/// The tree as `body where v1 = …, v2 = …` with a name for each subtree that occurs more than once.
/// Subtrees that depend on the index of a sum stay inside it. Unchanged where nothing is shared.
Ast name_shared(const Ast& tree, const Sharing& sharing = {});

/// The tree itself if written out in full it has no more than `limit` nodes, else name_shared of it.
/// Throws std::length_error where that does not help either.
Ast bounded(const Ast& tree, std::int64_t limit = 20000);

}  // namespace adjoint::syntax

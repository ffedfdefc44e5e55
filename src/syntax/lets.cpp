#include "syntax/lets.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "syntax/build.hpp"

namespace adjoint::syntax {

namespace {

// A tree with names replaced, each node once.
class Replacing {
 public:
  std::unordered_map<std::string, Ast> values;

  Ast operator()(const Ast& tree) {
    if (tree->kind == Kind::Name) {
      const auto at = values.find(tree->text);
      return at == values.end() ? tree : at->second;
    }
    if (const auto at = done_.find(tree.get()); at != done_.end()) return at->second.second;
    Ast result;
    if (tree->kind == Kind::Let) {
      for (std::size_t k = 0; k < tree->names.size(); ++k)
        values.emplace(tree->names[k], (*this)(tree->args[k + 1]));
      result = (*this)(tree->args[0]);
    } else {
      std::vector<Ast> args;
      args.reserve(tree->args.size());
      for (const Ast& arg : tree->args) args.push_back((*this)(arg));
      result = tree;
      if (args != tree->args) {
        auto node = std::make_shared<Node>(*tree);
        node->args = std::move(args);
        result = std::move(node);
      }
    }
    done_.emplace(tree.get(), std::pair(tree, result));
    return result;
  }

 private:
  std::unordered_map<const Node*, std::pair<Ast, Ast>> done_;  // with the original, so that it stays alive
};

bool holds_index_sum(const Ast& tree) {
  return tree->kind == Kind::IndexSum || std::any_of(tree->args.begin(), tree->args.end(), holds_index_sum);
}

}  // namespace

Ast without_lets(const Ast& tree) { return Replacing()(tree); }

Ast without_single_uses(const Ast& let) {
  constexpr int kLong = 100;  // operations of a definition that stays one
  if (let->kind != Kind::Let) return let;
  std::unordered_map<std::string, int> uses;
  std::unordered_map<std::string, std::size_t> position;
  for (std::size_t k = 0; k < let->names.size(); ++k) position.emplace(let->names[k], k + 1);
  const std::function<void(const Ast&)> count = [&](const Ast& tree) {
    if (tree->kind == Kind::Name) {
      const auto at = position.find(tree->text);
      // A definition counts the names in it once it is used itself.
      if (at != position.end() && ++uses[tree->text] == 1) count(let->args[at->second]);
    }
    for (const Ast& arg : tree->args) count(arg);
  };
  count(let->args[0]);
  Replacing replace;
  std::vector<std::pair<std::string, Ast>> kept;
  for (std::size_t k = 0; k < let->names.size(); ++k) {
    const int used = uses[let->names[k]];
    if (used == 0) continue;
    Ast value = replace(let->args[k + 1]);
    if (used == 1 && operation_count(value) <= kLong && !holds_index_sum(value)) {
      replace.values.emplace(let->names[k], std::move(value));
    } else {
      kept.emplace_back(let->names[k], std::move(value));
    }
  }
  const Ast body = replace(let->args[0]);
  return kept.empty() ? body : syntax::let(body, std::move(kept));
}

Ast with_names(const Ast& let, const std::vector<std::string>& names) {
  if (let->kind != Kind::Let) return let;
  Replacing replace;
  std::vector<std::pair<std::string, Ast>> definitions;
  for (std::size_t k = 0; k < let->names.size(); ++k) {
    Ast value = replace(let->args[k + 1]);
    replace.values.emplace(let->names[k], with_type(name(names[k]), value->type));
    definitions.emplace_back(names[k], std::move(value));
  }
  return syntax::let(replace(let->args[0]), std::move(definitions));
}

}  // namespace adjoint::syntax

#include "syntax/tree.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "syntax/build.hpp"

namespace adjoint::syntax {

namespace {

std::size_t mix(std::size_t seed, std::size_t value) {
  return seed ^ (value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2));
}

std::size_t label_hash(const Node& node) {
  std::size_t seed = mix(static_cast<std::size_t>(node.kind) + 1, std::hash<std::string>{}(node.text));
  for (const std::string& bound : node.names) seed = mix(seed, std::hash<std::string>{}(bound));
  return seed;
}

bool same_type(const Node& a, const Node& b) {
  return a.typed == b.typed && a.type.rows == b.type.rows && a.type.columns == b.type.columns &&
         a.type.higher == b.type.higher;
}

/// Makes equal trees one node.
class Interner {
 public:
  explicit Interner(bool with_types) : with_types_(with_types) {}

  Ast operator()(const Ast& tree) {
    if (const auto hit = done_.find(tree.get()); hit != done_.end()) return hit->second;
    std::vector<Ast> args;
    args.reserve(tree->args.size());
    for (const Ast& arg : tree->args) args.push_back((*this)(arg));
    std::size_t key = label_hash(*tree);
    for (const Ast& arg : args) key = mix(key, std::hash<const Node*>{}(arg.get()));
    for (const Ast& other : by_hash_[key]) {
      if (other->kind == tree->kind && other->text == tree->text && other->names == tree->names &&
          other->args == args && (!with_types_ || same_type(*other, *tree))) {
        return remember(tree, other);
      }
    }
    Ast fresh = tree;
    if (args != tree->args) {
      auto node = std::make_shared<Node>(*tree);
      node->args = std::move(args);
      fresh = std::move(node);
    }
    by_hash_[key].push_back(fresh);
    return remember(tree, fresh);
  }

 private:
  Ast remember(const Ast& tree, const Ast& result) {
    alive_.push_back(tree);  // so that no later node takes its address
    done_.emplace(tree.get(), result);
    return result;
  }

  bool with_types_;
  std::vector<Ast> alive_;
  std::unordered_map<const Node*, Ast> done_;
  std::unordered_map<std::size_t, std::vector<Ast>> by_hash_;
};

using Names = std::set<std::string>;

/// Free names of nodes, each computed once.
class FreeNames {
 public:
  const Names& operator()(const Ast& tree) {
    if (const auto hit = known_.find(tree.get()); hit != known_.end()) return hit->second;
    Names names;
    if (tree->kind == Kind::Name) {
      names.insert(tree->text);
    } else if (tree->kind == Kind::IndexSum) {
      names = (*this)(tree->args[2]);
      names.erase(tree->text);
      add(names, tree->args[0]);
      add(names, tree->args[1]);
    } else if (tree->kind == Kind::Let) {
      names = (*this)(tree->args[0]);
      for (std::size_t k = tree->names.size(); k-- > 0;) {  // each value sees the names before it
        names.erase(tree->names[k]);
        add(names, tree->args[k + 1]);
      }
    } else {
      for (const Ast& arg : tree->args) add(names, arg);
    }
    alive_.push_back(tree);
    return known_.emplace(tree.get(), std::move(names)).first->second;
  }

 private:
  void add(Names& names, const Ast& tree) {
    const Names& more = (*this)(tree);
    names.insert(more.begin(), more.end());
  }
  std::vector<Ast> alive_;
  std::unordered_map<const Node*, Names> known_;
};

/// Calls visit once for each distinct node, operands first.
void for_each_node(const Ast& tree, std::set<const Node*>& seen,
                   const std::function<void(const Ast&)>& visit) {
  if (!seen.insert(tree.get()).second) return;
  for (const Ast& arg : tree->args) for_each_node(arg, seen, visit);
  visit(tree);
}
void for_each_node(const Ast& tree, const std::function<void(const Ast&)>& visit) {
  std::set<const Node*> seen;
  for_each_node(tree, seen, visit);
}

std::string fresh_name(const std::string& wish, const Names& taken) {
  std::string candidate = wish;
  for (int k = 1; taken.contains(candidate); ++k) candidate = wish + std::to_string(k);
  return candidate;
}

class Substituter {
 public:
  explicit Substituter(FreeNames& free) : free_(free) {}

  Ast operator()(const Ast& tree, const Substitution& map) {
    std::unordered_map<const Node*, Ast> done;
    return walk(tree, map, done);
  }

 private:
  using Done = std::unordered_map<const Node*, Ast>;

  Ast walk(const Ast& tree, const Substitution& map, Done& done) {
    if (const auto hit = done.find(tree.get()); hit != done.end()) return hit->second;
    const Names& names = free_(tree);
    const bool touched =
        std::any_of(map.begin(), map.end(), [&](const auto& m) { return names.contains(m.first); });
    Ast result = tree;
    if (touched) {
      if (tree->kind == Kind::Name) {
        result = map.find(tree->text)->second;
      } else {
        auto node = std::make_shared<Node>(*tree);
        if (tree->kind == Kind::IndexSum) {
          node->args[0] = walk(tree->args[0], map, done);
          node->args[1] = walk(tree->args[1], map, done);
          Substitution inner = map;
          node->text = bind(inner, tree->text, {tree->args[2]}, Type{});
          node->args[2] = (*this)(tree->args[2], inner);
        } else if (tree->kind == Kind::Let) {
          Substitution inner = map;
          for (std::size_t k = 0; k < tree->names.size(); ++k) {
            node->args[k + 1] = (*this)(tree->args[k + 1], inner);
            node->names[k] = bind(inner, tree->names[k], tree->args, tree->args[k + 1]->type);
          }
          node->args[0] = (*this)(tree->args[0], inner);
        } else {
          for (Ast& arg : node->args) arg = walk(arg, map, done);
        }
        result = std::move(node);
      }
    }
    done.emplace(tree.get(), result);
    return result;
  }

  /// Enters the scope of a bound name: drops its replacement, and renames it if a replacement would be
  /// captured.
  std::string bind(Substitution& map, const std::string& bound, const std::vector<Ast>& scope,
                   const Type& type) {
    map.erase(bound);
    Names incoming;
    for (const auto& [key, value] : map) {
      const Names& names = free_(value);
      incoming.insert(names.begin(), names.end());
    }
    if (!incoming.contains(bound)) return bound;
    for (const Ast& part : scope) {
      const Names& names = free_(part);
      incoming.insert(names.begin(), names.end());
    }
    const std::string renamed = fresh_name(bound, incoming);
    map[bound] = with_type(name(renamed), type);
    return renamed;
  }

  FreeNames& free_;
};

/// Names, numbers and + - * only: what may be a size or a subscript. `known` holds those among the operands.
bool is_polynomial(const Ast& tree, const std::set<const Node*>& known) {
  if (tree->kind == Kind::Number || tree->kind == Kind::Name) return true;
  const bool arithmetic =
      tree->kind == Kind::Negate ||
      (tree->kind == Kind::Binary && (tree->text == "+" || tree->text == "-" || tree->text == "*"));
  return arithmetic && std::all_of(tree->args.begin(), tree->args.end(),
                                   [&](const Ast& arg) { return known.contains(arg.get()); });
}

bool is_times(const Ast& tree) { return tree->kind == Kind::Binary && tree->text == "*"; }

bool may_be_named(const Ast& tree) {
  switch (tree->kind) {
    case Kind::Negate:
    case Kind::Transpose:
    case Kind::Binary:
    case Kind::Call:
    case Kind::Index:
    case Kind::IndexSum:
    case Kind::Block:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool equal(const Ast& a, const Ast& b) {
  Interner interner(false);
  return interner(a) == interner(b);
}

std::size_t hash(const Ast& tree) {
  std::unordered_map<const Node*, std::size_t> known;
  const std::function<std::size_t(const Ast&)> walk = [&](const Ast& node) {
    if (const auto hit = known.find(node.get()); hit != known.end()) return hit->second;
    std::size_t seed = label_hash(*node);
    for (const Ast& arg : node->args) seed = mix(seed, walk(arg));
    known.emplace(node.get(), seed);
    return seed;
  };
  return walk(tree);
}

std::set<std::string> free_names(const Ast& tree) { return FreeNames{}(tree); }

std::set<std::string> called_functions(const Ast& tree) {
  Names names;
  for_each_node(tree, [&](const Ast& node) {
    if (node->kind == Kind::Call) names.insert(node->text);
  });
  return names;
}

Ast substitute(const Ast& tree, const Substitution& replacements) {
  FreeNames free;
  return Substituter(free)(tree, replacements);
}

Ast intern(const Ast& tree) { return Interner(true)(tree); }

Ast name_shared(const Ast& tree, const Sharing& sharing) {
  const Ast root = intern(tree);
  std::unordered_map<const Node*, int> uses;
  std::set<const Node*> polynomials;
  std::set<const Node*> sizes;  // arguments and subscripts that may be sizes keep their names
  Names bound;
  Names taken = sharing.taken;
  for_each_node(root, [&](const Ast& node) {
    const bool chain = sharing.keep_chains && is_times(node) && is_times(node->args[0]);
    for (std::size_t k = 0; k < node->args.size(); ++k) {
      if (!(chain && k == 0)) ++uses[node->args[k].get()];
    }
    if (is_polynomial(node, polynomials)) polynomials.insert(node.get());
    if (node->kind == Kind::Call || node->kind == Kind::Index || node->kind == Kind::IndexSum ||
        node->kind == Kind::Range) {
      for (const Ast& arg : node->args) {
        if (polynomials.contains(arg.get())) sizes.insert(arg.get());
      }
    }
    if (node->kind == Kind::IndexSum) bound.insert(node->text);
    bound.insert(node->names.begin(), node->names.end());
    if (node->kind == Kind::Name || node->kind == Kind::Call) taken.insert(node->text);
  });
  taken.insert(bound.begin(), bound.end());

  FreeNames free;
  std::vector<std::pair<std::string, Ast>> definitions;
  std::unordered_map<const Node*, Ast> rebuilt;
  int counter = 0;
  for_each_node(root, [&](const Ast& node) {
    Ast result = node;
    std::vector<Ast> args;
    args.reserve(node->args.size());
    for (const Ast& arg : node->args) args.push_back(rebuilt.at(arg.get()));
    if (args != node->args) {
      auto copy = std::make_shared<Node>(*node);
      copy->args = std::move(args);
      result = std::move(copy);
    }
    const Names& names = free(node);
    const bool closed =
        std::none_of(bound.begin(), bound.end(), [&](const std::string& b) { return names.contains(b); });
    if (uses[node.get()] > 1 && may_be_named(node) && closed && !sizes.contains(node.get()) &&
        (!sharing.worth || sharing.worth(node))) {
      std::string title;
      do {
        title = sharing.prefix + std::to_string(++counter);
      } while (taken.contains(title));
      definitions.emplace_back(title, result);
      auto reference = std::make_shared<Node>(*name(title));
      reference->type = node->type;
      reference->typed = node->typed;
      result = std::move(reference);
    }
    rebuilt.emplace(node.get(), std::move(result));
  });
  if (definitions.empty()) return tree;
  return let(rebuilt.at(root.get()), std::move(definitions));
}

Ast bounded(const Ast& tree, std::int64_t limit) {
  if (tree_size(tree) <= limit) return tree;
  const Ast named = tree->kind == Kind::Let ? tree : name_shared(tree);
  constexpr std::int64_t kHopeless = 50;
  if (tree_size(named) > kHopeless * limit) {
    throw std::length_error("the formula is too long to be written out");
  }
  return named;
}

}  // namespace adjoint::syntax

#include "print/means.hpp"

#include <unordered_map>

#include "print/reader.hpp"
#include "print/reader_forge.hpp"
#include "syntax/tree.hpp"

namespace adjoint {

using syntax::Ast;

namespace {

// The mean that the sum, or a product of which it is a factor, is over `count`; or null.
Ast over_count(const Ast& tree, const Ast& count) {
  if (is_call(tree, "sum") && tree->kind == syntax::Kind::Call && !tree->args.empty()) {
    const syntax::Type& t = tree->args[0]->type;
    if (!t.higher.empty()) return nullptr;
    Size added = t.rows * t.columns;
    if (tree->args.size() == 2) added = is_number(tree->args[1], "1") ? t.rows : t.columns;
    if (!syntax::equal(size_tree(added), count)) return nullptr;
    syntax::Node mean = *tree;
    mean.text = "mean";
    return std::make_shared<const syntax::Node>(std::move(mean));
  }
  if (!is_binary(tree, "*") && !is_binary(tree, ".*")) return nullptr;
  for (const std::size_t k : {1U, 0U}) {
    const Ast part = over_count(tree->args[k], count);
    if (!part) continue;
    syntax::Node product = *tree;
    product.args[k] = part;
    return std::make_shared<const syntax::Node>(std::move(product));
  }
  return nullptr;
}

class Means {
 public:
  Ast of(const Ast& tree) {
    if (const auto at = done_.find(tree.get()); at != done_.end()) return at->second;
    Ast result = tree;
    syntax::Node changed = *tree;
    bool same = true;
    for (auto& a : changed.args) {
      const Ast inner = of(a);
      same = same && inner == a;
      a = inner;
    }
    if (!same) result = std::make_shared<const syntax::Node>(std::move(changed));
    if (is_binary(result, "/")) {
      if (const Ast mean = over_count(result->args[0], result->args[1])) result = mean;
    }
    done_.emplace(tree.get(), result);
    return result;
  }

 private:
  std::unordered_map<const syntax::Node*, Ast> done_;
};

}  // namespace

Ast with_means(const Ast& tree) { return tree ? Means().of(tree) : tree; }

}  // namespace adjoint

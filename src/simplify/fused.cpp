#include "simplify/fused.hpp"

#include <algorithm>

#include "ops/structure.hpp"

namespace adjoint {
namespace {

const Node* as_fuse(Expr e) { return e->kind == Kind::Apply && e->op->name == "fuse" ? e.get() : nullptr; }

std::size_t fused_axis(const Node& fuse) { return static_cast<std::size_t>(fuse.attributes.integers[0]); }

}  // namespace

Expr open_fused_axes(Expr product) {
  const Node& n = *product;
  if (n.kind != Kind::Product) return {};
  Graph& g = *n.graph;
  for (std::size_t l = 0; l < n.label_sizes.size(); ++l) {
    const auto label = static_cast<Label>(l);
    std::vector<std::size_t> holders;  // factors with this label
    const Node* pattern = nullptr;
    bool opens = true;
    for (std::size_t k = 0; k < n.factors.size() && opens; ++k) {
      const auto& f = n.factors[k];
      const auto count = std::count(f.labels.begin(), f.labels.end(), label);
      if (count == 0) continue;
      const Node* fuse = as_fuse(f.expr);
      opens = count == 1 && fuse != nullptr && f.labels[fused_axis(*fuse)] == label;
      if (!opens) break;
      const auto a = fused_axis(*fuse);
      if (pattern != nullptr) {
        const auto b = fused_axis(*pattern);
        opens = fuse->operands[0].shape()[a] == pattern->operands[0].shape()[b];
      }
      pattern = fuse;
      holders.push_back(k);
    }
    if (!opens || pattern == nullptr) continue;
    const auto in_output = std::count(n.output.begin(), n.output.end(), label);
    if (in_output > 1) continue;
    auto factors = n.factors;
    auto sizes = n.label_sizes;
    const auto b = fused_axis(*pattern);
    const auto first = static_cast<Label>(sizes.size());
    sizes.push_back(pattern->operands[0].shape()[b]);
    sizes.push_back(pattern->operands[0].shape()[b + 1]);
    for (const auto k : holders) {
      auto& f = factors[k];
      const auto at = static_cast<std::ptrdiff_t>(fused_axis(*as_fuse(f.expr)));
      f.labels[static_cast<std::size_t>(at)] = first;
      f.labels.insert(f.labels.begin() + at + 1, first + 1);
      f.expr = f.expr->operands[0];
    }
    if (in_output == 0) return g.product(n.coefficient, std::move(factors), n.output, std::move(sizes));
    if (n.factors.size() == 1) continue;  // a lone fuse stays outside as it is
    Labels output = n.output;
    const auto at = std::find(output.begin(), output.end(), label);
    const auto position = static_cast<int>(at - output.begin());
    *at = first;
    output.insert(at + 1, first + 1);
    return fuse(g.product(n.coefficient, std::move(factors), output, std::move(sizes)), position);
  }
  return {};
}

}  // namespace adjoint

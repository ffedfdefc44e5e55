#include "simplify/fused.hpp"

#include <algorithm>

#include "ops/elementwise.hpp"
#include "ops/record.hpp"
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

Expr lift_fused_axes(Expr expr) {
  const Node& n = *expr;
  Graph& g = *n.graph;
  const auto axis_of = [](const Node& f) { return static_cast<int>(fused_axis(f)); };
  if (n.kind == Kind::Power) {
    const Node* f = as_fuse(n.operands[0]);
    return f != nullptr ? fuse(g.power(f->operands[0], n.operands[1]), axis_of(*f)) : Expr();
  }
  if (n.kind == Kind::Apply && n.operands.size() == 1 && record_of(n).reading.value == Reading::Entrywise) {
    const Node* f = as_fuse(n.operands[0]);
    return f != nullptr ? fuse(g.apply(*n.op, {f->operands[0]}, n.attributes), axis_of(*f)) : Expr();
  }
  if (n.kind != Kind::Sum) return {};
  const Node* pattern = nullptr;
  for (const auto& t : n.terms) {
    if (const Node* f = as_fuse(t.expr)) pattern = f;
  }
  if (pattern == nullptr) return {};
  const auto axis = fused_axis(*pattern);
  const Shape& inner = pattern->operands[0].shape();
  std::vector<Term> terms;
  for (const auto& t : n.terms) {
    if (const Node* f = as_fuse(t.expr)) {
      if (fused_axis(*f) != axis || f->operands[0].shape() != inner) return {};
      terms.push_back({t.coefficient, f->operands[0]});
      continue;
    }
    // A term that does not depend on the fused axis is a broadcast along both of its parts.
    const Node& p = *t.expr;
    if (p.kind != Kind::Product) return {};
    const Label label = p.output[axis];
    if (std::count(p.output.begin(), p.output.end(), label) != 1) return {};
    for (const auto& factor : p.factors) {
      if (std::find(factor.labels.begin(), factor.labels.end(), label) != factor.labels.end()) return {};
    }
    auto sizes = p.label_sizes;
    Labels output = p.output;
    sizes[static_cast<std::size_t>(label)] = inner[axis];
    output.insert(output.begin() + static_cast<std::ptrdiff_t>(axis) + 1, static_cast<Label>(sizes.size()));
    sizes.push_back(inner[axis + 1]);
    terms.push_back({t.coefficient, g.product(p.coefficient, p.factors, output, sizes)});
  }
  return fuse(g.sum(terms), static_cast<int>(axis));
}

Expr merge_choices(Expr sum) {
  const Node& n = *sum;
  if (n.kind != Kind::Sum) return {};
  const auto as_choice = [](Expr e) {
    return e->kind == Kind::Apply && e->op->name == "select" ? e.get() : nullptr;
  };
  for (std::size_t a = 0; a < n.terms.size(); ++a) {
    const Node* first = as_choice(n.terms[a].expr);
    if (first == nullptr) continue;
    for (std::size_t b = a + 1; b < n.terms.size(); ++b) {
      const Node* second = as_choice(n.terms[b].expr);
      if (second == nullptr || !(first->operands[0] == second->operands[0])) continue;
      const Rational& p = n.terms[a].coefficient;
      const Rational& q = n.terms[b].coefficient;
      const Expr merged = select(first->operands[0], p * first->operands[1] + q * second->operands[1],
                                 p * first->operands[2] + q * second->operands[2]);
      std::vector<Term> terms{{1, merged}};
      for (std::size_t k = 0; k < n.terms.size(); ++k) {
        if (k != a && k != b) terms.push_back(n.terms[k]);
      }
      return n.graph->sum(terms);
    }
  }
  return {};
}

}  // namespace adjoint

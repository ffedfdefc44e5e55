// Sums: positive terms first, otherwise in the order in which they came to be, numbers last.
#include <algorithm>

#include "print/reader_state.hpp"

namespace adjoint {

using syntax::Ast;

namespace {

// A scalar repeated along all free axes.
bool is_broadcast(Expr e, const Roles& roles) {
  const Node& n = *e;
  if (n.kind != Kind::Product) return false;
  bool any = false;
  for (std::size_t k = 0; k < roles.size(); ++k) {
    if (!is_free(roles[k])) continue;
    any = true;
    if (std::count(n.output.begin(), n.output.end(), n.output[k]) != 1) return false;
    for (const auto& f : n.factors) {
      if (std::find(f.labels.begin(), f.labels.end(), n.output[k]) != f.labels.end()) return false;
    }
  }
  return any;
}

Roles without_free(Roles roles) {
  for (auto& r : roles) {
    if (is_free(r)) r = {Way::One, nullptr};
  }
  return roles;
}

}  // namespace

Ast Reader::read_broadcast(Expr e, const Roles& roles) {
  return is_broadcast(e, roles) ? read(e, without_free(roles)) : Ast();
}

Signed Reader::read_term(const Rational& number, Expr e, const Roles& roles) {
  if (e->kind == Kind::Product) return read_product(*e, number, roles);
  if (e->kind == Kind::Power && !number.is_one()) {
    Bundle items{item_of(e, roles, flipped(roles), nullptr)};
    const bool array = !items[0].chain[0].forward->type.is_scalar();
    return {number.is_negative(), array ? assemble(number.absolute(), {}, &items, true)
                                        : assemble(number.absolute(), items, nullptr, true)};
  }
  return {number.is_negative(), assemble(number.absolute(), {}, {read(e, roles), nullptr})};
}

Ast Reader::read_sum(const Node& n, const Roles& roles, bool negated) {
  struct Entry {
    bool negative;
    bool constant;
    Ast tree;
  };
  std::vector<Entry> entries;
  bool array =
      !std::any_of(roles.begin(), roles.end(), is_free);  // whether the shape is seen without ones(…)
  for (const auto& t : n.terms) array = array || !is_broadcast(t.expr, roles);
  for (const auto& t : n.terms) {
    const bool bare = array && is_broadcast(t.expr, roles);
    array = true;
    const Signed s =
        read_term(negated ? -t.coefficient : t.coefficient, t.expr, bare ? without_free(roles) : roles);
    const bool constant =
        t.expr->kind == Kind::Product && t.expr->factors.empty() && s.tree->type.is_scalar();
    entries.push_back({s.negative, constant, s.tree});
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.negative, a.constant) < std::pair(b.negative, b.constant);
  });
  if (entries[0].negative && negated) return nullptr;
  Ast sum = entries[0].negative ? forge.negate(entries[0].tree) : entries[0].tree;
  for (std::size_t k = 1; k < entries.size(); ++k) {
    sum = entries[k].negative ? forge.subtract(sum, entries[k].tree) : forge.add(sum, entries[k].tree);
  }
  return sum;
}

}  // namespace adjoint

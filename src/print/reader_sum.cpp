// Sums: positive terms first, otherwise in the order in which they came to be, numbers last.
#include <algorithm>

#include "ops/structure.hpp"
#include "ops/support.hpp"
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
    Bundle items{item_of(e, roles, flipped(roles), {})};
    const bool array = !items[0].chain[0].forward->type.is_scalar();
    return {number.is_negative(), array ? assemble(number.absolute(), {}, &items, true)
                                        : assemble(number.absolute(), items, nullptr, true)};
  }
  return {number.is_negative(), assemble(number.absolute(), {}, {read(e, roles), nullptr})};
}

// diag(x) + diag(y) = diag(x+y): two or more terms of a sum on the diagonal.
Expr Reader::merged_diagonals(const Node& n) {
  if (n.rank() != 2) return {};
  std::vector<Term> vectors;
  std::vector<Term> rest;
  for (const auto& t : n.terms) {
    const Node& e = *t.expr;
    if (e.kind == Kind::Product && e.output[0] == e.output[1] && !e.factors.empty()) {
      vectors.push_back(
          {t.coefficient, n.graph->product(e.coefficient, e.factors, {e.output[0]}, e.label_sizes)});
    } else {
      rest.push_back(t);
    }
  }
  if (vectors.size() < 2) return {};
  rest.push_back({1, diagonal_matrix(n.graph->sum(vectors))});
  const Expr merged = n.graph->sum(rest);
  return merged.get() == &n ? Expr() : merged;
}

// X[2:n,:] - X[1:n-1,:] = diff(X), [zeros; Z] - [Z; zeros] = diffT(Z).
Expr merged_differences(const Node& n) {
  const auto parts = [](Expr e, std::string_view op) {
    return e->kind == Kind::Apply && e->op->name == op && e->operands.size() <= 2 ? e.get() : nullptr;
  };
  for (std::size_t a = 0; a < n.terms.size(); ++a) {
    for (std::size_t b = 0; b < n.terms.size(); ++b) {
      if (a == b || !(n.terms[a].coefficient.absolute() == n.terms[b].coefficient.absolute())) continue;
      const bool opposite = n.terms[a].coefficient.is_negative() != n.terms[b].coefficient.is_negative();
      Expr difference;
      const Node* x = parts(n.terms[a].expr, "slice");
      const Node* y = parts(n.terms[b].expr, "slice");
      if (opposite && x != nullptr && y != nullptr && x->operands == y->operands &&
          x->attributes.integers == y->attributes.integers) {
        const int axis = axis_of(x->attributes);
        const Size whole = x->operands[0].shape()[static_cast<std::size_t>(axis)];
        const bool fits = x->attributes.sizes[0].is_one() && y->attributes.sizes[0].is_zero() &&
                          x->attributes.sizes[1] == whole - Size(1) &&
                          y->attributes.sizes[1] == whole - Size(1);
        if (fits) difference = diff(x->operands[0], axis);
      }
      x = parts(n.terms[a].expr, "concat");
      y = parts(n.terms[b].expr, "concat");
      if (x != nullptr && y != nullptr && x->attributes.integers == y->attributes.integers &&
          x->operands.size() == 2 && y->operands.size() == 2) {
        const int axis = axis_of(x->attributes);
        const auto is_edge = [axis](Expr e) {
          return is_zero(e) && e.shape()[static_cast<std::size_t>(axis)].is_one();
        };
        const bool fits = is_edge(x->operands[0]) && is_edge(y->operands[1]) &&
                          y->operands[0] == (opposite ? x->operands[1] : -x->operands[1]);
        if (fits) difference = diff_transpose(x->operands[1], axis);
      }
      if (!difference) continue;
      std::vector<Term> terms{{n.terms[a].coefficient, difference}};
      for (std::size_t k = 0; k < n.terms.size(); ++k) {
        if (k != a && k != b) terms.push_back(n.terms[k]);
      }
      return n.graph->sum(terms);
    }
  }
  return {};
}

Ast Reader::read_opposite(Expr sum, const Roles& roles) {
  Ast best = read_sum(*sum, roles, true);
  if (!best) return nullptr;
  if (std::any_of(roles.begin(), roles.end(), is_free)) {
    const Ast across = read_sum(*sum, flipped(roles), true);
    if (across) best = forge.least(best, forge.transpose(across));
  }
  if (roles.size() <= 2 &&
      std::any_of(roles.begin(), roles.end(), [](const AxisRole& r) { return r.way == Way::Bound; })) {
    const Ast whole = read_sum(*sum, natural(sum.rank()), true);
    if (whole) best = forge.least(best, seen(whole, roles));
  }
  return best;
}

Ast Reader::read_even(Expr e, const Roles& roles) {
  const Ast as_it_is = read(e, roles);
  if (e->kind != Kind::Sum || !as_it_is) return as_it_is;
  const Ast turned = read_opposite(e, roles);
  if (!turned) return as_it_is;
  const auto lead = [this](Ast a) {
    const bool array = !a->type.is_scalar();
    while (a->kind == syntax::Kind::Transpose || is_binary(a, "+") || is_binary(a, "-")) a = a->args[0];
    return array && a->type.is_scalar() ? -1 : forge.operations(a);
  };
  const bool better = forge.operations(turned) <= forge.operations(as_it_is) && lead(turned) > lead(as_it_is);
  return better ? turned : as_it_is;
}

Ast Reader::read_sum(const Node& n, const Roles& roles, bool negated) {
  if (!negated && n.terms.size() <= 40) {
    if (const Expr merged = merged_diagonals(n)) return read(merged, roles);
    if (const Expr merged = merged_differences(n)) return read(merged, roles);
  }
  struct Entry {
    bool negative;
    int last;  // 1: a scalar beside arrays, 2: a number
    Ast tree;
  };
  std::vector<Entry> entries;
  bool array =
      !std::any_of(roles.begin(), roles.end(), is_free);  // whether the shape is seen without ones(…)
  for (const auto& t : n.terms) array = array || !is_broadcast(t.expr, roles);
  for (const auto& t : n.terms) {
    const bool bare = array && is_broadcast(t.expr, roles);
    array = true;
    const Roles term_roles = bare ? without_free(roles) : roles;
    Signed s = read_term(negated ? -t.coefficient : t.coefficient, t.expr, term_roles);
    if (s.negative && t.expr->kind == Kind::Product) {  // ... - A'*(b-A*x) = ... + A'*(A*x-b)
      const Rational magnitude = (t.coefficient * t.expr->coefficient).absolute();
      const Ast turned = read_turned(*t.expr, magnitude, term_roles, false);
      if (turned && forge.operations(turned) <= forge.operations(s.tree)) s = {false, turned};
    }
    const bool constant =
        t.expr->kind == Kind::Product && t.expr->factors.empty() && s.tree->type.is_scalar();
    entries.push_back({s.negative, constant ? 2 : bare ? 1 : 0, s.tree});
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.negative, a.last) < std::pair(b.negative, b.last);
  });
  if (entries[0].negative && negated) return nullptr;
  Ast sum = entries[0].negative ? forge.negate(entries[0].tree) : entries[0].tree;
  for (std::size_t k = 1; k < entries.size(); ++k) {
    sum = entries[k].negative ? forge.subtract(sum, entries[k].tree) : forge.add(sum, entries[k].tree);
  }
  return sum;
}

}  // namespace adjoint

// Fused axes: vec, reshape, Kronecker products as they stand in an expression.
#include <algorithm>

#include "ops/record.hpp"
#include "ops/support.hpp"
#include "print/reader_pairs.hpp"

namespace adjoint {

using syntax::Ast;
using syntax::Type;

Expr unfused(Expr e, const Size& first, const Size& second) {
  Graph& g = e.graph();
  const Node& n = *e;
  if (n.rank() == 0) return e;
  if (n.rank() != 1) return {};
  const auto all = [&](const std::vector<Expr>& operands) {
    std::vector<Expr> matrices;
    for (const auto& o : operands) {
      matrices.push_back(unfused(o, first, second));
      if (!matrices.back()) return std::vector<Expr>{};
    }
    return matrices;
  };
  switch (n.kind) {
    case Kind::Sum: {
      std::vector<Term> terms;
      for (const auto& t : n.terms) {
        terms.push_back({t.coefficient, unfused(t.expr, first, second)});
        if (!terms.back().expr) return {};
      }
      return g.sum(terms);
    }
    case Kind::Power: {
      const Expr base = unfused(n.operands[0], first, second);
      return base ? g.power(base, n.operands[1]) : Expr();
    }
    case Kind::Product: {
      const Label l = n.output[0];
      std::vector<Factor> factors;
      for (const auto& f : n.factors) {
        if (std::find(f.labels.begin(), f.labels.end(), l) == f.labels.end()) {
          if (!f.labels.empty()) return {};
          factors.push_back(f);
          continue;
        }
        const Expr m = f.labels.size() == 1 ? unfused(f.expr, first, second) : Expr();
        if (!m) return {};
        factors.push_back({m, {0, 1}});
      }
      return g.product(n.coefficient, std::move(factors), {0, 1}, {first, second});
    }
    case Kind::Apply: {
      if (n.op->name == "fuse") {
        const Expr x = n.operands[0];
        return x.rank() == 2 && x.shape()[0] == first && x.shape()[1] == second ? x : Expr();
      }
      if (record_of(n).reading.value != Reading::Entrywise && n.op->name != "abstract_entrywise") return {};
      const auto operands = all(n.operands);
      return operands.empty() ? Expr() : g.apply(*n.op, operands, n.attributes);
    }
    case Kind::Variable:
    case Kind::Extent:
      break;
  }
  return {};
}

// vec of two axes; a matrix between fused pairs; else one column after the other.
Ast Reader::read_fuse(const Node& n, const Roles& roles) {
  const auto axis = static_cast<std::size_t>(axis_of(n.attributes));
  const Expr x = n.operands[0];
  Roles inner = roles;
  inner[axis] = row();
  inner.insert(inner.begin() + static_cast<std::ptrdiff_t>(axis) + 1, column());
  const auto others = std::count_if(roles.begin(), roles.end(), is_free) - (is_free(roles[axis]) ? 1 : 0);
  if (others == 0) {
    const Ast matrix = read(x, inner);
    if (!matrix) return nullptr;
    return seen(vec_tree(forge, matrix), {roles[axis]});
  }
  // Two free axes: rows and columns, each of one or two axes of the base.
  std::vector<std::vector<int>> groups;
  for (int k = 0; k < n.rank(); ++k) groups.push_back({k});
  Expr base(&n);
  while (base->kind == Kind::Apply && base->op->name == "fuse") {
    const int a = axis_of(base->attributes);
    const bool fits = std::all_of(groups.begin(), groups.end(), [a](const std::vector<int>& g) {
      return g.size() == 1 || std::find(g.begin(), g.end(), a) == g.end();
    });
    if (!fits) break;
    for (auto& g : groups) {
      for (auto& k : g) k += k > a ? 1 : 0;
      if (g == std::vector<int>{a}) g.push_back(a + 1);
    }
    base = base->operands[0];
  }
  Roles base_roles(static_cast<std::size_t>(base.rank()));
  Pairs pairs;
  bool turned = false;
  bool first = true;
  for (std::size_t k = 0; k < groups.size(); ++k) {
    if (!is_free(roles[k])) {
      if (groups[k].size() == 2) return read_entry(n, roles, k);
      base_roles[static_cast<std::size_t>(groups[k][0])] = roles[k];
      continue;
    }
    if (first) turned = roles[k].way == Way::Column;
    (first ? pairs.r : pairs.i) = groups[k][0];
    if (groups[k].size() == 2) (first ? pairs.s : pairs.j) = groups[k][1];
    first = false;
  }
  if (const Ast whole = read_pairs(base, base_roles, pairs)) return turned ? forge.transpose(whole) : whole;
  for (std::size_t k = 0; k < roles.size(); ++k) {
    if (k != axis && is_free(roles[k])) return read_by_index(Expr(&n), roles, k);
  }
  return nullptr;
}

// reshape of a vector; columns (s-1)*a+1 : s*a of what was an axis of length a*b.
Ast Reader::read_split(const Node& n, const Roles& roles) {
  const auto axis = static_cast<std::size_t>(axis_of(n.attributes));
  const Expr x = n.operands[0];
  const Size& first = n.attributes.sizes[0];
  const Size& second = n.attributes.sizes[1];
  if (n.rank() == 2) {
    const Expr matrix = unfused(x, first, second);
    if (matrix && matrix.rank() == 2) return read(matrix, roles);
  }
  const AxisRole& fast = roles[axis];
  const AxisRole& slow = roles[axis + 1];
  Roles inner = roles;
  inner.erase(inner.begin() + static_cast<std::ptrdiff_t>(axis) + 1);
  const auto before = [&](const Ast& index) {  // (s-1)*a
    return forge.multiply(forge.subtract(index, forge.number(1)), forge.size(first));
  };
  if (fast.way == Way::Bound && slow.way == Way::Bound) {
    inner[axis].index = forge.add(before(slow.index), fast.index);
    return read(x, inner);
  }
  const auto others = std::count_if(inner.begin(), inner.end(), is_free) - (is_free(inner[axis]) ? 1 : 0);
  if (is_free(fast) && slow.way == Way::Bound && others > 0) {
    Ast whole = read(x, inner);
    if (!whole) return nullptr;
    const Ast range = forge.range(forge.add(before(slow.index), forge.number(1)),
                                  forge.multiply(slow.index, forge.size(first)));
    const bool turned = whole->kind == syntax::Kind::Transpose;
    if (turned) whole = whole->args[0];
    const bool down = (fast.way == Way::Row) != turned;
    const Type& t = whole->type;
    const Ast cut = down ? forge.index(whole, range, forge.colon(), Type{first, t.columns, {}})
                         : forge.index(whole, forge.colon(), range, Type{t.rows, first, {}});
    return turned ? forge.transpose(cut) : cut;
  }
  if (others > 0) {
    for (std::size_t k = roles.size(); k-- > 0;) {
      if (is_free(roles[k])) return read_by_index(Expr(&n), roles, k);
    }
    return nullptr;
  }
  inner[axis] = row();
  Ast vector = read(x, inner);
  if (!vector) return nullptr;
  if (is_call(vector, "vec")) vector = vector->args[0];
  if (first.is_one() || second.is_one()) return seen(vector, {first.is_one() ? slow : fast});
  const Ast whole =
      forge.call("reshape", {vector, forge.size(first), forge.size(second)}, Type{first, second, {}});
  return seen(whole, {fast, slow});
}

}  // namespace adjoint

// Operations with a notation of their own: comparisons, abstract functions, slices, blocks, units.
#include <algorithm>

#include "ops/abstract.hpp"
#include "ops/record.hpp"
#include "ops/support.hpp"
#include "print/reader_state.hpp"

namespace adjoint {

using syntax::Ast;
using syntax::Type;

namespace {

std::string_view relation(Expr e) {
  if (e->kind != Kind::Apply) return "";
  if (e->op->name == "less") return "<";
  if (e->op->name == "less_equal") return "<=";
  if (e->op->name == "equal") return "==";
  return "";
}

}  // namespace

Ast Reader::read_special(const Node& n, const Roles& roles) {
  const auto name = n.op->name;
  if (name == "select" || !relation(Expr(&n)).empty()) return read_choice(n, roles);
  if (name == "elpow") {
    const auto args = entrywise_operands(n.operands, roles);
    return forge.make(syntax::Kind::Binary,
                      args[0]->type.is_scalar() && args[1]->type.is_scalar() ? "^" : ".^", args,
                      type_of(Expr(&n), roles));
  }
  if (name == "abstract_entrywise") return read_entrywise(n, roles, abstract_name(n));
  if (name == "abstract_vector") return read_abstract_vector(n, roles);
  if (name == "norm_p") {
    const Expr x = n.operands[0];
    if (x.rank() > 2) return forge.call("norm", {read_higher(x), read(n.operands[1], {})}, {});
    const Ast array = forge.least(read_even(x, natural(x.rank())), read_even(x, flipped(natural(x.rank()))));
    return forge.call("norm", {array, read(n.operands[1], {})}, {});
  }
  if (name == "slice") return read_slice(n, roles);
  if (name == "concat") return read_concat(n, roles);
  if (name == "fuse") return read_fuse(n, roles);
  if (name == "split") return read_split(n, roles);
  if (name == "unit") return seen(forge.unit(n.shape[0], forge.size(n.attributes.sizes[1])), roles);
  return read_entrywise(n, roles, name);
}

// where(a < b, x, y); a bare comparison counts 1 and 0.
Ast Reader::read_choice(const Node& n, const Roles& roles) {
  Graph& g = *n.graph;
  const Expr self(&n);
  const Expr condition = n.op->name == "select" ? n.operands[0] : self;
  std::vector<Expr> parts;
  std::string_view op = relation(condition);
  if (op.empty()) {
    op = "<";
    parts = {g.zeros(condition.shape()), condition};
  } else {
    parts = condition->operands;
  }
  const bool select = n.op->name == "select";
  parts.push_back(select ? n.operands[1] : g.ones(n.shape));
  parts.push_back(select ? n.operands[2] : g.zeros(n.shape));
  const auto trees = entrywise_operands(parts, roles);
  const Type t = type_of(self, roles);
  const Ast compare = forge.make(syntax::Kind::Compare, std::string(op), {trees[0], trees[1]}, t);
  return forge.call("where", {compare, trees[2], trees[3]}, t);
}

Ast Reader::indexed_array(const Ast& array, const Shape& shape, const Roles& roles) {
  std::vector<Ast> args{array};
  std::vector<Size> free;
  bool turned = false;
  for (std::size_t k = 0; k < roles.size(); ++k) {
    const auto& r = roles[k];
    args.push_back(is_free(r) ? forge.colon() : r.way == Way::One ? forge.number(1) : r.index);
    if (!is_free(r)) continue;
    if (free.empty()) turned = r.way == Way::Column;
    free.push_back(shape[k]);
  }
  Type t;
  if (!free.empty()) t.rows = free[0];
  if (free.size() > 1) t.columns = free[1];
  if (free.size() > 2) return nullptr;
  const Ast slice = forge.make(syntax::Kind::Index, "", std::move(args), t);
  return turned ? forge.transpose(slice) : slice;
}

Ast Reader::read_abstract_vector(const Node& n, const Roles& roles) {
  const Expr x = n.operands[0];
  const auto core = static_cast<std::size_t>(core_rank(n));
  Roles inner{row()};
  for (std::size_t k = core; k < roles.size(); ++k) inner.push_back(roles[k]);
  const Ast argument = read(x, inner);
  Type t;
  if (core > 2) {
    t.higher.assign(n.shape.begin(), n.shape.begin() + static_cast<std::ptrdiff_t>(core));
  } else {
    if (core > 0) t.rows = n.shape[0];
    if (core > 1) t.columns = n.shape[1];
  }
  const Ast whole = forge.call(abstract_name(n), {argument}, t);
  const Roles outer(roles.begin(), roles.begin() + static_cast<std::ptrdiff_t>(core));
  return core <= 2 ? seen(whole, outer) : indexed_array(whole, n.shape, outer);
}

// Slices along several axes are one index: X[2:n,1:p-1].
Ast Reader::read_slice(const Node& n, const Roles& roles) {
  std::vector<Ast> ranges(n.shape.size());
  Roles inner = roles;
  Expr base(&n);
  while (base->kind == Kind::Apply && base->op->name == "slice") {
    const auto axis = static_cast<std::size_t>(axis_of(base->attributes));
    if (ranges[axis]) break;
    const Size& start = base->attributes.sizes[0];
    const Size& length = base->attributes.sizes[1];
    if (inner[axis].way == Way::Bound) {
      if (!start.is_zero()) inner[axis].index = forge.add(inner[axis].index, forge.size(start));
      ranges[axis] = forge.colon();
    } else {
      ranges[axis] = forge.range(forge.size(start + Size(1)), forge.size(start + length));
    }
    base = base->operands[0];
  }
  // The base upright, then its free axes cut.
  std::vector<std::size_t> free;
  for (std::size_t k = 0; k < roles.size(); ++k) {
    // An axis cut to length 1 is there in the base.
    const bool cut_to_one = roles[k].way == Way::One && !base.shape()[k].is_one();
    if (!is_free(roles[k]) && !cut_to_one) continue;
    if (cut_to_one) {
      inner[k] = bound(ranges[k]);
      continue;
    }
    inner[k] = free.empty() ? row() : column();
    free.push_back(k);
  }
  Ast whole = read(base, inner);
  if (!whole || free.empty()) return whole;
  const bool turned = roles[free[0]].way == Way::Column;
  const auto subscript = [&](std::size_t k) { return ranges[k] ? ranges[k] : forge.colon(); };
  const bool all = std::all_of(free.begin(), free.end(),
                               [&](std::size_t k) { return subscript(k)->kind == syntax::Kind::Colon; });
  if (all) return turned ? forge.transpose(whole) : whole;
  Ast slice;
  if (free.size() == 1) {
    const bool flat = whole->kind == syntax::Kind::Transpose;
    if (flat) whole = whole->args[0];
    Type t;
    (whole->type.is_row() ? t.columns : t.rows) = n.shape[free[0]];
    slice = forge.make(syntax::Kind::Index, "", {whole, subscript(free[0])}, t);
    if (flat) slice = forge.transpose(slice);
  } else {
    slice = forge.index(whole, subscript(free[0]), subscript(free[1]),
                        Type{n.shape[free[0]], n.shape[free[1]], {}});
  }
  return turned ? forge.transpose(slice) : slice;
}

// An entry along an axis, of the whole.
Ast Reader::read_entry(const Node& n, const Roles& roles, std::size_t axis) {
  Roles upright = roles;
  upright[axis] = row();
  Roles rest{roles[axis]};
  for (std::size_t k = 0; k < roles.size(); ++k) {
    if (k == axis || !is_free(roles[k])) continue;
    if (rest.size() > 1) return read_by_index(Expr(&n), roles, k);  // a third axis
    upright[k] = column();
    rest.push_back(roles[k]);
  }
  if (is_open(Expr(&n), upright)) return read_parts(n, roles);
  const Ast whole = read(Expr(&n), upright);
  return whole ? seen(whole, rest) : nullptr;
}

// sum(j=1:n, p(j)*x_j) with what the map makes of the j-th basis vector: the least that can be said of a
// fused axis, of blocks, of an operation along an axis.
Ast Reader::read_parts(const Node& n, const Roles& roles) {
  const auto axis = static_cast<std::size_t>(axis_of(n.attributes));
  const AxisRole& role = roles[axis];
  const Size& whole = n.shape[axis];
  const auto at = [&](const Ast& column) {  // of a column, in place
    return role.way == Way::Bound ? forge.index(column, role.index) : column;
  };
  const auto part = [&](const Ast& column, Expr x, const Roles& inner) {
    const Ast tree = read(x, inner);
    if (!tree) return tree;
    return role.way == Way::Bound ? forge.scale(at(column), tree) : placed(column, role, tree);
  };
  Roles inner = roles;
  if (n.op->name == "fuse") {
    const Expr x = n.operands[0];
    const Size& first = x.shape()[axis];
    inner.insert(inner.begin() + static_cast<std::ptrdiff_t>(axis), AxisRole{});
    return summed_over(x.shape()[axis + 1], [&](const Ast& slow) {
      return summed_over(first, [&](const Ast& fast) {
        inner[axis] = bound(fast);
        inner[axis + 1] = bound(slow);
        const Ast before = forge.multiply(forge.subtract(slow, forge.number(1)), forge.size(first));
        return part(forge.unit(whole, forge.add(before, fast)), x, inner);
      });
    });
  }
  Ast sum;
  Size start;
  for (const auto& x : n.operands) {
    const Size& length = x.shape()[axis];
    const Ast term = summed_over(length, [&](const Ast& index) {
      inner[axis] = bound(index);
      if (n.op->name == "concat")
        return part(forge.unit(whole, start.is_zero() ? index : forge.add(forge.size(start), index)), x,
                    inner);
      const Ast image = forge.call(n.op->name, {forge.eye(length)}, Type{whole, length, {}});
      return part(forge.index(image, forge.colon(), index, Type{whole, Size(1), {}}), x, inner);
    });
    if (!term) return nullptr;
    sum = sum ? forge.add(sum, term) : term;
    start = start + length;
  }
  return sum;
}

Ast Reader::read_concat(const Node& n, const Roles& roles) {
  using syntax::Kind;
  const auto axis = static_cast<std::size_t>(axis_of(n.attributes));
  if (roles[axis].way == Way::Bound) {
    // An entry at a number lies in a part that is known, where the lengths before it are.
    std::int64_t at = 0;
    if (roles[axis].index->kind == Kind::Number) at = std::stoll(roles[axis].index->text);
    for (std::size_t k = 0; at > 0 && k < n.operands.size(); ++k) {
      const Expr part = n.operands[k];
      const auto length = part.shape()[axis].constant();
      if ((length && at <= *length) || k + 1 == n.operands.size()) {
        Roles inner = roles;
        inner[axis].index = forge.number(at);
        return read(part, inner);
      }
      if (!length) break;
      at -= *length;
    }
    return read_entry(n, roles, axis);
  }
  const bool vertical = roles[axis].way == Way::Row;
  const Type t = type_of(Expr(&n), roles);
  std::vector<std::vector<Ast>> rows;
  if (!vertical) rows.emplace_back();
  for (const auto& o : n.operands) {
    const Ast part = read(o, roles);
    if (!part) return nullptr;
    const bool flat = part->kind == Kind::Block && part->args.size() == 1;
    std::vector<Ast> entries = flat ? part->args[0]->args : std::vector<Ast>{part};
    if (vertical) {
      rows.push_back(std::move(entries));
    } else {
      rows[0].insert(rows[0].end(), entries.begin(), entries.end());
    }
  }
  std::vector<Ast> args;
  for (auto& r : rows) args.push_back(forge.make(Kind::Row, "", std::move(r), {}));
  return forge.make(Kind::Block, "", std::move(args), t);
}

Ast Reader::read_higher(Expr e) {
  const Node& n = *e;
  Type t;
  t.higher = n.shape;
  if (n.rank() == 0) return read(e, {});
  const auto plain = [&n](const Labels& labels) {
    for (std::size_t k = 0; k < labels.size(); ++k) {
      if (labels[k] != static_cast<Label>(k)) return false;
    }
    return static_cast<int>(labels.size()) == n.rank();
  };
  switch (n.kind) {
    case Kind::Variable:
      return forge.name(n.role == Role::Direction && !direction_name.empty() ? direction_name : n.name(), t);
    case Kind::Power: {
      const Ast base = read_higher(n.operands[0]);
      const Exponent exponent = exponent_of(n.operands[1]);
      if (!base) return nullptr;
      const Ast power = raise(base, exponent);
      return exponent.negative ? forge.divide(forge.number(1), power) : power;
    }
    case Kind::Sum: {
      Ast sum;
      for (const auto& term : n.terms) {
        const bool number = term.expr->kind == Kind::Product && term.expr->factors.empty();
        Ast tree = number ? forge.number(term.expr->coefficient) : read_higher(term.expr);
        if (!tree) return nullptr;
        if (!term.coefficient.absolute().is_one())
          tree = forge.scale(forge.number(term.coefficient.absolute()), tree);
        const bool negative = term.coefficient.is_negative();
        if (!sum) {
          sum = negative ? forge.negate(tree) : tree;
        } else {
          sum = negative ? forge.subtract(sum, tree) : forge.add(sum, tree);
        }
      }
      return sum;
    }
    case Kind::Product: {
      if (n.factors.empty() || !plain(n.output)) return nullptr;
      Bundle scalars;
      Bundle array;
      for (const auto& f : n.factors) {
        Item item;
        Expr base = f.expr;
        if (base->kind == Kind::Power) {
          item.exponent = exponent_of(base->operands[1]);
          base = base->operands[0];
        }
        const Ast tree = f.labels.empty() ? read(base, {}) : plain(f.labels) ? read_higher(base) : nullptr;
        if (!tree) return nullptr;
        item.chain = {{tree, tree}};
        (f.labels.empty() ? scalars : array).push_back(item);
      }
      if (array.empty()) return nullptr;
      const Ast tree = assemble(n.coefficient.absolute(), scalars, &array, true);
      return n.coefficient.is_negative() ? forge.negate(tree) : tree;
    }
    case Kind::Apply: {
      const bool abstract = n.op->name == "abstract_entrywise";
      if (record_of(n).reading.value != Reading::Entrywise && !abstract) return nullptr;
      std::vector<Ast> args;
      for (const auto& o : n.operands) {
        args.push_back(read_higher(o));
        if (!args.back()) return nullptr;
      }
      return forge.call(abstract ? abstract_name(n) : std::string(n.op->name), std::move(args), t);
    }
    case Kind::Extent:
      break;
  }
  return nullptr;
}

}  // namespace adjoint

// Subscripts as slices, unit vectors and named axes; blocks as concatenations.
#include <algorithm>

#include "notation/elaborator.hpp"
#include "ops/structure.hpp"

namespace adjoint::notation {

Elaborator::Value Elaborator::index(const Node& node) {
  const Meaning& m = typed_.meanings.at(&node);
  const Ast& array = node.args[0];
  const Value& v = value(array);
  const Type& t = array->type;
  std::vector<Size> sizes = t.higher.empty() ? std::vector<Size>{t.rows, t.columns} : t.higher;
  if (m.subscripts.size() == 1 && t.higher.empty()) sizes = {t.is_row() ? t.columns : t.rows};

  Expr e = v.expr;
  std::vector<Indexed> factors(1);
  Axes own, out;
  std::vector<int> batch = v.batch;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    if (sizes[k].is_one()) continue;  // no axis
    const Subscript& s = m.subscripts[k];
    const int position = static_cast<int>(own.size());
    const bool whole = s.start.is_one() && s.length == sizes[k];
    switch (s.kind) {
      case Subscript::Kind::All:
        own.push_back(graph_.axis(sizes[k]));
        out.push_back(own.back());
        break;
      case Subscript::Kind::Fixed:
        own.push_back(graph_.axis(sizes[k]));
        factors.push_back({unit(graph_, sizes[k], s.start), {own.back()}});
        break;
      case Subscript::Kind::Range:
        if (s.length.is_one()) {  // as one entry
          own.push_back(graph_.axis(sizes[k]));
          factors.push_back({unit(graph_, sizes[k], s.start), {own.back()}});
          break;
        }
        if (!whole) e = slice(e, position, s.start - Size(1), s.length);
        own.push_back(graph_.axis(s.length));
        out.push_back(own.back());
        break;
      case Subscript::Kind::Variable:
        if (!whole) e = slice(e, position, s.start - Size(1), s.length);
        own.push_back(axis(s.variable));
        batch = unite(batch, {s.variable});
        break;
      case Subscript::Kind::Block: {
        const Size& count = typed_.variables[static_cast<std::size_t>(s.variable)].length;
        if (!s.start.is_one() || !(s.length * count == sizes[k]))
          e = slice(e, position, s.start - Size(1), s.length * count);
        e = split(e, position, s.length, count);
        own.push_back(s.within < 0 ? graph_.axis(s.length) : axis(s.within));
        if (s.within < 0) out.push_back(own.back());
        own.push_back(axis(s.variable));
        batch = unite(batch, {s.variable});
        if (s.within >= 0) batch = unite(batch, {s.within});
        break;
      }
    }
  }
  factors[0] = {e, join(own, batch_axes(v.batch))};
  return {graph_.product(1, factors, join(out, batch_axes(batch))), batch};
}

// Parts side by side or one above the other. Each part gets the axis along which they are joined, if it lacks
// it.
Expr Elaborator::joined(const std::vector<Value>& parts, const std::vector<Type>& types, bool along_rows,
                        const Type& whole, const std::vector<int>& batch) {
  const bool other = along_rows ? !whole.columns.is_one() : !whole.rows.is_one();
  const int position = !along_rows && other ? 1 : 0;
  std::vector<Expr> exprs;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    Expr e = widen(parts[k], types[k], types[k], batch);
    if ((along_rows ? types[k].rows : types[k].columns).is_one()) {
      const Axes own = graph_.axes(e);
      Axes with = own;
      with.insert(with.begin() + position, graph_.axis(Size(1)));
      e = graph_.product(1, {{e, own}}, with);
    }
    exprs.push_back(e);
  }
  return concat(std::move(exprs), position);
}

Elaborator::Value Elaborator::block(const Node& node) {
  std::vector<int> batch;
  for (const auto& row : node.args) {
    for (const auto& e : row->args) batch = unite(batch, value(e).batch);
  }
  std::vector<Value> rows;
  std::vector<Type> types;
  for (const auto& row : node.args) {
    types.push_back(row->type);
    if (row->args.size() == 1) {
      rows.push_back(value(row->args[0]));
      continue;
    }
    std::vector<Value> parts;
    std::vector<Type> part_types;
    for (const auto& e : row->args) {
      parts.push_back(value(e));
      part_types.push_back(e->type);
    }
    rows.push_back({joined(parts, part_types, false, row->type, batch), batch});
  }
  if (rows.size() == 1) return rows[0];
  return {joined(rows, types, true, node.type, batch), batch};
}

}  // namespace adjoint::notation

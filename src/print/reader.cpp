#include "print/reader.hpp"

#include <algorithm>

#include "ops/support.hpp"
#include "print/code_forms.hpp"
#include "print/reader_state.hpp"
#include "syntax/tree.hpp"

namespace adjoint {

using syntax::Ast;
using syntax::Type;

Roles flipped(Roles roles) {
  for (auto& r : roles) {
    if (is_free(r)) r.way = r.way == Way::Row ? Way::Column : Way::Row;
  }
  return roles;
}

Roles natural(int rank) {
  Roles roles;
  if (rank > 0) roles.push_back(row());
  if (rank > 1) roles.push_back(column());
  return roles;
}

std::size_t Reader::KeyHash::operator()(const Key& k) const {
  std::size_t h = std::hash<const void*>{}(k.node);
  for (const auto& r : k.roles) {
    h = h * 1000003 ^ (static_cast<std::size_t>(r.way) + std::hash<const void*>{}(r.index.get()));
  }
  return h;
}

Reader::Reader(const ReadOptions& o, Expr root) : options(o), taken(o.taken) {
  for (const auto& e : topological(std::span(&root, 1))) {
    const auto take = [this](const Size& s) {
      for (auto& name : s.names()) taken.insert(std::move(name));
    };
    if (e->kind == Kind::Variable) {
      if (e->role == Role::Input) taken.insert(e->name());
      for (const auto& s : e.shape()) take(s);
    }
    if (e->kind == Kind::Extent) take(e->extent);
    for (const auto& s : e->attributes.sizes) take(s);
    if (e->kind == Kind::Apply && !e->attributes.name.empty()) taken.insert(e->attributes.name);
  }
}

Type Reader::type_of(Expr e, const Roles& roles) const {
  Type t;
  for (std::size_t k = 0; k < roles.size(); ++k) {
    if (roles[k].way == Way::Row) t.rows = e.shape()[k];
    if (roles[k].way == Way::Column) t.columns = e.shape()[k];
  }
  return t;
}

std::string Reader::fresh_name(std::string_view preferred) const {
  if (!taken.contains(preferred)) return std::string(preferred);
  for (int k = 1;; ++k) {
    std::string name = std::string(preferred) + std::to_string(k);
    if (!taken.contains(name)) return name;
  }
}

std::string Reader::fresh_index() {
  for (const char* name : {"i", "j", "k", "l", "m", "r", "s", "t"}) {
    const bool active = std::find(active_indices.begin(), active_indices.end(), name) != active_indices.end();
    if (!active && !taken.contains(std::string_view(name))) return name;
  }
  for (int k = 1;; ++k) {
    std::string name = "i" + std::to_string(k);
    const bool active = std::find(active_indices.begin(), active_indices.end(), name) != active_indices.end();
    if (!active && !taken.contains(name)) return name;
  }
}

Reader::Key Reader::key_of(Expr e, const Roles& given) {
  Roles roles = given;
  for (std::size_t k = 0; k < roles.size(); ++k) {
    if (e.shape()[k].is_one()) roles[k] = {Way::One, nullptr};
  }
  if (roles.size() >= 2 && roles[0].way == Way::Column && roles[1].way == Way::Row && is_symmetric(e)) {
    std::swap(roles[0], roles[1]);
  }
  return {e.get(), std::move(roles), 1, {}};
}

Ast Reader::read(Expr e, const Roles& given) {
  const Key key = key_of(e, given);
  if (const auto at = memo_.find(key); at != memo_.end()) return at->second;
  open_.insert(key);
  const Ast tree = read_freshly(e, key.roles);
  open_.erase(key);
  memo_.emplace(key, tree);
  return tree;
}

Ast Reader::read_freshly(Expr e, const Roles& roles) {
  const auto first_free = std::find_if(roles.begin(), roles.end(), is_free);
  const bool upright = first_free == roles.end() || first_free->way == Way::Row;
  if (e->kind == Kind::Apply || e->kind == Kind::Power) {
    for (std::size_t k = 0; k < roles.size(); ++k) {
      if (!is_free(roles[k]) || !needs_index(e, static_cast<int>(k))) continue;
      return read_by_index(e, roles, k);
    }
  }
  Ast best = direct(e, roles);
  const bool turns = e->kind == Kind::Sum || e->kind == Kind::Power || e->kind == Kind::Apply;
  if (turns && first_free != roles.end()) {
    const Ast turned = forge.transpose(direct(e, flipped(roles)));
    best = upright ? forge.least(best, turned) : forge.least(turned, best);
  }
  if (const Ast whole = read_indexed_whole(e, roles)) best = forge.least(best, whole);
  return best;
}

Ast Reader::direct(Expr e, const Roles& roles) {
  switch (e->kind) {
    case Kind::Variable:
      return read_variable(*e, roles);
    case Kind::Extent:
      return forge.size(e->extent);
    case Kind::Power:
      return read_power(e, roles);
    case Kind::Sum:
      return read_sum(*e, roles, false);
    case Kind::Apply:
      return read_apply(*e, roles);
    case Kind::Product:
      break;
  }
  const Signed s = read_product(*e, 1, roles);
  const Ast best = read_signed(s);
  return s.negative ? forge.least(best, read_turned(*e, e->coefficient.absolute(), roles, true)) : best;
}

Ast Reader::read_power(Expr e, const Roles& roles) {
  Bundle items{item_of(e, roles, flipped(roles), {})};
  if (items[0].chain[0].forward->type.is_scalar()) return assemble(1, items, nullptr, true);
  return assemble(1, {}, &items, true);
}

Ast Reader::seen(const Ast& whole, const Roles& roles) {
  std::vector<AxisRole> kept;
  for (const auto& r : roles) {
    if (r.way != Way::One) kept.push_back(r);
  }
  if (kept.empty()) return whole;
  if (kept.size() == 1) {
    if (kept[0].way == Way::Bound) return forge.index(whole, kept[0].index);
    return (kept[0].way == Way::Row) == whole->type.is_column() ? whole : forge.transpose(whole);
  }
  const auto& [a, b] = std::tie(kept[0], kept[1]);
  if (is_free(a) && is_free(b)) return a.way == Way::Row ? whole : forge.transpose(whole);
  // (X')[i,:] reads better as X[:,i]
  if (whole->kind == syntax::Kind::Transpose) return seen(whole->args[0], {b, a});
  const Type& t = whole->type;
  if (is_free(a)) {
    const Ast slice = forge.index(whole, forge.colon(), b.index, Type{t.rows, Size(1), {}});
    return a.way == Way::Row ? slice : forge.transpose(slice);
  }
  if (is_free(b)) {
    const Ast slice = forge.index(whole, a.index, forge.colon(), Type{Size(1), t.columns, {}});
    return b.way == Way::Column ? slice : forge.transpose(slice);
  }
  return forge.index(whole, a.index, b.index, {});
}

Ast Reader::read_variable(const Node& n, const Roles& roles) {
  const bool direction = n.role == Role::Direction;
  const Type* declared = nullptr;
  if (direction && options.direction != nullptr) {
    declared = options.direction;
  } else if (options.declared) {
    declared = options.declared(n.name());
  }
  Type t;
  if (n.rank() == 1 && declared != nullptr && declared->is_row()) {
    t.columns = n.shape[0];
  } else if (n.rank() <= 2) {
    if (n.rank() >= 1) t.rows = n.shape[0];
    if (n.rank() == 2) t.columns = n.shape[1];
  } else {
    t.higher = n.shape;
  }
  const Ast name = forge.name(direction && !direction_name.empty() ? direction_name : n.name(), t);
  if (n.rank() <= 2) return seen(name, roles);
  return indexed_array(name, n.shape, roles);
}

// f(x)[i] where f(x[i]) would be longer.
Ast Reader::read_indexed_whole(Expr e, const Roles& roles) {
  if (roles.empty() || roles.size() > 2 || e->kind == Kind::Variable) return nullptr;
  const auto is_bound = [](const AxisRole& r) { return r.way == Way::Bound; };
  if (std::none_of(roles.begin(), roles.end(), is_bound)) return nullptr;
  for (std::size_t k = 0; k < roles.size(); ++k) {
    if (needs_index(e, static_cast<int>(k))) return nullptr;
  }
  if (is_open(e, natural(e.rank()))) return nullptr;
  const Ast whole = read(e, natural(e.rank()));
  return whole ? seen(whole, roles) : nullptr;
}

Ast Reader::summed_over(const Size& length, const std::function<Ast(const Ast& index)>& body) {
  const std::string name = fresh_index();
  active_indices.push_back(name);
  const Ast term = body(forge.name(name, {}));
  active_indices.pop_back();
  return term ? forge.index_sum(name, length, term) : nullptr;
}

// unit(n,i) times the part of it that an axis bound at i leaves.
Ast Reader::placed(const Ast& unit, const AxisRole& role, const Ast& part) {
  if (!part) return nullptr;
  if (role.way == Way::Column) return forge.multiply(part, forge.transpose(unit));
  return part->type.is_row() ? forge.multiply(unit, part) : forge.multiply(part, unit);
}

Ast Reader::read_by_index(Expr e, const Roles& roles, std::size_t axis) {
  if (is_op(e, "fuse") && axis_of(e->attributes) == static_cast<int>(axis)) return read_parts(*e, roles);
  const std::string name = fresh_index();
  Roles inner = roles;
  inner[axis] = bound(forge.name(name, {}));
  active_indices.push_back(name);
  Ast body = read(e, inner);
  active_indices.pop_back();
  if (!body) return nullptr;
  body = placed(forge.unit(e.shape()[axis], inner[axis].index), roles[axis], body);
  return forge.index_sum(name, e.shape()[axis], body);
}

bool Reader::needs_index(Expr e, int axis) {
  const Node& n = *e;
  const auto a = static_cast<std::size_t>(axis);
  if (n.kind == Kind::Variable || n.kind == Kind::Extent) return n.rank() > 2 && axis >= 2;
  if (n.rank() == 0) return false;
  if (const auto at = needs_index_.find(&n); at != needs_index_.end()) return at->second[a];
  std::vector<bool> answer(static_cast<std::size_t>(n.rank()), false);
  for (std::size_t k = 0; k < answer.size(); ++k) {
    const auto ask = [&](Expr operand, std::size_t operand_axis) {
      answer[k] = answer[k] || needs_index(operand, static_cast<int>(operand_axis));
    };
    if (n.kind == Kind::Product) continue;  // products bind their own labels
    if (n.kind == Kind::Power) ask(n.operands[0], k);
    if (n.kind == Kind::Sum) {
      for (const auto& t : n.terms) ask(t.expr, k);
    }
    if (n.kind == Kind::Apply) answer[k] = apply_needs_index(n, k);
  }
  needs_index_.emplace(&n, answer);
  return answer[a];
}

Ast Reader::read_whole(Expr e, const Roles& roles) {
  if (!options.by_entries) return read(e, roles);
  Roles inner = roles;
  const std::function<Ast(std::size_t)> entries = [&](std::size_t axis) -> Ast {
    if (axis == roles.size()) return read(e, inner);
    const Size& length = e.shape()[axis];
    if (length.is_one()) return entries(axis + 1);
    return summed_over(length, [&](const Ast& index) {
      inner[axis] = bound(index);
      return placed(forge.unit(length, index), roles[axis], entries(axis + 1));
    });
  };
  return entries(0);
}

// A long tree names its shared parts: v1, v2, ...
Ast Reader::finished(const Ast& tree) const {
  if (!tree || forge.operations(tree) <= options.let_threshold) return tree;
  return syntax::name_shared(tree);
}

Ast read(Expr expr, const Type& type, const ReadOptions& options) {
  if (options.code) expr = print::for_code(expr);
  Reader reader(options, expr);
  Ast tree;
  if (!type.higher.empty() || expr.rank() > 2) {
    tree = reader.read_higher(expr);
  } else {
    Roles roles = natural(expr.rank());
    if (expr.rank() == 1 && type.is_row()) roles = {column()};
    tree = reader.read_whole(expr, roles);
  }
  return reader.finished(tree);
}

std::string map_argument(Expr body, Expr direction, const ReadOptions& options) {
  const Reader probe(options, body);
  std::string name = direction->name();
  for (const char* other : {"H", "U", "V", "W", "Z", "D"}) {
    if (!probe.taken.contains(name)) break;
    name = other;
  }
  return probe.fresh_name(name);
}

syntax::Map read_map(Expr body, const Type& type, Expr direction, const ReadOptions& options) {
  if (options.code) body = print::for_code(body);
  ReadOptions own = options;
  syntax::Map map;
  map.argument = map_argument(body, direction, options);
  own.taken.insert(map.argument);
  Reader reader(own, body);
  reader.direction_name = map.argument;
  if (!type.higher.empty() || body.rank() > 2) {
    map.body = reader.read_higher(body);
  } else {
    Roles roles = natural(body.rank());
    if (body.rank() == 1 && type.is_row()) roles = {column()};
    map.body = reader.read_whole(body, roles);
  }
  map.body = reader.finished(map.body);
  return map;
}

}  // namespace adjoint

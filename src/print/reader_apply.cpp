// Applications by the reading that their record names: calls, entrywise functions, reductions, maps along an
// axis.
#include <algorithm>

#include "ops/abstract.hpp"
#include "ops/record.hpp"
#include "ops/support.hpp"
#include "print/reader_state.hpp"

namespace adjoint {

using syntax::Ast;
using syntax::Type;

namespace {

// Some operations have a name of their own beside the function of the notation that stands for them.
std::string_view written(std::string_view operation) {
  if (operation == "maximum") return "max";
  if (operation == "minimum") return "min";
  if (operation == "norm_p") return "norm";
  return operation;
}

// The gradient of a reduction has the shape of its operand.
bool keeps_shape(const Node& reduction) {
  return reduction.rank() > 0 && reduction.rank() == reduction.operands[0].rank();
}

std::vector<Term> terms_of(Expr e) {
  if (e->kind == Kind::Sum) return e->terms;
  if (e->kind == Kind::Product && e->factors.size() == 1 && e->factors[0].expr->kind == Kind::Sum &&
      e->factors[0].labels == e->output) {
    std::vector<Term> terms = e->factors[0].expr->terms;
    for (auto& t : terms) t.coefficient = t.coefficient * e->coefficient;
    return terms;
  }
  return {{1, e}};
}

}  // namespace

Expr expansion(Expr e) {
  if (e->kind != Kind::Apply || record_of(*e).reading.value != Reading::Expand) return {};
  const Expr result = record_of(*e).expand.value(*e);
  return result == e ? Expr() : result;
}

int Reader::core_rank(const Node& n) const {
  if (n.op->name == "abstract_vector") return n.rank() - (n.operands[0].rank() - 1);
  int batch = 0;
  for (const auto& o : n.operands) batch = std::max(batch, o.rank() - 2);
  return n.rank() - batch;
}

bool Reader::apply_needs_index(const Node& n, std::size_t axis) {
  const auto a = static_cast<int>(axis);
  const auto& name = n.op->name;
  const auto ask = [this](Expr operand, int k) { return k < operand.rank() && needs_index(operand, k); };
  const bool any = std::any_of(n.operands.begin(), n.operands.end(), [&](Expr o) { return ask(o, a); });
  if (name == "abstract_vector") return a >= core_rank(n) || a >= 2;
  if (name == "split") return n.rank() >= 3 && (a == axis_of(n.attributes) + 1 || a >= 3);
  if (name == "fuse" || name == "unit") return false;
  switch (record_of(n).reading.value) {
    case Reading::Call:
      return a >= core_rank(n);
    case Reading::Reduction: {
      if (keeps_shape(n)) return any || a >= 2;
      const int along = axis_of(n.attributes);
      const int k = a < along ? a : a + 1;
      return k >= 2 || ask(n.operands[0], k);
    }
    case Reading::Along:
      return a >= 2 || any;
    case Reading::Expand: {
      const Expr e = expansion(Expr(&n));
      return e && needs_index(e, a);
    }
    case Reading::Entrywise:
    case Reading::Special:
      return any;
  }
  return any;
}

Ast Reader::read_apply(const Node& n, const Roles& roles) {
  const Record& record = record_of(n);
  switch (record.reading.value) {
    case Reading::Entrywise:
      if (const Ast softmax = read_softmax(n, roles)) return softmax;
      return read_entrywise(n, roles, written(n.op->name));
    case Reading::Call:
      return read_call(n, roles, written(n.op->name));
    case Reading::Reduction:
      return keeps_shape(n) ? read_reduction_gradient(n, roles) : read_reduction(n, roles);
    case Reading::Along:
      return read_along(n, roles);
    case Reading::Expand:
      if (const Expr e = expansion(Expr(&n))) return read(e, roles);
      return read_entrywise(n, roles, n.op->name);
    case Reading::Special:
      break;
  }
  return read_special(n, roles);
}

// Scalars among arrays stand bare, unless all operands are scalars.
std::vector<Ast> Reader::entrywise_operands(const std::vector<Expr>& operands, const Roles& roles) {
  std::vector<Ast> trees;
  bool array = !std::any_of(roles.begin(), roles.end(), is_free);
  for (const auto& o : operands) array = array || (o.rank() > 0 && !read_broadcast(o, roles));
  for (const auto& o : operands) {
    if (o.rank() == 0) {
      trees.push_back(read(o, {}));
      continue;
    }
    const Ast bare = array ? read_broadcast(o, roles) : Ast();
    array = true;
    trees.push_back(bare ? bare : read(o, roles));
  }
  return trees;
}

Ast Reader::read_entrywise(const Node& n, const Roles& roles, std::string_view name) {
  return forge.call(name, entrywise_operands(n.operands, roles), type_of(Expr(&n), roles));
}

Ast Reader::read_call(const Node& n, const Roles& roles, std::string_view name) {
  if (n.operands.empty()) return forge.name(name, {});
  const int core = core_rank(n);
  std::vector<Ast> args;
  for (const auto& o : n.operands) {
    Roles r = natural(std::min(o.rank(), 2));
    for (int k = 2; k < o.rank(); ++k) r.push_back(roles[static_cast<std::size_t>(core + k - 2)]);
    args.push_back(read(o, r));
    if (!args.back()) return nullptr;
  }
  Type t;
  if (core > 0) t.rows = n.shape[0];
  if (core > 1) t.columns = n.shape[1];
  const Ast whole = forge.call(name, std::move(args), t);
  return seen(whole, Roles(roles.begin(), roles.begin() + core));
}

// The gradient of a reduction: of all entries, or of each line along an axis by itself.
Ast Reader::read_reduction_gradient(const Node& n, const Roles& roles) {
  const int axis = axis_of(n.attributes);
  if (axis < 0) {
    if (std::any_of(roles.begin(), roles.end(), [](const AxisRole& r) { return r.way == Way::Bound; }))
      return seen(read(Expr(&n), natural(n.rank())), roles);
    return forge.call(n.op->name, {read(n.operands[0], roles)}, type_of(Expr(&n), roles));
  }
  const Way way = roles[static_cast<std::size_t>(axis)].way;
  if (way == Way::Bound) return read_entry(n, roles, static_cast<std::size_t>(axis));
  std::vector<Ast> args{read(n.operands[0], roles)};
  if (!args[0]) return nullptr;
  if (std::count_if(roles.begin(), roles.end(), is_free) > 1)
    args.push_back(forge.number(way == Way::Row ? 1 : 2));
  return forge.call(n.op->name, std::move(args), type_of(Expr(&n), roles));
}

Ast Reader::read_reduction(const Node& n, const Roles& roles) {
  const Expr x = n.operands[0];
  const auto name = written(n.op->name);
  const int axis = axis_of(n.attributes);
  const auto of_all = [&](const Ast& a) {
    if (name == "max" && is_call(a, "abs"))
      return forge.call("norm", {a->args[0], forge.name("inf", {})}, {});
    return forge.call(name, {a}, {});
  };
  if (axis < 0) {
    if (x.rank() > 2) {
      const Ast array = read_higher(x);
      return array ? of_all(array) : nullptr;
    }
    const Roles upright = natural(x.rank());
    if (name == "norm") return of_all(forge.least(read_even(x, upright), read_even(x, flipped(upright))));
    return of_all(forge.least(read(x, upright), read(x, flipped(upright))));
  }
  Roles inner = roles;
  const auto free = std::find_if(roles.begin(), roles.end(), is_free);
  const bool vector = free == roles.end();
  const bool across = !vector && free->way == Way::Row;  // the other axis runs down: along columns
  inner.insert(inner.begin() + axis, across ? column() : row());
  if (vector) {
    const Roles turned = flipped(inner);
    return of_all(forge.least(read(x, inner), read(x, turned)));
  }
  const Ast matrix = read(x, inner);
  if (!matrix) return nullptr;
  std::vector<Ast> args{matrix};
  if (name == "max" || name == "min") args.push_back(forge.make(syntax::Kind::Block, "", {}, {}));
  args.push_back(forge.number(across ? 2 : 1));
  return forge.call(name, std::move(args), type_of(Expr(&n), roles));
}

// An axis of length one is not there in the operand or in the result, and the other of the two has it.
Ast Reader::read_along(const Node& n, const Roles& roles) {
  const auto axis = static_cast<std::size_t>(axis_of(n.attributes));
  if (roles[axis].way == Way::Bound) return read_entry(n, roles, axis);
  Roles inner = roles;
  inner[axis] = row();
  auto other = std::find_if(inner.begin(), inner.end(), is_free);
  if (other == inner.begin() + static_cast<std::ptrdiff_t>(axis))
    other = std::find_if(other + 1, inner.end(), is_free);
  const bool vector = other == inner.end();
  if (!vector) {
    if (roles[axis].way != Way::One)
      inner[axis] = roles[axis];
    else if (other->way == Way::Row)
      inner[axis] = column();
  }
  std::vector<Ast> args{read(n.operands[0], inner)};
  if (!args[0]) return nullptr;
  const bool across = inner[axis].way == Way::Column;
  if (!vector && (across || n.operands[0].shape()[axis].is_one()))
    args.push_back(forge.number(across ? 2 : 1));
  if (vector && roles[axis].way == Way::Column) {  // written as a column
    return forge.transpose(forge.call(n.op->name, std::move(args), type_of(Expr(&n), inner)));
  }
  return forge.call(n.op->name, std::move(args), type_of(Expr(&n), roles));
}

// exp(x - logsumexp(x)), along an axis or of a vector.
Ast Reader::read_softmax(const Node& n, const Roles& roles) {
  if (n.op->name != "exp" || n.rank() == 0 || n.rank() > 2) return nullptr;
  const auto terms = terms_of(n.operands[0]);
  for (std::size_t k = 0; k < terms.size() && terms.size() > 1; ++k) {
    const Node& t = *terms[k].expr;
    if (t.kind != Kind::Product || t.factors.size() != 1) continue;
    const Node& lse = *t.factors[0].expr;
    if (!(terms[k].coefficient * t.coefficient == Rational(-1))) continue;
    if (lse.kind != Kind::Apply || lse.op->name != "logsumexp") continue;
    const Expr x = lse.operands[0];
    const int axis = axis_of(lse.attributes);
    if (x.shape() != n.shape || (n.rank() == 2 && axis < 0)) continue;
    if (axis >= 0) {  // logsumexp runs over the other axis only
      Labels expected = t.output;
      expected.erase(expected.begin() + axis);
      if (t.factors[0].labels != expected) continue;
    }
    auto rest = terms;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(k));
    if (!(n.graph->sum(rest) == x)) continue;
    const Way along = axis < 0 ? roles[0].way : roles[static_cast<std::size_t>(axis)].way;
    if (along == Way::Bound || along == Way::One) return nullptr;
    std::vector<Ast> args{read(x, roles)};
    const bool matrix = std::all_of(roles.begin(), roles.end(), is_free) && n.rank() == 2;
    if (matrix && along == Way::Column) args.push_back(forge.number(2));
    return forge.call("softmax", std::move(args), type_of(Expr(&n), roles));
  }
  return nullptr;
}

}  // namespace adjoint

#include "notation/elaborate.hpp"

#include <algorithm>
#include <cmath>

#include "notation/elaborator.hpp"
#include "ops/abstract.hpp"
#include "ops/elementwise.hpp"
#include "ops/structure.hpp"
#include "ops/surface_support.hpp"

namespace adjoint::notation {

using SyntaxKind = syntax::Kind;

std::optional<Expr> elaborate(const Typed& typed, Graph& graph, Diagnostics& errors,
                              std::vector<Written>* written) {
  Elaborator elaborator(typed, graph, errors);
  const auto value = elaborator.run();
  if (value && written != nullptr) *written = elaborator.written();
  return value;
}

std::optional<Expr> Elaborator::run() {
  find_inner_sums();
  find_order();
  return settle(nullptr);
}

std::optional<Expr> Elaborator::settle(const Naming* naming) {
  for (const auto& node : typed_.order) {
    if (inner_sum_[node.get()]) continue;
    try {
      Value v = elaborate(*node);
      if (naming != nullptr && named_[node.get()])
        v.expr = (*naming)(v.expr, v.batch.empty() ? &node->type : nullptr);
      values_[node.get()] = std::move(v);
    } catch (const std::exception& e) {
      errors_.error(node->place, e.what());
      return std::nullopt;
    }
  }
  return value(typed_.root).expr;
}

// A long sum is built at once: each partial sum by itself would cost quadratic time.
void Elaborator::find_inner_sums() {
  std::unordered_map<const Node*, int> uses;
  std::unordered_map<const Node*, const Node*> user;
  for (const auto& n : typed_.order) {
    const auto use = [&](const Ast& a) {
      ++uses[a.get()];
      user[a.get()] = n.get();
    };
    for (const auto& a : n->args) use(a);
    const Meaning& m = typed_.meaning(n);
    if (m.parameter) use(m.parameter);
    if (m.body) use(m.body);
  }
  for (const auto& n : typed_.order) {
    inner_sum_[n.get()] = n != typed_.root && is_sum(*n) && uses[n.get()] == 1 && is_sum(*user[n.get()]);
  }
}

Elaborator::Value Elaborator::elaborate(const Node& node) {
  switch (node.kind) {
    case SyntaxKind::Number: {
      const auto number = Rational::parse(node.text);
      if (!number || !std::isfinite(number->value()))
        throw std::runtime_error("the number `" + node.text + "` is out of range");
      return {graph_.number(*number), {}};
    }
    case SyntaxKind::Name:
      return name(node);
    case SyntaxKind::Negate:
      return negate(node);
    case SyntaxKind::Transpose:
      return transpose(node);
    case SyntaxKind::Binary:
      return binary(node);
    case SyntaxKind::Compare:
      return compare(node);
    case SyntaxKind::Call:
      return call(node);
    case SyntaxKind::Index:
      return index(node);
    case SyntaxKind::IndexSum:
      return index_sum(node);
    case SyntaxKind::Block:
      return block(node);
    case SyntaxKind::Row:
      return {};  // read by its block
    default:
      throw std::logic_error("a tree that is no expression");
  }
}

// ---- Axes ----

Axis Elaborator::axis(int variable) {
  const auto at = axes_.find(variable);
  if (at != axes_.end()) return at->second;
  return axes_.emplace(variable, graph_.axis(typed_.variables[static_cast<std::size_t>(variable)].length))
      .first->second;
}

Axes Elaborator::axes(const Type& type) {
  Axes out;
  std::vector<Size> sizes = type.higher.empty() ? std::vector<Size>{type.rows, type.columns} : type.higher;
  for (const auto& s : sizes) {
    if (!s.is_one()) out.push_back(graph_.axis(s));
  }
  return out;
}

Axes Elaborator::batch_axes(const std::vector<int>& batch) {
  Axes out;
  for (const int v : batch) out.push_back(axis(v));
  return out;
}

Axes Elaborator::join(Axes a, const Axes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<int> Elaborator::unite(const std::vector<int>& a, const std::vector<int>& b) {
  std::vector<int> out = a;
  for (const int v : b) {
    if (std::find(out.begin(), out.end(), v) == out.end()) out.push_back(v);
  }
  return out;
}

Expr Elaborator::widen(const Value& v, const Type& from, const Type& to, const std::vector<int>& batch) {
  const bool same_type = !from.is_scalar() || to.is_scalar();
  if (same_type && v.batch == batch) return v.expr;
  const Axes wide = axes(to);
  const Axes own = join(same_type ? wide : Axes{}, batch_axes(v.batch));
  return graph_.product(1, {{v.expr, own}}, join(wide, batch_axes(batch)));
}

// ---- Leaves and calls ----

namespace {
Expr constant(Graph& graph, std::string_view name) {
  for (const Record* r : records()) {
    if (r->name == name) return graph.apply(*r, {});
  }
  throw std::logic_error("no constant of this name");
}
}  // namespace

Expr Elaborator::variable(int symbol) {
  const auto [at, fresh] = variables_.emplace(symbol, Expr());
  if (!fresh) return at->second;
  if (const auto earlier = before_.find(symbol); earlier != before_.end()) {
    for (const int other : earlier->second) variable(other);
  }
  const Symbol& s = typed_.symbols[static_cast<std::size_t>(symbol)];
  Shape shape;
  for (const auto& a : axes(s.type)) shape.push_back(a.size);
  return variables_[symbol] = graph_.variable(s.name, shape, s.facts());
}

// The names among the factors of each product, in the order in which they were typed.
void Elaborator::find_order() {
  const auto symbol = [this](const Ast& node) {
    const auto at = node->kind == SyntaxKind::Name ? typed_.meanings.find(node.get()) : typed_.meanings.end();
    return at != typed_.meanings.end() && at->second.kind == Meaning::Kind::Variable ? at->second.symbol : -1;
  };
  std::unordered_map<const Node*, std::vector<int>> names;
  for (const auto& node : typed_.order) {
    if (node->kind != SyntaxKind::Binary || (node->text != "*" && node->text != ".*")) continue;
    auto& own = names[node.get()];
    for (const auto& side : node->args) {
      std::vector<int> theirs;
      if (const auto at = names.find(side.get()); at != names.end()) theirs = at->second;
      if (const int s = symbol(side); s >= 0) theirs.push_back(s);
      for (const int right : theirs) {
        for (const int left : own) {
          const auto& opposite = before_[left];
          if (left == right || std::count(opposite.begin(), opposite.end(), right) != 0) continue;
          auto& list = before_[right];
          if (std::count(list.begin(), list.end(), left) == 0) list.push_back(left);
        }
      }
      own.insert(own.end(), theirs.begin(), theirs.end());
    }
    if (own.size() > 8) own.clear();
  }
}

Elaborator::Value Elaborator::name(const Node& node) {
  const auto at = typed_.meanings.find(&node);
  if (at == typed_.meanings.end()) return {constant(graph_, node.text), {}};
  const Meaning& m = at->second;
  switch (m.kind) {
    case Meaning::Kind::Variable: {
      return {variable(m.symbol), {}};
    }
    case Meaning::Kind::SizeNumber:
      return {graph_.extent(m.size), {}};
    case Meaning::Kind::IndexNumber: {  // first, first+1, …
      const IndexVariable& v = typed_.variables[static_cast<std::size_t>(m.variable)];
      const Expr count = cumsum(graph_.ones({v.length}));
      return {count + graph_.extent(v.first - Size(1)), {m.variable}};
    }
    default:
      return m.kind == Meaning::Kind::Entry ? entry(m) : point(m);
  }
}

Elaborator::Value Elaborator::call(const Node& node) {
  const auto at = typed_.meanings.find(&node);
  const Meaning& m = at->second;
  if (m.kind == Meaning::Kind::Function) return keep(node, builtin(node, m));
  if (m.kind == Meaning::Kind::Entrywise) return mapped(node, m);
  if (m.kind == Meaning::Kind::Derivative) return derivative(node, m);
  return abstract(node, m);
}

Elaborator::Value Elaborator::abstract(const Node& node, const Meaning& m) {
  const Symbol& s = typed_.symbols[static_cast<std::size_t>(m.symbol)];
  const Value& a = value(node.args[0]);
  if (s.is_entrywise_function()) return {abstract_entrywise(s.name, m.order, a.expr), a.batch};
  std::optional<Size> value_size;
  if (!s.to.is_scalar()) value_size = s.to.rows;
  return {abstract_vector(s.name, m.order, value_size, a.expr), a.batch};
}

Elaborator::Value Elaborator::builtin(const Node& node, const Meaning& m) {
  const auto is_array = [](Pattern::Kind k) {
    return k == Pattern::Kind::Array || k == Pattern::Kind::Any || k == Pattern::Kind::Wide;
  };
  std::vector<int> batch;
  Type wide;
  for (std::size_t k = 0; k < node.args.size(); ++k) {
    if (!is_array(m.patterns[k])) continue;
    batch = unite(batch, value(node.args[k]).batch);
    if (m.patterns[k] == Pattern::Kind::Wide && wide.is_scalar()) wide = node.args[k]->type;
  }
  std::vector<Argument> arguments(node.args.size());
  for (std::size_t k = 0; k < node.args.size(); ++k) {
    Argument& a = arguments[k];
    const Ast& raw = node.args[k];
    if (!is_array(m.patterns[k])) {
      a.size = m.sizes[k];
      if (m.patterns[k] == Pattern::Kind::Literal)
        a.literal = static_cast<std::int64_t>(constant_value(raw).value_or(0));
      continue;
    }
    const Value& v = value(raw);
    a.type = raw->type;
    if (raw->type.is_scalar() && v.batch.empty()) {  // a constant stays one
      a.expr = v.expr;
    } else if (m.patterns[k] == Pattern::Kind::Wide) {
      a.expr = widen(v, raw->type, wide, batch);
      a.type = wide;
    } else {
      a.expr = widen(v, raw->type, raw->type, batch);
    }
  }
  const Expr result = m.overload->build(graph_, arguments, node.type);
  Shape expected;
  for (const auto& a : join(axes(node.type), batch_axes(batch))) expected.push_back(a.size);
  if (result.shape() != expected) {
    std::string text;
    for (const auto& s : result.shape()) text += (text.empty() ? "" : ",") + s.text();
    throw std::runtime_error("`" + node.text + "` gives (" + text + ") where " + shape_text(node.type) +
                             " is expected");
  }
  return {result, batch};
}

Elaborator::Value Elaborator::index_sum(const Node& node) {
  const Meaning& m = typed_.meanings.at(&node);
  const Ast& body = node.args[2];
  const Value& v = value(body);
  if (std::find(v.batch.begin(), v.batch.end(), m.variable) == v.batch.end()) {
    return {times(graph_.extent(typed_.variables[static_cast<std::size_t>(m.variable)].length), v.expr),
            v.batch};
  }
  std::vector<int> rest = v.batch;
  rest.erase(std::find(rest.begin(), rest.end(), m.variable));
  const Axes own = axes(node.type);
  return {graph_.product(1, {{v.expr, join(own, batch_axes(v.batch))}}, join(own, batch_axes(rest))), rest};
}

}  // namespace adjoint::notation

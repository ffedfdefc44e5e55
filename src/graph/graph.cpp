#include "graph/graph.hpp"

#include <algorithm>
#include <deque>
#include <unordered_set>

#include "graph/cache.hpp"
#include "graph/effort.hpp"

namespace adjoint {
namespace {

void mix(std::size_t& h, std::size_t v) { h ^= v + 0x9e3779b97f4a7c15ULL + (h << 6) + (h >> 2); }

std::size_t hash_of(const Node& n) {
  std::size_t h = static_cast<std::size_t>(n.kind) * 31 + static_cast<std::size_t>(n.role);
  mix(h, reinterpret_cast<std::size_t>(n.op));
  if (n.kind == Kind::Product) {
    mix(h, n.coefficient.hash());
    for (const auto& f : n.factors) {
      mix(h, f.expr->id);
      for (const auto l : f.labels) mix(h, static_cast<std::size_t>(l));
    }
    for (const auto l : n.output) mix(h, static_cast<std::size_t>(l) + 77);
    for (const auto& s : n.label_sizes) mix(h, s.hash());
    return h;
  }
  if (n.kind == Kind::Sum) {
    for (const auto& t : n.terms) {
      mix(h, t.coefficient.hash());
      mix(h, t.expr->id);
    }
    return h;
  }
  for (const auto& o : n.operands) mix(h, o->id);
  for (const auto i : n.attributes.integers) mix(h, static_cast<std::size_t>(i));
  for (const auto& s : n.attributes.sizes) mix(h, s.hash());
  mix(h, std::hash<std::string>{}(n.attributes.name));
  mix(h, n.extent.hash());
  if (n.kind == Kind::Variable) {
    for (const auto& s : n.shape) mix(h, s.hash());
  }
  return h;
}

bool same(const Node& a, const Node& b) {
  if (a.hash != b.hash || a.kind != b.kind || a.op != b.op || a.role != b.role) return false;
  switch (a.kind) {
    case Kind::Product:
      return a.coefficient == b.coefficient && a.factors == b.factors && a.output == b.output &&
             a.label_sizes == b.label_sizes;
    case Kind::Sum:
      return a.terms == b.terms;
    case Kind::Variable:
      return a.attributes == b.attributes && a.shape == b.shape && a.facts == b.facts;
    case Kind::Extent:
      return a.extent == b.extent;
    case Kind::Power:
    case Kind::Apply:
      return a.operands == b.operands && a.attributes == b.attributes;
  }
  return false;
}

struct ByHash {
  std::size_t operator()(const Node* n) const { return n->hash; }
};
struct BySame {
  bool operator()(const Node* a, const Node* b) const { return same(*a, *b); }
};

Signs signs_of(const Node& n) {
  Signs s = Signs::positive();
  if (n.coefficient.is_zero()) return Signs::zero();
  if (n.coefficient.is_negative()) s = Signs::negative();
  for (const auto& f : n.factors) s = multiply(s, f.expr->facts.signs);
  bool off_diagonal = false;
  for (std::size_t k = 0; k < n.output.size(); ++k) {
    off_diagonal |= std::find(n.output.begin(), n.output.begin() + static_cast<std::ptrdiff_t>(k),
                              n.output[k]) != n.output.begin() + static_cast<std::ptrdiff_t>(k);
  }
  const bool summed =
      n.label_sizes.size() > static_cast<std::size_t>(std::count_if(
                                 n.label_sizes.begin(), n.label_sizes.end(), [&n](const Size& size) {
                                   const auto l = static_cast<Label>(&size - n.label_sizes.data());
                                   return std::find(n.output.begin(), n.output.end(), l) != n.output.end();
                                 }));
  if (summed) {
    if (!s.is_nonnegative() && !s.is_nonpositive()) return Signs::any();
  }
  if (off_diagonal) s.possible |= Signs::kZero;
  return s;
}

// A sum of squares hides in x(i)*x(i) written as a power; odd powers keep the sign.
Signs signs_of_power(const Node& n) {
  const Signs base = n.operands[0]->facts.signs;
  const Rational* e = as_number(n.operands[1]);
  if (base.is_positive()) return Signs::positive();
  if (e == nullptr) return base.is_nonnegative() ? Signs::nonnegative() : Signs::any();
  if (e->is_even()) return base.is_nonzero() || e->is_negative() ? Signs::positive() : Signs::nonnegative();
  if (e->is_integer() && !base.is_nonnegative()) return base;
  if (e->is_integer() && !e->is_negative()) return base;
  // Non-integer powers are defined on the non-negative numbers only.
  return e->is_negative() ? Signs::positive() : Signs::nonnegative();
}

}  // namespace

struct Graph::Table {
  std::deque<Node> nodes;
  std::unordered_set<const Node*, ByHash, BySame> index;
};

Graph& Expr::graph() const { return *node_->graph; }
const Shape& Expr::shape() const { return node_->shape; }
int Expr::rank() const { return node_->rank(); }

Graph::Graph() : table_(std::make_unique<Table>()), cache_(std::make_unique<Cache>()) {}
Graph::~Graph() = default;

std::size_t Graph::size() const { return table_->nodes.size(); }

Expr Graph::intern(Node&& node) {
  node.graph = this;
  node.hash = hash_of(node);
  if (const auto at = table_->index.find(&node); at != table_->index.end()) return Expr(*at);
  node.id = static_cast<std::uint32_t>(table_->nodes.size());
  if (node.kind == Kind::Product) {
    for (const auto& f : node.factors) {
      if (std::find(node.operands.begin(), node.operands.end(), f.expr) == node.operands.end()) {
        node.operands.push_back(f.expr);
      }
    }
    node.facts.signs = signs_of(node);
  } else if (node.kind == Kind::Sum) {
    Signs s = Signs::zero();
    for (const auto& t : node.terms) {
      node.operands.push_back(t.expr);
      s = add(s, t.coefficient.is_negative() ? negate(t.expr->facts.signs) : t.expr->facts.signs);
    }
    node.facts.signs = s;
  } else if (node.kind == Kind::Power) {
    node.facts.signs = signs_of_power(node);
  } else if (node.kind == Kind::Extent) {
    node.facts.signs = Signs::positive();
  } else if (node.kind == Kind::Apply) {
    node.facts = node.op->facts(node.operands, node.attributes);
  }
  table_->nodes.push_back(std::move(node));
  const Node* stored = &table_->nodes.back();
  table_->index.insert(stored);
  return Expr(stored);
}

Expr Graph::variable(std::string_view name, const Shape& shape, const Facts& facts, Role role) {
  Node n;
  n.kind = Kind::Variable;
  n.role = role;
  n.attributes.name = std::string(name);
  n.shape = shape;
  n.facts = facts;
  return intern(std::move(n));
}

Expr Graph::number(const Rational& value) { return product(value, std::vector<Indexed>{}, {}); }

Expr Graph::extent(const Size& size) {
  if (const auto c = size.constant()) return number(*c);
  // Monomials become products of names, so that n*p/n cancels.
  if (size.terms().size() == 1) {
    const auto& [monomial, coefficient] = size.terms()[0];
    if (monomial.size() > 1 || coefficient != 1) {
      std::vector<Indexed> factors;
      for (const auto& name : monomial) factors.push_back({extent(Size::name(name)), {}});
      return product(coefficient, factors, {});
    }
  }
  Node n;
  n.kind = Kind::Extent;
  n.extent = size;
  return intern(std::move(n));
}

Expr Graph::zeros(const Shape& shape) {
  Axes out;
  for (const auto& s : shape) out.push_back(axis(s));
  return product(0, std::vector<Indexed>{}, out);
}

Expr Graph::ones(const Shape& shape) {
  Axes out;
  for (const auto& s : shape) out.push_back(axis(s));
  return product(1, std::vector<Indexed>{}, out);
}

Expr Graph::identity(const Size& size) {
  const Axis i = axis(size);
  return product(1, std::vector<Indexed>{}, {i, i});
}

Axes Graph::axes(Expr expr) {
  Axes out;
  for (const auto& s : expr.shape()) out.push_back(axis(s));
  return out;
}

Expr Graph::apply(const Operation& op, std::vector<Expr> operands, Attributes attributes) {
  spend(*this, 8);
  Shape shape = op.shape(operands, attributes);
  if (op.normal != nullptr) {
    if (const Expr simpler = op.normal(operands, attributes)) return simpler;
  }
  Node n;
  n.kind = Kind::Apply;
  n.op = &op;
  n.operands = std::move(operands);
  n.attributes = std::move(attributes);
  n.shape = std::move(shape);
  return intern(std::move(n));
}

}  // namespace adjoint

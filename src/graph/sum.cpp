// The normal form of a sum: nested sums opened, like terms collected, a common number in front
// where that leaves fewer numbers. A long nested sum stays a node, so that x(k+1) = x(k) + f(x(k)) does
// not copy all of its past into each of its layers; it is opened where a term of it meets an equal one.
#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "graph/effort.hpp"
#include "graph/graph.hpp"

namespace adjoint {
namespace {

bool is_identity(const Node& product) {
  if (product.factors.size() != 1 || product.factors[0].labels != product.output) return false;
  for (std::size_t k = 0; k < product.output.size(); ++k) {
    if (product.output[k] != static_cast<Label>(k)) return false;
  }
  return true;
}

// The expression as number * rest.
Term strip(Expr expr) {
  const Node& n = *expr;
  if (n.kind != Kind::Product || n.coefficient.is_one()) return {1, expr};
  if (n.coefficient.is_zero()) return {0, expr};
  if (is_identity(n)) return {n.coefficient, n.factors[0].expr};
  Node unit;
  unit.kind = Kind::Product;
  unit.coefficient = 1;
  unit.factors = n.factors;
  unit.output = n.output;
  unit.label_sizes = n.label_sizes;
  unit.shape = n.shape;
  return {n.coefficient, n.graph->intern(std::move(unit))};
}

bool is_constant(Expr expr) { return expr->kind == Kind::Product && expr->factors.empty(); }

int numbers_written(const std::vector<Term>& terms, const Rational& divisor) {
  return static_cast<int>(std::count_if(terms.begin(), terms.end(), [&divisor](const Term& t) {
    return !(t.coefficient / divisor).absolute().is_one() && !is_constant(t.expr);
  }));
}

// The number that is written in front of the whole sum: 2*a + 2*b = 2*(a + b), -a - b = -(a + b).
Rational content_of(const std::vector<Term>& terms) {
  Rational content = terms[0].coefficient;
  bool negative = true;
  for (const auto& t : terms) {
    if (!t.coefficient.exact()) return 1;
    content = gcd(content, t.coefficient);
    negative = negative && t.coefficient.is_negative();
  }
  if (!content.is_one() && numbers_written(terms, content) + 1 >= numbers_written(terms, 1)) content = 1;
  return negative ? -content : content;
}

constexpr std::size_t kShort = 8;  // sums of more terms stay nodes

// Which long sums to open: those that hold, at any depth, a node that is reached from another term too.
// Nodes are visited from the youngest on, and a sum is younger than its terms, so that the search ends as
// soon as the nodes of one term alone are left.
class Meetings {
 public:
  explicit Meetings(const std::vector<Term>& terms) : live_(terms.size(), 0) {
    for (std::size_t k = 0; k < terms.size(); ++k) reach(terms[k].expr, k);
    while (origins_ > 1) {
      const auto youngest = std::prev(frontier_.end());
      const auto [node, origin, common] = youngest->second;
      frontier_.erase(youngest);
      if (common) continue;
      leave(origin);
      if (node->kind != Kind::Sum) continue;
      for (const auto& t : node->terms) {
        holders_[t.expr.get()].push_back(node);
        reach(t.expr, origin);
      }
    }
  }

  [[nodiscard]] bool opens(Expr sum) const { return opened_.contains(sum.get()); }

 private:
  struct Reached {
    const Node* node;
    std::size_t origin;
    bool common;
  };

  void reach(Expr e, std::size_t origin) {
    const auto [at, fresh] = frontier_.emplace(e->id, Reached{e.get(), origin, false});
    if (fresh) {
      if (live_[origin]++ == 0) ++origins_;
    } else if (!at->second.common && at->second.origin != origin) {
      at->second.common = true;
      leave(at->second.origin);
    }
    if (at->second.common) open_holders(e.get());
  }

  void leave(std::size_t origin) {
    if (--live_[origin] == 0) --origins_;
  }

  void open_holders(const Node* node) {
    const auto at = holders_.find(node);
    if (at == holders_.end()) return;
    for (const Node* holder : at->second) {
      if (opened_.insert(holder).second) open_holders(holder);
    }
  }

  std::map<std::uint32_t, Reached> frontier_;
  std::vector<int> live_;  // nodes of the frontier by the term they come from
  std::size_t origins_ = 0;
  std::unordered_map<const Node*, std::vector<const Node*>> holders_;
  std::unordered_set<const Node*> opened_;
};

}  // namespace

Expr Graph::sum(const std::vector<Term>& terms) {
  if (terms.empty()) throw ShapeError("an empty sum has no shape");
  spend(*this, 8 + 8 * terms.size());
  const Shape shape = terms[0].expr.shape();
  std::vector<Term> flat;
  std::unordered_map<const Node*, std::size_t> position;
  const auto add = [&](const Rational& c, Expr e) {
    const auto [at, fresh] = position.emplace(e.get(), flat.size());
    if (fresh) {
      flat.push_back({c, e});
    } else {
      flat[at->second].coefficient = flat[at->second].coefficient + c;
    }
  };
  for (const auto& t : terms) {
    if (t.expr.shape() != shape) throw ShapeError("terms of a sum have different shapes");
    const Term stripped = strip(t.expr);
    const Rational c = t.coefficient * stripped.coefficient;
    if (c.is_zero()) continue;
    const Node& n = *stripped.expr;
    if (n.kind == Kind::Sum && n.terms.size() <= kShort) {
      for (const auto& inner : n.terms) add(c * inner.coefficient, inner.expr);
    } else {
      add(c, stripped.expr);
    }
  }
  const auto is_long = [](const Term& t) { return t.expr->kind == Kind::Sum && !t.coefficient.is_zero(); };
  if (flat.size() > 1 && std::any_of(flat.begin(), flat.end(), is_long)) {
    const Meetings meetings(flat);
    std::vector<Term> closed = std::move(flat);
    flat.clear();
    position.clear();
    while (!closed.empty()) {
      const Term t = closed.back();
      closed.pop_back();
      if (!meetings.opens(t.expr)) {
        add(t.coefficient, t.expr);
        continue;
      }
      for (const auto& inner : t.expr->terms) {
        closed.push_back({t.coefficient * inner.coefficient, inner.expr});
      }
    }
  }
  std::erase_if(flat, [](const Term& t) { return t.coefficient.is_zero(); });
  if (flat.empty()) return zeros(shape);
  const auto scaled = [this, &shape](const Rational& c, Expr e) {
    if (e->kind != Kind::Sum) {
      const Axes a = axes(e);
      return product(c, {{e, a}}, a);
    }
    Node n;  // c * (sum), which product() would distribute again
    n.kind = Kind::Product;
    n.coefficient = c;
    Labels labels;
    for (std::size_t k = 0; k < shape.size(); ++k) labels.push_back(static_cast<Label>(k));
    n.factors.push_back({e, labels});
    n.output = labels;
    n.label_sizes = shape;
    n.shape = shape;
    return intern(std::move(n));
  };
  if (flat.size() == 1 && flat[0].expr->kind == Kind::Sum) {
    if (flat[0].coefficient.is_one()) return flat[0].expr;
    std::vector<Term> inner = flat[0].expr->terms;
    for (auto& t : inner) t.coefficient = t.coefficient * flat[0].coefficient;
    return sum(inner);
  }
  if (flat.size() == 1) return scaled(flat[0].coefficient, flat[0].expr);
  std::sort(flat.begin(), flat.end(), [](const Term& a, const Term& b) { return a.expr->id < b.expr->id; });
  const Rational content = content_of(flat);
  if (!content.is_one()) {
    for (auto& t : flat) t.coefficient = t.coefficient / content;
  }
  Node n;
  n.kind = Kind::Sum;
  n.shape = shape;
  n.terms = std::move(flat);
  const Expr sum = intern(std::move(n));
  return content.is_one() ? sum : scaled(content, sum);
}

}  // namespace adjoint

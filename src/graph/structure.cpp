// Questions about nodes that every pass asks: transposes, symmetry, definiteness, dependence.
#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "graph/cache.hpp"
#include "graph/canonical.hpp"
#include "graph/effort.hpp"
#include "graph/graph.hpp"

namespace adjoint {

Expr permuted(Expr expr, const std::vector<int>& order) {
  bool identity = true;
  for (std::size_t k = 0; k < order.size(); ++k) identity = identity && order[k] == static_cast<int>(k);
  if (identity) return expr;
  Graph& g = expr.graph();
  if (expr->kind == Kind::Sum) {
    bool exchange = order[0] == 1 && order[1] == 0;  // of the first two axes
    for (std::size_t k = 2; k < order.size(); ++k) exchange = exchange && order[k] == static_cast<int>(k);
    std::vector<Term> terms;
    for (const auto& t : expr->terms) {
      const bool known = exchange && t.expr->kind == Kind::Sum;
      terms.push_back({t.coefficient, known ? transposed(t.expr) : permuted(t.expr, order)});
    }
    return g.sum(terms);
  }
  Labels labels;
  for (int k = 0; k < expr.rank(); ++k) labels.push_back(k);
  Labels output(order.begin(), order.end());
  return g.product(1, std::vector<Factor>{{expr, labels}}, output, expr.shape());
}

Expr transposed(Expr matrix) {
  if (matrix.rank() < 2) return matrix;
  if (matrix->facts.symmetric == Truth::Yes) return matrix;
  auto& cache = matrix.graph().cache().transposed;
  if (const auto at = cache.find(matrix.get()); at != cache.end()) return at->second;
  std::vector<int> order;
  for (int k = 0; k < matrix.rank(); ++k) order.push_back(k);
  std::swap(order[0], order[1]);
  const Expr result = permuted(matrix, order);
  cache.emplace(matrix.get(), result);
  cache.emplace(result.get(), matrix);
  return result;
}

bool is_symmetric(Expr matrix) {
  if (matrix.rank() < 2 || !(matrix.shape()[0] == matrix.shape()[1])) return false;
  if (matrix->facts.symmetric != Truth::Unknown) return matrix->facts.symmetric == Truth::Yes;
  if (matrix->kind == Kind::Variable || matrix->kind == Kind::Apply) return false;
  if (matrix->kind == Kind::Power) {
    const Exchange e = exchange_of(matrix);
    return e.first == 0 && e.second == 1 && !e.negative;
  }
  auto& cache = matrix.graph().cache().symmetric;
  if (const auto at = cache.find(matrix.get()); at != cache.end()) return at->second;
  const bool result = transposed(matrix) == matrix;
  cache.emplace(matrix.get(), result);
  return result;
}

namespace {
bool opposite(Expr a, Expr b) {
  return a->kind == Kind::Sum && b->kind == Kind::Sum &&
         std::equal(a->terms.begin(), a->terms.end(), b->terms.begin(), b->terms.end(),
                    [](const Term& s, const Term& t) {
                      return s.expr == t.expr && s.coefficient == -t.coefficient;
                    });
}
}  // namespace

// Of sums and their integer powers beside symmetric matrices: differences x(i) - x(j) of all pairs.
Exchange exchange_of(Expr e) {
  constexpr std::size_t kMostTerms = 6;
  const int rank = e.rank();
  if (rank < 2) return {};
  if (e->kind == Kind::Power) {
    if (is_symmetric(e->operands[0])) return {0, 1, false};
    const Rational* exponent = as_number(e->operands[1]);
    Exchange base = exponent != nullptr && exponent->is_integer() ? exchange_of(e->operands[0]) : Exchange{};
    base.negative = base.negative && !exponent->is_even();
    return base;
  }
  if (is_symmetric(e)) return {0, 1, false};
  if (e->kind != Kind::Sum || rank > 4 || e->terms.size() > kMostTerms) return {};
  auto& cache = e.graph().cache().exchanges;
  if (const auto at = cache.find(e.get()); at != cache.end()) return at->second;
  Exchange found;
  for (int a = 0; a < rank && found.first < 0; ++a) {
    for (int b = a + 1; b < rank && found.first < 0; ++b) {
      if (!(e.shape()[static_cast<std::size_t>(a)] == e.shape()[static_cast<std::size_t>(b)])) continue;
      std::vector<int> order(static_cast<std::size_t>(rank));
      std::iota(order.begin(), order.end(), 0);
      std::swap(order[static_cast<std::size_t>(a)], order[static_cast<std::size_t>(b)]);
      const Expr turned = permuted(e, order);
      if (turned == e || opposite(turned, e)) found = {a, b, !(turned == e)};
    }
  }
  cache.emplace(e.get(), found);
  return found;
}

namespace {

// A product is a congruence M' * C * M when walking in from both ends meets the same factors.
// Returns 0 (unknown), 1 (semi-definite), 2 (definite).
int congruence(const Node& n) {
  if (n.coefficient.is_negative() || n.coefficient.is_zero() || n.output.size() != 2) return 0;
  std::vector<bool> used(n.factors.size(), false);
  int level = 2;
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    if (!n.factors[k].labels.empty()) continue;
    used[k] = true;
    if (!n.factors[k].expr->facts.signs.is_nonnegative()) return 0;
    if (!n.factors[k].expr->facts.signs.is_positive()) level = 1;
  }
  Label left = n.output[0];
  Label right = n.output[1];
  const auto at = [&](Label l) {
    std::vector<std::size_t> found;
    for (std::size_t k = 0; k < n.factors.size(); ++k) {
      if (!used[k] &&
          std::find(n.factors[k].labels.begin(), n.factors[k].labels.end(), l) != n.factors[k].labels.end()) {
        found.push_back(k);
      }
    }
    return found;
  };
  for (;;) {
    if (left == right) {  // the weights at the meeting point must not be negative
      for (const auto k : at(left)) {
        if (n.factors[k].labels.size() != 1 || !n.factors[k].expr->facts.signs.is_nonnegative()) return 0;
        if (!n.factors[k].expr->facts.signs.is_positive()) level = 1;
        used[k] = true;
      }
      return std::find(used.begin(), used.end(), false) == used.end() ? level : 0;
    }
    const auto a = at(left);
    const auto b = at(right);
    if (a.size() == 1 && a == b) {  // one factor in the middle
      const Expr centre = n.factors[a[0]].expr;
      used[a[0]] = true;
      if (std::find(used.begin(), used.end(), false) != used.end()) return 0;
      if (is_definite(centre)) return level;
      return is_semidefinite(centre) ? 1 : 0;
    }
    if (a.empty() && b.empty()) {  // u*u': both ends are done
      return std::find(used.begin(), used.end(), false) == used.end() && left == n.output[0] ? 0 : 0;
    }
    if (a.size() != 1 || b.size() != 1 || n.factors[a[0]].expr != n.factors[b[0]].expr) return 0;
    const auto& fa = n.factors[a[0]];
    const auto& fb = n.factors[b[0]];
    used[a[0]] = used[b[0]] = true;
    level = 1;  // of unknown rank
    if (fa.labels.size() == 1) {
      return std::find(used.begin(), used.end(), false) == used.end() ? 1 : 0;
    }
    if (fa.labels.size() != 2) return 0;
    if (is_invertible(fa.expr)) level = 2;
    const auto slot_a = fa.labels[0] == left ? 0U : 1U;
    const auto slot_b = fb.labels[0] == right ? 0U : 1U;
    if (slot_a != slot_b && !is_symmetric(fa.expr)) return 0;
    left = fa.labels[1 - slot_a];
    right = fb.labels[1 - slot_b];
  }
}

int definiteness(Expr m) {
  if (m.rank() < 2) return 0;
  if (m->facts.definite == Truth::Yes) return 2;
  if (m->facts.semidefinite == Truth::Yes) return 1;
  if (m->kind != Kind::Product && m->kind != Kind::Sum) return 0;
  auto& cache = m.graph().cache().definiteness;
  if (const auto at = cache.find(m.get()); at != cache.end()) return at->second;
  int result = 0;
  if (m->kind == Kind::Product) {
    result = congruence(*m);
  } else {
    result = 1;
    int best = 0;
    for (const auto& t : m->terms) {
      const int d = t.coefficient.is_negative() ? 0 : definiteness(t.expr);
      result = std::min(result, d);
      best = std::max(best, d);
    }
    if (result == 1 && best == 2) result = 2;
  }
  cache.emplace(m.get(), result);
  return result;
}

}  // namespace

bool is_semidefinite(Expr matrix) { return definiteness(matrix) >= 1; }
bool is_definite(Expr matrix) { return definiteness(matrix) >= 2; }

bool is_diagonal(Expr m) {
  if (m.rank() < 2) return false;
  if (m->facts.diagonal == Truth::Yes) return true;
  if (m->kind == Kind::Power) {
    const Rational* e = as_number(m->operands[1]);
    return e != nullptr && Rational(0) < *e && is_diagonal(m->operands[0]);
  }
  if (m->kind == Kind::Product) {
    if (m->output[0] == m->output[1]) return true;
    return std::any_of(m->factors.begin(), m->factors.end(), [m](const Factor& f) {
      return f.labels.size() == 2 && is_diagonal(f.expr) &&
             ((f.labels[0] == m->output[0] && f.labels[1] == m->output[1]) ||
              (f.labels[1] == m->output[0] && f.labels[0] == m->output[1]));
    });
  }
  return m->kind == Kind::Sum &&
         std::all_of(m->terms.begin(), m->terms.end(), [](const Term& t) { return is_diagonal(t.expr); });
}

bool is_lower(Expr m) {
  if (m.rank() < 2) return false;
  if (m->facts.lower == Truth::Yes || is_diagonal(m)) return true;
  if (m->kind == Kind::Product) {
    return std::any_of(m->factors.begin(), m->factors.end(), [m](const Factor& f) {
      return f.labels.size() == 2 && f.labels[0] == m->output[0] && f.labels[1] == m->output[1] &&
             is_lower(f.expr);
    });
  }
  return m->kind == Kind::Sum &&
         std::all_of(m->terms.begin(), m->terms.end(), [](const Term& t) { return is_lower(t.expr); });
}

bool is_invertible(Expr m) { return m->facts.invertible == Truth::Yes || is_definite(m); }

bool is_zero(Expr expr) { return expr->kind == Kind::Product && expr->coefficient.is_zero(); }

const Rational* as_number(Expr expr) {
  if (expr->kind != Kind::Product || !expr->factors.empty() || !expr->shape.empty()) return nullptr;
  return &expr->coefficient;
}

bool depends_on(Expr expr, Expr variable) {
  std::unordered_set<const Node*> seen;
  std::vector<Expr> stack{expr};
  while (!stack.empty()) {
    const Expr e = stack.back();
    stack.pop_back();
    if (e == variable) return true;
    if (e->id <= variable->id || !seen.insert(e.get()).second) continue;
    for (const auto& o : e->operands) stack.push_back(o);
  }
  return false;
}

std::vector<Expr> topological(std::span<const Expr> roots) { return topological(roots, {}); }

std::vector<Expr> topological(std::span<const Expr> roots,
                              const std::unordered_map<const Node*, Expr>& known) {
  std::unordered_set<const Node*> seen;
  std::vector<Expr> found;
  std::vector<Expr> stack(roots.begin(), roots.end());
  while (!stack.empty()) {
    const Expr e = stack.back();
    stack.pop_back();
    if (known.contains(e.get()) || !seen.insert(e.get()).second) continue;
    found.push_back(e);
    for (const auto& o : e->operands) stack.push_back(o);
  }
  if (!found.empty()) spend(found[0].graph(), found.size());
  // Operands are created before their users.
  std::sort(found.begin(), found.end(), [](Expr a, Expr b) { return a->id < b->id; });
  return found;
}

Expr rebuild(Expr expr, std::span<const Expr> operands) {
  const Node& n = *expr;
  if (std::equal(operands.begin(), operands.end(), n.operands.begin(), n.operands.end())) return expr;
  Graph& g = *n.graph;
  const auto replaced = [&](Expr e) {
    const auto at = std::find(n.operands.begin(), n.operands.end(), e);
    return operands[static_cast<std::size_t>(at - n.operands.begin())];
  };
  switch (n.kind) {
    case Kind::Product: {
      std::vector<Factor> factors;
      for (const auto& f : n.factors) factors.push_back({replaced(f.expr), f.labels});
      return g.product(n.coefficient, std::move(factors), n.output, n.label_sizes);
    }
    case Kind::Sum: {
      std::vector<Term> terms;
      for (std::size_t k = 0; k < n.terms.size(); ++k) terms.push_back({n.terms[k].coefficient, operands[k]});
      return g.sum(terms);
    }
    case Kind::Power:
      return g.power(operands[0], operands[1]);
    case Kind::Apply:
      return g.apply(*n.op, {operands.begin(), operands.end()}, n.attributes);
    case Kind::Variable:
    case Kind::Extent:
      break;
  }
  return expr;
}

Expr substitute(Expr expr, std::span<const std::pair<Expr, Expr>> replacements) {
  std::unordered_map<const Node*, Expr> done;
  for (const auto& [from, to] : replacements) done.emplace(from.get(), to);
  for (const auto& e : topological(std::span(&expr, 1), done)) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    done.emplace(e.get(), rebuild(e, operands));
  }
  return done.at(expr.get());
}

}  // namespace adjoint

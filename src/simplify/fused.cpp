#include "simplify/fused.hpp"

#include <algorithm>
#include <optional>

#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/products.hpp"
#include "ops/record.hpp"
#include "ops/structure.hpp"

namespace adjoint {
namespace {

const Node* as_fuse(Expr e) { return e->kind == Kind::Apply && e->op->name == "fuse" ? e.get() : nullptr; }

std::size_t fused_axis(const Node& fuse) { return static_cast<std::size_t>(fuse.attributes.integers[0]); }

}  // namespace

Expr open_fused_axes(Expr product) {
  const Node& n = *product;
  if (n.kind != Kind::Product) return {};
  Graph& g = *n.graph;
  for (std::size_t l = 0; l < n.label_sizes.size(); ++l) {
    const auto label = static_cast<Label>(l);
    std::vector<std::size_t> holders;  // factors with this label
    const Node* pattern = nullptr;
    bool opens = true;
    for (std::size_t k = 0; k < n.factors.size() && opens; ++k) {
      const auto& f = n.factors[k];
      const auto count = std::count(f.labels.begin(), f.labels.end(), label);
      if (count == 0) continue;
      const Node* fuse = as_fuse(f.expr);
      opens = count == 1 && fuse != nullptr && f.labels[fused_axis(*fuse)] == label;
      if (!opens) break;
      const auto a = fused_axis(*fuse);
      if (pattern != nullptr) {
        const auto b = fused_axis(*pattern);
        opens = fuse->operands[0].shape()[a] == pattern->operands[0].shape()[b];
      }
      pattern = fuse;
      holders.push_back(k);
    }
    if (!opens || pattern == nullptr) continue;
    const auto in_output = std::count(n.output.begin(), n.output.end(), label);
    if (in_output > 1) continue;
    auto factors = n.factors;
    auto sizes = n.label_sizes;
    const auto b = fused_axis(*pattern);
    const auto first = static_cast<Label>(sizes.size());
    sizes.push_back(pattern->operands[0].shape()[b]);
    sizes.push_back(pattern->operands[0].shape()[b + 1]);
    for (const auto k : holders) {
      auto& f = factors[k];
      const auto at = static_cast<std::ptrdiff_t>(fused_axis(*as_fuse(f.expr)));
      f.labels[static_cast<std::size_t>(at)] = first;
      f.labels.insert(f.labels.begin() + at + 1, first + 1);
      f.expr = f.expr->operands[0];
    }
    if (in_output == 0) return g.product(n.coefficient, std::move(factors), n.output, std::move(sizes));
    if (n.factors.size() == 1) continue;  // a lone fuse stays outside as it is
    Labels output = n.output;
    const auto at = std::find(output.begin(), output.end(), label);
    const auto position = static_cast<int>(at - output.begin());
    *at = first;
    output.insert(at + 1, first + 1);
    return fuse(g.product(n.coefficient, std::move(factors), output, std::move(sizes)), position);
  }
  return {};
}

Expr lift_fused_axes(Expr expr) {
  const Node& n = *expr;
  Graph& g = *n.graph;
  const auto axis_of = [](const Node& f) { return static_cast<int>(fused_axis(f)); };
  if (n.kind == Kind::Power) {
    const Node* f = as_fuse(n.operands[0]);
    return f != nullptr ? fuse(g.power(f->operands[0], n.operands[1]), axis_of(*f)) : Expr();
  }
  if (n.kind == Kind::Apply && n.operands.size() == 1 && record_of(n).reading.value == Reading::Entrywise) {
    const Node* f = as_fuse(n.operands[0]);
    return f != nullptr ? fuse(g.apply(*n.op, {f->operands[0]}, n.attributes), axis_of(*f)) : Expr();
  }
  if (n.kind != Kind::Sum) return {};
  const Node* pattern = nullptr;
  for (const auto& t : n.terms) {
    if (const Node* f = as_fuse(t.expr)) pattern = f;
  }
  if (pattern == nullptr) return {};
  const auto axis = fused_axis(*pattern);
  const Shape& inner = pattern->operands[0].shape();
  std::vector<Term> terms;
  for (const auto& t : n.terms) {
    if (const Node* f = as_fuse(t.expr)) {
      if (fused_axis(*f) != axis || f->operands[0].shape() != inner) return {};
      terms.push_back({t.coefficient, f->operands[0]});
      continue;
    }
    // A term that does not depend on the fused axis is a broadcast along both of its parts.
    const Node& p = *t.expr;
    if (p.kind != Kind::Product) return {};
    const Label label = p.output[axis];
    if (std::count(p.output.begin(), p.output.end(), label) != 1) return {};
    for (const auto& factor : p.factors) {
      if (std::find(factor.labels.begin(), factor.labels.end(), label) != factor.labels.end()) return {};
    }
    auto sizes = p.label_sizes;
    Labels output = p.output;
    sizes[static_cast<std::size_t>(label)] = inner[axis];
    output.insert(output.begin() + static_cast<std::ptrdiff_t>(axis) + 1, static_cast<Label>(sizes.size()));
    sizes.push_back(inner[axis + 1]);
    terms.push_back({t.coefficient, g.product(p.coefficient, p.factors, output, sizes)});
  }
  return fuse(g.sum(terms), static_cast<int>(axis));
}

namespace {

// The A and B of kron(A,B): what fuses the rows and then the columns of an outer product.
std::optional<std::pair<Expr, Expr>> as_kron(Expr e) {
  const Node* columns = as_fuse(e);
  if (columns == nullptr || e.rank() != 2 || fused_axis(*columns) != 1) return std::nullopt;
  const Node* rows = as_fuse(columns->operands[0]);
  if (rows == nullptr || fused_axis(*rows) != 0) return std::nullopt;
  const Node& n = *rows->operands[0];  // axes: row of B, row of A, column of B, column of A
  if (n.kind != Kind::Product || n.rank() != 4) return std::nullopt;
  // Which labels hang together with an axis of A, and which with one of B.
  std::vector<int> side(n.label_sizes.size(), 0);
  const auto mark = [&](Label l, int who) { return side[static_cast<std::size_t>(l)] |= who; };
  for (const std::size_t k : {1U, 3U}) mark(n.output[k], 1);
  for (const std::size_t k : {0U, 2U}) mark(n.output[k], 2);
  for (std::size_t pass = 0; pass <= n.factors.size(); ++pass) {
    for (const auto& f : n.factors) {
      int who = 0;
      for (const auto l : f.labels) who |= mark(l, 0);
      for (const auto l : f.labels) mark(l, who);
    }
  }
  std::vector<Factor> a;
  std::vector<Factor> b;
  for (const auto& f : n.factors) {
    const int who = f.labels.empty() ? 1 : mark(f.labels[0], 0);
    if (who == 3) return std::nullopt;
    (who == 1 ? a : b).push_back(f);
  }
  Graph& g = *n.graph;
  if (std::any_of(side.begin(), side.end(), [](int who) { return who == 3; })) return std::nullopt;
  return std::pair(g.product(n.coefficient, std::move(a), {n.output[1], n.output[3]}, n.label_sizes),
                   g.product(1, std::move(b), {n.output[0], n.output[2]}, n.label_sizes));
}

bool is_square(Expr m) { return m.shape()[0] == m.shape()[1]; }

}  // namespace

// Magnus and Neudecker, Matrix Differential Calculus, chapter 2.
Expr open_kronecker(Expr e) {
  const Node& n = *e;
  if (n.kind != Kind::Apply || n.operands.size() != 1 || n.operands[0].rank() != 2) return {};
  const auto factors = as_kron(n.operands[0]);
  if (!factors) return {};
  const auto& [a, b] = *factors;
  Graph& g = *n.graph;
  const auto name = n.op->name;
  const bool square = is_square(a) && is_square(b);
  const Expr na = g.extent(a.shape()[0]);
  const Expr nb = g.extent(b.shape()[0]);
  if (name == "logdet" && square) return times(nb, logdet(a)) + times(na, logdet(b));
  if (name == "det" && square) return times(g.power(det(a), nb), g.power(det(b), na));
  if (name == "inv" && square) return kron(inv(a), inv(b));
  if (name == "pinv") return kron(pinv(a), pinv(b));
  if (name == "sqrtm" && is_semidefinite(a) && is_semidefinite(b)) return kron(sqrtm(a), sqrtm(b));
  if (name == "chol" && is_definite(a) && is_definite(b)) return kron(chol(a), chol(b));
  if (name == "normnuc") return times(normnuc(a), normnuc(b));
  if (name == "normop") return times(normop(a), normop(b));
  return {};
}

Expr merge_choices(Expr sum) {
  const Node& n = *sum;
  if (n.kind != Kind::Sum) return {};
  const auto as_choice = [](Expr e) {
    return e->kind == Kind::Apply && e->op->name == "select" ? e.get() : nullptr;
  };
  for (std::size_t a = 0; a < n.terms.size(); ++a) {
    const Node* first = as_choice(n.terms[a].expr);
    if (first == nullptr) continue;
    for (std::size_t b = a + 1; b < n.terms.size(); ++b) {
      const Node* second = as_choice(n.terms[b].expr);
      if (second == nullptr || !(first->operands[0] == second->operands[0])) continue;
      const Rational& p = n.terms[a].coefficient;
      const Rational& q = n.terms[b].coefficient;
      const Expr merged = select(first->operands[0], p * first->operands[1] + q * second->operands[1],
                                 p * first->operands[2] + q * second->operands[2]);
      std::vector<Term> terms{{1, merged}};
      for (std::size_t k = 0; k < n.terms.size(); ++k) {
        if (k != a && k != b) terms.push_back(n.terms[k]);
      }
      return n.graph->sum(terms);
    }
  }
  return {};
}

}  // namespace adjoint

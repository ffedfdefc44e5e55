#include "analysis/linear_rules.hpp"

#include <algorithm>

#include "analysis/supremum.hpp"
#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/record.hpp"
#include "ops/reductions.hpp"

namespace adjoint {
namespace {

// The part of a chain of factors that stands between the axis `from` and the axis `to`, if the chain is M'*M
// or M*M'.
Expr gram_factor(Expr m) {
  const Node& n = *m;
  if (n.kind != Kind::Product || n.output.size() != 2 || n.output[0] == n.output[1] || n.factors.size() < 2 ||
      n.factors.size() % 2 != 0)
    return {};
  if (!n.coefficient.is_one()) return {};
  // Walk from the first output axis through half of the factors.
  std::vector<bool> used(n.factors.size(), false);
  std::vector<Factor> half;
  Label at = n.output[0];
  for (std::size_t step = 0; step < n.factors.size() / 2; ++step) {
    bool moved = false;
    for (std::size_t k = 0; k < n.factors.size() && !moved; ++k) {
      const Factor& f = n.factors[k];
      if (used[k] || f.labels.size() != 2 || f.labels[0] == f.labels[1]) continue;
      if (f.labels[0] != at && f.labels[1] != at) continue;
      used[k] = true;
      half.push_back(f);
      at = f.labels[0] == at ? f.labels[1] : f.labels[0];
      moved = true;
    }
    if (!moved) return {};
  }
  const Expr root = n.graph->product(1, half, {n.output[0], at}, n.label_sizes);
  if (root.rank() != 2 || !(dot(root, transposed(root)) == m)) return {};
  return root;
}

}  // namespace

Expr matrix_norm(Expr m) {
  Graph& g = m.graph();
  if (m.rank() != 2) return norm(m);
  if (m->facts.orthogonal == Truth::Yes) return g.number(1);
  if (m->kind == Kind::Product) {
    if (m->output[0] == m->output[1]) {
      if (m->factors.empty()) return g.number(m->coefficient.absolute());
      const Expr d = diagonal_of(m);
      const Expr top = maximum(abs(d));
      const bool scalars =
          std::all_of(m->factors.begin(), m->factors.end(), [](const Factor& f) { return f.labels.empty(); });
      if (scalars) return magnitude(g.product(m->coefficient, m->factors, {}, {}));
      return top;
    }
    std::vector<Factor> scalars, rest;
    for (const auto& f : m->factors) (f.labels.empty() ? scalars : rest).push_back(f);
    if (!scalars.empty() || !m->coefficient.is_one()) {
      const Expr c = g.product(m->coefficient, scalars, {}, {});
      return times(magnitude(c), matrix_norm(g.product(1, rest, m->output, m->label_sizes)));
    }
    if (rest.size() == 1) return matrix_norm(rest[0].expr);  // a transpose
    if (const Expr root = gram_factor(m)) {
      // The shorter of M and M'.
      return square(matrix_norm(
          root->kind == Kind::Product && transposed(root)->id < root->id ? transposed(root) : root));
    }
    // Orthogonal factors at the ends of a chain do not count.
    if (rest.size() == 2) {
      for (const std::size_t k : {0U, 1U}) {
        if (rest[k].expr->facts.orthogonal == Truth::Yes && rest[1 - k].labels.size() == 2)
          return matrix_norm(rest[1 - k].expr);
      }
    }
  }
  return normop(m);
}

MapNorm map_norm(const Node& n, int operand) {
  Graph& g = *n.graph;
  const std::string_view name = n.op->name;
  const Expr one = g.number(1);
  const auto extent = [&](bool of_result) {
    const auto axis = static_cast<std::size_t>(n.attributes.integers.empty() ? 0 : n.attributes.integers[0]);
    return g.extent(of_result ? n.shape[axis] : n.operands[static_cast<std::size_t>(operand)].shape()[axis]);
  };
  for (const auto& isometry : {"slice", "concat", "fuse", "split", "tril", "triu", "select"}) {
    if (name == isometry) return {one, {}, ""};
  }
  if (name == "diff" || name == "diffT") {
    // diff'*diff has the eigenvalues 2 - 2*cos(k*pi/n), k = 0, ..., n-1 (Strang 1999, The discrete cosine
    // transform).
    const Expr size = name == "diff" ? extent(false) : extent(true);
    const Expr c = cos(divide(pi(g), size));
    return {sqrt(g.number(2) + Rational(2) * c), g.number(2),
            "differences: the largest singular value of diff, at most 2"};
  }
  if (name == "cumsum" || name == "cumsumT") {
    // The inverse is a difference with one free end: singular values 1/(2*sin((2k-1)*pi/(4n+2))).
    const Expr s = sin(divide(pi(g), Rational(4) * extent(false) + g.number(2)));
    return {
        Rational(1, 2) * power(s, Rational(-1)), {}, "cumulative sums: the largest singular value of cumsum"};
  }
  if (name == "lyap" && is_definite(n.operands[0])) {
    return {Rational(1, 2) * normop(inv(n.operands[0])), {}, "the Lyapunov equation: 1/(2*min(eigvals(S)))"};
  }
  return {};
}

Expr slope_of(const Node& n, Ranges& ranges) {
  Graph& g = *n.graph;
  const Record& record = record_of(n);
  if (n.op->name == "normnuc")
    return sqrt(g.extent(smaller(n.operands[0].shape()[0], n.operands[0].shape()[1])));
  if (n.op->name == "normop") return g.number(1);
  if (n.op->name == "norm_p") {  // |x|_p <= |x|_2 for p >= 2, and n^(1/p-1/2) |x|_2 below
    const Rational* p = as_number(n.operands[1]);
    Expr count = g.number(1);
    for (const auto& s : n.operands[0].shape()) count = times(count, g.extent(s));
    if (p == nullptr) {
      const bool is_norm = ranges.of(n.operands[1]).lower >= 1;
      if (!is_norm) return {};
      return max(g.number(1), g.power(count, power(n.operands[1], Rational(-1)) - g.number(Rational(1, 2))));
    }
    if (*p < Rational(1)) return {};
    if (!(*p < Rational(2))) return g.number(1);
    return power(count, Rational(1) / *p - Rational(1, 2));
  }
  const auto& slope = record.bounds.value.slope;
  if (!slope) return {};
  return g.number(rounded_up(*slope));
}

}  // namespace adjoint

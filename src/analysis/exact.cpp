#include "analysis/exact.hpp"

#include <algorithm>

#include "calculus/differentiate.hpp"
#include "ops/record.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

using Index = std::vector<std::int64_t>;
constexpr std::int64_t kMostEntries = 12;
constexpr std::int64_t kMostTerms = 4096;  // of one contraction

std::optional<Rational> of_product(const Node& n, const Index& index) {
  std::vector<std::int64_t> sizes, value(n.label_sizes.size(), -1);
  for (const auto& s : n.label_sizes) {
    const auto c = s.constant();
    if (!c) return std::nullopt;
    sizes.push_back(*c);
  }
  for (std::size_t k = 0; k < n.output.size(); ++k) {
    auto& at = value[static_cast<std::size_t>(n.output[k])];
    if (at >= 0 && at != index[k]) return Rational(0);  // off a diagonal
    at = index[k];
  }
  std::vector<std::size_t> summed;
  std::int64_t count = 1;
  for (std::size_t l = 0; l < value.size(); ++l) {
    if (value[l] >= 0) continue;
    summed.push_back(l);
    count *= sizes[l];
    value[l] = 0;
    if (count > kMostTerms) return std::nullopt;
  }
  Rational total(0);
  for (std::int64_t k = 0; k < count; ++k) {
    Rational term = n.coefficient;
    for (const auto& f : n.factors) {
      Index at;
      for (const auto l : f.labels) at.push_back(value[static_cast<std::size_t>(l)]);
      const auto e = exact_entry(f.expr, at);
      if (!e) return std::nullopt;
      term = term * *e;
    }
    total = total + term;
    for (const auto l : summed) {
      if (++value[l] < sizes[l]) break;
      value[l] = 0;
    }
  }
  return total;
}

// Index arithmetic, by what the record says of how it is computed.
std::optional<Rational> of_view(const Node& n, Index index) {
  const Lowering& by = record_of(n).lowering;
  const auto& a = n.attributes;
  if (is_view(by, "basis")) {
    const auto at = a.sizes[1].constant();
    return at ? std::optional(Rational(index[0] + 1 == *at ? 1 : 0)) : std::nullopt;
  }
  if (a.integers.empty()) return std::nullopt;
  const auto axis = static_cast<std::size_t>(a.integers[0]);
  if (is_view(by, "window")) {
    const auto start = a.sizes[0].constant();
    if (!start) return std::nullopt;
    index[axis] += *start;
    return exact_entry(n.operands[0], index);
  }
  if (is_view(by, "join")) {
    for (const auto& part : n.operands) {
      const auto length = part.shape()[axis].constant();
      if (!length) return std::nullopt;
      if (index[axis] < *length) return exact_entry(part, index);
      index[axis] -= *length;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Rational> exact_entry(Expr e, const Index& index) {
  const Node& n = *e;
  switch (n.kind) {
    case Kind::Sum: {
      Rational total(0);
      for (const auto& t : n.terms) {
        const auto v = exact_entry(t.expr, index);
        if (!v) return v;
        total = total + t.coefficient * *v;
      }
      return total;
    }
    case Kind::Product:
      return of_product(n, index);
    case Kind::Extent: {
      const auto c = n.extent.constant();
      return c ? std::optional(Rational(*c)) : std::nullopt;
    }
    case Kind::Apply:
      return of_view(n, index);
    case Kind::Power:
    case Kind::Variable:
      break;
  }
  return std::nullopt;
}

std::optional<NumberMatrix> exact_hessian(Expr f, Expr variable) {
  std::int64_t entries = 1;
  std::vector<std::int64_t> sizes;
  for (const auto& s : variable.shape()) {
    const auto c = s.constant();
    if (!c || *c > kMostEntries) return std::nullopt;
    sizes.push_back(*c);
    entries *= *c;
  }
  if (entries > kMostEntries || f.rank() != 0) return std::nullopt;
  Expr h;
  try {
    h = simplify(jacobian(simplify(gradient(f, variable)), variable));
  } catch (const NoDerivative&) {
    return std::nullopt;
  }
  if (depends_on(h, variable)) return std::nullopt;
  const auto at = [&](std::int64_t k) {
    Index index(sizes.size());
    for (std::size_t a = sizes.size(); a-- > 0;) {
      index[a] = k % sizes[a];
      k /= sizes[a];
    }
    return index;
  };
  NumberMatrix m(static_cast<std::size_t>(entries), std::vector<Rational>(static_cast<std::size_t>(entries)));
  for (std::int64_t i = 0; i < entries; ++i) {
    for (std::int64_t j = 0; j < entries; ++j) {
      Index index = at(i);
      const Index right = at(j);
      index.insert(index.end(), right.begin(), right.end());
      const auto v = exact_entry(h, index);
      if (!v || !v->exact()) return std::nullopt;
      m[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] = *v;
    }
  }
  return m;
}

bool is_semidefinite(NumberMatrix m, const Rational& shift) {
  for (std::size_t k = 0; k < m.size(); ++k) m[k][k] = m[k][k] + shift;
  for (std::size_t k = 0; k < m.size(); ++k) {
    if (m[k][k].is_negative() || !m[k][k].exact()) return false;
    for (std::size_t i = k + 1; i < m.size(); ++i) {
      if (m[k][k].is_zero()) {
        if (!m[i][k].is_zero()) return false;
        continue;
      }
      const Rational f = m[i][k] / m[k][k];
      for (std::size_t j = k; j < m.size(); ++j) m[i][j] = m[i][j] - f * m[k][j];
    }
  }
  return true;
}

std::optional<Rational> spectral_norm_bound(const NumberMatrix& m) {
  NumberMatrix turned = m;
  Rational low(0), high(0);
  for (std::size_t i = 0; i < m.size(); ++i) {
    Rational row(0);  // Gershgorin
    for (std::size_t j = 0; j < m.size(); ++j) {
      turned[i][j] = -m[i][j];
      row = row + m[i][j].absolute();
    }
    high = high < row ? row : high;
    const Rational d = m[i][i].absolute();
    low = low < d ? d : low;
  }
  const auto bounds = [&](const Rational& r) { return is_semidefinite(turned, r) && is_semidefinite(m, r); };
  if (!bounds(high)) return std::nullopt;
  if (bounds(low)) return low;
  for (int step = 0; step < 24; ++step) {
    const Rational middle = (low + high) / Rational(2);
    (bounds(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace adjoint

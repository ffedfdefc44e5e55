#include "simplify/joins.hpp"

#include <algorithm>
#include <map>

#include "ops/structure.hpp"
#include "ops/support.hpp"

namespace adjoint {
namespace {

bool views(const Node& n, std::string_view code) {
  return n.kind == Kind::Apply && is_view(record_of(n).lowering.value, code);
}

std::size_t axis_of_view(const Node& n) { return static_cast<std::size_t>(axis_of(n.attributes)); }

// A term as a join of parts, numbers and scalars in front moved into them.
struct Joined {
  std::size_t axis = 0;
  std::vector<Expr> parts;  // none: no join
};

int nonzero(const std::vector<Expr>& parts) {
  return static_cast<int>(std::count_if(parts.begin(), parts.end(), [](Expr p) { return !is_zero(p); }));
}

Joined as_join(const Term& t) {
  const Node* join = t.expr.get();
  std::vector<Factor> scalars;
  Rational coefficient = t.coefficient;
  if (join->kind == Kind::Product) {
    const Node& n = *join;
    join = nullptr;
    for (const auto& f : n.factors) {
      if (f.labels.empty()) {
        scalars.push_back(f);
      } else if (join == nullptr && f.labels == n.output) {
        join = f.expr.get();
      } else {
        return {};
      }
    }
    if (join == nullptr) return {};
    coefficient = coefficient * n.coefficient;
  }
  if (!views(*join, "join")) return {};
  const bool bare = scalars.empty() && coefficient.absolute().is_one();
  if (!bare && nonzero(join->operands) > 1) return {};  // which would write them several times
  Joined result{axis_of_view(*join), {}};
  for (const auto& part : join->operands) {
    auto factors = scalars;
    Labels labels;
    for (int k = 0; k < part.rank(); ++k) labels.push_back(k);
    factors.push_back({part, labels});
    result.parts.push_back(join->graph->product(coefficient, std::move(factors), labels, part.shape()));
  }
  return result;
}

bool same_partition(const Joined& a, const Joined& b) {
  return a.axis == b.axis && a.parts.size() == b.parts.size() &&
         std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(),
                    [](Expr p, Expr q) { return p.shape() == q.shape(); });
}

}  // namespace

Expr merge_joins(Expr sum) {
  const Node& n = *sum;
  if (n.kind != Kind::Sum) return {};
  std::vector<Joined> joins;
  for (const auto& t : n.terms) joins.push_back(as_join(t));
  for (std::size_t a = 0; a < joins.size(); ++a) {
    if (joins[a].parts.empty()) continue;
    Joined merged = joins[a];
    std::vector<bool> taken(joins.size(), false);
    int written = nonzero(merged.parts);
    int count = 1;
    for (std::size_t b = a + 1; b < joins.size(); ++b) {
      if (joins[b].parts.empty() || !same_partition(merged, joins[b])) continue;
      for (std::size_t k = 0; k < merged.parts.size(); ++k)
        merged.parts[k] = merged.parts[k] + joins[b].parts[k];
      written += nonzero(joins[b].parts);
      taken[b] = true;
      ++count;
    }
    if (count < 2 || written - nonzero(merged.parts) > count) continue;
    std::vector<Term> terms{{1, concat(merged.parts, static_cast<int>(merged.axis))}};
    for (std::size_t k = 0; k < n.terms.size(); ++k) {
      if (k != a && !taken[k]) terms.push_back(n.terms[k]);
    }
    return n.graph->sum(terms);
  }
  return {};
}

Expr shrink_joined_axes(Expr product) {
  const Node& n = *product;
  if (n.kind != Kind::Product) return {};
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    const Node& join = *n.factors[k].expr;
    if (!views(join, "join") || nonzero(join.operands) != 1) continue;
    const std::size_t axis = axis_of_view(join);
    const Label l = n.factors[k].labels[axis];
    if (std::count(n.output.begin(), n.output.end(), l) != 0) continue;
    Size start(0);
    Expr part;
    for (const auto& p : join.operands) {
      part = p;
      if (!is_zero(p)) break;
      start = start + p.shape()[axis];
    }
    const Size length = part.shape()[axis];
    auto factors = n.factors;
    auto sizes = n.label_sizes;
    sizes[static_cast<std::size_t>(l)] = length;
    for (std::size_t m = 0; m < factors.size(); ++m) {
      for (std::size_t a = 0; a < factors[m].labels.size(); ++a) {
        if (factors[m].labels[a] != l || (m == k && a == axis)) continue;
        factors[m].expr = slice(factors[m].expr, static_cast<int>(a), start, length);
      }
    }
    // A repeated axis of the join itself has been cut above.
    if (std::count(n.factors[k].labels.begin(), n.factors[k].labels.end(), l) != 1) continue;
    factors[k].expr = part;
    return n.graph->product(n.coefficient, std::move(factors), n.output, std::move(sizes));
  }
  return {};
}

namespace {

using Index = std::vector<std::int64_t>;  // from 0

// Entries of arrays as expressions.
class Entries {
 public:
  Expr at(Expr e, const Index& index) {
    if (index.empty()) return e;
    const auto key = std::pair(e.get(), index);
    if (const auto known = done_.find(key); known != done_.end()) return known->second;
    const Expr entry = find(*e, index);
    done_.emplace(key, entry);
    return entry;
  }

 private:
  static constexpr std::int64_t kMostTerms = 16;

  // The array at the index by basis vectors: x[1].
  static Expr picked(const Node& n, const Index& index) {
    Labels labels;
    std::vector<Factor> factors(1);
    for (std::size_t k = 0; k < index.size(); ++k) {
      labels.push_back(static_cast<Label>(k));
      if (n.shape[k].is_one()) continue;
      factors.push_back({unit(*n.graph, n.shape[k], Size(index[k] + 1)), {labels.back()}});
    }
    factors[0] = {Expr(&n), labels};
    return n.graph->product(1, std::move(factors), {}, n.shape);
  }

  Expr find(const Node& n, const Index& index) {
    Graph& g = *n.graph;
    switch (n.kind) {
      case Kind::Sum: {
        std::vector<Term> terms;
        for (const auto& t : n.terms) terms.push_back({t.coefficient, at(t.expr, index)});
        return g.sum(terms);
      }
      case Kind::Power:
        return g.power(at(n.operands[0], index), n.operands[1]);
      case Kind::Product:
        return of_product(n, index);
      case Kind::Apply:
        return of_application(n, index);
      case Kind::Variable:
      case Kind::Extent:
        break;
    }
    return picked(n, index);
  }

  Expr of_product(const Node& n, const Index& index) {
    Graph& g = *n.graph;
    std::vector<std::int64_t> place(n.label_sizes.size(), -1);
    for (std::size_t k = 0; k < n.output.size(); ++k) {
      auto& p = place[static_cast<std::size_t>(n.output[k])];
      if (p >= 0 && p != index[k]) return g.number(0);
      p = index[k];
    }
    std::vector<std::size_t> summed;
    std::int64_t combinations = 1;
    for (std::size_t l = 0; l < place.size(); ++l) {
      if (place[l] >= 0) continue;
      const auto length = n.label_sizes[l].constant();
      if (!length || *length > kMostTerms) return picked(n, index);
      combinations *= *length;
      if (combinations > kMostTerms) return picked(n, index);
      summed.push_back(l);
    }
    std::vector<Term> terms;
    for (std::int64_t c = 0; c < combinations; ++c) {
      std::int64_t rest = c;
      for (const auto l : summed) {
        place[l] = rest % *n.label_sizes[l].constant();
        rest /= *n.label_sizes[l].constant();
      }
      std::vector<Factor> factors;
      bool zero = false;
      for (const auto& f : n.factors) {
        Index own;
        for (const auto l : f.labels) own.push_back(place[static_cast<std::size_t>(l)]);
        factors.push_back({at(f.expr, own), {}});
        zero = zero || is_zero(factors.back().expr);
      }
      if (!zero) terms.push_back({1, g.product(n.coefficient, std::move(factors), {}, {})});
    }
    if (terms.empty()) return g.number(0);
    const auto count = static_cast<std::int64_t>(terms.size());
    return count > 1 && 2 * count > combinations ? picked(n, index) : g.sum(terms);
  }

  Expr of_application(const Node& n, const Index& index) {
    Graph& g = *n.graph;
    const Lowering& lowering = record_of(n).lowering.value;
    if (lowering.by == Lowering::By::Scalar) {
      std::vector<Expr> operands;
      for (const auto& o : n.operands) operands.push_back(o.rank() == 0 ? o : at(o, index));
      return g.apply(*n.op, std::move(operands), n.attributes);
    }
    if (is_view(lowering, "basis")) {
      const auto one = n.attributes.sizes[1].constant();
      return one ? g.number(*one == index[0] + 1 ? 1 : 0) : picked(n, index);
    }
    if (is_view(lowering, "join")) {
      Index own = index;
      auto& i = own[axis_of_view(n)];
      for (const auto& part : n.operands) {
        const auto length = part.shape()[axis_of_view(n)].constant();
        if (!length) break;
        if (i < *length) return at(part, own);
        i -= *length;
      }
    }
    if (is_view(lowering, "window")) {
      const auto start = n.attributes.sizes[0].constant();
      Index own = index;
      if (start) own[axis_of_view(n)] += *start;
      if (start) return at(n.operands[0], own);
    }
    return picked(n, index);
  }

  std::map<std::pair<const Node*, Index>, Expr> done_;
};

}  // namespace

Expr tabulated_beside_scalars(Expr array) {
  const Node& n = *array;
  if (n.kind != Kind::Product || n.rank() == 0) return {};
  std::vector<Factor> scalars;
  std::vector<Factor> rest;
  for (const auto& f : n.factors) (f.labels.empty() ? scalars : rest).push_back(f);
  if (scalars.empty() && n.coefficient.is_one()) return {};
  const Expr table = tabulated(n.graph->product(1, std::move(rest), n.output, n.label_sizes));
  if (!table) return {};
  Labels labels;
  for (int k = 0; k < n.rank(); ++k) labels.push_back(k);
  scalars.push_back({table, labels});
  return n.graph->product(n.coefficient, std::move(scalars), labels, n.shape);
}

Expr tabulated(Expr array) {
  constexpr std::int64_t kMostEntries = 16;
  const Node& n = *array;
  Graph& g = *n.graph;
  if (n.rank() < 1 || n.rank() > 2) return {};
  std::int64_t entries = 1;
  for (const auto& s : n.shape) {
    const auto length = s.constant();
    if (!length || *length < 1 || *length > kMostEntries) return {};
    entries *= *length;
  }
  if (entries > kMostEntries || entries == 1) return {};
  Entries found;
  const Shape one(n.shape.size(), Size(1));
  const auto entry = [&](const Index& index) { return broadcast(found.at(array, index), one); };
  std::vector<Expr> rows;
  for (std::int64_t i = 0; i < *n.shape[0].constant(); ++i) {
    if (n.rank() == 1) {
      rows.push_back(entry({i}));
      continue;
    }
    std::vector<Expr> row;
    for (std::int64_t j = 0; j < *n.shape[1].constant(); ++j) row.push_back(entry({i, j}));
    rows.push_back(concat(row, 1));
  }
  return g.sum({{1, concat(rows, 0)}});
}

}  // namespace adjoint

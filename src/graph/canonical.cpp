#include "graph/canonical.hpp"

#include <algorithm>
#include <map>

namespace adjoint {
namespace {

using Colour = std::uint64_t;

Colour mix(Colour h, Colour v) {
  h ^= v + 0x9e3779b97f4a7c15ULL + (h << 6) + (h >> 2);
  return h * 0xff51afd7ed558ccdULL;
}

struct Problem {
  std::vector<Factor> factors;      // labels are 0..count-1
  std::vector<Exchange> exchanges;  // by factor: two of its slots
  Labels output;
  std::size_t count = 0;
};

using Colours = std::vector<Colour>;

std::size_t classes(const Colours& colours) {
  Colours sorted = colours;
  std::sort(sorted.begin(), sorted.end());
  return static_cast<std::size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
}

void refine(const Problem& p, Colours& colours) {
  std::size_t before = classes(colours);
  std::vector<std::vector<Colour>> seen(p.count);
  for (;;) {
    for (auto& s : seen) s.clear();
    for (std::size_t k = 0; k < p.factors.size(); ++k) {
      const auto& f = p.factors[k];
      const auto first =
          static_cast<std::size_t>(p.exchanges[k].first);  // beyond all slots where there is none
      const auto second = static_cast<std::size_t>(p.exchanges[k].second);
      Colour whole = mix(17, f.expr->id);
      for (std::size_t slot = 0; slot < f.labels.size(); ++slot) {
        Colour c = colours[static_cast<std::size_t>(f.labels[slot])];
        if (slot == first || slot == second) {
          const Colour other = colours[static_cast<std::size_t>(f.labels[slot == first ? second : first])];
          c = std::min(c, other) + mix(std::max(c, other), 5);
        }
        whole = mix(whole, c);
      }
      for (std::size_t slot = 0; slot < f.labels.size(); ++slot) {
        const std::size_t slot_class = slot == second ? first : slot;
        seen[static_cast<std::size_t>(f.labels[slot])].push_back(mix(whole, slot_class));
      }
    }
    for (std::size_t l = 0; l < p.count; ++l) {
      std::sort(seen[l].begin(), seen[l].end());
      for (const auto c : seen[l]) colours[l] = mix(colours[l], c);
    }
    const std::size_t after = classes(colours);
    if (after == before) return;
    before = after;
  }
}

struct Numbered {
  std::vector<Factor> factors;
  std::vector<Label> rename;  // old label -> new label
  bool negative = false;      // slots of factors that turn their sign have been exchanged
};

bool less(const Factor& a, const Factor& b) {
  if (a.expr->id != b.expr->id) return a.expr->id < b.expr->id;
  return a.labels < b.labels;
}

Numbered number(const Problem& p, const Colours& colours) {
  Numbered result;
  result.rename.assign(p.count, -1);
  Label next = 0;
  for (const auto l : p.output) {
    auto& r = result.rename[static_cast<std::size_t>(l)];
    if (r < 0) r = next++;
  }
  std::vector<std::size_t> order;
  for (std::size_t l = 0; l < p.count; ++l) {
    if (result.rename[l] < 0) order.push_back(l);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&colours](std::size_t a, std::size_t b) { return colours[a] < colours[b]; });
  for (const auto l : order) result.rename[l] = next++;
  for (std::size_t k = 0; k < p.factors.size(); ++k) {
    Factor f = p.factors[k];
    for (auto& l : f.labels) l = result.rename[static_cast<std::size_t>(l)];
    if (const Exchange& e = p.exchanges[k]; e.first >= 0) {
      auto& first = f.labels[static_cast<std::size_t>(e.first)];
      auto& second = f.labels[static_cast<std::size_t>(e.second)];
      if (first > second) {
        std::swap(first, second);
        result.negative = result.negative != e.negative;
      }
    }
    result.factors.push_back(std::move(f));
  }
  std::sort(result.factors.begin(), result.factors.end(), less);
  return result;
}

// The least numbering over the ways to break ties; ties are nearly always automorphisms, so a
// small budget is enough. `zero`: two numberings differ in nothing but the sign.
void search(const Problem& p, Colours colours, int& budget, bool& found, Numbered& best, bool& zero) {
  refine(p, colours);
  std::map<Colour, std::vector<std::size_t>> groups;
  for (std::size_t l = 0; l < p.count; ++l) groups[colours[l]].push_back(l);
  for (const auto& [colour, members] : groups) {
    if (members.size() < 2) continue;
    for (const auto l : members) {
      if (found && budget <= 0) return;
      Colours individual = colours;
      individual[l] = mix(colour, 0x1234567);
      search(p, std::move(individual), budget, found, best, zero);
    }
    return;
  }
  --budget;
  Numbered candidate = number(p, colours);
  const auto before = [](const Numbered& a, const Numbered& b) {
    return std::lexicographical_compare(a.factors.begin(), a.factors.end(), b.factors.begin(),
                                        b.factors.end(), less);
  };
  if (found && candidate.negative != best.negative && candidate.factors == best.factors) zero = true;
  if (!found || before(candidate, best)) {
    best = std::move(candidate);
    zero = false;
  }
  found = true;
}

Shape shape_of(const Labels& output, const std::vector<Size>& sizes) {
  Shape shape;
  for (const auto l : output) shape.push_back(sizes[static_cast<std::size_t>(l)]);
  return shape;
}

}  // namespace

Expr canonical_product(Graph& graph, const Rational& coefficient, std::vector<Factor> factors,
                       const Labels& output, const std::vector<Size>& sizes) {
  Problem p;
  std::vector<Label> compact(sizes.size(), -1);
  std::vector<Size> used;
  const auto compacted = [&](Label l) {
    auto& c = compact[static_cast<std::size_t>(l)];
    if (c < 0) {
      c = static_cast<Label>(used.size());
      used.push_back(sizes[static_cast<std::size_t>(l)]);
    }
    return c;
  };
  for (const auto l : output) p.output.push_back(compacted(l));
  for (auto& f : factors) {
    for (auto& l : f.labels) l = compacted(l);
  }
  p.count = used.size();
  p.factors = std::move(factors);
  for (const auto& f : p.factors)
    p.exchanges.push_back(f.labels.size() >= 2 ? exchange_of(f.expr) : Exchange{});

  Colours colours(p.count);
  for (std::size_t l = 0; l < p.count; ++l) colours[l] = mix(3, used[l].hash());
  for (std::size_t k = 0; k < p.output.size(); ++k) {
    auto& c = colours[static_cast<std::size_t>(p.output[k])];
    c = mix(c, 1000 + k);
  }
  int budget = 24;
  bool found = false;
  Numbered numbered;
  bool zero = false;
  search(p, std::move(colours), budget, found, numbered, zero);

  if (zero) return graph.zeros(shape_of(p.output, used));
  Node n;
  n.kind = Kind::Product;
  n.coefficient = numbered.negative ? -coefficient : coefficient;
  n.factors = std::move(numbered.factors);
  n.label_sizes.resize(p.count);
  for (std::size_t l = 0; l < p.count; ++l) {
    n.label_sizes[static_cast<std::size_t>(numbered.rename[l])] = used[l];
  }
  for (const auto l : p.output) {
    n.output.push_back(numbered.rename[static_cast<std::size_t>(l)]);
    n.shape.push_back(used[static_cast<std::size_t>(l)]);
  }
  return graph.intern(std::move(n));
}

}  // namespace adjoint

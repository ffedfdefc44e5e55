#include "lower/contraction_order.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "kernel/polynomial.hpp"

namespace adjoint {
namespace {

using kernel::Polynomial;

LabelSet together(const LabelSet& a, const LabelSet& b) {
  LabelSet all = a;
  all.insert(b.begin(), b.end());
  return all;
}

class Planner {
 public:
  Planner(const std::vector<LabelSet>& items, const LabelSet& output, const std::vector<Size>& sizes)
      : items_(items), output_(output), sizes_(sizes) {}

  std::vector<Merge> run() {
    const unsigned all = (1U << items_.size()) - 1;
    write(all);
    return merges_;
  }

 private:
  struct Plan {
    Polynomial cost;
    unsigned left = 0, right = 0;
    bool known = false;
  };

  // Labels of a subset that the output or the other items need.
  [[nodiscard]] LabelSet outside(unsigned subset) const {
    LabelSet inside;
    LabelSet needed = output_;
    for (std::size_t k = 0; k < items_.size(); ++k) {
      auto& to = (subset >> k & 1U) != 0 ? inside : needed;
      to.insert(items_[k].begin(), items_[k].end());
    }
    return kept_labels(inside, {}, needed);
  }

  [[nodiscard]] Polynomial points(const LabelSet& labels) const {
    Polynomial p = 1;
    for (const auto l : labels) p = p * Polynomial(sizes_[static_cast<std::size_t>(l)]);
    return p;
  }

  const Plan& plan(unsigned subset) {
    Plan& best = plans_[subset];
    if (best.known) return best;
    best.known = true;
    if ((subset & (subset - 1)) == 0) return best;
    const std::size_t left_over = outside(subset).size();
    bool first = true;
    for (unsigned left = (subset - 1) & subset; left > 0; left = (left - 1) & subset) {
      const unsigned right = subset & ~left;
      if (left < right) continue;
      const LabelSet all = together(outside(left), outside(right));
      const Polynomial total =
          plan(left).cost + plan(right).cost + Polynomial(all.size() > left_over ? 2 : 1) * points(all);
      if (first || Polynomial::less_for_large(total, best.cost)) {
        best.cost = total;
        best.left = left;
        best.right = right;
      }
      first = false;
    }
    return best;
  }

  int write(unsigned subset) {
    if ((subset & (subset - 1)) == 0) {
      int k = 0;
      while ((subset >> k & 1U) == 0) ++k;
      return k;
    }
    const Plan chosen = plan(subset);
    const int left = write(chosen.left);
    const int right = write(chosen.right);
    merges_.push_back({left, right});
    return static_cast<int>(items_.size() + merges_.size()) - 1;
  }

  const std::vector<LabelSet>& items_;
  const LabelSet& output_;
  const std::vector<Size>& sizes_;
  std::map<unsigned, Plan> plans_;
  std::vector<Merge> merges_;
};

constexpr std::size_t kPlanned = 9;

// Beyond a few items: the pair with the fewest points, again and again.
std::vector<Merge> greedy(std::vector<LabelSet> items, const LabelSet& output,
                          const std::vector<Size>& sizes) {
  std::vector<Merge> merges;
  std::vector<int> open;
  for (std::size_t k = 0; k < items.size(); ++k) open.push_back(static_cast<int>(k));
  const auto at = [&items](int k) -> const LabelSet& { return items[static_cast<std::size_t>(k)]; };
  while (open.size() > 1) {
    std::size_t bi = 0;
    std::size_t bj = 1;
    Polynomial least;
    bool first = true;
    for (std::size_t i = 0; i < open.size(); ++i) {
      for (std::size_t j = i + 1; j < open.size(); ++j) {
        Polynomial p = 1;
        for (const auto l : together(at(open[i]), at(open[j])))
          p = p * Polynomial(sizes[static_cast<std::size_t>(l)]);
        if (!first && !Polynomial::less_for_large(p, least)) continue;
        first = false;
        least = p;
        bi = i;
        bj = j;
      }
    }
    LabelSet needed = output;
    for (std::size_t k = 0; k < open.size(); ++k) {
      if (k != bi && k != bj) needed.insert(at(open[k]).begin(), at(open[k]).end());
    }
    merges.push_back({open[bi], open[bj]});
    items.push_back(kept_labels(at(open[bi]), at(open[bj]), needed));
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(bj));
    open[bi] = static_cast<int>(items.size()) - 1;
  }
  return merges;
}

}  // namespace

LabelSet kept_labels(const LabelSet& left, const LabelSet& right, const LabelSet& needed) {
  const LabelSet all = together(left, right);
  LabelSet kept;
  std::set_intersection(all.begin(), all.end(), needed.begin(), needed.end(),
                        std::inserter(kept, kept.end()));
  return kept;
}

std::vector<Merge> contraction_order(std::vector<LabelSet> items, const LabelSet& output,
                                     const std::vector<Size>& sizes) {
  if (items.size() < 2) return {};
  if (items.size() <= kPlanned) return Planner(items, output, sizes).run();
  return greedy(std::move(items), output, sizes);
}

}  // namespace adjoint

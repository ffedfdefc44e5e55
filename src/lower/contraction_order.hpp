// In which order the factors of an Einstein product are multiplied.
#pragma once

#include <set>
#include <vector>

#include "graph/graph.hpp"

namespace adjoint {

using LabelSet = std::set<Label>;

/// Two items are multiplied and summed over the labels that nothing else needs; the result becomes a new item
/// behind the others. Items are numbered from 0.
struct Merge {
  int left = 0;
  int right = 0;
};

/// The order of fewest operations for large sizes, by dynamic programming over subsets of up to nine items;
/// beyond that the pair with the fewest points first.
std::vector<Merge> contraction_order(std::vector<LabelSet> items, const LabelSet& output,
                                     const std::vector<Size>& sizes);

/// What is left of two items once they have been multiplied: labels of theirs that `needed` has.
LabelSet kept_labels(const LabelSet& left, const LabelSet& right, const LabelSet& needed);

}  // namespace adjoint

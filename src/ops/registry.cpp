// The one list of families.
#include <algorithm>

#include "ops/abstract.hpp"
#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/products.hpp"
#include "ops/reductions.hpp"
#include "ops/structure.hpp"

namespace adjoint {

std::span<const Record* const> records() {
  static const std::vector<const Record*> all = [] {
    std::vector<const Record*> list;
    for (const auto family : {elementwise_records(), choice_records(), reduction_records(), matrix_records(),
                              spectral_records(), structure_records(), abstract_records()}) {
      list.insert(list.end(), family.begin(), family.end());
    }
    return list;
  }();
  return all;
}

std::span<const Surface> surfaces() {
  static const std::vector<Surface> all = [] {
    std::vector<Surface> list;
    for (const auto family : {elementwise_surfaces(), choice_surfaces(), reduction_surfaces(),
                              product_surfaces(), matrix_surfaces(), structure_surfaces()}) {
      list.insert(list.end(), family.begin(), family.end());
    }
    return list;
  }();
  return all;
}

const Surface* find_surface(std::string_view name) {
  const auto all = surfaces();
  const auto at = std::find_if(all.begin(), all.end(), [name](const Surface& s) { return s.name == name; });
  return at == all.end() ? nullptr : &*at;
}

}  // namespace adjoint

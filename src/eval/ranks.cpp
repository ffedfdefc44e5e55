#include "eval/ranks.hpp"

#include <algorithm>
#include <random>

#include "eval/definitions.hpp"
#include "eval/definitions_spectral.hpp"
#include "eval/nodes.hpp"

namespace adjoint {
namespace {

std::vector<Eigen::Index> ranks(const BasicArray<Real>& a) {
  std::vector<Eigen::Index> list;
  const std::int64_t size = a.shape[0] * a.shape[1];
  for (std::int64_t k = 0; k < batch_count(a); ++k) {
    list.push_back(rank_of(Eigen::Map<const RealMatrix>(a.data.data() + k * size, a.shape[0], a.shape[1])));
  }
  return list;
}

bool moves_freely(Expr variable) {
  const Facts& f = variable->facts;
  return f.diagonal != Truth::Yes && f.lower != Truth::Yes && f.orthogonal != Truth::Yes;
}

}  // namespace

bool rank_may_change(Expr matrix, std::span<const Expr> variables, const Point& point) {
  if (matrix.rank() < 2 || !is_defined_in_full(matrix, point.sizes)) return true;
  if (!std::all_of(variables.begin(), variables.end(), moves_freely)) return true;
  for (const int axis : {0, 1}) {
    if (number_of(matrix.shape()[static_cast<std::size_t>(axis)], point.sizes) > kLargestSpectral)
      return true;
  }
  try {
    const auto here = ranks(NodeValues<Real>(point)(matrix));
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    const Real step("1e-60");
    constexpr int kPoints = 2;
    for (int k = 0; k < kPoints; ++k) {
      NodeValues<Real> nodes(point);
      for (const Expr v : variables) {
        if (!depends_on(matrix, v)) continue;
        BasicArray<Real> moved = given<Real>(point, v);
        const bool symmetric = is_symmetric(v);
        for (std::int64_t i = 0; i < moved.size(); ++i) {
          const std::int64_t mirror =
              symmetric ? i % moved.shape[0] * moved.shape[0] + i / moved.shape[0] : i;
          if (symmetric && mirror > i) continue;
          const Real by = step * normal(random);
          moved.data[static_cast<std::size_t>(i)] += by;
          if (mirror != i) moved.data[static_cast<std::size_t>(mirror)] += by;
        }
        nodes.assign(v, std::move(moved));
      }
      if (ranks(nodes(matrix)) != here) return true;
    }
    return false;
  } catch (const NumericalError&) {
    return true;
  }
}

}  // namespace adjoint

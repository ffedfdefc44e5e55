#include "run/integer_determinant.hpp"

#include <cmath>
#include <utility>
#include <vector>

namespace adjoint::run {

std::optional<double> integer_determinant(const In& a) {
  constexpr Eigen::Index kMost = 12;
  const Eigen::Index n = a.rows();
  if (n > kMost) return std::nullopt;
  double bound = 1;  // of every minor
  for (Eigen::Index j = 0; j < n; ++j) {
    double column = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      const double x = a(i, j);
      if (!(std::abs(x) < 0x1p31) || x != std::trunc(x)) return std::nullopt;
      column += x * x;
    }
    bound *= std::max(1.0, std::sqrt(column));
  }
  if (!(bound < 0x1p62)) return std::nullopt;
  __extension__ typedef __int128 Wide;
  std::vector<std::int64_t> m(static_cast<std::size_t>(n * n));
  const auto at = [&](Eigen::Index i, Eigen::Index j) -> std::int64_t& {
    return m[static_cast<std::size_t>(i + j * n)];
  };
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < n; ++i) at(i, j) = static_cast<std::int64_t>(a(i, j));
  }
  std::int64_t previous = 1;
  int sign = 1;
  for (Eigen::Index k = 0; k + 1 < n; ++k) {
    Eigen::Index p = k;
    while (p < n && at(p, k) == 0) ++p;
    if (p == n) return 0.0;
    if (p != k) {
      for (Eigen::Index j = 0; j < n; ++j) std::swap(at(k, j), at(p, j));
      sign = -sign;
    }
    for (Eigen::Index i = k + 1; i < n; ++i) {
      for (Eigen::Index j = k + 1; j < n; ++j) {
        const Wide minor = static_cast<Wide>(at(i, j)) * at(k, k) - static_cast<Wide>(at(i, k)) * at(k, j);
        at(i, j) = static_cast<std::int64_t>(minor / previous);
      }
    }
    previous = at(k, k);
  }
  return static_cast<double>(sign * at(n - 1, n - 1));
}

}  // namespace adjoint::run

#include "eval/failures.hpp"

#include <algorithm>
#include <cmath>

#include "run/matrix_routines.hpp"

namespace adjoint {
namespace {

Eigen::VectorXd eigenvalues(const Matrix& s) {
  Eigen::VectorXd values;
  run::eigen(s, values, nullptr);
  return values;
}

bool repeated(const Eigen::VectorXd& v, double tolerance) {
  for (Eigen::Index k = 1; k < v.size(); ++k) {
    if (std::abs(v(k) - v(k - 1)) <= tolerance * v.cwiseAbs().maxCoeff()) return true;
  }
  return false;
}

template <class F>
Flags entries(const Array& a, F fails) {
  Flags f;
  for (const auto v : a.data) f.push_back(fails(v));
  return f;
}

}  // namespace

Flags failures(Condition condition, const Node& node, const Array& a, const Array* other) {
  const auto whole = [](bool fails) { return Flags{fails}; };
  const auto any_matrix = [&a](auto test) {
    bool fails = false;
    for (std::int64_t k = 0; k < batch_count(a); ++k) fails = fails || test(Matrix(matrix_at(a, k)));
    return Flags{fails};
  };
  switch (condition) {
    case Condition::NonZero:
      return entries(a, [](double v) { return v == 0; });
    case Condition::Positive:
      return entries(a, [](double v) { return v <= 0; });
    case Condition::InsideUnit:
      return entries(a, [](double v) { return std::abs(v) >= 1; });
    case Condition::NotAllZero:
      return whole(std::all_of(a.data.begin(), a.data.end(), [](double v) { return v == 0; }));
    case Condition::Differ: {
      Flags f;
      for (std::size_t k = 0; k < a.data.size(); ++k)
        f.push_back(other != nullptr && a.data[k] == other->data[k]);
      return f;
    }
    case Condition::UniqueMaximum:
    case Condition::UniqueMinimum: {
      const bool largest = condition == Condition::UniqueMaximum;
      const auto is_tie = [largest](const std::vector<double>& line) {
        if (line.empty()) return false;
        const auto best =
            largest ? std::max_element(line.begin(), line.end()) : std::min_element(line.begin(), line.end());
        return std::count(line.begin(), line.end(), *best) > 1;
      };
      if (node.attributes.integers.empty() || a.rank() < 2) return whole(is_tie(a.data));
      const auto axis = static_cast<std::size_t>(node.attributes.integers[0]);
      const std::int64_t length = a.shape[axis];
      std::int64_t inner = 1;
      for (std::size_t k = 0; k < axis; ++k) inner *= a.shape[k];
      bool any = false;
      for (std::int64_t first = 0; first < a.size(); ++first) {
        if (first / inner % length != 0) continue;
        std::vector<double> line;
        for (std::int64_t k = 0; k < length; ++k)
          line.push_back(a.data[static_cast<std::size_t>(first + k * inner)]);
        any = any || is_tie(line);
      }
      return whole(any);
    }
    case Condition::FullRank:
      return any_matrix([](const Matrix& m) {
        const auto s = run::singular_values(m);
        return s.size() > 0 && s(s.size() - 1) <= 1e-13 * s(0);
      });
    case Condition::SimpleTop:
      return any_matrix([](const Matrix& m) {
        const auto s = run::singular_values(m);
        return s.size() > 0 && (s(0) == 0 || (s.size() > 1 && s(1) >= s(0) * (1 - 1e-13)));
      });
    case Condition::SimpleSpectrum:
      return any_matrix([](const Matrix& m) { return repeated(eigenvalues(m), 1e-13); });
    case Condition::DistinctSingular:
      return any_matrix([](const Matrix& m) {
        const auto s = run::singular_values(m);
        return repeated(s, 1e-13) || (s.size() > 0 && s(s.size() - 1) <= 1e-13 * s(0));
      });
    case Condition::Definite:
      return any_matrix([](const Matrix& m) {
        const auto w = eigenvalues(m);
        return w.size() > 0 && w(0) <= 1e-14 * w.cwiseAbs().maxCoeff();
      });
    default:
      return whole(false);
  }
}

}  // namespace adjoint

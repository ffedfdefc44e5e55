#include "eval/failures.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "run/matrix_routines.hpp"

namespace adjoint {
namespace {

Eigen::VectorXd eigenvalues(const Matrix& s) {
  Eigen::VectorXd values;
  run::eigen(s, values, nullptr);
  return values;
}

// What rounding leaves of 0, relative to the largest of its kind.
constexpr double kRounding = 1e-13;

bool repeated(const Eigen::VectorXd& v) {
  for (Eigen::Index k = 1; k < v.size(); ++k) {
    if (std::abs(v(k) - v(k - 1)) <= kRounding * v.cwiseAbs().maxCoeff()) return true;
  }
  return false;
}

// Whether the rank of the matrix is less than it should be.
bool falls_short(const Matrix& m, Eigen::Index rank) {
  if (rank == 0) return false;
  if (std::min(m.rows(), m.cols()) < rank) return true;
  const auto s = run::singular_values(m);
  return !(s(rank - 1) > kRounding * s(0));
}
Eigen::Index full(const Matrix& m) { return std::min(m.rows(), m.cols()); }

// The least eigenvalue of a symmetric matrix beside the largest magnitude.
double least_eigenvalue(const Matrix& m) {
  const auto w = eigenvalues(m);
  const double largest = w.size() == 0 ? 0 : w.cwiseAbs().maxCoeff();
  return w.size() == 0 ? 1 : largest == 0 ? 0 : w(0) / largest;
}

Eigen::VectorXcd spectrum(const Matrix& m) { return Eigen::EigenSolver<Matrix>(m, false).eigenvalues(); }

bool has_negative_eigenvalue(const Matrix& m) {
  const Eigen::VectorXcd w = spectrum(m);
  const double zero = w.size() == 0 ? 0 : kRounding * w.cwiseAbs().maxCoeff();
  return std::any_of(w.begin(), w.end(),
                     [zero](const auto& v) { return v.real() <= zero && std::abs(v.imag()) <= zero; });
}

// Two eigenvalues, perhaps one twice, that add up to 0.
bool has_opposite_eigenvalues(const Matrix& m) {
  const Eigen::VectorXcd w = spectrum(m);
  const double zero = w.size() == 0 ? 0 : kRounding * w.cwiseAbs().maxCoeff();
  for (Eigen::Index i = 0; i < w.size(); ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      if (std::abs(w(i) + w(j)) <= zero) return true;
    }
  }
  return false;
}

template <class F>
Flags entries(const Array& a, F fails) {
  Flags f;
  for (const auto v : a.data) f.push_back(fails(v));
  return f;
}

// Of |x|^p summed: entries that are 0 kink up to the power `smooth_above`; of the largest magnitude, ties do.
Flags power_sum_kinks(const Array& a, double p, double smooth_above) {
  const auto is_zero = [](double v) { return v == 0; };
  if (std::all_of(a.data.begin(), a.data.end(), is_zero)) return {true};
  if (std::isinf(p)) {
    double most = 0;
    for (const double v : a.data) most = std::max(most, std::abs(v));
    return {std::count_if(a.data.begin(), a.data.end(), [most](double v) { return std::abs(v) == most; }) >
            1};
  }
  return entries(a, [&](double v) { return v == 0 && !(p > smooth_above || p == 2); });
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
    case Condition::NonNegative:
      return entries(a, [](double v) { return v < 0; });
    case Condition::InUnit:
      return entries(a, [](double v) { return std::abs(v) > 1; });
    case Condition::AboveMinusOne:
      return entries(a, [](double v) { return v <= -1; });
    case Condition::CosNonZero:  // as near as a double comes to a zero of the cosine
      return entries(a, [](double v) {
        return std::abs(std::cos(v)) <=
               std::max(1.0, std::abs(v)) * std::numeric_limits<double>::epsilon() / 2;
      });
    case Condition::NormSmooth:
      return power_sum_kinks(a, other == nullptr ? 1 : other->data[0], 1);
    case Condition::NormTwiceSmooth:
      return power_sum_kinks(a, other == nullptr ? 1 : other->data[0], 2);
    case Condition::FullRank:
    case Condition::ConstantRank:  // certain at full rank; beyond that only the neighbourhood can tell
      return any_matrix([](const Matrix& m) { return falls_short(m, full(m)); });
    case Condition::FullColumnRank:
      return any_matrix([](const Matrix& m) { return falls_short(m, m.cols()); });
    case Condition::FullRowRank:
      return any_matrix([](const Matrix& m) { return falls_short(m, m.rows()); });
    case Condition::Invertible:
      return any_matrix([](const Matrix& m) { return m.rows() != m.cols() || falls_short(m, m.rows()); });
    case Condition::SimpleTop:
      return any_matrix([](const Matrix& m) {
        const auto s = run::singular_values(m);
        return s.size() > 0 && (s(0) == 0 || (s.size() > 1 && s(1) >= s(0) * (1 - kRounding)));
      });
    case Condition::SimpleSpectrum:
      return any_matrix([](const Matrix& m) { return repeated(eigenvalues(m)); });
    case Condition::DistinctSingular:
      return any_matrix(
          [](const Matrix& m) { return repeated(run::singular_values(m)) || falls_short(m, full(m)); });
    case Condition::Semidefinite:
      return any_matrix([](const Matrix& m) {
        return run::is_symmetric(m) ? least_eigenvalue(m) < -kRounding : has_negative_eigenvalue(m);
      });
    case Condition::Definite:
      return any_matrix([](const Matrix& m) {
        return run::is_symmetric(m) ? least_eigenvalue(m) <= kRounding / 10 : has_negative_eigenvalue(m);
      });
    case Condition::NoNegativeRealEigenvalue:
      return any_matrix(has_negative_eigenvalue);
    case Condition::SpectraDisjoint:
      return any_matrix(has_opposite_eigenvalues);
    case Condition::Unknown:  // nothing is promised
      return whole(true);
  }
  throw std::logic_error("a condition without a test");
}

}  // namespace adjoint

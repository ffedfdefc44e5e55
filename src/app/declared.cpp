#include "app/declared.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <cmath>

namespace adjoint::app {
namespace {

using notation::Structure;
using notation::Symbol;

std::string number(double v) { return fmt::format("{:.6g}", v); }

// "x[2]", "X[1,2]", of a scalar "x".
std::string entry_name(const Symbol& s, const Array& a, std::size_t at) {
  std::string indices;
  auto rest = static_cast<std::int64_t>(at);
  for (const auto extent : a.shape) {
    indices += (indices.empty() ? "" : ",") + std::to_string(rest % extent + 1);
    rest /= extent;
  }
  return indices.empty() ? s.name : s.name + "[" + indices + "]";
}

std::optional<std::string> out_of_bounds(const Symbol& s, const Array& a) {
  const auto& b = s.bounds;
  for (std::size_t k = 0; k < a.data.size(); ++k) {
    const double v = a.data[k];
    const auto is = [&](const char* relation, double bound) {
      return fmt::format("{} = {:.17g} is not {} {}", entry_name(s, a, k), v, relation, number(bound));
    };
    if (b.lower && !(b.lower_strict ? v > *b.lower : v >= *b.lower))
      return is(b.lower_strict ? ">" : ">=", *b.lower);
    if (b.upper && !(b.upper_strict ? v < *b.upper : v <= *b.upper))
      return is(b.upper_strict ? "<" : "<=", *b.upper);
  }
  return std::nullopt;
}

std::optional<std::string> not_symmetric(const Symbol& s, const Array& a, const Matrix& m, double zero) {
  for (Eigen::Index j = 0; j < m.cols(); ++j) {
    for (Eigen::Index i = 0; i < j; ++i) {
      if (std::abs(m(i, j) - m(j, i)) <= zero) continue;
      const auto at = [&](Eigen::Index r, Eigen::Index c) {
        return fmt::format("{} = {:.17g}", entry_name(s, a, static_cast<std::size_t>(c * m.rows() + r)),
                           m(r, c));
      };
      return "it is not symmetric: " + at(i, j) + " and " + at(j, i);
    }
  }
  return std::nullopt;
}

std::optional<std::string> not_zero(const Symbol& s, const Array& a, const Matrix& m, double zero,
                                    bool (*free)(Eigen::Index, Eigen::Index), const char* what) {
  for (Eigen::Index j = 0; j < m.cols(); ++j) {
    for (Eigen::Index i = 0; i < m.rows(); ++i) {
      if (free(i, j) || std::abs(m(i, j)) <= zero) continue;
      return fmt::format("it is not {}: {} = {:.17g}", what,
                         entry_name(s, a, static_cast<std::size_t>(j * m.rows() + i)), m(i, j));
    }
  }
  return std::nullopt;
}

std::optional<std::string> not_definite(const Matrix& m, bool strictly, double rounding) {
  if (m.size() == 0) return std::nullopt;
  if (strictly && Eigen::LLT<Matrix>(m).info() == Eigen::Success) return std::nullopt;
  const Eigen::VectorXd w =
      Eigen::SelfAdjointEigenSolver<Matrix>((m + m.transpose()) / 2, Eigen::EigenvaluesOnly).eigenvalues();
  if (!strictly && w(0) >= -rounding * w.cwiseAbs().maxCoeff()) return std::nullopt;
  return strictly ? "it is not positive definite: its least eigenvalue is " + number(w(0))
                  : "it is not positive semi-definite: its least eigenvalue is " + number(w(0));
}

std::optional<std::string> not_orthogonal(const Symbol& s, const Matrix& m, double rounding) {
  const Matrix gram = m.transpose() * m;
  for (Eigen::Index j = 0; j < m.cols(); ++j) {
    for (Eigen::Index i = 0; i <= j; ++i) {
      if (std::abs(gram(i, j) - (i == j ? 1 : 0)) <= rounding) continue;
      return fmt::format("it is not orthogonal: entry ({},{}) of {}'*{} is {}", i + 1, j + 1, s.name, s.name,
                         number(gram(i, j)));
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> contradiction(const Symbol& s, const Array& a, double rounding) {
  if (auto wrong = out_of_bounds(s, a)) return wrong;
  if (s.structure == Structure::None) return std::nullopt;
  Array square = a;
  if (square.rank() < 2) square.shape = {1, 1};  // of one row
  const Matrix m = matrix_at(square, 0);
  if (!m.allFinite()) return std::nullopt;
  const double zero = m.size() == 0 ? 0 : rounding * m.cwiseAbs().maxCoeff();
  switch (s.structure) {
    case Structure::None:
      break;
    case Structure::Symmetric:
      return not_symmetric(s, square, m, zero);
    case Structure::Semidefinite:
    case Structure::Definite:
      if (auto wrong = not_symmetric(s, square, m, zero)) return wrong;
      return not_definite(m, s.structure == Structure::Definite, rounding);
    case Structure::Diagonal:
      return not_zero(
          s, square, m, zero, [](Eigen::Index i, Eigen::Index j) { return i == j; }, "diagonal");
    case Structure::Lower:
      return not_zero(
          s, square, m, zero, [](Eigen::Index i, Eigen::Index j) { return i >= j; }, "lower triangular");
    case Structure::Orthogonal:
      return not_orthogonal(s, m, rounding);
  }
  return std::nullopt;
}

void require_declared(const Symbol& s, const Array& value, double rounding) {
  const auto wrong = contradiction(s, value, rounding);
  if (!wrong) return;
  std::string declared;
  for (const auto& d : s.declarations()) declared += (declared.empty() ? "" : "; ") + d;
  throw InputError("error: the value of " + s.name + " contradicts its declaration (" + declared +
                   "): " + *wrong + "\n");
}

}  // namespace adjoint::app

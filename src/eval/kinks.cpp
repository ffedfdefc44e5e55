// Where a function is not differentiable at a point. A kink is harmless when the function does not
// depend to first order on the entries that kink: F(x, |x|) with dF/d|x| = 0 there is differentiable.
#include <algorithm>
#include <cmath>

#include "calculus/differentiate.hpp"
#include "eval/evaluate.hpp"
#include "ops/record.hpp"
#include "run/matrix_routines.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

using Flags = std::vector<bool>;  // entries of the operand at which the condition fails; one flag for a whole

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

// Whether the condition fails at the value, entrywise where the condition is.
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
      if (!node.attributes.integers.empty() && a.rank() > 1) return whole(false);
      const auto best = condition == Condition::UniqueMaximum
                            ? *std::max_element(a.data.begin(), a.data.end())
                            : *std::min_element(a.data.begin(), a.data.end());
      return whole(std::count(a.data.begin(), a.data.end(), best) > 1);
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

std::string name_of(Condition condition, const Node& node) {
  const std::string op(node.op->name);
  switch (condition) {
    case Condition::NotAllZero:
      return op + " at 0";
    case Condition::UniqueMaximum:
    case Condition::UniqueMinimum:
    case Condition::Differ:
      return "a tie in " + op;
    case Condition::SimpleSpectrum:
      return op + " at repeated eigenvalues";
    case Condition::DistinctSingular:
    case Condition::SimpleTop:
      return op + " at repeated singular values";
    case Condition::FullRank:
      return op + " at a matrix that is not of full rank";
    case Condition::Definite:
      return op + " at a singular matrix";
    case Condition::InsideUnit:
      return op + " at 1 or -1";
    default:
      return op + " at 0";
  }
}

bool any(const Flags& f) { return std::find(f.begin(), f.end(), true) != f.end(); }

// Eigenvalues and singular values that meet: a function of them is smooth there if it treats them alike, and
// at a singular value 0 if it does not depend on it (Lewis, Derivatives of spectral functions, 1996).
bool treats_alike(const std::vector<double>& values, const double* slope, std::size_t stride, bool singular) {
  double most = 0;
  for (std::size_t k = 0; k < values.size(); ++k) most = std::max(most, std::abs(slope[k * stride]));
  const double largest = std::max(std::abs(values.front()), std::abs(values.back()));
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (singular && values[k] <= 1e-13 * largest && std::abs(slope[k * stride]) > 1e-12 * most) return false;
    const bool meets = k > 0 && std::abs(values[k] - values[k - 1]) <= 1e-13 * largest;
    if (meets && std::abs(slope[k * stride] - slope[(k - 1) * stride]) > 1e-10 * most) return false;
  }
  return true;
}

// Whether f moves to first order with the flagged entries of node.
bool matters(Expr f, Expr node, const Flags& flags, const Point& point, Evaluator& evaluator,
             Condition condition) {
  Graph& g = f.graph();
  const Expr v = g.variable("kink", node.shape(), node->facts, Role::Placeholder);
  const std::pair<Expr, Expr> replacement{node, v};
  const Expr outer = substitute(f, std::span(&replacement, 1));
  if (!depends_on(outer, v)) return false;
  Point extended = point;
  extended.values[v.get()] = evaluator(node);
  try {
    const Expr slope = outer.rank() == 0 ? gradient(outer, v) : jacobian(outer, v);
    Evaluator e(extended);
    const Array& d = e(simplify(slope));
    const std::size_t entries_of_node = extended.values[v.get()].data.size();
    const std::size_t before =
        outer.rank() == 0 ? 1 : d.data.size() / std::max<std::size_t>(1, entries_of_node);
    const bool spectral = condition == Condition::SimpleSpectrum || condition == Condition::DistinctSingular;
    if (spectral && node.rank() == 1 && node->operands[0].rank() == 2 && entries_of_node > 0) {
      for (std::size_t row = 0; row < before; ++row) {
        if (!treats_alike(extended.values[v.get()].data, d.data.data() + row, before,
                          condition == Condition::DistinctSingular))
          return true;
      }
      return false;
    }
    for (std::size_t k = 0; k < d.data.size(); ++k) {
      const std::size_t entry = k / before;
      const bool flagged = flags.size() == entries_of_node ? flags[entry] : any(flags);
      if (flagged && d.data[k] != 0) return true;
    }
    return false;
  } catch (const std::runtime_error&) {
    return true;
  }
}

}  // namespace

std::vector<Kink> kinks(Expr f, std::span<const Expr> variables, const Point& point) {
  std::vector<Kink> found;
  Evaluator evaluator(point);
  evaluator(f);
  for (const auto& e : topological(std::span(&f, 1))) {
    if (e->kind != Kind::Apply && e->kind != Kind::Power) continue;
    if (std::none_of(variables.begin(), variables.end(), [e](Expr v) { return depends_on(e, v); })) continue;
    if (e->kind == Kind::Power) {
      const double exponent = evaluator(e->operands[1]).data[0];
      if (exponent >= 1 || exponent <= 0 || exponent == std::floor(exponent)) continue;
      const Flags flags = entries(evaluator(e), [](double v) { return v == 0; });  // where its base is 0
      if (any(flags) && matters(f, e, flags, point, evaluator, Condition::NonZero))
        found.push_back({e, "a root at 0"});
      continue;
    }
    const Record& record = record_of(*e);
    for (const auto& c : record.differentiable.value) {
      const auto k = static_cast<std::size_t>(c.operand);
      const Array& a = evaluator(e->operands[k]);
      const Array* other = e->operands.size() > 1 ? &evaluator(e->operands[1]) : nullptr;
      const Flags flags = failures(c.condition, *e, a, other);
      const bool steep = c.condition == Condition::InsideUnit;  // an infinite slope is felt by a square too
      if (any(flags) && (steep || matters(f, e, flags, point, evaluator, c.condition)))
        found.push_back({e, name_of(c.condition, *e)});
    }
  }
  return found;
}

}  // namespace adjoint

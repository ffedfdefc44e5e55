// Where a function is not differentiable at a point. A kink is harmless when the function does not
// depend to first order on the entries that kink: F(x, |x|) with dF/d|x| = 0 there is differentiable.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "calculus/differentiate.hpp"
#include "eval/evaluate.hpp"
#include "eval/failures.hpp"
#include "eval/flat.hpp"
#include "eval/ranks.hpp"
#include "ops/record.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

// With $ for the application.
std::string_view words(Condition condition) {
  switch (condition) {
    case Condition::UniqueMaximum:
    case Condition::UniqueMinimum:
    case Condition::Differ:
      return "a tie in $";
    case Condition::SimpleSpectrum:
      return "$ at repeated eigenvalues";
    case Condition::DistinctSingular:
      return "$ at singular values that are repeated or 0";
    case Condition::SimpleTop:
      return "$ at a repeated largest singular value";
    case Condition::FullRank:
    case Condition::FullColumnRank:
    case Condition::FullRowRank:
      return "$ at a matrix that is not of full rank";
    case Condition::ConstantRank:
      return "$ where the rank changes";
    case Condition::Invertible:
    case Condition::Definite:
      return "$ at a singular matrix";
    case Condition::Semidefinite:
      return "$ at a matrix that is not positive semi-definite";
    case Condition::NoNegativeRealEigenvalue:
      return "$ at a matrix with an eigenvalue on the negative axis";
    case Condition::SpectraDisjoint:
      return "$ at a matrix with two eigenvalues that add up to 0";
    case Condition::InsideUnit:
    case Condition::InUnit:
      return "$ at 1 or -1";
    case Condition::AboveMinusOne:
      return "$ at -1";
    case Condition::CosNonZero:
      return "$ at a pole";
    case Condition::NormSmooth:
    case Condition::NormTwiceSmooth:
      return "$ at an entry that is 0, or at a tie";
    case Condition::Positive:
    case Condition::NonNegative:
    case Condition::NonZero:
    case Condition::NotAllZero:
      return "$ at 0";
    case Condition::Unknown:
      return "$, of which nothing is known";
  }
  throw std::logic_error("a condition without words");
}

// Flags of what may move.
Flags where_it_moves(Flags flags, const Flags& flat) {
  if (flags.size() == flat.size()) {
    for (std::size_t k = 0; k < flags.size(); ++k) flags[k] = flags[k] && !flat[k];
  } else if (std::all_of(flat.begin(), flat.end(), [](bool f) { return f; })) {
    flags.assign(flags.size(), false);
  }
  return flags;
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
             Condition condition, Arithmetic arithmetic) {
  Graph& g = f.graph();
  const Expr v = g.variable("kink", node.shape(), node->facts, Role::Placeholder);
  const std::pair<Expr, Expr> replacement{node, v};
  const Expr outer = substitute(f, std::span(&replacement, 1));
  if (!depends_on(outer, v)) return false;
  Point extended = point;
  extended.values[v.get()] = evaluator(node);
  try {
    const Expr slope = outer.rank() == 0 ? gradient(outer, v) : jacobian(outer, v);
    Evaluator e(extended, arithmetic);
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

std::vector<Kink> kinks(Expr f, std::span<const Expr> variables, const Point& point, Arithmetic arithmetic) {
  std::vector<Kink> found;
  Evaluator evaluator(point, arithmetic);
  Flat flat(variables, evaluator);
  evaluator(f);
  for (const auto& e : topological(std::span(&f, 1))) {
    if (e->kind != Kind::Apply && e->kind != Kind::Power) continue;
    if (std::none_of(variables.begin(), variables.end(), [e](Expr v) { return depends_on(e, v); })) continue;
    if (e->kind == Kind::Power) {
      const double exponent = evaluator(e->operands[1]).data[0];
      if (exponent >= 1 || exponent <= 0 || exponent == std::floor(exponent)) continue;
      Flags zero;  // its base
      for (const double v : evaluator(e).data) zero.push_back(v == 0);
      if (!any(zero)) continue;
      const Flags flags = where_it_moves(std::move(zero), flat(e->operands[0]));
      if (any(flags)) {
        found.push_back(
            {e, "$ at 0", matters(f, e, flags, point, evaluator, Condition::NonZero, arithmetic)});
      }
      continue;
    }
    const Record& record = record_of(*e);
    for (const auto& c : record.differentiable.value) {
      const auto k = static_cast<std::size_t>(c.operand);
      const Array& a = evaluator(e->operands[k]);
      const Array* other = e->operands.size() > 1 ? &evaluator(e->operands[1]) : nullptr;
      Flags failed = failures(c.condition, *e, a, other);
      if (!any(failed)) continue;
      const bool of_rank = c.condition == Condition::ConstantRank || c.condition == Condition::FullRank;
      if (of_rank && !rank_may_change(e->operands[k], variables, point)) continue;
      const bool both = c.condition == Condition::Differ && !any(flat(e->operands[1]));
      const Flags flags = both ? failed : where_it_moves(std::move(failed), flat(e->operands[k]));
      const bool steep = c.condition == Condition::InsideUnit;  // an infinite slope is felt by a square too
      if (any(flags)) {
        found.push_back({e, words(c.condition),
                         steep || matters(f, e, flags, point, evaluator, c.condition, arithmetic)});
      }
    }
  }
  return found;
}

}  // namespace adjoint

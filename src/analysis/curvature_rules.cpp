// The table of curvatures of matrix functions, and the shapes of scalar functions on intervals.
#include <algorithm>

#include "analysis/curvature.hpp"
#include "calculus/differentiate.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

using N = MatrixRule::Needs;
using V = MatrixRule::Value;
using C = Curvature;

// Where the function itself asks for an invertible matrix, semi-definite and defined is definite.
constexpr MatrixRule kRules[] = {
    {"logdet", N::Semidefinite, C::Concave, 1, V::Scalar},  // Boyd & Vandenberghe, 3.1.5
    {"normnuc", N::Nothing, C::Convex, 0, V::Scalar},       // a norm
    {"normop", N::Nothing, C::Convex, 0, V::Scalar},        // a norm
    {"inv", N::Semidefinite, C::Convex, -1, V::Loewner},    // Bhatia, V.1.9 and V.2.3
    {"sqrtm", N::Semidefinite, C::Concave, 1, V::Loewner},  // Bhatia, V.1.8
    {"logm", N::Semidefinite, C::Concave, 1, V::Loewner},   // Bhatia, V.4.7
    {"expm", N::Symmetric, C::Convex, 1, V::Trace},  // trace functions: Petz (1994); Bhatia, exercise V.2
};

constexpr std::string_view kMonotoneLinear[] = {"slice",  "concat",  "fuse", "split",
                                                "cumsum", "cumsumT", "tril", "triu"};

}  // namespace

const MatrixRule* matrix_rule(std::string_view operation) {
  const auto* at = std::find_if(std::begin(kRules), std::end(kRules),
                                [&](const MatrixRule& r) { return r.name == operation; });
  return at == std::end(kRules) ? nullptr : at;
}

bool is_monotone_linear(std::string_view operation) {
  return std::find(std::begin(kMonotoneLinear), std::end(kMonotoneLinear), operation) !=
         std::end(kMonotoneLinear);
}

ScalarBounds scalar_shape(const Node& y, const Range& x) {
  using Bend = ScalarBounds::Shape;
  using Monotone = ScalarBounds::Monotone;
  const Record& record = record_of(y);
  ScalarBounds b = record.bounds;
  const bool curved = b.shape == Bend::Convex || b.shape == Bend::Concave || b.shape == Bend::Affine;
  const bool smooth = record.differentiable.value.empty();
  if (curved && (b.monotone == Monotone::Increasing || b.monotone == Monotone::Decreasing)) return b;
  if (!smooth && !curved) return b;
  Graph& g = *y.graph;
  const Expr t = g.variable("t", {}, Facts::of_signs(x.signs()), Role::Placeholder);
  Ranges ranges(Assumptions{}.with(t, x));
  const Expr first = simplify(gradient(g.apply(*y.op, {t}, y.attributes), t));
  const Range slope = ranges.of(first);
  if (slope.is_nonnegative()) b.monotone = Monotone::Increasing;
  if (slope.is_nonpositive()) b.monotone = Monotone::Decreasing;
  if (!curved && smooth) {
    const Range bend = ranges.of(simplify(gradient(first, t)));
    if (bend.is_nonnegative()) b.shape = Bend::Convex;
    if (bend.is_nonpositive()) b.shape = Bend::Concave;
  }
  return b;
}

}  // namespace adjoint

#include "eval/quotients.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <random>

#include "eval/definitions.hpp"
#include "eval/nodes.hpp"

namespace adjoint {
namespace {

using RealArray = BasicArray<Real>;
using RealVector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;
using RealMatrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

constexpr double kMuch = 2e6;  // multiplications of an evaluation, times entries of the variable

RealVector vector_of(const RealArray& a) {
  return Eigen::Map<const RealVector>(a.data.data(), static_cast<Eigen::Index>(a.data.size()));
}

// The function next to the point, along rays.
class Rays {
 public:
  Rays(Expr variable, const Point& point) : variable_(variable), point_(point) {
    at_ = taken<Real>(point.values.at(variable.get()));
    // Small beside every entry that is not 0, as far as the digits reach.
    Real largest = 0;
    for (const Real& v : at_.data) largest = std::max(largest, Real(abs(v)));
    if (largest == 0) largest = 1;
    Real least = largest;
    for (const Real& v : at_.data) least = v == 0 ? least : std::min(least, Real(abs(v)));
    h_ = std::max(Real(Real("1e-100") * least), Real(Real("1e-310") * largest));
  }
  [[nodiscard]] std::size_t entries() const { return at_.data.size(); }
  [[nodiscard]] RealArray value(Expr e) const { return NodeValues<Real>(point_)(e); }
  [[nodiscard]] RealArray value(Expr e, const RealVector& direction) const {
    RealArray moved = at_;
    for (std::size_t k = 0; k < moved.data.size(); ++k)
      moved.data[k] += h_ * direction(static_cast<Eigen::Index>(k));
    NodeValues<Real> nodes(point_);
    nodes.assign(variable_, std::move(moved));
    return nodes(e);
  }
  /// (f(x + h d) - f(x))/h for each entry of f, given f(x).
  [[nodiscard]] RealVector quotient(Expr f, const RealArray& before, const RealVector& direction) const {
    return (vector_of(value(f, direction)) - vector_of(before)) / h_;
  }
  /// Coordinates, then random directions; of symmetric matrices where the variable is one.
  [[nodiscard]] std::vector<RealVector> directions() const {
    const auto n = static_cast<Eigen::Index>(entries());
    std::vector<RealVector> list;
    for (Eigen::Index k = 0; k < n; ++k) list.push_back(symmetric(RealVector::Unit(n, k)));
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    constexpr int kRandom = 4;
    for (int r = 0; r < kRandom; ++r) {
      RealVector d(n);
      for (Real& v : d) v = normal(random);
      list.push_back(symmetric(d));
    }
    return list;
  }

 private:
  [[nodiscard]] RealVector symmetric(const RealVector& d) const {
    if (!is_symmetric(variable_)) return d;
    const Eigen::Index n = at_.shape[0];
    const RealMatrix m = Eigen::Map<const RealMatrix>(d.data(), n, n);
    const RealMatrix s = (m + m.transpose()) / 2;
    return Eigen::Map<const RealVector>(s.data(), n * n);
  }

  Expr variable_;
  const Point& point_;
  RealArray at_;
  Real h_;
};

bool is_finite(const RealVector& v) {
  return std::all_of(v.begin(), v.end(), [](const Real& x) { return isfinite(x); });
}

// The point of least norm of the hull of points that an oracle gives: support(d) is a point p of it with the
// largest <p,d>.
template <class Support>
RealVector nearest_point(const RealVector& first, Support support) {
  const Real tolerance("1e-30");
  constexpr int kSteps = 200;
  std::vector<RealVector> corral{first};
  std::vector<Real> weights{1};
  RealVector x = first;
  for (int step = 0; step < kSteps; ++step) {
    const RealVector p = support(RealVector(-x));
    Real scale = p.squaredNorm();
    for (const RealVector& q : corral) scale = std::max(scale, Real(q.squaredNorm()));
    if (x.squaredNorm() - x.dot(p) <= tolerance * scale) {
      const Real distance = sqrt(tolerance * scale);  // up to which x is the nearest point
      for (Real& v : x) v = abs(v) <= distance ? Real(0) : v;
      return x;
    }
    corral.push_back(p);
    weights.emplace_back(0);
    for (;;) {  // the nearest point of the affine hull, until it lies within the corral
      const auto n = static_cast<Eigen::Index>(corral.size());
      RealMatrix system = RealMatrix::Zero(n + 1, n + 1);
      RealVector right = RealVector::Zero(n + 1);
      right(n) = 1;
      for (Eigen::Index i = 0; i < n; ++i) {
        system(n, i) = system(i, n) = 1;
        for (Eigen::Index j = 0; j < n; ++j)
          system(i, j) = corral[static_cast<std::size_t>(i)].dot(corral[static_cast<std::size_t>(j)]);
      }
      const RealVector affine = system.fullPivLu().solve(right).head(n);
      Real theta = 1;
      for (Eigen::Index i = 0; i < n; ++i) {
        const Real& w = weights[static_cast<std::size_t>(i)];
        if (affine(i) < tolerance && w > affine(i)) theta = std::min(theta, Real(w / (w - affine(i))));
      }
      for (Eigen::Index i = 0; i < n; ++i) {
        Real& w = weights[static_cast<std::size_t>(i)];
        w += theta * (affine(i) - w);
      }
      const bool inside = theta == 1;
      for (std::size_t i = corral.size(); i-- > 0 && corral.size() > 1;) {
        if (weights[i] > tolerance) continue;
        corral.erase(corral.begin() + static_cast<std::ptrdiff_t>(i));
        weights.erase(weights.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (inside) break;
    }
    x.setZero();
    for (std::size_t i = 0; i < corral.size(); ++i) x += weights[i] * corral[i];
  }
  return x;
}

}  // namespace

Quotients::Quotients(Expr f, Expr variable, const Point& point) : f_(f), variable_(variable), point_(point) {}

std::optional<Quotients> Quotients::of(Expr f, Expr variable, const Point& point) {
  const Facts& facts = variable->facts;
  const bool constrained =
      facts.diagonal == Truth::Yes || facts.lower == Truth::Yes || facts.orthogonal == Truth::Yes;
  if (constrained || !is_defined_in_full(f)) return std::nullopt;
  const auto entries = static_cast<double>(point.values.at(variable.get()).data.size());
  if (entries * work(f, point.sizes) > kMuch) return std::nullopt;
  return Quotients(f, variable, point);
}

std::optional<Array> Quotients::derivative() const {
  const Rays rays(variable_, point_);
  const RealArray before = rays.value(f_);
  const auto columns = static_cast<Eigen::Index>(rays.entries());
  const auto rows = static_cast<Eigen::Index>(before.data.size());
  const std::vector<RealVector> directions = rays.directions();
  RealMatrix d(rows, columns);  // coordinates come first
  std::vector<RealVector> forwards, backwards;
  Real scale = 0;
  for (const RealVector& direction : directions) {
    forwards.push_back(rays.quotient(f_, before, direction));
    backwards.push_back(rays.quotient(f_, before, RealVector(-direction)));
    if (!is_finite(forwards.back()) || !is_finite(backwards.back())) return std::nullopt;
    if (rows > 0) scale = std::max(scale, Real(forwards.back().cwiseAbs().maxCoeff()));
    if (static_cast<Eigen::Index>(forwards.size()) <= columns)
      d.col(static_cast<Eigen::Index>(forwards.size()) - 1) = forwards.back();
  }
  // What is linear up to this: quotients may go to their limits as slowly as h^(1/2).
  const Real tolerance = std::max(Real(Real("1e-25") * scale), Real("1e-40"));
  for (std::size_t k = 0; k < directions.size(); ++k) {
    const RealVector linear = d * directions[k];
    if (rows > 0 && ((forwards[k] - linear).cwiseAbs().maxCoeff() > tolerance ||
                     (backwards[k] + linear).cwiseAbs().maxCoeff() > tolerance))
      return std::nullopt;
  }
  std::vector<std::int64_t> shape = before.shape;
  const auto& own = point_.values.at(variable_.get()).shape;
  shape.insert(shape.end(), own.begin(), own.end());
  Array r(shape);
  for (Eigen::Index k = 0; k < d.size(); ++k)
    r.data[static_cast<std::size_t>(k)] = abs(d.data()[k]) <= tolerance ? 0 : rounded(d.data()[k]);
  return r;
}

std::optional<Array> Quotients::least_subgradient(Expr gradient) const {
  if (f_.rank() != 0 || !is_defined_in_full(gradient)) return std::nullopt;
  const Rays rays(variable_, point_);
  const RealArray before = rays.value(f_);
  const std::vector<RealVector> directions = rays.directions();
  const auto slope = [&](const RealVector& d) { return rays.quotient(f_, before, d)(0); };
  bool convex = true;
  bool concave = true;
  for (std::size_t k = 0; k < directions.size(); ++k) {
    // f'(d1) + f'(d2) against f'(d1 + d2), of opposite directions too.
    const RealVector& d = directions[k];
    const RealVector& other = directions[(k + 1) % directions.size()];
    const Real there = slope(d);
    for (const RealVector& second : {RealVector(-d), other}) {
      const Real excess = there + slope(second) - slope(RealVector(d + second));
      if (!isfinite(excess)) return std::nullopt;
      const Real rounding = Real("1e-9") * (abs(there) + abs(slope(second)));
      convex = convex && excess >= -rounding;
      concave = concave && excess <= rounding;
    }
  }
  if (!convex && !concave) return std::nullopt;
  const int sign = convex ? 1 : -1;
  const auto support = [&](const RealVector& d) {
    return vector_of(rays.value(gradient, RealVector(sign * d)));
  };
  const RealVector first = support(directions.back());
  if (!is_finite(first)) return std::nullopt;
  const RealVector least = nearest_point(first, support);
  if (!is_finite(least)) return std::nullopt;
  Array r(point_.values.at(variable_.get()).shape);
  for (std::size_t k = 0; k < r.data.size(); ++k) r.data[k] = rounded(least(static_cast<Eigen::Index>(k)));
  return r;
}

}  // namespace adjoint

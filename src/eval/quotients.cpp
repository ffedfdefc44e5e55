#include "eval/quotients.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <random>

#include "eval/definitions.hpp"
#include "eval/nodes.hpp"
#include "ops/record.hpp"

namespace adjoint {
namespace {

using RealArray = BasicArray<Real>;
using RealVector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;
using RealMatrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

constexpr double kMuch = 2e6;  // multiplications of an evaluation, times entries of the variable

RealVector vector_of(const RealArray& a) {
  return Eigen::Map<const RealVector>(a.data.data(), static_cast<Eigen::Index>(a.data.size()));
}

// Quotients that are smaller are what rounding leaves of 0.
const Real& rounding() {
  static const Real rounding("1e-45");
  return rounding;
}

// The limit of quotients q(h) for h to 0, from steps that go down by a constant factor: what goes there like
// a power of h is extrapolated (Aitken's process). A slope that grows on, like a power or a logarithm, is
// infinite.
struct Slope {
  Real value;
  bool steep = false;
  Real extrapolated = 0;  // how far the last quotient was from the limit
};
Slope limit_of(const Real& far, const Real& near, const Real& nearest) {
  const Real before = near - far;
  const Real last = nearest - near;
  const bool settled = abs(last) <= Real("1e-30") * abs(nearest);
  if (!isfinite(nearest) || settled || abs(nearest) <= rounding()) return {nearest};
  if (abs(last) < Real("0.9999") * abs(before)) {
    const Real rest = last * last / (last - before);
    return {nearest - rest, false, abs(rest)};
  }
  return {nearest, abs(nearest) > abs(far)};
}

// The function next to the point, along rays.
class Rays {
 public:
  Rays(Expr variable, const Point& point) : variable_(variable), point_(point) {
    at_ = given<Real>(point, variable);
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
  [[nodiscard]] RealArray value(Expr e, const RealVector& direction, int step = 0) const {
    const Real h = step_size(step);
    RealArray moved = at_;
    for (std::size_t k = 0; k < moved.data.size(); ++k)
      moved.data[k] += h * direction(static_cast<Eigen::Index>(k));
    NodeValues<Real> nodes(point_);
    nodes.assign(variable_, std::move(moved));
    return nodes(e);
  }
  /// For each entry of f, given f(x): the limit of (f(x + h d) - f(x))/h.
  [[nodiscard]] std::vector<Slope> slopes(Expr f, const RealArray& before,
                                          const RealVector& direction) const {
    std::vector<RealVector> q;
    const auto entries = static_cast<Eigen::Index>(before.data.size());
    try {
      for (const int step : {0, 1, 2})
        q.emplace_back((vector_of(value(f, direction, step)) - vector_of(before)) / step_size(step));
    } catch (const NumericalError&) {  // not defined there
      q.assign(3, RealVector::Constant(entries, std::numeric_limits<Real>::quiet_NaN()));
    }
    std::vector<Slope> list;
    for (Eigen::Index k = 0; k < entries; ++k) list.push_back(limit_of(q[2](k), q[1](k), q[0](k)));
    return list;
  }
  /// Whether f comes near f(x) along the direction.
  [[nodiscard]] bool jumps(Expr f, const RealArray& before, const RealVector& direction) const {
    const auto apart = [&](int step) {
      return Real(abs(value(f, direction, step).data[0] - before.data[0]));
    };
    try {
      const Real nearest = apart(0);
      return isfinite(nearest) && nearest > Real("1e-60") * abs(before.data[0]) && nearest > Real("1e-60") &&
             nearest > Real("0.9") * apart(2);
    } catch (const NumericalError&) {
      return false;
    }
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

  [[nodiscard]] Real step_size(int step) const {
    static const Real kApart("1e15");
    Real h = h_;
    for (int k = 0; k < step; ++k) h *= kApart;
    return h;
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
  if (constrained || !is_defined_in_full(f, point.sizes)) return std::nullopt;
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
  Real extrapolated = 0;
  const auto slopes = [&](const RealVector& direction) -> std::optional<RealVector> {
    RealVector r(rows);
    Eigen::Index row = 0;
    for (const Slope& slope : rays.slopes(f_, before, direction)) {
      if (slope.steep || !isfinite(slope.value)) return std::nullopt;
      r(row++) = slope.value;
      scale = std::max(scale, Real(abs(slope.value)));
      extrapolated = std::max(extrapolated, slope.extrapolated);
    }
    return r;
  };
  for (const RealVector& direction : directions) {
    const auto forward = slopes(direction);
    const auto backward = forward ? slopes(RealVector(-direction)) : std::nullopt;
    if (!backward) return std::nullopt;
    forwards.push_back(*forward);
    backwards.push_back(*backward);
    if (static_cast<Eigen::Index>(forwards.size()) <= columns)
      d.col(static_cast<Eigen::Index>(forwards.size()) - 1) = *forward;
  }
  // What is linear up to this; the extrapolation takes one power of h to its limit, not all.
  const Real tolerance =
      std::max({Real(Real("1e-25") * scale), Real("1e-40"), Real(Real("1e-6") * extrapolated)});
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

Quotients::Behaviour Quotients::behaviour() const {
  Behaviour b;
  const Rays rays(variable_, point_);
  const RealArray before = rays.value(f_);
  // What is made of continuous operations may be steep, as abs(x)^0.001 at 0, but does not jump.
  const auto nodes = topological(std::span(&f_, 1));
  const bool may_jump = std::any_of(nodes.begin(), nodes.end(), [](Expr e) {
    return e->kind == Kind::Apply && record_of(*e).continuity != Continuity::Continuous;
  });
  std::size_t entry = 0;
  for (const RealVector& d : rays.directions()) {
    bool steep = false;
    for (const RealVector& direction : {d, RealVector(-d)}) {
      const Slope slope = rays.slopes(f_, before, direction)[0];
      b.at_edge = b.at_edge || !isfinite(slope.value);
      b.jumps = b.jumps || (may_jump && rays.jumps(f_, before, direction));
      steep = steep || slope.steep;
    }
    if (entry < rays.entries() && steep) b.steep.push_back(entry);
    ++entry;
  }
  return b;
}

namespace {

// Along a line with these slopes forwards and backwards, one of them infinite: the number nearest to 0 that
// is a sub- or a supergradient there; infinite where there is none.
Real least_slope(const Slope& forward, const Slope& backward) {
  const Real infinity = std::numeric_limits<Real>::infinity();
  const auto up = [](const Slope& s) { return s.value > 0; };
  if (!isfinite(backward.value)) return up(forward) ? infinity : -infinity;  // an edge of the domain
  if (!isfinite(forward.value)) return up(backward) ? -infinity : infinity;
  if (forward.steep && backward.steep)
    return up(forward) == up(backward) ? Real(0) : up(forward) ? infinity : -infinity;
  if (forward.steep)
    return up(forward) ? std::max(Real(-backward.value), Real(0)) : std::min(Real(-backward.value), Real(0));
  return up(backward) ? std::min(forward.value, Real(0)) : std::max(forward.value, Real(0));
}

}  // namespace

std::optional<Array> Quotients::least_subgradient(Expr gradient, const Behaviour& behaviour) const {
  if (f_.rank() != 0 || behaviour.jumps || !is_defined_in_full(gradient, point_.sizes)) return std::nullopt;
  const Rays rays(variable_, point_);
  const RealArray before = rays.value(f_);
  const auto free = [&](RealVector v) {
    for (const std::size_t k : behaviour.steep) v(static_cast<Eigen::Index>(k)) = 0;
    return v;
  };
  std::vector<RealVector> directions;
  for (const RealVector& d : rays.directions()) {
    if (const RealVector rest = free(d); !rest.isZero(0)) directions.push_back(rest);
  }
  const auto slope = [&](const RealVector& d) {
    const Slope s = rays.slopes(f_, before, d)[0];
    return s.steep ? std::numeric_limits<Real>::quiet_NaN() : s.value;
  };
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
  Array r(point_.values.at(variable_.get()).shape);
  if (!directions.empty()) {
    const int sign = convex ? 1 : -1;
    const auto support = [&](const RealVector& d) {
      return free(vector_of(rays.value(gradient, RealVector(sign * free(d)))));
    };
    const RealVector first = support(directions.back());
    if (!is_finite(first)) return std::nullopt;
    const RealVector least = nearest_point(first, support);
    if (!is_finite(least)) return std::nullopt;
    for (std::size_t k = 0; k < r.data.size(); ++k) r.data[k] = rounded(least(static_cast<Eigen::Index>(k)));
  }
  const std::vector<RealVector> coordinates = rays.directions();
  for (const std::size_t k : behaviour.steep) {
    const auto along = [&](const RealVector& d) { return rays.slopes(f_, before, d)[0]; };
    r.data[k] = rounded(least_slope(along(coordinates[k]), along(RealVector(-coordinates[k]))));
  }
  return r;
}

}  // namespace adjoint

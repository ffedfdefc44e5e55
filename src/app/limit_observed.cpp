#include "app/limit_observed.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "app/limit.hpp"
#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"
#include "print/text.hpp"

namespace adjoint::app {
namespace {

// How near: the first three are shown, the others decide whether the values settle elsewhere.
constexpr int kShown = 3;
constexpr int kPowers[] = {1, 3, 5, 8, 12, 20, 30};
constexpr unsigned kPoints = 6;

// The parameter, near the point by `step`.
Expr near(const Target& target, Limits::Side side, Expr step) {
  if (target.kind == Target::Kind::PlusInfinity) return power(step, Rational(-1));
  if (target.kind == Target::Kind::MinusInfinity) return -power(step, Rational(-1));
  const Expr at = target.number ? target.number : step.graph().number(0);
  return side == Limits::Side::Below ? at - step : at + step;
}

struct Seen {
  double value = 0;     // of the function where it is a scalar, else its norm
  double distance = 0;  // from the limit
};

// Values at one point of the other variables, nearer and nearer; what has no finite value is left out.
using Approach = std::vector<std::pair<std::size_t, Seen>>;

// Three distances on one power of the step, growing: what grows otherwise may still turn.
bool grows_as_power(const Approach& a) {
  const auto& [k, last] = a.back();
  const auto& [j, before] = a[a.size() - 2];
  const auto& [i, first] = a[a.size() - 3];
  if (!(first.distance > 1) || !(before.distance > first.distance)) return false;
  const double slope = std::log(last.distance / before.distance) / (kPowers[k] - kPowers[j]);
  const double other = std::log(before.distance / first.distance) / (kPowers[j] - kPowers[i]);
  return slope > 0.1 && std::fabs(slope - other) < 1e-3 * slope;
}

bool settles_elsewhere(const Limit& l, const Approach& a, double size) {
  if (a.size() < 3) return false;
  const Seen& last = a.back().second;
  const Seen& before = a[a.size() - 2].second;
  const Seen& first = a[a.size() - 3].second;
  const double moved = std::fabs(last.value - before.value);
  const double moved_before = std::fabs(before.value - first.value);
  const bool slowing = moved <= moved_before;  // else something grows beside a large constant
  if (l.kind == Limit::Kind::Finite) {
    if (last.value == 0) return false;  // all digits may have cancelled
    const double scale = 1e-9 * (1 + size);
    if (last.distance <= scale) return false;
    if (slowing && moved <= 0.005 * last.distance && moved_before <= 0.02 * last.distance) return true;
    return grows_as_power(a);
  }
  const double sign = l.kind == Limit::Kind::PlusInfinity ? 1 : -1;
  if (last.value == 0) return false;
  if (slowing && moved <= 0.005 * std::fabs(last.value) && moved_before <= 0.02 * std::fabs(last.value))
    return true;
  return sign * last.value < 0 && grows_as_power(a);
}

// A rate that holds for all values of the variables is tried on large, small and vanishing ones.
void check_rate(const Question& q, const Sampler& sample, Expr f, const Limit& l,
                const std::pair<Expr, Expr>& approach, Expr step) {
  Graph& g = f.graph();
  for (const std::int64_t scale : {1, 1000, 0, -1000}) {
    std::vector<std::pair<Expr, Expr>> put{approach};
    for (const auto& s : q.formula.symbols) {
      if (s.kind != notation::Symbol::Kind::Variable) continue;
      const Expr v = notation::variable(g, s);
      const bool free = v->facts == Facts::unknown() && !s.bounds.lower && !s.bounds.upper;
      if (v == approach.first || !free) continue;
      put.emplace_back(v, scale < 0 ? Rational(1, -scale) * v : Rational(scale) * v);
    }
    const auto moved = [&](Expr e) { return substitute(e, put); };
    const Expr gap = moved(f) - moved(l.value);
    for (unsigned seed = 0; seed < 3; ++seed) {
      for (const int power : {1, 5}) {
        const Given given{{step, std::pow(10.0, -power)}};
        const auto d = sample(f.rank() == 0 ? adjoint::abs(gap) : norm(gap), seed, given);
        const auto r = sample(moved(l.rate), seed, given);
        if (d && r && *d > *r * (1 + 1e-9) + 1e-280)
          throw Contradiction("the distance of " + q.formula.text +
                              " from its limit was found to be at most " + say_for(q)(l.rate) +
                              ", but it is larger at a random point");
      }
    }
  }
}

std::string number_text(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2g", x);
  return text;
}

std::string place_text(const Target& target, Limits::Side side, int power) {
  const std::string digits = "1" + std::string(static_cast<std::size_t>(power), '0');
  if (target.kind == Target::Kind::PlusInfinity) return digits;
  if (target.kind == Target::Kind::MinusInfinity) return "-" + digits;
  const std::string step = "1/" + digits;
  const bool below = side == Limits::Side::Below;
  if (target.is_zero()) return below ? "-" + step : step;
  return std::string("the point ") + (below ? "- " : "+ ") + step;
}

}  // namespace

std::string observed(const Question& q, Expr f, const Limit& l, Expr parameter, const Target& target,
                     Limits::Side side) {
  using K = Limit::Kind;
  const bool finite = l.kind == K::Finite;
  const bool infinite = l.kind == K::PlusInfinity || l.kind == K::MinusInfinity;
  if (!finite && !(f.rank() == 0 && (infinite || l.kind == K::Unknown))) return {};
  const Expr step = f.graph().variable("step", {}, Facts::of_signs(Signs::positive()), Role::Placeholder);
  const Sampler sample = sampler_of(q);
  if (!sample) return {};
  // Whether a random point fulfils the conditions.
  const bool generic = std::all_of(l.cases.begin(), l.cases.end(), [](const LimitCase& c) {
    using C = Condition;
    return c.where.predicate == C::NonZero || c.where.predicate == C::NotAllZero ||
           c.where.predicate == C::Invertible || c.where.predicate == C::FullRank;
  });
  std::vector<double> most(std::size(kPowers), 0);
  std::vector<int> seen(std::size(kPowers), 0);
  std::vector<Limits::Side> sides{side == Limits::Side::Below ? side : Limits::Side::Above};
  if (side == Limits::Side::Both && target.kind == Target::Kind::Number) sides.push_back(Limits::Side::Below);
  for (const auto from : sides) {
    const std::pair<Expr, Expr> put{parameter, near(target, from, step)};
    const Expr moved = substitute(f, std::span(&put, 1));
    const Expr value = f.rank() == 0 ? moved : norm(moved);
    const Expr distance = !finite         ? value
                          : f.rank() == 0 ? adjoint::abs(moved - l.value)
                                          : norm(moved - l.value);
    for (unsigned seed = 0; seed < (l.kind == K::Unknown ? 1U : kPoints); ++seed) {
      Approach approach;
      double size = 0;
      if (finite) size = sample(l.value.rank() == 0 ? l.value : norm(l.value), seed, {}).value_or(NAN);
      if (!std::isfinite(size)) continue;
      for (std::size_t k = 0; k < std::size(kPowers); ++k) {
        const Given given{{step, std::pow(10.0, -kPowers[k])}};
        const auto v = sample(value, seed, given);
        const auto d = finite ? sample(distance, seed, given) : v;
        if (!v || !d || !std::isfinite(*v) || !std::isfinite(*d)) continue;
        approach.push_back({k, {*v, *d}});
        most[k] = l.kind == K::Unknown ? *d : std::max(most[k], std::fabs(*d));
        ++seen[k];
      }
      if (l.kind != K::Unknown && generic && settles_elsewhere(l, approach, std::fabs(size))) {
        throw Contradiction("the limit of " + q.formula.text + " was found to be " +
                            limit_value_text(l, say_for(q)) + ", but the function goes to " +
                            number_text(approach.back().second.value) + " at a random point");
      }
    }
  }
  if (l.rate) check_rate(q, sample, f, l, {parameter, near(target, sides[0], step)}, step);
  std::string distances, places;
  double first = -1, last = 0;
  for (std::size_t k = 0; k < kShown; ++k) {
    if (seen[k] == 0) continue;
    if (first < 0) first = most[k];
    last = most[k];
    distances += (distances.empty() ? "" : ", ") + number_text(most[k]);
    places += (places.empty() ? "" : ", ") + place_text(target, sides[0], kPowers[k]);
  }
  if (distances.empty()) return {};
  const std::string at = distances + " at " + parameter->name() + " = " + places;
  if (l.kind == K::Unknown) return "at one random point its values are " + at;
  if (infinite) return "at random points it is of the size " + at;
  double nearest = last;
  for (std::size_t k = 0; k < std::size(kPowers); ++k) {
    if (seen[k] > 0) nearest = most[k];
  }
  const bool slow = !(last <= 0.1 * first || last < 1e-6);
  std::string more;
  if (slow && seen.back() > 0)
    more =
        ", " + number_text(nearest) + " at " + place_text(target, sides[0], kPowers[std::size(kPowers) - 1]);
  return "at random points the distance from it is at most " + at + more;
}

}  // namespace adjoint::app

#include "analysis/supremum.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <queue>

#include "analysis/forms.hpp"
#include "analysis/orders.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kSteps = 300;
constexpr std::size_t kWork = 3000;  // nodes looked at in one search: a few milliseconds
constexpr double kEdge = 64;

Expr at(Expr e, Expr t, Expr value) {
  const std::pair<Expr, Expr> put{t, value};
  return substitute(e, std::span(&put, 1));
}

// The dyadic fraction within rounding of v, if there is one.
std::optional<Rational> near_number(double v) {
  for (std::int64_t den = 1; den <= 4096; den *= 2) {
    const double scaled = v * static_cast<double>(den);
    if (std::fabs(scaled - std::round(scaled)) < 1e-12 * std::max(1.0, std::fabs(scaled)) &&
        std::fabs(scaled) < 1e9) {
      return Rational(static_cast<std::int64_t>(std::round(scaled)), den);
    }
  }
  return std::nullopt;
}

class Search {
 public:
  Search(Expr w, Expr t, const Range& domain, const Assumptions& assumptions)
      : t_(t), domain_(domain), assumptions_(assumptions), forms_(equal_forms(w)) {
    for (const Expr f : forms_) mirrored_.push_back(simplify(at(f, t, -t)));
    continuous_ = std::any_of(forms_.begin(), forms_.end(), is_continuous);
  }

  // Whether no operation of an expression jumps: only then does its slope tell how it changes.
  static bool is_continuous(Expr e) {
    const auto nodes = topological(std::span(&e, 1));
    return std::none_of(nodes.begin(), nodes.end(), [](Expr x) { return is_discontinuous(*x); });
  }

  Range over(const Range& piece) {
    Range r = Range::all();
    Assumptions here = assumptions_.with(t_, piece);
    Ranges ranges(here);
    for (const Expr f : forms_) r = intersection(r, ranges.of(f));
    if (piece.upper > piece.lower && !slopes_.empty()) {
      Range slope = Range::all();
      for (const Expr f : slopes_) slope = intersection(slope, ranges.of(f));
      if (slope.is_nonnegative() || slope.is_nonpositive()) {  // monotone: between the values at the ends
        const auto end = [&](double v, bool open) {
          return std::isinf(v) || open ? Range::all() : over(Range::point(v));
        };
        Range low =
            end(piece.lower, piece.open_lower || (piece.lower == domain_.lower && domain_.open_lower));
        Range high =
            end(piece.upper, piece.open_upper || (piece.upper == domain_.upper && domain_.open_upper));
        if (slope.is_nonpositive()) std::swap(low, high);
        r = intersection(r, {low.lower, high.upper});
      } else if (piece.is_bounded() && piece.upper - piece.lower < 1) {
        // The mean value form: second order in the width.
        const double middle = (piece.lower + piece.upper) / 2;
        r = intersection(r, over(Range::point(middle)) +
                                slope * (Range{piece.lower, piece.upper} + Range::point(-middle)));
      }
    }
    return r.is_empty() ? Range::all() : r;  // an empty bound says nothing
  }

  void use_slopes() {
    if (slopes_.empty() && continuous_)
      slopes_ = equal_forms(gradient(forms_.size() > 1 ? forms_[1] : forms_[0], t_));
  }

  // Nodes to visit for one interval.
  [[nodiscard]] std::size_t weight() const {
    return topological(forms_).size() + topological(slopes_).size();
  }

  // Where the function is monotone: its limits at the ends of the domain.
  bool monotone_ends(Range& ends) {
    use_slopes();
    Ranges ranges(assumptions_.with(t_, domain_));
    Range slope = Range::all();
    for (const Expr f : slopes_) slope = intersection(slope, ranges.of(f));
    if (!slope.is_nonnegative() && !slope.is_nonpositive()) return false;
    const auto end = [&](double v, bool open, bool upper) {
      if (std::isinf(v)) return tail(v < 0, 1e150, true);
      if (!open) return over(Range::point(v));
      return v == 0 ? tail(upper, 1e-150, false) : Range::all();
    };
    ends = hull(end(domain_.lower, domain_.open_lower, false), end(domain_.upper, domain_.open_upper, true));
    return true;
  }

  // Near infinity (mirrored: minus infinity) and near 0.
  Range tail(bool mirror, double edge, bool toward_infinity) {
    Range r = Range::all();
    for (const Expr f : mirror ? mirrored_ : forms_) {
      r = intersection(r, order_of(f, t_, edge, toward_infinity, assumptions_).values(edge, toward_infinity));
    }
    return r.is_empty() ? Range::all() : r;
  }

  bool unbounded(std::string& where) {
    for (const bool mirror : {false, true}) {
      const bool reaches = mirror ? domain_.lower == -kInfinity : domain_.upper == kInfinity;
      for (const Expr f : mirror ? mirrored_ : forms_) {
        if (reaches && order_of(f, t_, 1e8, true, assumptions_).is_unbounded(true)) {
          where = mirror ? "as t -> -inf" : "as t -> inf";
          return true;
        }
        const bool zero =
            mirror ? domain_.lower < 0 && domain_.upper >= 0 : domain_.lower <= 0 && domain_.upper > 0;
        if (zero && order_of(f, t_, 1e-8, false, assumptions_).is_unbounded(false)) {
          where = "as t -> 0";
          return true;
        }
      }
    }
    return false;
  }

  // An upper bound of the values (of their negatives) outside (hole), with the largest value met.
  double upper(bool negative, double hole, double& met) {
    const auto top = [negative](const Range& r) { return negative ? -r.lower : r.upper; };
    const auto bottom = [negative](const Range& r) { return negative ? -r.upper : r.lower; };
    if (domain_.lower == domain_.upper) {  // a point
      met = bottom(over(domain_));
      return top(over(domain_));
    }
    use_slopes();
    double fixed = -kInfinity;  // over pieces that are not split
    std::priority_queue<std::pair<double, std::pair<double, double>>> pieces;
    const auto push = [&](double a, double b) {
      if (!(a < b)) return;
      pieces.push({top(over({a, b})), {a, b}});
      met = std::max(met, bottom(over(Range::point((a + b) / 2))));
    };
    double from = domain_.lower;
    double to = domain_.upper;
    if (to == kInfinity) {
      fixed = std::max(fixed, std::min(top(tail(false, kEdge, true)), top(over({kEdge, kInfinity}))));
      to = std::max(kEdge, from);
    }
    if (from == -kInfinity) {
      fixed = std::max(fixed, std::min(top(tail(true, kEdge, true)), top(over({-kInfinity, -kEdge}))));
      from = std::min(-kEdge, to);
    }
    if (from == 0 && domain_.open_lower) {
      from = 1.0 / kEdge;
      fixed = std::max(fixed, std::min(top(tail(false, from, false)), top(over({0, from, true, false}))));
    }
    if (hole > 0) {
      push(from, std::min(to, -hole));
      push(std::max(from, hole), to);
    } else {
      push(from, std::min(0.0, to));
      push(std::max(from, 0.0), to);
    }
    const std::size_t steps = std::clamp(kWork / (1 + weight()), std::size_t{12}, kSteps);
    for (std::size_t k = 0; k < steps && !pieces.empty(); ++k) {
      const auto [value, piece] = pieces.top();
      if (value <= fixed || value <= met + 1e-12 * std::fabs(met)) break;
      if (std::isinf(value) && k > 40) break;  // halving does not make it finite
      pieces.pop();
      const double middle = (piece.first + piece.second) / 2;
      if (!(piece.first < middle && middle < piece.second)) {
        fixed = std::max(fixed, value);
        continue;
      }
      push(piece.first, middle);
      push(middle, piece.second);
    }
    return std::max(fixed, pieces.empty() ? -kInfinity : pieces.top().first);
  }

  // |w(0)| where it is a simple number and |w| stays below it: below it away from 0, and w'(0) = 0 with w''
  // against the sign of w(0).
  std::optional<Rational> peak_at_zero() {
    if (!domain_.holds(0) || (domain_.lower == 0 && domain_.open_lower)) return std::nullopt;
    if (topological(forms_).size() > 100) return std::nullopt;  // its second derivative is out of hand
    const Range start = over(Range::point(0));
    const auto nice = near_number((start.lower + start.upper) / 2);
    if (!nice || nice->is_zero() || !start.is_bounded() || !start.holds(nice->value()) ||
        start.upper - start.lower > 1e-12 * start.magnitude())
      return std::nullopt;
    const double peak = start.magnitude();
    if (over(domain_).magnitude() <= peak * (1 + 1e-15)) return nice->absolute();
    const Expr first = simplify(gradient(forms_[0], t_));
    if (!continuous_ || !is_continuous(first)) return std::nullopt;
    const Range slope = Search(first, t_, Range::point(0), assumptions_).over(Range::point(0));
    if (slope.magnitude() > 1e-12) return std::nullopt;
    const Expr second = simplify(gradient(first, t_));
    for (const double hole : {0.25, 0.0625}) {
      Search bend(second, t_, intersection(domain_, {-hole, hole}), assumptions_);
      double met = -kInfinity;
      if (!(bend.upper(nice->is_negative(), 0, met) < 0)) continue;
      double inside = -kInfinity;
      // Within the hole |w| cannot pass |w(0)| from the other side.
      const Range near = over({-hole, hole});
      if ((nice->is_negative() ? near.upper : -near.lower) >= peak) continue;
      if (upper(false, hole, inside) < peak && upper(true, hole, inside) < peak) return nice->absolute();
    }
    return std::nullopt;
  }

  [[nodiscard]] const std::vector<Expr>& forms() const { return forms_; }

 private:
  Expr t_;
  Range domain_;
  Assumptions assumptions_;
  std::vector<Expr> forms_, mirrored_, slopes_;
  bool continuous_ = false;
};

// Variables and sizes that w has beside t.
std::vector<Expr> parameters(Expr w, Expr t) {
  std::vector<Expr> found;
  for (const auto& e : topological(std::span(&w, 1))) {
    const bool leaf = e->kind == Kind::Variable || e->kind == Kind::Extent;
    if (leaf && !(e == t) && e.rank() == 0) found.push_back(e);
  }
  return found;
}

}  // namespace

Rational rounded_up(double v) {
  for (std::int64_t den = 1; den <= 4096; den *= 2) {
    const double scaled = v * static_cast<double>(den);
    if (scaled == std::floor(scaled) && std::fabs(scaled) < 1e12)
      return {static_cast<std::int64_t>(scaled), den};
  }
  constexpr double kLeast = std::numeric_limits<double>::min();
  if (v > 0 && v < kLeast * 1e15) return Rational::inexact(v + kLeast);  // its digits may be lost
  const double step = std::pow(10, std::floor(std::log10(std::fabs(v))) - 9);
  const double up = std::ceil(v / step) * step;
  return Rational::inexact(up < v ? up + step : up);
}

std::vector<Expr> equal_forms(Expr e) {
  std::vector<Expr> forms{e};
  const Expr simple = simplify(e);
  const Expr written = expanded(simple);
  for (const Expr f : {simple, written, factored(simple), factored(written), simplify(factored(written)),
                       simplify(aligned(written))}) {
    if (std::find(forms.begin(), forms.end(), f) == forms.end()) forms.push_back(f);
  }
  return forms;
}

Expr magnitude(Expr e) {
  if (e->facts.signs.is_nonnegative()) return e;
  if (e->facts.signs.is_nonpositive()) return -e;
  if (e->kind != Kind::Product || e.rank() != 0) return abs(e);
  Expr total = e.graph().number(e->coefficient.absolute());
  for (const auto& f : e->factors) {
    if (!f.labels.empty()) return abs(e);
    total = times(total, f.expr->kind == Kind::Product ? abs(f.expr) : magnitude(f.expr));
  }
  return total;
}

Scaled scaled_out(Expr w, Expr t) {
  Graph& g = w.graph();
  Scaled s{g.number(1), simplify(w), false};
  // Constant factors first.
  const auto strip = [&] {
    if (s.core->kind != Kind::Product || s.core.rank() != 0) return;
    std::vector<Factor> outside, inside;
    for (const auto& f : s.core->factors) (depends_on(f.expr, t) ? inside : outside).push_back(f);
    if (inside.empty() || std::any_of(s.core->factors.begin(), s.core->factors.end(),
                                      [](const Factor& f) { return !f.labels.empty(); }))
      return;
    s.factor = times(s.factor, g.product(s.core->coefficient, outside, {}, {}));
    s.core = g.product(1, inside, {}, {});
  };
  strip();
  for (const Expr c : parameters(s.core, t)) {
    if (!c->facts.signs.is_positive()) continue;
    bool done = false;
    for (const Rational& sigma : {Rational(1), Rational(-1), Rational(1, 2), Rational(-1, 2)}) {
      const Expr put = at(s.core, t, times(power(c, sigma), t));
      for (const Expr form : equal_forms(put)) {
        for (int k = -6; k <= 6 && !done; ++k) {
          const Expr rest = simplify(times(form, power(c, Rational(k, 2))));
          if (depends_on(rest, c)) continue;
          s.factor = times(s.factor, power(c, Rational(-k, 2)));
          s.core = rest;
          s.scaled = true;
          done = true;
        }
        if (done) break;
      }
      if (done) break;
    }
    strip();
  }
  s.factor = simplify(s.factor);
  return s;
}

Range certified_range(Expr w, Expr t, const Range& domain, const Assumptions& assumptions) {
  Search search(w, t, domain, assumptions);
  double met = -kInfinity;
  const double top = search.upper(false, 0, met);
  met = -kInfinity;
  const double bottom = -search.upper(true, 0, met);
  return intersection({bottom, top}, search.over(domain));
}

Supremum supremum_of(Expr w, Expr t, const Range& domain, const Assumptions& assumptions) {
  Supremum s;
  Graph& g = w.graph();
  if (!depends_on(w, t)) {
    s.kind = Supremum::Kind::Finite;
    s.bound = magnitude(w);
    s.exact = true;
    return s;
  }
  Scaled scaled = scaled_out(w, t);
  const bool half_line =
      (domain.lower == 0 || domain.lower == -kInfinity) && (domain.upper == 0 || domain.upper == kInfinity);
  if (scaled.scaled && !half_line) scaled = {g.number(1), simplify(w), false};
  Search search(scaled.core, t, domain, assumptions);
  if (const auto peak = search.peak_at_zero()) {
    s.kind = Supremum::Kind::Finite;
    s.bound = simplify(times(magnitude(scaled.factor), g.number(*peak)));
    s.exact = true;
    s.where = "at t = 0";
    return s;
  }
  if (search.unbounded(s.where)) {
    s.kind = Supremum::Kind::Infinite;
    return s;
  }
  Range ends;
  if (search.monotone_ends(ends) && ends.is_bounded()) {
    if (const auto nice = near_number(ends.magnitude())) {
      s.kind = Supremum::Kind::Finite;
      s.bound = simplify(times(magnitude(scaled.factor), g.number(*nice)));
      s.exact = true;
      return s;
    }
  }
  double met = -kInfinity;
  double top = std::min(search.over(domain).magnitude(),
                        std::max(search.upper(false, 0, met), search.upper(true, 0, met)));
  if (!std::isfinite(top)) return s;
  s.kind = Supremum::Kind::Finite;
  s.bound = simplify(times(magnitude(scaled.factor), g.number(rounded_up(top))));
  s.exact = met > 1e-290 && top <= met * (1 + 1e-6);
  return s;
}

}  // namespace adjoint

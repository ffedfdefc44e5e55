#include "analysis/range.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/forms.hpp"
#include "analysis/integers.hpp"
#include "ops/powers.hpp"
#include "ops/record.hpp"

namespace adjoint {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargest = std::numeric_limits<double>::max();

double down(double v) { return std::nextafter(v, -kInfinity); }
double up(double v) { return std::nextafter(v, kInfinity); }

// An end that overflowed: of finite numbers no result is infinite, so that the end away from it stays finite.
double overflowed(double v, bool upward) {
  if (std::isnan(v)) return upward ? kInfinity : -kInfinity;
  return upward == (v > 0) ? v : std::copysign(kLargest, v);
}

// No real number is infinite: an end that says so says that nothing larger is known.
Range kept(Range r) {
  if (!(r.lower < kInfinity)) r.lower = std::isnan(r.lower) ? -kInfinity : kLargest;
  if (!(r.upper > -kInfinity)) r.upper = std::isnan(r.upper) ? kInfinity : -kLargest;
  return r;
}

double sum(double a, double b, bool upward) {
  const double s = a + b;
  if (!std::isfinite(s)) return overflowed(s, upward);
  const double t = s - a;  // the rounding error, exactly (Knuth)
  const double error = (a - (s - t)) + (b - t);
  if (upward) return error > 0 ? up(s) : s;
  return error < 0 ? down(s) : s;
}

double times(double a, double b, bool upward) {
  if (a == 0 || b == 0) return 0;
  const double p = a * b;
  if (!std::isfinite(p)) return overflowed(p, upward);
  if (std::fabs(p) < 1e-290) {  // the error is not exact there; the sign is
    if ((a > 0) == (b > 0)) return upward ? up(std::fabs(p)) : std::max(0.0, down(p));
    return upward ? std::min(-0.0, up(p)) : down(-std::fabs(p));
  }
  const double error = std::fma(a, b, -p);
  if (upward) return error > 0 ? up(p) : p;
  return error < 0 ? down(p) : p;
}

double quotient(double a, double b, bool upward) {
  if (std::isinf(b)) return 0;
  const double q = a / b;
  if (!std::isfinite(q)) return overflowed(q, upward);
  if (std::fabs(q) < 1e-290) return upward ? up(q) : down(q);
  const double error = std::fma(-q, b, a) / b;  // true minus computed, in sign
  if (upward) return error > 0 ? up(q) : q;
  return error < 0 ? down(q) : q;
}

// x^e for x >= 0, one end.
double raised(double x, double e, bool upward) {
  if (x == 0) return e > 0 ? 0 : kInfinity;
  if (std::isinf(x)) return e > 0 ? kInfinity : 0;
  if (x == 1) return 1;
  if (e == std::floor(e) && std::fabs(e) <= 64) {
    double r = 1;
    for (int k = 0; k < static_cast<int>(std::fabs(e)); ++k) r = times(r, x, (e > 0) == upward);
    return e > 0 ? r : r == 0 ? kInfinity : std::max(0.0, quotient(1, r, upward));
  }
  const double p = std::pow(x, e);
  if (!std::isfinite(p)) return overflowed(p, upward);
  if (2 * e == std::floor(2 * e) && std::fabs(e) == 0.5) {  // an exact root stays exact
    const double root = std::sqrt(x);
    if (std::fma(root, root, -x) == 0 && (e > 0 || quotient(1, root, true) == quotient(1, root, false))) {
      return e > 0 ? root : 1 / root;
    }
  }
  return upward ? up(up(p)) : std::max(0.0, down(down(p)));
}

Range range_of(const Rational& c) {
  const double v = c.value();
  if (c.exact() && std::fabs(v) < 9e15 && c.denominator() != 0) {
    const double product = v * static_cast<double>(c.denominator());
    if (product == static_cast<double>(c.numerator()) &&
        std::fma(v, static_cast<double>(c.denominator()), -product) == 0) {
      return Range::point(v);
    }
    return {down(v), up(v)};
  }
  return c.exact() ? Range{down(v), up(v)} : Range::point(v);
}

Range count_of(const Size& size) {
  if (const auto c = size.constant()) return Range::point(static_cast<double>(*c));
  // Names stand for positive numbers; a difference of sizes is at least 0.
  for (const auto& [monomial, coefficient] : size.terms()) {
    if (coefficient < 0) return {0, kInfinity};
  }
  return {1, kInfinity};
}

Range raised_to(const Range& b, const Rational& e, double v) {
  const auto of_positive = [&](const Range& p) {
    if (v > 0) return Range{raised(p.lower, v, false), raised(p.upper, v, true), p.open_lower, p.open_upper};
    return Range{raised(p.upper, v, false), raised(p.lower, v, true), p.open_upper || std::isinf(p.upper),
                 p.open_lower};
  };
  if (b.lower >= 0) return of_positive(b);
  if (!e.is_integer()) return of_positive({0, std::max(0.0, b.upper), false, b.open_upper});
  const bool even = e.is_even();
  if (b.upper <= 0) {
    const Range r = of_positive(-b);
    return even ? r : -r;
  }
  if (even) {  // both signs
    const double m = b.magnitude();
    const bool open = (b.upper < m || b.open_upper) && (-b.lower < m || b.open_lower);
    return v > 0 ? Range{0, raised(m, v, true), false, open}
                 : Range{raised(m, v, false), kInfinity, open, false};
  }
  if (v < 0) return Range::all();
  return {-raised(-b.lower, v, true), raised(b.upper, v, true), b.open_lower, b.open_upper};
}

Range power_of(const Range& b, const Rational& e) {
  const Range v = range_of(e);
  const Range r = raised_to(b, e, v.lower);
  return kept(v.lower == v.upper ? r : hull(r, raised_to(b, e, v.upper)));
}

}  // namespace

Range Range::of(const Signs& s) {
  Range r;
  if (s.is_nonnegative()) {
    r.lower = 0;
    r.open_lower = s.is_positive();
  }
  if (s.is_nonpositive()) {
    r.upper = 0;
    r.open_upper = s.is_negative();
  }
  return r;
}

bool Range::is_bounded() const { return std::isfinite(lower) && std::isfinite(upper); }
double Range::magnitude() const { return std::max(std::fabs(lower), std::fabs(upper)); }

Signs Range::signs() const {
  Signs s{0};
  if (!is_nonnegative()) s.possible |= Signs::kNegative;
  if (!is_nonpositive()) s.possible |= Signs::kPositive;
  if (!is_positive() && !is_negative()) s.possible |= Signs::kZero;
  return s;
}

Range operator+(const Range& a, const Range& b) {
  return kept({sum(a.lower, b.lower, false), sum(a.upper, b.upper, true), a.open_lower || b.open_lower,
               a.open_upper || b.open_upper});
}

Range operator-(const Range& a) { return {-a.upper, -a.lower, a.open_upper, a.open_lower}; }

Range operator*(const Range& a, const Range& b) {
  if (a.lower >= 0 && b.lower >= 0) {
    const bool open_lower = (a.open_lower && (b.open_lower || b.lower > 0)) || (b.open_lower && a.lower > 0);
    const bool open_upper = (a.open_upper && b.upper > 0) || (b.open_upper && a.upper > 0);
    const double low = times(a.lower, b.lower, false);
    const bool underflow = low == 0 && a.lower > 0 && b.lower > 0;
    return kept({low, times(a.upper, b.upper, true), open_lower || underflow, open_upper});
  }
  if (a.upper <= 0 && b.upper <= 0) return (-a) * (-b);
  if (a.upper <= 0 && b.lower >= 0) return -((-a) * b);
  if (a.lower >= 0 && b.upper <= 0) return -(a * (-b));
  Range r{kInfinity, -kInfinity, false, false};
  for (const double x : {a.lower, a.upper}) {
    for (const double y : {b.lower, b.upper}) {
      r.lower = std::min(r.lower, times(x, y, false));
      r.upper = std::max(r.upper, times(x, y, true));
    }
  }
  return kept(r);
}

Range reciprocal(const Range& a) { return power_of(a, Rational(-1)); }

Range intersection(const Range& a, const Range& b) {
  Range r = a;
  if (b.lower > r.lower) {
    r.lower = b.lower;
    r.open_lower = b.open_lower;
  } else if (b.lower == r.lower) {
    r.open_lower = r.open_lower || b.open_lower;
  }
  if (b.upper < r.upper) {
    r.upper = b.upper;
    r.open_upper = b.open_upper;
  } else if (b.upper == r.upper) {
    r.open_upper = r.open_upper || b.open_upper;
  }
  return r;
}

Range hull(const Range& a, const Range& b) {
  return {std::min(a.lower, b.lower), std::max(a.upper, b.upper),
          a.lower < b.lower   ? a.open_lower
          : b.lower < a.lower ? b.open_lower
                              : a.open_lower && b.open_lower,
          a.upper > b.upper   ? a.open_upper
          : b.upper > a.upper ? b.open_upper
                              : a.open_upper && b.open_upper};
}

Assumptions Assumptions::with(Expr variable, const Range& range) const {
  Assumptions more = *this;
  for (auto& [known, interval] : more.ranges) {
    if (known == variable) {
      interval = intersection(interval, range);
      return more;
    }
  }
  more.ranges.emplace_back(variable, range);
  return more;
}

Range Ranges::of(Expr expr) {
  if (const auto at = done_.find(expr.get()); at != done_.end()) return at->second;
  for (const auto& e : topological(std::span(&expr, 1))) {
    if (done_.contains(e.get())) continue;
    Range r = kept(intersection(visit(*e), Range::of(e->facts.signs)));
    for (const auto& [known, interval] : assumptions_.ranges) {
      if (known == e) r = intersection(r, interval);
    }
    done_.emplace(e.get(), r);
  }
  return done_.at(expr.get());
}

Range Ranges::count(const Size& size) const {
  if (!assumptions_.sizes) return count_of(size);
  SizeValues values;
  for (const auto& name : size.names()) values[name] = *assumptions_.sizes;
  const auto value = size.evaluate(values);
  return value ? Range::point(static_cast<double>(*value)) : count_of(size);
}

Range Ranges::visit(const Node& n) {
  switch (n.kind) {
    case Kind::Variable:
      return Range::all();
    case Kind::Extent:
      return count(n.extent);
    case Kind::Product:
      return product(n);
    case Kind::Power:
      return power(n);
    case Kind::Sum: {
      Range r = Range::point(0);
      for (const auto& t : n.terms) r = r + range_of(t.coefficient) * done_.at(t.expr.get());
      return intersection(r, under_root(n));
    }
    case Kind::Apply:
      break;
  }
  const Record& record = record_of(n);
  if (record.name == "select") return chosen(n);
  if (power_parts(n).base) return power(n);
  if (record.name == "cumsum") return partial_sums(n);
  const ScalarBounds& b = record.bounds;
  Range r = Range::all();
  if (n.operands.size() == 1 && record.partial.value != nullptr)
    r = image(record.name, done_.at(n.operands[0].get()));
  // A smooth monotone function that is not constant does not attain its bounds.
  const bool strict =
      record.partial.value != nullptr && record.differentiable.value.empty() &&
      (b.monotone == ScalarBounds::Monotone::Increasing || b.monotone == ScalarBounds::Monotone::Decreasing);
  if (b.lower) r = intersection(r, {*b.lower, kInfinity, strict && record.defined.value.empty(), false});
  if (b.upper) r = intersection(r, {-kInfinity, *b.upper, false, strict && record.defined.value.empty()});
  if (record.hull != Hull::Unknown) {
    Range among = done_.at(n.operands[0].get());
    for (const auto& o : n.operands) {
      const Range x = done_.at(o.get());
      among = record.hull == Hull::Among ? hull(among, x) : among.lower < x.lower ? x : among;
    }
    r = intersection(
        r, record.hull == Hull::Among ? among : Range{among.lower, kInfinity, among.open_lower, false});
  }
  if (is_gauge(n) && record.partial.value == nullptr) {
    const Range x = done_.at(n.operands[0].get());
    if (!x.holds(0)) r = intersection(r, {std::min(std::fabs(x.lower), std::fabs(x.upper)), kInfinity});
    if (x.lower == 0 && x.upper == 0) r = Range::point(0);
  }
  return r;
}

// Sums of the first entries, of one to all of them.
Range Ranges::partial_sums(const Node& n) {
  const Range x = done_.at(n.operands[0].get());
  const auto axis = static_cast<std::size_t>(n.attributes.integers[0]);
  return hull(x, x * count(n.shape[axis]));
}

// A choice stays among the values of its branches, each where its side of the comparison holds.
Range Ranges::chosen(const Node& n) {
  const Range plain = hull(done_.at(n.operands[1].get()), done_.at(n.operands[2].get()));
  const Node& c = *n.operands[0];
  const bool compares =
      c.kind == Kind::Apply && c.operands.size() == 2 && (c.op->name == "less" || c.op->name == "less_equal");
  if (!compares || depth_ >= 2 || plain.is_bounded()) return plain;
  const auto within = [&](bool holds) {
    const Range left = done_.at(c.operands[0].get());
    const Range right = done_.at(c.operands[1].get());
    Expr low = c.operands[holds ? 0 : 1], high = c.operands[holds ? 1 : 0];
    Range below{-kInfinity, (holds ? right : left).upper}, above{(holds ? left : right).lower, kInfinity};
    Assumptions here = assumptions_;
    if (low->kind == Kind::Apply && low->op->name == "abs") {
      low = low->operands[0];
      below.lower = -below.upper;
    }
    if (!as_number(low)) here = here.with(low, below);
    if (!as_number(high)) here = here.with(high, above);
    Ranges branch(std::move(here));
    branch.depth_ = depth_ + 1;
    return branch.of(n.operands[holds ? 1 : 2]);
  };
  return intersection(plain, hull(within(true), within(false)));
}

// c*u + d*sqrt(a*u^2 + rest) has the sign of d where rest >= 0 and c^2 <= a*d^2: x + sqrt(x^2+1) > 0.
Range Ranges::under_root(const Node& n) {
  for (const auto& root : n.terms) {
    const Node& p = *root.expr;
    const Rational* e = p.kind == Kind::Power ? as_number(p.operands[1]) : nullptr;
    if (e == nullptr || !(*e == Rational(1, 2)) || p.operands[0]->kind != Kind::Sum) continue;
    for (const auto& square : p.operands[0]->terms) {
      const Rational* two = square.expr->kind == Kind::Power ? as_number(square.expr->operands[1]) : nullptr;
      if (two == nullptr || !(*two == Rational(2))) continue;
      Range rest = Range::point(0), others = Range::point(0);
      for (const auto& t : p.operands[0]->terms) {
        if (!(t.expr == square.expr)) rest = rest + range_of(t.coefficient) * done_.at(t.expr.get());
      }
      bool dominated = false;
      for (const auto& t : n.terms) {
        if (t.expr == square.expr->operands[0]) {
          dominated =
              !(square.coefficient * root.coefficient * root.coefficient < t.coefficient * t.coefficient);
        } else if (!(t.expr == root.expr)) {
          others = others + range_of(t.coefficient) * done_.at(t.expr.get());
        }
      }
      if (!dominated || !rest.is_nonnegative()) continue;
      const Range pair{0, kInfinity, rest.is_positive(), false};
      return (root.coefficient.is_negative() ? -pair : pair) + others;
    }
  }
  return Range::all();
}

namespace {

// The diagonal of a definite matrix, of a semi-definite one, of a Cholesky factor; and one of their entries
// there, u'Au with a column u of the identity. All else: nothing.
std::optional<Range> diagonal_range(const Node& n) {
  const auto matrix =
      std::find_if(n.factors.begin(), n.factors.end(), [](const Factor& f) { return f.labels.size() == 2; });
  if (matrix == n.factors.end()) return std::nullopt;
  const Expr m = matrix->expr;
  const bool factor = m->kind == Kind::Apply && m->op->name == "chol";
  if (!factor && !is_semidefinite(m)) return std::nullopt;
  if (n.factors.size() == 1) {
    const bool picked = matrix->labels[0] == matrix->labels[1] && n.output.size() == 1;
    if (!picked) return std::nullopt;
  } else {
    const auto is_column = [&](const Factor& f) {
      return &f == &*matrix ||
             (f.expr->kind == Kind::Apply && f.expr->op->name == "unit" && f.labels.size() == 1);
    };
    const bool entry = n.factors.size() == 3 && n.output.empty() && matrix->labels[0] != matrix->labels[1] &&
                       std::all_of(n.factors.begin(), n.factors.end(), is_column);
    if (!entry) return std::nullopt;
    std::vector<Factor> columns;
    for (const auto& f : n.factors) {
      if (&f != &*matrix) columns.push_back(f);
    }
    if (!(columns[0].expr == columns[1].expr) || columns[0].labels == columns[1].labels) return std::nullopt;
  }
  return Range{0, kInfinity, factor || is_definite(m), false};
}

}  // namespace

Range Ranges::product(const Node& n) {
  Range r = range_of(n.coefficient);
  if (const auto diagonal = diagonal_range(n)) return r * *diagonal;
  for (const auto& f : n.factors) r = r * done_.at(f.expr.get());
  for (std::size_t l = 0; l < n.label_sizes.size(); ++l) {
    if (std::find(n.output.begin(), n.output.end(), static_cast<Label>(l)) == n.output.end()) {
      r = r * count(n.label_sizes[l]);
    }
  }
  for (std::size_t k = 0; k < n.output.size(); ++k) {
    if (std::count(n.output.begin(), n.output.end(), n.output[k]) > 1) {
      r = hull(r, Range::point(0));
      break;
    }
  }
  const Expr self(&n);
  if (n.shape.empty()) {
    if (const auto form = square_form(self)) r = intersection(r, {0, kInfinity, form->positive, false});
  }
  return r;
}

Range Ranges::power(const Node& n) {
  const Range b = done_.at(n.operands[0].get());
  if (const Rational* e = as_number(n.operands[1])) return power_of(b, *e);
  const Range e = done_.at(n.operands[1].get());
  if (b.is_positive()) return {0, kInfinity, true, false};
  if (parity_of(n.operands[1]) == Parity::Even) return {0, kInfinity, false, false};
  return b.is_nonnegative() || !e.is_bounded() ? Range{b.is_nonnegative() ? 0 : -kInfinity, kInfinity}
                                               : Range::all();
}

}  // namespace adjoint

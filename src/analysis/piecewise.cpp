#include "analysis/piecewise.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "analysis/domain.hpp"
#include "analysis/forms.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "ops/record.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

constexpr std::size_t kMostPieces = 12;

bool is_switch(const Node& n) { return n.kind == Kind::Apply && record_of(n).sides.value != nullptr; }

Expr put_for(Expr e, Expr t, Expr value) {
  const std::pair<Expr, Expr> put{t, value};
  return substitute(e, std::span(&put, 1));
}

// -1, 0, 1, or nothing where the sign is not known.
std::optional<int> sign_of(Expr e, Ranges& ranges) {
  if (is_zero(e)) return 0;
  const Range r = ranges.of(e);
  if (r.is_empty()) return std::nullopt;
  if (r.is_positive()) return 1;
  if (r.is_negative()) return -1;
  if (r.lower == 0 && r.upper == 0) return 0;
  return std::nullopt;
}

class Search {
 public:
  Search(Expr t, const Range& domain, const Assumptions& assumptions)
      : t_(t), domain_(domain), assumptions_(assumptions), constants_(assumptions) {}

  std::optional<Piecewise> of(Expr phi) {
    Piecewise p;
    p.t = t_;
    p.domain = domain_;
    if (!split(phi, {}, {}, p)) return std::nullopt;
    for (std::size_t k = 0; k < p.forms.size(); ++k)
      p.ranges.push_back(
          between(k == 0 ? Expr() : p.breaks[k - 1], k < p.breaks.size() ? p.breaks[k] : Expr()));
    for (std::size_t k = 0; k < p.breaks.size(); ++k)
      p.joints.push_back(joint(p.breaks[k], p.forms[k], p.forms[k + 1], phi));
    p.ends = both(end(phi, p.forms.front(), domain_.lower, domain_.open_lower),
                  end(phi, p.forms.back(), domain_.upper, domain_.open_upper));
    return p;
  }

 private:
  static Truth both(Truth a, Truth b) {
    if (a == Truth::No || b == Truth::No) return Truth::No;
    return a == Truth::Yes && b == Truth::Yes ? Truth::Yes : Truth::Unknown;
  }

  // t between two points (null: the end of the domain).
  Range between(Expr low, Expr high) {
    Range r = domain_;
    if (low) r = intersection(r, {constants_.of(low).lower, kInfinity, true, false});
    if (high) r = intersection(r, {-kInfinity, constants_.of(high).upper, false, true});
    r.open_lower = r.open_upper = true;
    return r;
  }

  // The pieces of `form` for t in (low, high), behind those that are there.
  bool split(Expr form, Expr low, Expr high, Piecewise& out) {
    if (out.forms.size() > kMostPieces) return false;
    Ranges here(assumptions_.with(t_, between(low, high)));
    form = decided(form, here);
    const auto nodes = topological(std::span(&form, 1));
    const auto at = std::find_if(nodes.begin(), nodes.end(), [&](Expr e) {
      return depends_on(e, t_) && (is_switch(*e) || is_discontinuous(*e));
    });
    if (at == nodes.end()) {
      if (low) out.breaks.push_back(low);
      out.forms.push_back(form);
      return true;
    }
    if (!is_switch(**at)) return false;
    const Expr gap = simplify(gap_of(**at));
    if (gap.rank() != 0) return false;
    std::vector<Expr> roots;
    if (!roots_of(gap, roots, 0)) return false;
    std::vector<Expr> inside;
    for (const Expr r : roots) {
      const auto place = within(r, low, high);
      if (!place) return false;
      if (*place) inside.push_back(r);
    }
    if (!sorted(inside)) return false;
    Expr from = low;
    for (std::size_t k = 0; k <= inside.size(); ++k) {
      const Expr to = k < inside.size() ? inside[k] : high;
      const auto sign = sign_between(gap, from, to);
      if (!sign) return false;
      const Expr side = record_of(**at).sides.value(**at, *sign);
      const std::pair<Expr, Expr> put{*at, side};
      if (!split(substitute(form, std::span(&put, 1)), from, to, out)) return false;
      from = to;
    }
    return true;
  }

  // Where a gap may change its sign: the roots of its factors, bases and affine parts.
  bool roots_of(Expr gap, std::vector<Expr>& roots, int depth) {
    if (!depends_on(gap, t_)) return true;
    if (depth > 8) return false;
    const Expr slope = simplify(gradient(gap, t_));
    if (!depends_on(slope, t_)) {
      Ranges ranges(assumptions_);
      const auto sign = sign_of(slope, ranges);
      if (!sign || *sign == 0) return false;
      add(roots, simplify(-divide(put_for(gap, t_, t_.graph().number(0)), slope)));
      return true;
    }
    const Node& n = *gap;
    switch (n.kind) {
      case Kind::Product:
        return std::all_of(n.factors.begin(), n.factors.end(), [&](const Factor& f) {
          return f.labels.empty() && roots_of(f.expr, roots, depth + 1);
        });
      case Kind::Power:
        return !depends_on(n.operands[1], t_) && roots_of(n.operands[0], roots, depth + 1);
      case Kind::Sum:
        if (quadratic(gap, slope, roots)) return true;
        break;
      case Kind::Apply: {
        // An increasing function that is 0 at 0 alone; else what intervals say.
        if (n.operands.size() != 1) return false;
        if (n.operands[0].rank() != 0) break;
        const Expr zero = n.graph->apply(*n.op, {t_.graph().number(0)}, n.attributes);
        if (record_of(n).bounds.value.monotone == ScalarBounds::Monotone::Increasing && is_zero(zero))
          return roots_of(n.operands[0], roots, depth + 1);
        break;
      }
      case Kind::Variable:
      case Kind::Extent:
        return true;
    }
    if (domain_.holds(0)) add(roots, t_.graph().number(0));
    return true;
  }

  // a*t^2 + b*t + c with numbers of which the discriminant has a root.
  bool quadratic(Expr gap, Expr slope, std::vector<Expr>& roots) {
    const Expr second = simplify(gradient(slope, t_));
    Graph& g = t_.graph();
    const Rational* twice = as_number(second);
    const Expr zero = g.number(0);
    const Expr at_zero = simplify(put_for(slope, t_, zero));
    const Expr value = simplify(put_for(gap, t_, zero));
    if (twice == nullptr || twice->is_zero() || as_number(at_zero) == nullptr || as_number(value) == nullptr)
      return false;
    const Rational b = *as_number(at_zero);
    const Rational d = b * b - Rational(2) * *twice * *as_number(value);
    if (d.is_negative()) return true;
    const Expr root = sqrt(g.number(d));
    for (const Rational& s : {Rational(-1), Rational(1)})
      add(roots, simplify(Rational(1) / *twice * (s * root - g.number(b))));
    return true;
  }

  static void add(std::vector<Expr>& roots, Expr root) {
    if (std::find(roots.begin(), roots.end(), root) == roots.end()) roots.push_back(root);
  }

  // Whether the point lies strictly between the others (and within the domain); nothing where that is not
  // known.
  std::optional<bool> within(Expr point, Expr low, Expr high) {
    const Range p = constants_.of(point);
    if (p.upper <= domain_.lower || p.lower >= domain_.upper) return false;
    const bool above =
        domain_.lower == -kInfinity || p.lower > domain_.lower || (p.lower == domain_.lower && p.open_lower);
    const bool below =
        domain_.upper == kInfinity || p.upper < domain_.upper || (p.upper == domain_.upper && p.open_upper);
    if (!above || !below) return std::nullopt;
    for (const auto& [from, to] : {std::pair{low, point}, std::pair{point, high}}) {
      if (!from || !to) continue;
      const auto order = sign_of(simplify(to - from), constants_);
      if (!order) return std::nullopt;
      if (*order <= 0) return false;
    }
    return true;
  }

  bool sorted(std::vector<Expr>& points) {
    for (std::size_t k = 1; k < points.size(); ++k) {
      for (std::size_t j = k; j > 0; --j) {
        const auto order = sign_of(simplify(points[j] - points[j - 1]), constants_);
        if (!order || *order == 0) return false;
        if (*order > 0) break;
        std::swap(points[j], points[j - 1]);
      }
    }
    return true;
  }

  std::optional<int> sign_between(Expr gap, Expr low, Expr high) {
    Ranges here(assumptions_.with(t_, between(low, high)));
    if (const auto sign = sign_of(gap, here)) return sign;
    // Affine, with its root at an end.
    const Expr slope = simplify(gradient(gap, t_));
    if (depends_on(slope, t_)) {
      for (const Expr form : {factored(gap), factored(expanded(gap))}) {
        if (const auto sign = sign_of(form, here)) return sign;
      }
      return std::nullopt;
    }
    const auto up = sign_of(slope, constants_);
    if (!up) return std::nullopt;
    if (low) {
      const auto start = sign_of(simplify(put_for(gap, t_, low)), constants_);
      if (start && *start * *up >= 0) return *start == 0 ? *up : *start;
    }
    if (high) {
      const auto last = sign_of(simplify(put_for(gap, t_, high)), constants_);
      if (last && *last * *up <= 0) return *last == 0 ? -*up : *last;
    }
    return std::nullopt;
  }

  // e at t = point where it is defined there.
  Expr value_at(Expr e, Expr point) {
    const Expr v = put_for(e, t_, point);
    if (!defined_where(v, assumptions_).empty()) return {};
    return simplify(decided(v, constants_));
  }

  Truth equal(Expr a, Expr b) {
    if (!a || !b) return Truth::Unknown;
    if (a == b) return Truth::Yes;
    for (const Expr gap : {simplify(a - b), simplify(expanded(a - b))}) {
      const auto sign = sign_of(gap, constants_);
      if (sign) return *sign == 0 ? Truth::Yes : Truth::No;
    }
    return Truth::Unknown;
  }

  Joint joint(Expr at, Expr before, Expr after, Expr whole) {
    Joint j;
    j.at = at;
    const Expr left = value_at(before, at), right = value_at(after, at), value = value_at(whole, at);
    j.continuous = both(equal(left, right), equal(left, value));
    const Expr slope_left = value_at(simplify(gradient(before, t_)), at);
    const Expr slope_right = value_at(simplify(gradient(after, t_)), at);
    if (!slope_left || !slope_right) return j;
    const Truth same = equal(slope_left, slope_right);
    j.bend = same == Truth::Yes ? Signs::zero() : constants_.of(simplify(slope_right - slope_left)).signs();
    j.smooth = both(j.continuous, same);
    return j;
  }

  Truth end(Expr whole, Expr form, double edge, bool open) {
    if (open || !std::isfinite(edge)) return Truth::Yes;
    const Expr at = t_.graph().number(Rational::inexact(edge));
    return equal(value_at(form, at), value_at(whole, at));
  }

  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Expr t_;
  Range domain_;
  Assumptions assumptions_;
  Ranges constants_;  // of what does not depend on t
};

}  // namespace

Truth Piecewise::continuous() const {
  Truth all = ends;
  for (const auto& j : joints) {
    if (j.continuous == Truth::No) return Truth::No;
    if (j.continuous == Truth::Unknown) all = Truth::Unknown;
  }
  return all;
}

Truth Piecewise::smooth() const {
  Truth all = ends;
  for (const auto& j : joints) {
    if (j.smooth == Truth::No) return Truth::No;
    if (j.smooth == Truth::Unknown) all = Truth::Unknown;
  }
  return all;
}

Expr gap_of(const Node& n) {
  const auto& conditions = record_of(n).differentiable.value;
  const bool compares = std::any_of(conditions.begin(), conditions.end(), [](const OperandCondition& c) {
    return c.condition == Condition::Differ;
  });
  return compares ? n.operands[0] - n.operands[1] : n.operands[0];
}

Expr decided(Expr root, Ranges& ranges) {
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : topological(std::span(&root, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    Expr made = rebuild(e, operands);
    if (is_switch(*made)) {
      if (const auto sign = sign_of(gap_of(*made), ranges)) made = record_of(*made).sides.value(*made, *sign);
    }
    done.emplace(e.get(), made);
  }
  return done.at(root.get());
}

std::optional<Piecewise> piecewise(Expr phi, Expr t, const Range& domain, const Assumptions& assumptions) {
  return Search(t, domain, assumptions).of(phi);
}

}  // namespace adjoint

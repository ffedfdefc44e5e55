#include "analysis/orders.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "analysis/curvature.hpp"
#include "ops/record.hpp"

namespace adjoint {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// An interval of t^k over t >= edge or 0 < t <= edge.
Range power_range(double k, double edge, bool toward_infinity) {
  if (k == 0) return Range::point(1);
  const double at = std::pow(edge, k);
  const bool grows = (k > 0) == toward_infinity;
  return grows ? Range{std::min(at * (1 - 1e-12), std::numeric_limits<double>::max()), kInfinity}
               : Range{0, std::max(at * (1 + 1e-12), std::numeric_limits<double>::denorm_min()), true, false};
}

class Orders {
 public:
  Orders(Expr t, double edge, bool toward_infinity, const Assumptions& assumptions)
      : t_(t), edge_(edge), up_(toward_infinity), ranges_(assumptions) {}

  Order of(Expr e) {
    if (const auto at = done_.find(e.get()); at != done_.end()) return at->second;
    const Order o = find(*e);
    done_[e.get()] = o;
    return o;
  }

 private:
  Order find(const Node& n) {
    const Expr self(&n);
    if (self == t_) return {1, Range::point(1), true};
    if (!depends_on(self, t_)) return {0, ranges_.of(self), true};
    switch (n.kind) {
      case Kind::Sum:
        return sum(n);
      case Kind::Product: {
        Order total{0, Range::point(1), true};
        total.range = range_of_number(n.coefficient);
        for (const auto& f : n.factors) {
          if (!f.labels.empty()) return {};
          const Order o = of(f.expr);
          total.power += o.power;
          total.range = total.range * o.range;
          total.known = total.known && o.known && !std::isnan(total.power);
        }
        // What outgrows all powers may still meet a factor that vanishes as fast.
        const bool outgrows = std::isinf(total.power);
        for (const auto& f : n.factors) {
          const Order o = of(f.expr);
          if (outgrows && std::isfinite(o.power) && !(o.range.lower > 0) && !(o.range.upper < 0)) return {};
        }
        return total;
      }
      case Kind::Power:
        return power(n);
      case Kind::Apply:
        return apply(n);
      case Kind::Variable:
      case Kind::Extent:
        break;
    }
    return {};
  }

  static Range range_of_number(const Rational& c) {
    const double v = c.value();
    if (c.is_integer()) return Range::point(v);
    return {std::nextafter(v, -kInfinity), std::nextafter(v, kInfinity)};
  }

  Order sum(const Node& n) {
    double lead = up_ ? -kInfinity : kInfinity;
    for (const auto& t : n.terms) {
      const Order o = of(t.expr);
      if (!o.known) return {};
      lead = up_ ? std::max(lead, o.power) : std::min(lead, o.power);
    }
    if (std::isinf(lead)) {  // one dominates all powers: only its own sign counts
      Order total{lead, Range::all(), true};
      int count = 0;
      for (const auto& t : n.terms) {
        if (of(t.expr).power != lead) continue;
        total.range = range_of_number(t.coefficient) * of(t.expr).range;
        ++count;
      }
      return count == 1 ? total : Order{};
    }
    Range r = Range::point(0);
    for (const auto& t : n.terms) {
      const Order o = of(t.expr);
      r = r + range_of_number(t.coefficient) * o.range * power_range(o.power - lead, edge_, up_);
    }
    return {lead, r, true};
  }

  Order power(const Node& n) {
    const Rational* e = as_number(n.operands[1]);
    const Order b = of(n.operands[0]);
    if (e == nullptr || !b.known || std::isinf(b.power)) return {};
    if (!e->is_integer() && !b.range.is_nonnegative()) return {};
    const Expr placeholder = n.graph->variable("b", {}, Facts::unknown(), Role::Placeholder);
    Ranges ranges(Assumptions{}.with(placeholder, b.range));
    return {b.power * e->value(), ranges.of(n.graph->power(placeholder, n.operands[1])), true};
  }

  Order apply(const Node& n) {
    if (record_of(n).partial.value == nullptr) return {};
    std::vector<Range> operands;
    for (const auto& o : n.operands) {
      const Order x = of(o);
      if (!x.known) return {};
      if (std::isinf(x.power) && n.operands.size() > 1) return {};
      operands.push_back(x.values(edge_, up_));
    }
    if (n.op->name == "abs" || n.op->name == "relu") {  // f(c*x) = c*f(x) for c > 0
      const Order x = of(n.operands[0]);
      const Range r = image(n.op->name, x.range);
      if (std::isfinite(x.power)) return {x.power, r, true};
    }
    if (n.op->name == "softplus" && up_) {  // x <= softplus(x) <= x + log(2) for x >= 0
      const Order x = of(n.operands[0]);
      if (std::isfinite(x.power) && x.power > 0 && x.range.is_nonnegative())
        return {x.power, x.range + Range{0, 0.6931471805599454} * power_range(-x.power, edge_, up_), true};
    }
    // exp of what goes to infinity outgrows all powers.
    if (n.op->name == "exp" && up_) {
      const Order x = of(n.operands[0]);
      if (x.power > 0 && x.range.lower > 0) return {kInfinity, Range::of(Signs::positive()), true};
    }
    Assumptions here = ranges_.assumptions();
    std::vector<Expr> holes;
    for (std::size_t k = 0; k < operands.size(); ++k) {
      holes.push_back(n.graph->variable("o" + std::to_string(k), {}, Facts::unknown(), Role::Placeholder));
      here = here.with(holes.back(), operands[k]);
    }
    Ranges ranges(here);
    return {0, ranges.of(n.graph->apply(*n.op, holes, n.attributes)), true};
  }

  Expr t_;
  double edge_;
  bool up_;
  Ranges ranges_;
  std::unordered_map<const Node*, Order> done_;
};

}  // namespace

Range Order::values(double edge, bool toward_infinity) const {
  if (!known) return Range::all();
  if (std::isinf(power)) {
    if (range.is_positive()) return {0, kInfinity};
    if (range.is_negative()) return {-kInfinity, 0};
    return Range::all();
  }
  return range * power_range(power, edge, toward_infinity);
}

bool Order::is_unbounded(bool toward_infinity) const {
  if (!known || !(toward_infinity ? power > 0 : power < 0)) return false;
  if (std::isinf(power)) return range.is_positive() || range.is_negative();
  return range.lower > 0 || range.upper < 0;
}

Order order_of(Expr e, Expr t, double edge, bool toward_infinity, const Assumptions& assumptions) {
  return Orders(t, edge, toward_infinity, assumptions).of(e);
}

}  // namespace adjoint

#include "analysis/bounds.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/domain.hpp"
#include "analysis/exact.hpp"
#include "analysis/forms.hpp"
#include "analysis/linear_rules.hpp"
#include "analysis/majorant.hpp"
#include "analysis/on_line.hpp"
#include "analysis/orders.hpp"
#include "analysis/piecewise.hpp"
#include "analysis/separable.hpp"
#include "analysis/supremum.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

Bound finite(Expr value) {
  Bound b;
  b.kind = Bound::Kind::Finite;
  b.value = value;
  return b;
}

void append(std::vector<ProofLine>& to, const std::vector<ProofLine>& lines) {
  for (const auto& l : lines) {
    const bool known = std::any_of(
        to.begin(), to.end(), [&l](const ProofLine& k) { return k.rule == l.rule && k.bound == l.bound; });
    if (!known) to.push_back(l);
  }
}

Bound scaled(Bound b, Expr factor) {
  if (!b.is_finite()) return b;
  b.value = times(b.value, factor);
  if (b.simple) b.simple = times(b.simple, factor);
  return b;
}

Bound squared(Bound b) {
  if (!b.is_finite()) return b;
  b.value = square(b.value);
  if (b.simple) b.simple = square(b.simple);
  return b;
}

std::string said(const Supremum& s, std::string_view what) {
  return std::string(what) +
         (s.where.empty() ? "" : ", " + std::string(s.exact ? "attained " : "") + s.where);
}

// Whether nothing is assumed of the variable but its signs: then it goes to infinity.
bool is_free(Expr variable, const Assumptions& assumptions) {
  if (variable->facts.orthogonal == Truth::Yes) return false;
  return std::none_of(assumptions.ranges.begin(), assumptions.ranges.end(),
                      [&](const auto& known) { return known.first == variable; });
}

class Search {
 public:
  Search(Expr variable, const Assumptions& assumptions, Expr radius)
      : variable_(variable), radius_(radius), ranges_(assumptions), curvatures_({variable}, ranges_) {
    const Facts& facts = variable->facts;
    plain_ = facts.orthogonal != Truth::Yes && facts.semidefinite != Truth::Yes &&
             facts.definite != Truth::Yes && facts.lower != Truth::Yes && facts.diagonal != Truth::Yes &&
             facts.invertible != Truth::Yes;
    given_radius_ = static_cast<bool>(radius);
    free_ = !radius && is_free(variable, assumptions);
    const Range box = ranges_.of(variable);
    if (!radius && box.is_bounded()) {
      radius_ = variable.graph().number(rounded_up(box.magnitude()));
      for (const auto& s : variable.shape()) radius_ = times(radius_, sqrt(variable.graph().extent(s)));
    }
  }

  // order 1: of f; order 2: of its gradient.
  Bound of(Expr f, int order) {
    Graph& g = f.graph();
    if (!curvatures_.depends(f)) return finite(g.number(0));
    if (order == 2 && is_affine(curvatures_.of(f))) return affine_gradient(g);
    if (f->kind == Kind::Sum) return sum(*f, order);
    return term(f, order);
  }

 private:
  static Bound affine_gradient(Graph& g) {
    Bound b = finite(g.number(0));
    b.proof.push_back({"affine: the gradient is constant", b.value});
    return b;
  }

  Bound sum(const Node& n, int order) {
    Graph& g = *n.graph;
    Bound total = finite(g.number(0));
    Expr simple = total.value;
    bool simpler = false;
    Bound failed;
    bool none = false;
    // Quadratic terms together: the gradient of their sum is one linear map.
    std::vector<Term> quadratic, rest;
    for (const auto& t : n.terms) (order == 2 && is_quadratic(t.expr) ? quadratic : rest).push_back(t);
    std::vector<std::pair<Expr, Rational>> parts;
    if (!quadratic.empty()) parts.emplace_back(g.sum(quadratic), 1);
    for (const auto& t : rest) parts.emplace_back(t.expr, t.coefficient.absolute());
    int moving = 0;
    for (const auto& [part, c] : parts) {
      if (!curvatures_.depends(part)) continue;
      ++moving;
      const Bound b = scaled(
          quadratic.empty() || !(part == parts[0].first) ? of(part, order) : term(part, order), g.number(c));
      if (b.kind == Bound::Kind::None) {
        failed = b;
        none = true;
        continue;
      }
      if (!b.is_finite()) return Bound::unknown();
      total.value = total.value + b.value;
      simple = simple + (b.simple ? b.simple : b.value);
      simpler = simpler || b.simple;
      append(total.proof, b.proof);
    }
    // One term without a bound and the others with one: no bound. Two may cancel.
    if (none) return failed_count(parts, order) == 1 || cannot_cancel(n) ? failed : Bound::unknown();
    if (simpler) total.simple = simple;
    if (moving > 1) total.proof.push_back({"a sum: the sum of the bounds", total.value});
    return total;
  }

  int failed_count(const std::vector<std::pair<Expr, Rational>>& parts, int order) {
    return static_cast<int>(std::count_if(parts.begin(), parts.end(), [&](const auto& p) {
      return curvatures_.depends(p.first) && of(p.first, order).kind == Bound::Kind::None;
    }));
  }

  // Slopes and Hessians of convex functions add up.
  bool cannot_cancel(const Node& n) {
    bool convex = true, concave = true;
    for (const auto& t : n.terms) {
      const Curvature c = curvatures_.of(t.coefficient.is_negative() ? -t.expr : t.expr);
      convex = convex && is_convex(c);
      concave = concave && is_concave(c);
    }
    return convex || concave;
  }

  // Whether the gradient exists everywhere and is affine.
  bool is_quadratic(Expr f) {
    if (!curvatures_.depends(f)) return false;
    try {
      return smooth_where(f, {variable_}, ranges_.assumptions()).empty() &&
             is_affine(curvatures_.of(gradient_of(f)));
    } catch (const NoDerivative&) {
      return false;
    }
  }

  bool has_parameters(Expr f) {
    const auto nodes = topological(std::span(&f, 1));
    return std::any_of(nodes.begin(), nodes.end(), [this](Expr e) {
      const bool size = e->kind == Kind::Extent && !e->extent.constant();
      return size || (e->kind == Kind::Variable && !(e == variable_));
    });
  }

  Expr gradient_of(Expr f) { return factored(expanded(simplify(gradient(f, variable_)))); }

  Bound term(Expr f, int order) {
    if (order == 2 && is_quadratic(f)) {
      Bound b = change_bound(gradient_of(f), variable_, curvatures_, ranges_);
      const auto hessian = b.is_finite() && as_number(b.value) == nullptr && !has_parameters(f)
                               ? exact_hessian(f, variable_)
                               : std::nullopt;
      if (const auto most = hessian ? spectral_norm_bound(*hessian) : std::nullopt) {
        b = finite(f.graph().number(*most));
        b.proof.push_back({"the largest absolute value of an eigenvalue of the Hessian", b.value});
      }
      if (b.is_finite())
        b.proof.insert(b.proof.begin(), {"a quadratic function: the gradient is linear", gradient_of(f)});
      return b;
    }
    if (const auto one = one_number(f, curvatures_)) {
      const Bound b = of_one_number(*one, order);
      if (b.kind != Bound::Kind::Unknown) return b;
    }
    const Bound b = order == 1 ? change_bound(f, variable_, curvatures_, ranges_) : composed(f);
    if (b.kind == Bound::Kind::Unknown && order == 1 && is_quadratic(f) && !is_affine(curvatures_.of(f)) &&
        free_) {
      return Bound::none("a quadratic function grows faster than linearly");
    }
    return b;
  }

  // Constant factors and sums around an operation with a known curvature of an affine map.
  Bound composed(Expr f) {
    Graph& g = f.graph();
    const Node& n = *f;
    if (n.kind == Kind::Product) {
      Expr moving;
      std::vector<Factor> rest;
      for (const auto& factor : n.factors) {
        if (!curvatures_.depends(factor.expr)) {
          rest.push_back(factor);
        } else if (moving) {
          return Bound::unknown();
        } else {
          moving = factor.expr;
        }
      }
      if (!moving || moving->kind != Kind::Apply) return Bound::unknown();
      // sum(logsumexp(X,1)): the Hessian falls into one block for each value.
      const bool all_entries = moving.rank() == 0 || n.output.empty();
      if (!all_entries) return Bound::unknown();
      const Bound b = of_reduction(*moving);
      if (!b.is_finite()) return b;
      Expr weight = g.number(n.coefficient.absolute());
      std::vector<Factor> scalars, arrays;
      for (const auto& factor : rest) (factor.labels.empty() ? scalars : arrays).push_back(factor);
      weight = times(weight, magnitude(g.product(1, scalars, {}, {})));
      for (const auto& a : arrays) weight = times(weight, maximum(abs(a.expr)));
      return scaled(b, weight);
    }
    if (n.kind == Kind::Apply) {
      const Bound b = of_reduction(n);
      if (b.is_finite()) return b;
      // g(h(x)) for a scalar h: sup|g'| times the bound for h, plus sup|g''| times the square of its slope.
      const ScalarBounds& s = record_of(n).bounds;
      if (n.rank() == 0 && n.operands.size() == 1 && n.operands[0].rank() == 0 && s.slope && s.curvature) {
        const Bound first = of(n.operands[0], 1);
        const Bound second = of(n.operands[0], 2);
        if (first.is_finite() && second.is_finite()) {
          Bound r = finite(times(g.number(rounded_up(*s.slope)), second.value) +
                           times(g.number(rounded_up(*s.curvature)), square(first.value)));
          append(r.proof, first.proof);
          append(r.proof, second.proof);
          r.proof.push_back({"a composition: sup|g'|*L(grad h) + sup|g''|*L(h)^2", r.value});
          return r;
        }
      }
    }
    return Bound::unknown();
  }

  Bound of_reduction(const Node& n) {
    const ScalarBounds& s = record_of(n).bounds;
    if (!s.curvature || record_of(n).partial.value != nullptr || n.operands.size() != 1 ||
        !is_affine(curvatures_.of(n.operands[0]))) {
      return Bound::unknown();
    }
    if (const Bound spread = of_spread(n); spread.is_finite()) return spread;
    Bound b = squared(change_bound(n.operands[0], variable_, curvatures_, ranges_));
    if (!b.is_finite()) return b;
    const Expr c = n.graph->number(rounded_up(*s.curvature));
    b.proof.push_back({spoken_name(*n.op) + ": its Hessian is at most", c});
    b = scaled(b, c);
    b.proof.push_back({"of a linear map: times the square of its norm", b.value});
    return b;
  }

  // logsumexp(A*x+b): h'*Hessian*h is the variance of the entries of A*h under softmax weights, at most a
  // quarter of the square of their spread (Popoviciu), and that spread is at most the largest distance of two
  // rows of A.
  Bound of_spread(const Node& n) {
    const Expr u = n.operands[0];
    if (n.op->name != "logsumexp" || u.rank() != 1 || variable_.rank() != 1) return Bound::unknown();
    const Expr a = simplify(jacobian(u, variable_));
    const bool plain =
        a->kind == Kind::Variable ||
        (a->kind == Kind::Product && std::any_of(a->factors.begin(), a->factors.end(), [](const Factor& f) {
           return f.expr->kind == Kind::Variable && f.expr.rank() == 2;
         }));
    if (!plain || is_diagonal(a)) return Bound::unknown();
    const Expr gram = simplify(dot(a, transposed(a)));
    const Expr squares = simplify(diagonal_of(gram));
    const Expr ones = n.graph->ones(squares.shape());
    const Expr distances = outer(squares, ones) + outer(ones, squares) - Rational(2) * gram;
    Bound b = finite(Rational(1, 4) * maximum(distances));
    b.proof.push_back(
        {"logsumexp: the Hessian is a variance under softmax weights, at most a quarter of the largest "
         "squared distance of two rows",
         b.value});
    return b;
  }

  // |u| <= radius * (norm of the linear part) + |u(0)| on the ball.
  Expr reach(Expr argument, const Bound& change) {
    const std::pair<Expr, Expr> put{variable_, variable_.graph().zeros(variable_.shape())};
    const Expr centre = simplify(substitute(argument, std::span(&put, 1)));
    const Expr moved = times(change.value, radius_);
    if (is_zero(centre)) return moved;
    return moved + (centre.rank() == 0 ? abs(centre) : norm(centre));
  }

  // Whether the argument takes the value (0 of a norm), for some values of the parameters at least.
  [[nodiscard]] bool attains(const OneNumber& one, Expr value) const {
    if (!plain_) return false;
    if (one.argument == variable_)  // of a ball only the centre is sure to belong to the set
      return one.kind == OneNumber::Kind::Entries ? !given_radius_ || is_zero(value) : free_;
    if (!free_) return false;
    if (one.kind == OneNumber::Kind::Entries) return true;
    const auto nodes = topological(std::span(&one.argument, 1));
    const bool parameters = std::any_of(nodes.begin(), nodes.end(), [this](Expr e) {
      return e->kind == Kind::Variable && !(e == variable_);
    });
    const std::pair<Expr, Expr> put{variable_, variable_.graph().zeros(variable_.shape())};
    return parameters || is_zero(simplify(substitute(one.argument, std::span(&put, 1))));
  }

  Bound of_one_number(const OneNumber& one, int order) {
    Graph& g = one.t.graph();
    const bool radial = one.kind == OneNumber::Kind::Radial;
    const Expr phi = simplify(one.phi);
    const Range domain = radial ? Range::of(Signs::nonnegative()) : ranges_.of(one.argument);
    const Assumptions here = ranges_.assumptions().with(one.t, domain);
    if (!defined_where(phi, here).empty()) return beyond(phi, one, domain, order);
    const auto pieces = piecewise(phi, one.t, domain, ranges_.assumptions());
    if (!pieces) return Bound::unknown();
    for (const auto& j : pieces->joints) {
      if (j.continuous == Truth::No) return attains(one, j.at) ? Bound::none("it jumps") : Bound::unknown();
    }
    if (pieces->continuous() != Truth::Yes) return Bound::unknown();
    if (order == 2) {
      for (const auto& j : pieces->joints) {
        if (j.smooth == Truth::No)
          return attains(one, j.at) ? Bound::none("the gradient is not continuous where it does not exist")
                                    : Bound::unknown();
      }
      if (pieces->smooth() != Truth::Yes) return Bound::unknown();
    }
    Supremum s;
    Expr w;  // of the only piece
    for (std::size_t k = 0; k < pieces->forms.size(); ++k) {
      const Expr first = simplify(gradient(pieces->forms[k], one.t));
      const Assumptions inside = ranges_.assumptions().with(one.t, pieces->ranges[k]);
      if (!smooth_where(pieces->forms[k], {one.t}, inside).empty()) return Bound::unknown();
      if (order == 2 && !smooth_where(first, {one.t}, inside).empty()) return Bound::unknown();
      if (radial && order == 2 && k == 0) {
        const std::pair<Expr, Expr> put{one.t, g.number(0)};
        const Expr start = substitute(first, std::span(&put, 1));
        if (!defined_where(start, ranges_.assumptions()).empty()) return Bound::unknown();
        const Range slope = ranges_.of(simplify(start));
        if (slope.is_positive() || slope.is_negative())
          return attains(one, {}) ? Bound::none("the gradient is not continuous where it does not exist")
                                  : Bound::unknown();
        if (!is_zero(simplify(start))) return Bound::unknown();
      }
      const Expr of_piece = order == 1 ? first : simplify(gradient(first, one.t));
      if (pieces->forms.size() == 1) w = of_piece;
      const Supremum here_s = largest(of_piece, *pieces, k, order);
      s = k == 0 ? here_s : larger(s, here_s);
    }
    Bound change = change_bound(one.argument, variable_, curvatures_, ranges_);
    if (!change.is_finite()) return change;
    Expr bound = s.kind == Supremum::Kind::Finite ? s.bound : Expr();
    std::string rule = order == 1 ? said(s, "the largest slope of the function of one number")
                                  : said(s, "the largest second derivative of the function of one number");
    if (!bound && radius_ && w) {
      Ranges on_ball(here);
      for (const Expr form : equal_forms(w)) {
        bound = majorant(form, one.t, reach(one.argument, change), on_ball);
        if (bound) break;
      }
      rule = std::string(order == 1 ? "the slope" : "the second derivative") +
             " on the ball, each term by its absolute value";
    }
    if (!bound) {
      const bool reached = s.kind == Supremum::Kind::Infinite &&
                           (one.argument == variable_ ? !given_radius_ : free_) && plain_;
      if (!reached) return Bound::unknown();
      return Bound::none(std::string(order == 1 ? "the slope" : "the second derivative") + " is unbounded " +
                         s.where);
    }
    change.proof.insert(change.proof.begin(), {rule, bound});
    Bound b = order == 1 ? change : squared(change);
    Expr factor = times(magnitude(one.weight), bound);
    if (one.weights && order == 2) factor = times(factor, maximum(abs(one.weights)));
    if (!radial && order == 1 && one.argument.rank() > 0) {
      Expr count = g.number(1);
      for (const auto& size : one.argument.shape()) count = times(count, g.extent(size));
      const Expr spread = one.weights && one.weights.rank() == one.argument.rank() ? norm(one.weights)
                          : one.weights ? times(sqrt(count), maximum(abs(one.weights)))
                                        : sqrt(count);
      factor = times(factor, spread);
      b.proof.push_back({one.weights ? "a weighted sum over entries: the norm of the weights"
                                     : "a sum over entries: the square root of their number",
                         spread});
    }
    if (radial && one.matrix)
      factor = times(factor, order == 1 ? sqrt(matrix_norm(one.matrix)) : matrix_norm(one.matrix));
    b = scaled(b, factor);
    b.proof.push_back({order == 1 ? "a function of an affine map: times its norm"
                                  : "a function of an affine map: times the square of its norm",
                       b.value});
    return b;
  }

  // Over a piece: what the record of a single operation says, else by search; between points that are no
  // numbers at its ends where it is monotone.
  Supremum largest(Expr w, const Piecewise& p, std::size_t k, int order) {
    const Expr form = p.forms[k];
    Supremum s;
    if (form->kind == Kind::Apply && form->operands.size() == 1 && form->operands[0] == p.t) {
      const ScalarBounds& b = record_of(*form).bounds;
      const auto& v = order == 1 ? b.slope : b.curvature;
      if (v) {
        s.kind = Supremum::Kind::Finite;
        s.bound = p.t.graph().number(rounded_up(*v));
        s.exact = true;
        return s;
      }
    }
    const bool symbolic = (k > 0 && as_number(p.breaks[k - 1]) == nullptr) ||
                          (k < p.breaks.size() && as_number(p.breaks[k]) == nullptr);
    if (!symbolic || !depends_on(w, p.t)) return supremum_of(w, p.t, p.ranges[k], ranges_.assumptions());
    Ranges here(ranges_.assumptions().with(p.t, p.ranges[k]));
    const Range slope = here.of(simplify(gradient(w, p.t)));
    const bool monotone = slope.is_nonnegative() || slope.is_nonpositive();
    if (!monotone || k == 0 || k == p.breaks.size()) {
      s = supremum_of(w, p.t, p.ranges[k], ranges_.assumptions());
      if (s.kind == Supremum::Kind::Infinite) s = {};  // perhaps beyond the ends
      return s;
    }
    const auto end = [&](Expr at) {
      const std::pair<Expr, Expr> put{p.t, at};
      return simplify(decided(magnitude(simplify(substitute(w, std::span(&put, 1)))), ranges_));
    };
    const Expr low = end(p.breaks[k - 1]), high = end(p.breaks[k]);
    s.kind = Supremum::Kind::Finite;
    s.bound = low == high ? low : simplify(decided(max(low, high), ranges_));
    s.exact = true;
    return s;
  }

  Supremum larger(const Supremum& a, const Supremum& b) {
    if (a.kind == Supremum::Kind::Infinite || b.kind == Supremum::Kind::Unknown)
      return a.kind == Supremum::Kind::Infinite ? a : b;
    if (b.kind == Supremum::Kind::Infinite || a.kind == Supremum::Kind::Unknown)
      return b.kind == Supremum::Kind::Infinite ? b : a;
    const Range gap = ranges_.of(simplify(decided(a.bound - b.bound, ranges_)));
    if (gap.is_nonnegative()) return a;
    if (gap.is_nonpositive()) return b;
    Supremum s = a;
    s.bound = decided(max(a.bound, b.bound), ranges_);
    s.where = "";
    return s;
  }

  // At the boundary of the domain of phi: only the growth of the second derivative can be told.
  Bound beyond(Expr phi, const OneNumber& one, Range domain, int order) {
    const Expr t = one.t;
    const auto conditions = defined_where(phi, ranges_.assumptions());
    if (conditions.size() != 1 || !(conditions[0].operand == t) ||
        conditions[0].predicate != Condition::Positive)
      return Bound::unknown();
    domain = intersection(domain, Range::of(Signs::positive()));
    Expr w = simplify(gradient(phi, t));
    if (order == 2) w = simplify(gradient(w, t));
    const Supremum s = supremum_of(w, t, domain, ranges_.assumptions());
    if (s.kind == Supremum::Kind::Infinite && plain_ &&
        (one.argument == variable_ ? !given_radius_ : free_)) {
      return Bound::none(std::string(order == 1 ? "the slope" : "the second derivative") + " is unbounded " +
                         s.where);
    }
    return Bound::unknown();
  }

  Expr variable_;
  Expr radius_;  // of a ball around 0 that holds the set, or null
  Ranges ranges_;
  Curvatures curvatures_;
  bool given_radius_ = false;  // the ball is the set
  bool plain_ = false;         // the variable is no matrix of a special kind
  bool free_ = false;          // the set is not bounded
};

Bound finished(Bound b) {
  if (!b.is_finite()) return b;
  b.value = simplify(b.value);
  if (b.simple) b.simple = simplify(b.simple);
  if (b.simple == b.value) b.simple = Expr();
  std::vector<ProofLine> lines;
  for (auto& l : b.proof) {
    if (l.bound) l.bound = simplify(l.bound);
    append(lines, {l});
  }
  b.proof = std::move(lines);
  return b;
}

}  // namespace

Bound Bound::none(std::string reason) {
  Bound b;
  b.kind = Kind::None;
  b.reason = std::move(reason);
  return b;
}

Lipschitz lipschitz_of(Expr f, Expr variable, const Assumptions& assumptions, Expr radius) {
  Lipschitz answer;
  if (f.rank() != 0) {
    Ranges ranges(assumptions);
    Curvatures curvatures({variable}, ranges);
    answer.value = finished(change_bound(simplify(f), variable, curvatures, ranges));
    return answer;
  }
  const Expr simple = distributed(simplify(f));
  Search search(variable, assumptions, radius);
  try {
    answer.value = finished(search.of(simple, 1));
    answer.gradient = finished(search.of(simple, 2));
  } catch (const NoDerivative&) {  // a derivative that is not known
  }
  const bool free = !radius && is_free(variable, assumptions);
  if (answer.gradient.kind == Bound::Kind::Unknown && free) {
    const OnLine found = on_some_line(simple, variable, assumptions);
    if (found == OnLine::Unbounded)
      answer.gradient = Bound::none("the second derivative is unbounded along a line");
    if (found == OnLine::Kink) answer.gradient = Bound::none("the slope along a line jumps");
  }
  if (answer.gradient.kind == Bound::Kind::Unknown && free) {
    const auto kinks = smooth_where(simple, {variable}, assumptions);
    const bool kinked =
        defined_where(simple, assumptions).empty() &&
        std::any_of(kinks.begin(), kinks.end(), [](const Requirement& r) { return r.necessary; });
    if (kinked) answer.gradient = Bound::none("the gradient does not exist everywhere");
  }
  return answer;
}

std::optional<double> certified_number(Expr bound, const Assumptions& assumptions) {
  Ranges ranges(assumptions);
  const double v = ranges.of(bound).upper;
  if (!std::isfinite(v)) return std::nullopt;
  return v;
}

}  // namespace adjoint

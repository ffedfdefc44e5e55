#include "analysis/subgradients.hpp"

#include <algorithm>

#include "analysis/curvature.hpp"
#include "calculus/differentiate.hpp"
#include "ops/elementwise.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

bool has_kink(const Node& n) {
  return n.kind == Kind::Apply && !record_of(n).differentiable.value.empty() &&
         static_cast<bool>(record_of(n).bounds.value.slope);
}

// A letter for multipliers that no variable and no size of f begins with.
std::string free_letter(Expr f) {
  std::string taken;
  for (const auto& e : topological(std::span(&f, 1))) {
    if (e->kind != Kind::Variable) continue;
    taken += e->name()[0];
    for (const auto& size : e.shape()) {
      for (const auto& name : size.names()) taken += name[0];
    }
  }
  for (const char letter : std::string_view("srtuwvzq")) {
    if (taken.find(letter) == std::string::npos) return {letter};
  }
  return "multiplier";
}

// The axis of an array along which a kink is taken, with the others kept; -1 where it is taken of all
// entries.
int axis_of_kink(const Node& n) {
  const auto& axes = n.attributes.integers;
  return n.rank() > 0 && n.rank() + 1 == n.operands[0].rank() && !axes.empty() ? static_cast<int>(axes[0])
                                                                               : -1;
}

// The weights of kinks times the multipliers: each weight is that of all entries along its axis.
Expr weighted(Expr weight, Expr multiplier, int axis) {
  if (axis < 0 || weight.rank() == 0) return times(weight, multiplier);
  Graph& g = weight.graph();
  const Axes all = g.axes(multiplier);
  Axes kept = all;
  kept.erase(kept.begin() + axis);
  return g.product(1, {{weight, kept}, {multiplier, all}}, all);
}

bool is_listed(const Node& n, const Say& say) { return !subgradient_cases(n, "s", say).empty(); }

}  // namespace

Subdifferential subdifferential_of(Expr f, Expr variable, const Say& say, const Assumptions& assumptions) {
  Subdifferential answer;
  if (f.rank() != 0) return answer;
  Graph& g = f.graph();
  const Expr simple = simplify(f);
  const auto smooth = smooth_where(simple, {variable}, assumptions);
  const auto is_nowhere = [](const Requirement& r) { return r.impossible; };
  if (smooth.empty() || std::any_of(smooth.begin(), smooth.end(), is_nowhere)) return answer;
  const Convexity shape = convexity_of(f, {variable}, assumptions);
  answer.convex = shape.convex != Verdict::Unknown && shape.convex != Verdict::No;
  answer.concave = shape.concave != Verdict::Unknown && shape.concave != Verdict::No;

  // The outermost kinks: each stands for itself while the rest is differentiated.
  std::vector<Expr> kinks;
  std::vector<Expr> stack{simple};
  std::vector<Expr> seen;
  while (!stack.empty()) {
    const Expr e = stack.back();
    stack.pop_back();
    if (std::find(seen.begin(), seen.end(), e) != seen.end() || !depends_on(e, variable)) continue;
    seen.push_back(e);
    if (e->kind == Kind::Apply && (has_kink(*e) || is_listed(*e, say)) && is_listed(*e, say)) {
      kinks.push_back(e);
      continue;
    }
    for (const auto& o : e->operands) stack.push_back(o);
  }
  if (kinks.empty()) return answer;
  std::sort(kinks.begin(), kinks.end(), [](Expr a, Expr b) { return a->id < b->id; });

  std::vector<std::pair<Expr, Expr>> frozen;
  std::vector<Expr> holes;
  for (std::size_t k = 0; k < kinks.size(); ++k) {
    holes.push_back(g.variable("kink" + std::to_string(k), kinks[k].shape(), {}, Role::Placeholder));
    frozen.emplace_back(kinks[k], holes.back());
  }
  const Expr outer = substitute(simple, frozen);
  const std::string letter = free_letter(f);
  std::vector<Term> terms;
  Ranges ranges(assumptions);
  Curvatures curvatures({variable}, ranges);
  answer.whole = answer.convex || answer.concave;
  try {
    if (depends_on(outer, variable)) {
      const Expr rest = gradient(outer, variable);
      for (const auto& h : holes) answer.whole = answer.whole && !depends_on(rest, h);
      terms.push_back({1, rest});
    }
    for (std::size_t k = 0; k < kinks.size(); ++k) {
      const Node& n = *kinks[k];
      KinkSet set;
      set.kink = kinks[k];
      set.argument = n.operands[0];
      const int axis = axis_of_kink(n);
      if (axis < 0 && n.op->name == "maximum" && set.argument->kind == Kind::Apply &&
          set.argument->op->name == "abs") {
        set.argument = set.argument->operands[0];
      }
      const std::string name = kinks.size() == 1 ? letter : letter + std::to_string(k + 1);
      set.multiplier = g.variable(name, set.argument.shape());
      set.cases = subgradient_cases(n, name, say);
      Expr weight = gradient(outer, holes[k]);
      for (const auto& h : holes) answer.whole = answer.whole && !depends_on(weight, h);
      const Range sign = ranges.of(weight);
      answer.whole = answer.whole && !depends_on(weight, variable) &&
                     is_affine(curvatures.of(set.argument)) &&
                     (sign.is_nonnegative() || sign.is_nonpositive()) &&
                     (n.operands.size() == 1 || !depends_on(n.operands[1], variable));
      // max(a,b): s goes to the first operand, 1-s to the second.
      const Expr cotangent = weighted(weight, set.multiplier, axis);
      terms.push_back({1, pullback(set.argument, cotangent, std::span(&variable, 1))[0]});
      if (n.operands.size() == 2 && depends_on(n.operands[1], variable)) {
        const Expr other = times(weight, g.ones(set.multiplier.shape()) - set.multiplier);
        terms.push_back({1, pullback(n.operands[1], other, std::span(&variable, 1))[0]});
      }
      answer.kinks.push_back(std::move(set));
    }
    answer.formula = factored(simplify(g.sum(terms)));
    for (std::size_t k = 0; k < holes.size(); ++k) {
      const std::pair<Expr, Expr> back{holes[k], kinks[k]};
      answer.formula = substitute(answer.formula, std::span(&back, 1));
    }
  } catch (const NoDerivative&) {
    answer.formula = Expr();
    answer.whole = false;
  }
  return answer;
}

}  // namespace adjoint

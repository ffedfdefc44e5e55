#include "analysis/limit_constants.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/conditions.hpp"
#include "analysis/limit_rules.hpp"
#include "ops/elementwise.hpp"
#include "ops/reductions.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

constexpr int kUnknownSign = 2;

// A coefficient times powers of variables, where nothing can cancel.
bool is_monomial(Expr e) {
  if (e->kind == Kind::Variable || e->kind == Kind::Extent) return true;
  if (e->kind == Kind::Power) return as_number(e->operands[1]) != nullptr && is_monomial(e->operands[0]);
  if (e->kind != Kind::Product || e->coefficient.is_zero()) return false;
  std::size_t outputs = 0;
  for (const auto& f : e->factors) {
    if (!is_monomial(f.expr)) return false;
    outputs += f.labels.size();
  }
  return outputs == e->output.size() || e->factors.empty();  // no sum over an axis
}

bool has_arrays(Expr e) {
  for (const auto& y : topological(std::span(&e, 1))) {
    if (y->kind == Kind::Variable && y.rank() > 0) return true;
  }
  return false;
}

bool has_variables(Expr e) {
  for (const auto& y : topological(std::span(&e, 1))) {
    if (y->kind == Kind::Variable || y->kind == Kind::Extent) return true;
  }
  return false;
}

}  // namespace

Expr Constants::tidy(Expr e) {
  if (as_number(e) != nullptr) return e;
  const auto [at, fresh] = tidy_.emplace(e.get(), Expr());
  if (!fresh && at->second) return at->second;
  const Expr t = simplify(resolved(simplify(resolved(e, ranges_)), ranges_));
  tidy_[e.get()] = t;
  tidy_[t.get()] = t;
  return t;
}

namespace {
// The rational number of small denominator that is this near.
std::optional<Rational> near_rational(double v) {
  for (std::int64_t q = 1; q <= 360; ++q) {
    const double p = std::round(v * static_cast<double>(q));
    if (std::fabs(p) > 1e6) return std::nullopt;
    if (std::fabs(v * static_cast<double>(q) - p) < 1e-11) return Rational(static_cast<std::int64_t>(p), q);
  }
  return std::nullopt;
}
}  // namespace

Expr Constants::with_numbers(Expr root) {
  Graph& g = root.graph();
  std::unordered_map<const Node*, Expr> done;
  bool changed = false;
  for (const auto& e : topological(std::span(&root, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    Expr made = changed ? rebuild(e, operands) : e;
    const bool constant = made.rank() == 0 && (made->kind == Kind::Apply || made->kind == Kind::Sum) &&
                          as_number(made) == nullptr && !has_variables(made);
    if (constant) {
      const auto v = sampled(made, 0);
      const auto c = v && std::isfinite(*v) ? near_rational(*v) : std::nullopt;
      if (c && sampled(made - g.number(*c), 0).value_or(1) == 0) {
        made = g.number(*c);
        changed = true;
      }
    }
    done.emplace(e.get(), made);
  }
  return changed ? tidy(done.at(root.get())) : root;
}

std::optional<double> Constants::sampled(Expr e, unsigned seed, const Given& given) {
  if (!sampler_ || has_waves(e)) return std::nullopt;
  return sampler_(e.rank() == 0 ? e : norm(e), seed, given);
}

bool Constants::vanishes(Expr e) {
  if (is_zero(e)) return true;
  if (as_number(e) != nullptr || is_monomial(e)) return false;
  if (const auto at = vanishes_.find(e.get()); at != vanishes_.end()) return at->second;
  const auto found = [&] {
    const Expr t = tidy(e);
    if (is_zero(t)) return true;
    if (as_number(t) != nullptr || is_monomial(t)) return false;
    const Range r = ranges_.of(t);
    if (r.is_positive() || r.is_negative()) return false;
    int seen = 0;
    for (unsigned seed = 0; seed < 3; ++seed) {
      const auto v = sampled(t, seed);
      if (!v || !std::isfinite(*v)) continue;
      if (std::fabs(*v) > 1e-150) return false;
      ++seen;
    }
    if (seen >= 2) {
      by_numbers = true;
      return true;
    }
    return false;
  }();
  vanishes_[e.get()] = found;
  return found;
}

bool Constants::vanishes_near(Expr e, Expr parameter) {
  int seen = 0;
  for (unsigned seed = 0; seed < 3; ++seed) {
    const auto v = sampled(e, seed, {{parameter, 0.001 / (1 + seed)}});
    if (!v || !std::isfinite(*v)) continue;
    if (std::fabs(*v) > 1e-150) return false;
    ++seen;
  }
  if (seen < 2) return false;
  by_numbers = true;
  return true;
}

int Constants::sign(Expr e) {
  if (is_zero(e)) return 0;
  if (const Rational* c = as_number(e)) return c->is_negative() ? -1 : 1;
  if (const auto at = signs_.find(e.get()); at != signs_.end()) {
    if (at->second == kUnknownSign) throw Undecided("depends on a sign", e);
    return at->second;
  }
  signs_[e.get()] = kUnknownSign;
  if (vanishes(e)) return signs_[e.get()] = 0;
  const Expr t = tidy(e);
  for (const Expr form : {t, simplify(factored(t)), simplify(expanded(t))}) {
    if (is_positive(form)) return signs_[e.get()] = 1;
    if (is_negative(form)) return signs_[e.get()] = -1;
  }
  if (e.rank() == 0 && !has_variables(t)) {
    if (const auto v = sampled(t, 0); v && std::isfinite(*v) && std::fabs(*v) > 1e-150)
      return signs_[e.get()] = *v > 0 ? 1 : -1;
  }
  throw Undecided("depends on a sign", t);
}

bool Constants::holds(Condition condition, Expr number) {
  if (number.rank() != 0) return false;
  const auto v = sampled(number, 0);
  if (!v || !std::isfinite(*v) || std::fabs(*v) <= 1e-150) return false;
  switch (condition) {
    case Condition::NonZero:
    case Condition::NotAllZero:
      return true;
    case Condition::Positive:
    case Condition::NonNegative:
      return *v > 0;
    default:
      return false;
  }
}

bool Constants::assume(Condition condition, Expr operand, Expr other) {
  Requirement r;
  r.predicate = condition;
  r.operand = tidy(operand);
  if (other) r.other = tidy(other);
  std::vector<Requirement> list;
  require(list, r, ranges_);
  for (const auto& one : list) {
    if (one.impossible) return false;
  }
  const bool distinct = condition == Condition::SimpleSpectrum || condition == Condition::DistinctSingular ||
                        condition == Condition::SimpleTop || condition == Condition::UniqueMaximum ||
                        condition == Condition::UniqueMinimum;
  if (distinct && !list.empty() && !has_arrays(r.operand)) return false;  // zeros, ones, the identity: ties
  if ((condition == Condition::NonZero || condition == Condition::NotAllZero) && vanishes(operand))
    return false;
  if (!list.empty() && !has_variables(operand) && operand.rank() == 0) {  // a number: its value says it
    if (holds(condition, operand)) return true;
    const auto v = sampled(operand, 0);
    if (v && *v < -1e-150 && (condition == Condition::Positive || condition == Condition::NonNegative))
      return false;
  }
  for (const auto& one : list) require(cases, one, ranges_);
  return true;
}

Expr Constants::wave(Graph& graph) {
  const Expr w =
      graph.variable("wave_" + std::to_string(waves_.size()), {}, Facts::unknown(), Role::Placeholder);
  waves_.push_back(w);
  ranges_ = Ranges(ranges_.assumptions().with(w, Range{-1, 1}));
  return w;
}

bool Constants::has_waves(Expr e) const {
  return std::any_of(waves_.begin(), waves_.end(), [e](Expr w) { return depends_on(e, w) || e == w; });
}

std::size_t Constants::waves_in(Expr e) const {
  return static_cast<std::size_t>(
      std::count_if(waves_.begin(), waves_.end(), [e](Expr w) { return depends_on(e, w) || e == w; }));
}

bool Constants::ranges_away(Expr e) const {
  const Range r = ranges_.of(e);
  return r.lower > 0 || r.upper < 0;
}

}  // namespace adjoint

#include "analysis/conditions.hpp"

#include <algorithm>
#include <optional>

#include "analysis/forms.hpp"
#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/powers.hpp"
#include "ops/reductions.hpp"

namespace adjoint {
namespace {

using C = Condition;

enum class Decision : std::uint8_t { Holds, Fails, Open };

Decision of_range(bool holds, bool fails) {
  return holds ? Decision::Holds : fails ? Decision::Fails : Decision::Open;
}

Decision decide(const Requirement& r, Ranges& ranges) {
  const Expr e = r.operand;
  const Range v = e->shape.empty() || e.rank() >= 1 ? ranges.of(e) : Range::all();
  switch (r.predicate) {
    case C::Positive:
      return of_range(v.is_positive(), v.is_nonpositive());
    case C::NonNegative:
      return of_range(v.is_nonnegative(), v.is_negative());
    case C::NonZero:
    case C::NotAllZero:
      return of_range(v.is_positive() || v.is_negative() || v.signs().is_nonzero(),
                      v.lower == 0 && v.upper == 0);
    case C::InUnit:
      return of_range(v.lower >= -1 && v.upper <= 1, v.lower > 1 || v.upper < -1);
    case C::InsideUnit:
      return of_range((v.lower > -1 || (v.lower == -1 && v.open_lower)) &&
                          (v.upper < 1 || (v.upper == 1 && v.open_upper)),
                      v.lower >= 1 || v.upper <= -1);
    case C::AboveMinusOne:
      return of_range(v.lower > -1 || (v.lower == -1 && v.open_lower), v.upper <= -1);
    case C::CosNonZero:
      return of_range(v.lower > -1.57079 && v.upper < 1.57079, false);
    case C::Invertible:
      return of_range(is_invertible(e), is_zero(e));
    case C::FullRank:
    case C::FullColumnRank:
    case C::FullRowRank:
      return of_range(is_invertible(e), is_zero(e));
    case C::Semidefinite:
      return of_range(is_semidefinite(e), false);
    case C::Definite:
      return of_range(is_definite(e), is_zero(e));
    case C::NoNegativeRealEigenvalue:
    case C::SpectraDisjoint:
      return of_range(is_definite(e), is_zero(e));
    case C::ConstantRank:
      return of_range(is_invertible(e), false);
    case C::Differ: {
      const Range d = ranges.of(e - r.other);
      return of_range(d.is_positive() || d.is_negative(), d.lower == 0 && d.upper == 0);
    }
    case C::SimpleSpectrum:
    case C::DistinctSingular:
    case C::SimpleTop:
    case C::UniqueMaximum:
    case C::UniqueMinimum:
    case C::NormSmooth:  // asked in terms of the operand, by the power (domain.cpp)
    case C::NormTwiceSmooth:
    case C::Unknown:
      break;
  }
  return Decision::Open;
}

// A guard less(a, b) that holds says b - a > 0.
bool guarded(const Requirement& r, Ranges& ranges) {
  if (!r.guard || r.guard->kind != Kind::Apply || r.guard->operands.size() != 2) return false;
  const std::string_view name = r.guard->op->name;
  const bool strict = name == "less";
  if (!strict && name != "less_equal") return false;
  Expr gap = r.guard->operands[1] - r.guard->operands[0];  // > 0 or >= 0 where the guard holds
  if (!r.guard_holds) gap = -gap;
  const bool positive = strict == r.guard_holds;
  const auto exceeds = [&](Expr size) {  // where the guard chooses its branch
    const Range rest = ranges.of(size - gap);
    return rest.is_positive() || (positive && rest.is_nonnegative());
  };
  // A vector whose length is bounded from below is not 0.
  if (r.predicate == C::NotAllZero && gap.rank() == 0 && r.operand.rank() > 0)
    return exceeds(norm(r.operand));
  if (!(gap.shape() == r.operand.shape())) return false;
  const Range above = ranges.of(r.operand - gap);  // operand = gap + (what is left)
  if (r.predicate == C::NonZero && exceeds(abs(r.operand))) return true;
  switch (r.predicate) {
    case C::Positive:
    case C::NonZero:
      return above.is_positive() || (positive && above.is_nonnegative());
    case C::NonNegative:
      return above.is_nonnegative();
    default:
      return false;
  }
}

// u*v' as its two vectors, with what stands before it; nothing for other matrices.
std::optional<std::vector<Expr>> rank_one(Expr e) {
  const Node& n = *e;
  if (n.kind != Kind::Product || n.output.size() != 2 || n.output[0] == n.output[1] ||
      n.coefficient.is_zero())
    return std::nullopt;
  std::vector<Expr> parts;
  bool row = false;
  bool column = false;
  for (const Factor& f : n.factors) {
    if (f.labels.size() > 1) return std::nullopt;
    if (f.labels.size() == 1) {
      if (f.labels[0] != n.output[0] && f.labels[0] != n.output[1]) return std::nullopt;
      bool& used = f.labels[0] == n.output[0] ? row : column;
      if (used) return std::nullopt;
      used = true;
    }
    parts.push_back(f.expr);
  }
  return parts;
}

bool plain_labels(const Factor& f, const Node& n) { return f.labels == n.output; }

// No diagonal: the output has every label once.
bool uniform_labels(const Node& n) {
  return std::all_of(n.output.begin(), n.output.end(),
                     [&n](Label l) { return std::count(n.output.begin(), n.output.end(), l) == 1; });
}

// 1 - u^2 as u.
Expr within_unit(Expr e) {
  if (e->kind != Kind::Sum || e->terms.size() != 2) return {};
  for (std::size_t k = 0; k < 2; ++k) {
    const Term& one = e->terms[k];
    const Term& square = e->terms[1 - k];
    if (one.expr->kind != Kind::Product || !one.expr->factors.empty()) continue;
    if (!(one.coefficient * one.expr->coefficient).is_one() || !(square.coefficient == Rational(-1)))
      continue;
    if (square.expr->kind != Kind::Power) continue;
    const Rational* p = as_number(square.expr->operands[1]);
    if (p != nullptr && *p == Rational(2)) return square.expr->operands[0];
  }
  return {};
}

// M*M' has full rank where M has full row rank.
Expr gram_root(Expr e) {
  if (e->kind != Kind::Product || e->factors.size() != 2 || e->output.size() != 2) return {};
  const auto& a = e->factors[0];
  const auto& b = e->factors[1];
  if (!(a.expr == b.expr) || a.labels.size() != 2) return {};
  if (a.labels[1] == b.labels[1] && a.labels[0] != b.labels[0]) return a.expr;
  if (a.labels[0] == b.labels[0] && a.labels[1] != b.labels[1]) return transposed(a.expr);
  return {};
}

// The factors of a chain A*B*...*C of square matrices, any of them transposed; nothing for anything else.
std::vector<Expr> square_chain(Expr e) {
  const Node& n = *e;
  if (n.kind != Kind::Product || n.factors.size() < 2 || n.output.size() != 2 || n.coefficient.is_zero()) {
    return {};
  }
  std::vector<bool> used(n.factors.size(), false);
  std::vector<Expr> chain;
  Label at = n.output[0];
  while (chain.size() < n.factors.size()) {
    std::size_t next = n.factors.size();
    for (std::size_t k = 0; k < n.factors.size(); ++k) {
      const Factor& f = n.factors[k];
      if (f.labels.size() != 2 || f.labels[0] == f.labels[1] || !(f.expr.shape()[0] == f.expr.shape()[1]))
        return {};
      if (used[k] || (f.labels[0] != at && f.labels[1] != at)) continue;
      if (next < n.factors.size()) return {};
      next = k;
    }
    if (next == n.factors.size()) return {};
    const Factor& f = n.factors[next];
    used[next] = true;
    at = f.labels[0] == at ? f.labels[1] : f.labels[0];
    chain.push_back(f.expr);
  }
  return at == n.output[1] ? chain : std::vector<Expr>();
}

void add(std::vector<Requirement>& list, const Requirement& r) {
  const auto same = std::find_if(list.begin(), list.end(), [&r](const Requirement& known) {
    const bool swapped = r.other && known.operand == r.other && known.other == r.operand;
    return known.predicate == r.predicate &&
           ((known.operand == r.operand && known.other == r.other) || swapped) && known.guard == r.guard &&
           known.guard_holds == r.guard_holds && known.axis == r.axis;
  });
  if (same == list.end()) {
    list.push_back(r);
  } else {
    same->necessary = same->necessary || r.necessary;
    same->of_kink = same->of_kink && r.of_kink;
  }
}

bool implies(const Requirement& a, const Requirement& b) {
  if (a.guard && (!(a.guard == b.guard) || a.guard_holds != b.guard_holds)) return false;
  if (!(a.operand == b.operand)) return false;
  const auto holds_in = [&b](std::initializer_list<C> list) {
    return std::find(list.begin(), list.end(), b.predicate) != list.end();
  };
  switch (a.predicate) {
    case C::Positive:
      return holds_in({C::NonNegative, C::NonZero, C::NotAllZero, C::AboveMinusOne});
    case C::NonNegative:
      return holds_in({C::AboveMinusOne});
    case C::NonZero:
      return holds_in({C::NotAllZero});
    case C::InsideUnit:
      return holds_in({C::InUnit, C::AboveMinusOne});
    case C::Definite:
      return holds_in({C::Semidefinite, C::Invertible, C::FullRank, C::FullColumnRank, C::FullRowRank,
                       C::ConstantRank, C::NoNegativeRealEigenvalue, C::SpectraDisjoint});
    case C::Invertible:
      return holds_in({C::FullRank, C::FullColumnRank, C::FullRowRank, C::ConstantRank});
    case C::FullRank:
    case C::FullColumnRank:
    case C::FullRowRank:
      return holds_in({C::ConstantRank, C::FullRank});
    case C::DistinctSingular:
      return holds_in({C::SimpleTop});
    default:
      return false;
  }
}

}  // namespace

void require(std::vector<Requirement>& list, Requirement r, Ranges& ranges) {
  const auto again = [&](C predicate, Expr operand) {
    Requirement next = r;
    next.predicate = predicate;
    next.operand = operand;
    next.other = Expr();
    require(list, next, ranges);
  };
  switch (decide(r, ranges)) {
    case Decision::Holds:
      return;
    case Decision::Fails:
      if (!r.guard) r.impossible = true;
      add(list, r);
      return;
    case Decision::Open:
      break;
  }
  if (guarded(r, ranges)) return;
  const Expr e = r.operand;
  const Node& n = *e;
  // A value that every pair i = j spoils there is nowhere; a kink there moves nothing.
  const bool pairs = r.predicate == C::NonZero || r.predicate == C::Positive;
  if (pairs && !r.of_kink && !r.guard && vanishes_on_diagonal(e)) {
    r.impossible = true;
    return add(list, r);
  }
  if (r.predicate == C::FullRank || r.predicate == C::ConstantRank) {
    if (const auto parts = rank_one(e)) {  // of rank 1 where none of them vanishes
      for (const Expr part : *parts) again(part.rank() == 0 ? C::NonZero : C::NotAllZero, part);
      return;
    }
  }
  const bool strict = r.predicate == C::Positive;
  const bool sign = strict || r.predicate == C::NonZero || r.predicate == C::NotAllZero;
  if (r.predicate == C::Differ && (is_zero(r.other) || is_zero(e)))
    return again(C::NonZero, is_zero(e) ? r.other : e);
  if (e.rank() == 0 && r.predicate == C::NotAllZero) return again(C::NonZero, e);
  if (r.predicate == C::NotAllZero && n.kind == Kind::Apply && n.op->name == "unit") return;  // it has a 1
  // A positive sum of squares is one that does not vanish.
  if (e.rank() == 0 && sign && n.kind != Kind::Variable) {
    if (const auto form = square_form(e);
        form && form->exact && form->vanish.size() == 1 && !(form->vanish[0] == e)) {
      return again(C::NotAllZero, form->vanish[0]);
    }
  }
  if (n.kind == Kind::Power && sign) {
    const Rational* p = as_number(n.operands[1]);
    const bool nonnegative = ranges.of(e).is_nonnegative();
    // Whatever the exponent is: a power vanishes only where its base does.
    if (p == nullptr && r.predicate != C::Positive)
      return again(r.predicate == C::NotAllZero ? C::NotAllZero : C::NonZero, n.operands[0]);
    if (p != nullptr && (r.predicate != C::Positive || nonnegative)) {
      return again(r.predicate == C::NotAllZero ? C::NotAllZero : C::NonZero, n.operands[0]);
    }
    if (p != nullptr && p->is_integer() && strict) return again(C::Positive, n.operands[0]);  // odd
  }
  if (n.kind == Kind::Apply && sign && is_gauge(n)) {
    const bool entrywise = n.rank() == n.operands[0].rank();
    return again(entrywise && r.predicate != C::NotAllZero ? C::NonZero : C::NotAllZero, n.operands[0]);
  }
  // Entries of base.^exponent with positive exponents vanish where those of the base do.
  if (n.kind == Kind::Apply && r.predicate == C::NonZero) {
    if (const auto [base, exponent] = power_parts(n); base && ranges.of(exponent).is_positive())
      return again(C::NonZero, base);
  }
  // Copies of one number.
  if (n.kind == Kind::Product && (sign || r.predicate == C::NonNegative) && n.rank() > 0 &&
      n.factors.size() == 1 && n.factors[0].labels.empty() && uniform_labels(n))
    return again(r.predicate == C::NotAllZero ? C::NonZero : r.predicate, n.coefficient * n.factors[0].expr);
  if (n.kind == Kind::Product && (sign || r.predicate == C::NonNegative) && !n.factors.empty()) {
    // Factors of known sign drop; a product is not zero where no factor is.
    std::vector<Factor> rest;
    bool negative = n.coefficient.is_negative();
    bool separate = true;
    for (const auto& f : n.factors) {
      const Range v = ranges.of(f.expr);
      const bool pointwise = f.labels.empty() || plain_labels(f, n);
      separate = separate && pointwise;
      if (pointwise && (v.is_positive() || v.is_negative())) {
        negative = negative != v.is_negative();
        continue;
      }
      rest.push_back(f);
    }
    if (strict && separate) {  // u*v > 0 where u >= 0: u is not 0, v is positive
      const auto nonnegative = std::find_if(
          rest.begin(), rest.end(), [&](const Factor& f) { return ranges.of(f.expr).is_nonnegative(); });
      if (nonnegative != rest.end() && rest.size() > 1) {
        again(C::NonZero, nonnegative->expr);
        rest.erase(nonnegative);
      }
    }
    if (sign && !strict && separate &&
        (rest.size() > 1 || rest.size() < n.factors.size() || !n.coefficient.is_one())) {
      if (r.predicate == C::NonZero || rest.size() == 1) {
        for (const auto& f : rest) again(f.labels.empty() ? C::NonZero : r.predicate, f.expr);
        return;
      }
    }
    if (rest.size() < n.factors.size() || !n.coefficient.is_one()) {
      const Rational c = negative && r.predicate != C::NonZero && r.predicate != C::NotAllZero ? -1 : 1;
      const Expr reduced = n.graph->product(c, rest, n.output, n.label_sizes);
      if (!(reduced == e)) return again(r.predicate, reduced);
    }
  }
  if (strict || r.predicate == C::NonNegative) {
    if (const Expr u = within_unit(e)) return again(strict ? C::InsideUnit : C::InUnit, u);
  }
  if (r.predicate == C::SpectraDisjoint && is_semidefinite(e)) return again(C::Definite, e);
  if (r.predicate == C::Definite && n.kind == Kind::Apply && (n.op->name == "sqrtm" || n.op->name == "inv")) {
    return again(C::Definite, n.operands[0]);
  }
  if ((strict || r.predicate == C::NonNegative) && n.kind == Kind::Apply && n.op->name == "det") {
    if (const auto chain = square_chain(n.operands[0]); !chain.empty()) {
      Expr product = det(chain[0]);
      for (std::size_t k = 1; k < chain.size(); ++k) product = times(product, det(chain[k]));
      return again(r.predicate, product);
    }
  }
  if (r.predicate == C::NonZero && n.kind == Kind::Apply && n.op->name == "det")
    return again(C::Invertible, n.operands[0]);
  if (r.predicate == C::Invertible || r.predicate == C::Definite) {
    if (const Expr root = gram_root(e)) return again(C::FullRowRank, root);
    if (const auto chain = square_chain(e); r.predicate == C::Invertible && !chain.empty()) {
      for (const auto& factor : chain) again(C::Invertible, factor);
      return;
    }
    if (n.kind == Kind::Product && n.factors.size() == 1 && n.output.size() == 2 &&
        n.output[0] == n.output[1] && n.factors[0].labels.size() == 1) {
      return again(r.predicate == C::Definite ? C::Positive : C::NonZero, n.factors[0].expr);
    }
  }
  if ((r.predicate == C::FullRank || r.predicate == C::FullRowRank) && e.rank() == 2 &&
      e.shape()[0] == e.shape()[1]) {
    return again(C::Invertible, e);
  }
  if (n.kind == Kind::Product && n.factors.size() == 1 &&
      n.factors[0].labels.size() == static_cast<std::size_t>(n.rank())) {
    // c*A and A' have the rank of A.
    switch (r.predicate) {
      case C::Invertible:
      case C::FullRank:
      case C::SimpleTop:
      case C::DistinctSingular:
        if (!(n.factors[0].expr == e) && n.factors[0].expr.rank() == e.rank())
          return again(r.predicate, n.factors[0].expr);
        break;
      default:
        break;
    }
  }
  add(list, r);
}

bool vanishes_on_diagonal(Expr e, std::size_t i, std::size_t j) {
  const Node& n = *e;
  if (n.kind == Kind::Sum) {
    std::vector<Term> terms;
    for (const Term& t : n.terms) {
      Axes axes = n.graph->axes(t.expr);
      axes[j] = axes[i];
      Axes out = axes;
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(j));
      terms.push_back({t.coefficient, n.graph->product(1, {{t.expr, axes}}, out)});
    }
    return is_zero(n.graph->sum(terms));
  }
  if (n.kind == Kind::Power) {
    const Rational* p = as_number(n.operands[1]);
    return p != nullptr && Rational(0) < *p && vanishes_on_diagonal(n.operands[0], i, j);
  }
  if (n.kind == Kind::Apply) {
    return n.operands.size() == 1 && record_of(n).partial.value != nullptr &&
           is_zero(n.graph->apply(*n.op, {n.graph->zeros(n.operands[0].shape())}, n.attributes)) &&
           vanishes_on_diagonal(n.operands[0], i, j);
  }
  return n.kind == Kind::Product && std::any_of(n.factors.begin(), n.factors.end(), [&](const Factor& f) {
           const auto at_i = std::find(f.labels.begin(), f.labels.end(), n.output[i]);
           const auto at_j = std::find(f.labels.begin(), f.labels.end(), n.output[j]);
           return n.output[i] != n.output[j] && at_i != f.labels.end() && at_j != f.labels.end() &&
                  vanishes_on_diagonal(f.expr, static_cast<std::size_t>(at_i - f.labels.begin()),
                                       static_cast<std::size_t>(at_j - f.labels.begin()));
         });
}

bool vanishes_on_diagonal(Expr e) {
  return e.rank() == 2 && e.shape()[0] == e.shape()[1] && vanishes_on_diagonal(e, 0, 1);
}

namespace {

// u != 0 and u >= 0 are u > 0.
void join_signs(std::vector<Requirement>& list) {
  for (Requirement& a : list) {
    if (a.predicate != C::NonNegative || a.impossible) continue;
    const auto b = std::find_if(list.begin(), list.end(), [&a](const Requirement& r) {
      return r.predicate == C::NonZero && r.operand == a.operand && r.guard == a.guard &&
             r.guard_holds == a.guard_holds && !r.impossible;
    });
    if (b == list.end()) continue;
    a.predicate = C::Positive;
    a.necessary = a.necessary && b->necessary;
    a.of_kink = a.of_kink && b->of_kink;
  }
}

// A product is not negative where no factor is.
bool by_factors(const Requirement& r, const std::vector<Requirement>& list) {
  const Node& n = *r.operand;
  if (r.predicate != C::NonNegative || n.kind != Kind::Product || n.coefficient.is_negative()) return false;
  return std::all_of(n.factors.begin(), n.factors.end(), [&](const Factor& f) {
    return f.expr->facts.signs.is_nonnegative() ||
           std::any_of(list.begin(), list.end(), [&](const Requirement& one) {
             return (one.predicate == C::Positive || one.predicate == C::NonNegative) &&
                    one.operand == f.expr && one.guard == r.guard && one.guard_holds == r.guard_holds;
           });
  });
}

}  // namespace

void remove_implied(std::vector<Requirement>& list) {
  join_signs(list);
  for (std::size_t k = 0; k < list.size();) {
    bool implied = by_factors(list[k], list);
    for (std::size_t j = 0; j < list.size() && !implied; ++j) implied = j != k && implies(list[j], list[k]);
    if (implied) {
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(k));
    } else {
      ++k;
    }
  }
}

}  // namespace adjoint

#include "analysis/forms.hpp"

#include <algorithm>
#include <unordered_map>

#include "ops/record.hpp"

namespace adjoint {
namespace {

bool is_in(Label l, const Labels& labels) {
  return std::find(labels.begin(), labels.end(), l) != labels.end();
}

// Scalar factors and the coefficient apart from the one contraction that a scalar product may hold.
struct Split {
  Expr weight;
  Expr contraction;  // null where there is none or more than one
};

Split split_scalars(const Node& n) {
  Graph& g = *n.graph;
  std::vector<Factor> scalars;
  std::vector<Factor> labelled;
  Expr inner;
  int contractions = 0;
  for (const auto& f : n.factors) {
    const bool contraction = f.labels.empty() && f.expr->kind == Kind::Product;
    if (contraction) {
      ++contractions;
      inner = f.expr;
    } else {
      (f.labels.empty() ? scalars : labelled).push_back(f);
    }
  }
  if (!labelled.empty()) {
    if (contractions > 0) return {};
    inner = scalars.empty() && n.coefficient.is_one() ? Expr(&n)
                                                      : g.product(1, labelled, n.output, n.label_sizes);
    contractions = 1;
  }
  if (contractions != 1) return {};
  return {g.product(n.coefficient, std::move(scalars), {}, {}), inner};
}

// The contraction as v' M v, from two equal factors that differ in one axis.
std::optional<QuadraticForm> as_form(const Node& n) {
  Graph& g = *n.graph;
  for (std::size_t a = 0; a < n.factors.size(); ++a) {
    for (std::size_t b = a + 1; b < n.factors.size(); ++b) {
      if (!(n.factors[a].expr == n.factors[b].expr)) continue;
      const Labels& la = n.factors[a].labels;
      const Labels& lb = n.factors[b].labels;
      int differing = -1;
      bool fits = true;
      for (std::size_t k = 0; k < la.size(); ++k) {
        if (la[k] == lb[k]) continue;
        fits = fits && differing < 0;
        differing = static_cast<int>(k);
      }
      if (!fits || differing < 0) continue;
      const Label i = la[static_cast<std::size_t>(differing)];
      const Label j = lb[static_cast<std::size_t>(differing)];
      std::vector<Factor> rest;
      for (std::size_t k = 0; k < n.factors.size(); ++k) {
        if (k == a || k == b) continue;
        rest.push_back(n.factors[k]);
        for (std::size_t s = 0; s < la.size(); ++s) {  // a shared axis must meet nothing else
          if (static_cast<int>(s) != differing && is_in(la[s], n.factors[k].labels)) fits = false;
        }
      }
      if (std::count(la.begin(), la.end(), i) > 1 || std::count(lb.begin(), lb.end(), j) > 1) fits = false;
      if (!fits) continue;
      QuadraticForm form;
      form.vector = n.factors[a].expr;
      form.axis = differing;
      form.matrix = g.product(1, std::move(rest), {i, j}, n.label_sizes);
      return form;
    }
  }
  // v.^2 summed with weights that depend on one axis of v only.
  for (std::size_t a = 0; a < n.factors.size(); ++a) {
    const Expr p = n.factors[a].expr;
    if (p->kind != Kind::Power) continue;
    const Rational* e = as_number(p->operands[1]);
    if (e == nullptr || !(*e == Rational(2))) continue;
    QuadraticForm form;
    form.vector = p->operands[0];
    if (n.factors.size() == 1) {
      const Labels& l = n.factors[0].labels;
      for (const auto k : l) {
        if (std::count(l.begin(), l.end(), k) != 1) return std::nullopt;
      }
      return form;
    }
    if (n.factors.size() != 2) continue;
    const Factor& w = n.factors[1 - a];
    if (w.labels.size() != 1) continue;
    const auto at = std::find(n.factors[a].labels.begin(), n.factors[a].labels.end(), w.labels[0]);
    if (at == n.factors[a].labels.end()) continue;
    form.axis = static_cast<int>(at - n.factors[a].labels.begin());
    form.matrix = diagonal_matrix(w.expr);
    return form;
  }
  return std::nullopt;
}

std::optional<SquareForm> of_signs(Expr e) {
  if (!e->facts.signs.is_nonnegative()) return std::nullopt;
  SquareForm f;
  f.positive = e->facts.signs.is_positive();
  f.exact = f.positive;
  return f;
}

std::optional<SquareForm> of_contraction(Expr e) {
  const Node& n = *e;
  if (n.coefficient.is_negative()) return std::nullopt;
  if (const auto form = as_form(n)) {
    SquareForm f;
    f.vanish = {form->vector};
    if (!form->matrix || is_definite(form->matrix)) return f;
    if (is_diagonal(form->matrix) && form->matrix->kind == Kind::Product &&
        form->matrix->factors.size() == 1 && form->matrix->factors[0].labels.size() == 1) {
      const Signs s = form->matrix->factors[0].expr->facts.signs;
      if (s.is_positive()) return f;
      f.exact = false;
      if (s.is_nonnegative()) return f;
    } else if (is_semidefinite(form->matrix)) {
      f.exact = false;
      return f;
    }
  }
  // Traces: of a semi-definite matrix, of the product of two.
  if (n.factors.size() == 1 && n.factors[0].labels.size() == 2 &&
      n.factors[0].labels[0] == n.factors[0].labels[1]) {
    SquareForm f;
    f.positive = is_definite(n.factors[0].expr);
    f.exact = f.positive;
    if (is_semidefinite(n.factors[0].expr)) return f;
  }
  for (std::size_t k = 0; k < n.factors.size() && n.factors.size() >= 2; ++k) {
    const Factor& s = n.factors[k];
    if (s.labels.size() != 2 || s.labels[0] == s.labels[1] || !is_semidefinite(s.expr)) continue;
    std::vector<Factor> rest = n.factors;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(k));
    const bool meets =
        is_in(s.labels[0], rest[0].labels) || is_in(s.labels[1], rest[0].labels) || rest.size() > 1;
    if (!meets) continue;
    const Expr other = n.graph->product(1, std::move(rest), s.labels, n.label_sizes);
    if (!is_semidefinite(other)) continue;
    SquareForm f;
    f.positive = is_definite(other) && is_definite(s.expr);
    f.exact = f.positive;
    return f;
  }
  return of_signs(e);
}

std::optional<SquareForm> product_form(Expr e) {
  const Node& n = *e;
  if (n.coefficient.is_zero()) return SquareForm{};
  const bool closed = !n.factors.empty() && std::none_of(n.factors.begin(), n.factors.end(),
                                                         [](const Factor& f) { return f.labels.empty(); });
  if (closed && n.coefficient.is_one()) return of_contraction(e);
  if (n.coefficient.is_negative()) return std::nullopt;
  SquareForm total;
  total.positive = true;
  std::vector<Factor> labelled;
  const auto multiply = [&total](const std::optional<SquareForm>& f) {
    if (!f) return false;
    if (f->positive) return true;
    if (!total.positive) total.exact = false;
    total.positive = false;
    total.exact = total.exact && f->exact;
    total.vanish.insert(total.vanish.end(), f->vanish.begin(), f->vanish.end());
    return true;
  };
  for (const auto& f : n.factors) {
    if (!f.labels.empty()) {
      labelled.push_back(f);
    } else if (!multiply(square_form(f.expr))) {
      return of_signs(e);
    }
  }
  if (!labelled.empty()) {
    const Expr inner = n.graph->product(1, labelled, {}, n.label_sizes);
    if (inner == e || !multiply(square_form(inner))) return of_signs(e);
  }
  return total;
}

}  // namespace

bool is_gauge(const Node& n) {
  if (n.kind != Kind::Apply || n.operands.empty() || !n.facts.signs.is_nonnegative()) return false;
  const Record& r = record_of(n);
  if (r.bounds.value.shape != ScalarBounds::Shape::Convex ||
      r.bounds.value.monotone == ScalarBounds::Monotone::Increasing) {
    return false;
  }
  return std::any_of(
      r.differentiable.value.begin(), r.differentiable.value.end(), [](const OperandCondition& c) {
        return c.operand == 0 && (c.condition == Condition::NonZero || c.condition == Condition::NotAllZero ||
                                  c.condition == Condition::NormSmooth);
      });
}

Expr distributed(Expr e) {
  Graph& g = e.graph();
  if (e->kind == Kind::Sum) {
    std::vector<Term> terms;
    for (const auto& t : e->terms) terms.push_back({t.coefficient, distributed(t.expr)});
    return g.sum(terms);
  }
  if (e->kind != Kind::Product || e->factors.size() > 12) return e;
  for (std::size_t k = 0; k < e->factors.size(); ++k) {
    const Expr s = e->factors[k].expr;
    const bool closed = e->factors[k].labels.empty() && s->kind == Kind::Product;
    const Expr inner = closed ? distributed(s) : s;
    if (inner->kind != Kind::Sum || inner->terms.size() > 8) continue;
    const auto same =
        std::count_if(e->factors.begin(), e->factors.end(), [s](const Factor& f) { return f.expr == s; });
    if (same != 1) continue;
    std::vector<Term> terms;
    for (const auto& t : inner->terms) {
      std::vector<Factor> factors = e->factors;
      factors[k].expr = t.expr;
      terms.push_back({t.coefficient, distributed(g.product(e->coefficient, std::move(factors), e->output,
                                                            e->label_sizes))});
    }
    return g.sum(terms);
  }
  return e;
}

bool is_comparison(const Node& n) {
  return n.kind == Kind::Apply &&
         (n.op->name == "less" || n.op->name == "less_equal" || n.op->name == "equal");
}

Expr uniform(Expr e) {
  if (e.rank() == 0) return e;
  if (e->kind != Kind::Product) return {};
  for (const auto& f : e->factors) {
    if (!f.labels.empty()) return {};
  }
  auto axes = e->output;
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) return {};  // a diagonal
  return e.graph().product(e->coefficient, e->factors, {}, {});
}

bool is_discontinuous(const Node& n) {
  return n.kind == Kind::Apply && record_of(n).continuity != kContinuous;
}

Expr homogeneous(Expr root, Expr s) {
  constexpr std::string_view kFunctions[] = {"abs",     "relu",   "norm",    "norm_p",
                                             "normnuc", "normop", "maximum", "minimum"};
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : topological(std::span(&root, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    Expr made = rebuild(e, operands);
    const bool listed = made->kind == Kind::Apply && std::find(std::begin(kFunctions), std::end(kFunctions),
                                                               made->op->name) != std::end(kFunctions);
    if (listed && made->operands[0]->kind == Kind::Product) {
      const Node& u = *made->operands[0];
      std::vector<Factor> rest = u.factors;
      const auto at = std::find_if(rest.begin(), rest.end(), [s](const Factor& f) { return f.expr == s; });
      if (at != rest.end()) {
        rest.erase(at);
        std::vector<Expr> inner = operands;
        inner[0] = u.graph->product(u.coefficient, rest, u.output, u.label_sizes);
        made = times(s, made->graph->apply(*made->op, inner, made->attributes));
      }
    }
    done.emplace(e.get(), made);
  }
  return done.at(root.get());
}

Expr aligned(Expr root) {
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : topological(std::span(&root, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    Expr made = rebuild(e, operands);
    if (made->kind == Kind::Power && made->operands[0]->kind == Kind::Sum) {
      const Rational* k = as_number(made->operands[1]);
      const auto& terms = made->operands[0]->terms;
      const auto first = std::min_element(
          terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.expr->id < b.expr->id; });
      const Rational lead = first->expr->kind == Kind::Product ? first->coefficient * first->expr->coefficient
                                                               : first->coefficient;
      if (k != nullptr && k->is_integer() && lead.is_negative()) {
        made = power(-made->operands[0], *k);
        if (!k->is_even()) made = -made;
      }
    }
    done.emplace(e.get(), made);
  }
  return done.at(root.get());
}

std::optional<QuadraticForm> quadratic_form(Expr scalar) {
  if (scalar->kind != Kind::Product || scalar.rank() != 0) return std::nullopt;
  const Split s = split_scalars(*scalar);
  if (!s.contraction) return std::nullopt;
  auto form = as_form(*s.contraction);
  if (form) form->weight = s.weight;
  return form;
}

namespace {
std::optional<SquareForm> any_form(Expr e);
}

std::optional<SquareForm> square_form(Expr e) {
  if (e.rank() != 0) return std::nullopt;
  auto form = any_form(e);
  if (form && form->exact) {  // an invertible matrix is not zero
    form->positive = form->positive || std::any_of(form->vanish.begin(), form->vanish.end(),
                                                   [](Expr v) { return v.rank() == 2 && is_invertible(v); });
  }
  return form;
}

namespace {
std::optional<SquareForm> any_form(Expr e) {
  if (e->facts.signs.is_positive()) {
    SquareForm f;
    f.positive = true;
    return f;
  }
  switch (e->kind) {
    case Kind::Product:
      return product_form(e);
    case Kind::Sum: {
      SquareForm total;
      for (const auto& t : e->terms) {
        if (t.coefficient.is_negative()) {
          if (t.expr->facts.signs.is_nonpositive()) {
            total.exact = false;
            total.positive = total.positive || t.expr->facts.signs.is_negative();
            continue;
          }
          return std::nullopt;
        }
        const auto f = square_form(t.expr);
        if (!f) return std::nullopt;
        total.positive = total.positive || f->positive;
        total.exact = total.exact && f->exact;
        total.vanish.insert(total.vanish.end(), f->vanish.begin(), f->vanish.end());
      }
      return total;
    }
    case Kind::Power: {
      const Rational* e2 = as_number(e->operands[1]);
      if (e2 != nullptr && e2->is_even() && !e2->is_negative()) {
        SquareForm f;
        f.vanish = {e->operands[0]};
        return f;
      }
      if (e2 != nullptr && !e2->is_negative()) return square_form(e->operands[0]);
      return of_signs(e);
    }
    case Kind::Apply:
      if (is_gauge(*e)) {
        SquareForm f;
        f.vanish = {e->operands[0]};
        return f;
      }
      return of_signs(e);
    case Kind::Variable:
    case Kind::Extent:
      break;
  }
  return of_signs(e);
}

}  // namespace

std::string spoken_name(const Operation& operation) {
  if (operation.name == "maximum") return "max";
  if (operation.name == "minimum") return "min";
  if (operation.name == "norm_p") return "norm";
  return std::string(operation.name);
}

}  // namespace adjoint

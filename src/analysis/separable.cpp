#include "analysis/separable.hpp"

#include <algorithm>
#include <map>

#include "analysis/forms.hpp"
#include "ops/record.hpp"

namespace adjoint {
namespace {

// Finds the one array that an entrywise expression is a function of, then writes it with a number in its
// place.
class Core {
 public:
  Core(Expr core, Curvatures& curvatures) : core_(core), curvatures_(curvatures) {}

  bool find() { return leaf(core_) && argument_; }
  [[nodiscard]] Expr argument() const { return argument_; }
  [[nodiscard]] Expr matrix() const { return matrix_; }
  [[nodiscard]] bool radial() const { return radial_; }

  Expr written(Expr t) {
    t_ = t;
    return write(core_);
  }

 private:
  static bool pointwise(const Factor& f, const Node& n) { return f.labels == n.output; }

  // A constant that is the same for all entries.
  static Expr uniform(Expr e) {
    if (e.rank() == 0) return e;
    if (e->kind != Kind::Product) return {};
    for (const auto& f : e->factors) {
      if (!f.labels.empty()) return {};
    }
    for (std::size_t k = 0; k < e->output.size(); ++k) {
      if (std::count(e->output.begin(), e->output.end(), e->output[k]) != 1) return {};
    }
    return e.graph().product(e->coefficient, e->factors, {}, {});
  }

  bool settle(Expr u, bool radial, Expr matrix) {
    if (argument_) return argument_ == u && radial_ == radial && matrix_ == matrix;
    argument_ = u;
    radial_ = radial;
    matrix_ = matrix;
    return true;
  }

  // An affine expression that is a number times another plus a number hides that other one.
  Expr deeper(Expr e) {
    if (e->kind == Kind::Sum) {
      Expr moving;
      for (const auto& t : e->terms) {
        if (!curvatures_.depends(t.expr)) {
          if (!uniform(t.expr)) return {};
        } else if (moving) {
          return {};
        } else {
          moving = t.expr;
        }
      }
      return moving;
    }
    if (e->kind == Kind::Product) {
      Expr moving;
      for (const auto& f : e->factors) {
        if (curvatures_.depends(f.expr)) {
          if (moving || !pointwise(f, *e) || f.expr.rank() != e.rank()) return {};
          moving = f.expr;
        } else if (!f.labels.empty()) {
          return {};
        }
      }
      return moving;
    }
    return {};
  }

  bool leaf(Expr e) {
    if (!curvatures_.depends(e)) return static_cast<bool>(uniform(e));
    if (is_affine(curvatures_.of(e))) {
      Expr at = e;
      while (const Expr next = deeper(at)) at = next;
      return settle(at, false, {});
    }
    const Node& n = *e;
    if (e.rank() == 0) {
      if (n.kind == Kind::Apply && is_gauge(n) && n.operands[0].rank() > 0 && n.operands.size() == 1 &&
          is_affine(curvatures_.of(n.operands[0]))) {
        return settle(n.operands[0], true, {});
      }
      if (const auto form = quadratic(e)) return settle(form->vector, true, form->matrix);
    }
    switch (n.kind) {
      case Kind::Sum:
        return std::all_of(n.terms.begin(), n.terms.end(), [this](const Term& t) { return leaf(t.expr); });
      case Kind::Power:
        return !curvatures_.depends(n.operands[1]) && leaf(n.operands[0]);
      case Kind::Product:
        for (std::size_t k = 0; k < n.output.size(); ++k) {
          if (std::count(n.output.begin(), n.output.end(), n.output[k]) != 1) return false;
        }
        return std::all_of(n.factors.begin(), n.factors.end(), [&](const Factor& f) {
          if (pointwise(f, n)) return leaf(f.expr);
          return f.labels.empty() && !curvatures_.depends(f.expr);
        });
      case Kind::Apply:
        return (record_of(n).partial.value != nullptr || is_comparison(n)) &&
               std::all_of(n.operands.begin(), n.operands.end(), [this](Expr o) { return leaf(o); });
      case Kind::Variable:
      case Kind::Extent:
        break;
    }
    return false;
  }

  std::optional<QuadraticForm> quadratic(Expr e) {
    auto form = quadratic_form(e);
    if (!form || !is_affine(curvatures_.of(form->vector)) || curvatures_.depends(form->weight))
      return std::nullopt;
    if (form->matrix && (curvatures_.depends(form->matrix) || !is_semidefinite(form->matrix)))
      return std::nullopt;
    if (!curvatures_.depends(form->vector)) return std::nullopt;
    return form;
  }

  Expr write(Expr e) {
    if (e == argument_ && !radial_) return t_;
    const Node& n = *e;
    Graph& g = *n.graph;
    if (!curvatures_.depends(e)) return uniform(e);
    if (radial_ && e.rank() == 0) {
      if (n.kind == Kind::Apply && is_gauge(n) && n.operands[0] == argument_) return t_;
      if (const auto form = quadratic(e)) return times(form->weight, power(t_, Rational(2)));
    }
    if (const auto at = done_.find(e.get()); at != done_.end()) return at->second;
    Expr result;
    switch (n.kind) {
      case Kind::Sum: {
        std::vector<Term> terms;
        for (const auto& t : n.terms) terms.push_back({t.coefficient, write(t.expr)});
        result = g.sum(terms);
        break;
      }
      case Kind::Power:
        result = g.power(write(n.operands[0]), n.operands[1]);
        break;
      case Kind::Product: {
        std::vector<Factor> factors;
        for (const auto& f : n.factors) factors.push_back({write(f.expr), {}});
        result = g.product(n.coefficient, std::move(factors), {}, {});
        break;
      }
      default: {
        std::vector<Expr> operands;
        for (const auto& o : n.operands) operands.push_back(write(o));
        result = g.apply(*n.op, std::move(operands), n.attributes);
      }
    }
    done_[e.get()] = result;
    return result;
  }

  Expr core_;
  Curvatures& curvatures_;
  Expr argument_, matrix_, t_;
  bool radial_ = false;
  std::map<const Node*, Expr> done_;
};

std::optional<OneNumber> from_core(Expr core, Curvatures& curvatures) {
  Core search(core, curvatures);
  if (!search.find()) return std::nullopt;
  Graph& g = core.graph();
  OneNumber r;
  r.kind = search.radial() ? OneNumber::Kind::Radial : OneNumber::Kind::Entries;
  r.argument = search.argument();
  r.matrix = search.matrix();
  const Signs signs = search.radial() ? Signs::nonnegative() : r.argument->facts.signs;
  r.t = g.variable("t", {}, Facts::of_signs(signs), Role::Placeholder);
  r.phi = search.written(r.t);
  r.weight = g.number(1);
  return r;
}

}  // namespace

std::optional<OneNumber> entrywise_function(Expr e, Curvatures& curvatures) {
  auto r = from_core(e, curvatures);
  return r && r->kind == OneNumber::Kind::Entries ? r : std::nullopt;
}

std::optional<OneNumber> one_number(Expr term, Curvatures& curvatures) {
  if (term.rank() != 0 || !curvatures.depends(term)) return std::nullopt;
  Graph& g = term.graph();
  const Node& n = *term;
  if (n.kind != Kind::Product || quadratic_form(term)) {
    if (auto r = from_core(term, curvatures)) return r;
    if (n.kind != Kind::Product) return std::nullopt;
  }
  std::vector<Factor> scalars, moving, constant;
  for (const auto& f : n.factors) {
    if (curvatures.depends(f.expr)) {
      moving.push_back(f);
    } else {
      (f.labels.empty() ? scalars : constant).push_back(f);
    }
  }
  const Expr weight = g.product(n.coefficient, scalars, {}, {});
  if (moving.size() == 1 && moving[0].labels.empty() && constant.empty() && !(moving[0].expr == term)) {
    auto r = one_number(moving[0].expr, curvatures);
    if (r) r->weight = times(r->weight, weight);
    return r;
  }
  // Entrywise factors over the same axes, all of them summed.
  const Labels axes = moving[0].labels;
  for (const auto& f : moving) {
    if (f.labels != axes) return std::nullopt;
  }
  for (std::size_t k = 0; k < axes.size(); ++k) {
    if (std::count(axes.begin(), axes.end(), axes[k]) != 1) return std::nullopt;
  }
  Labels weighted;
  for (const auto& f : constant) {
    for (const auto l : f.labels) {
      if (std::find(axes.begin(), axes.end(), l) == axes.end()) continue;
      if (std::find(weighted.begin(), weighted.end(), l) == weighted.end()) weighted.push_back(l);
    }
  }
  const Expr core = g.product(1, moving, axes, n.label_sizes);
  auto r = from_core(core, curvatures);
  if (!r || (r->kind == OneNumber::Kind::Radial && core.rank() > 0)) return std::nullopt;
  r->weight = times(r->weight, weight);
  if (!constant.empty()) r->weights = g.product(1, constant, weighted, n.label_sizes);
  return r;
}

}  // namespace adjoint

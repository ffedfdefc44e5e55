#include "simplify/fused.hpp"

#include <algorithm>
#include <optional>

#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/products.hpp"
#include "ops/record.hpp"
#include "ops/structure.hpp"

namespace adjoint {
namespace {

constexpr int kMostVisited = 200;  // nodes looked through for an axis that closes

const Node* as_op(Expr e, std::string_view name) {
  return e->kind == Kind::Apply && e->op->name == name ? e.get() : nullptr;
}
const Node* as_fuse(Expr e) { return as_op(e, "fuse"); }
const Node* as_split(Expr e) { return as_op(e, "split"); }
std::size_t along(const Node& n) { return static_cast<std::size_t>(n.attributes.integers[0]); }
int axis_number(std::size_t axis) { return static_cast<int>(axis); }

bool is_entrywise(const Node& n) {
  return n.kind == Kind::Apply &&
         (record_of(n).partial.value != nullptr || record_of(n).reading.value == Reading::Entrywise);
}

// A fused axis as the two that it is made of; null where it is no fused one.
Expr opened(Expr e, std::size_t axis) {
  const Node* f = as_fuse(e);
  if (f == nullptr) return {};
  const std::size_t own = along(*f);
  if (own == axis) return f->operands[0];
  const Expr inner = opened(f->operands[0], axis > own ? axis + 1 : axis);
  return inner ? fuse(inner, axis_number(axis > own ? own : own + 1)) : Expr();
}

// Two neighbouring axes as the one that they were split from; null where they were not.
Expr closed(Expr e, std::size_t axis, int& visits) {
  if (++visits > kMostVisited) return {};
  const Node& n = *e;
  Graph& g = *n.graph;
  if (const Node* s = as_split(e)) {
    const std::size_t own = along(*s);
    if (own == axis) return s->operands[0];
    if (own == axis + 1 || own + 1 == axis) return {};
    const Expr inner = closed(s->operands[0], axis > own ? axis - 1 : axis, visits);
    const auto& sizes = s->attributes.sizes;
    return inner ? split(inner, axis_number(axis > own ? own : own - 1), sizes[0], sizes[1]) : Expr();
  }
  if (const Node* f = as_fuse(e)) {
    const std::size_t own = along(*f);
    if (own == axis || own == axis + 1) return {};
    const Expr inner = closed(f->operands[0], axis > own ? axis + 1 : axis, visits);
    return inner ? fuse(inner, axis_number(axis > own ? own : own - 1)) : Expr();
  }
  if (n.kind == Kind::Power) {
    const Expr base = closed(n.operands[0], axis, visits);
    return base ? g.power(base, n.operands[1]) : Expr();
  }
  if (is_entrywise(n)) {
    std::vector<Expr> operands;
    for (const auto& o : n.operands) {
      operands.push_back(o.rank() == 0 ? o : closed(o, axis, visits));
      if (!operands.back()) return {};
    }
    return g.apply(*n.op, std::move(operands), n.attributes);
  }
  if (n.kind == Kind::Sum) {
    std::vector<Term> terms;
    for (const auto& t : n.terms) {
      terms.push_back({t.coefficient, closed(t.expr, axis, visits)});
      if (!terms.back().expr) return {};
    }
    return g.sum(terms);
  }
  if (n.kind != Kind::Product) return {};
  const Label fast = n.output[axis];
  const Label slow = n.output[axis + 1];
  const auto once = [&n](Label l) { return std::count(n.output.begin(), n.output.end(), l) == 1; };
  if (fast == slow || !once(fast) || !once(slow)) return {};
  auto factors = n.factors;
  for (auto& f : factors) {
    const auto at = std::find(f.labels.begin(), f.labels.end(), fast);
    const bool has_slow = std::find(f.labels.begin(), f.labels.end(), slow) != f.labels.end();
    if (at == f.labels.end() && !has_slow) continue;
    if (std::count(f.labels.begin(), f.labels.end(), fast) != 1 ||
        std::count(f.labels.begin(), f.labels.end(), slow) != 1 || at + 1 == f.labels.end() || at[1] != slow)
      return {};
    f.expr = closed(f.expr, static_cast<std::size_t>(at - f.labels.begin()), visits);
    if (!f.expr) return {};
    f.labels.erase(at + 1);
  }
  auto sizes = n.label_sizes;
  auto& size = sizes[static_cast<std::size_t>(fast)];
  size = size * sizes[static_cast<std::size_t>(slow)];
  Labels output = n.output;
  output.erase(output.begin() + static_cast<std::ptrdiff_t>(axis) + 1);
  return g.product(n.coefficient, std::move(factors), std::move(output), std::move(sizes));
}

// The two axes that a label of a product may become: where a factor has it fused, all others as well, or
// split where they have not.
class Opening {
 public:
  Opening(const Node& n, Label label) : label_(label) {
    for (const auto& f : n.factors) {
      for (std::size_t p = 0; p < f.labels.size(); ++p) {
        if (f.labels[p] != label) continue;
        const Expr e = opened(f.expr, p);
        if (!e) {
          all_ = false;
          continue;
        }
        const Size& first = e.shape()[p];
        if (!first_) {
          first_ = first;
          second_ = e.shape()[p + 1];
        } else if (!(first == *first_)) {
          all_ = false;
        }
        // More axes than a matrix has: as it stands no chain of matrices takes it.
        wide_ = wide_ || f.labels.size() > 2;
      }
    }
  }
  [[nodiscard]] bool any() const { return first_.has_value(); }
  [[nodiscard]] bool all() const { return any() && all_; }
  [[nodiscard]] bool wide() const { return wide_; }

  /// The product with the label as two, and so its output; the axis of the output where it stands is left to
  /// be fused.
  void apply(std::vector<Factor>& factors, Labels& output, std::vector<Size>& sizes) const {
    const auto fresh = static_cast<Label>(sizes.size());
    sizes.push_back(*first_);
    sizes.push_back(second_);
    for (auto& f : factors) {
      for (std::size_t p = 0; p < f.labels.size(); ++p) {
        if (f.labels[p] != label_) continue;
        const Expr e = opened(f.expr, p);
        f.expr = e && e.shape()[p] == *first_ ? e : split(f.expr, axis_number(p), *first_, second_);
        put(f.labels, p, fresh);
      }
    }
    for (std::size_t p = 0; p < output.size(); ++p) {
      if (output[p] == label_) put(output, p, fresh);
    }
  }
  static void put(Labels& labels, std::size_t at, Label fresh) {
    labels[at] = fresh;
    labels.insert(labels.begin() + static_cast<std::ptrdiff_t>(at) + 1, fresh + 1);
  }

 private:
  Label label_;
  bool all_ = true;
  bool wide_ = false;
  std::optional<Size> first_;
  Size second_;
};

// Whether a factor with the label would keep another fused axis that meets what is not fused: half a
// Kronecker product, which is no matrix any more.
bool leaves_half(const Node& n, Label label) {
  for (const auto& f : n.factors) {
    if (std::find(f.labels.begin(), f.labels.end(), label) == f.labels.end()) continue;
    for (std::size_t p = 0; p < f.labels.size(); ++p) {
      if (f.labels[p] == label || !opened(f.expr, p)) continue;
      if (!Opening(n, f.labels[p]).all()) return true;
    }
  }
  return false;
}

// scalars * fuse(rest)
Expr fused_outside(const Node& n, std::vector<Factor> factors, Labels output, std::vector<Size> sizes,
                   std::size_t position) {
  Graph& g = *n.graph;
  std::vector<Indexed> outer;
  std::vector<Factor> inner;
  for (auto& f : factors) {
    if (f.labels.empty()) {
      outer.push_back({f.expr, {}});
    } else {
      inner.push_back(std::move(f));
    }
  }
  const Expr whole =
      fuse(g.product(1, std::move(inner), std::move(output), std::move(sizes)), axis_number(position));
  const Axes axes = g.axes(whole);
  outer.push_back({whole, axes});
  return g.product(n.coefficient, outer, axes);
}

bool has_scalars(const Node& n) {
  return !n.coefficient.is_one() ||
         std::any_of(n.factors.begin(), n.factors.end(), [](const Factor& f) { return f.labels.empty(); });
}

// A fused axis, with scalars in front: scalars * fuse(x) as the axis and scalars*x.
struct ScaledFuse {
  std::size_t axis;
  Expr inner;
};
std::optional<ScaledFuse> as_scaled_fuse(Expr e) {
  if (const Node* f = as_fuse(e)) return ScaledFuse{along(*f), f->operands[0]};
  const Node& n = *e;
  if (n.kind != Kind::Product) return std::nullopt;
  Graph& g = *n.graph;
  const Node* fused = nullptr;
  std::vector<Indexed> scalars;
  for (const auto& f : n.factors) {
    if (f.labels.empty()) {
      scalars.push_back({f.expr, {}});
      continue;
    }
    if (fused != nullptr || f.labels != n.output || as_fuse(f.expr) == nullptr) return std::nullopt;
    fused = as_fuse(f.expr);
  }
  if (fused == nullptr) return std::nullopt;
  const Axes axes = g.axes(fused->operands[0]);
  scalars.push_back({fused->operands[0], axes});
  return ScaledFuse{along(*fused), g.product(n.coefficient, scalars, axes)};
}

}  // namespace

Expr open_fused_axes(Expr product) {
  const Node& n = *product;
  if (n.kind != Kind::Product) return {};
  const auto arrays =
      std::count_if(n.factors.begin(), n.factors.end(), [](const Factor& f) { return !f.labels.empty(); });
  for (std::size_t l = 0; l < n.label_sizes.size(); ++l) {
    const auto label = static_cast<Label>(l);
    const Opening opening(n, label);
    if (!opening.any() || !(opening.all() || opening.wide())) continue;
    const auto in_output = std::count(n.output.begin(), n.output.end(), label);
    if (in_output > 1 || (in_output == 1 && (arrays == 1 || leaves_half(n, label)))) continue;
    auto factors = n.factors;
    auto sizes = n.label_sizes;
    Labels output = n.output;
    const auto position =
        static_cast<std::size_t>(std::find(output.begin(), output.end(), label) - output.begin());
    opening.apply(factors, output, sizes);
    if (in_output == 1)
      return fused_outside(n, std::move(factors), std::move(output), std::move(sizes), position);
    return n.graph->product(n.coefficient, std::move(factors), std::move(output), std::move(sizes));
  }
  return {};
}

namespace {

// Scalars stand before fuse; what was split is fused again.
Expr close_fuse(const Node& fused) {
  const Expr x = fused.operands[0];
  int visits = 0;
  if (const Expr whole = closed(x, along(fused), visits)) return whole;
  if (x->kind != Kind::Product || x->coefficient.is_zero() || !has_scalars(*x) || x->factors.empty())
    return {};
  return fused_outside(*x, x->factors, x->output, x->label_sizes, along(fused));
}

// The two ends of what was split meet: sum_ij reshape(x)_ij*reshape(y)_ij = x'*y.
Expr close_summed(const Node& n) {
  for (const auto& f : n.factors) {
    for (std::size_t p = 0; p + 1 < f.labels.size(); ++p) {
      const Label fast = f.labels[p];
      const Label slow = f.labels[p + 1];
      const auto summed = [&n](Label l) { return std::count(n.output.begin(), n.output.end(), l) == 0; };
      if (fast == slow || !summed(fast) || !summed(slow)) continue;
      // As if both were open, then summed as one.
      Node open = n;
      open.output.insert(open.output.begin(), {fast, slow});
      const Expr whole = n.graph->product(n.coefficient, open.factors, open.output, open.label_sizes);
      int visits = 0;
      const Expr one = whole->kind == Kind::Product ? closed(whole, 0, visits) : Expr();
      if (one) return sum_axis(one, 0);
    }
  }
  return {};
}

// What a split comes to of a product, a sum: the factors split, where one of them was fused or stands alone.
Expr open_split(const Node& cut) {
  const Expr x = cut.operands[0];
  const Node& n = *x;
  Graph& g = *n.graph;
  const std::size_t axis = along(cut);
  const Size& first = cut.attributes.sizes[0];
  const Size& second = cut.attributes.sizes[1];
  const auto fits = [&](Expr e, std::size_t at) {
    const Expr o = opened(e, at);
    return o && o.shape()[at] == first;
  };
  if (fits(x, axis)) return opened(x, axis);
  if (n.kind == Kind::Sum) {
    const bool any = std::any_of(n.terms.begin(), n.terms.end(), [&](const Term& t) {
      const auto scaled = as_scaled_fuse(t.expr);
      return scaled && scaled->axis == axis && scaled->inner.shape()[axis] == first;
    });
    if (!any) return {};
    std::vector<Term> terms;
    for (const auto& t : n.terms)
      terms.push_back({t.coefficient, split(t.expr, axis_number(axis), first, second)});
    return g.sum(terms);
  }
  if (n.kind != Kind::Product) return {};
  const Label label = n.output[axis];
  const auto repeats = std::count(n.output.begin(), n.output.end(), label);
  std::size_t holders = 0;
  bool any = false;
  for (const auto& f : n.factors) {
    for (std::size_t p = 0; p < f.labels.size(); ++p) {
      if (f.labels[p] != label) continue;
      ++holders;
      any = any || fits(f.expr, p);
    }
  }
  if (repeats > 2 || (holders > 1 && !any) || (holders == 0 && repeats == 1)) return {};
  auto sizes = n.label_sizes;
  const auto fresh = static_cast<Label>(sizes.size());
  sizes.push_back(first);
  sizes.push_back(second);
  auto factors = n.factors;
  for (auto& f : factors) {
    for (std::size_t p = 0; p < f.labels.size(); ++p) {
      if (f.labels[p] != label) continue;
      f.expr = fits(f.expr, p) ? opened(f.expr, p) : split(f.expr, axis_number(p), first, second);
      Opening::put(f.labels, p, fresh);
    }
  }
  Labels output = n.output;
  std::size_t other = output.size();  // of a diagonal: the end that stays one axis
  for (std::size_t p = 0, old = 0; old < n.output.size(); ++old) {
    if (n.output[old] != label) {
      ++p;
      continue;
    }
    Opening::put(output, p, fresh);
    if (old != axis) other = p;
    p += 2;
  }
  if (repeats == 1) return g.product(n.coefficient, std::move(factors), std::move(output), std::move(sizes));
  return fused_outside(n, std::move(factors), std::move(output), std::move(sizes), other);
}

}  // namespace

Expr close_fused_axes(Expr expr) {
  if (const Node* f = as_fuse(expr)) return close_fuse(*f);
  if (const Node* s = as_split(expr)) return open_split(*s);
  return expr->kind == Kind::Product ? close_summed(*expr) : Expr();
}

Expr lift_fused_axes(Expr expr) {
  const Node& n = *expr;
  Graph& g = *n.graph;
  // What is entrywise in four axes has no notation: exp(kron(A,B)) stays.
  const auto liftable = [](Expr e) {
    const Node* f = as_fuse(e);
    return f != nullptr && f->operands[0].rank() <= 2 ? f : nullptr;
  };
  if (n.kind == Kind::Power) {
    const Node* f = liftable(n.operands[0]);
    return f != nullptr ? fuse(g.power(f->operands[0], n.operands[1]), axis_number(along(*f))) : Expr();
  }
  if (n.kind == Kind::Apply && n.operands.size() == 1 && record_of(n).reading.value == Reading::Entrywise) {
    const Node* f = liftable(n.operands[0]);
    return f != nullptr ? fuse(g.apply(*n.op, {f->operands[0]}, n.attributes), axis_number(along(*f)))
                        : Expr();
  }
  if (n.kind != Kind::Sum) return {};
  std::optional<ScaledFuse> pattern;
  for (const auto& t : n.terms) {
    if (const auto f = as_scaled_fuse(t.expr)) pattern = f;
  }
  if (!pattern) return {};
  const auto axis = pattern->axis;
  const Shape& inner = pattern->inner.shape();
  std::vector<Term> terms;
  for (const auto& t : n.terms) {
    if (const auto f = as_scaled_fuse(t.expr)) {
      if (f->axis != axis || f->inner.shape() != inner) return {};
      terms.push_back({t.coefficient, f->inner});
      continue;
    }
    // A term that does not depend on the fused axis is a broadcast along both of its parts.
    const Node& p = *t.expr;
    if (p.kind != Kind::Product || inner.size() > 2) return {};
    const Label label = p.output[axis];
    if (std::count(p.output.begin(), p.output.end(), label) != 1) return {};
    for (const auto& factor : p.factors) {
      if (std::find(factor.labels.begin(), factor.labels.end(), label) != factor.labels.end()) return {};
    }
    auto sizes = p.label_sizes;
    Labels output = p.output;
    sizes[static_cast<std::size_t>(label)] = inner[axis];
    output.insert(output.begin() + static_cast<std::ptrdiff_t>(axis) + 1, static_cast<Label>(sizes.size()));
    sizes.push_back(inner[axis + 1]);
    terms.push_back({t.coefficient, g.product(p.coefficient, p.factors, output, sizes)});
  }
  return fuse(g.sum(terms), axis_number(axis));
}

namespace {

// The A and B of kron(A,B): what fuses the rows and then the columns of an outer product.
std::optional<std::pair<Expr, Expr>> as_kron(Expr e) {
  const Node* columns = as_fuse(e);
  if (columns == nullptr || e.rank() != 2 || along(*columns) != 1) return std::nullopt;
  const Node* rows = as_fuse(columns->operands[0]);
  if (rows == nullptr || along(*rows) != 0) return std::nullopt;
  const Node& n = *rows->operands[0];  // axes: row of B, row of A, column of B, column of A
  if (n.kind != Kind::Product || n.rank() != 4) return std::nullopt;
  // Which labels hang together with an axis of A, and which with one of B.
  std::vector<int> side(n.label_sizes.size(), 0);
  const auto mark = [&](Label l, int who) { return side[static_cast<std::size_t>(l)] |= who; };
  for (const std::size_t k : {1U, 3U}) mark(n.output[k], 1);
  for (const std::size_t k : {0U, 2U}) mark(n.output[k], 2);
  for (std::size_t pass = 0; pass <= n.factors.size(); ++pass) {
    for (const auto& f : n.factors) {
      int who = 0;
      for (const auto l : f.labels) who |= mark(l, 0);
      for (const auto l : f.labels) mark(l, who);
    }
  }
  std::vector<Factor> a;
  std::vector<Factor> b;
  for (const auto& f : n.factors) {
    const int who = f.labels.empty() ? 1 : mark(f.labels[0], 0);
    if (who == 3) return std::nullopt;
    (who == 1 ? a : b).push_back(f);
  }
  Graph& g = *n.graph;
  if (std::any_of(side.begin(), side.end(), [](int who) { return who == 3; })) return std::nullopt;
  return std::pair(g.product(n.coefficient, std::move(a), {n.output[1], n.output[3]}, n.label_sizes),
                   g.product(1, std::move(b), {n.output[0], n.output[2]}, n.label_sizes));
}

bool is_square(Expr m) { return m.shape()[0] == m.shape()[1]; }

}  // namespace

// Magnus and Neudecker, Matrix Differential Calculus, chapter 2.
Expr open_kronecker(Expr e) {
  const Node& n = *e;
  for (std::size_t k = 0; n.kind == Kind::Product && k < n.factors.size();
       ++k) {  // tr(kron(A,B)) = tr(A)*tr(B)
    const Labels& l = n.factors[k].labels;
    if (l.size() != 2 || l[0] != l[1] || as_fuse(n.factors[k].expr) == nullptr) continue;
    const auto uses = [&](const Factor& f) {
      return std::count(f.labels.begin(), f.labels.end(), l[0]) != 0;
    };
    if (std::count_if(n.factors.begin(), n.factors.end(), uses) != 1 ||
        std::count(n.output.begin(), n.output.end(), l[0]) != 0)
      continue;
    const auto parts = as_kron(n.factors[k].expr);
    if (!parts || !is_square(parts->first) || !is_square(parts->second)) continue;
    auto factors = n.factors;
    factors[k] = {times(trace(parts->first), trace(parts->second)), {}};
    return n.graph->product(n.coefficient, std::move(factors), n.output, n.label_sizes);
  }
  if (n.kind != Kind::Apply || n.operands.size() != 1 || n.operands[0].rank() != 2) return {};
  const auto factors = as_kron(n.operands[0]);
  if (!factors) return {};
  const auto& [a, b] = *factors;
  Graph& g = *n.graph;
  const auto name = n.op->name;
  const bool square = is_square(a) && is_square(b);
  const Expr na = g.extent(a.shape()[0]);
  const Expr nb = g.extent(b.shape()[0]);
  if (name == "logdet" && square) return times(nb, logdet(a)) + times(na, logdet(b));
  if (name == "det" && square) return times(g.power(det(a), nb), g.power(det(b), na));
  if (name == "inv" && square) return kron(inv(a), inv(b));
  if (name == "pinv") return kron(pinv(a), pinv(b));
  if (name == "sqrtm" && is_semidefinite(a) && is_semidefinite(b)) return kron(sqrtm(a), sqrtm(b));
  if (name == "chol" && is_definite(a) && is_definite(b)) return kron(chol(a), chol(b));
  if (name == "normnuc") return times(normnuc(a), normnuc(b));
  if (name == "normop") return times(normop(a), normop(b));
  return {};
}

Expr merge_choices(Expr sum) {
  const Node& n = *sum;
  if (n.kind != Kind::Sum) return {};
  const auto as_choice = [](Expr e) {
    return e->kind == Kind::Apply && e->op->name == "select" ? e.get() : nullptr;
  };
  for (std::size_t a = 0; a < n.terms.size(); ++a) {
    const Node* first = as_choice(n.terms[a].expr);
    if (first == nullptr) continue;
    for (std::size_t b = a + 1; b < n.terms.size(); ++b) {
      const Node* second = as_choice(n.terms[b].expr);
      if (second == nullptr || !(first->operands[0] == second->operands[0])) continue;
      const Rational& p = n.terms[a].coefficient;
      const Rational& q = n.terms[b].coefficient;
      const Expr merged = select(first->operands[0], p * first->operands[1] + q * second->operands[1],
                                 p * first->operands[2] + q * second->operands[2]);
      std::vector<Term> terms{{1, merged}};
      for (std::size_t k = 0; k < n.terms.size(); ++k) {
        if (k != a && k != b) terms.push_back(n.terms[k]);
      }
      return n.graph->sum(terms);
    }
  }
  return {};
}

}  // namespace adjoint

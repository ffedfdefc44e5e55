// Einstein products: what is entrywise in one loop, what sums over shared labels as a contraction, in
// the order of fewest operations.
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <set>
#include <utility>

#include "lower/contraction_order.hpp"
#include "lower/state.hpp"
#include "ops/matrix.hpp"

namespace adjoint {
namespace {

using kernel::Access;
using kernel::PointwiseBuilder;
using kernel::Register;
using kernel::ScalarOp;

// A factor, or a product that has been computed: its entries by label, some axes at a fixed index.
struct Operand {
  Expr expr;  // null once computed
  Stored stored;
  Labels labels;
};

// Operands over the same labels, to be multiplied entry by entry.
struct Bundle {
  std::vector<Operand> members;
  LabelSet labels;
};

// The number that an expression of numbers and constants is: 2/sqrt(pi).
std::optional<double> constant_value(Expr e) {
  if (e.rank() != 0) return std::nullopt;
  if (e->kind == Kind::Apply && e->operands.empty() &&
      record_of(*e).lowering.value.by == Lowering::By::Scalar) {
    if (kernel::scalar_op(record_of(*e).lowering.value.code) == ScalarOp::Pi) return std::numbers::pi;
  }
  if (e->kind == Kind::Power) {
    const auto base = constant_value(e->operands[0]);
    const auto exponent = constant_value(e->operands[1]);
    if (base && exponent) return std::pow(*base, *exponent);
  }
  if (e->kind == Kind::Product) {
    double value = e->coefficient.value();
    for (const auto& f : e->factors) {
      const auto factor = constant_value(f.expr);
      if (!factor) return std::nullopt;
      value *= *factor;
    }
    return value;
  }
  return std::nullopt;
}

class Contraction {
 public:
  Contraction(Lowerer::State& state, const Node& n);
  Stored run();

 private:
  void read_factors();
  void sum_alone();
  void bundle();
  Bundle multiply_all();
  Bundle join(Bundle a, Bundle b, const LabelSet& keep);
  std::optional<Stored> solve(const Bundle& inverse, const Bundle& other, const LabelSet& keep,
                              Labels& labels);
  Bundle contracted(Bundle a, Bundle b, const LabelSet& keep);
  Bundle entrywise(const Bundle& all, const LabelSet& keep);

  [[nodiscard]] const Size& size(Label l) const { return n_.label_sizes[static_cast<std::size_t>(l)]; }
  Stored entries(Operand& o);
  Operand single(Bundle b);
  Access at(const Stored& stored, const Labels& labels, const std::map<Label, std::int32_t>& loops) const;
  Register multiply(PointwiseBuilder& b, std::vector<Operand>& operands,
                    const std::map<Label, std::int32_t>& loops, Rational coefficient);
  Stored finish(Bundle last);

  Lowerer::State& state_;
  const Node& n_;
  Rational coefficient_;
  std::map<Label, Size> pinned_;  // summed labels that a unit vector holds at one index
  std::vector<Operand> scalars_;
  std::vector<Bundle> bundles_;
  LabelSet output_;
  bool final_ = false;  // the join at hand gives the whole product
};

Contraction::Contraction(Lowerer::State& state, const Node& n)
    : state_(state), n_(n), coefficient_(n.coefficient), output_(n.output.begin(), n.output.end()) {}

void Contraction::read_factors() {
  for (const auto& f : n_.factors) {
    const bool unit = f.expr->kind == Kind::Apply && is_view(record_of(*f.expr).lowering, "basis");
    if (unit && !output_.contains(f.labels[0]) && !pinned_.contains(f.labels[0])) {
      pinned_[f.labels[0]] = f.expr->attributes.sizes[1] - Size(1);
      continue;
    }
    bundles_.push_back({{{f.expr, {}, f.labels}}, {}});
  }
  std::vector<Bundle> kept;
  for (auto& b : bundles_) {
    if (const auto number = constant_value(b.members[0].expr)) {
      coefficient_ = coefficient_ * Rational::inexact(*number);
      continue;
    }
    for (const auto l : b.members[0].labels) {
      if (!pinned_.contains(l)) b.labels.insert(l);
    }
    if (b.labels.empty()) {
      scalars_.push_back(b.members[0]);
    } else {
      kept.push_back(std::move(b));
    }
  }
  bundles_ = std::move(kept);
}

Stored Contraction::entries(Operand& o) {
  if (o.expr) {
    o.stored = state_.value(o.expr);
    o.expr = Expr();
  }
  return o.stored;
}

Access Contraction::at(const Stored& stored, const Labels& labels,
                       const std::map<Label, std::int32_t>& loops) const {
  Access a;
  a.buffer = stored.buffer;
  a.view = stored.shape;
  for (const auto l : labels) {
    const auto pin = pinned_.find(l);
    a.axes.push_back(pin != pinned_.end() ? kernel::fixed(pin->second) : kernel::shifted(loops.at(l), 0));
  }
  return a;
}

// The product of the operands in a body; factors to a negative power divide.
Register Contraction::multiply(PointwiseBuilder& b, std::vector<Operand>& operands,
                               const std::map<Label, std::int32_t>& loops, Rational coefficient) {
  Register above = -1;
  Register below = -1;
  const auto times = [&b](Register& r, Register v) { r = r < 0 ? v : b.binary(ScalarOp::Mul, r, v); };
  for (auto& o : operands) {
    if (o.expr && o.expr->kind == Kind::Power && !state_.stored.contains(o.expr.get())) {
      const Rational* e = as_number(o.expr->operands[1]);
      if (e != nullptr && e->is_negative()) {
        Graph& g = *o.expr->graph;
        const Expr positive = g.power(o.expr->operands[0], g.number(-*e));
        times(below, b.load(at(state_.value(positive), o.labels, loops)));
        continue;
      }
    }
    times(above, b.load(at(entries(o), o.labels, loops)));
  }
  const bool negative = coefficient == Rational(-1) && above >= 0;
  if (!coefficient.is_one() && !negative) times(above, b.constant(coefficient));
  if (negative) above = b.unary(ScalarOp::Neg, above);
  if (below < 0) return above < 0 ? b.constant(1) : above;
  return above < 0 ? b.unary(ScalarOp::Reciprocal, below) : b.binary(ScalarOp::Div, above, below);
}

// One loop nest: the product of the bundle's members, summed over the labels that are not kept.
Bundle Contraction::entrywise(const Bundle& all, const LabelSet& keep) {
  std::map<Label, std::int32_t> loops;
  std::vector<Size> extents;
  Labels labels;
  Shape shape;
  // Kept labels first, in the order of the first member that has them, so that stores run straight.
  const auto open = [&](Label l) {
    if (pinned_.contains(l) || loops.contains(l)) return;
    loops[l] = static_cast<std::int32_t>(extents.size());
    extents.push_back(size(l));
  };
  std::vector<Operand> members = all.members;
  for (const auto& m : members) {
    for (const auto l : m.labels) open(l);
  }
  for (const auto& m : members) {
    for (const auto l : m.labels) {
      if (keep.contains(l) && std::find(labels.begin(), labels.end(), l) == labels.end()) {
        labels.push_back(l);
        shape.push_back(size(l));
      }
    }
  }
  PointwiseBuilder b(extents);
  const Register v = multiply(b, members, loops, 1);
  const Stored out = state_.fresh(shape);
  b.store(at(out, labels, loops), v,
          labels.size() < loops.size() ? kernel::Reduction::Sum : kernel::Reduction::None);
  state_.add(std::move(b));
  return {{{Expr(), out, labels}}, keep};
}

// Labels that one factor alone has are summed before anything else.
void Contraction::sum_alone() {
  if (bundles_.size() < 2) return;
  std::map<Label, int> count;
  for (const auto& b : bundles_) {
    for (const auto l : b.labels) ++count[l];
  }
  std::vector<Bundle> rest;
  for (auto& b : bundles_) {
    LabelSet keep;
    for (const auto l : b.labels) {
      if (count[l] > 1 || output_.contains(l)) keep.insert(l);
    }
    if (keep.size() == b.labels.size()) {
      rest.push_back(std::move(b));
      continue;
    }
    Bundle reduced = entrywise(b, keep);
    if (keep.empty()) {
      scalars_.push_back(reduced.members[0]);
    } else {
      rest.push_back(std::move(reduced));
    }
  }
  bundles_ = std::move(rest);
}

void Contraction::bundle() {
  std::vector<Bundle> merged;
  for (auto& b : bundles_) {
    const auto same =
        std::find_if(merged.begin(), merged.end(), [&](const Bundle& m) { return m.labels == b.labels; });
    if (same == merged.end()) {
      merged.push_back(std::move(b));
    } else {
      same->members.insert(same->members.end(), b.members.begin(), b.members.end());
    }
  }
  bundles_ = std::move(merged);
}

// Pair after pair, in the order of fewest operations.
Bundle Contraction::multiply_all() {
  std::vector<LabelSet> labels;
  for (const auto& b : bundles_) labels.push_back(b.labels);
  const std::vector<Merge> order = contraction_order(labels, output_, n_.label_sizes);
  std::vector<Bundle> items = std::move(bundles_);
  std::vector<bool> used(items.size() + order.size(), false);
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto left = static_cast<std::size_t>(order[k].left);
    const auto right = static_cast<std::size_t>(order[k].right);
    used[left] = used[right] = true;
    LabelSet needed = output_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!used[i]) needed.insert(items[i].labels.begin(), items[i].labels.end());
    }
    final_ = k + 1 == order.size();
    const LabelSet keep = kept_labels(items[left].labels, items[right].labels, needed);
    items.push_back(join(std::move(items[left]), std::move(items[right]), keep));
  }
  return items.back();
}

// The bundle as one operand.
Operand Contraction::single(Bundle b) {
  if (b.members.size() > 1) b = entrywise(b, b.labels);
  entries(b.members[0]);
  return b.members[0];
}

Bundle Contraction::join(Bundle a, Bundle b, const LabelSet& keep) {
  LabelSet all = a.labels;
  all.insert(b.labels.begin(), b.labels.end());
  if (keep.size() == all.size() || a.labels == b.labels) {
    Bundle both = std::move(a);
    both.members.insert(both.members.end(), b.members.begin(), b.members.end());
    both.labels = all;
    return keep.size() == all.size() ? both : entrywise(both, keep);
  }
  return contracted(std::move(a), std::move(b), keep);
}

// inv(A)*B is the solution of A*Y = B; nothing where the pair is not of this form.
std::optional<Stored> Contraction::solve(const Bundle& inverse, const Bundle& other, const LabelSet& keep,
                                         Labels& labels) {
  if (inverse.members.size() != 1) return std::nullopt;
  const Operand& i = inverse.members[0];
  if (!i.expr || !is_inverse(i.expr) || i.expr->rank() != 2 || state_.stored.contains(i.expr.get()) ||
      inverse.labels.size() != 2 || state_.uses[i.expr.get()] != 1)
    return std::nullopt;
  const bool transposed_inverse = !keep.contains(i.labels[0]);
  const Label summed = i.labels[transposed_inverse ? 0 : 1];
  const Label kept = i.labels[transposed_inverse ? 1 : 0];
  if (keep.contains(summed) || !keep.contains(kept) || other.labels.contains(kept) ||
      !other.labels.contains(summed))
    return std::nullopt;
  Labels rest;
  for (const auto l : other.labels) {
    if (l != summed) rest.push_back(l);
  }
  if (rest.size() > 1 || keep.size() != rest.size() + 1) return std::nullopt;

  Operand right = single(other);
  if (right.labels.size() != rest.size() + 1 || right.labels[0] != summed) {  // bring the summed label first
    Shape shape{size(summed)};
    Labels order{summed};
    for (const auto l : rest) {
      shape.push_back(size(l));
      order.push_back(l);
    }
    std::map<Label, std::int32_t> loops;
    for (std::size_t k = 0; k < order.size(); ++k) loops[order[k]] = static_cast<std::int32_t>(k);
    const Stored turned = state_.fresh(shape);
    PointwiseBuilder b(shape);
    b.store(at(turned, order, loops), b.load(at(right.stored, right.labels, loops)));
    state_.add(std::move(b));
    right.stored = turned;
  }
  const Expr matrix = transposed_inverse ? transposed(i.expr->operands[0]) : i.expr->operands[0];
  const Stored a = state_.value(matrix);
  kernel::Routine r;
  r.name = "solve";
  const Size n = size(summed);
  const Size columns = rest.empty() ? Size(1) : size(rest[0]);
  r.attributes = {is_definite_or_singular(matrix) ? 1
                  : is_lower(matrix)              ? 2
                  : is_lower(transposed(matrix))  ? 3
                                                  : 0};
  r.inputs = {view_of(a), {right.stored.buffer, {n, columns}}};
  Shape shape{size(kept)};
  labels = {kept};
  if (!rest.empty()) {
    shape.push_back(columns);
    labels.push_back(rest[0]);
  }
  const Stored out = state_.fresh(shape);
  r.outputs = {{out.buffer, {n, columns}}};
  state_.program.add(std::move(r), state_.note);
  return out;
}

Bundle Contraction::contracted(Bundle a, Bundle b, const LabelSet& keep) {
  Labels labels;
  if (const auto y = solve(a, b, keep, labels)) return {{{Expr(), *y, labels}}, keep};
  if (const auto y = solve(b, a, keep, labels)) return {{{Expr(), *y, labels}}, keep};
  Operand left = single(std::move(a));
  Operand right = single(std::move(b));
  // The result in the order of the output where it has all its labels, else as the operands have them.
  for (const auto l : n_.output) {
    if (keep.contains(l) && std::find(labels.begin(), labels.end(), l) == labels.end()) labels.push_back(l);
  }
  for (const auto* side : {&left.labels, &right.labels}) {
    for (const auto l : *side) {
      if (keep.contains(l) && std::find(labels.begin(), labels.end(), l) == labels.end()) labels.push_back(l);
    }
  }
  std::map<Label, std::int32_t> loops;
  kernel::Contract c;
  Shape shape;
  const auto open = [&](Label l) {
    if (pinned_.contains(l) || loops.contains(l)) return;
    loops[l] = static_cast<std::int32_t>(c.extents.size());
    c.extents.push_back(size(l));
  };
  for (const auto l : labels) {
    open(l);
    shape.push_back(size(l));
  }
  for (const auto l : left.labels) open(l);
  for (const auto l : right.labels) open(l);
  const Stored out = state_.fresh(shape);
  c.a = at(left.stored, left.labels, loops);
  c.b = at(right.stored, right.labels, loops);
  c.c = at(out, labels, loops);
  // A*A': the same entries with the two kept labels exchanged.
  c.symmetric = keep.size() == 2 && left.stored.buffer == right.stored.buffer && left.labels.size() == 2 &&
                right.labels.size() == 2 && keep.contains(left.labels[0]) == keep.contains(right.labels[0]) &&
                left.labels[0] != left.labels[1];
  if (final_) std::swap(c.coefficient, coefficient_);
  state_.program.add(std::move(c), state_.note);
  return {{{Expr(), out, labels}}, keep};
}

// The last bundle with scalars and coefficient, summed, put on diagonals and broadcast as the output says.
Stored Contraction::finish(Bundle last) {
  const bool straight_output = last.members.size() == 1 && scalars_.empty() && coefficient_.is_one() &&
                               last.members[0].labels == n_.output && last.labels == output_ &&
                               output_.size() == n_.output.size();
  if (straight_output) return entries(last.members[0]);
  LabelSet kept;
  std::set_intersection(last.labels.begin(), last.labels.end(), output_.begin(), output_.end(),
                        std::inserter(kept, kept.end()));
  const bool sums = kept.size() < last.labels.size();
  const bool plain = output_.size() == n_.output.size() && kept == output_;
  if (sums && (!plain || !scalars_.empty() || !coefficient_.is_one())) {
    last = entrywise(last, kept);
    if (kept.empty()) {
      scalars_.push_back(last.members[0]);
      last.members.clear();
      last.labels.clear();
    }
    return finish(std::move(last));
  }
  std::map<Label, std::int32_t> loops;
  std::vector<Size> extents;
  const auto open = [&](Label l) {
    if (pinned_.contains(l) || loops.contains(l)) return;
    loops[l] = static_cast<std::int32_t>(extents.size());
    extents.push_back(size(l));
  };
  for (const auto l : n_.output) open(l);
  for (const auto& m : last.members) {
    for (const auto l : m.labels) open(l);
  }
  // Scalars are multiplied first, once.
  std::vector<Operand> members;
  if (scalars_.size() + (coefficient_.is_one() ? 0 : 1) > 1 && !extents.empty()) {
    PointwiseBuilder b({});
    const Register v = multiply(b, scalars_, {}, coefficient_);
    const Stored s = state_.fresh({});
    b.store(access(s, {}), v);
    state_.add(std::move(b));
    members.push_back({Expr(), s, {}});
    coefficient_ = 1;
  } else {
    members = scalars_;
  }
  members.insert(members.end(), last.members.begin(), last.members.end());
  PointwiseBuilder b(extents);
  const Register v = multiply(b, members, loops, coefficient_);
  const Stored out = state_.fresh(n_.shape);
  b.store(at(out, n_.output, loops), v, sums ? kernel::Reduction::Sum : kernel::Reduction::None);
  state_.add(std::move(b));
  return out;
}

Stored Contraction::run() {
  read_factors();
  sum_alone();
  bundle();
  return finish(bundles_.empty() ? Bundle{} : multiply_all());
}

}  // namespace

Stored Lowerer::State::product(const Node& n) { return Contraction(*this, n).run(); }

}  // namespace adjoint

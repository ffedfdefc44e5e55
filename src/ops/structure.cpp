// Structured linear maps and their adjoints.
#include "ops/structure.hpp"

#include "ops/support.hpp"

namespace adjoint {
namespace {

Attributes at(int axis, std::vector<Size> sizes = {}) {
  Attributes a;
  a.integers.push_back(axis);
  a.sizes = std::move(sizes);
  return a;
}
int axis_in(const Node& y) { return axis_of(y.attributes); }
std::size_t index(int axis) { return static_cast<std::size_t>(axis); }

template <Expr (*f)(Expr)>
Expr moves(const Node& /*y*/, int /*operand*/, Expr tangent) {
  return f(tangent);
}
template <Expr (*f)(Expr, int)>
Expr moves_along(const Node& y, int /*operand*/, Expr tangent) {
  return f(tangent, axis_in(y));
}

Facts lower_facts(std::span<const Expr> /*o*/, const Attributes& /*a*/) { return Facts::lower_matrix(); }
Facts cumsum_facts(std::span<const Expr> o, const Attributes& /*a*/) {
  const Signs s = o[0]->facts.signs;
  return s.is_nonnegative() ? Facts::of_signs(s) : Facts::unknown();
}
Facts entry_facts(std::span<const Expr> o, const Attributes& /*a*/) {
  return Facts::of_signs(o[0]->facts.signs);
}

Expr tril_normal(std::span<const Expr> o, const Attributes& /*a*/) {
  const bool column = o[0].shape()[1].is_one();
  if (is_zero(o[0]) || is_lower(o[0]) || column) return o[0];
  return {};
}
Expr triu_normal(std::span<const Expr> o, const Attributes& /*a*/) {
  const bool row = o[0].shape()[0].is_one();
  if (is_zero(o[0]) || is_diagonal(o[0]) || row) return o[0];
  return {};
}

template <Expr (*f)(Expr, int)>
Expr along_normal(std::span<const Expr> o, const Attributes& a) {
  const Expr x = o[0];
  const int axis = axis_of(a);
  if (axis < 2 && transpose_is_older(x)) return transposed(f(transposed(x), 1 - axis));
  if (x->kind == Kind::Product && !x->coefficient.is_one() && !x->coefficient.is_zero()) {
    return x->coefficient * f(without_coefficient(x), axis);
  }
  return {};
}
template <Expr (*f)(Expr, int), int change>
Expr zero_or_along(std::span<const Expr> o, const Attributes& a) {
  if (is_zero(o[0])) {
    Shape s = o[0].shape();
    s[index(axis_of(a))] = s[index(axis_of(a))] + Size(change);
    return o[0].graph().zeros(s);
  }
  return along_normal<f>(o, a);
}

// A running sum along an axis of length one has one term.
template <Expr (*f)(Expr, int)>
Expr sums_normal(std::span<const Expr> o, const Attributes& a) {
  if (o[0].shape()[index(axis_of(a))].is_one()) return o[0];
  return zero_or_along<f, 0>(o, a);
}

Shape diff_shape(std::span<const Expr> o, const Attributes& a) {
  Shape s = o[0].shape();
  s[index(axis_of(a))] = s[index(axis_of(a))] - Size(1);
  return s;
}
Shape diff_transpose_shape(std::span<const Expr> o, const Attributes& a) {
  Shape s = o[0].shape();
  s[index(axis_of(a))] = s[index(axis_of(a))] + Size(1);
  return s;
}
Shape slice_shape(std::span<const Expr> o, const Attributes& a) {
  Shape s = o[0].shape();
  s[index(axis_of(a))] = a.sizes[1];
  return s;
}
Shape concat_shape(std::span<const Expr> o, const Attributes& a) {
  Shape s = o[0].shape();
  const auto k = index(axis_of(a));
  for (std::size_t i = 1; i < o.size(); ++i) s[k] = s[k] + o[i].shape()[k];
  return s;
}
Shape fuse_shape(std::span<const Expr> o, const Attributes& a) {
  Shape s = o[0].shape();
  const auto k = index(axis_of(a));
  s[k] = s[k] * s[k + 1];
  s.erase(s.begin() + axis_of(a) + 1);
  return s;
}
Shape split_shape(std::span<const Expr> o, const Attributes& a) {
  Shape s = o[0].shape();
  s[index(axis_of(a))] = a.sizes[0];
  s.insert(s.begin() + axis_of(a) + 1, a.sizes[1]);
  return s;
}
Shape unit_shape(std::span<const Expr> /*o*/, const Attributes& a) { return {a.sizes[0]}; }

Facts all_signs(std::span<const Expr> o, const Attributes& /*a*/) {
  Signs s{0};
  for (const auto& e : o) s.possible |= e->facts.signs.possible;
  return Facts::of_signs(s);
}
// Signs of the parts; [A B; B' D] is symmetric where A and D are.
Facts concat_facts(std::span<const Expr> o, const Attributes& a) {
  Facts f = all_signs(o, a);
  const auto columns = [&](std::size_t i) { return o[i]->operands.size(); };
  if (axis_of(a) != 0 || o[0].rank() != 2) return f;
  for (std::size_t i = 0; i < o.size(); ++i) {
    const bool row =
        o[i]->kind == Kind::Apply && o[i]->op->name == "concat" && axis_of(o[i]->attributes) == 1;
    if (!row || columns(i) != o.size()) return f;
  }
  for (std::size_t i = 0; i < o.size(); ++i) {
    if (!is_symmetric(o[i]->operands[i])) return f;
    for (std::size_t j = 0; j < i; ++j) {
      if (!(o[i]->operands[j] == transposed(o[j]->operands[i]))) return f;
    }
  }
  f.symmetric = Truth::Yes;
  return f;
}
// vec(X) -> vec(X') only moves entries.
Facts fuse_facts(std::span<const Expr> o, const Attributes& a) {
  Facts f = entry_facts(o, a);
  const Expr rows = o[0];
  if (axis_of(a) != 1 || rows.rank() != 3 || rows->kind != Kind::Apply || rows->op->name != "fuse" ||
      axis_of(rows->attributes) != 0)
    return f;
  const Node& n = *rows->operands[0];
  if (n.kind != Kind::Product || !n.factors.empty() || !n.coefficient.is_one()) return f;
  const auto in = [&n](std::size_t k, std::size_t l) { return n.output[k] == n.output[l]; };
  if (!in(0, 1) && !in(2, 3) && ((in(0, 2) && in(1, 3)) || (in(0, 3) && in(1, 2)))) f.orthogonal = Truth::Yes;
  return f;
}
Facts unit_facts(std::span<const Expr> /*o*/, const Attributes& /*a*/) {
  return Facts::of_signs(Signs::nonnegative());
}

Expr slice_moves(const Node& y, int /*operand*/, Expr tangent) {
  return slice(tangent, axis_in(y), y.attributes.sizes[0], y.attributes.sizes[1]);
}
// The adjoint of a slice puts it back between zeros.
Expr slice_transpose(const Node& y, int /*operand*/, Expr cotangent) {
  Graph& g = *y.graph;
  const auto k = index(axis_in(y));
  const Size start = y.attributes.sizes[0];
  const Size rest = y.operands[0].shape()[k] - start - y.attributes.sizes[1];
  Shape s = cotangent.shape();
  std::vector<Expr> parts;
  if (!start.is_zero()) {
    s[k] = start;
    parts.push_back(g.zeros(s));
  }
  parts.push_back(cotangent);
  if (!rest.is_zero()) {
    s[k] = rest;
    parts.push_back(g.zeros(s));
  }
  return concat(std::move(parts), axis_in(y));
}
// The part of a concatenation that a range along its axis is; null where it is none.
Expr part_of(Expr x, int axis, const Size& from, const Size& length) {
  if (x->kind != Kind::Apply || x->op->name != "concat" || axis_of(x->attributes) != axis) return {};
  Size start;
  for (const auto& part : x->operands) {
    const Size& own = part.shape()[index(axis)];
    if (start == from && own == length) return part;
    start = start + own;
  }
  return {};
}

// A range of a product is the product of the ranges of its factors; taken where one of them is a part of a
// concatenation.
Expr slice_of_product(const Node& n, std::size_t axis, const Attributes& a) {
  if (n.kind != Kind::Product) return {};
  const Label l = n.output[axis];
  if (std::count(n.output.begin(), n.output.end(), l) != 1) return {};
  bool takes_part = false;
  std::vector<Factor> factors = n.factors;
  for (auto& f : factors) {
    for (std::size_t p = 0; p < f.labels.size(); ++p) {
      if (f.labels[p] != l) continue;
      const auto own = static_cast<int>(p);
      takes_part = takes_part || part_of(f.expr, own, a.sizes[0], a.sizes[1]);
      f.expr = slice(f.expr, own, a.sizes[0], a.sizes[1]);
    }
  }
  if (!takes_part) return {};
  std::vector<Size> sizes = n.label_sizes;
  sizes[static_cast<std::size_t>(l)] = a.sizes[1];
  return n.graph->product(n.coefficient, std::move(factors), n.output, std::move(sizes));
}

bool is_application(Expr e, std::string_view name) { return e->kind == Kind::Apply && e->op->name == name; }

// [A B; C D][:,1:n] = [A; C]: the ranges of parts that are joined along another axis, where all of them are
// known.
Expr slice_of_parts(const Node& n, int axis, const Attributes& a) {
  if (n.kind != Kind::Apply || n.op->name != "concat" || axis_of(n.attributes) == axis) return {};
  std::vector<Expr> parts;
  for (const auto& part : n.operands) {
    parts.push_back(slice(part, axis, a.sizes[0], a.sizes[1]));
    if (is_application(parts.back(), "slice")) return {};
  }
  return concat(std::move(parts), axis_of(n.attributes));
}

// The ranges of rows and columns of a symmetric matrix: of two blocks that are each other's transpose, the
// one above the diagonal. `slice` is a range of rows, a of its columns.
Expr slice_of_symmetric(const Node& rows, int axis, const Attributes& a) {
  const Expr self(&rows);
  if (!is_application(self, "slice") || rows.rank() != 2 || axis != 1 || axis_of(rows.attributes) != 0)
    return {};
  const Size& first = rows.attributes.sizes[0];
  const bool above = first.is_zero() || (!a.sizes[0].is_zero() && !(a.sizes[0] < first));
  if (above || first == a.sizes[0] || !is_symmetric(rows.operands[0])) return {};
  return transposed(
      slice(slice(rows.operands[0], 0, a.sizes[0], a.sizes[1]), 1, first, rows.attributes.sizes[1]));
}

Expr slice_normal(std::span<const Expr> o, const Attributes& a) {
  const Expr x = o[0];
  const int axis = axis_of(a);
  const auto k = index(axis);
  Graph& g = x.graph();
  if (a.sizes[0].is_zero() && a.sizes[1] == x.shape()[k]) return x;
  if (is_zero(x)) return g.zeros(slice_shape(o, a));
  if (const Expr part = part_of(x, axis, a.sizes[0], a.sizes[1])) return part;
  if (const Expr product = slice_of_product(*x, k, a)) return product;
  if (is_application(x, "slice") && axis_of(x->attributes) == axis) {
    return slice(x->operands[0], axis, x->attributes.sizes[0] + a.sizes[0], a.sizes[1]);
  }
  if (is_application(x, "slice") && axis_of(x->attributes) > axis) {  // of several axes, the first one first
    const Attributes& b = x->attributes;
    return slice(slice(x->operands[0], axis, a.sizes[0], a.sizes[1]), axis_of(b), b.sizes[0], b.sizes[1]);
  }
  if (const Expr parts = slice_of_parts(*x, axis, a)) return parts;
  if (const Expr above = slice_of_symmetric(*x, axis, a)) return above;
  if (axis < 2 && transpose_is_older(x))
    return transposed(slice(transposed(x), 1 - axis, a.sizes[0], a.sizes[1]));
  return {};
}

Expr concat_moves(const Node& y, int operand, Expr tangent) {
  Graph& g = *y.graph;
  const auto k = index(axis_in(y));
  std::vector<Expr> parts;
  for (std::size_t i = 0; i < y.operands.size(); ++i) {
    Shape s = tangent.shape();
    s[k] = y.operands[i].shape()[k];
    parts.push_back(static_cast<int>(i) == operand ? tangent : g.zeros(s));
  }
  return concat(std::move(parts), axis_in(y));
}
Expr concat_transpose(const Node& y, int operand, Expr cotangent) {
  const auto k = index(axis_in(y));
  Size start;
  for (int i = 0; i < operand; ++i) start = start + y.operands[index(i)].shape()[k];
  return slice(cotangent, axis_in(y), start, y.operands[index(operand)].shape()[k]);
}
// Columns of equal heights are rows: [A B; C D] is joined from its rows.
Expr concat_of_columns(std::span<const Expr> o, int axis) {
  const auto fits = [&](Expr e) {
    if (!is_application(e, "concat") || axis_of(e->attributes) != 0 ||
        e->operands.size() != o[0]->operands.size())
      return false;
    for (std::size_t k = 0; k < e->operands.size(); ++k) {
      if (!(e->operands[k].shape()[0] == o[0]->operands[k].shape()[0])) return false;
    }
    return true;
  };
  if (axis != 1 || !std::all_of(o.begin(), o.end(), fits)) return {};
  std::vector<Expr> rows;
  for (std::size_t k = 0; k < o[0]->operands.size(); ++k) {
    std::vector<Expr> row;
    for (const auto& e : o) row.push_back(e->operands[k]);
    rows.push_back(concat(std::move(row), 1));
  }
  return concat(std::move(rows), 0);
}

Expr concat_normal(std::span<const Expr> o, const Attributes& a) {
  if (o.size() == 1) return o[0];
  if (std::all_of(o.begin(), o.end(), is_zero)) return o[0].graph().zeros(concat_shape(o, a));
  return concat_of_columns(o, axis_of(a));
}

Expr fuse_moves(const Node& y, int /*operand*/, Expr tangent) { return fuse(tangent, axis_in(y)); }
Expr fuse_transpose(const Node& y, int /*operand*/, Expr cotangent) {
  const auto k = index(axis_in(y));
  return split(cotangent, axis_in(y), y.operands[0].shape()[k], y.operands[0].shape()[k + 1]);
}
Expr split_moves(const Node& y, int /*operand*/, Expr tangent) {
  return split(tangent, axis_in(y), y.attributes.sizes[0], y.attributes.sizes[1]);
}
Expr split_transpose(const Node& y, int /*operand*/, Expr cotangent) { return fuse(cotangent, axis_in(y)); }
Expr fuse_normal(std::span<const Expr> o, const Attributes& a) {
  if (is_zero(o[0])) return o[0].graph().zeros(fuse_shape(o, a));
  if (o[0]->kind == Kind::Apply && o[0]->op->name == "split" && axis_of(o[0]->attributes) == axis_of(a)) {
    return o[0]->operands[0];
  }
  return {};
}
// An axis on which the value does not depend is two such axes.
Expr split_of_broadcast(const Node& n, std::size_t axis, const Attributes& a) {
  if (n.kind != Kind::Product) return {};
  const Label l = n.output[axis];
  if (std::count(n.output.begin(), n.output.end(), l) != 1) return {};
  for (const auto& f : n.factors) {
    if (std::find(f.labels.begin(), f.labels.end(), l) != f.labels.end()) return {};
  }
  auto sizes = n.label_sizes;
  Labels output = n.output;
  sizes[index(l)] = a.sizes[0];
  output.insert(output.begin() + static_cast<std::ptrdiff_t>(axis) + 1, static_cast<Label>(sizes.size()));
  sizes.push_back(a.sizes[1]);
  return n.graph->product(n.coefficient, n.factors, std::move(output), std::move(sizes));
}

Expr split_normal(std::span<const Expr> o, const Attributes& a) {
  if (is_zero(o[0])) return o[0].graph().zeros(split_shape(o, a));
  const auto k = index(axis_of(a));
  if (o[0]->kind == Kind::Apply && o[0]->op->name == "fuse" && axis_of(o[0]->attributes) == axis_of(a) &&
      o[0]->operands[0].shape()[k] == a.sizes[0]) {
    return o[0]->operands[0];
  }
  return split_of_broadcast(*o[0], k, a);
}

Record linear(std::string_view name, decltype(Operation::shape) shape, decltype(Operation::facts) facts,
              decltype(Operation::normal) normal, Linearise moves, Transpose adjoint, Lowering lowering,
              Reading reading) {
  return Record{{.name = name, .shape = shape, .facts = facts, .normal = normal, .power = kNoPower},
                moves,
                linear_in_all,
                adjoint,
                kNoPartial,
                lowering,
                reading,
                kNoExpansion,
                std::vector<OperandCondition>{},
                std::vector<OperandCondition>{},
                bounds_unknown(),
                kContinuous,
                kNoSides,
                Hull::Unknown};
}

const Record kTril = linear("tril", same_shape, lower_facts, tril_normal, moves<tril>, moves<tril>,
                            routine("tril"), Reading::Call);
const Record kTriu = linear("triu", same_shape, no_facts, triu_normal, moves<triu>, moves<triu>,
                            routine("triu"), Reading::Call);
const Record kDiff = linear("diff", diff_shape, no_facts, zero_or_along<diff, -1>, moves_along<diff>,
                            moves_along<diff_transpose>, view("difference"), Reading::Along);
const Record kDiffT =
    linear("diffT", diff_transpose_shape, no_facts, zero_or_along<diff_transpose, 1>,
           moves_along<diff_transpose>, moves_along<diff>, view("difference_adjoint"), Reading::Along);
const Record kCumsum = linear("cumsum", same_shape, cumsum_facts, sums_normal<cumsum>, moves_along<cumsum>,
                              moves_along<cumsum_transpose>, routine("cumsum"), Reading::Along);
const Record kCumsumT =
    linear("cumsumT", same_shape, cumsum_facts, sums_normal<cumsum_transpose>, moves_along<cumsum_transpose>,
           moves_along<cumsum>, routine("cumsumT"), Reading::Along);
const Record kSlice = linear("slice", slice_shape, entry_facts, slice_normal, slice_moves, slice_transpose,
                             view("window"), Reading::Special);
const Record kConcat = linear("concat", concat_shape, concat_facts, concat_normal, concat_moves,
                              concat_transpose, view("join"), Reading::Special);
const Record kFuse = linear("fuse", fuse_shape, fuse_facts, fuse_normal, fuse_moves, fuse_transpose,
                            view("reshape"), Reading::Special);
const Record kSplit = linear("split", split_shape, entry_facts, split_normal, split_moves, split_transpose,
                             view("reshape"), Reading::Special);
const Record kUnit = [] {
  Record r = linear("unit", unit_shape, unit_facts, kNoNormal, does_not_move, kNotLinear, view("basis"),
                    Reading::Special);
  r.linear_in = linear_in_none;
  return r;
}();

}  // namespace

Expr tril(Expr a) { return a.graph().apply(kTril, {a}); }
Expr triu(Expr a) { return a.graph().apply(kTriu, {a}); }
Expr diff(Expr x, int axis) { return x.graph().apply(kDiff, {x}, at(axis)); }
Expr diff_transpose(Expr u, int axis) { return u.graph().apply(kDiffT, {u}, at(axis)); }
Expr cumsum(Expr x, int axis) { return x.graph().apply(kCumsum, {x}, at(axis)); }
Expr cumsum_transpose(Expr u, int axis) { return u.graph().apply(kCumsumT, {u}, at(axis)); }
Expr slice(Expr x, int axis, const Size& start, const Size& length) {
  return x.graph().apply(kSlice, {x}, at(axis, {start, length}));
}
Expr concat(std::vector<Expr> parts, int axis) {
  Graph& g = parts[0].graph();
  return g.apply(kConcat, std::move(parts), at(axis));
}
Expr fuse(Expr x, int axis) { return x.graph().apply(kFuse, {x}, at(axis)); }
Expr split(Expr x, int axis, const Size& first, const Size& second) {
  return x.graph().apply(kSplit, {x}, at(axis, {first, second}));
}
Expr unit(Graph& graph, const Size& n, const Size& i) {
  Attributes a;
  a.sizes = {n, i};
  return graph.apply(kUnit, {}, std::move(a));
}

std::span<const Record* const> structure_records() {
  static const Record* const all[] = {&kTril,  &kTriu,   &kDiff, &kDiffT, &kCumsum, &kCumsumT,
                                      &kSlice, &kConcat, &kFuse, &kSplit, &kUnit};
  return all;
}

}  // namespace adjoint

// Four axes as a matrix between pairs of axes.
//
// With vec stacking columns (the first index fastest) and K = commutation(n,p), K*vec(X) = vec(X'):
//   F(r,i)*G(s,j) = kron(G,F),  F(r,j)*G(s,i) = kron(G,F)*K,  P(r,s)*Q(i,j) = vec(P)*vec(Q)',
//   P(r,s)*delta(r,i)*delta(s,j) = diag(vec(P))
// (Magnus and Neudecker, Matrix Differential Calculus, chapters 2 and 3).
#include "print/reader_pairs.hpp"

#include <algorithm>
#include <functional>

#include "ops/support.hpp"

namespace adjoint {

using syntax::Ast;
using syntax::Type;

namespace {

Size size_of(Expr e, int axis) { return axis < 0 ? Size(1) : e.shape()[static_cast<std::size_t>(axis)]; }

bool is_eye(const Ast& a) { return is_call(a, "eye"); }

// The components of a product that hang together through summed labels, and the output labels they touch.
struct Component {
  std::vector<Factor> factors;
  std::set<Label> touches;
};

std::vector<Component> components(const Node& n) {
  std::vector<bool> cut(n.label_sizes.size(), false);
  for (const auto l : n.output) cut[static_cast<std::size_t>(l)] = true;
  std::vector<Component> found;
  std::vector<std::set<Label>> summed;
  for (const auto& f : n.factors) {
    if (f.labels.empty()) continue;
    Component c;
    std::set<Label> inner;
    c.factors.push_back(f);
    for (const auto l : f.labels) (cut[static_cast<std::size_t>(l)] ? c.touches : inner).insert(l);
    for (std::size_t k = found.size(); k-- > 0;) {
      const bool meets =
          std::any_of(inner.begin(), inner.end(), [&](Label l) { return summed[k].contains(l); });
      if (!meets) continue;
      c.factors.insert(c.factors.end(), found[k].factors.begin(), found[k].factors.end());
      c.touches.insert(found[k].touches.begin(), found[k].touches.end());
      inner.insert(summed[k].begin(), summed[k].end());
      found.erase(found.begin() + static_cast<std::ptrdiff_t>(k));
      summed.erase(summed.begin() + static_cast<std::ptrdiff_t>(k));
    }
    found.push_back(std::move(c));
    summed.push_back(std::move(inner));
  }
  return found;
}

// One way to split the four labels into two pairs.
class Split {
 public:
  Split(Reader& reader, const Node& n, const Roles& roles, const std::vector<Component>& parts, bool negative)
      : reader_(reader), n_(n), parts_(parts), used_(parts.size(), false), negative_(negative) {
    for (std::size_t k = 0; k < roles.size(); ++k) {
      if (roles[k].way != Way::Bound) continue;
      const std::pair place{n.output[k], roles[k].index};
      if (std::find(fixed_.begin(), fixed_.end(), place) == fixed_.end()) fixed_.push_back(place);
    }
    for (const auto& [label, index] : fixed_) {
      if (std::count_if(fixed_.begin(), fixed_.end(), [l = label](const auto& f) { return f.first == l; }) >
          1)
        open_entries_.insert(label);
    }
  }

  /// The product of the unused components that touch nothing but the pair, as a matrix over it.
  Ast take(Label down, Label across) {
    std::vector<Factor> factors;
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      const auto fits = [&](Label l) { return l == down || l == across || is_fixed(l); };
      if (used_[k] || !std::all_of(parts_[k].touches.begin(), parts_[k].touches.end(), fits)) continue;
      used_[k] = true;
      factors.insert(factors.end(), parts_[k].factors.begin(), parts_[k].factors.end());
    }
    Labels output;
    Roles roles;
    if (down >= 0) {
      output.push_back(down);
      roles.push_back(row());
    }
    if (across >= 0) {
      output.push_back(across);
      roles.push_back(column());
    }
    for (const auto& [label, index] : fixed_) {
      // A label that is free here and fixed elsewhere is a basis vector.
      const bool occurs = label == down || label == across ||
                          std::any_of(factors.begin(), factors.end(), [l = label](const Factor& f) {
                            return std::find(f.labels.begin(), f.labels.end(), l) != f.labels.end();
                          });
      if (!occurs) continue;
      open_entries_.erase(label);
      output.push_back(label);
      roles.push_back(bound(index));
    }
    const auto read = [&](int sign) {
      return reader_.read(n_.graph->product(sign, factors, output, n_.label_sizes), roles);
    };
    Ast tree = read(1);
    if (tree && tree->kind == syntax::Kind::Negate) {
      negative_ = !negative_;
      return tree->args[0];
    }
    if (negative_ && tree && !factors.empty()) {  // -(s-1) = 1-s
      const Ast turned = read(-1);
      if (turned && reader_.forge.operations(turned) <= reader_.forge.operations(tree)) {
        negative_ = false;
        tree = turned;
      }
    }
    return tree;
  }
  /// Whether an unused component touches both labels, and nothing else.
  bool ties(Label a, Label b) const {
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      if (!used_[k] && parts_[k].touches.contains(a) && parts_[k].touches.contains(b) && a != b) return true;
    }
    return false;
  }
  [[nodiscard]] bool complete() const {
    return std::find(used_.begin(), used_.end(), false) == used_.end() && open_entries_.empty();
  }
  [[nodiscard]] bool negative() const { return negative_; }

 private:
  Reader& reader_;
  const Node& n_;
  const std::vector<Component>& parts_;
  std::vector<bool> used_;
  bool negative_;
  std::vector<std::pair<Label, Ast>> fixed_;  // a label may be fixed at several indices: an entry of eye(n)
  std::set<Label> open_entries_;              // such labels that no part says yet

  [[nodiscard]] bool is_fixed(Label l) const {
    return std::any_of(fixed_.begin(), fixed_.end(), [l](const auto& f) { return f.first == l; });
  }
};

// A product with four open axes, without its scalars: the shortest of its forms.
class PairReader {
 public:
  PairReader(Reader& reader, Expr e, const Roles& roles, const Reader::Pairs& p)
      : reader_(reader), forge(reader.forge), e_(e), roles_(roles), p_(p), parts_(components(*e)) {
    const auto label = [&](int axis) {
      if (axis < 0 || size_of(e, axis).is_one()) return Label{-1};
      return e->output[static_cast<std::size_t>(axis)];
    };
    r = label(p.r);
    s = label(p.s);
    i = label(p.i);
    j = label(p.j);
  }

  Signed read(bool negative) {
    kronecker(false, negative);
    kronecker(true, negative);
    outer(negative);
    if (!best_.tree) columnwise(negative);
    if (!best_.tree && r >= 0 && r == s && r == i && r == j) {  // the diagonal of a diagonal
      Split split(reader_, *e_, roles_, parts_, negative);
      const Ast f = split.take(r, r);
      if (split.complete() && f) offer(split, forge.diag(vec_tree(forge, f)));
    }
    return best_;
  }

 private:
  static bool apart(Label a, Label b, Label x, Label y) {
    return (a < 0 || (a != x && a != y)) && (b < 0 || (b != x && b != y));
  }
  void offer(const Split& split, const Ast& tree) {
    if (!best_.tree || forge.cost(tree) < forge.cost(best_.tree)) best_ = {split.negative(), tree};
  }
  void kronecker(bool crossed, bool negative);
  void outer(bool negative);
  void columnwise(bool negative);

  Reader& reader_;
  Forge& forge;
  Expr e_;
  const Roles& roles_;
  Reader::Pairs p_;
  std::vector<Component> parts_;
  Label r, s, i, j;
  Signed best_;
};

void PairReader::kronecker(bool crossed, bool negative) {
  const Label fast = crossed ? j : i;
  const Label slow = crossed ? i : j;
  if (!apart(r, fast, s, slow)) return;
  Split split(reader_, *e_, roles_, parts_, negative);
  Ast left;
  Ast right;
  if (r >= 0 && s >= 0 && split.ties(r, s)) left = split.take(r, s);
  if (i >= 0 && j >= 0 && split.ties(i, j)) right = split.take(i, j);
  const Ast f = split.take(r, fast);
  const Ast g = split.take(s, slow);
  if (!split.complete() || !f || !g) return;
  Ast m = kronecker_product(forge, g, f);
  if (crossed)
    m = product_but_identity(forge, m, commutation_tree(forge, size_of(e_, p_.i), size_of(e_, p_.j)));
  if (left) m = product_but_identity(forge, forge.diag(vec_tree(forge, left)), m);
  if (right) m = product_but_identity(forge, m, forge.diag(vec_tree(forge, right)));
  offer(split, m);
}

void PairReader::outer(bool negative) {
  if (!apart(r, s, i, j)) return;
  Split split(reader_, *e_, roles_, parts_, negative);
  const Ast left = split.take(r, s);
  const Ast right = split.take(i, j);
  if (!split.complete() || !left || !right) return;
  offer(split, forge.multiply(vec_tree(forge, left), forge.transpose(vec_tree(forge, right))));
}

// With one axis on a side, F(r,i)*G(s,i) is the columnwise Kronecker product, and F(r,i)*G(r,j) the rowwise
// one.
void PairReader::columnwise(bool negative) {
  const bool by_columns = j < 0 && r >= 0 && s >= 0 && i >= 0;
  const bool by_rows = s < 0 && r >= 0 && i >= 0 && j >= 0;
  if (!by_columns && !by_rows) return;
  // Labels of one side that agree are a diagonal of their own.
  if ((by_columns && r == s && r != i) || (by_rows && i == j && r != i)) return;
  Split split(reader_, *e_, roles_, parts_, negative);
  const Ast f = split.take(r, i);
  const Ast g = by_columns ? split.take(s, i) : split.take(r, j);
  if (!split.complete() || !f || !g) return;
  const Ast fast = by_columns ? forge.ones(size_of(e_, p_.r), 1) : forge.ones(1, size_of(e_, p_.i));
  const Ast slow = by_columns ? forge.ones(size_of(e_, p_.s), 1) : forge.ones(1, size_of(e_, p_.j));
  offer(split, forge.times(kronecker_product(forge, g, fast), kronecker_product(forge, slow, f)));
}

}  // namespace

Ast kronecker_product(Forge& forge, const Ast& slow, const Ast& fast) {
  if (is_number(slow, "1")) return fast;
  if (is_number(fast, "1")) return slow;
  if (is_eye(slow) && is_eye(fast)) return forge.eye(slow->type.rows * fast->type.rows);
  const Type t{slow->type.rows * fast->type.rows, slow->type.columns * fast->type.columns, {}};
  return forge.call("kron", {slow, fast}, t);
}

Ast vec_tree(Forge& forge, const Ast& a) {
  if (a->type.is_column() || a->type.is_scalar()) return a;
  if (a->type.is_row()) return forge.transpose(a);
  return forge.call("vec", {a}, Type{a->type.rows * a->type.columns, Size(1), {}});
}

Ast commutation_tree(Forge& forge, const Size& n, const Size& p) {
  if (n.is_one() || p.is_one()) return forge.eye(n * p);
  return forge.call("commutation", {forge.size(n), forge.size(p)}, Type{n * p, n * p, {}});
}

Ast product_but_identity(Forge& forge, const Ast& a, const Ast& b) {
  if (is_eye(a)) return b;
  return is_eye(b) ? a : forge.multiply(a, b);
}

Ast Reader::read_pairs(Expr e, const Roles& roles, const Reader::Pairs& p) {
  Ast sum;
  const auto parts = read_signed_pairs(e, 1, roles, p);
  for (const bool negative : {false, true}) {
    for (const auto& s : parts) {
      if (s.negative != negative) continue;
      if (!sum) {
        sum = negative ? forge.negate(s.tree) : s.tree;
      } else {
        sum = negative ? forge.subtract(sum, s.tree) : forge.add(sum, s.tree);
      }
    }
  }
  return sum;
}

std::vector<Signed> Reader::read_signed_pairs(Expr e, const Rational& number, const Roles& roles,
                                              const Reader::Pairs& p) {
  const Node& n = *e;
  if (n.kind == Kind::Sum) {
    std::vector<Signed> all;
    for (const auto& t : n.terms) {
      const auto parts = read_signed_pairs(t.expr, number * t.coefficient, roles, p);
      if (parts.empty()) return {};
      all.insert(all.end(), parts.begin(), parts.end());
    }
    return all;
  }
  if (n.kind != Kind::Product || n.coefficient.is_zero()) return {};
  const Rational c = n.coefficient * number;
  Bundle scalars;
  for (const auto& f : n.factors) {
    if (f.labels.empty()) scalars.push_back(item_of(f.expr, {}, {}, {}));
  }
  // A sum among the factors is multiplied out: its terms may be of different forms.
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    const Factor& f = n.factors[k];
    if (f.expr->kind != Kind::Sum || f.labels.size() < 3) continue;
    std::vector<Term> terms;
    for (const auto& t : f.expr->terms) {
      std::vector<Factor> factors = n.factors;
      factors[k].expr = t.expr;
      terms.push_back({t.coefficient, n.graph->product(1, factors, n.output, n.label_sizes)});
    }
    return read_signed_pairs(n.graph->sum(terms), c, roles, p);
  }
  PairReader pairs(*this, e, roles, p);
  const Signed s = pairs.read(c.is_negative());
  if (!s.tree) return read_reduced_pairs(e, number, roles, p);
  return {{s.negative, assemble(c.absolute(), scalars, {s.tree, nullptr})}};
}

// What is no such product by itself may be one after a diagonal, a repetition or an entrywise weight is split
// off: an axis that repeats its partner, an axis on which nothing depends, a factor over one pair.
std::vector<Signed> Reader::read_reduced_pairs(Expr e, const Rational& number, const Roles& roles,
                                               const Reader::Pairs& p) {
  const Node& n = *e;
  if (std::any_of(roles.begin(), roles.end(), [](const AxisRole& r) { return r.way == Way::Bound; }))
    return {};
  const auto label = [&](int axis) {
    return axis < 0 ? Label{-1} : n.output[static_cast<std::size_t>(axis)];
  };
  const auto parts = components(n);
  const auto times = [this](const Ast& left, std::vector<Signed> inner, const Ast& right) {
    for (auto& s : inner) {
      if (left) s.tree = product_but_identity(forge, left, s.tree);
      if (right) s.tree = product_but_identity(forge, s.tree, right);
    }
    return inner;
  };
  const auto without = [&](int axis) {
    Labels output = n.output;
    output.erase(output.begin() + axis);
    Roles kept = roles;
    kept.erase(kept.begin() + axis);
    Pairs q = p;
    for (int* k : {&q.r, &q.s, &q.i, &q.j}) *k = *k == axis ? -1 : *k > axis ? *k - 1 : *k;
    return read_signed_pairs(n.graph->product(n.coefficient, n.factors, output, n.label_sizes), number, kept,
                             q);
  };
  const auto ones = [this](const Size& rows, const Size& columns) { return forge.ones(rows, columns); };
  // x -> vec(diag(x)): the columns kron(e_k,e_k).
  const auto twice = [&](int axis, bool down) {
    const Size length = size_of(e, axis);
    const Ast eye = forge.eye(length);
    const Ast one = down ? ones(length, 1) : ones(1, length);
    return forge.times(kronecker_product(forge, eye, one), kronecker_product(forge, one, eye));
  };
  if (p.r >= 0 && p.s >= 0 && label(p.r) == label(p.s)) return times(twice(p.r, true), without(p.s), nullptr);
  if (p.i >= 0 && p.j >= 0 && label(p.i) == label(p.j))
    return times(nullptr, without(p.j), twice(p.i, false));

  for (const bool down : {true, false}) {  // P(r,s) or Q(i,j)
    const int a = down ? p.r : p.i;
    const int b = down ? p.s : p.j;
    if (a < 0 || b < 0) continue;
    const std::set<Label> pair{label(a), label(b)};
    std::vector<Factor> weight;
    for (const auto& part : parts) {
      if (part.touches == pair) weight.insert(weight.end(), part.factors.begin(), part.factors.end());
    }
    if (weight.empty()) continue;
    std::vector<Factor> rest;
    for (const auto& f : n.factors) {
      if (std::find(weight.begin(), weight.end(), f) == weight.end()) rest.push_back(f);
    }
    const Ast matrix = read(n.graph->product(1, weight, {label(a), label(b)}, n.label_sizes), natural(2));
    if (!matrix) return {};
    const Ast scaling = forge.diag(vec_tree(forge, matrix));
    const auto inner =
        read_signed_pairs(n.graph->product(n.coefficient, rest, n.output, n.label_sizes), number, roles, p);
    return down ? times(scaling, inner, nullptr) : times(nullptr, inner, scaling);
  }
  for (const int axis : {p.r, p.s, p.i, p.j}) {  // nothing depends on the axis
    const bool down = axis == p.r || axis == p.s;
    const bool fast = axis == p.r || axis == p.i;
    const int partner = axis == p.r ? p.s : axis == p.s ? p.r : axis == p.i ? p.j : p.i;
    if (axis < 0 || partner < 0 || std::count(n.output.begin(), n.output.end(), label(axis)) != 1) continue;
    const bool touched = std::any_of(parts.begin(), parts.end(),
                                     [&](const Component& c) { return c.touches.contains(label(axis)); });
    if (touched) continue;
    const Ast one = down ? ones(size_of(e, axis), 1) : ones(1, size_of(e, axis));
    const Ast eye = forge.eye(size_of(e, partner));
    const Ast spread = fast ? kronecker_product(forge, eye, one) : kronecker_product(forge, one, eye);
    return down ? times(spread, without(axis), nullptr) : times(nullptr, without(axis), spread);
  }
  return {};
}

}  // namespace adjoint

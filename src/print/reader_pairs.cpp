// Fused axes: vec, reshape, Kronecker products; four axes as a matrix between pairs of axes.
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
      if (roles[k].way == Way::Bound) fixed_.emplace(n.output[k], roles[k].index);
    }
  }

  /// The product of the unused components that touch nothing but the pair, as a matrix over it.
  Ast take(Label down, Label across) {
    std::vector<Factor> factors;
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      const auto fits = [&](Label l) { return l == down || l == across || fixed_.contains(l); };
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
      const bool occurs = std::any_of(factors.begin(), factors.end(), [l = label](const Factor& f) {
        return std::find(f.labels.begin(), f.labels.end(), l) != f.labels.end();
      });
      if (!occurs) continue;
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
  [[nodiscard]] bool complete() const { return std::find(used_.begin(), used_.end(), false) == used_.end(); }
  [[nodiscard]] bool negative() const { return negative_; }

 private:
  Reader& reader_;
  const Node& n_;
  const std::vector<Component>& parts_;
  std::vector<bool> used_;
  bool negative_;
  std::map<Label, Ast> fixed_;
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
  if (!s.tree) return {};
  return {{s.negative, assemble(c.absolute(), scalars, {s.tree, nullptr})}};
}

// vec of two axes; a matrix between fused pairs; else one column after the other.
Ast Reader::read_fuse(const Node& n, const Roles& roles) {
  const auto axis = static_cast<std::size_t>(axis_of(n.attributes));
  const Expr x = n.operands[0];
  Roles inner = roles;
  inner[axis] = row();
  inner.insert(inner.begin() + static_cast<std::ptrdiff_t>(axis) + 1, column());
  const auto others = std::count_if(roles.begin(), roles.end(), is_free) - (is_free(roles[axis]) ? 1 : 0);
  if (others == 0) {
    const Ast matrix = read(x, inner);
    if (!matrix) return nullptr;
    return seen(vec_tree(forge, matrix), {roles[axis]});
  }
  // Two free axes: rows and columns, each of one or two axes of the base.
  std::vector<std::vector<int>> groups;
  for (int k = 0; k < n.rank(); ++k) groups.push_back({k});
  Expr base(&n);
  while (base->kind == Kind::Apply && base->op->name == "fuse") {
    const int a = axis_of(base->attributes);
    const bool fits = std::all_of(groups.begin(), groups.end(), [a](const std::vector<int>& g) {
      return g.size() == 1 || std::find(g.begin(), g.end(), a) == g.end();
    });
    if (!fits) break;
    for (auto& g : groups) {
      for (auto& k : g) k += k > a ? 1 : 0;
      if (g == std::vector<int>{a}) g.push_back(a + 1);
    }
    base = base->operands[0];
  }
  Roles base_roles(static_cast<std::size_t>(base.rank()));
  Pairs pairs;
  bool turned = false;
  bool first = true;
  for (std::size_t k = 0; k < groups.size(); ++k) {
    if (!is_free(roles[k])) {
      if (groups[k].size() == 2) return read_fuse_entry(n, roles, k);
      base_roles[static_cast<std::size_t>(groups[k][0])] = roles[k];
      continue;
    }
    if (first) turned = roles[k].way == Way::Column;
    (first ? pairs.r : pairs.i) = groups[k][0];
    if (groups[k].size() == 2) (first ? pairs.s : pairs.j) = groups[k][1];
    first = false;
  }
  if (const Ast whole = read_pairs(base, base_roles, pairs)) return turned ? forge.transpose(whole) : whole;
  for (std::size_t k = 0; k < roles.size(); ++k) {
    if (k != axis && is_free(roles[k])) return read_by_index(Expr(&n), roles, k);
  }
  return nullptr;
}

// An entry of a fused axis beside a free one: a row or column of the whole.
Ast Reader::read_fuse_entry(const Node& n, const Roles& roles, std::size_t axis) {
  Roles whole = roles;
  whole[axis] = row();
  Roles rest{roles[axis]};
  for (std::size_t k = 0; k < roles.size(); ++k) {
    if (k == axis || !is_free(roles[k])) continue;
    whole[k] = column();
    rest.push_back(roles[k]);
  }
  const Ast tree = read(Expr(&n), whole);
  return tree ? seen(tree, rest) : nullptr;
}

// reshape of a vector; columns (s-1)*a+1 : s*a of what was an axis of length a*b.
Ast Reader::read_split(const Node& n, const Roles& roles) {
  const auto axis = static_cast<std::size_t>(axis_of(n.attributes));
  const Expr x = n.operands[0];
  const Size& first = n.attributes.sizes[0];
  const Size& second = n.attributes.sizes[1];
  if (n.rank() == 2) {
    const Expr matrix = unfused(x, first, second);
    if (matrix && matrix.rank() == 2) return read(matrix, roles);
  }
  const AxisRole& fast = roles[axis];
  const AxisRole& slow = roles[axis + 1];
  Roles inner = roles;
  inner.erase(inner.begin() + static_cast<std::ptrdiff_t>(axis) + 1);
  const auto before = [&](const Ast& index) {  // (s-1)*a
    return forge.multiply(forge.subtract(index, forge.number(1)), forge.size(first));
  };
  if (fast.way == Way::Bound && slow.way == Way::Bound) {
    inner[axis].index = forge.add(before(slow.index), fast.index);
    return read(x, inner);
  }
  const auto others = std::count_if(inner.begin(), inner.end(), is_free) - (is_free(inner[axis]) ? 1 : 0);
  if (is_free(fast) && slow.way == Way::Bound && others > 0) {
    Ast whole = read(x, inner);
    if (!whole) return nullptr;
    const Ast range = forge.range(forge.add(before(slow.index), forge.number(1)),
                                  forge.multiply(slow.index, forge.size(first)));
    const bool turned = whole->kind == syntax::Kind::Transpose;
    if (turned) whole = whole->args[0];
    const bool down = (fast.way == Way::Row) != turned;
    const Type& t = whole->type;
    const Ast cut = down ? forge.index(whole, range, forge.colon(), Type{first, t.columns, {}})
                         : forge.index(whole, forge.colon(), range, Type{t.rows, first, {}});
    return turned ? forge.transpose(cut) : cut;
  }
  if (others > 0) {
    for (std::size_t k = roles.size(); k-- > 0;) {
      if (is_free(roles[k])) return read_by_index(Expr(&n), roles, k);
    }
    return nullptr;
  }
  inner[axis] = row();
  Ast vector = read(x, inner);
  if (!vector) return nullptr;
  if (is_call(vector, "vec")) vector = vector->args[0];
  if (first.is_one() || second.is_one()) return seen(vector, {first.is_one() ? slow : fast});
  const Ast whole =
      forge.call("reshape", {vector, forge.size(first), forge.size(second)}, Type{first, second, {}});
  return seen(whole, {fast, slow});
}

}  // namespace adjoint

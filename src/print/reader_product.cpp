// From a product node to a network: labels fixed at indices, terminals, factors as edges and weights.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

#include "print/reader_contraction.hpp"

namespace adjoint {

using syntax::Ast;

namespace {

// tanh(x)^2 - 1, which reads better as 1 - tanh(x)^2.
bool lacks_constant(const Node& sum) {
  if (sum.terms.size() != 2) return false;
  const auto is_constant = [](Expr e) {
    if (e->kind != Kind::Product || !e->factors.empty()) return false;
    return std::set<Label>(e->output.begin(), e->output.end()).size() == e->output.size();
  };
  const auto is_function = [](Expr e) {
    return (e->kind == Kind::Power ? e->operands[0] : e)->kind == Kind::Apply;
  };
  for (const std::size_t k : {0U, 1U}) {
    if (sum.terms[k].coefficient.is_negative() && is_constant(sum.terms[k].expr)) {
      return is_function(sum.terms[1 - k].expr);
    }
  }
  return false;
}

// The sums whose sign is free to turn, an even or odd number of them, so that fewest terms are subtracted.
// Nothing where there is none for an odd number. `deep`: also sums that have something to subtract only after
// a term of theirs has turned.
std::optional<Turned> turned_sums(const Node& n, bool odd, bool deep) {
  struct Choice {
    const Node* sum;
    int gain;  // subtractions saved when it turns
  };
  std::vector<Choice> choices;
  for (const auto& f : n.factors) {
    const bool power = f.expr->kind == Kind::Power;
    const Expr base = power ? f.expr->operands[0] : f.expr;
    if (base->kind != Kind::Sum || base->terms.size() > 12) continue;
    const Rational* e = power ? as_number(f.expr->operands[1]) : nullptr;
    if (power && (e == nullptr || !e->is_integer() || e->is_even())) continue;
    const auto same = [base](const Factor& g) {
      return g.expr == base || (g.expr->kind == Kind::Power && g.expr->operands[0] == base);
    };
    if (std::count_if(n.factors.begin(), n.factors.end(), same) != 1) continue;
    const auto count = static_cast<int>(base->terms.size());
    const auto negative = static_cast<int>(std::count_if(
        base->terms.begin(), base->terms.end(), [](const Term& t) { return t.coefficient.is_negative(); }));
    if (negative > 0) {
      choices.push_back({base.get(), lacks_constant(*base) ? 1 : 2 * negative - count});
    } else if (deep && std::any_of(base->terms.begin(), base->terms.end(), [](const Term& t) {
                 return t.expr->kind == Kind::Product && turned_sums(*t.expr, true, true).has_value();
               })) {
      choices.push_back({base.get(), -count});
    }
  }
  Turned turned;
  const Choice* closest = nullptr;
  for (const auto& c : choices) {
    if (c.gain > 0) turned.push_back(c.sum);
    if (closest == nullptr || std::abs(c.gain) < std::abs(closest->gain)) closest = &c;
  }
  if ((turned.size() % 2 == 1) == odd) return turned;
  if (closest == nullptr) return std::nullopt;
  const auto at = std::find(turned.begin(), turned.end(), closest->sum);
  if (at == turned.end()) {
    turned.push_back(closest->sum);
  } else {
    turned.erase(at);
  }
  return turned;
}

// The x of sum(x.^2).
Expr squares_of(const Factor& f) {
  const Node& n = *f.expr;
  if (n.kind != Kind::Product || !f.labels.empty() || n.factors.size() != 1 || !n.coefficient.is_one())
    return {};
  const Node& p = *n.factors[0].expr;
  const Rational* e = p.kind == Kind::Power ? as_number(p.operands[1]) : nullptr;
  const Labels& l = n.factors[0].labels;
  if (e == nullptr || !(*e == Rational(2)) || std::set<Label>(l.begin(), l.end()).size() != l.size())
    return {};
  return p.operands[0];
}

// The network of one product while its parts are collected.
class Builder {
 public:
  Builder(Reader& reader, const Node& n, const Roles& roles, const Turned& turned)
      : reader_(reader), n_(n), roles_(roles), turned_(turned), at_(n.label_sizes.size()), network(reader) {
    vertex_.assign(n.label_sizes.size(), kNone);
    skipped_.assign(n.factors.size(), false);
  }

  void fix(Label l, const Ast& index) { at_[static_cast<std::size_t>(l)] = index; }
  /// Collects the network; false where a label (then `blocked`) must be fixed first or a sign cannot turn.
  bool build(bool with_scalars);

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  Reader& reader_;
  const Node& n_;
  const Roles& roles_;
  const Turned& turned_;
  std::vector<Ast> at_;
  std::vector<std::size_t> vertex_;
  std::vector<bool> skipped_;

  [[nodiscard]] bool gone(Label l) const { return n_.label_sizes[static_cast<std::size_t>(l)].is_one(); }
  [[nodiscard]] bool in_output(Label l) const {
    return std::find(n_.output.begin(), n_.output.end(), l) != n_.output.end();
  }
  Item scalar(const Ast& tree) const {
    Item item;
    item.chain = {{tree, tree}};
    return item;
  }
  void fix_by_roles();
  void fix_by_units();
  void add_terminals();
  bool add_factor(const Factor& f);
  void block(Label l);

 public:
  Contraction network;
  Label blocked = -1;
};

void Builder::block(Label l) {
  // A summed label rather than one of the output.
  if (blocked < 0 || (in_output(blocked) && !in_output(l))) blocked = l;
}

void Builder::fix_by_roles() {
  for (std::size_t k = 0; k < n_.output.size(); ++k) {
    const Label l = n_.output[k];
    if (roles_[k].way != Way::Bound || gone(l)) continue;
    Ast& at = at_[static_cast<std::size_t>(l)];
    if (!at) {
      at = roles_[k].index;
    } else if (at != roles_[k].index) {  // an entry of the identity
      const Ast unit = reader_.forge.unit(n_.label_sizes[static_cast<std::size_t>(l)], at);
      network.add_scalar(scalar(reader_.forge.index(unit, roles_[k].index)));
    }
  }
}

// A(i,j)*unit(j) = A[i,:] at the place of the unit.
void Builder::fix_by_units() {
  for (std::size_t k = 0; k < n_.factors.size(); ++k) {
    const Factor& f = n_.factors[k];
    if (f.expr->kind != Kind::Apply || f.expr->op->name != "unit") continue;
    const Label l = f.labels[0];
    if (in_output(l) || at_[static_cast<std::size_t>(l)] || gone(l)) continue;
    at_[static_cast<std::size_t>(l)] = reader_.forge.size(f.expr->attributes.sizes[1]);
    skipped_[k] = true;
  }
}

void Builder::add_terminals() {
  using End = Contraction::End;
  std::vector<End> ends(at_.size(), End::Summed);
  for (std::size_t k = 0; k < n_.output.size(); ++k) {
    const Label l = n_.output[k];
    const auto i = static_cast<std::size_t>(l);
    if (!is_free(roles_[k]) || gone(l)) continue;
    const End end = roles_[k].way == Way::Row ? End::Row : End::Column;
    if (at_[i]) {
      const Ast unit = reader_.forge.unit(n_.label_sizes[i], at_[i]);
      const std::size_t v = network.add_vertex(n_.label_sizes[i], end, -1);
      Item item;
      item.chain = {{unit, reader_.forge.transpose(unit)}};
      network.add_weight(v, item);
      continue;
    }
    ends[i] = ends[i] == End::Summed || ends[i] == end ? end : End::Both;
  }
  for (std::size_t i = 0; i < at_.size(); ++i) {
    const auto l = static_cast<Label>(i);
    bool used = ends[i] != End::Summed;
    for (const auto& f : n_.factors) {
      used = used || std::find(f.labels.begin(), f.labels.end(), l) != f.labels.end();
    }
    if (used && !at_[i] && !gone(l)) vertex_[i] = network.add_vertex(n_.label_sizes[i], ends[i], l);
  }
}

bool Builder::add_factor(const Factor& f) {
  Roles forward;
  Roles backward;
  std::vector<std::size_t> ends;
  bool needs = false;
  for (const auto l : f.labels) {
    const auto i = static_cast<std::size_t>(l);
    if (gone(l)) {
      forward.push_back({Way::One, nullptr});
      backward.push_back({Way::One, nullptr});
    } else if (at_[i]) {
      forward.push_back(bound(at_[i]));
      backward.push_back(bound(at_[i]));
    } else {
      forward.push_back(ends.empty() ? row() : column());
      backward.push_back(ends.empty() ? column() : row());
      ends.push_back(vertex_[i]);
      if (!reader_.needs_index(f.expr, static_cast<int>(forward.size()) - 1)) continue;
      needs = true;
      block(l);
    }
  }
  if (ends.size() > 2 && !needs) {
    for (const auto l : f.labels) {
      if (!gone(l) && !at_[static_cast<std::size_t>(l)]) block(l);
    }
  }
  if (blocked >= 0) return true;  // found on the way, resolved by the caller
  Item item = reader_.item_of(f.expr, forward, backward, turned_);
  if (item.chain.empty() || !item.chain[0].forward) return false;
  if (ends.empty()) network.add_scalar(item);
  if (ends.size() == 1) network.add_weight(ends[0], item);
  if (ends.size() == 2) network.add_edge(ends[0], ends[1], item);
  return true;
}

bool Builder::build(bool with_scalars) {
  fix_by_roles();
  fix_by_units();
  add_terminals();
  for (std::size_t k = 0; k < n_.factors.size(); ++k) {
    if (skipped_[k] || (n_.factors[k].labels.empty() && !with_scalars)) continue;
    if (!add_factor(n_.factors[k])) return false;
  }
  return blocked < 0;
}

}  // namespace

// What is written as a product joins this one: A'*(x/norm(x)) = A'*x/norm(x). A sum of squares beside
// the norm of the same is a power of the norm: x'*x/norm(x) = norm(x).
Expr with_expansions(const Node& n) {
  std::vector<Factor> factors = n.factors;
  Graph& g = *n.graph;
  bool opened = false;
  for (auto& f : factors) {
    const Expr e = expansion(f.expr);
    if (!e || e->kind != Kind::Product) continue;
    f.expr = e;
    opened = true;
  }
  Expr product(&n);
  if (opened) product = g.product(n.coefficient, factors, n.output, n.label_sizes);
  if (product->kind != Kind::Product) return product;
  factors = product->factors;
  for (std::size_t k = 0; k < factors.size(); ++k) {
    const Expr squared = squares_of(factors[k]);
    if (!squared) continue;
    for (std::size_t m = 0; m < factors.size(); ++m) {
      const Expr e = factors[m].expr;
      const Expr base = e->kind == Kind::Power ? e->operands[0] : e;
      if (base->kind != Kind::Apply || base->op->name != "norm" || base->operands[0] != squared) continue;
      const Expr exponent = e->kind == Kind::Power ? e->operands[1] : g.number(1);
      factors[m].expr = g.power(base, exponent + g.number(2));
      factors.erase(factors.begin() + static_cast<std::ptrdiff_t>(k));
      return g.product(product->coefficient, factors, product->output, product->label_sizes);
    }
  }
  return product.get() == &n ? Expr() : product;
}

Signed Reader::read_product(const Node& n, const Rational& number, const Roles& roles) {
  if (const Expr product = with_expansions(n)) return read_term(number, product, roles);
  const Rational c = n.coefficient * number;
  return {c.is_negative(),
          read_magnitude(n, c.absolute(), roles, {}, turned_sums(n, false, false).value_or(Turned{}))};
}

Ast Reader::read_turned(const Node& n, const Rational& magnitude, const Roles& roles, bool deep) {
  if (const Expr product = with_expansions(n)) {
    return product->kind == Kind::Product ? read_turned(*product, magnitude, roles, deep) : nullptr;
  }
  const auto turned = turned_sums(n, true, deep);
  return turned ? read_magnitude(n, magnitude, roles, {}, *turned) : nullptr;
}

Ast Reader::read_magnitude(const Node& n, const Rational& magnitude, const Roles& roles,
                           const std::vector<std::pair<Label, Ast>>& fixed, const Turned& turned) {
  if (magnitude.is_zero()) {
    const syntax::Type t = type_of(Expr(&n), roles);
    if (t.is_scalar()) return forge.number(0);
    return forge.call("zeros",
                      t.is_column() ? std::vector<Ast>{forge.size(t.rows)}
                                    : std::vector<Ast>{forge.size(t.rows), forge.size(t.columns)},
                      t);
  }
  if (!fixed.empty()) return read_network(n, magnitude, roles, fixed, turned);
  const Key key{&n, roles, magnitude, turned};
  if (const auto at = products_.find(key); at != products_.end()) return at->second;
  const Ast tree = read_network(n, magnitude, roles, fixed, turned);
  products_.emplace(key, tree);
  return tree;
}

Ast Reader::read_network(const Node& n, const Rational& magnitude, const Roles& roles,
                         const std::vector<std::pair<Label, Ast>>& fixed, const Turned& turned) {
  Builder builder(*this, n, roles, turned);
  for (const auto& [l, index] : fixed) builder.fix(l, index);
  const bool outermost = fixed.empty();
  const bool built = builder.build(outermost);
  if (!built && builder.blocked < 0) return nullptr;
  Label label = builder.blocked;
  if (built) {
    if (const Ast tree = builder.network.solve(magnitude, 0, label)) return tree;
  }
  if (label < 0) return nullptr;

  // Neither edge nor weight: sum over an index, and a unit vector for an output label.
  const Size& size = n.label_sizes[static_cast<std::size_t>(label)];
  const std::string name = fresh_index();
  const Ast index = forge.name(name, {});
  Roles inner = roles;
  bool along_rows = false;
  bool along_columns = false;
  for (std::size_t k = 0; k < roles.size(); ++k) {
    if (n.output[k] != label || !is_free(roles[k])) continue;
    (roles[k].way == Way::Row ? along_rows : along_columns) = true;
    inner[k] = bound(index);
  }
  auto more = fixed;
  more.emplace_back(label, index);
  active_indices.push_back(name);
  Ast body = read_magnitude(n, 1, inner, more, turned);
  active_indices.pop_back();
  if (!body) return nullptr;
  const Ast unit = forge.unit(size, index);
  if (along_rows) body = body->type.is_row() ? forge.multiply(unit, body) : forge.multiply(body, unit);
  if (along_columns) body = forge.multiply(body, forge.transpose(unit));
  const Ast sum = forge.index_sum(name, size, body);
  Bundle scalars;
  if (outermost) {
    for (const auto& f : n.factors) {
      if (f.labels.empty()) scalars.push_back(item_of(f.expr, {}, {}, turned));
    }
  }
  return assemble(magnitude, scalars, {sum, nullptr});
}

}  // namespace adjoint

#include "print/named.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>

#include "print/reader_state.hpp"
#include "syntax/build.hpp"
#include "syntax/lets.hpp"

namespace adjoint {

using syntax::Ast;
using syntax::Type;

namespace {

constexpr double kShort = 60;    // operations of a formula that is printed whole, whatever it repeats
constexpr double kWhole = 400;   // beyond these it is not even tried
constexpr double kWorth = 3;     // operations of a subexpression that is worth a name
constexpr double kPiece = 150;   // beyond these it gets one even where it stands but once
constexpr double kSaving = 0.8;  // names must shorten the formula to this part of it

// Operations of a node beside those of its operands, each as often as it stands there.
template <class Of>
double written(const Node& n, Of&& of) {
  double size = 0;
  switch (n.kind) {
    case Kind::Variable:
    case Kind::Extent:
      return 0;
    case Kind::Product:
      size =
          static_cast<double>(std::max<std::size_t>(n.factors.size(), 1)) - (n.coefficient.is_one() ? 1 : 0);
      for (const auto& f : n.factors) size += of(f.expr);
      break;
    case Kind::Sum:
      size = static_cast<double>(n.terms.size()) - 1;
      for (const auto& t : n.terms) size += of(t.expr);
      break;
    case Kind::Power:
    case Kind::Apply:
      size = 1;
      for (const auto& o : n.operands) size += of(o);
      break;
  }
  return std::min(size, 1e300);
}

Facts facts_of(Expr e) {
  Facts f;
  f.signs = e->facts.signs;
  f.orthogonal = e->facts.orthogonal;
  if (e.rank() < 2) return f;
  const auto yes = [](bool b) { return b ? Truth::Yes : Truth::Unknown; };
  f.symmetric = yes(is_symmetric(e));
  f.semidefinite = yes(is_semidefinite(e));
  f.definite = yes(is_definite(e));
  f.diagonal = yes(is_diagonal(e));
  f.lower = yes(is_lower(e));
  f.invertible = yes(is_invertible(e));
  return f;
}

// Terms of a sum, factors of a product: what it consists of, with coefficients or exponents.
struct Parts {
  Kind kind = Kind::Sum;
  std::vector<std::pair<const Node*, Rational>> list;
};

// Nothing where a node is no sum and no product of numbers or entries.
Parts parts_of(const Node& n) {
  Parts parts;
  parts.kind = n.kind;
  if (n.kind == Kind::Sum) {
    for (const auto& t : n.terms) parts.list.emplace_back(t.expr.get(), t.coefficient);
  } else if (n.kind == Kind::Product && !n.coefficient.is_zero() && n.output.size() <= 1) {
    for (const auto& f : n.factors) {
      if (f.labels != n.output) return {};
      const Rational* e = f.expr->kind == Kind::Power ? as_number(f.expr->operands[1]) : nullptr;
      parts.list.emplace_back(e != nullptr ? f.expr->operands[0].get() : f.expr.get(),
                              e != nullptr ? *e : Rational(1));
    }
  }
  if (parts.list.size() < 2) parts.list.clear();
  return parts;
}

// What a sum or a product holds of another one: x+f(x)+f(y) holds x+f(x), and r^3*x*(1-x) holds r*x*(1-x).
// The normal form opens what is nested; the formula is read with it closed again.
class Contained {
 public:
  /// The largest of the nodes added so far that the node holds, or null.
  const Node* of(const Node& n) {
    const Parts parts = parts_of(n);
    std::unordered_map<const Node*, std::size_t> met;
    const Node* best = nullptr;
    for (const auto& [part, number] : parts.list) {
      const auto at = holders_.find(part);
      if (at == holders_.end()) continue;
      for (const Node* h : at->second) {
        if (h->kind != n.kind || h->shape != n.shape || ++met[h] != size_of(*h)) continue;
        if ((best == nullptr || size_of(*best) < size_of(*h)) && holds(parts, *h)) best = h;
      }
    }
    return best;
  }
  void add(const Node& n) {
    for (const auto& [part, number] : parts_of(n).list) {
      auto& list = holders_[part];
      if (list.size() == kMost) list.erase(list.begin());
      list.push_back(&n);
    }
  }

 private:
  static constexpr std::size_t kMost = 6;  // holders of a part that are remembered
  static std::size_t size_of(const Node& n) {
    return n.kind == Kind::Sum ? n.terms.size() : n.factors.size();
  }
  static bool holds(const Parts& parts, const Node& inner) {
    if (parts.list.size() < size_of(inner)) return false;
    std::optional<Rational> ratio;
    for (const auto& [part, number] : parts_of(inner).list) {
      const Node* wanted = part;
      const auto at = std::find_if(parts.list.begin(), parts.list.end(),
                                   [wanted](const auto& p) { return p.first == wanted; });
      if (at == parts.list.end()) return false;
      if (parts.kind == Kind::Sum) {
        if (!at->second.exact() || !number.exact()) return false;
        const Rational r = at->second / number;
        if (ratio && !(*ratio == r)) return false;
        ratio = r;
      } else if (number.is_negative() != at->second.is_negative() ||
                 at->second.absolute() < number.absolute()) {
        return false;
      }
    }
    return true;
  }

  std::unordered_map<const Node*, std::vector<const Node*>> holders_;
};

// Nodes of an expression with names, chosen from below.
class Names {
 public:
  Names(Expr root, const ReadOptions& options, std::string direction)
      : reader_(options, root), order_(topological(std::span(&root, 1))) {
    reader_.direction_name = std::move(direction);
    close(root);
    count_uses();
    choose(root);
  }

  [[nodiscard]] bool empty() const { return variables_.empty(); }

  // The tree of the expression and its definitions; null where a piece has no tree.
  Ast read(const Type& type) {
    std::vector<std::pair<std::string, Ast>> definitions;
    for (const auto& [variable, value] : variables_) {
      Ast tree = reader_.read(value, natural(value.rank()));
      if (!tree) return nullptr;
      definitions.emplace_back(variable->name(), std::move(tree));
    }
    Roles roles = natural(body_.rank());
    if (body_.rank() == 1 && type.is_row()) roles = {column()};
    const Ast tree = reader_.read(body_, roles);
    if (!tree) return nullptr;
    std::vector<std::string> names;
    for (const auto& [variable, value] : variables_) names.push_back(variable->name());
    return syntax::with_names(syntax::without_single_uses(syntax::let(tree, std::move(definitions))), names);
  }

 private:
  // Sums and products that hold others.
  void close(Expr root) {
    Contained contained;
    for (const auto& e : order_) {
      if (const Node* inner = contained.of(*e)) held_.emplace(e.get(), inner);
      if (e != root && may_be_named(e)) contained.add(*e);
    }
  }

  void count_uses() {
    for (const auto& e : order_) {
      if (const auto at = held_.find(e.get()); at != held_.end()) {
        ++uses_[at->second];
        for (const auto& part : rest_of(*e, *at->second)) ++uses_[part.first.get()];
      } else if (e->kind == Kind::Product) {
        for (const auto& f : e->factors) ++uses_[f.expr.get()];
      } else {
        for (const auto& o : e->operands) ++uses_[o.get()];
      }
    }
  }

  // The terms or factors of a node (with their coefficients or exponents) beside what it holds.
  static std::vector<std::pair<Expr, Rational>> rest_of(const Node& n, const Node& inner) {
    std::unordered_map<const Node*, Rational> taken;
    const Parts parts = parts_of(inner);
    for (const auto& [part, number] : parts.list) taken.emplace(part, number);
    std::vector<std::pair<Expr, Rational>> rest;
    for (const auto& [part, number] : parts_of(n).list) {
      const auto at = taken.find(part);
      if (at == taken.end()) {
        rest.emplace_back(Expr(part), number);
      } else if (n.kind == Kind::Product && !(at->second == number)) {
        rest.emplace_back(Expr(part), number - at->second);
      }
    }
    return rest;
  }

  // The node put together from what it holds and the rest, all as read so far.
  static Expr with_held(Expr e, const Node& inner, const std::unordered_map<const Node*, Expr>& done) {
    Graph& g = e.graph();
    const auto rest = rest_of(*e, inner);
    const Expr held = done.at(&inner);
    if (e->kind == Kind::Sum) {
      const Term& first = inner.terms[0];
      const auto same = [&first](const Term& t) { return t.expr == first.expr; };
      const Rational ratio =
          std::find_if(e->terms.begin(), e->terms.end(), same)->coefficient / first.coefficient;
      std::vector<Term> terms{{ratio, held}};
      for (const auto& [part, number] : rest) terms.push_back({number, done.at(part.get())});
      return g.sum(terms);
    }
    std::vector<Factor> factors{{held, e->output}};
    for (const auto& [part, number] : rest)
      factors.push_back({power(done.at(part.get()), number), e->output});
    return g.product(e->coefficient / inner.coefficient, std::move(factors), e->output, e->label_sizes);
  }

  bool may_be_named(Expr e) {
    if (e->kind == Kind::Variable || e->kind == Kind::Extent || e.rank() > 2) return false;
    for (int axis = 0; axis < e.rank(); ++axis) {
      if (reader_.needs_index(e, axis) || e.shape()[static_cast<std::size_t>(axis)].is_one()) return false;
    }
    return true;
  }

  void choose(Expr root) {
    std::unordered_map<const Node*, double> sizes;
    std::unordered_map<const Node*, Expr> done;
    int count = 0;
    for (const auto& e : order_) {
      double size = 0;
      Expr value;
      if (const auto at = held_.find(e.get()); at != held_.end()) {
        value = with_held(e, *at->second, done);
        size = sizes.at(at->second);
        for (const auto& [part, number] : rest_of(*e, *at->second))
          size += sizes.at(part.get()) + (number.is_one() ? 1 : 2);
      } else {
        size = written(*e, [&](Expr o) { return sizes.at(o.get()); });
        std::vector<Expr> operands;
        operands.reserve(e->operands.size());
        for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
        value = rebuild(e, operands);
      }
      const bool worth = (uses_[e.get()] > 1 && size >= kWorth) || size > kPiece;
      if (e == root || !worth || !may_be_named(e)) {
        sizes.emplace(e.get(), size);
        done.emplace(e.get(), value);
        continue;
      }
      std::string name;
      do {
        name = "u" + std::to_string(++count);
      } while (reader_.taken.contains(name));
      reader_.taken.insert(name);
      const Expr variable = e.graph().variable(name, e.shape(), facts_of(e));
      variables_.emplace_back(variable, value);
      sizes.emplace(e.get(), 0);
      done.emplace(e.get(), variable);
    }
    body_ = done.at(root.get());
  }

  Reader reader_;
  std::vector<Expr> order_;
  std::unordered_map<const Node*, const Node*> held_;  // what sums and products hold of others
  std::unordered_map<const Node*, int> uses_;
  std::vector<std::pair<Expr, Expr>> variables_;  // with their values
  Expr body_;
};

// The reading with names where that is worth it, else `whole`, which is not asked for where it is hopeless.
template <class Whole>
Ast shorter(Expr expr, const Type& type, const ReadOptions& options, const std::string& direction,
            Whole&& whole) {
  const double size = type.higher.empty() && expr.rank() <= 2 ? written_size(expr) : 0;
  if (size <= kShort) return whole();
  Ast plain;
  if (size <= kWhole) {
    plain = whole();
    if (plain && syntax::operation_count(plain) <= kShort) return plain;
  }
  Names names(expr, options, direction);
  if (names.empty()) return plain ? plain : whole();
  const Ast named = names.read(type);
  if (!named) return plain ? plain : whole();
  const bool saves = !plain || syntax::operation_count(named) <= kSaving * syntax::operation_count(plain);
  return saves ? named : plain;
}

// Of trees: what a tree repeats is left to the printers.
ReadOptions without_lets(ReadOptions options) {
  options.let_threshold = std::numeric_limits<int>::max();
  return options;
}

}  // namespace

double written_size(Expr expr) {
  std::unordered_map<const Node*, double> sizes;
  for (const auto& e : topological(std::span(&expr, 1))) {
    sizes.emplace(e.get(), written(*e, [&](Expr o) { return sizes.at(o.get()); }));
  }
  return sizes.at(expr.get());
}

Ast read_named(Expr expr, const Type& type, const ReadOptions& options) {
  const ReadOptions own = without_lets(options);
  return shorter(expr, type, own, "", [&] { return read(expr, type, own); });
}

syntax::Map read_map_named(Expr body, const Type& type, Expr direction, const ReadOptions& options) {
  syntax::Map map;
  ReadOptions own = without_lets(options);
  map.argument = map_argument(body, direction, options);
  own.taken.insert(map.argument);
  map.body = shorter(body, type, own, map.argument,
                     [&] { return read_map(body, type, direction, without_lets(options)).body; });
  return map;
}

}  // namespace adjoint

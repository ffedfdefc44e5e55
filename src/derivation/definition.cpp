// From the definition of the differential: f(X+H) to first order in H, innermost quantities first; the part
// that is linear in H is the derivative.
#include <algorithm>
#include <unordered_map>

#include "derivation/expansion.hpp"
#include "derivation/moves.hpp"
#include "derivation/styles.hpp"
#include "ops/abstract.hpp"
#include "print/text.hpp"
#include "simplify/simplify.hpp"
#include "syntax/build.hpp"
#include "syntax/tree.hpp"

namespace adjoint::derivation {

using syntax::Ast;
using syntax::Type;

namespace {

constexpr int kMostOrders = 4;  // a remainder of more is not written out
constexpr int kLongest = 60;    // operations of an expansion that is written out
constexpr std::size_t kMostSteps = 12;
constexpr std::size_t kMostParts = 80;

class Definition {
 public:
  explicit Definition(Scribe& scribe) : s(scribe), h(s.name_of(s.dx, s.x_type)) {
    const Ast x = s.name_of(s.x, s.x_type);
    at_x = syntax::with_type(syntax::call(s.function, {x}), s.type);
    at_moved = syntax::with_type(syntax::call(s.function, {syntax::binary("+", x, h)}), s.type);
    steps = transcendental(s, s.f);
    const bool abstract =
        std::any_of(steps.begin(), steps.end(), [](Expr e) { return abstract_use(*e).has_value(); });
    accuracy = abstract ? Accuracy::FirstOrder : Accuracy::SecondOrder;
  }

  void run() {
    s.state_function(at_x);
    if (!s.moves(s.f)) {
      sides(s.add(at_moved, s.read(s.f, s.type), s.x->name() + " does not occur"), s.f, s.f);
      conclude(s.graph().zeros(s.f.shape()));
      return;
    }
    if (steps.empty() && s.f != s.x) {
      polynomial();
    } else if (s.f == s.x) {
      sides(s.add(at_moved, plus(s.read(s.x, s.type), h), "put in"), s.f + s.dx, s.f + s.dx);
    } else if (steps.size() > kMostSteps || topological(std::span(&s.f, 1)).size() > kMostParts) {
      whole("compose the expansions of its " + std::to_string(steps.size()) + " functions");
    } else {
      for (const auto& v : steps) function(v);
      if (steps.back() != s.f) expand(s.f);
    }
    conclude(change(s.f));
  }

 private:
  Expr change(Expr v) {
    auto& known = changes_[v.get()];
    if (!known) known = simplify(s.along_dx(v));
    return known;
  }
  Expr moved(Expr v) { return substitute(v, std::vector<std::pair<Expr, Expr>>{{s.x, s.x + s.dx}}); }
  Ast rest(Accuracy a) { return remainder(h, s.x_type, a); }
  static void sides(Line* line, Expr left, Expr right, Accuracy a = Accuracy::Exact) {
    if (line == nullptr) return;
    line->left = left;
    line->right = right;
    line->accuracy = a;
  }
  Type type_of(Expr v) { return v == s.f ? s.type : s.natural(v); }
  [[nodiscard]] std::string put_in() const {
    return "put " + print::text(at_moved->args[0]) + " in its place";
  }

  /// Terms by order in H, with the first `count` of them.
  Ast sum_of(const std::vector<Expr>& terms, std::size_t count, const Type& t) {
    Ast sum;
    for (std::size_t k = 0; k < count; ++k) {
      if (!terms[k]) continue;
      const Ast term = s.read(terms[k], t);
      if (!term) return nullptr;
      sum = sum ? plus(sum, term) : term;
    }
    return sum;
  }

  // A polynomial: exactly, by multiplying out.
  void polynomial() {
    const Expr there = moved(s.f);
    sides(s.add(at_moved, s.read(there, s.type), put_in()), there, there);
    const auto terms = orders(s, s.f, kMostOrders);
    Ast all = terms ? sum_of(*terms, terms->size(), s.type) : nullptr;
    if (all && syntax::operation_count(all) > kLongest) all = nullptr;
    if (!all) {
      whole("multiply out, keep what is linear in " + s.dx->name());
      return;
    }
    const bool affine = terms->size() <= 2;
    const std::string rule =
        affine ? "linearity: no remainder" : "multiply out: terms of order 0, 1, and more in " + s.dx->name();
    const bool goes_on = s.out.lines.back().lhs == at_moved;
    sides(goes_on ? s.next(all, rule) : s.add(at_moved, all, rule), there, there);
    if (affine) return;
    std::vector<Term> higher;
    Ast tree;
    for (std::size_t k = 2; k < terms->size(); ++k) {
      if (!(*terms)[k]) continue;
      higher.push_back({1, (*terms)[k]});
      const Ast term = s.read((*terms)[k], s.type);
      tree = tree ? plus(tree, term) : term;
    }
    if (higher.empty()) return;
    const Expr r = s.graph().sum(higher);
    const Ast name = syntax::call(s.fresh({"r", "R", "rest"}), {h});
    sides(s.add(name, tree, "the remainder is O(" + print::text(rest(Accuracy::SecondOrder)->args[0]) + ")"),
          r, r);
  }

  // f(X+H) = f(X) + its change + remainder in one line.
  void whole(const std::string& rule) {
    const Expr d = change(s.f);
    const Ast here = s.read(s.f, s.type);
    const Ast linear = s.read(d, s.type);
    if (!here || !linear) return;
    const Ast sum = plus(plus(here, linear), rest(accuracy));
    const bool goes_on = !s.out.lines.empty() && syntax::equal(s.out.lines.back().lhs, at_moved);
    sides(goes_on ? s.next(sum, rule) : s.add(at_moved, sum, rule), moved(s.f), s.f + d, accuracy);
  }

  // A polynomial in X and in the functions expanded so far.
  void expand(Expr u) {
    if (!expanded_.insert(u.get()).second || u == s.x) return;
    const Type t = type_of(u);
    const Expr d = change(u);
    const Ast here = s.read(u, t);
    const Ast linear = s.read(d, t);
    const Ast there = s.read(moved(u), t);
    if (!here || !linear) return;
    std::vector<std::pair<Expr, Expr>> known{{s.x, s.x + s.dx}};
    for (const auto& v : steps) {
      if (v->id < u->id && depends_on(u, v)) known.emplace_back(v, v + change(v));
    }
    const bool inner = known.size() > 1;
    const bool affine = !inner && is_affine(u);
    Ast lhs = u == s.f ? at_moved : there;
    if (!lhs) return;
    const auto chain = [&](const Ast& rhs, const std::string& rule, Expr right, Accuracy a) {
      const bool goes_on = !s.out.lines.empty() && s.out.lines.back().lhs == lhs;
      sides(goes_on ? s.next(rhs, rule) : s.add(lhs, rhs, rule), moved(u), right, a);
    };
    if (u == s.f && there) chain(there, put_in(), moved(u), Accuracy::Exact);
    if (inner) {
      const Expr put = substitute(u, known);
      if (const Ast tree = s.read(put, t); tree && syntax::operation_count(tree) <= kLongest) {
        chain(plus(tree, rest(accuracy)), "put in the expansions", put, accuracy);
      }
    }
    const Ast sum = plus(here, linear);
    const Accuracy a = inner ? accuracy : Accuracy::SecondOrder;
    if (affine) {
      chain(sum, "linearity", u + d, Accuracy::Exact);
    } else {
      chain(plus(sum, rest(a)), "multiply out, keep what is linear in " + s.dx->name(), u + d, a);
    }
  }

  bool is_affine(Expr u) {
    const auto terms = orders(s, u, 1);
    return terms && terms->size() <= 2;
  }

  // op(u+k) = op(u) + Dop(u)[k] + …, then u and k put in.
  void function(Expr v) {
    bool composed = false;
    for (const auto k : active_operands(s, v)) {
      composed = composed || v->operands[k] != s.x;
      expand(v->operands[k]);
    }
    const Law law = law_of(s, v);
    const bool abstract = abstract_use(*v).has_value();
    std::string why = reason(law);
    if (composed) {
      const GeneralRule rule = general_rule(s, v, false);
      if (rule.value) {
        general(v, rule, law, abstract);
        why.clear();
      }
    }
    const GeneralRule own = composed ? GeneralRule{} : general_rule(s, v, false);
    const Type t = type_of(v);
    const Expr d = change(v);
    const Ast here = s.read(v, t);
    const Ast linear = s.read(d, t);
    Ast lhs = v == s.f ? at_moved : s.read(moved(v), t);
    if (!lhs || !here || !linear) return;
    Accuracy a = abstract ? Accuracy::FirstOrder : Accuracy::SecondOrder;
    for (const auto& below : steps) {
      if (depends_on(v, below) && abstract_use(*below)) a = Accuracy::FirstOrder;
    }
    if (v == s.f) {
      sides(s.add(lhs, s.read(moved(v), t), put_in()), moved(v), moved(v));
    }
    const Ast sum = is_zero(d) ? here : plus(here, linear);
    const std::string rule = composed ? put_operands_ : law.expansion;
    const bool goes_on = v == s.f && !s.out.lines.empty() && s.out.lines.back().lhs == lhs;
    const Ast rhs = plus(sum, rest(a));
    const std::string note = composed ? "" : filled(why, own);
    sides(goes_on ? s.next(rhs, rule, note) : s.add(lhs, rhs, rule, note), moved(v), v + d, a);
  }

  static std::string reason(const Law& law) {
    return law.why + (law.why.empty() || law.where.empty() ? "" : ", ") + law.where;
  }

  void general(Expr v, const GeneralRule& rule, const Law& law, bool abstract) {
    const Accuracy a = abstract ? Accuracy::FirstOrder : Accuracy::SecondOrder;
    const Ast there = s.read(rule.moved);
    const Ast here = s.read(rule.value);
    const Ast linear = s.read(rule.linear);
    put_operands_ = "put in the expansions";
    if (!there || !here || !linear) return;
    std::vector<std::pair<Expr, Expr>> values;
    put_operands_ = "put in";
    for (const auto& [u, operand] : rule.operands) {
      values.emplace_back(u, operand);
      if (const Ast tree = s.read(operand))
        put_operands_ += " " + u->name() + " = " + print::text(tree) + ",";
    }
    for (const auto& [k, operand] : rule.increments) {
      if (k == s.dx) continue;
      values.emplace_back(k, change(operand));
      if (const Ast tree = s.read(change(operand)))
        put_operands_ += " " + k->name() + " = " + print::text(tree) + ",";
    }
    if (put_operands_.ends_with(',')) put_operands_.pop_back();
    const Expr k = rule.increments[0].first;
    const Ast k_tree = s.name_of(k, s.natural(k));
    const Ast sum = is_zero(rule.linear) ? here : plus(here, linear);
    sides(
        s.add(there, plus(sum, remainder(k_tree, s.natural(k), a)), law.expansion, filled(reason(law), rule)),
        substitute(rule.moved, values), v + substitute(rule.linear, values), a);
    for (const auto& [variable, value] : values) s.out.quantities.emplace_back(variable, value);
  }

  void conclude(Expr linear) {
    const Ast tree = s.read(linear, s.type);
    if (kind_of(s) != Kind::Map) {
      const Ast x = s.name_of(s.x, s.x_type);
      const Ast lhs = syntax::with_type(syntax::index(syntax::call("D" + s.function, {x}), {h}), s.type);
      sides(s.add(lhs, tree, "the part that is linear in " + s.dx->name()), linear, linear);
    }
    read_off(s, linear);
  }

  Scribe& s;
  Ast h, at_x, at_moved;
  std::vector<Expr> steps;
  Accuracy accuracy = Accuracy::SecondOrder;
  std::set<const Node*> expanded_;
  std::unordered_map<const Node*, Expr> changes_;
  std::string put_operands_;
};

}  // namespace

void by_definition(Scribe& s) { Definition(s).run(); }

}  // namespace adjoint::derivation

// By the chain rule: intermediate quantities get names, each its derivative; these are multiplied and, for a
// gradient, transposed; then the quantities are put back.
#include <algorithm>
#include <functional>
#include <unordered_map>

#include "calculus/differentiate.hpp"
#include "derivation/moves.hpp"
#include "derivation/styles.hpp"
#include "print/text.hpp"
#include "simplify/simplify.hpp"
#include "syntax/build.hpp"
#include "syntax/tree.hpp"

namespace adjoint::derivation {

using syntax::Ast;
using syntax::Type;

namespace {

class Chain {
 public:
  explicit Chain(Scribe& scribe) : s(scribe) {}

  void run() {
    s.state_function(syntax::with_type(syntax::name(s.function), s.type));
    const Ast df = syntax::with_type(syntax::name("d" + s.function), s.type);
    if (!s.moves(s.f)) {
      const Expr zero = s.graph().zeros(s.f.shape());
      if (Line* line = s.add(df, s.read(zero, s.type), s.x->name() + " does not occur"))
        line->left = line->right = zero;
      read_off(s, zero);
      return;
    }
    name_quantities();
    const bool jacobians = vectors_only() && !quantities_.empty() && kind_of(s) != Kind::Map;
    for (auto& q : quantities_) {
      const Ast name = s.name_of(q.variable, s.natural(q.variable));
      set(s.add(name, s.read(local(q.value)), ""), q.value, q.value);
      if (jacobians) {
        partial_lines(q.value, q.name, s.natural(q.value));
      } else {
        const Ast dname = syntax::with_type(syntax::name("d" + q.name), s.natural(q.variable));
        set(s.add(dname, s.read(q.change), rules(q.value)), s.along_dx(q.value), q.change);
      }
    }
    if (!quantities_.empty()) {
      const Ast f = syntax::with_type(syntax::name(s.function), s.type);
      set(s.add(f, s.read(local(s.f), s.type), "in these quantities"), s.f, s.f);
    }
    Expr e = local_change(s.f);
    if (jacobians) {
      partial_lines(s.f, s.function, s.type);
      multiply(put_in_all(e));
      return;
    }
    const Expr change = simplify(s.along_dx(s.f));
    set(s.add(df, s.read(e, s.type), rules(s.f)), change, e);
    if (quantities_.size() > kMostShown) {
      e = put_in_all(e);
      set(s.next(s.read(e, s.type), "chain rule: put in all of these"), change, e);
    } else {
      for (auto q = quantities_.rbegin(); q != quantities_.rend(); ++q) {
        if (!depends_on(e, q->tangent)) continue;
        put_in(e, *q);
        set(s.next(s.read(e, s.type), "chain rule: put in d" + q->name), change, e);
      }
    }
    read_off(s, e);
  }

 private:
  struct Quantity {
    Expr value;     // in the variables of f
    Expr variable;  // that stands for it
    std::string name;
    Expr tangent;
    Expr change;  // d(quantity) in tangents of quantities before it and dx
  };

  // Operands of what is not linear, and what is no polynomial.
  void name_quantities() {
    std::set<const Node*> chosen;
    const auto order = topological(std::span(&s.f, 1));
    for (const auto& v : order) {
      if (!s.moves(v) || v == s.x) continue;
      if (!is_polynomial(s, v)) chosen.insert(v.get());
      if (is_linear(s, v)) continue;
      for (const auto k : active_operands(s, v)) chosen.insert(v->operands[k].get());
    }
    const std::vector<std::string> small{"u", "v", "w", "z", "s", "t", "r", "c", "e", "q"};
    const std::vector<std::string> capital{"U", "V", "W", "Z", "S", "T", "R", "C", "E", "Q"};
    for (const auto& v : order) {
      if (!chosen.contains(v.get()) || v == s.f || v == s.x || v.rank() > 2 || !s.read(local(v))) continue;
      Quantity q;
      q.value = v;
      q.name = s.fresh_like(v, small, capital);
      q.change = local_change(v);  // in quantities named before it
      Facts facts = v->facts;
      if (is_symmetric(v)) facts.symmetric = Truth::Yes;
      if (is_semidefinite(v)) facts.semidefinite = Truth::Yes;
      if (is_definite(v)) facts.definite = Truth::Yes;
      q.variable = s.graph().variable(q.name, v.shape(), facts);
      q.tangent = s.tangent(v, s.fresh({"d" + q.name}));
      s.out.differentials.emplace_back("d" + q.name, q.name);
      // its own value in its change: d(inv(U)) = -V*dU*V
      q.change = substitute(q.change, std::vector<std::pair<Expr, Expr>>{{local(v), q.variable}});
      named_.emplace(v.get(), q.variable);
      s.name(q.variable, v);
      quantities_.push_back(q);
    }
  }

  // The rules by which v moves in the quantities below it.
  std::string rules(Expr v) {
    std::vector<std::string> names;
    const std::function<void(Expr)> visit = [&](Expr e) {
      const std::string name = law_of(s, e).name;
      if (e == v || name != "linearity") names.push_back(name);
      for (const auto k : active_operands(s, e)) {
        const Expr o = e->operands[k];
        if (!named_.contains(o.get()) && !(o == s.x)) visit(o);
      }
    };
    visit(v);
    return joined(names);
  }

  // v in the names of the quantities below it.
  Expr local(Expr v) {
    std::unordered_map<const Node*, Expr> done;
    const std::function<Expr(Expr)> walk = [&](Expr e) -> Expr {
      if (!s.moves(e) || e == s.x) return e;
      if (const auto at = done.find(e.get()); at != done.end()) return at->second;
      if (!(e == v)) {
        if (const auto at = named_.find(e.get()); at != named_.end()) return at->second;
      }
      std::vector<Expr> operands;
      for (const auto& o : e->operands) operands.push_back(walk(o));
      return done[e.get()] = rebuild(e, operands);
    };
    return walk(v);
  }

  Expr local_change(Expr v) {
    const Expr own = local(v);
    std::vector<Movement> movements{{s.x, s.dx}};
    std::set<const Node*> used;
    for (const auto& e : topological(std::span(&own, 1))) used.insert(e.get());
    for (const auto& q : quantities_) {
      if (used.contains(q.variable.get())) movements.push_back({q.variable, q.tangent});
    }
    return simplify(pushforward(own, movements));
  }

  [[nodiscard]] bool vectors_only() const {
    return s.x.rank() <= 1 && s.f.rank() <= 1 &&
           std::all_of(quantities_.begin(), quantities_.end(),
                       [](const Quantity& q) { return q.value.rank() <= 1; });
  }

  void set(Line* line, Expr left, Expr right) {
    if (line == nullptr) return;
    line->left = left;
    line->right = s.settled(right);
  }

  // e with all tangents but dx replaced: from the innermost quantity on, each in terms of those before it.
  Expr put_in_all(Expr e) {
    std::vector<std::pair<Expr, Expr>> changes;
    for (const auto& q : quantities_) {
      changes.emplace_back(q.tangent, simplify(changes.empty() ? q.change : substitute(q.change, changes)));
    }
    return changes.empty() ? e : substitute(e, changes);
  }

  static void put_in(Expr& e, const Quantity& q) {
    e = simplify(substitute(e, std::vector<std::pair<Expr, Expr>>{{q.tangent, q.change}}));
  }

  // ---- Scalars and vectors: matrices of partial derivatives. ----

  static Size length(const Type& t) { return t.rows.is_one() ? t.columns : t.rows; }
  static Ast ratio(const std::string& above, const std::string& below) {
    return syntax::binary("/", syntax::name("d" + above), syntax::name("d" + below));
  }

  // dv/du for each u that v is made of.
  void partial_lines(Expr v, const std::string& name, const Type& t) {
    const Expr own = local(v);
    bool several = false;
    const auto line = [&](Expr variable, const Type& variable_type) {
      if (!depends_on(own, variable)) return;
      const Expr j = simplify(jacobian(own, variable));
      Partial p{v, variable, s.shortest(j, Type{length(t), length(variable_type), {}}), nullptr};
      p.ratio = ratio(name, variable->name());
      if (several && variable == s.x) {  // beside the ways through other quantities
        p.ratio = syntax::call("partial", {syntax::name(name), syntax::name(variable->name())});
      }
      p.unit = variable.rank() == 0 ? j == s.graph().number(1)
                                    : j.rank() == 2 && j == s.graph().identity(length(t));
      set(s.add(p.ratio, p.tree, rules(v)), s.settled(j), j);
      partials_.push_back(p);
    };
    std::set<const Node*> used;
    for (const auto& e : topological(std::span(&own, 1))) used.insert(e.get());
    for (const auto& q : quantities_) {
      if (!used.contains(q.variable.get())) continue;
      several = true;
      line(q.variable, s.natural(q.variable));
    }
    line(s.x, s.x_type);
  }

  struct Partial {
    Expr value, variable;
    Ast tree, ratio;
    bool unit = false;
  };

  Expr value_of(Expr variable) {
    for (const auto& q : quantities_) {
      if (q.variable == variable) return q.value;
    }
    return {};
  }

  // All paths from v down to x: products of partial derivatives, written by `part` (null: an identity).
  Ast paths(Expr v, const Ast& before, const std::function<Ast(const Partial&)>& part, int& count) {
    Ast sum;
    for (const auto& p : partials_) {
      if (!(p.value == v)) continue;
      const Ast own = part(p);
      const Ast product = !own ? before : before ? multiplied(before, own) : own;
      Ast path = product;
      if (!(p.variable == s.x)) {
        path = paths(value_of(p.variable), product, part, count);
        if (!path) return nullptr;
      } else {
        if (++count > kMostPaths) return nullptr;
        if (!path) path = p.tree;
      }
      sum = sum ? plus(sum, path) : path;
    }
    return sum;
  }

  void multiply(Expr e) {
    const Ast lhs = ratio(s.function, s.x->name());
    const Type row{length(s.type), length(s.x_type), {}};
    const Expr total = jacobian(s.f, s.x);
    int count = 0;
    const bool straight = partials_.size() > 1;
    const Ast formula = straight ? paths(
                                       s.f, nullptr, [](const Partial& p) { return p.ratio; }, count)
                                 : nullptr;
    if (formula)
      set(s.add(lhs, formula, count > 1 ? "chain rule, a product for each path" : "chain rule"), total,
          total);
    // in names: the coefficient of dx in e
    const Expr gathered = kind_of(s) == Kind::Gradient ? transpose(e, s.dx, s.graph().number(1)) : Expr();
    const Ast product = gathered ? s.read(gathered, s.x_type) : nullptr;
    count = 0;
    Ast tree = paths(
        s.f, nullptr, [](const Partial& p) { return p.unit ? Ast() : p.tree; }, count);
    if (tree && syntax::operation_count(tree) > kLongest) tree = nullptr;
    if (tree) {
      tree = syntax::with_type(tree, row);
      set(formula ? s.next(tree, "multiply") : s.add(lhs, tree, "multiply"), total, total);
    }
    if (kind_of(s) == Kind::Gradient) {
      s.out.kind = Kind::Gradient;
      state_answer(s, derivative_name(s), gathered,
                   product ? "transpose: grad(" + s.function + ") = (" + print::text(lhs) + ")'" : "collect");
      return;
    }
    s.out.kind = kind_of(s);
    std::vector<std::string> names;
    const Expr answer = answer_of(s, names);
    const Ast last = s.shortest(answer, answer_type(s));
    set(tree || formula ? s.next(last, "put the quantities back")
                        : s.add(lhs, last, "put the quantities back"),
        answer, answer);
    s.out.result = answer;
  }

  static constexpr std::size_t kMostShown = 16;  // quantities that are put in line by line
  static constexpr int kMostPaths = 4;
  static constexpr int kLongest = 60;

  Scribe& s;
  std::vector<Quantity> quantities_;
  std::unordered_map<const Node*, Expr> named_;
  std::vector<Partial> partials_;
};

}  // namespace

void by_chain(Scribe& s) { Chain(s).run(); }

}  // namespace adjoint::derivation

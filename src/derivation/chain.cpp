// By the chain rule: intermediate quantities get names, each its derivative; these are multiplied and, for a
// gradient, transposed; then the quantities are put back.
#include <algorithm>

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
    for (auto& q : quantities_) state(q);
    Expr e = local_change(s.f);
    const Law law = law_of(s, s.f);
    std::string note = s.f->kind == adjoint::Kind::Apply && !quantities_.empty() ? general_text(s, s.f) : "";
    Ast named;
    if (!quantities_.empty()) {
      named = s.read(local(s.f), s.type);
      const Ast f = syntax::with_type(syntax::name(s.function), s.type);
      if (Line* line = s.add(f, named, "in these quantities")) line->left = line->right = s.f;
    }
    const Expr change = simplify(s.along_dx(s.f));
    const auto set = [&](Line* line, Expr value) {
      if (line == nullptr) return;
      line->left = change;
      line->right = s.settled(value);
    };
    if (vectors_only() && !quantities_.empty()) jacobian_line(s.f, s.function, s.type);
    set(s.add(df, s.read(e, s.type), law.name, note), e);
    for (auto q = quantities_.rbegin(); q != quantities_.rend(); ++q) {
      if (!depends_on(e, q->tangent)) continue;
      e = simplify(substitute(e, std::vector<std::pair<Expr, Expr>>{{q->tangent, q->change}}));
      set(s.next(s.read(e, s.type), "chain rule: put in d" + q->name), e);
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
      if (!chosen.contains(v.get()) || v == s.f || v == s.x || v.rank() > 2 || !s.read(v)) continue;
      Quantity q;
      q.value = v;
      q.name = s.fresh_like(v, small, capital);
      q.change = local_change(v);  // in quantities named before it
      Facts facts = v->facts;
      if (is_symmetric(v)) facts.symmetric = Truth::Yes;
      if (is_semidefinite(v)) facts.semidefinite = Truth::Yes;
      if (is_definite(v)) facts.definite = Truth::Yes;
      q.variable = s.graph().variable(q.name, v.shape(), facts);
      q.tangent = s.tangent(v, "d" + q.name);
      // its own value in its change: d(inv(U)) = -V*dU*V
      q.change = substitute(q.change, std::vector<std::pair<Expr, Expr>>{{local(v), q.variable}});
      named_.emplace_back(v, q.variable);
      s.name(q.variable, v);
      quantities_.push_back(q);
    }
  }

  Expr local(Expr v) {
    std::vector<std::pair<Expr, Expr>> names;
    for (const auto& n : named_) {
      if (!(n.first == v)) names.push_back(n);
    }
    return names.empty() ? v : substitute(v, names);
  }

  Expr local_change(Expr v) {
    const Expr own = local(v);
    std::vector<Movement> movements{{s.x, s.dx}};
    for (const auto& q : quantities_) movements.push_back({q.variable, q.tangent});
    return simplify(pushforward(own, movements));
  }

  [[nodiscard]] bool vectors_only() const {
    return s.x.rank() <= 1 && s.f.rank() <= 1 &&
           std::all_of(quantities_.begin(), quantities_.end(),
                       [](const Quantity& q) { return q.value.rank() <= 1; });
  }

  void state(const Quantity& q) {
    const Ast name = s.name_of(q.variable, s.natural(q.variable));
    if (Line* line = s.add(name, s.read(local(q.value)), "")) line->left = line->right = q.value;
    if (vectors_only()) jacobian_line(q.value, q.name, s.natural(q.value));
    const Ast dname = syntax::with_type(syntax::name("d" + q.name), s.natural(q.variable));
    const Expr value = simplify(s.along_dx(q.value));
    if (Line* line = s.add(dname, s.read(q.change), law_of(s, q.value).name)) {
      line->left = value;
      line->right = s.settled(q.change);
    }
  }

  // dv/du for each u that v is made of.
  void jacobian_line(Expr v, const std::string& name, const Type& t) {
    const Expr own = local(v);
    const auto line = [&](Expr variable, const Type& variable_type) {
      if (!depends_on(own, variable)) return;
      const Expr j = simplify(jacobian(own, variable));
      const auto length = [](const Type& of) { return of.rows.is_one() ? of.columns : of.rows; };
      const Ast tree = s.shortest(j, Type{length(t), length(variable_type), {}});
      const Ast lhs = syntax::binary("/", syntax::name("d" + name), syntax::name("d" + variable->name()));
      if (Line* l =
              s.add(lhs, tree, v.rank() == 0 && variable.rank() == 1 ? "Jacobian, a row" : "Jacobian")) {
        l->left = l->right = s.settled(j);
      }
    };
    for (const auto& q : quantities_) {
      if (q.value->id < v->id) line(q.variable, s.natural(q.variable));
    }
    line(s.x, s.x_type);
  }

  Scribe& s;
  std::vector<Quantity> quantities_;
  std::vector<std::pair<Expr, Expr>> named_;
};

}  // namespace

void by_chain(Scribe& s) { Chain(s).run(); }

}  // namespace adjoint::derivation

// From the function to its derivative by the differential: d(u) gives way, step by step, to what the rule
// for u says, the outermost first.
#include <algorithm>

#include "derivation/moves.hpp"
#include "derivation/styles.hpp"
#include "print/text.hpp"
#include "simplify/simplify.hpp"
#include "syntax/build.hpp"

namespace adjoint::derivation {

using syntax::Ast;

namespace {

constexpr std::size_t kMostSteps = 12;
constexpr int kLongest = 80;  // operations

// A composition too deep to be written out in every line is derived quantity by quantity.
bool is_deep(Scribe& s) {
  const auto parts = topological(std::span(&s.f, 1));
  if (transcendental(s, s.f).size() > kMostSteps || parts.size() > kLongest) return true;
  const Ast tree = s.read(s.f, s.type);
  return tree && syntax::operation_count(tree) > kLongest;
}

}  // namespace

void by_differential(Scribe& s) {
  if (is_deep(s)) {
    by_chain(s);
    return;
  }
  const Ast df = syntax::with_type(syntax::name("d" + s.function), s.type);
  s.state_function(syntax::with_type(syntax::name(s.function), s.type));
  Graph& g = s.graph();
  if (!s.moves(s.f)) {
    Shape shape = s.f.shape();
    const Expr zero = g.zeros(shape);
    if (Line* line = s.add(df, s.read(zero, s.type), s.x->name() + " does not occur"))
      line->left = line->right = zero;
    read_off(s, zero);
    return;
  }
  const Expr change = simplify(s.along_dx(s.f));
  Expr e = s.f == s.x ? s.dx : s.tangent(s.f);
  bool first = true;
  std::vector<std::string> pending;  // rules of steps that matrix notation cannot show
  const auto show = [&](Expr value, std::vector<std::string> rules, const std::string& note) {
    pending.insert(pending.end(), rules.begin(), rules.end());
    const Ast tree = s.read(value, s.type);
    if (!tree) return;
    const std::string rule = joined(pending);
    Line* line = first ? s.add(df, tree, rule, note) : s.next(tree, rule, note);
    if (line == nullptr) return;
    line->left = change;
    line->right = s.settled(value);
    first = false;
    pending.clear();
  };
  if (s.f == s.x) show(e, {"the variable itself"}, "");
  for (;;) {
    const auto tangents = s.tangents_in(e);
    if (tangents.empty()) break;
    const auto latest = std::max_element(tangents.begin(), tangents.end(), [](const auto& a, const auto& b) {
      return a.second->id < b.second->id;
    });
    const auto [t, u] = *latest;
    const Move m = move(s, u);
    std::string note;
    if (is_square_sum(s, u) || (!is_linear(s, u) && u->kind != adjoint::Kind::Product)) {
      note = general_text(s, u);
    } else if (!(e == t)) {
      const Ast part = s.read(u);
      const Ast value = s.read(m.value);
      if (part && value) note = equation(syntax::call("d", {part}), value);
    }
    std::vector<Step> steps;
    e = simplify(substitute(e, std::vector<std::pair<Expr, Expr>>{{t, m.value}}), &steps);
    std::vector<std::string> rules = m.rules;
    for (const auto& step : steps) rules.emplace_back(step.rule);
    show(e, rules, note);
  }
  if (!pending.empty()) {  // a step that does not read: the derivative as the calculus gives it
    const Ast tree = s.shortest(change, s.type);
    if (Line* line = first ? s.add(df, tree, joined(pending)) : s.next(tree, joined(pending))) {
      line->left = line->right = change;
    }
  }
  read_off(s, e);
}

}  // namespace adjoint::derivation

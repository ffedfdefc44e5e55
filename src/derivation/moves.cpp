#include "derivation/moves.hpp"

#include <algorithm>

#include "calculus/linear.hpp"
#include "ops/record.hpp"
#include "print/text.hpp"
#include "syntax/build.hpp"

namespace adjoint::derivation {

using syntax::Ast;

std::vector<std::size_t> active_operands(const Scribe& s, Expr v) {
  std::vector<std::size_t> found;
  for (std::size_t k = 0; k < v->operands.size(); ++k) {
    if (s.moves(v->operands[k])) found.push_back(k);
  }
  return found;
}

namespace {

int active_factors(const Scribe& s, Expr v) {
  return static_cast<int>(
      std::count_if(v->factors.begin(), v->factors.end(), [&s](const Factor& f) { return s.moves(f.expr); }));
}

bool is_linear_operation(const Scribe& s, Expr v) {
  const Record& record = record_of(*v);
  const auto active = active_operands(s, v);
  return std::all_of(active.begin(), active.end(),
                     [&record](std::size_t k) { return record.linear_in.value(static_cast<int>(k)); });
}

/// All that moves in v is the variable itself.
bool is_elementary(const Scribe& s, Expr v) {
  const auto active = active_operands(s, v);
  return std::all_of(active.begin(), active.end(), [&](std::size_t k) { return v->operands[k] == s.x; });
}

bool is_square(Expr e) {
  if (e->kind != adjoint::Kind::Power) return false;
  const Rational* exponent = as_number(e->operands.back());
  return exponent != nullptr && *exponent == Rational(2);
}

class Mover {
 public:
  explicit Mover(Scribe& scribe) : s(scribe) {}

  Move run(Expr v) {
    Move m;
    m.value = expand(v, m.rules);
    return m;
  }

 private:
  Expr expand(Expr v, std::vector<std::string>& rules) {
    if (rules.empty() || !is_square(v)) rules.push_back(law_of(s, v).name);
    std::vector<Term> terms;
    for (const auto k : active_operands(s, v)) {
      terms.push_back({1, linearise(*v, static_cast<int>(k), tangent(v, v->operands[k], rules))});
    }
    return s.graph().sum(terms);
  }

  Expr tangent(Expr v, Expr operand, std::vector<std::string>& rules) {
    if (operand == s.x) return s.dx;
    const bool through_sum = v->kind == adjoint::Kind::Sum && is_elementary(s, operand);
    const bool through_square = v->kind == adjoint::Kind::Product && is_linear(s, v) && is_square(operand);
    if (operand.rank() > 2 || through_sum || through_square || (is_linear(s, v) && is_linear(s, operand)) ||
        !s.read(operand)) {
      return expand(operand, rules);
    }
    return s.tangent(operand);
  }

  Scribe& s;
};

}  // namespace

bool is_square_sum(const Scribe& s, Expr v) {
  if (v->kind != adjoint::Kind::Product || v.rank() != 0) return false;
  bool found = false;
  for (const auto& f : v->factors) {
    if (f.labels.empty() && !s.moves(f.expr)) continue;
    if (found || !is_square(f.expr)) return false;
    found = true;
  }
  return found;
}

bool is_linear(const Scribe& s, Expr v) {
  switch (v->kind) {
    case adjoint::Kind::Sum:
      return true;
    case adjoint::Kind::Product:
      return active_factors(s, v) == 1;
    case adjoint::Kind::Apply:
      return is_linear_operation(s, v);
    case adjoint::Kind::Variable:
      return v == s.x;
    default:
      return false;
  }
}

bool is_polynomial(const Scribe& s, Expr v) {
  if (!s.moves(v) || v == s.x) return true;
  switch (v->kind) {
    case adjoint::Kind::Sum:
    case adjoint::Kind::Product:
      return true;
    case adjoint::Kind::Apply:
      return is_linear_operation(s, v);
    case adjoint::Kind::Power: {
      const Rational* e = as_number(v->operands.back());
      return e != nullptr && e->is_integer() && !e->is_negative();
    }
    default:
      return false;
  }
}

std::vector<Expr> transcendental(const Scribe& s, Expr root) {
  std::vector<Expr> found;
  for (const auto& e : topological(std::span(&root, 1))) {
    if (!is_polynomial(s, e)) found.push_back(e);
  }
  std::sort(found.begin(), found.end(), [](Expr a, Expr b) { return a->id < b->id; });
  return found;
}

Move move(Scribe& s, Expr v) { return Mover(s).run(v); }

namespace {
const std::vector<std::string> kSmall{"u", "v", "w", "z"};
const std::vector<std::string> kCapital{"U", "V", "W", "Z"};
}  // namespace

GeneralRule general_rule(Scribe& s, Expr v, bool differential) {
  Graph& g = s.graph();
  GeneralRule rule;
  std::vector<Expr> operands(v->operands.begin(), v->operands.end());
  std::vector<Expr> moved = operands;
  for (const auto k : active_operands(s, v)) {
    const Expr operand = operands[k];
    if (operand == s.x) {
      rule.increments.emplace_back(s.dx, operand);
      moved[k] = s.x + s.dx;
      continue;
    }
    const auto& wishes = operand.rank() == 2 ? kCapital : kSmall;
    std::vector<std::string> free;  // two operands get two names
    for (const auto& w : wishes) {
      const auto has_it = [&w](const auto& other) { return other.first->name() == w; };
      if (std::none_of(rule.operands.begin(), rule.operands.end(), has_it)) free.push_back(w);
    }
    const std::string name = differential ? s.unused(free) : s.fresh(free);
    Facts facts = operand->facts;
    if (is_symmetric(operand)) facts.symmetric = Truth::Yes;
    if (is_semidefinite(operand)) facts.semidefinite = Truth::Yes;
    if (is_definite(operand)) facts.definite = Truth::Yes;
    const Expr u = g.variable(name, operand.shape(), facts);
    Facts direction;
    direction.symmetric = facts.symmetric;
    const std::string step =
        differential ? "d" + name : s.fresh_like(operand, {"k", "l", "m"}, {"K", "L", "M"});
    const Expr du = g.variable(step, operand.shape(), direction, Role::Direction);
    rule.operands.emplace_back(u, operand);
    rule.increments.emplace_back(du, operand);
    operands[k] = u;
    moved[k] = u + du;
  }
  rule.value = rebuild(v, operands);
  if (rule.value->kind != v->kind || rule.value->op != v->op) return {};
  rule.moved = rebuild(v, moved);
  std::vector<Term> terms;
  for (const auto& [du, operand] : rule.increments) {
    Expr u = operand;
    for (const auto& [variable, stood] : rule.operands) {
      if (stood == operand) u = variable;
    }
    const auto at = std::find(rule.value->operands.begin(), rule.value->operands.end(), u);
    if (at == rule.value->operands.end()) return {};
    terms.push_back({1, linearise(*rule.value, static_cast<int>(at - rule.value->operands.begin()), du)});
  }
  rule.linear = g.sum(terms);
  return rule;
}

std::string general_text(Scribe& s, Expr v) {
  if (is_square_sum(s, v)) {
    for (const auto& f : v->factors) {
      if (!s.moves(f.expr)) continue;
      const Expr operand = f.expr->operands[0];
      const std::string name = s.unused(operand.rank() == 2 ? kCapital : kSmall);
      const Expr u = s.graph().variable(name, operand.shape());
      const Expr du = s.graph().variable("d" + name, operand.shape(), {}, Role::Direction);
      const Axes i = s.graph().axes(u);
      const Ast value = s.read(s.graph().product(1, {{u, i}, {u, i}}, {}));
      const Ast change = s.read(s.graph().product(2, {{u, i}, {du, i}}, {}));
      return value && change ? equation(syntax::call("d", {value}), change) : "";
    }
  }
  const GeneralRule rule = general_rule(s, v, true);
  if (!rule.value) return "";
  const Ast value = s.read(rule.value);
  const Ast linear = s.read(rule.linear);
  if (!value || !linear) return "";
  const std::string where = filled(law_of(s, v).where, rule);
  return equation(syntax::call("d", {value}), linear) + (where.empty() ? "" : ", " + where);
}

std::string filled(const std::string& why, const GeneralRule& rule) {
  std::string text;
  if (rule.increments.empty()) return why;
  const std::string k = rule.increments[0].first->name();
  const std::string u =
      rule.operands.empty() ? rule.increments[0].second->name() : rule.operands[0].first->name();
  for (std::size_t i = 0; i < why.size(); ++i) {
    const bool hole = why[i] == '$' && i + 1 < why.size();
    if (hole && why[i + 1] == 'U') {
      text += u;
      ++i;
    } else if (hole && why[i + 1] == 'K') {
      text += k;
      ++i;
    } else {
      text += why[i];
    }
  }
  return text;
}

}  // namespace adjoint::derivation

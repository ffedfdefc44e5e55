// The last lines of a derivation: from the derivative along a direction to gradient, Jacobian or map.
#include <functional>

#include "calculus/differentiate.hpp"
#include "derivation/scribe.hpp"
#include "ops/record.hpp"
#include "print/text.hpp"
#include "simplify/simplify.hpp"
#include "syntax/build.hpp"
#include "syntax/tree.hpp"

namespace adjoint::derivation {

using syntax::Ast;
using syntax::Type;

namespace {

bool is_vector(const Type& t) { return t.is_column() || t.is_row(); }
const Size& length(const Type& t) { return t.rows.is_one() ? t.columns : t.rows; }

Expr simplified(Expr e, std::vector<std::string>& rules) {
  std::vector<Step> steps;
  const Expr result = simplify(e, &steps);
  for (const auto& step : steps) rules.emplace_back(step.rule);
  return result;
}

std::string structure_name(const Facts& facts) {
  if (facts.diagonal == Truth::Yes) return "diagonal";
  if (facts.lower == Truth::Yes) return "lower triangular";
  return facts.symmetric == Truth::Yes ? "symmetric" : "";
}

/// The projection on the declared structure as a formula.
Ast projected_tree(const Ast& g, const Facts& facts) {
  if (facts.diagonal == Truth::Yes) return syntax::call("diag", {syntax::call("diag", {g})});
  if (facts.lower == Truth::Yes) return syntax::call("tril", {g});
  return syntax::binary("/", syntax::binary("+", g, turned(g)), syntax::number(2));
}

/// "<u, diff(v)> = <diffT(u), v>" for each linear operation that stands between the result and the direction.
std::vector<std::string> adjoint_pairs(Scribe& s, Expr linear, Expr direction) {
  std::vector<std::string> found;
  for (const auto& e : topological(std::span(&linear, 1))) {
    if (e->kind != adjoint::Kind::Apply || !depends_on(e, direction)) continue;
    const Record& record = record_of(*e);
    for (std::size_t k = 0; k < e->operands.size(); ++k) {
      const Expr operand = e->operands[k];
      if (!depends_on(operand, direction) || operand.rank() > 2 || e.rank() > 2) continue;
      if (!record.linear_in.value(static_cast<int>(k)) || record.transpose.value == nullptr) continue;
      const bool matrix = e.rank() == 2;
      const Expr u = s.graph().variable(matrix ? "U" : "u", e.shape());
      const Expr v = s.graph().variable(matrix ? "V" : "v", operand.shape());
      std::vector<Expr> operands = e->operands;
      operands[k] = v;
      const Ast image = s.read(s.graph().apply(*e->op, operands, e->attributes));
      const Ast back = s.read(record.transpose.value(*e, static_cast<int>(k), u));
      if (!image || !back) continue;
      found.push_back("<" + u->name() + ", " + print::text(image) + "> = <" + print::text(back) + ", " +
                      v->name() + ">");
    }
  }
  return found;
}

bool holds_call(const Ast& tree, const std::string& name) {
  return syntax::called_functions(tree).contains(name);
}
bool holds_operator(const Ast& tree, std::string_view op) {
  if (tree->kind == syntax::Kind::Binary && tree->text == op) return true;
  for (const auto& a : tree->args) {
    if (holds_operator(a, op)) return true;
  }
  return false;
}

/// What is used to bring the direction to the right end of an inner product.
std::string transposition(const Ast& tree, const Type& x_type) {
  std::vector<std::string> rules;
  if (x_type.is_matrix()) {
    if (!holds_call(tree, "tr") && !holds_call(tree, "sum")) rules.emplace_back("a scalar is its own trace");
    rules.emplace_back("trace is cyclic");
    rules.emplace_back("transpose inside the trace");
  } else {
    rules.emplace_back("transpose");
  }
  if (holds_operator(tree, ".*") || holds_operator(tree, "./"))
    rules.emplace_back("entrywise factors change sides");
  return joined(rules);
}

std::string change_name(const Scribe& s) {
  if (s.out.style != Style::Definition) return "d" + s.function;
  return "D" + s.function + "(" + s.x->name() + ")[" + s.dx->name() + "]";
}

std::string last_rule(const Scribe& s, const std::vector<std::string>& names) {
  if (s.out.style == Style::Chain) return "put the quantities back";
  return names.empty() ? "collect" : "simplify: " + joined(names);
}

void read_gradient(Scribe& s, Expr linear) {
  Graph& g = s.graph();
  const Expr raw = transpose(linear, s.dx, g.number(1));
  const Ast tree = s.read(raw, s.x_type);
  const Ast dx = s.name_of(s.dx, s.x_type);
  const Ast above = s.out.lines.empty() ? nullptr : s.out.lines.back().rhs;
  const Ast lhs = derivative_name(s);
  if (tree) {
    std::string note;
    for (const auto& pair : adjoint_pairs(s, linear, s.dx)) note += (note.empty() ? "" : "; ") + pair;
    const std::string rule = s.x_type.is_scalar() || !above ? "collect" : transposition(above, s.x_type);
    if (Line* line = s.next(inner_product(tree, dx, s.x_type), rule, note)) {
      const Axes i = g.axes(raw);
      line->right = s.settled(g.product(1, {{raw, i}, {s.dx, i}}, {}));
    }
  }
  const std::string reason =
      "read off: " + change_name(s) + " = <" + print::text(lhs) + ", " + s.dx->name() + ">";
  const Expr projected = project_on_structure(simplify(raw), s.x);
  const std::string structure = s.x.rank() < 2 ? "" : structure_name(s.x->facts);
  const auto reads_like = [&s](Expr a, Expr b) {
    const Ast first = s.shortest(simplify(a), s.x_type);
    const Ast second = s.shortest(simplify(b), s.x_type);
    return first && second && print::text(first) == print::text(second);
  };
  if (structure.empty() || !tree || reads_like(projected, raw)) {
    state_answer(s, lhs, raw, reason);
    return;
  }
  const std::string why = s.x->name() + " is " + structure + ", so only the " + structure + " part counts";
  if (Line* line = s.add(lhs, syntax::with_type(projected_tree(tree, s.x->facts), s.x_type), reason, why)) {
    line->left = line->right = s.settled(projected);
  }
  std::vector<std::string> names;
  const Expr answer = answer_of(s, names);
  if (Line* line = s.next(s.shortest(answer, s.x_type), last_rule(s, names))) {
    line->right = answer;
  }
  s.out.result = answer;
}

void read_jacobian(Scribe& s, Expr linear) {
  std::vector<std::string> names;
  const Expr j = answer_of(s, names);
  const Ast tree = s.shortest(j, answer_type(s));
  if (tree) {
    Ast dx = s.name_of(s.dx, s.x_type);
    if (s.x_type.is_row()) dx = turned(dx);
    const bool identity = j == s.graph().identity(length(s.x_type));
    Ast product =
        identity ? dx : syntax::with_type(syntax::binary("*", tree, dx), Type{length(s.type), Size(1), {}});
    if (s.type.is_row()) product = turned(product);
    if (Line* line = s.next(product, "gather what stands before " + s.dx->name()))
      line->right = s.settled(linear);
    const Ast lhs = derivative_name(s);
    const std::string reason = "read off: " + change_name(s) + " = " + print::text(lhs) + "*" + s.dx->name();
    if (Line* line = s.add(lhs, tree, reason)) line->left = line->right = j;
  }
  s.out.result = j;
}

void read_map(Scribe& s, Expr linear) {
  Graph& g = s.graph();
  const bool definition = s.out.style == Style::Definition;
  const Expr h = definition ? s.dx : direction_for(s.x, s.fresh_like(s.x, {"h", "k"}, {"H", "K"}));
  std::vector<std::string> names;
  Expr value = answer_of(s, names);
  if (!definition) {
    value = substitute(value, std::vector<std::pair<Expr, Expr>>{{s.dx, h}});
    linear = substitute(linear, std::vector<std::pair<Expr, Expr>>{{s.dx, h}});
  }
  const Ast at = syntax::call("D" + s.function, {s.name_of(s.x, s.x_type)});
  const Ast lhs = syntax::with_type(syntax::index(at, {s.name_of(h, s.x_type)}), s.type);
  const Ast raw = s.read(linear, s.type);
  const Ast body = s.shortest(value, s.type);
  const std::string reason =
      definition ? "the part that is linear in " + h->name()
                 : "read off: what stands for " + h->name() + " in the place of " + s.dx->name();
  const bool same = raw && body && syntax::operation_count(raw) <= syntax::operation_count(body);
  if (Line* line = s.add(lhs, raw ? raw : body, reason)) line->left = line->right = s.settled(linear);
  if (!same) {
    if (Line* line = s.next(body, last_rule(s, names))) line->right = value;
  }
  s.out.result = value;
  s.out.direction = h;

  // The adjoint: <U, DF(X)[H]> = <DF(X)'[U], H>.
  const Expr u = g.variable(s.type.is_matrix() ? s.fresh({"U", "V", "W"}) : s.fresh({"u", "v", "w"}),
                            s.f.shape(), {}, Role::Direction);
  const Expr back = simplify(transpose(value, h, u));
  const Ast dual = syntax::call("adjoint", {at});
  const Ast u_tree = s.name_of(u, s.type);
  const Ast h_tree = s.name_of(h, s.x_type);
  ReadOptions o = s.options();
  o.direction = &s.type;
  Ast adjoint_tree = back.rank() <= 2 ? adjoint::read(expanded(back), s.x_type, o) : nullptr;
  if (body && adjoint_tree) {
    std::string note;
    for (const auto& pair : adjoint_pairs(s, value, h)) note += (note.empty() ? "" : "; ") + pair;
    const Ast before = inner_product(u_tree, body, s.type);
    if (Line* line = s.add(before, inner_product(adjoint_tree, h_tree, s.x_type),
                           s.x_type.is_matrix() ? "adjoint: trace is cyclic, transpose inside the trace"
                                                : "adjoint: every factor changes sides",
                           note)) {
      const Axes i = g.axes(value);
      const Axes k = g.axes(back);
      line->left = g.product(1, {{u, i}, {value, i}}, {});
      line->right = g.product(1, {{back, k}, {h, k}}, {});
    }
    const bool own =
        u.shape() == h.shape() && substitute(back, std::vector<std::pair<Expr, Expr>>{{u, h}}) == value;
    const Expr projected = simplify(project_on_structure(back, s.x));
    std::string why = "<" + u->name() + ", " + print::text(lhs) + "> = <" + print::text(dual) + "[" +
                      u->name() + "], " + h->name() + ">";
    if (!(projected == back)) {
      adjoint_tree = adjoint::read(expanded(projected), s.x_type, o);
      why += "; " + s.x->name() + " is " + structure_name(s.x->facts);
    }
    if (own) why += "; the map is its own adjoint";
    const Ast adjoint_lhs = syntax::with_type(syntax::index(dual, {u_tree}), s.x_type);
    if (Line* line = s.add(adjoint_lhs, adjoint_tree, "read off the adjoint", why)) {
      line->left = line->right = projected;
    }
  }
  const Ast matrix = read_kronecker(expanded(value), s.type, h, s.x_type, s.options());
  if (matrix && body) {
    const auto vec = [](const Ast& a) { return a->type.is_column() ? a : syntax::call("vec", {a}); };
    s.add(vec(lhs), syntax::binary("*", matrix, vec(h_tree)),
          "vec(A*H*B) = kron(B',A)*vec(H), vec(H') = K*vec(H)");
  }
}

}  // namespace

void state_answer(Scribe& s, const Ast& lhs, Expr found, const std::string& rule) {
  std::vector<std::string> names;
  const Expr answer = answer_of(s, names);
  const Type t = answer_type(s);
  const Ast last = s.shortest(answer, t);
  const Ast raw = s.read(found, t);
  const auto cost = [](const Ast& tree) { return syntax::operation_count(tree); };
  const bool done = raw && last && simplify(found) == answer && cost(raw) <= cost(last);
  if (Line* line = s.add(lhs, raw ? raw : last, rule)) line->left = line->right = s.settled(found);
  if (!done) {
    if (Line* line = s.next(last, last_rule(s, names))) line->right = answer;
  }
  s.out.result = answer;
}

Kind kind_of(const Scribe& s) {
  if (s.x_type.is_scalar()) return Kind::Derivative;
  if (s.f.rank() == 0) return Kind::Gradient;
  return is_vector(s.type) && is_vector(s.x_type) ? Kind::Jacobian : Kind::Map;
}

Type answer_type(const Scribe& s) {
  switch (kind_of(s)) {
    case Kind::Gradient:
      return s.x_type;
    case Kind::Jacobian:
      return Type{length(s.type), length(s.x_type), {}};
    case Kind::Derivative:
    case Kind::Map:
      break;
  }
  return s.type;
}

Ast derivative_name(Scribe& s) {
  const Ast f = syntax::name(s.function);
  switch (kind_of(s)) {
    case Kind::Gradient:
      return syntax::call("grad", {f});
    case Kind::Derivative:
      return syntax::binary("/", syntax::name("d" + s.function), syntax::name("d" + s.x->name()));
    case Kind::Jacobian:
      return syntax::call("jacobian", {f});
    case Kind::Map:
      break;
  }
  return nullptr;
}

Expr answer_of(Scribe& s, std::vector<std::string>& rules) {
  switch (kind_of(s)) {
    case Kind::Gradient: {
      const Expr g = simplified(gradient(s.f, s.x), rules);
      return simplified(project_on_structure(g, s.x), rules);
    }
    case Kind::Derivative: {
      const Movement m{s.x, s.graph().number(1)};
      return simplified(pushforward(s.f, std::span(&m, 1)), rules);
    }
    case Kind::Jacobian:
      return simplified(jacobian(s.f, s.x), rules);
    case Kind::Map:
      break;
  }
  return simplified(s.along_dx(s.f), rules);
}

void read_off(Scribe& s, Expr linear) {
  s.out.kind = kind_of(s);
  switch (s.out.kind) {
    case Kind::Gradient:
      read_gradient(s, linear);
      return;
    case Kind::Jacobian:
      read_jacobian(s, linear);
      return;
    case Kind::Map:
      read_map(s, linear);
      return;
    case Kind::Derivative:
      break;
  }
  const Expr found = substitute(linear, std::vector<std::pair<Expr, Expr>>{{s.dx, s.graph().number(1)}});
  state_answer(s, derivative_name(s), found,
               s.out.style == Style::Definition ? "the factor of " + s.dx->name()
                                                : "read off: divide by d" + s.x->name());
}

}  // namespace adjoint::derivation

#include "derivation/scribe.hpp"

#include <algorithm>

#include "calculus/differentiate.hpp"
#include "calculus/linear.hpp"
#include "ops/abstract.hpp"
#include "print/text.hpp"
#include "simplify/simplify.hpp"
#include "syntax/build.hpp"
#include "syntax/tree.hpp"

namespace adjoint::derivation {

using syntax::Ast;
using syntax::Type;

namespace {

constexpr std::size_t kMostFactored = 400;  // larger expressions are not searched for common factors

void take_names(Expr root, std::set<std::string, std::less<>>& taken) {
  const auto take = [&taken](const Size& s) {
    for (auto& name : s.names()) taken.insert(std::move(name));
  };
  for (const auto& e : topological(std::span(&root, 1))) {
    for (const auto& s : e->shape) take(s);
    for (const auto& s : e->attributes.sizes) take(s);
    if (!e->attributes.name.empty()) taken.insert(e->attributes.name);
  }
}

}  // namespace

Scribe::Scribe(const Question& question, Style style)
    : f(simplify(question.function)),
      x(question.variable),
      type(question.type),
      x_type(question.variable_type),
      question_(question),
      options_(question.options),
      taken_(question.options.taken) {
  out.style = style;
  take_names(question.function, taken_);
  take_names(f, taken_);
  taken_.insert(x->name());
  for (const char* reserved : {"pi", "inf", "d", "O", "o"}) taken_.insert(reserved);
  for (const auto& e : topological(std::span(&f, 1))) {
    const bool active = e == x || std::any_of(e->operands.begin(), e->operands.end(),
                                              [this](Expr o) { return active_.contains(o.get()); });
    if (active) active_.insert(e.get());
  }
  const std::vector<std::string> small{"f", "F", "phi", "Phi"};
  const std::vector<std::string> capital{"F", "G", "Phi"};
  std::vector<std::string> wishes = type.is_matrix() ? capital : small;
  if (!question.name.empty()) wishes.insert(wishes.begin(), question.name);
  function = fresh(wishes);
  out.differentials.emplace_back(fresh({"d" + function}), function);
  std::string direction;
  if (style == Style::Definition) {
    direction = x_type.is_matrix() ? fresh({"H", "K", "E"}) : fresh({"h", "k", "eta"});
  } else {
    direction = fresh({"d" + x->name(), "d_" + x->name()});
    out.differentials.emplace_back(direction, x->name());
  }
  dx = direction_for(x, direction);
  options_.direction = &x_type;
  const auto given = question.options.declared;
  options_.declared = [this, given](std::string_view name) -> const Type* {
    if (const auto at = quantity_of_.find(name); at != quantity_of_.end()) return nullptr;
    if (name == x->name()) return &x_type;
    return given ? given(name) : nullptr;
  };
}

Expr Scribe::along_dx(Expr e) {
  if (changes_.empty()) {
    changes_.emplace(x.get(), dx);
    for (const auto& y : topological(std::span(&f, 1))) {
      if (!moves(y) || y == x) continue;
      std::vector<Term> terms;
      for (std::size_t k = 0; k < y->operands.size(); ++k) {
        const auto at = changes_.find(y->operands[k].get());
        if (at != changes_.end()) terms.push_back({1, linearise(*y, static_cast<int>(k), at->second)});
      }
      changes_.emplace(y.get(), graph().sum(terms));
    }
  }
  if (const auto at = changes_.find(e.get()); at != changes_.end()) return at->second;
  const Movement m{x, dx};
  return pushforward(e, std::span(&m, 1));
}

std::string Scribe::unused(const std::vector<std::string>& wishes) const {
  for (const auto& w : wishes) {
    if (!taken_.contains(w)) return w;
  }
  for (int k = 1;; ++k) {
    std::string name = wishes[0] + std::to_string(k);
    if (!taken_.contains(name)) return name;
  }
}

std::string Scribe::fresh(const std::vector<std::string>& wishes) {
  std::string name = unused(wishes);
  taken_.insert(name);
  return name;
}

std::string Scribe::fresh_like(Expr e, const std::vector<std::string>& small,
                               const std::vector<std::string>& capital) {
  return fresh(e.rank() == 2 ? capital : small);
}

Type Scribe::natural(Expr e) const {
  const Shape& s = e.shape();
  if (s.empty()) return {};
  if (s.size() == 1) return x_type.is_row() ? Type{Size(1), s[0], {}} : Type{s[0], Size(1), {}};
  if (s.size() == 2) return Type{s[0], s[1], {}};
  return Type{Size(1), Size(1), s};
}

Expr Scribe::tangent(Expr u, const std::string& name) {
  auto& known = tangents_[u.get()];
  if (!known.variable) {
    const std::string hidden = "d#" + std::to_string(u->id);
    Facts facts;
    facts.symmetric = is_symmetric(u) ? Truth::Yes : Truth::Unknown;
    known = {graph().variable(hidden, u.shape(), facts, Role::Direction), u, name};
    quantity_of_.emplace(hidden, u.get());
  }
  if (!name.empty()) known.name = name;
  return known.variable;
}

std::vector<std::pair<Expr, Expr>> Scribe::tangents_in(Expr e) {
  std::vector<std::pair<Expr, Expr>> found;
  for (const auto& n : topological(std::span(&e, 1))) {
    if (n->kind != adjoint::Kind::Variable || n->role != Role::Direction) continue;
    const auto at = quantity_of_.find(n->name());
    if (at != quantity_of_.end()) found.emplace_back(n, tangents_.at(at->second).quantity);
  }
  return found;
}

Expr Scribe::settled(Expr e) {
  std::vector<std::pair<Expr, Expr>> replacements;
  for (const auto& [t, u] : tangents_in(e)) replacements.emplace_back(t, along_dx(u));
  for (const auto& named : out.quantities) replacements.push_back(named);
  return replacements.empty() ? e : substitute(e, replacements);
}

Ast Scribe::read(Expr e, const Type& t) {
  if (e.rank() > 2) return nullptr;
  const Ast tree = adjoint::read(e, t, options_);
  if (!tree) return nullptr;
  syntax::Substitution names;
  for (const auto& [variable, u] : tangents_in(e)) {
    const Tangent& known = tangents_.at(u.get());
    const Type own = natural(u);
    if (!known.name.empty()) {
      names[variable->name()] = syntax::with_type(syntax::name(known.name), own);
      continue;
    }
    const Ast inner = read(u, own);
    if (!inner) return nullptr;
    names[variable->name()] = syntax::with_type(syntax::call("d", {inner}), own);
  }
  std::set<std::string> directions;
  for (const auto& n : topological(std::span(&e, 1))) {
    if (n->kind == adjoint::Kind::Variable && n->role == Role::Direction) directions.insert(n->name());
  }
  for (const auto& [variable, u] : tangents_in(e)) directions.insert(tangents_.at(u.get()).name);
  return as_written(names.empty() ? tree : syntax::substitute(tree, names), directions);
}

Ast Scribe::shortest(Expr e, const Type& t) {
  if (question_.shortest && e.rank() <= 2) return question_.shortest(e, t, options_);
  std::vector<Expr> forms{expanded(e)};
  const auto form = [&forms](Expr other) {
    if (std::find(forms.begin(), forms.end(), other) == forms.end()) forms.push_back(other);
  };
  form(e);
  if (topological(std::span(&e, 1)).size() <= kMostFactored) {
    form(simplify(factored(forms[0])));
    form(simplify(factored(forms.back())));
    form(simplify(factored(e)));
  }
  Ast best;
  for (const auto& candidate : forms) {
    const Ast tree = read(candidate, t);
    if (tree && (!best || syntax::operation_count(tree) < syntax::operation_count(best))) best = tree;
  }
  return best;
}

Ast Scribe::name_of(Expr variable, const Type& t) {
  return syntax::with_type(syntax::name(variable->name()), t);
}

Line* Scribe::add(Ast lhs, Ast rhs, std::string rule, std::string note) {
  if (!lhs || !rhs) return nullptr;
  Line line;
  line.lhs = std::move(lhs);
  line.rhs = std::move(rhs);
  line.rule = std::move(rule);
  line.note = std::move(note);
  out.lines.push_back(std::move(line));
  return &out.lines.back();
}

Line* Scribe::next(Ast rhs, std::string rule, std::string note) {
  if (out.lines.empty() || !rhs || print::text(rhs) == print::text(out.lines.back().rhs)) return nullptr;
  const Line& above = out.lines.back();
  Line* line = add(above.lhs, std::move(rhs), std::move(rule), std::move(note));
  const Line& before = out.lines[out.lines.size() - 2];
  line->continues = true;
  line->accuracy = before.accuracy;
  line->left = before.left;
  line->right = before.right;
  return line;
}

void Scribe::state_function(const Ast& lhs) {
  std::vector<Step> steps;
  const Expr given = question_.function;
  simplify(given, &steps);
  std::vector<std::string> names;
  for (const auto& step : steps) names.emplace_back(step.rule);
  const Ast source = question_.source ? question_.source : read(given, type);
  const Ast simple = read(f, type);
  if (source) {
    if (Line* line = add(lhs, source, "")) {
      line->left = line->right = given;
    }
    next(simple, names.empty() ? "the same, in normal form" : joined(names));
  } else if (Line* line = add(lhs, simple, "")) {
    line->left = line->right = f;
  }
}

}  // namespace adjoint::derivation

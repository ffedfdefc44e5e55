// Calls: definitions, abstract functions, and the table of functions with its signatures.
#include <algorithm>
#include <numeric>

#include "notation/inference.hpp"

namespace adjoint::notation {

using syntax::Kind;

std::optional<std::string> nearest_name(const std::string& name, const std::vector<std::string>& names) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::optional<std::string> best;
  std::size_t least = name.size() < 4 ? 2 : 3;  // distances below this are near
  if (name.size() > 64) return best;
  for (const auto& other : names) {
    if (other.size() > name.size() + least || name.size() > other.size() + least) continue;
    // Optimal string alignment: insert, delete, replace, exchange neighbours.
    std::vector<std::vector<std::size_t>> d(name.size() + 1, std::vector<std::size_t>(other.size() + 1));
    for (std::size_t i = 0; i <= name.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= other.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= name.size(); ++i) {
      for (std::size_t j = 1; j <= other.size(); ++j) {
        const std::size_t cost = lower(name[i - 1]) == lower(other[j - 1]) ? 0 : 1;
        d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
        if (i > 1 && j > 1 && lower(name[i - 1]) == lower(other[j - 2]) &&
            lower(name[i - 2]) == lower(other[j - 1])) {
          d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    if (d[name.size()][other.size()] < least) {
      least = d[name.size()][other.size()];
      best = other;
    }
  }
  return best;
}

// Whether a comparison stands in it, or a name that may stand for one.
bool Inference::holds_condition(const Ast& ast) const {
  if (ast->kind == Kind::Compare) return true;
  if (ast->kind == Kind::Name || ast->kind == Kind::Call) {
    if (find_bound(ast->text) != nullptr || symbols_.definition(ast->text) != nullptr) return true;
  }
  return std::any_of(ast->args.begin(), ast->args.end(), [this](const Ast& a) { return holds_condition(a); });
}

Inference::Result Inference::call(const Ast& ast) {
  const std::string& name = ast->text;
  const bool bound = find_bound(name) != nullptr;
  const Definition* d = symbols_.definition(name);
  const Symbol* s = symbols_.find(name);
  if (d != nullptr && d->has_parameters) {
    if (s != nullptr && s->kind == Symbol::Kind::Function) return abstract_call(ast, *s, 0);
    return defined_call(ast, *d);
  }
  if (s != nullptr && s->kind == Symbol::Kind::Function) return abstract_call(ast, *s, 0);
  if (const auto derivative = derivative_name(name, symbols_)) {
    return abstract_call(ast, *symbols_.find(derivative->base), derivative->order);
  }
  if (const Surface* surface = table_.find(name)) {
    if (name == "where" && !ast->args.empty() && !holds_condition(ast->args[0])) {
      error(ast->args[0], "the first argument of where is a condition such as x < 0");
      return nullptr;
    }
    return table_call(ast, *surface);
  }
  if (s != nullptr || d != nullptr || bound) {
    for (const auto& a : ast->args) infer(a);
    const std::string of = s != nullptr ? " (" + s->text() + ")" : "";
    error(ast, "`" + name + "` is no function" + of + "; a product is written " + name + "*(…), an entry " +
                   name + "[…]");
    return nullptr;
  }
  return unknown_function(ast);
}

Inference::Result Inference::unknown_function(const Ast& ast) {
  std::vector<std::string> known;
  for (const auto& s : table_.all()) known.emplace_back(s.name);
  for (const auto& s : symbols_.all()) {
    if (s.kind != Symbol::Kind::Function) continue;
    known.push_back(s.name);
    for (const auto* suffix : {"_prime", "_second", "_grad", "_hess", "_jac"}) {
      if (derivative_name(s.name + suffix, symbols_)) known.push_back(s.name + suffix);
    }
  }
  for (const auto& d : symbols_.definitions()) {
    if (d.has_parameters) known.push_back(d.name.name);
  }
  const auto near = nearest_name(ast->text, known);
  const Place place{ast->place.begin, ast->place.begin + static_cast<std::uint32_t>(ast->text.size())};
  error(place, "unknown function `" + ast->text + "`" +
                   (near ? "; did you mean `" + *near + "`?"
                         : " (an abstract one is declared as " + ast->text + " : R -> R)"));
  for (const auto& a : ast->args) infer(a);  // what is wrong inside is reported too
  return nullptr;
}

Inference::Result Inference::defined_call(const Ast& ast, const Definition& d) {
  if (ast->args.size() != d.parameters.size()) {
    error(ast,
          "`" + d.name.name + "` takes " + std::to_string(d.parameters.size()) +
              (d.parameters.size() == 1 ? " argument" : " arguments") + ", found " +
              std::to_string(ast->args.size()),
          {{"defined at", d.name.place}});
    return nullptr;
  }
  std::vector<Result> values;
  for (const auto& a : ast->args) values.push_back(infer(a));
  if (std::find(values.begin(), values.end(), nullptr) != values.end()) return nullptr;
  return inlined(ast, d, values);
}

// The body of a definition, its parameters bound to values.
Inference::Result Inference::inlined(const Ast& ast, const Definition& d, const std::vector<Result>& values) {
  if (!open_definitions_.insert(d.name.name).second) {
    error(ast, "the definition of `" + d.name.name + "` uses itself", {{"defined at", d.name.place}});
    return nullptr;
  }
  if (inlined_ > kMostInlined || ++inlined_ > kMostInlined) {
    if (inlined_++ == kMostInlined + 1)
      error(calls_.empty() ? ast->place : calls_.front(),
            "this uses definitions more than " + std::to_string(kMostInlined) + " times");
    open_definitions_.erase(d.name.name);
    return nullptr;
  }
  Frame frame;
  frame.barrier = true;
  for (std::size_t k = 0; k < values.size(); ++k) frame.names[d.parameters[k].name] = {values[k], -1};
  frames_.push_back(std::move(frame));
  calls_.push_back(ast->place);
  Result result = infer(d.body);
  calls_.pop_back();
  frames_.pop_back();
  open_definitions_.erase(d.name.name);
  return result;
}

Inference::Result Inference::abstract_call(const Ast& ast, const Symbol& symbol, int order) {
  if (ast->args.size() != 1) {
    error(ast,
          "`" + ast->text + "` takes one argument (" + symbol.text() + "), found " +
              std::to_string(ast->args.size()),
          {{"declared at", symbol.place}});
    return nullptr;
  }
  const Ast& raw = ast->args[0];
  const Result a = infer(raw);
  if (!a) return nullptr;
  Type t = a->type;
  if (!symbol.is_entrywise_function()) {
    if (!same_shape(symbol.from, type(a), raw->place)) {
      std::vector<Note> notes{{"`" + symbol.name + "` declared at", symbol.place}};
      for (auto& n : origins({{raw, a}})) notes.push_back(std::move(n));
      error(raw,
            "`" + symbol.name + "` goes from " + domain_text(symbol.from) + ", a " + shape_text(symbol.from) +
                " column; " + is_of(raw, a),
            notes);
      return nullptr;
    }
    std::vector<Size> sizes;
    if (!symbol.to.is_scalar()) sizes.push_back(symbol.to.rows);
    for (int k = 0; k < order; ++k) sizes.push_back(symbol.from.rows);
    t = {};
    if (sizes.size() > 2) {
      t.higher = sizes;
    } else {
      if (!sizes.empty()) t.rows = sizes[0];
      if (sizes.size() == 2) t.columns = sizes[1];
    }
  }
  if (const Definition* d = symbols_.definition(symbol.name))
    return valued_call(ast, symbol, *d, order, a, t);
  const Result result = same(ast, {a}, t);
  Meaning& m = mean(result, Meaning::Kind::Abstract);
  m.symbol = symbol_index(symbol);
  m.order = order;
  return result;
}

// An abstract function that was given a value: its body, or what differentiation makes of it.
Inference::Result Inference::valued_call(const Ast& ast, const Symbol& symbol, const Definition& d, int order,
                                         const Result& a, const Type& t) {
  const bool entrywise = symbol.is_entrywise_function();
  const bool plain = order == 0 && (!entrywise || type(a).is_scalar());
  Result parameter = a;
  int variable = -1;
  if (!plain) {
    parameter =
        node(Kind::Name, d.parameters[0].name, {}, ast->args[0]->place, entrywise ? Type() : symbol.from);
    Meaning& m = mean(parameter, entrywise ? Meaning::Kind::Entry : Meaning::Kind::Point);
    m.parameter = a;
    m.order = order;
    if (entrywise) {  // the parameter runs over the entries
      variable = m.variable = static_cast<int>(variables_.size());
      const std::size_t rank = a->type.higher.empty() ? 2 : a->type.higher.size();
      for (std::size_t k = 0; k < rank; ++k) variables_.push_back({"", 1, 1});
    }
  }
  const Result body = inlined(ast, d, {parameter});
  if (!body) return nullptr;
  if (!same_shape(symbol.to, type(body), d.body->place)) {
    error(d.body,
          "`" + symbol.name + "` has values in " + domain_text(symbol.to) + "; " + is_of(d.body, body),
          {{"declared at", symbol.place}});
    return nullptr;
  }
  if (plain) return body;
  const Result result = same(ast, {a}, t);
  Meaning& m = mean(result, entrywise ? Meaning::Kind::Entrywise : Meaning::Kind::Derivative);
  m.variable = variable;
  m.order = order;
  m.parameter = parameter;
  m.body = body;
  return result;
}

// ---- The table ----

Size Inference::evaluate(const Ast& pattern, Match& match) {
  const auto name = [&](const Ast& n) -> std::optional<Size> {
    const auto at = match.sizes.find(n->text);
    if (at != match.sizes.end()) return at->second;
    return match.sizes[n->text] = unifier_.unknown(Unifier::Range::Any);
  };
  const auto minimum = [&](const Size& a, const Size& b) { return unifier_.minimum(a, b); };
  return evaluate_size(
             pattern, name, [](Place, const std::string&) {}, minimum)
      .value_or(Size(1));
}

bool Inference::matches_size(const Ast& pattern, const Size& actual, Place place, Match& match) {
  if (pattern->kind == Kind::Number) {
    const Size expected = evaluate(pattern, match);
    return expected.is_one() ? unifier_.resolve(actual).is_one() : unifier_.equal(expected, actual, place);
  }
  if (pattern->kind == Kind::Name && match.sizes.count(pattern->text) == 0) {
    match.sizes[pattern->text] = actual;
    return true;
  }
  return unifier_.equal(evaluate(pattern, match), actual, place);
}

bool Inference::matches(const Pattern& pattern, const Ast& raw, const Result& typed, std::size_t k,
                        Match& match) {
  switch (pattern.kind) {
    case Pattern::Kind::Array: {
      const Type t = type(typed);
      return t.higher.empty() && matches_size(pattern.rows, t.rows, raw->place, match) &&
             matches_size(pattern.columns, t.columns, raw->place, match);
    }
    case Pattern::Kind::Any: {
      const auto [at, fresh] = match.types.emplace(pattern.name, typed->type);
      return fresh || same_shape(unifier_.resolve(at->second), type(typed), raw->place);
    }
    case Pattern::Kind::Wide: {
      const Type t = type(typed);
      const auto [at, fresh] = match.types.emplace(pattern.name, t);
      if (fresh || t.is_scalar()) return true;
      const Type other = unifier_.resolve(at->second);
      if (other.is_scalar()) {
        at->second = t;
        return true;
      }
      return same_shape(other, t, raw->place);
    }
    case Pattern::Kind::Size:
    case Pattern::Kind::Index: {
      const auto size = size_of(raw, [&](Place place, std::string message) {
        match.problems.emplace_back(place, std::move(message));
      });
      if (!size) return false;
      if (const auto c = unifier_.resolve(*size).constant(); c && *c < 1) {
        match.problems.emplace_back(raw->place, pattern.kind == Pattern::Kind::Size
                                                    ? "a size must be at least 1, found " + size->text()
                                                    : "subscripts count from 1, found " + size->text());
        return false;
      }
      match.arguments[k] = *size;
      if (pattern.kind == Pattern::Kind::Size) {
        const auto [at, fresh] = match.sizes.emplace(pattern.name, *size);
        return fresh || unifier_.equal(at->second, *size, raw->place);
      }
      return true;
    }
    case Pattern::Kind::Literal: {
      const auto value = constant_value(raw);
      const auto wanted = constant_value(parse_fragment(pattern.literal));
      return value && wanted && *value == *wanted;
    }
    case Pattern::Kind::Empty:
      return raw->kind == Kind::Block && raw->args.empty();
  }
  return false;
}

bool Inference::matches(const Ast& ast, const Signature& s, const std::vector<Result>& typed, Match& match) {
  match.arguments.assign(ast->args.size(), Size(0));
  for (std::size_t k = 0; k < ast->args.size(); ++k) {
    if (!matches(s.arguments[k], ast->args[k], typed[k], k, match)) return false;
  }
  return true;
}

Inference::Result Inference::table_call(const Ast& ast, const Surface& surface) {
  const std::size_t arity = ast->args.size();
  std::vector<std::pair<const Overload*, Signature>> candidates;
  std::set<std::size_t> arities;
  for (const auto& overload : surface.overloads) {
    Signature s = parse_signature(overload.signature);
    arities.insert(s.arguments.size());
    if (s.arguments.size() == arity) candidates.emplace_back(&overload, std::move(s));
  }
  if (candidates.empty()) {
    std::string counts;
    for (const auto a : arities)
      counts += (counts.empty() ? "" : a == *arities.rbegin() ? " or " : ", ") + std::to_string(a);
    error(ast, "`" + ast->text + "` takes " + counts + (counts == "1" ? " argument" : " arguments") +
                   ", found " + std::to_string(arity));
    for (const auto& a : ast->args) infer(a);
    return nullptr;
  }
  if (surface.name == "unit" && arity == 2) {
    const auto size = affine(ast->args[0], nullptr);
    const auto at = affine(ast->args[1], nullptr);
    if (!size || !at) return nullptr;
    if (size->coefficients.empty() && at->coefficients.empty() &&
        !inside(at->constant, size->constant, ast->args[1]->place, "entries"))
      return nullptr;
  }
  // unit(n,i) with an index variable i is column i of the identity.
  if (surface.name == "unit" && arity == 2 && ast->args[1]->kind != Kind::Number) {
    const auto at = affine(ast->args[1], nullptr);
    if (!at) return nullptr;
    if (!at->coefficients.empty()) {
      const auto build = [&](Kind kind, std::string text, std::vector<Ast> args) {
        auto n = std::make_shared<syntax::Node>();
        n->kind = kind;
        n->text = std::move(text);
        n->args = std::move(args);
        n->place = ast->place;
        return Ast(n);
      };
      return index(
          build(Kind::Index, "",
                {build(Kind::Call, "eye", {ast->args[0]}), build(Kind::Colon, "", {}), ast->args[1]}));
    }
  }
  std::vector<Result> typed(arity);
  bool good = true;
  for (std::size_t k = 0; k < arity; ++k) {
    const bool array = std::any_of(candidates.begin(), candidates.end(), [k](const auto& c) {
      const auto kind = c.second.arguments[k].kind;
      return kind == Pattern::Kind::Array || kind == Pattern::Kind::Any || kind == Pattern::Kind::Wide;
    });
    const bool empty = ast->args[k]->kind == Kind::Block && ast->args[k]->args.empty();
    if (!array || (empty && candidates.size() > 1)) continue;
    typed[k] = infer(ast->args[k]);
    good = good && typed[k];
  }
  if (!good) return nullptr;
  Match last;
  for (const auto& [overload, signature] : candidates) {
    Match match;
    const auto mark = unifier_.mark();
    bool fits = matches(ast, signature, typed, match);
    Type t;
    if (fits) {
      const Pattern& r = signature.result;
      if (r.kind == Pattern::Kind::Array) {
        t.rows = evaluate(r.rows, match);
        t.columns = evaluate(r.columns, match);
      } else {
        t = match.types[r.name];
      }
      const Type known = unifier_.resolve(t);
      for (const auto& size : {known.rows, known.columns}) {
        if (const auto c = size.constant(); c && *c < 1) {
          match.problems.emplace_back(
              ast->place, "the result of `" + ast->text + "` would be empty: " + shape_text(known));
          fits = false;
        }
      }
    }
    if (!fits) {
      unifier_.back(mark);
      last = std::move(match);
      continue;
    }
    std::vector<Ast> args;
    for (std::size_t k = 0; k < arity; ++k) args.push_back(typed[k] ? Ast(typed[k]) : ast->args[k]);
    const Result result = same(ast, std::move(args), t);
    Meaning& m = mean(result, Meaning::Kind::Function);
    m.surface = &surface;
    m.overload = overload;
    for (const auto& p : signature.arguments) m.patterns.push_back(p.kind);
    m.sizes = match.arguments;
    return result;
  }
  report_mismatch(ast, surface, typed, last);
  return nullptr;
}

namespace {

std::string described(const Pattern& p) {
  if (p.kind == Pattern::Kind::Any || p.kind == Pattern::Kind::Wide) return "an array";
  if (p.kind == Pattern::Kind::Size) return "a size";
  if (p.kind == Pattern::Kind::Index) return "a subscript";
  if (p.kind != Pattern::Kind::Array) return p.text;
  if (p.only_scalar()) return "a scalar";
  const auto text = [](const Ast& a) {
    return a->kind == Kind::Name || a->kind == Kind::Number ? a->text : std::string();
  };
  if (text(p.columns) == "1") return "a column";
  if (text(p.rows) == "1") return "a row";
  return !text(p.rows).empty() && text(p.rows) == text(p.columns) ? "a square matrix" : "a matrix";
}

}  // namespace

void Inference::report_mismatch(const Ast& ast, const Surface& surface, const std::vector<Result>& typed,
                                const Match& match) {
  if (!match.problems.empty()) {
    for (const auto& [place, message] : match.problems) error(place, message);
    return;
  }
  std::vector<std::string> forms;
  bool shared = false;
  for (const auto& overload : surface.overloads) {
    const Signature s = parse_signature(overload.signature);
    if (s.arguments.size() != ast->args.size()) continue;
    std::string form;
    std::size_t arrays = 0;
    for (const auto& p : s.arguments) {
      form += (form.empty() ? "" : ", ") + described(p);
      arrays += p.kind == Pattern::Kind::Array && !p.only_scalar() ? 1 : 0;
      arrays += p.kind == Pattern::Kind::Any || p.kind == Pattern::Kind::Wide ? 1 : 0;
    }
    shared = shared || arrays > 1;
    if (std::find(forms.begin(), forms.end(), form) == forms.end()) forms.push_back(form);
  }
  std::string message = "`" + ast->text + "` takes ";
  for (std::size_t k = 0; k < forms.size(); ++k)
    message += (k == 0 ? "" : k + 1 == forms.size() ? " or " : ", ") + forms[k];
  if (shared) message += " whose sizes fit";
  message += ':';
  std::vector<std::pair<Ast, Result>> operands;
  for (std::size_t k = 0; k < typed.size(); ++k) {
    if (!typed[k]) continue;
    message += (operands.empty() ? " " : ", ") + is_of(ast->args[k], typed[k]);
    operands.emplace_back(ast->args[k], typed[k]);
  }
  if (operands.empty()) message += " found " + shown(ast);
  error(ast, message, origins(operands));
}

}  // namespace adjoint::notation

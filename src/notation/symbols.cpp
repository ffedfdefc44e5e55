#include "notation/symbols.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "graph/rational.hpp"
#include "ops/matrix.hpp"

namespace adjoint::notation {

using SyntaxKind = syntax::Kind;

bool is_constant_name(const std::string& name) { return name == "pi" || name == "inf"; }

bool Bounds::empty_set() const {
  return lower && upper && (*lower > *upper || (*lower == *upper && (lower_strict || upper_strict)));
}

std::string domain_text(const Type& t) {
  if (!t.higher.empty()) {
    std::string out = "R^(";
    for (std::size_t k = 0; k < t.higher.size(); ++k) out += (k == 0 ? "" : ",") + t.higher[k].text();
    return out + ')';
  }
  if (t.is_scalar()) return "R";
  if (t.is_column()) {
    const std::string n = t.rows.text();
    const bool plain = std::all_of(n.begin(), n.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '?';
    });
    return plain ? "R^" + n : "R^(" + n + ')';
  }
  return "R^(" + t.rows.text() + ',' + t.columns.text() + ')';
}

std::string shape_text(const Type& t) {
  if (!t.higher.empty()) return domain_text(t).substr(2);
  if (t.is_scalar()) return "a scalar";
  return '(' + t.rows.text() + ',' + t.columns.text() + ')';
}

namespace {

std::string number_text(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15)
    return std::to_string(static_cast<long long>(value));
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.17g", value);
  for (int digits = 1; digits < 17; ++digits) {
    char shorter[32];
    std::snprintf(shorter, sizeof shorter, "%.*g", digits, value);
    if (std::strtod(shorter, nullptr) == value) return shorter;
  }
  return buffer;
}

constexpr std::string_view kFamilies[] = {"R", "Sym", "PSD", "PD", "Diag", "Lower", "Orth"};

}  // namespace

std::string Symbol::text() const {
  if (kind == Kind::Function) return name + " : " + domain_text(from) + " -> " + domain_text(to);
  if (structure != Structure::None) {
    return name + " in " + std::string(kFamilies[static_cast<std::size_t>(structure)]) + '(' +
           type.rows.text() + ')';
  }
  std::string out = name + " in " + domain_text(type);
  if (bounds.lower == 0.0 && bounds.lower_strict) out.insert(out.find(" in R") + 5, "+");
  return out;
}

std::vector<std::string> Symbol::declarations() const {
  std::vector<std::string> out{text()};
  const bool said = structure == Structure::None && bounds.lower == 0.0 && bounds.lower_strict;
  if (bounds.lower && !said)
    out.push_back(name + (bounds.lower_strict ? " > " : " >= ") + number_text(*bounds.lower));
  if (bounds.upper) out.push_back(name + (bounds.upper_strict ? " < " : " <= ") + number_text(*bounds.upper));
  return out;
}

Facts Symbol::facts() const {
  Facts f;
  switch (structure) {
    case Structure::None:
      break;
    case Structure::Symmetric:
      f = Facts::symmetric_matrix();
      break;
    case Structure::Semidefinite:
      f = Facts::semidefinite_matrix();
      break;
    case Structure::Definite:
      f = Facts::definite_matrix();
      break;
    case Structure::Diagonal:
      f = Facts::diagonal_matrix();
      break;
    case Structure::Lower:
      f = Facts::lower_matrix();
      break;
    case Structure::Orthogonal:
      f = Facts::orthogonal_matrix();
      break;
  }
  if (type.is_scalar()) {  // a matrix of one entry is a number of some sign
    const Facts matrix = f;
    f = matrix.definite == Truth::Yes       ? Facts::of_signs(Signs::positive())
        : matrix.semidefinite == Truth::Yes ? Facts::of_signs(Signs::nonnegative())
                                            : Facts::unknown();
    f.orthogonal = matrix.orthogonal;
  }
  std::uint8_t possible = f.signs.possible;
  if (bounds.lower && *bounds.lower >= 0) {
    possible &= static_cast<std::uint8_t>(~Signs::kNegative);
    if (*bounds.lower > 0 || bounds.lower_strict) possible &= static_cast<std::uint8_t>(~Signs::kZero);
  }
  if (bounds.upper && *bounds.upper <= 0) {
    possible &= static_cast<std::uint8_t>(~Signs::kPositive);
    if (*bounds.upper < 0 || bounds.upper_strict) possible &= static_cast<std::uint8_t>(~Signs::kZero);
  }
  f.signs.possible = possible;
  return f;
}

const Symbol* Symbols::find(const std::string& name) const {
  const auto at = symbol_at_.find(name);
  return at == symbol_at_.end() ? nullptr : &symbols_[at->second];
}

Symbol* Symbols::find_mutable(const std::string& name) { return const_cast<Symbol*>(find(name)); }  // NOLINT

const Definition* Symbols::definition(const std::string& name) const {
  const auto at = definition_at_.find(name);
  return at == definition_at_.end() ? nullptr : &definitions_[at->second];
}

void Symbols::push(Symbol symbol) {
  symbol_at_[symbol.name] = symbols_.size();
  symbols_.push_back(std::move(symbol));
}

void Symbols::push(const Definition& definition) {
  definition_at_[definition.name.name] = definitions_.size();
  definitions_.push_back(definition);
}

void Symbols::remove(const std::string& name) {
  if (const auto at = symbol_at_.find(name); at != symbol_at_.end()) {
    symbols_.erase(symbols_.begin() + static_cast<std::ptrdiff_t>(at->second));
    symbol_at_.clear();
    for (std::size_t k = 0; k < symbols_.size(); ++k) symbol_at_[symbols_[k].name] = k;
  }
  if (const auto at = definition_at_.find(name); at != definition_at_.end()) {
    definitions_.erase(definitions_.begin() + static_cast<std::ptrdiff_t>(at->second));
    definition_at_.clear();
    for (std::size_t k = 0; k < definitions_.size(); ++k) definition_at_[definitions_[k].name.name] = k;
  }
}

void Symbols::add(Symbol symbol) {
  remove(symbol.name);
  const auto take = [&](const Type& t) {
    std::vector<Size> sizes{t.rows, t.columns};
    sizes.insert(sizes.end(), t.higher.begin(), t.higher.end());
    for (const auto& s : sizes) {
      for (const auto& n : s.names()) sizes_.emplace(n, symbol.place);
    }
  };
  take(symbol.type);
  take(symbol.from);
  take(symbol.to);
  push(std::move(symbol));
}

void Symbols::declare(const std::vector<Statement>& statements, Redeclare redeclare, Diagnostics& errors) {
  for (const auto& s : statements) {
    std::visit([&](const auto& one) { declare(one, redeclare, errors); }, s);
  }
}

bool Symbols::may_name(const Named& name, Redeclare redeclare, Diagnostics& errors, bool /*function*/) {
  if (is_constant_name(name.name)) {
    errors.error(name.place, "`" + name.name + "` is a constant of the notation");
    return false;
  }
  if (name.name == "in" || name.name == "where") {
    errors.error(name.place, "`" + name.name + "` is a word of the notation");
    return false;
  }
  if (const auto size = sizes_.find(name.name); size != sizes_.end()) {
    errors.error(name.place, "`" + name.name + "` is the name of a size already",
                 {{"used at", size->second}});
    return false;
  }
  if (redeclare == Redeclare::Replace) {
    remove(name.name);
    return true;
  }
  if (const Symbol* other = find(name.name)) {
    errors.error(name.place, "`" + name.name + "` is declared already: " + other->text(),
                 {{"at", other->place}});
    return false;
  }
  if (const Definition* other = definition(name.name)) {
    errors.error(name.place, "`" + name.name + "` is defined already", {{"at", other->name.place}});
    return false;
  }
  return true;
}

std::optional<Size> Symbols::size_of(const Ast& ast, Diagnostics& errors,
                                     std::map<std::string, Place>& names) const {
  const auto error = [&](Place place, std::string message) { errors.error(place, std::move(message)); };
  const auto name = [&](const Ast& n) -> std::optional<Size> {
    const Symbol* other = find(n->text);
    if (other != nullptr && !other->declared_by_assumption) {
      errors.error(
          n->place,
          "`" + n->text + "` is declared as " + other->text() + ", so it cannot be the name of a size",
          {{"declared at", other->place}});
      return std::nullopt;
    }
    if (const Definition* d = definition(n->text)) {
      errors.error(n->place, "`" + n->text + "` is a definition, so it cannot be the name of a size",
                   {{"defined at", d->name.place}});
      return std::nullopt;
    }
    if (is_constant_name(n->text)) {
      errors.error(n->place, "`" + n->text + "` is no size");
      return std::nullopt;
    }
    names.emplace(n->text, n->place);
    return Size::name(n->text);
  };
  return evaluate_size(ast, name, error, smaller);
}

std::optional<Type> Symbols::type_of(const Domain& domain, Diagnostics& errors) {
  std::vector<Size> sizes;
  std::map<std::string, Place> names;
  bool good = true;
  for (const auto& ast : domain.sizes) {
    const auto size = size_of(ast, errors, names);
    if (!size) {
      good = false;
      continue;
    }
    if (const auto c = size->constant(); c && *c < 1) {
      errors.error(ast->place, "a size must be at least 1, found " + size->text());
      good = false;
    }
    sizes.push_back(*size);
  }
  if (!good) return std::nullopt;
  for (const auto& [name, place] : names) {
    sizes_.emplace(name, place);
    if (find(name) != nullptr) remove(name);
  }
  Type t;
  if (domain.family != "R") {
    t.rows = t.columns = sizes[0];
  } else if (sizes.size() <= 2) {
    if (!sizes.empty()) t.rows = sizes[0];
    if (sizes.size() == 2) t.columns = sizes[1];
  } else {
    t.higher = std::move(sizes);
  }
  return t;
}

void Symbols::declare(const Declaration& d, Redeclare redeclare, Diagnostics& errors) {
  const auto type = type_of(d.domain, errors);
  for (const auto& name : d.names) {
    Symbol s;
    s.name = name.name;
    s.place = name.place;
    if (type) s.type = *type;
    for (std::size_t k = 1; k < std::size(kFamilies); ++k) {
      if (d.domain.family == kFamilies[k]) s.structure = static_cast<Structure>(k);
    }
    if (d.domain.positive) {
      s.bounds.lower = 0;
      s.bounds.lower_strict = true;
      s.bound_place = name.place;
    }
    const Symbol* other = find(s.name);
    if (other != nullptr && redeclare == Redeclare::Error) {
      if (other->declared_by_assumption && type) {  // `eps > 0` came first
        s.bounds = other->bounds;
        s.bound_place = other->bound_place;
        if (d.domain.positive && !(s.bounds.lower && *s.bounds.lower >= 0)) {
          s.bounds.lower = 0;
          s.bounds.lower_strict = true;
        }
        if (s.bounds.empty_set()) {
          errors.error(name.place, "the assumptions on `" + s.name + "` contradict each other",
                       {{"the other at", *s.bound_place}});
        }
        *find_mutable(s.name) = s;
        continue;
      }
      if (type && other->text() == s.text()) continue;
    }
    if (!may_name(name, redeclare, errors, false)) continue;
    // A bad size spoils the declaration, but the name is known: fewer errors follow.
    if (!type) continue;
    push(std::move(s));
  }
}

void Symbols::declare(const FunctionDeclaration& d, Redeclare redeclare, Diagnostics& errors) {
  const auto from = type_of(d.from, errors);
  const auto to = type_of(d.to, errors);
  if (!from || !to) return;
  const auto plain = [&](const Domain& domain, const Type& t) {
    if (domain.family == "R" && !domain.positive && (t.is_scalar() || t.is_column())) return true;
    errors.error(domain.place,
                 "an abstract function goes from R or R^p to R or R^m, found " +
                     (domain.family == "R" ? (domain.positive ? "R+" : domain_text(t)) : domain.family));
    return false;
  };
  if (!plain(d.from, *from) || !plain(d.to, *to)) return;
  if (from->is_scalar() && !to->is_scalar()) {
    errors.error(d.to.place, "an abstract function from R has values in R");
    return;
  }
  Symbol s;
  s.kind = Symbol::Kind::Function;
  s.name = d.name.name;
  s.from = *from;
  s.to = *to;
  s.place = d.name.place;
  if (const Symbol* other = find(s.name); other != nullptr && other->text() == s.text()) return;
  if (!may_name(d.name, redeclare, errors, true)) return;
  push(std::move(s));
}

void Symbols::declare(const Assumption& a, Redeclare /*redeclare*/, Diagnostics& errors) {
  const auto value = constant_value(a.bound);
  if (!value || std::isnan(*value)) {
    errors.error(a.bound->place, "an assumption compares a name with a number, as in eps > 0");
    return;
  }
  if (sizes_.count(a.name.name) != 0) {  // sizes are positive integers; more is not needed
    if ((a.relation[0] == '<' && *value < 1) || (a.relation == "==" && *value < 1)) {
      errors.error(a.name.place, "`" + a.name.name + "` is a size, hence at least 1",
                   {{"used at", sizes_.at(a.name.name)}});
    }
    return;
  }
  Symbol* s = find_mutable(a.name.name);
  if (s == nullptr) {
    if (!may_name(a.name, Redeclare::Error, errors, false)) return;
    Symbol fresh;
    fresh.name = a.name.name;
    fresh.place = a.name.place;
    fresh.declared_by_assumption = true;
    push(std::move(fresh));
    s = &symbols_.back();
  }
  if (s->kind == Symbol::Kind::Function) {
    errors.error(a.name.place, "`" + s->name + "` is a function; assumptions are about variables",
                 {{"declared at", s->place}});
    return;
  }
  const Bounds before = s->bounds;
  Bounds& b = s->bounds;
  const bool strict = a.relation == "<" || a.relation == ">";
  if (a.relation[0] == '>' || a.relation == "==") {
    if (!b.lower || *value > *b.lower || (*value == *b.lower && strict)) {
      b.lower = *value;
      b.lower_strict = strict;
    }
  }
  if (a.relation[0] == '<' || a.relation == "==") {
    if (!b.upper || *value < *b.upper || (*value == *b.upper && strict)) {
      b.upper = *value;
      b.upper_strict = strict;
    }
  }
  if (b.empty_set()) {
    std::vector<Note> notes;
    if (s->bound_place) notes.push_back({"the other at", *s->bound_place});
    errors.error(
        a.name.place,
        "the assumptions on `" + s->name + "` contradict each other: no number satisfies all of them", notes);
    b = before;
    return;
  }
  s->bound_place = a.name.place;
}

void Symbols::declare(const Definition& d, Redeclare redeclare, Diagnostics& errors) {
  for (const auto& p : d.parameters) {
    if (is_constant_name(p.name)) {
      errors.error(p.place, "`" + p.name + "` is a constant of the notation and cannot be a parameter");
      return;
    }
  }
  const Symbol* other = find(d.name.name);
  if (other != nullptr && other->kind == Symbol::Kind::Function && d.has_parameters &&
      definition(d.name.name) == nullptr) {
    if (d.parameters.size() != 1) {
      errors.error(d.name.place, "`" + d.name.name + "` takes one argument: " + other->text(),
                   {{"declared at", other->place}});
      return;
    }
    push(d);  // an abstract function gets its value
    return;
  }
  if (!may_name(d.name, redeclare, errors, true)) return;
  push(d);
}

std::optional<Size> evaluate_size(const Ast& ast, const std::function<std::optional<Size>(const Ast&)>& name,
                                  const std::function<void(Place, std::string)>& error,
                                  const std::function<Size(const Size&, const Size&)>& minimum) {
  const auto recurse = [&](const Ast& a) { return evaluate_size(a, name, error, minimum); };
  const auto refuse = [&]() -> std::optional<Size> {
    error(ast->place, "expected a size: an integer, a name, or a polynomial of names such as n-1 or 2*n");
    return std::nullopt;
  };
  try {
    switch (ast->kind) {
      case SyntaxKind::Number: {
        const auto value = Rational::parse(ast->text);
        if (!value || !value->is_integer()) return refuse();
        return Size(value->numerator());
      }
      case SyntaxKind::Name:
        return name(ast);
      case SyntaxKind::Negate: {
        const auto a = recurse(ast->args[0]);
        if (!a) return a;
        return Size(0) - *a;
      }
      case SyntaxKind::Call: {
        if (ast->text != "min" || ast->args.size() != 2) return refuse();
        const auto a = recurse(ast->args[0]);
        const auto b = recurse(ast->args[1]);
        if (!a || !b) return std::nullopt;
        return minimum(*a, *b);
      }
      case SyntaxKind::Binary: {
        const std::string& op = ast->text;
        if (op != "+" && op != "-" && op != "*" && op != "^") return refuse();
        const auto a = recurse(ast->args[0]);
        if (!a) return a;
        const auto b = recurse(ast->args[1]);
        if (!b) return b;
        if (op == "+") return *a + *b;
        if (op == "-") return *a - *b;
        const auto degree = [](const Size& s) { return s.terms().empty() ? 0 : s.terms()[0].first.size(); };
        if (degree(*a) + degree(*b) > 16 || a->terms().size() * b->terms().size() > 400) {
          error(ast->place, "this size is too large a polynomial");
          return std::nullopt;
        }
        if (op == "*") return *a * *b;
        const auto exponent = b->constant();
        if (!exponent || *exponent < 0 || *exponent > 8) return refuse();
        Size out(1);
        if (degree(*a) * static_cast<std::size_t>(*exponent) > 16) {
          error(ast->place, "this size is too large a polynomial");
          return std::nullopt;
        }
        for (std::int64_t k = 0; k < *exponent; ++k) out = out * *a;
        return out;
      }
      default:
        return refuse();
    }
  } catch (const std::overflow_error&) {
    error(ast->place, "this size does not fit in 64 bits");
    return std::nullopt;
  }
}

std::optional<double> constant_value(const Ast& ast) {
  switch (ast->kind) {
    case SyntaxKind::Number:
      return std::strtod(ast->text.c_str(), nullptr);
    case SyntaxKind::Name:
      if (ast->text == "pi") return std::numbers::pi;
      if (ast->text == "inf") return std::numeric_limits<double>::infinity();
      return std::nullopt;
    case SyntaxKind::Negate:
      if (const auto a = constant_value(ast->args[0])) return -*a;
      return std::nullopt;
    case SyntaxKind::Binary: {
      const auto a = constant_value(ast->args[0]);
      const auto b = a ? constant_value(ast->args[1]) : a;
      if (!b) return std::nullopt;
      if (ast->text == "+") return *a + *b;
      if (ast->text == "-") return *a - *b;
      if (ast->text == "*") return *a * *b;
      if (ast->text == "/") return *a / *b;
      if (ast->text == "^") return std::pow(*a, *b);
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace adjoint::notation

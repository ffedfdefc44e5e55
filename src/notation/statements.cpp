// Declarations, assumptions and definitions.
#include <array>

#include "notation/grammar.hpp"

namespace adjoint::notation {

using syntax::Kind;

void Grammar::skip_statement() {
  int open = 0;
  for (; tokens_[at_].kind != TokenKind::End; ++at_) {
    const Token& t = tokens_[at_];
    if (t.kind == TokenKind::Newline) break;  // a bracket that is never closed ends with its line
    if (t.kind != TokenKind::Symbol) continue;
    if (t.text == "(" || t.text == "[") ++open;
    if (t.text == ")" || t.text == "]") --open;
    if (t.text == ";" && open <= 0) break;
  }
}

void Grammar::leave_brackets() {
  newlines_ = Newlines::Token;
  in_block_ = false;
  nesting_ = 0;
}

namespace {

constexpr std::array<std::string_view, 6> kMatrixFamilies = {"Sym", "PSD", "PD", "Diag", "Lower", "Orth"};

std::vector<Ast> size_list(Grammar& grammar, const Token& open) {
  std::vector<Ast> sizes;
  do {
    sizes.push_back(grammar.sum().ast);
  } while (grammar.accept(","));
  grammar.close(")", open);
  return sizes;
}

Domain domain(Grammar& grammar) {
  const Token& family = grammar.take();
  Domain d;
  d.family = family.text;
  d.place = family.place;
  if (family.kind == TokenKind::Name && family.text == "R") {
    if (grammar.accept("+")) d.positive = true;
    if (grammar.accept("^")) {
      const Token& size = grammar.peek();
      if (grammar.accept("(")) {
        d.sizes = size_list(grammar, size);
      } else if (size.kind == TokenKind::Name || size.kind == TokenKind::Number) {
        d.sizes = {grammar.primary().ast};
      } else {
        Grammar::fail(size,
                      "expected a size after `R^`, as in R^n or R^(n,p), found " + Grammar::shown(size));
      }
      if (grammar.accept("+")) d.positive = true;
    }
    return d;
  }
  for (const auto name : kMatrixFamilies) {
    if (family.kind != TokenKind::Name || family.text != name) continue;
    const Token& open = grammar.peek();
    if (!grammar.accept("("))
      Grammar::fail(open, "expected `(n)` after `" + family.text + "`, found " + Grammar::shown(open));
    d.sizes = size_list(grammar, open);
    if (d.sizes.size() != 1)
      Grammar::fail(family, family.text + " takes one size, as in " + family.text + "(n)");
    return d;
  }
  Grammar::fail(family,
                "expected R, R+, R^n, R^(n,p), Sym(n), PSD(n), PD(n), Diag(n), Lower(n) or Orth(n), found " +
                    Grammar::shown(family));
}

bool is_definition(const Grammar& grammar) {
  if (!grammar.is_name("")) return false;
  if (grammar.is("=", 1)) return true;
  if (!grammar.is("(", 1)) return false;
  std::size_t k = 2;
  if (!grammar.is(")", k)) {
    for (;; k += 2) {
      if (!grammar.is_name("", k)) return false;
      if (!grammar.is(",", k + 1)) break;
    }
    ++k;
  }
  return grammar.is(")", k) && grammar.is("=", k + 1);
}

bool is_declaration(const Grammar& grammar) {
  std::size_t k = 0;
  while (grammar.is_name("", k) && grammar.is(",", k + 1)) k += 2;
  return grammar.is_name("", k) && grammar.is_name("in", k + 1);
}

Definition definition(Grammar& grammar) {
  Definition d;
  const Token& name = grammar.take();
  d.name = {name.text, name.place};
  if (grammar.accept("(")) {
    d.has_parameters = true;
    while (!grammar.accept(")")) {
      const Token& parameter = grammar.take();
      for (const auto& other : d.parameters) {
        if (other.name == parameter.text)
          Grammar::fail(parameter, "`" + parameter.text + "` is a parameter twice");
      }
      d.parameters.push_back({parameter.text, parameter.place});
      grammar.accept(",");
    }
    if (d.parameters.empty())
      Grammar::fail(name, "`" + name.text + "` has no parameter; write " + name.text + " = …");
  }
  grammar.accept("=");
  d.body = grammar.full().ast;
  d.place = {name.place.begin, d.body->place.end};
  return d;
}

// `eps > 0` or `0 < eps`, also `0 < a < 1`.
void assumptions(Grammar& grammar, std::vector<Statement>& out) {
  const Token& start = grammar.peek();
  const auto relation = [&] {
    for (const auto* op : {"<", "<=", ">", ">=", "=="}) {
      if (grammar.is(op)) return true;
    }
    return false;
  };
  constexpr const char* kExpected =
      "expected a declaration (x in R^n), a definition (f(x) = …) or an assumption (eps > 0)";
  std::vector<Ast> sides{grammar.sum().ast};
  std::vector<std::string> relations;
  while (relation()) {
    relations.push_back(grammar.take().text);
    sides.push_back(grammar.sum().ast);
  }
  if (relations.empty()) {
    const Token& found = grammar.peek();
    const bool ended = found.kind == TokenKind::End || found.kind == TokenKind::Newline || grammar.is(";");
    Grammar::fail(ended || sides[0]->kind != Kind::Name ? start : found, kExpected);
  }
  const auto swapped = [](const std::string& op) {
    return op == "<" ? ">" : op == "<=" ? ">=" : op == ">" ? "<" : op == ">=" ? "<=" : "==";
  };
  for (std::size_t k = 0; k < relations.size(); ++k) {
    const Ast& a = sides[k];
    const Ast& b = sides[k + 1];
    if ((a->kind == Kind::Name) == (b->kind == Kind::Name))
      Grammar::fail(start, "an assumption compares a name with a number, as in eps > 0");
    if (a->kind == Kind::Name) {
      out.push_back(Assumption{{a->text, a->place}, relations[k], b});
    } else {
      out.push_back(Assumption{{b->text, b->place}, swapped(relations[k]), a});
    }
  }
}

void statement(Grammar& grammar, std::vector<Statement>& out) {
  if (is_declaration(grammar)) {
    Declaration d;
    do {
      const Token& name = grammar.take();
      d.names.push_back({name.text, name.place});
    } while (grammar.accept(","));
    grammar.take();
    d.domain = domain(grammar);
    grammar.expect_end_of_statement();
    out.emplace_back(std::move(d));
  } else if (grammar.is_name("") && grammar.is(":", 1)) {
    FunctionDeclaration f;
    const Token& name = grammar.take();
    f.name = {name.text, name.place};
    grammar.take();
    f.from = domain(grammar);
    if (!grammar.accept("->"))
      Grammar::fail(grammar.peek(),
                    "expected `->`, as in g : R^p -> R, found " + Grammar::shown(grammar.peek()));
    f.to = domain(grammar);
    grammar.expect_end_of_statement();
    out.emplace_back(std::move(f));
  } else if (is_definition(grammar)) {
    Definition d = definition(grammar);
    grammar.expect_end_of_statement();
    out.emplace_back(std::move(d));
  } else {
    std::vector<Statement> found;
    assumptions(grammar, found);
    grammar.expect_end_of_statement();
    for (auto& f : found) out.push_back(std::move(f));
  }
}

}  // namespace

std::vector<Statement> parse_statements(const Sources& sources, Place text, Diagnostics& errors) {
  const std::size_t before = errors.size();
  Grammar grammar(tokenize(sources.text(text), text.begin, errors), Newlines::Token);
  std::vector<Statement> out;
  for (;;) {
    while (grammar.is(";") || grammar.peek().kind == TokenKind::Newline) grammar.take();
    if (grammar.peek().kind == TokenKind::End) return out;
    try {
      statement(grammar, out);
    } catch (const SyntaxError& e) {
      // Where a byte was no text, what follows from it is no news.
      const bool cut = errors.size() > before && grammar.peek().kind == TokenKind::End;
      if (!cut) errors.error(e.diagnostic.place, e.diagnostic.message, e.diagnostic.notes);
      if (e.fatal) return out;
      grammar.leave_brackets();
      grammar.skip_statement();
    }
  }
}

}  // namespace adjoint::notation

#include "notation/parser.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "notation/grammar.hpp"

namespace adjoint::notation {

using syntax::Kind;

const Token& Grammar::peek(std::size_t ahead) const {
  std::size_t at = at_;
  for (;;) {
    if (newlines_ == Newlines::Blank) {
      while (tokens_[at].kind == TokenKind::Newline) ++at;
    }
    if (ahead == 0 || tokens_[at].kind == TokenKind::End) return tokens_[at];
    ++at;
    --ahead;
  }
}

const Token& Grammar::take() {
  const Token& token = peek();
  at_ = static_cast<std::size_t>(&token - tokens_.data());
  if (token.kind != TokenKind::End) ++at_;
  return token;
}

bool Grammar::is(std::string_view symbol, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::Symbol && token.text == symbol;
}

bool Grammar::is_name(std::string_view name, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::Name && (name.empty() || token.text == name);
}

bool Grammar::accept(std::string_view symbol) {
  if (!is(symbol)) return false;
  take();
  return true;
}

void Grammar::fail(const Token& token, const std::string& message) {
  throw SyntaxError{{token.place, message, {}}};
}

std::string Grammar::shown(const Token& token) {
  switch (token.kind) {
    case TokenKind::End:
      return "the end of the input";
    case TokenKind::Newline:
      return "the end of the line";
    default:
      return '`' + token.text + '`';
  }
}

void Grammar::close(std::string_view symbol, const Token& open) {
  if (accept(symbol)) return;
  const Token& token = peek();
  if (token.kind == TokenKind::Symbol && (token.text == ")" || token.text == "]")) {
    throw SyntaxError{
        {token.place,
         "`" + open.text + "` is closed by `" + token.text + "`; expected `" + std::string(symbol) + '`',
         {{"opened at", open.place}}}};
  }
  const auto index = static_cast<std::size_t>(&token - tokens_.data());
  const bool next_line = index > 0 && tokens_[index - 1].kind == TokenKind::Newline;
  if (next_line) at_ = index - 1;
  if (next_line || token.kind == TokenKind::End || token.kind == TokenKind::Newline || is(";")) {
    throw SyntaxError{
        {open.place, "`" + open.text + "` is never closed; expected `" + std::string(symbol) + '`', {}}};
  }
  fail(token, "expected an operator, `,` or `" + std::string(symbol) + "`, found " + shown(token));
}

Grammar::Built Grammar::make(Kind kind, std::string text, std::vector<Built> args, Place place) {
  auto node = std::make_shared<syntax::Node>();
  node->kind = kind;
  node->text = std::move(text);
  node->place = place;
  int depth = 0;
  for (auto& a : args) {
    depth = std::max(depth, a.depth);
    node->args.push_back(std::move(a.ast));
  }
  if (depth >= kMaximalDepth) too_deep(place, kMaximalDepth);
  return {std::move(node), depth + 1};
}

void Grammar::too_deep(Place place, int limit) {
  throw SyntaxError{{{place.begin, place.begin + 1},
                     "the expression is nested more than " + std::to_string(limit) + " deep",
                     {}},
                    true};
}

Grammar::Built Grammar::text() {
  std::vector<Built> args(1);
  std::vector<std::string> names;
  const Token* first = nullptr;  // `=`
  while (is_name("") && is("=", 1)) {
    const Inside line(*this, Newlines::Token, false);
    while (peek().kind == TokenKind::Newline) take();
    names.push_back(take().text);
    const Token& equals = take();
    if (first == nullptr) first = &equals;
    args.push_back(comparison());
    expect_end_of_statement();
    accept(";");
  }
  if (!names.empty() && peek().kind == TokenKind::End) {
    if (names.size() == 1) fail(*first, "`=` has no place in an expression; `==` compares");
    fail(peek(), "expected an expression after the definitions, found nothing");
  }
  args[0] = full();
  if (names.empty()) return args[0];
  const Place place = args[0].ast->place;
  Built let = make(Kind::Let, "", args, place);
  std::const_pointer_cast<syntax::Node>(let.ast)->names = std::move(names);
  return let;
}

Grammar::Built Grammar::full() {
  Built body = comparison();
  if (!is_name("where") || is("(", 1)) return body;
  take();
  std::vector<Built> args{body};
  std::vector<std::string> names;
  do {
    const Token& name = take();
    if (name.kind != TokenKind::Name) fail(name, "expected a name after `where`, found " + shown(name));
    if (!accept("=")) fail(peek(), "expected `=` after `" + name.text + "`, found " + shown(peek()));
    names.push_back(name.text);
    args.push_back(comparison());
  } while (accept(","));
  Built let = make(Kind::Let, "", args, {body.ast->place.begin, args.back().ast->place.end});
  std::const_pointer_cast<syntax::Node>(let.ast)->names = std::move(names);
  return let;
}

// In a block a blank before and none after makes + and - a sign: [a -b] has two entries, [a - b] one.
bool Grammar::separates() const {
  if (!in_block_) return false;
  const Token& op = peek();
  return op.space_before && !peek(1).space_before;
}

Grammar::Level Grammar::level_of(const Token& t) {
  if (t.kind != TokenKind::Symbol) return Level::None;
  if (t.text == "+" || t.text == "-") return Level::Sum;
  if (t.text == "*" || t.text == "/" || t.text == "\\" || t.text == ".*" || t.text == "./")
    return Level::Product;
  if (t.text == "<" || t.text == "<=" || t.text == ">" || t.text == ">=" || t.text == "==")
    return Level::Comparison;
  if (t.text == "!=" || t.text == "~=")
    fail(t, "there is no `" + t.text + "`; use `==` with the branches exchanged");
  return Level::None;
}

// By precedence climbing: operators of at least this level, from left to right.
Grammar::Built Grammar::binary(Level least) {
  constexpr int kGroup = 500;
  Built left = unary();
  std::vector<Built> groups;
  int length = 0;
  for (;;) {
    const Token& op = peek();
    const Level level = level_of(op);
    if (level < least || level == Level::None || (level == Level::Sum && separates())) break;
    take();
    Built right = binary(static_cast<Level>(static_cast<int>(level) + 1));
    if (level == Level::Sum && ++length % kGroup == 0) {
      // A long sum is grouped: trees stay shallow and the value is the same.
      groups.push_back(std::move(left));
      left = op.text == "-" ? negated(op, std::move(right)) : std::move(right);
      continue;
    }
    if (level == Level::Comparison && !groups.empty()) {
      groups.push_back(std::move(left));
      left = grouped(std::exchange(groups, {}));
    }
    left = joined(level == Level::Comparison ? Kind::Compare : Kind::Binary, op.text, std::move(left),
                  std::move(right));
    if (level == Level::Comparison && level_of(peek()) == Level::Comparison)
      fail(peek(), "comparisons cannot be chained");
  }
  if (groups.empty()) return left;
  groups.push_back(std::move(left));
  return grouped(std::move(groups));
}

// Pairs of neighbours, so that the depth grows with the logarithm.
Grammar::Built Grammar::grouped(std::vector<Built> groups) {
  while (groups.size() > 1) {
    std::vector<Built> halves;
    for (std::size_t k = 0; k + 1 < groups.size(); k += 2) {
      halves.push_back(joined(Kind::Binary, "+", std::move(groups[k]), std::move(groups[k + 1])));
    }
    if (groups.size() % 2 == 1) halves.push_back(std::move(groups.back()));
    groups = std::move(halves);
  }
  return std::move(groups[0]);
}

Grammar::Built Grammar::joined(Kind kind, const std::string& op, Built left, Built right) {
  const Place place{left.ast->place.begin, right.ast->place.end};
  std::vector<Built> args;
  args.push_back(std::move(left));
  args.push_back(std::move(right));
  return make(kind, op, std::move(args), place);
}

Grammar::Built Grammar::negated(const Token& op, Built operand) {
  const Place place{op.place.begin, operand.ast->place.end};
  std::vector<Built> args;
  args.push_back(std::move(operand));
  return make(Kind::Negate, "", std::move(args), place);
}

Grammar::Built Grammar::unary() {
  if (is("-") || is("+")) {
    const Token& op = take();
    const Deeper deeper(*this, op);
    Built operand = unary();
    if (op.text == "+") return operand;
    return negated(op, std::move(operand));
  }
  return power();
}

// Powers and transposes, from left to right: a^b' is (a^b)'.
Grammar::Built Grammar::power() {
  Built base = indexed();
  for (;;) {
    if (in_block_ && peek().space_before && is("'")) return base;
    if (is("'")) {
      const Token& quote = take();
      base = make(Kind::Transpose, "", {base}, {base.ast->place.begin, quote.place.end});
      base = subscripts(base);
    } else if (is("^") || is(".^")) {
      const Token& op = take();
      if (op.text == "^" && is_name("T") && !is("(", 1)) {
        const Token& t = take();
        base = subscripts(make(Kind::Transpose, "", {base}, {base.ast->place.begin, t.place.end}));
        continue;
      }
      Built exponent = signed_exponent();
      base = joined(Kind::Binary, op.text, std::move(base), std::move(exponent));
    } else {
      return base;
    }
  }
}

Grammar::Built Grammar::signed_exponent() {
  if (!is("-") && !is("+")) return indexed();
  const Token& op = take();
  const Deeper deeper(*this, op);
  Built operand = signed_exponent();
  if (op.text == "+") return operand;
  return negated(op, std::move(operand));
}

Grammar::Built Grammar::indexed() { return subscripts(primary()); }

Grammar::Built Grammar::subscripts(Built array) {
  while (is("[") && !(in_block_ && peek().space_before)) {
    const Token& open = take();
    const Deeper deeper(*this, open);
    const Inside inside(*this, Newlines::Blank, false);
    std::vector<Built> args{array};
    if (is("]")) fail(peek(), "expected a subscript, found `]`");
    do {
      args.push_back(subscript());
    } while (accept(","));
    const Token& end = peek();
    close("]", open);
    array = make(Kind::Index, "", args, {array.ast->place.begin, end.place.end});
  }
  return array;
}

Grammar::Built Grammar::subscript() {
  if (is(":")) {
    const Token& colon = take();
    return make(Kind::Colon, "", {}, colon.place);
  }
  Built first = sum();
  if (!accept(":")) return first;
  Built last = sum();
  if (is(":")) fail(peek(), "ranges with a step are not in the notation");
  return make(Kind::Range, "", {first, last}, {first.ast->place.begin, last.ast->place.end});
}

Grammar::Built Grammar::primary() {
  const Token& token = peek();
  const Deeper deeper(*this, token);
  if (token.kind == TokenKind::Number) {
    take();
    return make(Kind::Number, token.text, {}, token.place);
  }
  if (token.kind == TokenKind::Name) {
    take();
    if (is("(") && !(in_block_ && peek().space_before)) return call(token);
    return make(Kind::Name, token.text, {}, token.place);
  }
  if (is("(")) {
    take();
    const Inside inside(*this, Newlines::Blank, false);
    if (is(")")) fail(peek(), "expected an operand between `(` and `)`");
    Built body = full();
    close(")", token);
    return body;
  }
  if (is("[")) {
    take();
    return block(token);
  }
  no_operand();
}

void Grammar::no_operand() const {
  const Token& token = peek();
  const auto at = static_cast<std::size_t>(&token - tokens_.data());
  const bool first = std::all_of(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(at),
                                 [](const Token& t) { return t.kind == TokenKind::Newline; });
  if (token.kind == TokenKind::End && first) fail(token, "expected an expression, found nothing");
  std::string after;
  if (at > 0 && tokens_[at - 1].kind != TokenKind::Newline) after = " after `" + tokens_[at - 1].text + '`';
  fail(token, "expected an operand" + after + ", found " + shown(token));
}

Grammar::Built Grammar::call(const Token& name) {
  const Token& open = take();
  const Inside inside(*this, Newlines::Blank, false);
  if (name.text == "sum" && is_name("") && is("=", 1)) {
    const Token& index = take();
    take();
    Built first = sum();
    if (!accept(":"))
      fail(peek(), "expected `:` and the last value of `" + index.text + "`, found " + shown(peek()));
    Built last = sum();
    if (!accept(","))
      fail(peek(), "expected `,` and what is summed over `" + index.text + "`, found " + shown(peek()));
    Built body = full();
    const Token& end = peek();
    close(")", open);
    return make(Kind::IndexSum, index.text, {first, last, body}, {name.place.begin, end.place.end});
  }
  std::vector<Built> args;
  if (!is(")")) {
    do {
      if (is("[") && is("]", 1)) {  // max(X,[],1)
        const Token& empty = take();
        args.push_back(make(Kind::Block, "", {}, {empty.place.begin, take().place.end}));
      } else {
        args.push_back(comparison());
      }
    } while (accept(","));
  }
  const Token& end = peek();
  close(")", open);
  return make(Kind::Call, name.text, args, {name.place.begin, end.place.end});
}

// [A B; C D]: entries are separated by commas or blanks, rows by semicolons or new lines.
Grammar::Built Grammar::block(const Token& open) {
  const Inside inside(*this, Newlines::Token, true);
  std::vector<Built> rows;
  std::vector<Built> entries;
  const auto finish_row = [&] {
    if (entries.empty()) return;
    const Place place{entries.front().ast->place.begin, entries.back().ast->place.end};
    rows.push_back(make(Kind::Row, "", std::exchange(entries, {}), place));
  };
  for (;;) {
    if (is("]")) {
      const Token& end = take();
      finish_row();
      if (rows.empty()) fail(end, "a block needs an entry");
      return make(Kind::Block, "", rows, {open.place.begin, end.place.end});
    }
    if (is(";") || peek().kind == TokenKind::Newline) {
      if (is(";") && entries.empty()) fail(peek(), "expected an entry before `;`");
      finish_row();
      take();
      while (peek().kind == TokenKind::Newline) take();
      continue;
    }
    if (is(",")) fail(peek(), "expected an entry before `,`");
    entries.push_back(comparison());
    if (accept(",")) {
      if (is("]") || is(";") || is(",")) fail(peek(), "expected an entry after `,`, found " + shown(peek()));
      continue;
    }
    const Token& next = peek();
    const bool starts = next.kind == TokenKind::Name || next.kind == TokenKind::Number || is("(") ||
                        is("[") || is("-") || is("+");
    if (!(starts && next.space_before) && !is(";") && !is("]") && next.kind != TokenKind::Newline) {
      close("]", open);
    }
  }
}

// ---- Whole texts ----

namespace {

Grammar grammar_of(const Sources& sources, Place text, Diagnostics& errors) {
  return Grammar(tokenize(sources.text(text), text.begin, errors), Newlines::Blank);
}

// What stands where an operator should.
std::string leftover(const Token& token, const std::string& shown) {
  if (token.kind == TokenKind::Symbol) {
    if (token.text == ")" || token.text == "]") return "`" + token.text + "` closes nothing";
    if (token.text == "=") return "`=` has no place in an expression; `==` compares";
  }
  if (token.kind == TokenKind::Number || token.kind == TokenKind::Name) {
    return "expected an operator before " + shown + " (a product is written with `*`)";
  }
  return "expected an operator, found " + shown;
}

}  // namespace

void Grammar::expect_end() {
  if (peek().kind != TokenKind::End) fail(peek(), leftover(peek(), shown(peek())));
}

void Grammar::expect_end_of_statement() {
  const Token& token = peek();
  if (token.kind == TokenKind::End || token.kind == TokenKind::Newline || is(";")) return;
  fail(token, leftover(token, shown(token)));
}

Ast parse_expression(const Sources& sources, Place text, Diagnostics& errors) {
  const std::size_t before = errors.size();
  Grammar grammar = grammar_of(sources, text, errors);
  try {
    const Ast ast = grammar.text().ast;
    grammar.expect_end();
    return errors.size() == before ? ast : nullptr;
  } catch (const SyntaxError& e) {
    if (errors.size() == before) errors.error(e.diagnostic.place, e.diagnostic.message, e.diagnostic.notes);
    return nullptr;
  }
}

std::optional<MapText> parse_map(const Sources& sources, Place text, Diagnostics& errors) {
  const std::size_t before = errors.size();
  Grammar grammar = grammar_of(sources, text, errors);
  try {
    const Token& name = grammar.take();
    if (name.kind != TokenKind::Name || !grammar.accept("->"))
      Grammar::fail(name, "expected a map, as in `H -> 2*H`");
    const Ast body = grammar.full().ast;
    grammar.expect_end();
    if (errors.size() == before) return MapText{{name.text, name.place}, body};
  } catch (const SyntaxError& e) {
    if (errors.size() == before) errors.error(e.diagnostic.place, e.diagnostic.message, e.diagnostic.notes);
  }
  return std::nullopt;
}

Ast parse_fragment(std::string_view text) {
  Diagnostics errors;
  Grammar grammar(tokenize(text, 0, errors), Newlines::Blank);
  return grammar.full().ast;
}

}  // namespace adjoint::notation

#include "print/layout_template.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <stdexcept>
#include <string>

#include "print/symbols.hpp"

namespace adjoint::print {

namespace {

using K = Box::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

class Parser {
 public:
  Parser(std::string_view source, int arity, const ArgumentBox& argument)
      : source_(source), arity_(arity), argument_(argument) {}

  Box parse() {
    Box box = sequence([](const Parser&) { return false; });
    if (at_ != source_.size()) fail("unmatched bracket");
    return box;
  }

 private:
  /// An item of a sequence. Arguments wait for their neighbours before they are boxed.
  struct Item {
    Box box;
    int argument = 0;       // k of $k, else 0
    bool scripted = false;  // is the base of a script
    bool additive = false, multiplicative = false, relation = false, separator = false;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw std::invalid_argument("form \"" + std::string(source_) + "\": " + what);
  }
  [[nodiscard]] bool looking_at(std::string_view text) const { return source_.substr(at_).starts_with(text); }
  bool accept(std::string_view text) {
    if (!looking_at(text)) return false;
    at_ += text.size();
    return true;
  }
  void expect(std::string_view text) {
    if (!accept(text)) fail("expected " + std::string(text));
  }
  void skip_blanks() {
    while (at_ < source_.size() && source_[at_] == ' ') ++at_;
  }

  std::string_view command() {
    const std::size_t begin = at_;
    while (at_ < source_.size() && is_letter(source_[at_])) ++at_;
    return source_.substr(begin, at_ - begin);
  }
  /// The raw text of {…}.
  std::string_view raw_group() {
    expect("{");
    const std::size_t end = source_.find('}', at_);
    if (end == std::string_view::npos) fail("expected }");
    const std::string_view text = source_.substr(at_, end - at_);
    at_ = end + 1;
    return text;
  }
  Box group() {
    expect("{");
    Box box = sequence([](const Parser& p) { return p.looking_at("}"); });
    expect("}");
    return box;
  }
  Box script() {
    const bool outer = small_;
    small_ = true;
    skip_blanks();
    Box box;
    if (looking_at("{")) {
      box = group();
    } else {
      std::vector<Item> one;
      item(one);
      box = finish(std::move(one));
    }
    small_ = outer;
    return box;
  }

  /// Items up to `stop` or the end, as one box.
  Box sequence(const std::function<bool(const Parser&)>& stop) {
    std::vector<Item> items;
    skip_blanks();
    while (at_ < source_.size() && !stop(*this) && source_[at_] != '}' && source_[at_] != ')' &&
           source_[at_] != ']' && source_[at_] != '&' && !looking_at("\\\\") && !looking_at("\\right") &&
           !looking_at("\\end")) {
      item(items);
      skip_blanks();
    }
    return finish(std::move(items));
  }

  /// Boxes the arguments with the parentheses that their neighbours ask for.
  Box finish(std::vector<Item> items) {
    Level level = items.size() == 1 ? Level::Atom : Level::Product;
    std::vector<Box> parts;
    for (std::size_t k = 0; k < items.size(); ++k) {
      Item& here = items[k];
      if (here.box.kind == K::BigSum) level = std::min(level, Level::BigSum);
      if (here.relation) level = std::min(level, Level::Relation);
      if (here.additive) level = std::min(level, Level::Sum);
      if (here.multiplicative) level = std::min(level, Level::Entrywise);
      if (here.separator) level = Level::Let;
      if (here.argument > 0) {
        const Item* before = k > 0 ? &items[k - 1] : nullptr;
        const Item* after = k + 1 < items.size() ? &items[k + 1] : nullptr;
        Level least = Level::Let;
        const auto ask = [&](Level wish) { least = std::max(least, wish); };
        for (const Item* side : {before, after}) {
          if (side == nullptr || side->separator) continue;
          if (side->relation) {
            ask(Level::Sum);
          } else if (side->additive) {
            ask(side == before ? Level::BigSum : Level::Sum);
          } else {
            ask(Level::Product);
          }
        }
        if (here.scripted) {
          // The scripts were put on a placeholder.
          Box base = argument_(here.argument, small_);
          Box with = std::move(here.box);
          if (!with.parts[1].empty()) base = subscript(std::move(base), std::move(with.parts[1]));
          if (!with.parts[2].empty()) base = superscript(std::move(base), std::move(with.parts[2]));
          here.box = std::move(base);
        } else {
          here.box = at_least(argument_(here.argument, small_), least);
          if (items.size() == 1) level = here.box.level;
        }
      }
      parts.push_back(std::move(here.box));
    }
    if (parts.size() == 1) return std::move(parts[0]);
    // A function's name with its parenthesised arguments is an atom.
    const bool is_call = parts.size() == 2 && parts[1].kind == K::Fenced && parts[1].open == "(" &&
                         (parts[0].kind == K::Word || parts[0].kind == K::Identifier);
    return row(std::move(parts), is_call ? Level::Atom : level);
  }

  static Item plain(Box box) {
    Item item;
    item.box = std::move(box);
    return item;
  }
  static Item sign(std::string_view latex, std::string_view glyph, bool unary) {
    Item item;
    item.box = unary ? leaf(K::Tight, latex, glyph) : operator_box(latex, glyph);
    item.additive = !unary;
    return item;
  }

  void item(std::vector<Item>& items) {
    const char c = source_[at_];
    if (c == '^' || c == '_') return scripts(items);
    const bool leading = items.empty() || items.back().separator || items.back().relation;
    if (c == '$') return argument(items);
    if (c == '\\') return escape(items);
    if (c == '{') {
      items.push_back(plain(group()));
    } else if (c == '(' && looking_at("($") && at_ + 4 < source_.size() && source_[at_ + 3] == ')' &&
               source_[at_ + 4] == '^' && leading && is_digit(source_[at_ + 2])) {
      ++at_;  // ($1)^2: the argument brings its own parentheses if it needs them
      argument(items);
      ++at_;
    } else if (c == '(' || c == '[' || c == '|') {
      ++at_;
      const std::string_view close = c == '(' ? ")" : c == '[' ? "]" : "|";
      Box body = sequence([&](const Parser& p) { return p.looking_at(close); });
      expect(close);
      items.push_back(plain(fenced(std::move(body), c == '(' ? "(" : c == '[' ? "[" : "|", close)));
    } else if (c == '+' || c == '-') {
      ++at_;
      items.push_back(sign(c == '+' ? "+" : "-", c == '+' ? "+" : "−", leading));
    } else if (c == '=' || c == '<' || c == '>') {
      ++at_;
      items.push_back(plain(operator_box(std::string(1, c), std::string(1, c))));
      items.back().relation = true;
    } else if (c == ',' || c == ':' || c == ';') {
      ++at_;
      items.push_back(plain(leaf(K::Tight, std::string(1, c), std::string(1, c))));
      items.back().separator = true;
    } else if (c == '*') {
      ++at_;
      items.push_back(plain(leaf(K::Identifier, "*", "*")));
    } else if (c == '/') {
      ++at_;
      items.push_back(plain(leaf(K::Tight, "/", "/")));
    } else if (is_digit(c)) {
      const std::size_t begin = at_;
      while (at_ < source_.size() && (is_digit(source_[at_]) || source_[at_] == '.')) ++at_;
      const std::string_view digits = source_.substr(begin, at_ - begin);
      items.push_back(plain(leaf(K::Number, digits, digits)));
    } else if (is_letter(c)) {
      ++at_;
      items.push_back(plain(leaf(K::Identifier, std::string(1, c), std::string(1, c))));
    } else {
      fail("what does " + std::string(1, c) + " mean here?");
    }
  }

  void scripts(std::vector<Item>& items) {
    if (items.empty()) fail("a script without a base");
    const bool above = source_[at_++] == '^';
    Box script_box = script();
    Item& base = items.back();
    if (base.argument > 0 && !base.scripted) {
      base.scripted = true;
      base.box = Box{};
      base.box.kind = K::Scripts;
      base.box.parts.resize(3);
    }
    if (base.argument > 0) {
      base.box.parts[above ? 2 : 1] = std::move(script_box);
    } else if (base.box.kind == K::BigSum) {
      base.box.parts[above ? 1 : 0] = std::move(script_box);
    } else if (base.box.kind == K::Scripts && base.box.parts[above ? 2 : 1].empty()) {
      base.box.parts[above ? 2 : 1] = std::move(script_box);
      if (above) base.box.level = Level::Power;
    } else {
      base.box = above ? superscript(std::move(base.box), std::move(script_box))
                       : subscript(std::move(base.box), std::move(script_box));
    }
  }

  void argument(std::vector<Item>& items) {
    expect("$");
    if (accept("*")) {
      for (int k = 1; k <= arity_; ++k) {
        if (k > 1) {
          items.push_back(plain(leaf(K::Tight, ",", ",")));
          items.back().separator = true;
        }
        items.push_back(Item{});
        items.back().argument = k;
      }
      return;
    }
    if (at_ >= source_.size() || !is_digit(source_[at_])) fail("expected a number behind $");
    const int k = source_[at_++] - '0';
    if (k < 1 || k > arity_) return;  // one form serves calls with and without it
    items.push_back(Item{});
    items.back().argument = k;
  }

  std::string_view delimiter() {
    if (accept("(")) return "(";
    if (accept(")")) return ")";
    if (accept("[")) return "[";
    if (accept("]")) return "]";
    if (accept("|")) return "|";
    if (accept("\\{")) return "{";
    if (accept("\\}")) return "}";
    if (accept("\\|")) return "‖";
    if (accept(".")) return "";
    expect("\\");
    const Symbol* symbol = find_symbol(command());
    if (symbol == nullptr) fail("expected a delimiter");
    return symbol->glyph;
  }

  Box table(std::string_view environment) {
    Box box;
    box.kind = K::Table;
    if (environment == "cases") {
      box.open = "{";
    } else if (environment == "bmatrix") {
      box.open = "[";
      box.close = "]";
    } else if (environment == "pmatrix") {
      box.open = "(";
      box.close = ")";
    } else {
      fail("unknown environment " + std::string(environment));
    }
    do {
      Box line;
      do {
        line.parts.push_back(sequence([](const Parser&) { return false; }));
      } while (accept("&"));
      box.parts.push_back(std::move(line));
    } while (accept("\\\\"));
    expect("\\end{" + std::string(environment) + "}");
    return box;
  }

  void escape(std::vector<Item>& items) {
    expect("\\");
    if (accept(",") || accept(";") || accept(":") || accept(" ")) {
      items.push_back(plain(leaf(K::Space, "\\,", " ")));
      return;
    }
    if (accept("!")) return;
    if (accept("|")) {
      Box body = sequence([](const Parser& p) { return p.looking_at("\\|"); });
      expect("\\|");
      items.push_back(plain(fenced(std::move(body), "‖", "‖")));
      return;
    }
    const std::string_view word = command();
    if (word == "quad" || word == "qquad") {
      items.push_back(plain(leaf(K::Space, "\\quad", "  ")));
    } else if (word == "frac" || word == "tfrac" || word == "dfrac") {
      Box numerator = group();
      Box denominator = group();
      items.push_back(plain(fraction(std::move(numerator), std::move(denominator))));
    } else if (word == "sqrt") {
      Box box;
      box.kind = K::Root;
      box.parts.push_back(group());
      items.push_back(plain(std::move(box)));
    } else if (word == "operatorname") {
      const std::string_view name = raw_group();
      items.push_back(plain(leaf(K::Word, "\\operatorname{" + std::string(name) + "}", name)));
    } else if (word == "mathrm" || word == "mathbf") {
      const std::string_view name = raw_group();
      items.push_back(plain(leaf(K::Upright, "\\" + std::string(word) + "{" + std::string(name) + "}",
                                 word == "mathbf" && name == "1" ? "𝟏" : name)));
    } else if (word == "text") {
      const std::string_view name = raw_group();
      items.push_back(plain(leaf(K::Text, "\\text{" + std::string(name) + "}", name)));
      items.back().separator = true;
    } else if (word == "hat" || word == "bar" || word == "tilde") {
      Box box;
      box.kind = K::Accent;
      box.latex = "\\" + std::string(word);
      box.glyph = word == "hat" ? "^" : word == "bar" ? "¯" : "~";
      box.parts.push_back(group());
      items.push_back(plain(std::move(box)));
    } else if (word == "sum") {
      Box box;
      box.kind = K::BigSum;
      box.level = Level::BigSum;
      box.parts.resize(2);
      items.push_back(plain(std::move(box)));
    } else if (word == "left") {
      skip_blanks();
      const std::string_view open = delimiter();
      Box body = sequence([](const Parser&) { return false; });
      expect("\\right");
      items.push_back(plain(fenced(std::move(body), open, delimiter())));
    } else if (word == "begin") {
      items.push_back(plain(table(raw_group())));
    } else {
      symbol(items, word);
    }
  }

  void symbol(std::vector<Item>& items, std::string_view word) {
    const Symbol* known = find_symbol(word);
    if (known == nullptr) fail("unknown command \\" + std::string(word));
    const std::string latex = "\\" + std::string(word);
    switch (known->kind) {
      case Symbol::Class::Letter:
        items.push_back(plain(leaf(K::Identifier, latex, known->glyph)));
        return;
      case Symbol::Class::Function:
        items.push_back(plain(leaf(K::Word, latex, known->glyph)));
        return;
      case Symbol::Class::Open: {
        const std::string close = "\\r" + std::string(word.substr(1));
        Box body = sequence([&](const Parser& p) { return p.looking_at(close); });
        expect(close);
        const Symbol* closing = find_symbol(std::string_view(close).substr(1));
        items.push_back(plain(fenced(std::move(body), known->glyph, closing->glyph)));
        return;
      }
      case Symbol::Class::Close:
        fail("unmatched \\" + std::string(word));
      default:
        items.push_back(plain(operator_box(latex, known->glyph)));
        items.back().additive = known->kind == Symbol::Class::Operator;
        items.back().multiplicative = known->kind == Symbol::Class::Product;
        items.back().relation = known->kind == Symbol::Class::Relation;
    }
  }

  std::string_view source_;
  int arity_;
  const ArgumentBox& argument_;
  std::size_t at_ = 0;
  bool small_ = false;
};

}  // namespace

Box layout_template(std::string_view source, int arity, const ArgumentBox& argument) {
  return Parser(source, arity, argument).parse();
}

}  // namespace adjoint::print

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "app/sheet.hpp"

namespace adjoint::app {
namespace {

using notation::Place;

// Every request with the clauses that it takes.
const std::map<std::string, std::set<std::string>, std::less<>>& requests() {
  static const std::map<std::string, std::set<std::string>, std::less<>> all = {
      {"derive", {"in", "order"}},
      {"gradient", {"in", "order"}},
      {"derivative", {"in", "order"}},
      {"jacobian", {"in", "order"}},
      {"hessian", {"in"}},
      {"steps", {"in", "order"}},
      {"check", {"in", "order"}},
      {"eval", {"in", "order", "at"}},
      {"explain", {"in"}},
      {"measure", {"in"}},
      {"analyse", {"in", "on", "as"}},
      {"limit", {"in", "as"}},
      {"simplify", {}},
      {"refuse", {}}};
  return all;
}

std::string_view trimmed(std::string_view s) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!s.empty() && blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && blank(s.back())) s.remove_suffix(1);
  return s;
}

std::string_view first_word(std::string_view s) {
  std::size_t k = 0;
  while (k < s.size() && s[k] != ' ' && s[k] != '\t') ++k;
  return s.substr(0, k);
}

int depth_of(std::string_view s) {
  int depth = 0;
  for (const char c : s) depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
  return depth;
}

// The clause words outside of brackets, with where they stand: (word, begin of word).
std::vector<std::pair<std::string, std::size_t>> clauses(std::string_view s) {
  std::vector<std::pair<std::string, std::size_t>> found;
  int depth = 0;
  for (std::size_t k = 0; k < s.size(); ++k) {
    depth += s[k] == '(' || s[k] == '[' ? 1 : s[k] == ')' || s[k] == ']' ? -1 : 0;
    if (depth != 0 || s[k] != ' ') continue;
    for (const char* word : {"in", "order", "on", "as", "at"}) {
      const std::string padded = std::string(word) + " ";
      if (s.substr(k + 1).starts_with(padded)) {
        found.emplace_back(word, k + 1);
        if (found.back().first == "at") return found;
      }
    }
  }
  return found;
}

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  std::vector<SheetItem> run() {
    while (at_ < text_.size()) line();
    flush();
    return std::move(items_);
  }

 private:
  std::string_view view(Place p) const { return std::string_view(text_).substr(p.begin, p.end - p.begin); }

  Place next_line() {
    std::size_t end = text_.find('\n', at_);
    if (end == std::string::npos) end = text_.size();
    const Place p{static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(end)};
    at_ = end + 1;
    return p;
  }
  Place trim(Place p) const {
    const std::string_view whole = view(p);
    const std::string_view t = trimmed(whole);
    const auto begin = t.empty() ? p.begin : p.begin + static_cast<std::uint32_t>(t.data() - whole.data());
    return {begin, begin + static_cast<std::uint32_t>(t.size())};
  }

  void flush() {
    if (!paragraph_.empty()) {
      SheetItem item;
      item.kind = SheetItem::Kind::Prose;
      item.text = paragraph_;
      item.place = paragraph_place_;
      items_.push_back(std::move(item));
    }
    paragraph_.clear();
  }

  void line() {
    Place p = next_line();
    std::string_view s = trimmed(view(p));
    if (s.empty() || s[0] == '%') {
      flush();
      return;
    }
    if (s[0] == '>') {
      const std::string_view words = trimmed(s.substr(1));
      if (words.empty()) {
        flush();
      } else {
        if (paragraph_.empty()) paragraph_place_ = trim(p);
        paragraph_ += (paragraph_.empty() ? "" : " ") + std::string(words);
      }
      return;
    }
    flush();
    if (s[0] == '#') {
      SheetItem item;
      item.kind = SheetItem::Kind::Heading;
      item.place = trim(p);
      while (static_cast<std::size_t>(item.level) < s.size() &&
             s[static_cast<std::size_t>(item.level)] == '#')
        ++item.level;
      item.text = std::string(trimmed(s.substr(static_cast<std::size_t>(item.level))));
      items_.push_back(std::move(item));
      return;
    }
    // Lines with an open bracket or `...` at the end go on.
    while (at_ < text_.size() && (depth_of(view(p)) > 0 || trimmed(view(p)).ends_with("...")))
      p.end = next_line().end;
    if (const auto comment = view(p).find(" %"); comment != std::string_view::npos)
      p.end = p.begin + static_cast<std::uint32_t>(comment);
    p = trim(p);
    s = view(p);
    SheetItem item;
    item.place = p;
    item.text = std::string(s);
    if (s == "reset") {
      item.kind = SheetItem::Kind::Reset;
    } else if (is_request(s)) {
      request(item);
    }
    items_.push_back(std::move(item));
  }

  static bool is_request(std::string_view s) {
    const std::string_view word = first_word(s);
    if (!requests().contains(word)) return false;
    const std::string_view rest = trimmed(s.substr(word.size()));
    return !rest.empty() && !rest.starts_with("in ") && rest[0] != '=' && rest[0] != ':';
  }

  void request(SheetItem& item) {
    item.kind = SheetItem::Kind::Request;
    std::string_view s = view(item.place);
    std::string_view word = first_word(s);
    std::uint32_t begin = item.place.begin;
    const auto advance = [&](std::size_t by) {
      begin += static_cast<std::uint32_t>(by);
      s.remove_prefix(by);
      while (!s.empty() && (s[0] == ' ' || s[0] == '\t')) {
        s.remove_prefix(1);
        ++begin;
      }
    };
    if (word == "refuse") {
      item.refuse = true;
      advance(word.size());
      word = first_word(s);
    }
    item.keyword = std::string(word);
    advance(word.size());
    if (item.keyword == "steps") {
      for (const char* style : {"definition", "chain"}) {
        if (first_word(s) == style) {
          item.style = style;
          advance(item.style.size());
          break;
        }
      }
    }
    if (item.keyword == "hessian") item.order = 2;
    const auto found = clauses(s);
    const std::size_t end = found.empty() ? s.size() : found[0].second;
    const std::string_view expression = trimmed(s.substr(0, end));
    item.expression = {begin, begin + static_cast<std::uint32_t>(expression.size())};
    std::set<std::string> seen;
    for (std::size_t k = 0; k < found.size(); ++k) {
      const auto& [name, at] = found[k];
      const std::size_t to = k + 1 < found.size() ? found[k + 1].second : s.size();
      const std::string value(trimmed(s.substr(at + name.size(), to - at - name.size())));
      if (!seen.insert(name).second) item.wrong = "`" + name + "` stands twice";
      const auto known = requests().find(item.keyword);
      if (known != requests().end() && !known->second.contains(name))
        item.wrong = "`" + item.keyword + "` takes no `" + name + "`";
      clause(item, name, value);
    }
  }

  static void clause(SheetItem& item, const std::string& name, const std::string& value) {
    if (name == "in") {
      std::string_view list = value;
      while (!list.empty()) {
        const auto comma = list.find(',');
        item.variables.emplace_back(trimmed(list.substr(0, comma)));
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
      }
    } else if (name == "order") {
      const auto read = std::from_chars(value.data(), value.data() + value.size(), item.order);
      if (read.ec != std::errc() || read.ptr != value.data() + value.size() || item.order < 1)
        item.wrong = "an order is a number from 1, not `" + value + "`";
    } else if (name == "on") {
      item.on = value;
    } else if (name == "as") {
      item.as = value;
    } else {
      item.at = value;
    }
  }

  const std::string& text_;
  std::size_t at_ = 0;
  std::string paragraph_;
  Place paragraph_place_;  // its first line
  std::vector<SheetItem> items_;
};

}  // namespace

std::vector<std::string> request_words() {
  std::vector<std::string> words;
  for (const auto& [word, clauses] : requests()) words.push_back(word);
  return words;
}

std::vector<SheetItem> parse_sheet(const std::string& text) { return Parser(text).run(); }

}  // namespace adjoint::app

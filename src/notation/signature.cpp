#include "notation/signature.hpp"

#include <stdexcept>

namespace adjoint::notation {
namespace {

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

// The parts between commas outside parentheses.
std::vector<std::string_view> parts(std::string_view s) {
  std::vector<std::string_view> out;
  int open = 0;
  std::size_t start = 0;
  for (std::size_t k = 0; k <= s.size(); ++k) {
    if (k == s.size() || (s[k] == ',' && open == 0)) {
      out.push_back(trimmed(s.substr(start, k - start)));
      start = k + 1;
    } else if (s[k] == '(') {
      ++open;
    } else if (s[k] == ')') {
      --open;
    }
  }
  return out;
}

Ast one() { return parse_fragment("1"); }

Pattern pattern(std::string_view s) {
  Pattern p;
  p.text = std::string(s);
  const auto word = [&](std::string_view prefix, Pattern::Kind kind) {
    if (s.substr(0, prefix.size()) != prefix) return false;
    p.kind = kind;
    p.name = std::string(trimmed(s.substr(prefix.size())));
    return true;
  };
  if (s == "scalar" || s == "()") {
    p.rows = p.columns = one();
    p.text = "a scalar";
  } else if (s == "index") {
    p.kind = Pattern::Kind::Index;
  } else if (s == "[]") {
    p.kind = Pattern::Kind::Empty;
  } else if (word("size ", Pattern::Kind::Size) || word("any ", Pattern::Kind::Any) ||
             word("wide ", Pattern::Kind::Wide)) {
  } else if (!s.empty() && s.front() == '(' && s.back() == ')') {
    const auto sizes = parts(s.substr(1, s.size() - 2));
    if (sizes.size() > 2) throw std::invalid_argument("a signature with " + p.text);
    p.rows = parse_fragment(sizes[0]);
    p.columns = sizes.size() == 2 ? parse_fragment(sizes[1]) : one();
  } else if (!s.empty() && ((s.front() >= '0' && s.front() <= '9') || s == "inf")) {
    p.kind = Pattern::Kind::Literal;
    p.literal = p.text;
  } else if (!s.empty()) {  // a result `A`
    p.kind = Pattern::Kind::Any;
    p.name = p.text;
  } else {
    throw std::invalid_argument("an empty pattern in a signature");
  }
  return p;
}

bool is_one(const Ast& size) { return size->kind == syntax::Kind::Number && size->text == "1"; }

}  // namespace

bool Pattern::only_scalar() const { return kind == Kind::Array && is_one(rows) && is_one(columns); }
bool Pattern::matrix() const { return kind == Kind::Array && !is_one(rows) && !is_one(columns); }

Signature parse_signature(std::string_view text) {
  const std::size_t arrow = text.find("->");
  if (arrow == std::string_view::npos)
    throw std::invalid_argument("a signature without an arrow: " + std::string(text));
  Signature s;
  s.text = std::string(text);
  const std::string_view left = trimmed(text.substr(0, arrow));
  if (!left.empty()) {
    for (const auto part : parts(left)) s.arguments.push_back(pattern(part));
  }
  s.result = pattern(trimmed(text.substr(arrow + 2)));
  return s;
}

}  // namespace adjoint::notation

#include "print/unicode.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace adjoint::print {

namespace {

using K = Box::Kind;
using Table = std::pair<std::string_view, std::string_view>;

constexpr auto kSuperscripts = std::to_array<Table>(
    {{"0", "⁰"}, {"1", "¹"}, {"2", "²"}, {"3", "³"}, {"4", "⁴"}, {"5", "⁵"}, {"6", "⁶"}, {"7", "⁷"},
     {"8", "⁸"}, {"9", "⁹"}, {"+", "⁺"}, {"−", "⁻"}, {"(", "⁽"}, {")", "⁾"}, {"⊤", "ᵀ"}, {"′′", "″"},
     {"′", "′"}, {"†", "†"}, {"*", "*"}, {"a", "ᵃ"}, {"b", "ᵇ"}, {"c", "ᶜ"}, {"d", "ᵈ"}, {"e", "ᵉ"},
     {"f", "ᶠ"}, {"g", "ᵍ"}, {"h", "ʰ"}, {"i", "ⁱ"}, {"j", "ʲ"}, {"k", "ᵏ"}, {"l", "ˡ"}, {"m", "ᵐ"},
     {"n", "ⁿ"}, {"o", "ᵒ"}, {"p", "ᵖ"}, {"r", "ʳ"}, {"s", "ˢ"}, {"t", "ᵗ"}, {"u", "ᵘ"}, {"v", "ᵛ"},
     {"w", "ʷ"}, {"x", "ˣ"}, {"y", "ʸ"}, {"z", "ᶻ"}});
constexpr auto kSubscripts =
    std::to_array<Table>({{"0", "₀"}, {"1", "₁"}, {"2", "₂"}, {"3", "₃"}, {"4", "₄"}, {"5", "₅"}, {"6", "₆"},
                          {"7", "₇"}, {"8", "₈"}, {"9", "₉"}, {"+", "₊"}, {"−", "₋"}, {"=", "₌"}, {"(", "₍"},
                          {")", "₎"}, {",", ","}, {"a", "ₐ"}, {"e", "ₑ"}, {"h", "ₕ"}, {"i", "ᵢ"}, {"j", "ⱼ"},
                          {"k", "ₖ"}, {"l", "ₗ"}, {"m", "ₘ"}, {"n", "ₙ"}, {"o", "ₒ"}, {"p", "ₚ"}, {"r", "ᵣ"},
                          {"s", "ₛ"}, {"t", "ₜ"}, {"u", "ᵤ"}, {"v", "ᵥ"}, {"x", "ₓ"}});

/// The text in raised or lowered letters; empty where a letter has none.
template <std::size_t N>
std::string mapped(std::string_view text, const std::array<Table, N>& table) {
  std::string out;
  while (!text.empty()) {
    if (text[0] == ' ') {
      text.remove_prefix(1);
      continue;
    }
    const auto hit =
        std::find_if(table.begin(), table.end(), [&](const Table& t) { return text.starts_with(t.first); });
    if (hit == table.end()) return {};
    out += hit->second;
    text.remove_prefix(hit->first.size());
  }
  return out;
}

// The accent as a character that joins the one before it.
std::string combining(const std::string& glyph) {
  return glyph == "¯" ? "\u0304" : glyph == "˙" ? "\u0307" : glyph == "^" ? "\u0302" : "\u0303";
}

std::string plain(const Box& box);

std::string in_parentheses(const Box& box, Level least) {
  std::string body = plain(box);
  return box.level >= least ? body : "(" + body + ")";
}

std::string script(const Box& box, std::string_view mark) {
  const std::string body = plain(box);
  std::string small = mark == "^" ? mapped(body, kSuperscripts) : mapped(body, kSubscripts);
  if (!small.empty()) return small;
  const bool one = box.parts.empty();
  return std::string(mark) + (one ? body : "(" + body + ")");
}

std::string tight(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ') out += c;
  }
  return out;
}

std::string scripts(const Box& box) {
  std::string out = plain(box.parts[0]);
  const Box& below = box.parts[1];
  const Box& above = box.parts[2];
  if (!below.empty()) {
    const std::string inside = plain(below);
    const std::string small = mapped(inside, kSubscripts);
    out += box.subscripts && (small.empty() || below.parts.size() > 1) ? "[" + tight(inside) + "]"
                                                                       : script(below, "_");
  }
  if (!above.empty()) {
    const bool entrywise = above.kind == K::Row && above.parts.size() == 2 && above.parts[0].glyph == "∘";
    out += entrywise ? "^∘" + plain(above.parts[1]) : script(above, "^");
  }
  return out;
}

/// What stands between two factors.
std::string_view times(const Box& sign, const Box& left, std::string_view before, std::string_view after) {
  if (sign.glyph == "·" || left.kind == K::Fraction) return "·";
  if (!sign.glyph.empty()) return after.starts_with('(') ? "" : " ";
  // x^p y, not x^py.
  const auto caret = before.find_last_of("^_");
  const bool open_script =
      caret != std::string_view::npos && before.find_first_of(" )]}", caret) == std::string_view::npos;
  return open_script && !after.empty() ? " " : "";
}

std::string row(const Box& box) {
  std::string out;
  for (std::size_t k = 0; k < box.parts.size(); ++k) {
    const Box& part = box.parts[k];
    if (part.kind == K::Times && k > 0 && k + 1 < box.parts.size()) {
      const Box& right = box.parts[k + 1];
      const bool flat = right.kind == K::Fraction ||
                        (right.kind == K::Row && !right.parts.empty() && right.parts[0].kind == K::Fraction);
      const std::string after = flat && right.kind == K::Fraction ? "(" + plain(right) + ")" : plain(right);
      out += times(part, box.parts[k - 1], out, after);
      out += after;
      ++k;
    } else {
      out += plain(part);
    }
  }
  return out;
}

std::string table(const Box& box) {
  const bool cases = box.open == "{";
  std::string out(box.open);
  for (std::size_t k = 0; k < box.parts.size(); ++k) {
    if (k > 0) out += "; ";
    const std::vector<Box>& cells = box.parts[k].parts;
    for (std::size_t j = 0; j < cells.size(); ++j) {
      if (j > 0) out += cases ? " " : ", ";
      out += plain(cells[j]);
    }
  }
  return out + (cases ? "}" : std::string(box.close));
}

std::string plain(const Box& box) {
  switch (box.kind) {
    case K::Identifier:
    case K::Upright:
    case K::Number:
    case K::Word:
    case K::Text:
    case K::Space:
      return box.glyph;
    case K::Operator:
      return " " + box.glyph + " ";
    case K::Tight:
      return box.glyph == "," ? ", " : box.glyph;
    case K::Times:
      return box.glyph;
    case K::Row:
      return row(box);
    case K::Fraction:
      return in_parentheses(box.parts[0], Level::Product) + "/" + in_parentheses(box.parts[1], Level::Power);
    case K::Scripts:
      return scripts(box);
    case K::Root: {
      const bool letter = box.parts[0].parts.empty();
      return letter ? "√" + plain(box.parts[0]) : "√(" + plain(box.parts[0]) + ")";
    }
    case K::Fenced:
      return std::string(box.open) + plain(box.parts[0]) + std::string(box.close);
    case K::Table:
      return table(box);
    case K::BigSum: {
      const std::string lower = mapped(plain(box.parts[0]), kSubscripts);
      const std::string upper = mapped(plain(box.parts[1]), kSuperscripts);
      if (!lower.empty() && !upper.empty()) return "Σ" + lower + upper + " ";
      return "Σ[" + plain(box.parts[0]) + ".." + plain(box.parts[1]) + "] ";
    }
    case K::Accent:
      return plain(box.parts[0]) + combining(box.glyph);
  }
  return {};
}

}  // namespace

std::string unicode(const Box& box) { return plain(box); }
std::string unicode(const syntax::Ast& tree, const syntax::FormLookup& forms) {
  return unicode(layout(tree, forms));
}
std::string unicode(const syntax::Map& map, const syntax::FormLookup& forms) {
  return unicode(layout(map, forms));
}

}  // namespace adjoint::print

// Boxes from parts, and names.
#include <cctype>

#include "print/layout.hpp"
#include "print/symbols.hpp"

namespace adjoint::print {

namespace {

using K = Box::Kind;

const Box& first_leaf(const Box& box) {
  switch (box.kind) {
    case K::Row:
      return box.parts.empty() ? box : first_leaf(box.parts.front());
    case K::Scripts:
      return first_leaf(box.parts[0]);
    default:
      return box;
  }
}

const Box& last_leaf(const Box& box) {
  switch (box.kind) {
    case K::Row:
      return box.parts.empty() ? box : last_leaf(box.parts.back());
    case K::Scripts:
      return last_leaf(box.parts[0]);
    default:
      return box;
  }
}

bool is_word(const Box& leaf) {
  return leaf.kind == K::Word || leaf.kind == K::Text ||
         (leaf.kind == K::Identifier && leaf.latex.starts_with("\\mathrm"));
}

bool is_bar(const Box& leaf) { return leaf.kind == K::Fenced && (leaf.open == "|" || leaf.open == "‖"); }

/// Digits, letters and signs that a script may join: -1 with ⊤ is -⊤.
bool is_sign(const Box& box, std::string_view sign) {
  if (box.kind == K::Row && box.parts.size() == 1) return is_sign(box.parts[0], sign);
  return box.parts.empty() && box.glyph == sign;
}

std::string escape(std::string_view word) {
  std::string out;
  for (const char c : word) {
    if (c == '_') out += '\\';
    out += c;
  }
  return out;
}

Box identifier(std::string_view word) {
  if (const Symbol* letter = find_letter(word)) {
    return leaf(K::Identifier, "\\" + std::string(letter->name), letter->glyph);
  }
  if (word.size() == 1) return leaf(K::Identifier, word, word);
  return leaf(K::Identifier, "\\mathrm{" + escape(word) + "}", word);
}

}  // namespace

Box leaf(Box::Kind kind, std::string_view latex, std::string_view glyph) {
  Box box;
  box.kind = kind;
  box.latex = latex;
  box.glyph = glyph;
  return box;
}

Box operator_box(std::string_view latex, std::string_view glyph) { return leaf(K::Operator, latex, glyph); }

Box row(std::vector<Box> parts, Level level) {
  if (parts.size() == 1) return std::move(parts.front());
  Box box;
  box.level = level;
  box.parts = std::move(parts);
  return box;
}

Box fenced(Box body, std::string_view open, std::string_view close) {
  Box box;
  box.kind = K::Fenced;
  box.open = open;
  box.close = close;
  box.parts.push_back(std::move(body));
  return box;
}

Box at_least(Box box, Level least) { return box.level >= least ? std::move(box) : fenced(std::move(box)); }

Box fraction(Box numerator, Box denominator) {
  Box box;
  box.kind = K::Fraction;
  box.level = Level::Product;
  box.parts.push_back(std::move(numerator));
  box.parts.push_back(std::move(denominator));
  return box;
}

namespace {

bool is_minus_one(const Box& box) {
  return box.kind == K::Row && box.parts.size() == 2 && is_sign(box.parts[0], "−") &&
         is_sign(box.parts[1], "1");
}

/// (X^{-1})^\top is X^{-\top}, (X^{-1})^2 is X^{-2}, (X^{1/2})^{-1} is X^{-1/2}: the script that stands for
/// both, or an empty box.
Box joined(const Box& inner, const Box& outer) {
  const auto row_of = [](std::vector<Box> parts) { return row(std::move(parts), Level::Sum); };
  const Box minus = leaf(K::Tight, "-", "−");
  if (is_minus_one(inner) && (is_sign(outer, "⊤") || outer.kind == K::Number)) return row_of({minus, outer});
  if (is_sign(inner, "+") && is_sign(outer, "⊤")) return row_of({inner, outer});
  const bool half = inner.kind == K::Row && inner.parts.size() == 3 && is_sign(inner.parts[1], "/") &&
                    is_sign(inner.parts[0], "1");
  if (half && is_minus_one(outer)) return row_of({minus, inner});
  return {};
}

}  // namespace

Box superscript(Box base, Box script) {
  if (base.kind == K::Scripts && !base.parts[2].empty()) {
    if (Box both = joined(base.parts[2], script); !both.empty()) {
      base.parts[2] = std::move(both);
      return base;
    }
    base = fenced(std::move(base));
  }
  if (base.level < Level::Atom) base = fenced(std::move(base));
  if (base.kind != K::Scripts) {
    Box scripts;
    scripts.kind = K::Scripts;
    scripts.parts.resize(3);
    scripts.parts[0] = std::move(base);
    base = std::move(scripts);
  }
  base.parts[2] = std::move(script);
  base.level = Level::Power;
  return base;
}

Box subscript(Box base, Box script) {
  if (base.level < Level::Atom || base.kind == K::Scripts) base = fenced(std::move(base));
  Box scripts;
  scripts.kind = K::Scripts;
  scripts.parts.resize(3);
  scripts.parts[0] = std::move(base);
  scripts.parts[1] = std::move(script);
  return scripts;
}

Box product(Box left, Box right) {
  const Box& before = last_leaf(left);
  const Box& after = first_leaf(right);
  std::string_view spacing;
  std::string_view glyph;
  if (after.kind == K::Number) {
    spacing = "\\cdot";
    glyph = "·";
  } else if (after.kind == K::Word) {
    glyph = " ";  // LaTeX puts this space itself
  } else if (is_word(before) || is_word(after) || before.kind == K::Fraction || after.kind == K::Fraction ||
             after.kind == K::BigSum || is_bar(before) || is_bar(after)) {
    spacing = "\\,";
    glyph = " ";
  }
  std::vector<Box> parts;
  parts.push_back(std::move(left));
  parts.push_back(leaf(K::Times, spacing, glyph));
  parts.push_back(std::move(right));
  return row(std::move(parts), Level::Product);
}

namespace {
// v3_bar as v with a bar and the subscript 3.
Box accented(Box box, std::string_view command, std::string_view glyph) {
  if (box.kind == K::Scripts) {
    box.parts[0] = accented(std::move(box.parts[0]), command, glyph);
    return box;
  }
  Box accent;
  accent.kind = K::Accent;
  accent.latex = "\\" + std::string(command);
  accent.glyph = glyph;
  accent.parts.push_back(std::move(box));
  return accent;
}
}  // namespace

Box name_box(std::string_view name) {
  using Accent = std::pair<std::string_view, std::string_view>;
  for (const auto& [command, glyph] :
       {Accent{"bar", "¯"}, Accent{"dot", "˙"}, Accent{"hat", "^"}, Accent{"tilde", "~"}}) {
    const std::size_t length = command.size() + 1;
    if (name.size() > length && name.ends_with(command) && name[name.size() - length] == '_')
      return accented(name_box(name.substr(0, name.size() - length)), command, glyph);
  }
  std::string_view base = name;
  std::string_view below;
  if (const auto cut = name.find('_'); cut != std::string_view::npos && cut > 0 && cut + 1 < name.size()) {
    base = name.substr(0, cut);
    below = name.substr(cut + 1);
  } else {
    std::size_t digits = name.size();
    while (digits > 0 && std::isdigit(static_cast<unsigned char>(name[digits - 1])) != 0) --digits;
    if (digits > 0 && digits < name.size()) {
      base = name.substr(0, digits);
      below = name.substr(digits);
    }
  }
  if (below.empty()) return identifier(base);
  const bool digits_only = below.find_first_not_of("0123456789") == std::string_view::npos;
  return subscript(name_box(base), digits_only ? leaf(K::Number, below, below) : name_box(below));
}

Box function_box(std::string_view name) {
  const auto cut = name.rfind('_');
  if (cut == std::string_view::npos || cut == 0) return name_box(name);
  const std::string_view order = name.substr(cut + 1);
  Box base = name_box(name.substr(0, cut));
  const Box prime = leaf(K::Identifier, "\\prime", "′");
  const auto derived = [&](Box script) {
    Box box = superscript(std::move(base), std::move(script));
    box.level = Level::Atom;
    return box;
  };
  if (order == "prime") return derived(prime);
  if (order == "second") return derived(beside(Level::Product, prime, prime));
  if (order == "grad" || order == "hess") {
    Box nabla = leaf(K::Identifier, "\\nabla", "∇");
    if (order == "hess") nabla = superscript(std::move(nabla), leaf(K::Number, "2", "2"));
    return beside(Level::Atom, std::move(nabla), std::move(base));
  }
  if (order == "jac") return subscript(leaf(K::Identifier, "J", "J"), std::move(base));
  const bool numbered = order.size() > 1 && order[0] == 'd' &&
                        order.find_first_not_of("0123456789", 1) == std::string_view::npos;
  if (numbered) return derived(fenced(leaf(K::Number, order.substr(1), order.substr(1))));
  return name_box(name);
}

bool is_tall(const Box& box) {
  switch (box.kind) {
    case K::Fraction:
    case K::BigSum:
    case K::Table:
      return true;
    case K::Scripts:
      return is_tall(box.parts[0]);
    default:
      for (const Box& part : box.parts) {
        if (is_tall(part)) return true;
      }
      return false;
  }
}

}  // namespace adjoint::print

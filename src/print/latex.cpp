#include "print/latex.hpp"

#include <cctype>

namespace adjoint::print {

namespace {

using K = Box::Kind;

class Writer {
 public:
  std::string out;

  void write(const Box& box) {
    switch (box.kind) {
      case K::Identifier:
      case K::Upright:
      case K::Number:
      case K::Word:
      case K::Text:
      case K::Operator:
      case K::Tight:
      case K::Times:
      case K::Space:
        put(box.latex);
        return;
      case K::Row:
        for (const Box& part : box.parts) write(part);
        return;
      case K::Fraction:
        put("\\frac");
        group(box.parts[0]);
        group(box.parts[1]);
        return;
      case K::Scripts:
        write(box.parts[0]);
        if (!box.parts[1].empty()) {
          put("_");
          script(box.parts[1]);
        }
        if (!box.parts[2].empty()) superscript(box.parts[2]);
        return;
      case K::Root:
        put("\\sqrt");
        group(box.parts[0]);
        return;
      case K::Fenced:
        fenced(box);
        return;
      case K::Table:
        table(box);
        return;
      case K::BigSum:
        put("\\sum");
        if (!box.parts[0].empty()) {
          put("_");
          group(box.parts[0]);
        }
        if (!box.parts[1].empty()) {
          put("^");
          group(box.parts[1]);
        }
        return;
      case K::Accent:
        put(box.latex);
        group(box.parts[0]);
        return;
    }
  }

 private:
  /// Appends a token; a space keeps a control word from a letter.
  void put(std::string_view token) {
    if (token.empty()) return;
    if (std::isalpha(static_cast<unsigned char>(token[0])) != 0 && ends_in_control_word()) out += ' ';
    out += token;
  }

  [[nodiscard]] bool ends_in_control_word() const {
    std::size_t k = out.size();
    while (k > 0 && std::isalpha(static_cast<unsigned char>(out[k - 1])) != 0) --k;
    return k > 0 && k < out.size() && out[k - 1] == '\\';
  }

  void group(const Box& box) {
    out += '{';
    write(box);
    out += '}';
  }

  /// One letter, digit or sign needs no braces.
  void script(const Box& box) {
    const bool bare =
        (box.kind == K::Identifier || box.kind == K::Number || box.kind == K::Tight ||
         box.kind == K::Operator) &&
        (box.latex.size() == 1 || (box.latex[0] == '\\' && box.latex.find('{') == std::string::npos));
    if (bare) {
      put(box.latex);
    } else {
      group(box);
    }
  }

  void superscript(const Box& box) {
    const auto is_prime = [](const Box& part) {
      return part.kind == K::Identifier && part.latex == "\\prime";
    };
    bool primes = is_prime(box);
    if (box.kind == K::Row) {
      primes = true;
      for (const Box& part : box.parts) primes = primes && is_prime(part);
    }
    if (primes) {
      out.append(box.kind == K::Row ? box.parts.size() : 1, '\'');
      return;
    }
    put("^");
    script(box);
  }

  static std::string_view delimiter(std::string_view glyph, bool opening) {
    if (glyph == "‖") return opening ? "\\lVert" : "\\rVert";
    if (glyph == "|") return opening ? "\\lvert" : "\\rvert";
    if (glyph == "{") return "\\{";
    if (glyph == "}") return "\\}";
    if (glyph == "⌊") return "\\lfloor";
    if (glyph == "⌋") return "\\rfloor";
    if (glyph == "⟨") return "\\langle";
    if (glyph == "⟩") return "\\rangle";
    return glyph;
  }

  void fenced(const Box& box) {
    const bool tall = is_tall(box.parts[0]);
    if (tall) put("\\left");
    put(box.open.empty() && tall ? "." : delimiter(box.open, true));
    write(box.parts[0]);
    if (tall) put("\\right");
    put(box.close.empty() && tall ? "." : delimiter(box.close, false));
  }

  void table(const Box& box) {
    const std::string environment = box.open == "{" ? "cases" : box.open == "(" ? "pmatrix" : "bmatrix";
    put("\\begin{" + environment + "}");
    for (std::size_t k = 0; k < box.parts.size(); ++k) {
      if (k > 0) out += " \\\\ ";
      for (std::size_t j = 0; j < box.parts[k].parts.size(); ++j) {
        if (j > 0) out += " & ";
        write(box.parts[k].parts[j]);
      }
    }
    put("\\end{" + environment + "}");
  }
};

}  // namespace

std::string latex(const Box& box) {
  Writer writer;
  writer.write(box);
  return std::move(writer.out);
}
std::string latex(const syntax::Ast& tree, const syntax::FormLookup& forms) {
  return latex(layout(tree, forms));
}
std::string latex(const syntax::Map& map, const syntax::FormLookup& forms) {
  return latex(layout(map, forms));
}

}  // namespace adjoint::print

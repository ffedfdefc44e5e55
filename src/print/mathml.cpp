#include "print/mathml.hpp"

namespace adjoint::print {

namespace {

using K = Box::Kind;

class Writer {
 public:
  std::string out;

  /// One element.
  void write(const Box& box) {
    if (box.kind == K::Row && box.parts.size() != 1) {
      out += "<mrow>";
      contents(box);
      out += "</mrow>";
    } else {
      contents(box);
    }
  }

  /// As children of an element that makes a row of them.
  void contents(const Box& box) {
    switch (box.kind) {
      case K::Identifier:
        if (is_sign(box.glyph)) {
          out += "<mo lspace=\"0\" rspace=\"0\">" + box.glyph + "</mo>";
        } else {
          element("mi", box.glyph);
        }
        return;
      case K::Upright:
        out += "<mi mathvariant=\"normal\">" + escaped(box.glyph) + "</mi>";
        return;
      case K::Number:
        element("mn", box.glyph);
        return;
      case K::Word:
        // Thin spaces keep a one-letter name upright too.
        out += (box.glyph.size() == 1 ? "<mi mathvariant=\"normal\">" : "<mi>") + escaped(box.glyph) +
               "</mi><mo>&#x2061;</mo>";
        return;
      case K::Text:
        element("mtext", box.glyph);
        return;
      case K::Operator:
        element("mo", box.glyph);
        return;
      case K::Tight:
        if (box.glyph == "−") {
          out += "<mo form=\"prefix\">−</mo>";
        } else if (box.glyph.starts_with(',')) {
          out += "<mo separator=\"true\">,</mo>";
        } else {
          out += "<mo lspace=\"0\" rspace=\"0\">" + escaped(box.glyph) + "</mo>";
        }
        return;
      case K::Times:
        if (box.glyph == "·") {
          element("mo", "⋅");
        } else if (box.glyph == " ") {
          out += "<mo lspace=\"0\" rspace=\"0.167em\">&#x2062;</mo>";
        } else {
          out += "<mo>&#x2062;</mo>";
        }
        return;
      case K::Space:
        out += box.latex == "\\quad" ? "<mspace width=\"1em\"/>" : "<mspace width=\"0.167em\"/>";
        return;
      case K::Row:
        for (const Box& part : box.parts) {
          if (part.kind == K::Row) {
            write(part);
          } else {
            contents(part);
          }
        }
        return;
      case K::Fraction:
        two("mfrac", box.parts[0], box.parts[1]);
        return;
      case K::Scripts:
        scripts(box);
        return;
      case K::Root:
        out += "<msqrt>";
        contents(box.parts[0]);
        out += "</msqrt>";
        return;
      case K::Fenced:
        out += "<mrow>";
        fence(box.open, is_tall(box.parts[0]), "prefix");
        contents(box.parts[0]);
        fence(box.close, is_tall(box.parts[0]), "postfix");
        out += "</mrow>";
        return;
      case K::Table:
        table(box);
        return;
      case K::BigSum:
        out += "<munderover><mo movablelimits=\"false\">∑</mo>";
        write(box.parts[0]);
        write(box.parts[1]);
        out += "</munderover>";
        return;
      case K::Accent:
        out += "<mover accent=\"true\">";
        write(box.parts[0]);
        out += "<mo>" + escaped(box.glyph) + "</mo></mover>";
        return;
    }
  }

 private:
  static bool is_sign(const std::string& glyph) {
    return glyph == "⊤" || glyph == "′" || glyph == "∘" || glyph == "∇" || glyph == "†" || glyph == "⋆" ||
           glyph == "∗";
  }

  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '<') {
        out += "&lt;";
      } else if (c == '>') {
        out += "&gt;";
      } else if (c == '&') {
        out += "&amp;";
      } else if (c == ' ') {
        out += "&#xA0;";
      } else {
        out += c;
      }
    }
    return out;
  }

  void element(const std::string& tag, std::string_view text) {
    out += "<" + tag + ">" + escaped(text) + "</" + tag + ">";
  }

  void two(const std::string& tag, const Box& a, const Box& b) {
    out += "<" + tag + ">";
    single(a);
    single(b);
    out += "</" + tag + ">";
  }

  /// Exactly one element, as mfrac and msup count their children.
  void single(const Box& box) {
    if (box.kind == K::Word) {
      out += "<mrow>";
      contents(box);
      out += "</mrow>";
    } else if (box.empty()) {
      out += "<mrow/>";
    } else {
      write(box);
    }
  }

  void scripts(const Box& box) {
    const bool below = !box.parts[1].empty();
    const bool above = !box.parts[2].empty();
    const std::string tag = below && above ? "msubsup" : below ? "msub" : "msup";
    out += "<" + tag + ">";
    single(box.parts[0]);
    if (below) single(box.parts[1]);
    if (above) single(box.parts[2]);
    out += "</" + tag + ">";
  }

  void fence(std::string_view glyph, bool tall, const std::string& form) {
    if (glyph.empty()) return;
    out += "<mo form=\"" + form + "\" stretchy=\"" + (tall ? "true" : "false") + "\">" + escaped(glyph) +
           "</mo>";
  }

  void table(const Box& box) {
    const bool cases = box.open == "{";
    out += "<mrow>";
    fence(box.open, true, "prefix");
    out += cases ? "<mtable columnalign=\"left\">" : "<mtable>";
    for (const Box& line : box.parts) {
      out += "<mtr>";
      for (const Box& cell : line.parts) {
        out += cases ? "<mtd style=\"text-align:left\">" : "<mtd>";
        contents(cell);
        out += "</mtd>";
      }
      out += "</mtr>";
    }
    out += "</mtable>";
    fence(box.close, true, "postfix");
    out += "</mrow>";
  }
};

}  // namespace

std::string mathml(const Box& box, bool display) {
  Writer writer;
  writer.out = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\"";
  writer.out += display ? " display=\"block\">" : ">";
  writer.write(box);
  writer.out += "</math>";
  return std::move(writer.out);
}
std::string mathml(const syntax::Ast& tree, const syntax::FormLookup& forms, bool display) {
  return mathml(layout(tree, forms), display);
}
std::string mathml(const syntax::Map& map, const syntax::FormLookup& forms, bool display) {
  return mathml(layout(map, forms), display);
}

}  // namespace adjoint::print

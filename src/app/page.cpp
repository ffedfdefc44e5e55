#include "app/page.hpp"

#include "app/question.hpp"
#include "notation/parser.hpp"
#include "print/mathml.hpp"
#include "syntax/build.hpp"

namespace adjoint::app {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light; }
body { font: 17px/1.55 "Latin Modern Roman", "STIX Two Text", Georgia, serif; color: #1c1c1c; max-width: 50rem; margin: 2.5rem auto 6rem; padding: 0 1.2rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin-bottom: .3rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid #bbb; padding-bottom: .2rem; }
h3 { margin-top: 2.2rem; }
code, pre, .source { font: 13.5px/1.45 "DejaVu Sans Mono", Consolas, monospace; }
pre { background: #f6f6f3; padding: .7rem .9rem; overflow-x: auto; white-space: pre-wrap; }
.given { color: #555; margin: .6rem 0; }
.answer { border-left: 3px solid #3b6ea5; padding: .1rem 0 .1rem 1rem; margin: 1.1rem 0; break-inside: avoid; }
.answer.failed { border-color: #b3261e; }
.source { color: #555; }
.formula { overflow-x: auto; overflow-y: hidden; margin: .2rem 0; padding: .35rem 0; }
.note { color: #555; font-size: .88rem; margin: .2rem 0; }
.check { color: #2d6a32; font-size: .88rem; margin: .2rem 0; }
.check.failed, .error { color: #b3261e; }
.warning { color: #8a5a00; font-size: .9rem; margin: .2rem 0; }
table { border-collapse: collapse; margin: .6rem 0; }
table.steps td { padding: .15rem .6rem .15rem 0; vertical-align: baseline; white-space: nowrap; }
table.steps td.rule { white-space: normal; color: #555; font-size: .85rem; }
table.data th, table.data td { border-bottom: 1px solid #ddd; padding: .2rem .8rem .2rem 0; text-align: left; font-size: .92rem; }
details summary { cursor: pointer; color: #3b6ea5; font-size: .88rem; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
.contents a { color: inherit; text-decoration: none; } .contents { columns: 2; font-size: .92rem; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } details { display: none; } a { color: inherit; } h2 { break-after: avoid; } h3 { break-after: avoid; } }
)css";

std::string relation_glyph(std::string_view r) {
  if (r == "!=") return "≠";
  if (r == "<=") return "≤";
  if (r == ">=") return "≥";
  if (r == "->") return "→";
  if (r == " in ") return "∈";
  if (r == "<") return "&lt;";
  if (r == ">") return "&gt;";
  return std::string(r);
}

// One piece of inline mathematics; code, and nothing typeset, where it is no expression.
std::string inline_math(std::string_view text, bool& good) {
  notation::Sources sources;
  notation::Diagnostics errors;
  const auto place = sources.add("<prose>", text);
  const syntax::Ast tree = notation::parse_expression(sources, place, errors);
  if (!tree || !errors.empty()) {
    good = false;
    return "<code>" + escaped(text) + "</code>";
  }
  return print::mathml(tree, forms_of, false);
}

std::string mathematics(std::string_view text, bool& good) {
  int depth = 0;
  for (std::size_t k = 0; k < text.size(); ++k) {
    depth += text[k] == '(' || text[k] == '[' ? 1 : text[k] == ')' || text[k] == ']' ? -1 : 0;
    if (depth != 0) continue;
    for (const std::string_view r : {"!=", "<=", ">=", "->", " in ", "=", "<", ">", ":"}) {
      if (!text.substr(k).starts_with(r)) continue;
      return inline_math(text.substr(0, k), good) + " <math><mo>" + relation_glyph(r) + "</mo></math> " +
             mathematics(text.substr(k + r.size()), good);
    }
  }
  return inline_math(text, good);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string prose(std::string_view text, std::vector<std::string>& wrong) {
  std::string out;
  for (std::size_t k = 0; k < text.size();) {
    if (text[k] == '\\' && k + 1 < text.size() && text[k + 1] == '$') {
      out += '$';
      k += 2;
      continue;
    }
    if (text[k] == '$' || text[k] == '`') {
      const auto end = text.find(text[k], k + 1);
      if (end != std::string_view::npos) {
        const auto inner = text.substr(k + 1, end - k - 1);
        bool good = true;
        out += text[k] == '$' ? mathematics(inner, good) : "<code>" + escaped(inner) + "</code>";
        if (!good) wrong.emplace_back(inner);
        k = end + 1;
        continue;
      }
    }
    out += escaped(text.substr(k, 1));
    ++k;
  }
  return out;
}

namespace {
std::string with_left_side(const std::string& lhs, std::string math) {
  if (lhs.empty()) return math;
  const auto at = math.find('>');
  math.insert(at + 1, "<mrow>" + lhs + "<mo>=</mo></mrow>");
  return math;
}
}  // namespace

namespace {
// The definitions of a formula, each on its line.
std::string definitions(const syntax::Ast& tree) {
  std::string out;
  for (std::size_t k = 0; k < tree->names.size(); ++k)
    out += equation(print::mathml(print::layout(syntax::name(tree->names[k]), forms_of), false),
                    tree->args[k + 1]);
  return out;
}
}  // namespace

std::string equation(const std::string& lhs, const syntax::Ast& tree) {
  if (tree->kind == syntax::Kind::Let) return definitions(tree) + equation(lhs, tree->args[0]);
  return "<div class=\"formula\">" + with_left_side(lhs, print::mathml(tree, forms_of)) + "</div>\n";
}
std::string equation(const std::string& lhs, const syntax::Map& map) {
  if (map.body->kind == syntax::Kind::Let)
    return definitions(map.body) + equation(lhs, syntax::Map{map.argument, map.body->args[0]});
  return "<div class=\"formula\">" + with_left_side(lhs, print::mathml(map, forms_of)) + "</div>\n";
}

std::string page(std::string_view title, std::string_view body) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escaped(title) + "</title>\n<style>";
  out += kStyle;
  out += "</style>\n</head>\n<body>\n";
  out += body;
  out += "</body>\n</html>\n";
  return out;
}

}  // namespace adjoint::app

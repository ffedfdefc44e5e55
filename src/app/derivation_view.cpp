#include "app/derivation_view.hpp"

#include "app/page.hpp"
#include "print/mathml.hpp"

namespace adjoint::app {

derivation::Derivation steps_of(const Worked& w, const std::string& style) {
  if (w.order != 1) throw NoAnswer("error: derivations are of the first derivative\n");
  derivation::Question q;
  q.function = w.question.formula.value;
  q.type = w.question.formula.type;
  q.source = w.question.formula.typed.root;
  q.variable = w.variable.expr;
  q.variable_type = w.variable.type;
  q.options = read_options(w.question);
  q.shortest = read_shortest;
  using derivation::Style;
  const Style s = style == "definition" ? Style::Definition
                  : style == "chain"    ? Style::Chain
                                        : Style::Differential;
  try {
    return derivation::derive(q, s);
  } catch (const std::runtime_error& e) {
    throw NoAnswer(std::string("error: ") + e.what() + "\n");
  }
}

std::string steps_page(const derivation::Derivation& d) {
  const syntax::FormLookup lookup = [](std::string_view name, int arity) {
    const syntax::Forms* own = derivation::forms(name, arity);
    return own != nullptr ? own : forms_of(name, arity);
  };
  const auto side = [&](const syntax::Ast& tree) {
    return tree ? print::mathml(derivation::typeset(d, tree), lookup, false) : std::string();
  };
  std::string out = "<table class=\"steps\">\n";
  for (const auto& line : d.lines) {
    out += "<tr><td>" + (line.continues ? std::string() : side(line.lhs)) +
           "</td><td><math><mo>=</mo></math> " + side(line.rhs) + "</td><td class=\"rule\">" +
           escaped(line.rule) + (line.note.empty() ? "" : ": <code>" + escaped(line.note) + "</code>") +
           "</td></tr>\n";
  }
  return out + "</table>\n";
}

}  // namespace adjoint::app

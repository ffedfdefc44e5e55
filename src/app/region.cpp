#include "app/region.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace adjoint::app {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw InputError("error: " + why + "\n"); }

std::string trimmed(const std::string& s) {
  const auto begin = s.find_first_not_of(' ');
  return begin == std::string::npos ? std::string() : s.substr(begin, s.find_last_not_of(' ') - begin + 1);
}

struct Chain {
  std::vector<std::string> sides;
  std::vector<std::string> relations;
};

Chain chain_of(const std::string& text) {
  Chain c;
  std::size_t from = 0;
  for (std::size_t k = 0; k < text.size(); ++k) {
    if (text[k] != '<' && text[k] != '>') continue;
    const bool equal = k + 1 < text.size() && text[k + 1] == '=';
    c.sides.push_back(trimmed(text.substr(from, k - from)));
    c.relations.push_back(text.substr(k, equal ? 2 : 1));
    from = k + (equal ? 2 : 1);
    k = from - 1;
  }
  c.sides.push_back(trimmed(text.substr(from)));
  return c;
}

Expr read(const Question& q, const std::string& text) {
  notation::Session session = q.session;
  session.clear_errors();
  session.adopt(q.formula);
  const auto formula = session.expression(*q.graph, text);
  if (!formula) throw InputError(session.errors_text());
  if (!formula->type.is_scalar()) refuse("a set is bounded by scalars, not by " + text);
  return formula->value;
}

// A bound of a set, as an interval that holds it: 3.2 and pi are no binary fractions.
Range number_of(const Question& q, const std::string& text) {
  const Expr e = read(q, text);
  const auto parts = topological(std::span(&e, 1));
  const bool constant = std::none_of(parts.begin(), parts.end(), [](Expr p) {
    return p->kind == Kind::Variable || p->kind == Kind::Extent;
  });
  const Range r = Ranges().of(e);
  if (!constant || !(r.upper - r.lower <= 1e-9 * std::max(1.0, r.magnitude())))
    refuse("a box is given by numbers, not by " + text);
  return r;
}

// a <= x says x >= a.
std::string turned(const std::string& relation) {
  return (relation[0] == '<' ? ">" : "<") + relation.substr(1);
}

}  // namespace

Region region_of(const Question& q, const std::string& text, Expr variable) {
  const std::string form = "a set is given as 'norm(x) <= r' or 'a <= x <= b'";
  const std::string& name = variable->name();
  const Chain c = chain_of(text);
  if (c.relations.empty() || c.relations.size() > 2) refuse(form + ", not '" + text + "'");
  Region region;
  const bool ball =
      c.relations.size() == 1 && (c.sides[0] == "norm(" + name + ")" || c.sides[0] == "abs(" + name + ")");
  if (ball) {
    if (c.relations[0][0] != '<') refuse(form + ", not '" + text + "'");
    const Expr radius = read(q, c.sides[1]);
    if (depends_on(radius, variable)) refuse("the radius of the set '" + text + "' depends on " + name);
    const Range r = Ranges().of(radius);
    if (r.is_negative() || (r.is_nonpositive() && c.relations[0] == "<"))
      refuse("the set '" + text + "' is empty");
    region.radius = radius;
    if (c.sides[0].starts_with("abs(") && std::isfinite(r.upper)) region.box = Range{-r.upper, r.upper};
    return region;
  }
  std::size_t place = c.sides.size();
  for (std::size_t k = 0; k < c.sides.size(); ++k) {
    if (c.sides[k] == name) place = k;
  }
  if (place == c.sides.size() || (c.sides.size() == 3 && place != 1))
    refuse("the set '" + text + "' does not bound " + name + "; " + form);
  Range box;
  for (std::size_t k = 0; k < c.relations.size(); ++k) {
    const bool left = place == k;  // the variable stands before the relation
    const std::string relation = left ? c.relations[k] : turned(c.relations[k]);
    const Range edge = number_of(q, c.sides[left ? k + 1 : k]);
    const bool open = relation.size() == 1;
    box = intersection(box, relation[0] == '<' ? Range{box.lower, edge.upper, box.open_lower, open}
                                               : Range{edge.lower, box.upper, open, box.open_upper});
  }
  const Range inside = intersection(box, Ranges().of(variable));
  if (inside.is_empty() || (inside.lower == inside.upper && (inside.open_lower || inside.open_upper)))
    refuse("the set '" + text + "' is empty");
  region.box = box;
  return region;
}

}  // namespace adjoint::app

#include "app/explain.hpp"

#include <algorithm>
#include <sstream>

#include "app/measure.hpp"
#include "app/page.hpp"
#include "app/picture.hpp"
#include "app/program.hpp"
#include "app/program_text.hpp"
#include "kernel/cost.hpp"
#include "print/mathml.hpp"
#include "programs/mode_list.hpp"
#include "programs/modes.hpp"
#include "programs/strategies.hpp"
#include "syntax/build.hpp"

namespace adjoint::app {

using json = nlohmann::ordered_json;
using kernel::Polynomial;

namespace {

constexpr std::size_t kManyLines = 200;  // longer listings are folded in text

Question all_freed(Question q, const std::string& wrt) {
  for (const auto& s : active_symbols(q, wrt)) q = freed(std::move(q), s.name);
  return q;
}

// A question with its programs.
struct Explained {
  Question question;
  std::vector<Expr> active;
  std::vector<std::string> names;  // of the active variables
  StraightLine program;
  StraightLine ahead, back;  // its forward and its reverse program

  Explained(Question q, const std::string& wrt)
      : question(all_freed(std::move(q), wrt)), program(trace(question)) {
    for (const auto& s : active_symbols(question, wrt)) {
      active.push_back(variable_of(question, s).expr);
      names.push_back(s.name);
      if (std::find(program.inputs.begin(), program.inputs.end(), active.back()) == program.inputs.end()) {
        program.inputs.push_back(active.back());
        program.types.emplace(s.name, s.type);
        program.names.take(s.name);
      }
    }
    ahead = forward(program, active);
    back = reverse(program, active);
  }
  [[nodiscard]] std::vector<std::string> notes() const {
    std::vector<std::string> out;
    for (const auto& a : question.formula.assumptions()) out.push_back("assumed: " + a);
    for (const auto& name : names) {
      if (question.formula.symbol(name) == nullptr)
        out.push_back(name + " does not occur in the function, so the derivative is zero");
    }
    return out;
  }
  [[nodiscard]] StraightLine in(const Mode& mode) const {
    if (mode.name == "forward") return ahead;
    if (mode.name == "reverse") return back;
    return mode.write(program, active);
  }
};

// The mode that was asked for, or reverse.
const Mode& mode_of(const ExplainOptions& o) {
  const Mode* mode = find_mode(o.mode.empty() ? "reverse" : o.mode);
  if (mode == nullptr) throw InputError("error: there is no mode " + o.mode + "\n");
  return *mode;
}

std::vector<std::string> texts(const Question& q, const StraightLine& p) {
  std::vector<std::string> out;
  for (const auto& line : shown_lines(q, p)) out.push_back(text(line));
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& l : lines) out += (out.empty() ? "" : "\n") + l;
  return out;
}

json to_json(const ProgramCost& c) {
  return {{"flops", c.cost.flops().text()},
          {"order", c.cost.flops().order()},
          {"memory", c.memory.text()},
          {"traffic", c.cost.traffic().text()},
          {"multiply_adds", c.cost.multiply_add.text()},
          {"arithmetic", c.cost.arithmetic.text()},
          {"divisions", c.cost.division.text()},
          {"transcendental", c.cost.transcendental.text()},
          {"calls", c.cost.calls.text()}};
}

json program_json(const Explained& e, const Mode& mode, const ProgramCost* known = nullptr) {
  const StraightLine p = e.in(mode);
  json j;
  j["text"] = joined(texts(e.question, p));
  for (const Language& language : languages())
    j[std::string(language.name)] = code(language, e.question, p, mode.optimised);
  j["inputs"] = json::array();
  for (const auto& v : p.inputs) {
    const auto parameter = p.parameters.find(v->name());
    j["inputs"].push_back(parameter == p.parameters.end() ? v->name() : parameter->second);
  }
  j["results"] = json::array();
  for (std::size_t k = 0; k < p.outputs.size(); ++k)
    j["results"].push_back({{"name", p.results[k].name}, {"is", shown_name(p.outputs[k])}});
  j["cost"] = to_json(known != nullptr ? *known : cost_of(p, mode.optimised));
  return j;
}

json to_json(const Explained& e, const ExplainOptions& o) {
  json j;
  j["function"] = e.question.formula.text;
  j["variables"] = e.names;
  j["graph"] = {{"operations", e.program.lines.size()}, {"lines", texts(e.question, e.program)}};
  const Strategies s = compare(e.program, e.active, e.ahead, e.back);
  j["graph"]["flops"] = s.function.text();
  j["forward"] = program_json(e, *find_mode("forward"), &s.forward);
  j["reverse"] = program_json(e, *find_mode("reverse"), &s.reverse);
  j["reverse"]["kept"] = s.kept.text();
  if (!j.contains(mode_of(o).name)) j[std::string(mode_of(o).name)] = program_json(e, mode_of(o));
  j["strategies"] = json::array();
  for (const auto& one : s.all) {
    j["strategies"].push_back({{"name", one.name},
                               {"flops", one.flops.text()},
                               {"order", one.flops.order()},
                               {"memory", one.memory.text()},
                               {"note", one.note}});
  }
  j["fastest"] = s.fastest;
  j["why"] = s.why;
  if (o.measure) j["measured"] = to_json(measure(e.question, e.program, e.active));
  j["assumed"] = e.question.formula.assumptions();
  j["notes"] = e.notes();
  return j;
}

// The lines of a program, a value with its tangent at its side; the middle of a long one is folded, and not
// even read.
void listing(std::ostringstream& out, const Question& question, const StraightLine& program) {
  std::vector<std::pair<const Line*, const Line*>> rows;
  for (const auto& line : program.lines) {
    if (line.sweep == Sweep::Tangent && !rows.empty() && rows.back().second == nullptr) {
      rows.back().second = &line;
    } else {
      rows.emplace_back(&line, nullptr);
    }
  }
  const std::size_t folded = rows.size() > kManyLines ? rows.size() - kManyLines : 0;
  const auto middle = rows.begin() + kManyLines / 2;
  if (folded > 0) rows.erase(middle, middle + static_cast<std::ptrdiff_t>(folded));
  const LineReader reader(question, program);
  std::vector<std::string> left;
  std::size_t width = 0;
  for (const auto& row : rows) {
    left.push_back(text(reader(*row.first)));
    width = std::max(width, std::min<std::size_t>(left.back().size(), 48));
  }
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (folded > 0 && k == kManyLines / 2)
      out << "  … " << folded << " lines of the same kind (--format json has them all)\n";
    out << "  " << left[k];
    if (const Line* tangent = rows[k].second; tangent != nullptr) {
      const std::size_t gap = width + 4 > left[k].size() ? width + 4 - left[k].size() : 2;
      out << std::string(gap, ' ') << text(reader(*tangent));
    }
    out << "\n";
  }
}

std::string cost_line(const ProgramCost& c) {
  return "flops " + c.cost.flops().text() + "   (" + c.cost.flops().order() + "), memory " + c.memory.text();
}

std::string to_text(const Explained& e, const ExplainOptions& o) {
  std::ostringstream out;
  const std::size_t n = e.program.lines.size();
  out << "graph: " << n << (n == 1 ? " operation\n" : " operations\n");
  listing(out, e.question, e.program);
  const Strategies s = compare(e.program, e.active, e.ahead, e.back);
  const std::string only = o.mode;
  if (only.empty() || only == "forward") {
    out << "\nforward program: " << cost_line(s.forward) << "\n";
    listing(out, e.question, e.ahead);
  }
  if (only.empty() || only == "reverse") {
    out << "\nreverse program: " << cost_line(s.reverse) << ", values kept " << s.kept.text() << "\n";
    listing(out, e.question, e.back);
  }
  if (!only.empty() && only != "forward" && only != "reverse") {
    const Mode& mode = mode_of(o);
    const StraightLine p = e.in(mode);
    out << "\n" << only << " program: " << cost_line(cost_of(p, mode.optimised)) << "\n";
    listing(out, e.question, p);
  }
  out << "\ncost of the derivative (the function alone: " << s.function.text() << " flops)\n";
  std::size_t w1 = 8, w2 = 5, w3 = 5;
  for (const auto& one : s.all) {
    w1 = std::max(w1, one.name.size());
    w2 = std::max(w2, one.flops.text().size());
    w3 = std::max(w3, one.flops.order().size());
  }
  const auto row = [&](const std::string& a, const std::string& b, const std::string& c,
                       const std::string& d) {
    const auto pad = [](const std::string& t, std::size_t w) {
      return t + std::string(w - std::min(w, t.size()) + 3, ' ');
    };
    out << "  " << pad(a, w1) << pad(b, w2) << pad(c, w3) << d << "\n";
  };
  row("strategy", "flops", "order", "memory");
  for (const auto& one : s.all) row(one.name, one.flops.text(), one.flops.order(), one.memory.text());
  out << "fastest: " << s.fastest << "\n  " << s.why << "\n";
  for (const auto& note : e.notes()) out << "# " << note << "\n";
  return out.str();
}

// ---- The page of a report ----

// A line as mathematics: dots over tangents, bars over adjoints.
std::string mathematics(const ShownLine& line) {
  if (!line.value) return "<code>" + escaped(text(line)) + "</code>";
  const auto math = [](const syntax::Ast& tree) { return print::mathml(tree, forms_of, false); };
  return math(syntax::name(line.name)) + (line.adds ? " += " : " = ") + math(line.value);
}

// Two columns of lines.
std::string columns(const std::vector<std::string>& left, const std::vector<std::string>& right,
                    const char* first, const char* second) {
  std::string out =
      "<table class=\"data\"><tr><th>" + std::string(first) + "</th><th>" + second + "</th></tr>\n";
  for (std::size_t k = 0; k < std::max(left.size(), right.size()); ++k) {
    const auto cell = [k](const std::vector<std::string>& lines) {
      return "<td>" + (k < lines.size() ? lines[k] : std::string()) + "</td>";
    };
    out += "<tr>" + cell(left) + cell(right) + "</tr>\n";
  }
  return out + "</table>\n";
}

// As many lines as one reads; the rest folded.
std::vector<std::string> folded(std::vector<std::string> lines) {
  constexpr std::ptrdiff_t kRead = 60;
  const auto count = static_cast<std::ptrdiff_t>(lines.size());
  if (count <= kRead) return lines;
  lines.erase(lines.begin() + kRead / 2, lines.end() - kRead / 2);
  lines.insert(lines.begin() + kRead / 2, "… " + std::to_string(count - kRead) + " lines of the same kind …");
  return lines;
}

std::string picture(const Explained& e, Overlay overlay, const std::string& caption) {
  try {
    std::string drawn = svg(dot(e.question, e.program, overlay));
    drawn.erase(0, drawn.find("<svg"));
    return "<figure>" + drawn + "<figcaption class=\"note\">" + caption + "</figcaption></figure>\n";
  } catch (const NoAnswer& error) {
    return "<p class=\"warning\">no picture: " + escaped(error.what()) + "</p>\n";
  }
}

std::string cost_table(const Strategies& s) {
  std::string out =
      "<table class=\"data\"><tr><th>strategy</th><th>flops</th><th>order</th><th>memory</th></tr>\n";
  for (const auto& one : s.all) {
    const bool best = one.name == s.fastest;
    const auto cell = [best](const std::string& t) {
      return "<td>" + (best ? "<b>" + escaped(t) + "</b>" : escaped(t)) + "</td>";
    };
    out += "<tr>" + cell(one.name) + cell(one.flops.text()) + cell(one.flops.order()) +
           cell(one.memory.text()) + "</tr>\n";
  }
  return out + "</table>\n<p>Fastest: <b>" + s.fastest + "</b>. " + escaped(s.why) + ".</p>\n";
}

}  // namespace

std::pair<std::string, int> explain(const ExplainOptions& o) {
  const Explained e(ask(o.expression, o.given), o.wrt);
  const Mode& mode = mode_of(o);
  const auto overlay = o.mode == "forward"   ? Overlay::Forward
                       : o.mode == "reverse" ? Overlay::Reverse
                                             : Overlay::None;
  if (o.format == "json") return {to_json(e, o).dump(2) + "\n", 0};
  for (const Language& language : languages()) {
    if (o.format == language.name) return {language.write(e.question, e.in(mode), mode.optimised), 0};
  }
  if (o.format == "dot") return {dot(e.question, e.program, overlay), 0};
  if (o.format == "svg") return {svg(dot(e.question, e.program, overlay)), 0};
  std::string out = to_text(e, o);
  if (o.measure) out += to_text(measure(e.question, e.program, e.active));
  return {out, 0};
}

std::string explain_page(Question question, const ExplainOptions& o) {
  const Explained e(std::move(question), o.wrt);
  if (o.measure) return to_html(measure(e.question, e.program, e.active));
  const Strategies s = compare(e.program, e.active, e.ahead, e.back);
  const std::size_t n = e.program.lines.size();
  std::string out = "<p>The graph has " + std::to_string(n) + (n == 1 ? " operation" : " operations") +
                    "; the function costs " + escaped(s.function.text()) + " flops.</p>\n";
  out += picture(e, Overlay::None,
                 "The calculus graph: shapes on the edges, shared values with a double border.");
  std::vector<std::string> values, tangents;
  for (const auto& line : shown_lines(e.question, e.ahead)) {
    if (line.sweep == Sweep::Tangent && !values.empty()) {
      tangents.resize(values.size());
      tangents.back() = mathematics(line);
    } else {
      values.push_back(mathematics(line));
    }
  }
  tangents.resize(values.size());
  out += "<p>Forward program, one sweep: " + escaped(s.forward.cost.flops().text()) + " flops.</p>\n";
  out += columns(folded(values), folded(tangents), "value", "tangent");
  std::vector<std::string> up, down;
  for (const auto& line : shown_lines(e.question, e.back)) {
    (line.sweep == Sweep::Value ? up : down).push_back(mathematics(line));
  }
  out += "<p>Reverse program: " + escaped(s.reverse.cost.flops().text()) + " flops; it comes back to " +
         escaped(s.kept.text()) + " stored numbers.</p>\n";
  out += columns(folded(up), folded(down), "values, forward", "adjoints, backward");
  if (n <= 30)
    out += picture(e, Overlay::Reverse,
                   "The reverse sweep over the graph: each adjoint goes back along its edge.");
  out += cost_table(s);
  try {
    out += "<details><summary>the reverse program in NumPy</summary><pre>" +
           escaped(numpy(e.question, e.back)) + "</pre></details>\n";
  } catch (const std::exception&) {  // an array that NumPy code cannot say: the lines above stand for it
  }
  for (const auto& note : e.notes()) out += "<p class=\"note\">" + escaped(note) + "</p>\n";
  return out;
}

}  // namespace adjoint::app

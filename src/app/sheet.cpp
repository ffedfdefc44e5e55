#include "app/sheet.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>

#include "app/commands.hpp"
#include "app/derivation_view.hpp"
#include "app/page.hpp"
#include "app/requests.hpp"
#include "app/values.hpp"
#include "notation/infer.hpp"
#include "print/mathml.hpp"

namespace adjoint::app {
namespace {

std::string read_sheet(const std::string& file) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
  } else {
    if (std::filesystem::is_directory(file)) throw InputError("error: " + file + " is a directory\n");
    std::ifstream in(file, std::ios::binary);
    if (!in) throw InputError("error: cannot read " + file + "\n");
    text << in.rdbuf();
  }
  std::string s = text.str();
  if (s.starts_with("\xEF\xBB\xBF")) s.erase(0, 3);  // the byte order mark that some editors write
  if (s.find_first_not_of(" \t\r\n") == std::string::npos) throw InputError("error: " + file + " is empty\n");
  if (s.find('\0') != std::string::npos)
    throw InputError("error: " + file + " holds binary data, not a sheet\n");
  return s;
}

// A report is HTML; under another ending it would be taken for what it is not.
void check_output(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (!ending.empty() && ending != ".html" && ending != ".htm" && ending != ".xhtml")
    throw InputError("error: a report is written as HTML (" + path + " ends in " + ending +
                     "); a browser prints it into a PDF\n");
  if (std::filesystem::is_directory(path)) throw InputError("error: " + path + " is a directory\n");
}

// A line that reads like a request of an unknown name, `plot x^2 in x`: that name.
std::string unknown_request(std::string_view line) {
  const auto end = line.find(' ');
  if (end == std::string_view::npos) return "";
  const std::string_view word = line.substr(0, end);
  const std::string_view rest = line.substr(line.find_first_not_of(' ', end));
  const bool letters = std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (!letters || rest.starts_with("in ") ||
      std::string_view("=:<>!+-*/^.,;)]'").find(rest[0]) != std::string::npos)
    return "";
  return std::string(word);
}

class Worker {
 public:
  Worker(std::string file, std::string text, bool progress)
      : file_(std::move(file)), text_(std::move(text)), progress_(progress) {
    start();
  }

  std::string run() {
    const auto items = parse_sheet(text_);
    std::size_t requests = 0;
    for (const auto& i : items) requests += i.kind == SheetItem::Kind::Request ? 1 : 0;
    std::size_t done = 0;
    for (const auto& item : items) {
      if (item.kind == SheetItem::Kind::Request && progress_) {
        std::fprintf(stderr, "\r\033[K[%zu/%zu] %.60s", ++done, requests, item.text.c_str());
      }
      work_on(item);
    }
    if (progress_) std::fputs("\r\033[K", stderr);
    flush_given();
    return body_;
  }

  std::string title = "Report";
  int answered = 0, checked = 0, failed = 0, wrong = 0;

 private:
  void start() {
    session_ = notation::Session();
    whole_ = session_.add(file_, text_);
  }

  void work_on(const SheetItem& item) {
    using Kind = SheetItem::Kind;
    if (item.kind != Kind::Statement) flush_given();
    switch (item.kind) {
      case Kind::Heading:
        if (item.level == 1 && title == "Report") title = item.text;
        body_ += "<h" + std::to_string(std::min(item.level, 3)) + ">" + typeset(item) + "</h" +
                 std::to_string(std::min(item.level, 3)) + ">\n";
        return;
      case Kind::Prose:
        body_ += "<p>" + typeset(item) + "</p>\n";
        return;
      case Kind::Reset:
        start();
        return;
      case Kind::Statement:
        session_.clear_errors();
        if (!session_.declare(item.place)) {
          report_error(statement_error(item), item.text);
          ++wrong;
        } else {
          given_ += (given_.empty() ? "" : "; ") + item.text;
        }
        return;
      case Kind::Request:
        if (!item.wrong.empty()) {
          session_.clear_errors();
          session_.error(item.place, item.wrong);
          report_error(session_.errors_text(), item.text);
          ++wrong;
        } else if (item.variables.empty()) {
          request(item, "");
        } else if (treats_variables_together(item.keyword)) {
          std::string all;
          for (const auto& v : item.variables) all += (all.empty() ? "" : ",") + v;
          request(item, all);
        } else {
          for (const auto& v : item.variables) request(item, v);
        }
        return;
    }
  }

  // Prose; an error where it holds mathematics that is no notation.
  std::string typeset(const SheetItem& item) {
    std::vector<std::string> bad;
    std::string html = prose(item.text, bad);
    for (const auto& text : bad) {
      session_.clear_errors();
      session_.error(item.place, "`$" + text + "$` is no notation (a dollar sign is written \\$)");
      report_error(session_.errors_text(), "$" + text + "$");
      ++wrong;
    }
    return html;
  }

  std::string statement_error(const SheetItem& item) {
    const std::string word = unknown_request(item.text);
    if (word.empty()) return session_.errors_text();
    const auto near = notation::nearest_name(word, request_words());
    const notation::Place at{item.place.begin, item.place.begin + static_cast<std::uint32_t>(word.size())};
    session_.clear_errors();
    session_.error(at,
                   "there is no request `" + word + "`" + (near ? "; did you mean `" + *near + "`?" : ""));
    return session_.errors_text();
  }

  void flush_given() {
    if (!given_.empty()) body_ += "<p class=\"given\">Given <code>" + escaped(given_) + "</code></p>\n";
    given_.clear();
  }

  void report_error(const std::string& message, const std::string& source) {
    std::fputs(message.c_str(), stderr);
    body_ += "<div class=\"answer failed\"><div class=\"source\">" + escaped(source) +
             "</div><pre class=\"error\">" + escaped(message) + "</pre></div>\n";
  }

  void request(const SheetItem& item, const std::string& variable) {
    std::string html;
    bool good = true;
    try {
      html = answer(item, variable, good);
      if (item.refuse) {
        good = false;
        html += "<p class=\"check failed\">An answer was given where none was expected.</p>\n";
      }
    } catch (const InputError& e) {
      refused(item, e.what(), 2);
      return;
    } catch (const NoAnswer& e) {
      refused(item, e.what(), 1);
      return;
    } catch (const std::exception& e) {
      refused(item, std::string("error: ") + e.what() + "\n", 1);
      return;
    }
    ++answered;
    if (!good) ++failed;
    body_ += std::string("<div class=\"answer") + (good ? "" : " failed") + "\"><div class=\"source\">" +
             escaped(item.text) + "</div>\n" + html + "</div>\n";
  }

  void refused(const SheetItem& item, const std::string& message, int status) {
    if (item.refuse) {
      ++answered;
      body_ += "<div class=\"answer\"><div class=\"source\">" + escaped(item.text) + "</div><pre>" +
               escaped(message) + "</pre></div>\n";
      return;
    }
    ++(status == 1 ? failed : wrong);
    const auto at = session_.sources().position(item.place).text();
    report_error(message.find(": error:") != std::string::npos ? message : at + ": " + message, item.text);
  }

  Question question(const SheetItem& item) {
    Question q{std::make_unique<Graph>(), session_, {}, "`in`"};
    q.session.clear_errors();
    auto formula = q.session.expression(*q.graph, item.expression);
    if (!formula) throw InputError(q.session.errors_text());
    q.formula = std::move(*formula);
    if (q.formula.symbols.size() == 1 && q.formula.symbols[0].assumed &&
        q.formula.symbols[0].name == q.formula.text &&
        std::find(item.variables.begin(), item.variables.end(), q.formula.text) == item.variables.end()) {
      q.session.error(item.expression, "`" + q.formula.text + "` is neither declared nor defined");
      throw InputError(q.session.errors_text());
    }
    return q;
  }

  std::string answer(const SheetItem& item, const std::string& variable, bool& good) {
    if (item.keyword == "eval") return evaluation(item, variable);
    if (item.keyword == "simplify") {
      const Question q = question(item);
      const auto tree = read_shortest(simplify(q.formula.value), q.formula.type, read_options(q));
      return equation(print::mathml(print::layout(q.formula.parsed, forms_of), false), tree);
    }
    if (item.keyword != "derive" && item.keyword != "gradient" && item.keyword != "derivative" &&
        item.keyword != "jacobian" && item.keyword != "hessian" && item.keyword != "check" &&
        item.keyword != "steps") {
      return further_request(item, question(item), variable, good);
    }
    Worked w = work(question(item), variable, item.order);
    expect(item, w);
    std::string html = left_side(w);
    if (item.keyword == "steps") html = steps_page(steps_of(w, item.style));
    for (const auto& n : w.notes) html += "<p class=\"note\">" + escaped(n) + "</p>\n";
    if (item.keyword != "steps") html += domain_page(w);
    const CheckResult c =
        check_derivative(w.question, w.symbol, w.variable, item.order, w.derivative, w.reading);
    good = c.passed;
    ++checked;
    html += std::string("<p class=\"check") + (c.passed ? "" : " failed") + "\">" + (c.passed ? "✓ " : "✗ ") +
            escaped(to_text(c)) + "</p>\n";
    if (item.keyword != "steps") {
      html += "<details><summary>NumPy</summary><pre>" + escaped(numpy_code(w)) + "</pre></details>\n";
    }
    return html;
  }

  static void expect(const SheetItem& item, const Worked& w) {
    const bool scalar = w.question.formula.type.is_scalar() && w.question.formula.type.higher.empty();
    if (item.keyword == "gradient" && !scalar)
      throw NoAnswer("error: " + w.question.formula.text +
                     " is no scalar and has no gradient; ask for its jacobian\n");
    if (item.keyword == "derivative" && !w.variable.type.is_scalar())
      throw NoAnswer("error: " + w.symbol.name + " is no scalar; ask for the gradient or the jacobian\n");
  }

  static std::string left_side(const Worked& w) {
    const std::string x = "<mi>" + escaped(w.symbol.name) + "</mi>";
    const std::string f = "<mi>f</mi>";
    std::string lhs;
    switch (w.derivative.kind) {
      case DerivativeKind::Gradient:
        lhs = "<msub><mo>∇</mo>" + x + "</msub>" + f;
        break;
      case DerivativeKind::Derivative:
        lhs = w.order == 1 ? "<mfrac><mrow><mo>∂</mo>" + f + "</mrow><mrow><mo>∂</mo>" + x + "</mrow></mfrac>"
                           : "<mfrac><mrow><msup><mo>∂</mo><mn>" + std::to_string(w.order) + "</mn></msup>" +
                                 f + "</mrow><mrow><mo>∂</mo><msup>" + x + "<mn>" + std::to_string(w.order) +
                                 "</mn></msup></mrow></mfrac>";
        break;
      case DerivativeKind::Jacobian:
        lhs = "<msub><mi>J</mi>" + x + "</msub>" + f;
        break;
      case DerivativeKind::Hessian:
        lhs = "<msubsup><mo>∇</mo>" + x + "<mn>2</mn></msubsup>" + f;
        break;
      case DerivativeKind::Operator:
        lhs = "<mi>D</mi>" + f + "<mo>(</mo>" + x + "<mo>)</mo>";
        break;
    }
    std::string html = w.reading.map ? equation(lhs, *w.reading.map) : equation(lhs, w.reading.formula);
    if (w.reading.adjoint)
      html += "<p class=\"note\">adjoint</p>" +
              equation("<msup><mrow>" + lhs + "</mrow><mo>*</mo></msup>", *w.reading.adjoint);
    if (w.reading.kronecker)
      html += "<p class=\"note\">matrix in vec</p>" + equation("<mi>J</mi>", w.reading.kronecker);
    return html;
  }

  std::string evaluation(const SheetItem& item, const std::string& variable) {
    EvalOptions o;
    o.at = item.at;
    o.wrt = variable;
    o.order = item.order;
    notation::Session session = session_;
    session.clear_errors();
    const Values values = parse_values(o.at);
    if (!session.declare(declarations_of(values, session))) throw InputError(session.errors_text());
    Question q{std::make_unique<Graph>(), std::move(session), {}, "`in`"};
    auto formula = q.session.expression(*q.graph, item.expression);
    if (!formula) throw InputError(q.session.errors_text());
    q.formula = std::move(*formula);
    refuse_unknown(values, session_, q);
    const auto j = evaluate(q, o);
    std::string html = "<table class=\"data\"><tr><td>value</td><td><code>" + escaped(j["value"].dump()) +
                       "</code></td></tr>";
    if (j.contains("derivative"))
      html += "<tr><td>derivative</td><td><code>" + escaped(j["derivative"].dump()) + "</code></td></tr>";
    html += "</table>\n";
    for (const auto& warning : j["warnings"])
      html += "<p class=\"warning\">" + escaped(warning.get<std::string>()) + "</p>\n";
    return html;
  }

  std::string file_, text_;
  bool progress_;
  notation::Session session_;
  notation::Place whole_;
  std::string body_, given_;
};

}  // namespace

void write_file(const std::string& path, const std::string& content) {
  const std::string temporary = path + ".tmp" + std::to_string(getpid());
  {
    std::ofstream out(temporary, std::ios::binary);
    out << content;
    out.close();
    if (!out) {
      std::remove(temporary.c_str());
      throw InputError("error: cannot write " + path + "\n");
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    std::remove(temporary.c_str());
    throw InputError("error: cannot write " + path + "\n");
  }
}

std::pair<std::string, int> run_sheet(const SheetOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  if (options.output != "-") check_output(options.output);
  Worker worker(options.file, read_sheet(options.file), options.progress);
  const std::string body = worker.run();
  if (worker.wrong > 0 && worker.answered == 0 && worker.failed == 0) {
    return {"nothing could be answered; " + options.output + " is as it was\n", 2};
  }
  if (options.output == "-") {
    std::fputs(page(worker.title, body).c_str(), stdout);
  } else {
    write_file(options.output, page(worker.title, body));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  char line[256];
  std::snprintf(line, sizeof line,
                "%s: %d requests answered, %d derivatives checked, %d without answer or failed, %d wrong "
                "lines, %.1f s\n",
                options.output.c_str(), worker.answered, worker.checked, worker.failed, worker.wrong,
                seconds);
  const int status = worker.wrong > 0 ? 2 : worker.failed > 0 ? 1 : 0;
  if (options.output != "-") return {line, status};
  std::fputs(line, stderr);
  return {"", status};
}

}  // namespace adjoint::app

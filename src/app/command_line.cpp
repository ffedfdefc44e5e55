#include "app/command_line.hpp"

#include <pthread.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <iterator>
#include <set>

#include "app/analyse.hpp"
#include "app/commands.hpp"
#include "app/explain.hpp"
#include "app/program_text.hpp"
#include "app/sheet.hpp"
#include "calculus/linear.hpp"
#include "notation/infer.hpp"
#include "programs/mode_list.hpp"

namespace adjoint::app {
namespace {

constexpr std::size_t kStack = std::size_t{1} << 30;  // virtual; deep trees recurse

struct Options {
  DeriveOptions derive;
  EvalOptions eval;
};

std::string read_expression(const std::string& argument) {
  if (argument != "-") return argument;
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

/// ", did you mean `derive`?" where a verb is close to what was typed; else nothing.
std::string suggestion(const std::string& typed, const CLI::App& app) {
  std::vector<std::string> verbs;
  for (const auto* v : app.get_subcommands(nullptr)) verbs.push_back(v->get_name());
  const auto near = notation::nearest_name(typed, verbs);
  return near ? ", did you mean `" + *near + "`?" : "";
}

void add_common(CLI::App* verb, DeriveOptions& o) {
  verb->add_option("--wrt,--in", o.wrt, "the variable");
  verb->add_option("--given", o.given, "declarations and definitions, separated by ;");
  verb->add_option("--order", o.order, "order of the derivative")->check(CLI::Range(1, 12));
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app{"Derivatives of functions of scalars, vectors and matrices."};
  app.name("adjoint");
  app.require_subcommand(1);
  app.set_version_flag("--version", "adjoint 0.1.0");
  Options o;
  std::string expression;
  auto* derive_verb = app.add_subcommand("derive", "the derivative of EXPR as a formula");
  auto* check_verb = app.add_subcommand("check", "check the derivative of EXPR at random points");
  auto* eval_verb = app.add_subcommand("eval", "value and derivative of EXPR at a point");
  auto* codegen_verb = app.add_subcommand("codegen", "code for EXPR and its derivative");
  for (auto* verb : {derive_verb, check_verb, codegen_verb}) add_common(verb, o.derive);
  derive_verb->add_option("--format", o.derive.format, "text, latex, unicode, json, numpy")
      ->check(CLI::IsMember({"text", "latex", "unicode", "json", "numpy"}));
  check_verb->add_option("--format", o.derive.format, "text, json")->check(CLI::IsMember({"text", "json"}));
  std::string language = "numpy";
  codegen_verb->add_option("--language", language, "numpy")->check(CLI::IsMember({"numpy"}));
  derive_verb->add_flag("--check", o.derive.check, "check numerically at random points");
  derive_verb->add_flag("--inline", o.derive.in_one, "one formula, without names for what it repeats");
  derive_verb->add_option("--steps", o.derive.steps, "the derivation: differential, definition or chain")
      ->expected(0, 1)
      ->default_str("differential")
      ->check(CLI::IsMember({"differential", "definition", "chain"}));
  SheetOptions sheet;
  auto* sheet_verb =
      app.add_subcommand("sheet", "work through a file of declarations and requests into a report");
  sheet_verb->add_option("FILE", sheet.file, "the sheet; - reads standard input")->required();
  sheet_verb->add_option("-o,--output", sheet.output, "the report");
  eval_verb->add_option("--wrt,--in", o.eval.wrt, "the variable");
  eval_verb->add_option("--given", o.eval.given, "declarations and definitions, separated by ;");
  eval_verb->add_option("--order", o.eval.order, "order of the derivative")->check(CLI::Range(1, 6));
  eval_verb->add_option("--at", o.eval.at, "values: 'x=[1,0,0]; A=[[1,2],[3,4]]; B=@b.npy'");
  eval_verb->add_option("--format", o.eval.format, "text, json")->check(CLI::IsMember({"text", "json"}));
  eval_verb->add_flag("--float", o.eval.single, "single precision: inputs and results rounded to float");

  AnalyseOptions analysis;
  auto* analyse_verb =
      app.add_subcommand("analyse", "domain, smoothness, Lipschitz constants, convexity of EXPR");
  auto* limit_verb =
      app.add_subcommand("limit", "the limit of EXPR as a scalar goes to a number or to infinity");
  for (auto* verb : {analyse_verb, limit_verb}) {
    verb->add_option("--wrt,--in", analysis.wrt, "the variable");
    verb->add_option("--given", analysis.given, "declarations and definitions, separated by ;");
    verb->add_option("--on", analysis.on, "a ball: 'norm(x) <= r'");
    verb->add_option("--as", analysis.as, "'eps -> 0'");
    verb->add_option("--format", analysis.format, "text, json")->check(CLI::IsMember({"text", "json"}));
  }

  ExplainOptions explanation;
  auto* explain_verb = app.add_subcommand(
      "explain", "the graph of EXPR, its forward and reverse programs, and what they cost");
  explain_verb->add_option("--wrt,--in", explanation.wrt,
                           "the variables, separated by commas; all if left out");
  explain_verb->add_option("--given", explanation.given, "declarations and definitions, separated by ;");
  std::vector<std::string> formats{"text", "json", "dot", "svg"};
  for (const Language& code : languages()) formats.emplace_back(code.name);
  explain_verb->add_option("--format", explanation.format, "how it is written")
      ->check(CLI::IsMember(formats));
  explain_verb->add_flag("--measure", explanation.measure, "run the programs over growing sizes");
  std::vector<std::string> programs;
  for (const Mode& mode : modes()) programs.emplace_back(mode.name);
  explain_verb->add_option("--mode", explanation.mode, "which program")->check(CLI::IsMember(programs));

  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "version") arguments[0] = "--version";
  if (!arguments.empty() && arguments[0] == "help") {  // of a verb: help derive
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  // The argument after the verb is the expression even if it begins with a minus sign.
  const std::set<std::string> takes_expression = {"derive",  "check", "eval",   "codegen",
                                                  "analyse", "limit", "explain"};
  bool has_expression = false;
  if (arguments.size() >= 2 && takes_expression.contains(arguments[0])) {
    if (arguments[1] == "--" && arguments.size() >= 3) arguments.erase(arguments.begin() + 1);
    const std::string& a = arguments[1];
    const bool option = a == "-h" || (a.size() > 2 && a[0] == '-' && a[1] == '-' &&
                                      std::isalpha(static_cast<unsigned char>(a[2])) != 0 &&
                                      a.find_first_of("*+/(^ ") == std::string::npos && a.size() > 3);
    if (!option) {
      expression = a;
      has_expression = true;
      arguments.erase(arguments.begin() + 1);
    }
  }
  for (auto* verb :
       {derive_verb, check_verb, eval_verb, codegen_verb, analyse_verb, limit_verb, explain_verb}) {
    if (!has_expression) verb->add_option("EXPR", expression, "the function");  // else a second one is wrong
  }
  for (auto& a : arguments) {
    if (a == "--steps") a = "--steps=differential";
  }
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    const std::string verb = argc > 1 ? argv[1] : "-";
    const auto verbs = app.get_subcommands([&verb](const CLI::App* v) { return v->get_name() == verb; });
    const bool unknown = verbs.empty() && !verb.empty() && verb[0] != '-';
    const std::string what = unknown ? "there is no verb `" + verb + "`" + suggestion(verb, app) : e.what();
    std::fprintf(stderr, "error: %s\nadjoint --help says what there is\n", what.c_str());
    return 2;
  }
  try {
    if (sheet_verb->parsed()) {
      sheet.progress = isatty(STDERR_FILENO) != 0;
      const auto result = run_sheet(sheet);
      std::fputs(result.first.c_str(), stdout);
      return result.second;
    }
    if (!has_expression && expression.empty()) throw InputError("error: an expression is missing\n");
    explanation.expression = analysis.expression = o.derive.expression = o.eval.expression =
        read_expression(expression);
    std::pair<std::string, int> result;
    if (!o.derive.steps.empty() && o.derive.format != "text" && o.derive.format != "json") {
      throw InputError("error: --steps is written as text or json, not as " + o.derive.format + "\n");
    }
    if (derive_verb->parsed()) result = derive(o.derive);
    if (check_verb->parsed()) result = check(o.derive);
    if (eval_verb->parsed()) result = eval(o.eval);
    if (analyse_verb->parsed()) result = analyse(analysis);
    if (limit_verb->parsed()) result = limit(analysis);
    if (explain_verb->parsed()) result = explain(explanation);
    if (codegen_verb->parsed()) {
      o.derive.format = language;
      result = derive(o.derive);
    }
    std::fputs(result.first.c_str(), stdout);
    return result.second;
  } catch (const InputError& e) {
    std::fputs(e.what(), stderr);
    return 2;
  } catch (const NoAnswer& e) {
    std::fputs(e.what(), stderr);
    return 1;
  } catch (const CalculusError& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 2;
  }
}

namespace {
struct Call {
  int argc;
  char** argv;
  int status;
};
}  // namespace

int run_on_large_stack(int argc, char** argv) {
  Call call{argc, argv, 2};
  pthread_attr_t attributes;
  pthread_t thread{};
  pthread_attr_init(&attributes);
  if (pthread_attr_setstacksize(&attributes, kStack) != 0 || pthread_create(
                                                                 &thread, &attributes,
                                                                 [](void* p) -> void* {
                                                                   auto* c = static_cast<Call*>(p);
                                                                   c->status = run(c->argc, c->argv);
                                                                   return nullptr;
                                                                 },
                                                                 &call) != 0) {
    pthread_attr_destroy(&attributes);
    return run(argc, argv);
  }
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  return call.status;
}

}  // namespace adjoint::app

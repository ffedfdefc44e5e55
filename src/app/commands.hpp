// The verbs of the command line. Each returns what is to be printed; errors are exceptions (question.hpp).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "app/check.hpp"
#include "app/question.hpp"

namespace adjoint::app {

/// A worked question: what `derive` prints and what sheets show.
struct Worked {
  Question question;
  notation::Symbol symbol;
  Variable variable;
  int order = 1;
  Derivative derivative;
  Reading reading;
  std::vector<std::string> notes;  // conventions and assumptions, in words

  Worked(Question q, notation::Symbol s) : question(std::move(q)), symbol(std::move(s)) {}
};
Worked work(Question question, const std::string& wrt, int order);

/// Conditions in the notation under which the function is defined and differentiable, once or (order 2)
/// twice.
struct DomainTexts {
  std::vector<std::string> defined, differentiable, twice;
  std::vector<std::string> sufficient;  // those of them that are perhaps not necessary
};
/// "x != 0", with "(sufficient)" behind it where it is one of those.
std::string marked(const std::string& condition, const DomainTexts& texts);
DomainTexts domain_texts(const Question& question, const Variable& variable, int order);

/// Python with function and derivative; the text of a comment where a tree cannot be said in NumPy.
std::string numpy_code(const Worked& worked);
nlohmann::ordered_json to_json(const Worked& worked);
std::string to_text(const Worked& worked);
std::string to_latex(const Worked& worked);
std::string to_unicode(const Worked& worked);
nlohmann::ordered_json to_json(const CheckResult& check);
std::string to_text(const CheckResult& check);

struct DeriveOptions {
  std::string expression, given, wrt, format = "text", steps;
  int order = 1;
  bool check = false;
  bool in_one = false;  // the formula in one piece, without names for what it repeats
};
/// Output and exit status (1 where a check failed).
std::pair<std::string, int> derive(const DeriveOptions& options);
std::pair<std::string, int> check(const DeriveOptions& options);

struct EvalOptions {
  std::string expression, given, wrt, at, format = "text";
  int order = 1;
  bool single = false;  // round inputs and results to float
};
std::pair<std::string, int> eval(const EvalOptions& options);
/// The same as data; `question` has been asked.
nlohmann::ordered_json evaluate(const Question& question, const EvalOptions& options);

}  // namespace adjoint::app

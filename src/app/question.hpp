// A question as it comes from the command line or from a sheet: an expression under declarations.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/answer.hpp"
#include "notation/notation.hpp"

namespace adjoint::app {

/// The input is wrong: the message is complete, with its place (exit status 2).
class InputError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// The question has no answer (exit status 1).
class NoAnswer : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The program contradicts itself (exit status 1): a proof and what is seen, a formula and its check.
class Contradiction : public NoAnswer {
 public:
  explicit Contradiction(const std::string& what)
      : NoAnswer("internal error: " + what + "; please report this with the command\n") {}
};

/// An expression read into a graph of its own.
struct Question {
  std::unique_ptr<Graph> graph;
  notation::Session session;
  notation::Formula formula;
  std::string ask_by = "--wrt";  // how the variable is named where the question was asked

  [[nodiscard]] Function function() const { return {formula.value, formula.type}; }
};

/// Reads an expression under declarations. Throws InputError.
Question ask(std::string_view expression, std::string_view given);
Question ask(notation::Session session, std::string_view expression);

/// The question for the derivative in the named variable. An orthogonal matrix moves in all directions there
/// (its derivative is the Euclidean one), so nothing may be simplified by its being orthogonal.
Question freed(Question question, const std::string& name);

/// The symbol to differentiate in: the named one, or the only free variable where `name` is empty. A declared
/// variable that does not occur is found too. Throws InputError.
notation::Symbol variable_symbol(const Question& question, const std::string& name);
Variable variable_of(const Question& question, const notation::Symbol& symbol);

/// How expressions of the question are read back.
ReadOptions read_options(const Question& question);
/// Forms of the functions of the notation.
const syntax::Forms* forms_of(std::string_view name, int arity);

/// Sizes that are not 1, as texts: ["n","p"].
std::vector<std::string> shape_texts(const syntax::Type& type);

}  // namespace adjoint::app

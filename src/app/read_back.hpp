// Printed formulas are read back, as a person would type them in, and compared by value with the expressions
// that they stand for: what does not agree is not printed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/question.hpp"
#include "eval/evaluate.hpp"

namespace adjoint::app {

/// A symbol of this name for a variable of an expression, with what the graph knows of it.
notation::Symbol symbol_for(Expr variable, const std::string& name);

/// Answers of one question, at a few random points of small sizes. The question must outlive it.
class ReadBack final : public Witness {
 public:
  /// `further`: variables beside those of the question. `name`: what a variable of an expression is called in
  /// formulas, if not by its own name.
  explicit ReadBack(const Question& question, std::vector<notation::Symbol> further = {},
                    std::function<std::string(Expr)> name = {});
  ~ReadBack() override;

  [[nodiscard]] bool says(const syntax::Ast& formula, Expr value) const override;
  [[nodiscard]] bool says(const syntax::Map& map, Expr body, Expr direction,
                          const syntax::Type& direction_type) const override;
  [[nodiscard]] bool says_matrix(const syntax::Ast& matrix, Expr body, Expr direction) const override;

 private:
  struct Claim;
  class Bench;
  Bench& bench() const;

  const Question& question_;
  std::vector<notation::Symbol> further_;
  std::function<std::string(Expr)> name_;
  mutable std::unique_ptr<Bench> bench_;  // made when it is first needed
};

}  // namespace adjoint::app

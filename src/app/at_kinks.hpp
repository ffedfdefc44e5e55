// Derivatives at a point, and what is true of them where an operation is not differentiable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/question.hpp"
#include "eval/evaluate.hpp"

namespace adjoint::app {

bool has_nan(const Array& a);

/// The derivative of order k at the point, by the formula of whichever mode has a value there: axes of f,
/// then those of the variable k times.
Array derivative_value(Expr f, const Variable& v, int order, Evaluator& e);

/// Where f or a derivative of it has a kink: said, and for f itself answered by the least subgradient.
struct Kinks {
  std::vector<std::string> warnings;
  std::optional<Array> answer;  // in place of the formula's
};
Kinks kinks_below(Expr f, const Variable& v, int order, const Question& q, const Point& point, Arithmetic by,
                  Evaluator& e);

}  // namespace adjoint::app

// The calculus graph, its forward and reverse programs, and what they cost.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "app/question.hpp"

namespace adjoint::app {

struct ExplainOptions {
  std::string expression, given, wrt;
  std::string format = "text";  // text, json, numpy, latex, dot, svg, cpp
  std::string mode;             // of numpy and cpp: forward, reverse, cross, jacobians, checkpoint, hessian
  bool measure = false;
};

/// Output and exit status.
std::pair<std::string, int> explain(const ExplainOptions& options);
/// The same as HTML for a report.
std::string explain_page(Question question, const ExplainOptions& options);

}  // namespace adjoint::app

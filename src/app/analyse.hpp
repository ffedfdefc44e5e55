// `analyse` and `limit`: where a function holds, how fast it changes, its shape and its limits.
#pragma once

#include <string>

#include "analysis/analyse.hpp"
#include "app/commands.hpp"

namespace adjoint::app {

struct AnalyseOptions {
  std::string expression, given, wrt, on, as, format = "text";
};

/// What is declared of scalars beyond their signs: p > 1, t <= 2.
Assumptions assumptions_of(const app::Question& question);
/// How expressions of a question are written in the notation.
Say say_for(const app::Question& question);

std::pair<std::string, int> analyse(const AnalyseOptions& options);
std::pair<std::string, int> limit(const AnalyseOptions& options);

nlohmann::ordered_json analysis_json(const app::Question& question, const AnalyseOptions& options);
/// As HTML: a table with the proofs.
std::string analysis_page(const app::Question& question, const AnalyseOptions& options);
/// The limit of the function and, with a variable, of its gradient. Throws NoAnswer where there is none.
nlohmann::ordered_json limit_json(const app::Question& question, const AnalyseOptions& options);
std::string limit_page(const app::Question& question, const AnalyseOptions& options);

}  // namespace adjoint::app

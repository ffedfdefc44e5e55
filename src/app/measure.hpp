// Programs measured: time and memory over growing sizes beside what was counted.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/question.hpp"
#include "programs/straight_line.hpp"

namespace adjoint::app {

/// One program over growing sizes.
struct Series {
  std::string program;  // function, forward, reverse, jacobians
  std::vector<double>
      seconds;                 // best of several runs, for each size; fewer than sizes where it grew too long
  std::vector<double> flops;   // as counted
  std::vector<double> memory;  // doubles of working memory, as allocated
  double exponent = 0;         // fitted to the time at the largest sizes, in the size that grows
  double counted = 0;          // the same of the counted flops
};

struct Measurement {
  std::string growing;  // "n", or "n = p = q" where all grow together; "points" for scalars
  std::string fixed;    // the other sizes
  std::vector<double> sizes;
  std::vector<Series> series;
};

/// Runs the function, one forward sweep, the reverse program and the explicit Jacobians: all sizes growing
/// together, then each by itself. Programs of scalars run over growing numbers of points. `budget`: seconds
/// for all of it.
std::vector<Measurement> measure(const Question& question, const StraightLine& program,
                                 std::span<const Expr> active, double budget = 6);

std::string to_text(const std::vector<Measurement>& measurements);
nlohmann::ordered_json to_json(const std::vector<Measurement>& measurements);
/// Tables and log-log plots.
std::string to_html(const std::vector<Measurement>& measurements);

}  // namespace adjoint::app

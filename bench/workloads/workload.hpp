// A workload: a function in the notation with arrays for its inputs, and the same written by hand.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/program.hpp"
#include "run/interpreter.hpp"

namespace workloads {

struct Input {
  std::string name;
  std::vector<double> values;  // column-major
};

struct Workload {
  std::string name;  // "total variation"
  std::string size;  // "n = 1000"
  std::string given, expression;
  std::vector<std::string> wrt;
  int order = 1;  // 2: the Hessian
  adjoint::SizeValues sizes;
  std::vector<Input> inputs;
  double calls = 1;     // evaluations that one run stands for
  bool single = false;  // one call on one number: the overhead of a call
  /// Writes the derivatives, one behind the other in the order of `wrt`, and returns the value.
  std::function<double(double*)> hand;
};

/// All workloads, built when asked for: the large ones hold hundreds of megabytes.
struct Entry {
  std::string name, size;
  std::function<std::unique_ptr<Workload>()> build;
};
std::vector<Entry> all();

/// Read, differentiated, simplified and lowered; prepared for the sizes of the workload.
class ProgramSide {
 public:
  explicit ProgramSide(const Workload& workload);
  /// Writes the derivatives, one behind the other, and returns the value.
  double operator()(double* derivatives);
  [[nodiscard]] std::size_t derivative_entries() const { return entries_; }
  [[nodiscard]] const adjoint::kernel::Program& program() const { return program_; }

 private:
  adjoint::kernel::Program program_;
  std::unique_ptr<adjoint::run::Interpreter> interpreter_;
  std::vector<const double*> inputs_;
  std::vector<double*> outputs_;
  std::vector<std::size_t> offsets_;
  std::size_t entries_ = 0;
  double value_ = 0;
};

}  // namespace workloads

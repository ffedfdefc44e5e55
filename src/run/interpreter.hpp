// Runs programs of the kernel language on arrays: pointwise instructions in blocks that stay in the
// first cache, contractions by BLAS, routines by LAPACK and Eigen.
//
// A program is prepared once for concrete sizes and then run any number of times. Runs of one prepared
// program are not to be started from two threads at once: they share its working memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernel/program.hpp"
#include "run/array.hpp"
#include "run/numerical_error.hpp"

namespace adjoint::run {

/// What a run really did, in the classes of kernel/cost.hpp. Counted only where asked for.
struct Counts {
  double multiply_add = 0;
  double arithmetic = 0;
  double division = 0;
  double transcendental = 0;
  double calls = 0;
  [[nodiscard]] double flops() const {
    return 2 * multiply_add + arithmetic + division + transcendental + calls;
  }
  Counts& operator+=(const Counts& other);
};

/// What abstract functions are: of one number for the scalar instruction Call, of arrays for the routine.
struct Functions {
  std::map<std::string, std::function<double(double)>, std::less<>> scalar;
  std::map<std::string, std::function<void(std::span<const ConstView>, const MutableView&)>, std::less<>>
      array;
};

struct Options {
  Functions functions;
  bool count = false;
};

class Interpreter {
 public:
  /// Prepares. Throws std::invalid_argument if a size has no value or is negative, an index leaves its
  /// axis, or an abstract function is not given; std::logic_error if the program is not well formed.
  Interpreter(const kernel::Program& program, const SizeValues& sizes, Options options = {});
  ~Interpreter();
  Interpreter(Interpreter&&) noexcept;
  Interpreter& operator=(Interpreter&&) noexcept;

  /// Inputs in the order of program.inputs; results in that of program.outputs. NumericalError where a
  /// routine has no answer; std::invalid_argument where an input has another shape.
  std::vector<Array> run(std::span<const Array> inputs);
  /// The same on memory of the caller, without allocation for pointwise instructions and contractions.
  /// An output pointer may be null: the result is then kept inside (see `output`).
  void run(std::span<const double* const> inputs, std::span<double* const> outputs);

  [[nodiscard]] const double* output(std::size_t number) const;
  [[nodiscard]] const Dims& output_dims(std::size_t number) const;
  [[nodiscard]] const Dims& input_dims(std::size_t number) const;
  /// Of the last run, where Options::count was set.
  [[nodiscard]] const Counts& counts() const;
  /// Doubles of working memory: temporaries (shared), outputs, and the tiles and packing space of one
  /// instruction after the other.
  [[nodiscard]] std::int64_t working_doubles() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// From here on BLAS and LAPACK work on one core: for measurements, where threads blur what is compared.
void use_one_core();

/// Sizes read off the shapes of inputs: names that are an axis by themselves, then polynomials in one
/// unknown name of degree one ("n-1", "2*n"). Throws std::invalid_argument where two inputs disagree.
SizeValues sizes_of(const kernel::Program& program, std::span<const Array> inputs);

}  // namespace adjoint::run

// Instructions made concrete: strides for accesses, functions for names. Internal to the interpreter.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "kernel/cost.hpp"
#include "kernel/program.hpp"
#include "run/interpreter.hpp"
#include "run/routine_table.hpp"
#include "run/vector_math.hpp"

namespace adjoint::run {

/// Where a run finds its buffers, by their number in the program.
using Bases = std::span<double* const>;

/// An instruction that can be run.
class Step {
 public:
  virtual ~Step() = default;
  virtual void run(Bases bases, Counts* counts) = 0;
  /// Doubles of working memory of its own.
  [[nodiscard]] virtual std::int64_t working_doubles() const { return 0; }
  /// Doubles that it needs while it runs and shares with the other steps, on cache lines.
  [[nodiscard]] virtual std::int64_t scratch_doubles() const { return 0; }
  virtual void set_scratch(double* /*scratch*/) {}
};

struct Context {
  const kernel::Program& program;
  const SizeValues& sizes;
  const Functions& functions;
};

/// The value of a size; std::invalid_argument if it has none.
std::int64_t value_of(const Size& size, const SizeValues& sizes);
std::vector<std::int64_t> values_of(const std::vector<Size>& list, const SizeValues& sizes);

/// An access with numbers: entry = base + sum over loops of stride * index.
struct Strided {
  struct Axis {  // guarded accesses only
    std::int64_t length = 0;
    std::int64_t offset = 0;
    std::int64_t stride = 0;          // of the axis in memory
    std::vector<std::int64_t> steps;  // by loop
  };
  kernel::BufferId buffer = kernel::kNoBuffer;
  std::int64_t base = 0;
  std::vector<std::int64_t> stride;  // by loop
  bool guarded = false;
  std::vector<Axis> axes;
  std::int64_t buffer_entries = 0;
};

/// Checks that an unguarded access stays inside; std::invalid_argument otherwise.
Strided strided(const Context& context, const kernel::Access& access,
                const std::vector<std::int64_t>& extents);

std::unique_ptr<Step> plan(const Context& context, const kernel::Pointwise& pointwise);
std::unique_ptr<Step> plan(const Context& context, const kernel::Contract& contract);
std::unique_ptr<Step> plan(const Context& context, const kernel::Routine& routine);

}  // namespace adjoint::run

// Neighbouring pointwise steps over long vectors, run strip by strip: what one of them writes the next one
// reads while it is still in the first caches, and a result that only they use needs no more memory than a
// strip. Internal to the interpreter.
#pragma once

#include <memory>
#include <vector>

#include "run/plan.hpp"

namespace adjoint::run {

/// The steps of a program, one for each instruction, with chains joined. `slot`: which buffers share memory
/// (kernel/schedule.hpp), -1 for memory of their own.
std::vector<std::unique_ptr<Step>> in_strips(const kernel::Program& program,
                                             std::vector<std::unique_ptr<Step>> steps,
                                             const std::vector<std::int32_t>& slot);

}  // namespace adjoint::run

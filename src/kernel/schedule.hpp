// Passes over programs: lifetimes, shared storage, dead code, fusion, shared factorisations.
#pragma once

#include <vector>

#include "kernel/program.hpp"

namespace adjoint::kernel {

/// First instruction that writes a buffer and last that uses it. Inputs and constants live from
/// before the first instruction, outputs until after the last.
struct Lifetime {
  std::int32_t first = -1;
  std::int32_t last = -1;
};
std::vector<Lifetime> lifetimes(const Program& program);

/// Storage for temporaries: buffers of equal size whose lives do not meet share a slot. A pointwise
/// result may take the place of an operand that dies there and is read at the same index only.
struct Storage {
  std::vector<std::int32_t> slot;  // of each buffer; -1: inputs, constants, outputs (storage of their own)
  std::vector<Size> slot_entries;
};
Storage share_storage(const Program& program);

/// Instructions that no output needs, and buffers that nothing uses, are dropped.
Program without_dead_code(Program program);

/// Pointwise instructions are merged into those that read their result: where the result is read
/// once, or its body is cheap (arithmetic only, few loads), and it is no reduction and no output.
/// Instructions over the same index space that do not depend on one another are merged into one
/// with several outputs. What is computed does not change.
Program fuse_pointwise(Program program);

/// det with adj, logdet with inv, svdvals with polar, … of the same matrix become one routine.
Program share_factorisations(Program program);

/// Equal instructions over equal operands are computed once.
Program without_repetition(Program program);

/// Contractions without a sum as pointwise instructions, which can be fused.
Program entrywise_contractions(Program program);

/// What depends on fewer loops than the result is computed over these loops alone, in instructions of its
/// own; products are reordered for it: x_j * b_i * c_i becomes x_j * (b*c)_i.
Program without_invariants(Program program);

/// Parts of bodies that an instruction before has computed entry by entry are read from its result: x+y+z
/// where x+y is there. Only where that result is kept in any case, or the part is costly.
Program share_subexpressions(Program program);

/// Divisions by what is inverted anyway become multiplications.
Program with_shared_reciprocals(Program program);

/// All of the above in a good order.
Program optimised(Program program);

}  // namespace adjoint::kernel

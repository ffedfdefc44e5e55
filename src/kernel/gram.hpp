// Weighted Gram matrices in programs: W = diag(d)*X, then X'*W, which is symmetric though neither operand is
// the other. Likewise W = X*diag(d) and X*W'.
#pragma once

#include <optional>

#include "kernel/program.hpp"

namespace adjoint::kernel {

struct WeightedGram {
  BufferId matrix = kNoBuffer, weights = kNoBuffer, weighted = kNoBuffer, result = kNoBuffer;
  bool by_rows = true;  // a weight for each row of the matrix
};

/// Whether instruction `weigh` computes the weighted matrix and instruction `multiply` the product.
std::optional<WeightedGram> weighted_gram(const Program& program, std::size_t weigh, std::size_t multiply);

/// Marks such products as symmetric: half of the work is enough.
Program with_symmetric_products(Program program);

}  // namespace adjoint::kernel

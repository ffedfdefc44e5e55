// One scalar instruction over a block of numbers: what the interpreter's inner loops are.
#pragma once

#include <cstdint>

#include "kernel/scalar.hpp"

namespace adjoint::run {

/// Operands of a block operation: pointers, each to n numbers or (where the operation says so) to one.
using BlockFunction = void (*)(double* out, const double* a, const double* b, const double* c,
                               std::int64_t n);

/// Which operands of a two-operand operation are one number for the whole block.
enum class Shape2 : std::uint8_t { Vectors, FirstScalar, SecondScalar };

/// A product with what is added to it, in one go.
enum class Fused : std::uint8_t {
  MultiplyAdd,       // a*b + c
  MultiplySubtract,  // a*b - c
  SubtractProduct    // c - a*b
};

/// Block operations for one level of the processor.
struct BlockTable {
  BlockFunction unary[64] = {};      // by ScalarOp; out may be a
  BlockFunction binary[64][3] = {};  // by ScalarOp and Shape2; out may be an operand
  BlockFunction select = nullptr;    // a != 0 ? b : c
  BlockFunction fused[3][4] = {};    // by Fused; +1 where b, +2 where c is one number
  double (*sum)(const double* a, std::int64_t n) = nullptr;
  double (*sum_product)(const double* a, const double* b, std::int64_t n) = nullptr;
  double (*maximum)(const double* a, std::int64_t n) = nullptr;  // NaN if one is
  double (*minimum)(const double* a, std::int64_t n) = nullptr;
  void (*add_to)(double* out, const double* a, std::int64_t n) = nullptr;
  /// y (+)= alpha*A*x for A m x k with columns `lead` apart, entries of x `step` apart.
  void (*matrix_vector)(std::int64_t m, std::int64_t k, double alpha, const double* a, std::int64_t lead,
                        const double* x, std::int64_t step, bool add, double* y) = nullptr;
  /// y (+)= alpha*A'*x for A k x m with columns `lead` apart, entries of y `step` apart.
  void (*transposed_vector)(std::int64_t m, std::int64_t k, double alpha, const double* a, std::int64_t lead,
                            const double* x, bool add, double* y, std::int64_t step) = nullptr;
  /// c = sum_k sign_k*u_k*w_k' (rows x columns, column-major), entries of w_k step_k apart.
  void (*outer_sum)(double* c, std::int64_t rows, std::int64_t columns, int count, const double* const* u,
                    const double* const* w, const std::int64_t* step, const double* sign) = nullptr;
  /// P*A = L*U of a column-major n x n matrix in place, n <= kSmall; row k was exchanged with row pivots[k].
  void (*small_lu)(double* a, std::int64_t n, int* pivots) = nullptr;
  /// The inverse from these factors.
  void (*small_inverse)(const double* lu, std::int64_t n, const int* pivots, double* out) = nullptr;
  static constexpr std::int64_t kSmall = 48;
};

/// The table for this processor: within some 4 units in the last place.
const BlockTable& blocks();
/// The table of the C library's scalar functions: within one unit, and the same on every processor.
const BlockTable& precise_blocks();

/// A scalar instruction of one operand over n numbers; out may be a.
inline void vector_math(kernel::ScalarOp op, double* out, const double* a, std::int64_t n) {
  blocks().unary[static_cast<int>(op)](out, a, nullptr, nullptr, n);
}

}  // namespace adjoint::run

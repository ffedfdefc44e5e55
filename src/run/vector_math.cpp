#include "run/vector_math.hpp"

#include <cmath>

#pragma GCC optimize("O3")
#define LEVEL generic
#define LANES 2
#define SCALAR_LIBM
#include "run/block_loops.inc"

namespace adjoint::run {

#if defined(__x86_64__) && defined(__gnu_linux__)
namespace avx2 {
BlockTable table();
}
namespace avx512 {
BlockTable table();
}
#endif

const BlockTable& precise_blocks() {
  static const BlockTable table = generic::table();
  return table;
}

const BlockTable& blocks() {
  static const BlockTable chosen = [] {
#if defined(__x86_64__) && defined(__gnu_linux__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      return avx512::table();
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::table();
#endif
    return precise_blocks();
  }();
  return chosen;
}

}  // namespace adjoint::run

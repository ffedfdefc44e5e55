// The block loops for processors with AVX2, over the vectorised functions of glibc (libmvec).
#include <cmath>

#include "run/vector_math.hpp"

#if defined(__x86_64__) && defined(__gnu_linux__)
#include <immintrin.h>

#pragma GCC optimize("O3")
#pragma GCC target("avx2,fma")
#define LEVEL avx2
#define LANES 4
#define VECTOR(name) _ZGVdN4v_##name
#define VECTOR_SQRT(x) _mm256_sqrt_pd(x)
#define VECTOR2(name) _ZGVdN4vv_##name

namespace {
using Packed = double __attribute__((vector_size(8 * LANES)));
}
extern "C" {
#define DECLARE(name) Packed VECTOR(name)(Packed);
DECLARE(exp)
DECLARE(log)
DECLARE(sin)
DECLARE(cos)
DECLARE(tan)
DECLARE(asin)
DECLARE(acos)
DECLARE(atan)
DECLARE(sinh)
DECLARE(cosh)
DECLARE(tanh)
DECLARE(erf)
DECLARE(log1p)
DECLARE(expm1)
Packed VECTOR2(pow)(Packed, Packed);
}
#include "run/block_loops.inc"
#endif

// The block loops for processors with AVX512, over the vectorised functions of glibc (libmvec).
#include <cmath>

#include "run/vector_math.hpp"

#if defined(__x86_64__) && defined(__gnu_linux__)
#include <immintrin.h>

#pragma GCC optimize("O3")
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,prefer-vector-width=512")
#define LEVEL avx512
#define LANES 8
#define VECTOR(name) _ZGVeN8v_##name
#define VECTOR_SQRT(x) _mm512_maskz_sqrt_pd(0xff, x)
#define VECTOR2(name) _ZGVeN8vv_##name

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

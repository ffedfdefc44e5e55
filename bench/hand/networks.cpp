// Networks of one and of many layers. Products with small matrices are loops over several columns at once,
// so that the vector which they share is read (and written) once for all of them.
#include <cblas.h>

#include <algorithm>
#include <cmath>

#include "hand/hand.hpp"

namespace hand {

// y = A*x, A q x p.
static inline void multiply(long p, long q, const double* __restrict A, const double* __restrict x,
                            double* __restrict y) {
  for (long i = 0; i < q; ++i) y[i] = 0;
  long j = 0;
  for (; j + 8 <= p; j += 8) {
    const double* __restrict a = A + j * q;
    const double s0 = x[j], s1 = x[j + 1], s2 = x[j + 2], s3 = x[j + 3];
    const double s4 = x[j + 4], s5 = x[j + 5], s6 = x[j + 6], s7 = x[j + 7];
    for (long i = 0; i < q; ++i) {
      y[i] += ((a[i] * s0 + a[i + q] * s1) + (a[i + 2 * q] * s2 + a[i + 3 * q] * s3)) +
              ((a[i + 4 * q] * s4 + a[i + 5 * q] * s5) + (a[i + 6 * q] * s6 + a[i + 7 * q] * s7));
    }
  }
  for (; j < p; ++j) {
    const double* __restrict a = A + j * q;
    const double s = x[j];
    for (long i = 0; i < q; ++i) y[i] += a[i] * s;
  }
}

// y = x + A'*h, A q x p.
static inline void add_transposed(long p, long q, const double* __restrict A, const double* __restrict h,
                                  const double* __restrict x, double* __restrict y) {
  long j = 0;
  for (; j + 4 <= p; j += 4) {
    const double* __restrict a = A + j * q;
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (long i = 0; i < q; ++i) {
      s0 += a[i] * h[i];
      s1 += a[i + q] * h[i];
      s2 += a[i + 2 * q] * h[i];
      s3 += a[i + 3 * q] * h[i];
    }
    y[j] = x[j] + s0;
    y[j + 1] = x[j + 1] + s1;
    y[j + 2] = x[j + 2] + s2;
    y[j + 3] = x[j + 3] + s3;
  }
  for (; j < p; ++j) {
    double s = 0;
    for (long i = 0; i < q; ++i) s += A[i + j * q] * h[i];
    y[j] = x[j] + s;
  }
}

// gA = u*x' and gx = A'*u in one pass over A. Not inlined: the compiler then keeps all of it in registers.
[[gnu::noinline]] static void outer_and_transposed(long p, long q, const double* __restrict A,
                                                   const double* __restrict u, const double* __restrict x,
                                                   double* __restrict gA, double* __restrict gx) {
  for (long j = 0; j < p; ++j) {
    const double* __restrict a = A + j * q;
    double* __restrict g = gA + j * q;
    const double xj = x[j];
    double s = 0;
#pragma GCC unroll 2
    for (long i = 0; i < q; ++i) {
      const double ui = u[i];
      s += a[i] * ui;
      g[i] = ui * xj;
    }
    gx[j] = s;
  }
}

constexpr long kOnStack = 1024;

Network::Network(long p, long q) : p_(p), q_(q), u_(static_cast<std::size_t>(q <= kOnStack ? 0 : q)) {}

// With t = tanh(A*x) and u = b'.*(1-t.^2): the gradients are u*x', t', A'*u.
double Network::operator()(const double* __restrict A, const double* __restrict b, const double* __restrict x,
                           double* __restrict gA, double* __restrict gb, double* __restrict gx) {
  constexpr long kBlas = 20000;
  alignas(64) double near[kOnStack];
  double* __restrict u = q_ <= kOnStack ? near : u_.data();
  const long p = p_, q = q_;
  if (p * q <= kBlas) {
    multiply(p, q, A, x, gb);
  } else {
    cblas_dgemv(CblasColMajor, CblasNoTrans, static_cast<int>(q), static_cast<int>(p), 1, A,
                static_cast<int>(q), x, 1, 0, gb, 1);
  }
  double value = 0;
  for (long i = 0; i < q; ++i) {
    const double t = std::tanh(gb[i]);
    gb[i] = t;
    value += b[i] * t;
    u[i] = b[i] * (1 - t * t);
  }
  outer_and_transposed(p, q, A, u, x, gA, gx);
  return value;
}

TrainingError::TrainingError(long n, long p, long q)
    : n_(n), p_(p), q_(q), z_(static_cast<std::size_t>(q * n)) {}

// Z = tanh(A*X); with the residuals r = b*Z - y' the gradient in b is 2*r*Z', and Z turns into the adjoint
// of A*X in place, column by column.
double TrainingError::operator()(const double* A, const double* __restrict b, const double* X,
                                 const double* __restrict y, double* gA, double* __restrict gb) {
  const auto n = static_cast<int>(n_);
  const auto p = static_cast<int>(p_);
  const auto q = static_cast<int>(q_);
  double* __restrict Z = z_.data();
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, q, n, p, 1, A, q, X, p, 0, Z, q);
  std::fill(gb, gb + q, 0.0);
  double value = 0;
  for (long k = 0; k < n_; ++k) {
    double* __restrict z = Z + k * q_;
    double s = 0;
    for (long i = 0; i < q_; ++i) {
      const double t = std::tanh(z[i]);
      z[i] = t;
      s += b[i] * t;
    }
    const double r = s - y[k];
    value += r * r;
    const double twice = 2 * r;
    for (long i = 0; i < q_; ++i) {
      const double t = z[i];
      gb[i] += twice * t;
      z[i] = twice * b[i] * (1 - t * t);
    }
  }
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, q, p, n, 1, Z, q, X, p, 0, gA, q);
  return value;
}

ResidualNetwork::ResidualNetwork(long layers, long p, long q)
    : layers_(layers),
      p_(p),
      q_(q),
      states_(static_cast<std::size_t>((layers + 1) * p)),
      hidden_(static_cast<std::size_t>(layers * q)),
      v_(static_cast<std::size_t>(q)) {}

// With h = tanh(A*x), v = (A*g).*(1-h.^2) for the adjoint g behind a layer: the adjoint of A is h*g' + v*x',
// and g + A'*v goes on to the layer before.
double ResidualNetwork::operator()(const double* x, const double* A, double* gx, double* gA) {
  const long p = p_;
  const long q = q_;
  std::copy(x, x + p, states_.begin());
  for (long t = 0; t < layers_; ++t) {
    const double* a = A + t * p * q;
    double* __restrict h = hidden_.data() + t * q;
    double* state = states_.data() + t * p;
    multiply(p, q, a, state, h);
    for (long i = 0; i < q; ++i) h[i] = std::tanh(h[i]);
    add_transposed(p, q, a, h, state, state + p);
  }
  double squares = 0;
  const double* last = states_.data() + layers_ * p;
  for (long j = 0; j < p; ++j) {
    gx[j] = last[j];
    squares += last[j] * last[j];
  }
  double* __restrict v = v_.data();
  for (long t = layers_ - 1; t >= 0; --t) {
    const double* __restrict a = A + t * p * q;
    double* __restrict g = gA + t * p * q;
    const double* __restrict state = states_.data() + t * p;
    const double* __restrict h = hidden_.data() + t * q;
    multiply(p, q, a, gx, v);
    for (long i = 0; i < q; ++i) v[i] *= 1 - h[i] * h[i];
    long j = 0;
    for (; j + 2 <= p; j += 2) {
      const double* __restrict c = a + j * q;
      double* __restrict o = g + j * q;
      const double g0 = gx[j], g1 = gx[j + 1], x0 = state[j], x1 = state[j + 1];
      double s0 = 0, s1 = 0;
      for (long i = 0; i < q; ++i) {
        const double vi = v[i];
        const double hi = h[i];
        s0 += c[i] * vi;
        s1 += c[i + q] * vi;
        o[i] = hi * g0 + vi * x0;
        o[i + q] = hi * g1 + vi * x1;
      }
      gx[j] = g0 + s0;
      gx[j + 1] = g1 + s1;
    }
    for (; j < p; ++j) {
      double s = 0;
      for (long i = 0; i < q; ++i) {
        s += a[i + j * q] * v[i];
        g[i + j * q] = h[i] * gx[j] + v[i] * state[j];
      }
      gx[j] += s;
    }
  }
  return squares / 2;
}

}  // namespace hand

// The workloads of the benchmark, written by hand by someone who knows the answer: fused loops that the
// compiler vectorises, BLAS and LAPACK where matrices are large. Each function writes the derivatives and
// returns the value. Matrices are column-major. They set the pace that programs are measured against.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace hand {

/// Working memory on cache lines.
template <class T>
struct OnCacheLines {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};
  OnCacheLines() = default;
  template <class Other>
  explicit OnCacheLines(const OnCacheLines<Other>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, kAlignment); }
  friend bool operator==(const OnCacheLines&, const OnCacheLines&) { return true; }
};
using Doubles = std::vector<double, OnCacheLines<double>>;

/// log(x+s)/s - log(x+s)^3 with s = sqrt(x^2+1), at one point (elementary.cpp).
double elementary(double x, double& derivative);
/// The sum of that function over n points.
double elementary_sum(long n, const double* x, double* gradient);

/// sum_i sqrt((x_{i+1}-x_i)^2 + eps^2) (vectors.cpp).
double total_variation(long n, const double* x, double eps, double* gradient);
/// (sum |x_i|^3)^(1/3)
double norm3(long n, const double* x, double* gradient);

/// b*tanh(A*x), A q x p, b 1 x q (networks.cpp).
class Network {
 public:
  Network(long p, long q);
  double operator()(const double* A, const double* b, const double* x, double* gA, double* gb, double* gx);

 private:
  long p_, q_;
  Doubles u_;
};

/// sum_i (b*tanh(A*X[:,i]) - y[i])^2, X p x n.
class TrainingError {
 public:
  TrainingError(long n, long p, long q);
  double operator()(const double* A, const double* b, const double* X, const double* y, double* gA,
                    double* gb);

 private:
  long n_, p_, q_;
  Doubles z_;
};

/// norm(x_T)^2/2 with x_{t+1} = x_t + A_t'*tanh(A_t*x_t), each A_t q x p, one behind the other in A and gA.
class ResidualNetwork {
 public:
  ResidualNetwork(long layers, long p, long q);
  double operator()(const double* x, const double* A, double* gx, double* gA);

 private:
  long layers_, p_, q_;
  Doubles states_, hidden_, v_;
};

/// log(det(X*X')) of an n x n matrix (matrices.cpp).
class LogDet {
 public:
  explicit LogDet(long n);
  double operator()(const double* X, double* gradient);

 private:
  long n_;
  Doubles m_;
};

/// det(X)
class Det {
 public:
  explicit Det(long n);
  double operator()(const double* X, double* gradient);

 private:
  long n_;
  Doubles m_, work_;
  std::vector<int> pivots_;
};

/// tr(sqrtm(X*X')), the sum of singular values of an n x n matrix.
class NuclearNorm {
 public:
  explicit NuclearNorm(long n);
  double operator()(const double* X, double* gradient);

 private:
  long n_;
  Doubles m_, b_, roots_, work_;
  std::vector<int> integers_;
};

/// sum_i log(1 + exp(-y_i*(X*w)_i)) with its full Hessian in w (logistic.cpp). X is m x n and is given by
/// its transpose: the samples are the columns of Xt, n x m.
class LogisticHessian {
 public:
  LogisticHessian(long m, long n);
  double operator()(const double* Xt, const double* y, const double* w, double* hessian);

 private:
  long m_, n_;
  Doubles scaled_, z_;
};

}  // namespace hand

// Reductions and scans over all entries or along one axis, right at zeros, ties and extreme scales.
#pragma once

#include <cstdint>

namespace adjoint::run {

/// Lines of an array along an axis: `length` entries `stride` apart; `inner` neighbouring lines and
/// `outer` blocks of them. Over all entries: one line.
struct Lines {
  std::int64_t inner = 1;  // = stride
  std::int64_t length = 1;
  std::int64_t outer = 1;
};

/// 2-norm of n entries without overflow or underflow on the way.
double norm(const double* x, std::int64_t n);
/// x/norm(x), right for denormal and huge entries; 0 at 0.
void direction(const double* x, std::int64_t n, double* out);
/// (sum |x|^p)^(1/p) for p > 0, the largest |x| for p = inf; NumericalError for p <= 0.
double norm_p(const double* x, std::int64_t n, double p);
/// Its gradient sign(x).*(|x|/norm)^(p-1); 0 at 0; for p = inf shared between ties.
void norm_p_gradient(const double* x, std::int64_t n, double p, double* out);
/// Both.
double norm_p_and_gradient(const double* x, std::int64_t n, double p, double* out);

/// One result a line. NaN if an entry is; NumericalError where a line has no entries.
void maximum(const double* x, const Lines& lines, double* out);
void minimum(const double* x, const Lines& lines, double* out);
void product(const double* x, const Lines& lines, double* out);
void logsumexp(const double* x, const Lines& lines, double* out);

/// The shape of x. 1 at the maximum of the line, ties share.
void maximum_gradient(const double* x, const Lines& lines, double* out);
void minimum_gradient(const double* x, const Lines& lines, double* out);
void softmax(const double* x, const Lines& lines, double* out);
/// The product of the other entries of the line.
void product_gradient(const double* x, const Lines& lines, double* out);
/// out(k, j) for entries k of x and positions j in its line: the product of the line but k and j, 0 at k = j.
void product_hessian(const double* x, const Lines& lines, double* out);
void cumulative_sum(const double* x, const Lines& lines, bool from_the_end, double* out);

}  // namespace adjoint::run

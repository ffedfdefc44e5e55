// Functions of matrices with their derivatives, right at awkward points: singular matrices,
// repeated eigenvalues, zeros, and scales from 1e-300 to 1e300.
//
// A matrix with an entry that is not a number gives results full of NaN. What has no answer throws
// NumericalError. Derivatives are prepared at a point and then applied to any number of directions.
#pragma once

#include <Eigen/Core>
#include <functional>

#include "run/numerical_error.hpp"

namespace adjoint::run {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using In = Eigen::Ref<const Eigen::MatrixXd>;
/// A linear map of matrices.
using MatrixMap = std::function<Matrix(const In&)>;

// ---- inverse, determinant, adjugate (routines_linear.cpp, routines_adjugate.cpp) ----

/// Refuses a matrix that is singular to working precision.
Matrix inverse(const In& a);
enum class System { General, PositiveDefinite, Lower, Upper };
/// The X with A*X = B.
Matrix solve(const In& a, const In& b, System system = System::General);
/// Exact where entries are small integers.
double determinant(const In& a);
/// log |det A|, -inf where det A = 0.
double log_abs_determinant(const In& a);
/// log |det A| and the inverse from one factorisation.
double log_determinant_and_inverse(const In& a, Matrix& inverse);
/// adj(A): det(A)*inv(A) where A is invertible, the transposed cofactors everywhere. By the singular
/// value decomposition A = U S V': adj(A) = det(U) det(V) V adj(S) U' where A is near singular.
Matrix adjugate(const In& a);
double determinant_and_adjugate(const In& a, Matrix& adjugate);
/// H -> derivative of the adjugate at A in direction H.
MatrixMap adjugate_derivative(const In& a);
/// Its adjoint, U -> (derivative in direction U')'.
MatrixMap adjugate_adjoint(const In& a);
/// The same by Cholesky where the matrix is known to be positive definite (by LU where rounding says no).
Matrix definite_inverse(const In& a);
double definite_log_determinant(const In& a);
double definite_log_determinant_and_inverse(const In& a, Matrix& inverse);
/// The lower factor; refuses a matrix that is not positive definite, naming the pivot.
Matrix cholesky(const In& s);

// ---- functions of the spectrum (routines_spectral.cpp, routines_exponential.cpp) ----

/// Whether A equals A' up to rounding.
bool is_symmetric(const In& a);
/// Eigenvalues, ascending, and eigenvectors of a symmetric matrix (its symmetric part is read; a matrix
/// that is not symmetric is refused). In each vector the entry of largest magnitude is positive.
void eigen(const In& s, Vector& values, Matrix* vectors);
/// The positive semi-definite root of a symmetric matrix, refused if an eigenvalue is negative beyond
/// rounding; else the principal root, refused if an eigenvalue lies on the negative axis.
Matrix square_root(const In& a);
/// H -> the Y with S*Y + Y*S = H; the one of least norm where S is singular and there is one.
MatrixMap lyapunov(const In& s);
Matrix exponential(const In& a);
MatrixMap exponential_derivative(const In& a);
Matrix logarithm(const In& a);
MatrixMap logarithm_derivative(const In& a);

// ---- singular values (routines_singular.cpp) ----

/// The thin factors X = U*diag(s)*V', s descending; in each column of U the entry of largest magnitude
/// is positive.
struct Singular {
  Matrix u;
  Vector s;
  Matrix v;
  /// Singular values beyond rounding.
  [[nodiscard]] Eigen::Index rank() const;
};
Singular singular(const In& x);
Vector singular_values(const In& x);
/// Moore-Penrose inverse.
Matrix pseudo_inverse(const In& x);
/// U*V' over the range: the gradient of the nuclear norm, of least norm where the rank is deficient.
Matrix polar(const Singular& f);
/// H -> derivative of the polar factor at X; refused where the rank is deficient.
MatrixMap polar_derivative(const In& x);
/// Gradient of the largest singular value: u1*v1', averaged over ties, 0 at 0.
Matrix spectral_norm_gradient(const In& x);

// ---- support ----

/// 2^exponent such that the largest entry of x/2^exponent lies in [1/2, 1); 0 for a zero matrix.
int binary_exponent(const In& x);
bool all_finite(const In& x);
/// c = a*b (BLAS where large).
Matrix multiply(const In& a, const In& b, bool transpose_a = false, bool transpose_b = false);

}  // namespace adjoint::run

// Numerical values of the operations, right at awkward points: singular matrices, repeated
// eigenvalues, zeros, huge and tiny scales.
#pragma once

#include <span>
#include <stdexcept>
#include <string>

#include "eval/array.hpp"
#include "graph/graph.hpp"

namespace adjoint {

/// An operation has no value at these operands: what, and why.
class NumericalError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The value of an application on values of its operands. `shape` is the shape of the result.
/// Throws NumericalError outside the domain of a matrix function.
Array apply_operation(const Node& node, std::span<const Array* const> operands,
                      const std::vector<std::int64_t>& shape);

/// Names that apply_operation knows: what the tests compare with the registry.
bool has_value(std::string_view operation);

// Matrix functions (matrix_functions.cpp); errors as above.
Matrix adjugate(const Matrix& x);
Matrix adjugate_derivative(const Matrix& x, const Matrix& h);
Matrix square_root(const Matrix& x);
Matrix solve_lyapunov(const Matrix& s, const Matrix& h);
Matrix exponential(const Matrix& x);
Matrix exponential_derivative(const Matrix& x, const Matrix& h);
Matrix logarithm(const Matrix& x);
Matrix logarithm_derivative(const Matrix& x, const Matrix& h);
Matrix polar_factor(const Matrix& x);
Matrix polar_derivative(const Matrix& x, const Matrix& h);
Matrix inverse(const Matrix& x);
double determinant(const Matrix& x);
double log_abs_determinant(const Matrix& x);
Matrix pseudo_inverse(const Matrix& x);
Matrix cholesky_factor(const Matrix& s);
Matrix top_direction(const Matrix& x);
struct Svd {
  Matrix u, v;
  Eigen::VectorXd s;
};
/// Thin, descending; each column of v has its entry of largest magnitude positive.
Svd singular_values(const Matrix& x);
struct SymmetricEigen {
  Matrix q;
  Eigen::VectorXd w;
};
/// Of the symmetric part, ascending; each column of q has its entry of largest magnitude positive.
SymmetricEigen symmetric_eigen(const Matrix& s);

}  // namespace adjoint

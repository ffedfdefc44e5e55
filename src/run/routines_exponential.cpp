// Exponential and logarithm of a matrix, with their Frechet derivatives.
//
// Symmetric matrices: f(S) = Q f(D) Q', and the derivative in direction H is Q (G .* (Q'HQ)) Q' with the
// divided differences G_ij of f at the eigenvalues (Daletskii and Krein), each computed without
// cancellation. Others: f of the block matrix [X H; 0 X] (Mathias 1996; Higham, Functions of Matrices, 3.2).
#include <Eigen/Eigenvalues>
#include <cmath>
#include <complex>
#include <limits>
#include <unsupported/Eigen/MatrixFunctions>

#include "run/matrix_routines.hpp"

namespace adjoint::run {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

Matrix nan_matrix(Eigen::Index n) { return Matrix::Constant(n, n, std::numeric_limits<double>::quiet_NaN()); }

// (exp(a) - exp(b))/(a - b) = exp(max) * (1 - exp(-d))/d with d = |a-b|
double exponential_difference(double a, double b) {
  const double d = std::abs(a - b);
  return std::exp(std::max(a, b)) * (d == 0 ? 1.0 : -std::expm1(-d) / d);
}

// (log(a) - log(b))/(a - b) = 2/(a+b) * artanh(z)/z with z = (a-b)/(a+b)
double logarithm_difference(double a, double b) {
  const double z = (a - b) / (a + b);
  if (std::abs(z) > 0.5) return (std::log(a) - std::log(b)) / (a - b);
  return 2 / (a + b) * (std::abs(z) < 1e-4 ? 1 + z * z / 3 : std::atanh(z) / z);
}

MatrixMap symmetric_derivative(const Vector& values, const Matrix& q, double (*difference)(double, double),
                               double scale) {
  const Eigen::Index n = values.size();
  Matrix g(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < n; ++i) g(i, j) = difference(values[i], values[j]);
  }
  return [g, q, scale](const In& h) {
    const Matrix t = g.cwiseProduct(multiply(multiply(q, h, true), q));
    return Matrix(multiply(multiply(q, t), q, false, true) * scale);
  };
}

// f([X H; 0 X]) has the derivative of f at X in direction H as its upper right block. H is scaled to the
// size of X first, which the derivative, linear in H, undoes.
Matrix by_block(const Matrix& x, const In& h, Matrix (*f)(const In&)) {
  const Eigen::Index n = x.rows();
  const double largest = h.cwiseAbs().maxCoeff();
  if (largest == 0) return Matrix::Zero(n, n);
  if (!std::isfinite(largest)) return nan_matrix(n);
  const double size = x.cwiseAbs().maxCoeff();
  const double scale = (size > 0 ? size : 1.0) / largest;
  Matrix block = Matrix::Zero(2 * n, 2 * n);
  block.topLeftCorner(n, n) = x;
  block.bottomRightCorner(n, n) = x;
  block.topRightCorner(n, n) = h * scale;
  return f(block).topRightCorner(n, n) / scale;
}

Matrix general_exponential(const In& a) { return Matrix(a).exp(); }

void refuse_negative(const Eigen::VectorXcd& values, double unscale) {
  const double tiny = 16 * static_cast<double>(values.size()) * kEpsilon * values.cwiseAbs().maxCoeff();
  for (const std::complex<double>& l : values) {
    if (std::abs(l) <= tiny) throw NumericalError("logm of a singular matrix");
    if (l.real() < 0 && std::abs(l.imag()) <= tiny) {
      throw NumericalError("logm: the principal logarithm does not exist: eigenvalue " +
                           shown(l.real() * unscale) + " is on the negative axis");
    }
  }
}

Matrix general_logarithm(const In& a) {
  const Eigen::MatrixXcd complex = a.cast<std::complex<double>>();
  return complex.log().real();
}

// A symmetric matrix with positive eigenvalues, up to 2^exponent.
void definite_eigen(const In& a, int& exponent, Vector& values, Matrix& q) {
  exponent = binary_exponent(a);
  eigen(a * std::ldexp(1.0, -exponent), values, &q);
  const double tiny = static_cast<double>(values.size()) * kEpsilon * values.cwiseAbs().maxCoeff();
  if (std::abs(values[0]) <= tiny) throw NumericalError("logm of a singular matrix");
  if (values[0] < 0) {
    throw NumericalError("logm: the principal logarithm does not exist: eigenvalue " +
                         shown(std::ldexp(values[0], exponent)) + " is on the negative axis");
  }
}

}  // namespace

Matrix exponential(const In& a) {
  if (a.size() == 0) return a;
  if (!all_finite(a)) return nan_matrix(a.rows());
  if (is_symmetric(a)) {
    Vector values;
    Matrix q;
    eigen(a, values, &q);
    const Matrix half = q * (0.5 * values.array()).exp().matrix().asDiagonal();
    if (half.allFinite()) return multiply(half, half, false, true);
  }
  return general_exponential(a);
}

MatrixMap exponential_derivative(const In& a) {
  const Eigen::Index n = a.rows();
  if (!all_finite(a)) return [n](const In&) { return nan_matrix(n); };
  if (n > 0 && is_symmetric(a)) {
    Vector values;
    Matrix q;
    eigen(a, values, &q);
    return symmetric_derivative(values, q, exponential_difference, 1.0);
  }
  return [x = Matrix(a)](const In& h) { return by_block(x, h, general_exponential); };
}

Matrix logarithm(const In& a) {
  if (a.size() == 0) return a;
  const Eigen::Index n = a.rows();
  if (!all_finite(a)) return nan_matrix(n);
  if (is_symmetric(a)) {
    int e = 0;
    Vector values;
    Matrix q;
    definite_eigen(a, e, values, q);
    const Vector logs = values.array().log() + e * 0.69314718055994530942;
    return multiply(q * logs.asDiagonal(), q, false, true);
  }
  const int e = binary_exponent(a);
  const Matrix scaled = a * std::ldexp(1.0, -e);
  refuse_negative(scaled.eigenvalues(), std::ldexp(1.0, e));
  return general_logarithm(scaled) + e * 0.69314718055994530942 * Matrix::Identity(n, n);
}

MatrixMap logarithm_derivative(const In& a) {
  const Eigen::Index n = a.rows();
  if (!all_finite(a)) return [n](const In&) { return nan_matrix(n); };
  if (n == 0) return [](const In& h) { return Matrix(h); };
  if (is_symmetric(a)) {
    int e = 0;
    Vector values;
    Matrix q;
    definite_eigen(a, e, values, q);
    return symmetric_derivative(values, q, logarithm_difference, std::ldexp(1.0, -e));
  }
  const int e = binary_exponent(a);
  const Matrix scaled = a * std::ldexp(1.0, -e);
  refuse_negative(scaled.eigenvalues(), std::ldexp(1.0, e));
  return [scaled, e](const In& h) {
    return Matrix(by_block(scaled, h, general_logarithm) * std::ldexp(1.0, -e));
  };
}

}  // namespace adjoint::run

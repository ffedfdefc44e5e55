// Symmetric eigenvalue problems, square roots, Lyapunov equations.
#include <lapacke.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <complex>
#include <limits>

#include "run/matrix_routines.hpp"

namespace adjoint::run {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr Eigen::Index kSmall = 24;
using ComplexMatrix = Eigen::MatrixXcd;

Matrix nan_matrix(Eigen::Index rows, Eigen::Index columns) {
  return Matrix::Constant(rows, columns, std::numeric_limits<double>::quiet_NaN());
}

// Rounding error that a product such as X*X' leaves in an eigenvalue that should be zero.
double rounding(const Vector& values) {
  return 16 * static_cast<double>(values.size()) * kEpsilon * values.cwiseAbs().maxCoeff();
}

Matrix symmetric_root(const In& a) {
  const int e = binary_exponent(a) / 2 * 2;  // even, so that the root of the scale is a power of two
  Vector values;
  Matrix q;
  eigen(a * std::ldexp(1.0, -e), values, &q);
  if (values[0] < -rounding(values)) {
    throw NumericalError("sqrtm of a symmetric matrix that is not positive semi-definite: eigenvalue " +
                         shown(std::ldexp(values[0], e)));
  }
  const Matrix half = q * values.cwiseMax(0.0).cwiseSqrt().cwiseSqrt().asDiagonal();
  return multiply(half, half, false, true) * std::ldexp(1.0, e / 2);
}

// The principal root by the Schur form (Bjorck and Hammarling 1983).
Matrix principal_root(const In& a) {
  const int e = binary_exponent(a) / 2 * 2;
  const Eigen::ComplexSchur<ComplexMatrix> schur((a * std::ldexp(1.0, -e)).cast<std::complex<double>>());
  const ComplexMatrix& t = schur.matrixT();
  const Eigen::Index n = t.rows();
  ComplexMatrix r = ComplexMatrix::Zero(n, n);
  const double tiny = 16 * static_cast<double>(n) * kEpsilon * t.diagonal().cwiseAbs().maxCoeff();
  for (Eigen::Index i = 0; i < n; ++i) {
    const std::complex<double> l = t(i, i);
    if (std::abs(l) <= tiny) continue;
    if (l.real() < 0 && std::abs(l.imag()) <= tiny) {
      throw NumericalError("sqrtm: the principal square root does not exist: eigenvalue " +
                           shown(std::ldexp(l.real(), e)) + " is on the negative axis");
    }
    r(i, i) = std::sqrt(l);
  }
  for (Eigen::Index j = 1; j < n; ++j) {
    for (Eigen::Index i = j - 1; i >= 0; --i) {
      std::complex<double> s = t(i, j);
      for (Eigen::Index k = i + 1; k < j; ++k) s -= r(i, k) * r(k, j);
      const std::complex<double> d = r(i, i) + r(j, j);
      if (d == 0.0) {
        if (std::abs(s) > std::sqrt(tiny)) {
          throw NumericalError("sqrtm: the matrix has no square root: zero is a defective eigenvalue");
        }
        continue;
      }
      r(i, j) = s / d;
    }
  }
  const ComplexMatrix root = schur.matrixU() * r * schur.matrixU().adjoint();
  return root.real() * std::ldexp(1.0, e / 2);
}

}  // namespace

bool is_symmetric(const In& a) {
  if (a.rows() != a.cols()) return false;
  const double bound =
      8 * static_cast<double>(a.rows()) * kEpsilon * (a.size() == 0 ? 0 : a.cwiseAbs().maxCoeff());
  for (Eigen::Index j = 0; j < a.cols(); ++j) {
    for (Eigen::Index i = 0; i < j; ++i) {
      if (!(std::abs(a(i, j) - a(j, i)) <= bound)) return false;
    }
  }
  return true;
}

void eigen(const In& s, Vector& values, Matrix* vectors) {
  const Eigen::Index n = s.rows();
  if (!all_finite(s)) {
    values = Vector::Constant(n, std::numeric_limits<double>::quiet_NaN());
    if (vectors != nullptr) *vectors = nan_matrix(n, n);
    return;
  }
  if (!is_symmetric(s))
    throw NumericalError("eigenvalues are taken of symmetric matrices, and this one is not");
  const int e = binary_exponent(s);
  const double scale = std::ldexp(1.0, -e);
  Matrix a = 0.5 * scale * s + 0.5 * scale * s.transpose();
  if (n < kSmall) {
    const Eigen::SelfAdjointEigenSolver<Matrix> solver(
        a, vectors != nullptr ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
    if (solver.info() != Eigen::Success) throw NumericalError("the eigenvalues did not converge");
    values = solver.eigenvalues();
    if (vectors != nullptr) *vectors = solver.eigenvectors();
  } else {
    values.resize(n);
    const auto m = static_cast<int>(n);
    if (LAPACKE_dsyevd(LAPACK_COL_MAJOR, vectors != nullptr ? 'V' : 'N', 'L', m, a.data(), m,
                       values.data()) != 0) {
      throw NumericalError("the eigenvalues did not converge");
    }
    if (vectors != nullptr) *vectors = std::move(a);
  }
  values *= std::ldexp(1.0, e);
  if (vectors == nullptr) return;
  for (Eigen::Index k = 0; k < n; ++k) {
    const double largest = vectors->col(k).cwiseAbs().maxCoeff();
    for (Eigen::Index i = 0; i < n; ++i) {
      if (std::abs((*vectors)(i, k)) < 0.999999 * largest) continue;
      if ((*vectors)(i, k) < 0) vectors->col(k) = -vectors->col(k);
      break;
    }
  }
}

Matrix square_root(const In& a) {
  if (a.size() == 0) return a;
  if (!all_finite(a)) return nan_matrix(a.rows(), a.cols());
  return is_symmetric(a) ? symmetric_root(a) : principal_root(a);
}

MatrixMap lyapunov(const In& s) {
  const Eigen::Index n = s.rows();
  if (!all_finite(s)) return [n](const In&) { return nan_matrix(n, n); };
  const int e = binary_exponent(s);
  const double scale = std::ldexp(1.0, -e);
  const auto unsolvable = [] {
    throw NumericalError("S*Y + Y*S = H has no solution: S and -S have a common eigenvalue");
  };
  if (is_symmetric(s)) {
    Vector values;
    Matrix q;
    eigen(s * scale, values, &q);
    return [values, q, scale, unsolvable, n](const In& h) {
      Matrix t = multiply(multiply(q, h, true), q);
      const double zero = n == 0 ? 0 : 4 * static_cast<double>(n) * kEpsilon * values.cwiseAbs().maxCoeff();
      const double nothing = 1e-10 * (n == 0 ? 0 : t.cwiseAbs().maxCoeff());
      for (Eigen::Index j = 0; j < n; ++j) {
        for (Eigen::Index i = 0; i < n; ++i) {
          const double d = values[i] + values[j];
          if (std::abs(d) > zero) {
            t(i, j) /= d;
          } else if (std::abs(t(i, j)) <= nothing) {
            t(i, j) = 0;  // free: the least norm
          } else {
            unsolvable();
          }
        }
      }
      return Matrix(multiply(multiply(q, t), q, false, true) * scale);
    };
  }
  // Bartels and Stewart (1972): S = Q T Q' (real Schur form), then T*Z + Z*T = Q'HQ by substitution.
  Matrix t = s * scale;
  Matrix q(n, n);
  Vector re(n), im(n);
  int sdim = 0;
  const auto m = static_cast<int>(n);
  if (LAPACKE_dgees(LAPACK_COL_MAJOR, 'V', 'N', nullptr, m, t.data(), m, &sdim, re.data(), im.data(),
                    q.data(), m) != 0) {
    throw NumericalError("the Schur form did not converge");
  }
  return [t, q, scale, m, unsolvable](const In& h) {
    Matrix z = multiply(multiply(q, h, true), q);
    double reduced = 1;
    const int info =
        LAPACKE_dtrsyl(LAPACK_COL_MAJOR, 'N', 'N', 1, m, m, t.data(), m, t.data(), m, z.data(), m, &reduced);
    if (info != 0 || reduced == 0) unsolvable();
    return Matrix(multiply(multiply(q, z), q, false, true) * (scale / reduced));
  };
}

}  // namespace adjoint::run

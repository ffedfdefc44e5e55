// Sources: Higham, Functions of Matrices (2008); Golub & Van Loan, Matrix Computations, 7.6 (Sylvester
// equations).
#include <cmath>
#include <complex>
#include <unsupported/Eigen/MatrixFunctions>

#include "eval/routines.hpp"

namespace adjoint {
namespace {

bool symmetric(const Matrix& x) {
  return x.rows() == x.cols() && (x - x.transpose()).cwiseAbs().maxCoeff() <= 1e-12 * x.cwiseAbs().maxCoeff();
}

std::string number(double v) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", v);
  return buffer;
}

void require_finite(const Matrix& x, const char* what) {
  if (!x.allFinite())
    throw NumericalError(std::string(what) + ": the matrix has entries that are not finite");
}

double minor_determinant(const Matrix& x, Eigen::Index row, Eigen::Index column) {
  const Eigen::Index n = x.rows();
  Matrix m(n - 1, n - 1);
  for (Eigen::Index i = 0, r = 0; i < n; ++i) {
    if (i == row) continue;
    for (Eigen::Index j = 0, c = 0; j < n; ++j) {
      if (j != column) m(r, c++) = x(i, j);
    }
    ++r;
  }
  return determinant(m);
}

Matrix block(const Matrix& x, const Matrix& h) {
  const Eigen::Index n = x.rows();
  Matrix b = Matrix::Zero(2 * n, 2 * n);
  b.topLeftCorner(n, n) = x;
  b.bottomRightCorner(n, n) = x;
  b.topRightCorner(n, n) = h;
  return b;
}

}  // namespace

SymmetricEigen symmetric_eigen(const Matrix& s) {
  require_finite(s, "eigenvalues");
  const double scale = s.cwiseAbs().maxCoeff();
  if (scale == 0) return {Matrix::Identity(s.rows(), s.rows()), Eigen::VectorXd::Zero(s.rows())};
  Eigen::SelfAdjointEigenSolver<Matrix> solver((s + s.transpose()) / (2 * scale));
  SymmetricEigen r{solver.eigenvectors(), solver.eigenvalues() * scale};
  for (Eigen::Index k = 0; k < r.q.cols(); ++k) {
    Eigen::Index at = 0;
    r.q.col(k).cwiseAbs().maxCoeff(&at);
    if (r.q(at, k) < 0) r.q.col(k) *= -1;
  }
  return r;
}

Svd singular_values(const Matrix& x) {
  require_finite(x, "singular values");
  const double scale = x.size() == 0 ? 0 : x.cwiseAbs().maxCoeff();
  const Matrix scaled = scale == 0 ? x : Matrix(x / scale);
  Svd r;
  if (x.rows() + x.cols() <= 128) {
    Eigen::JacobiSVD<Matrix> svd(scaled, Eigen::ComputeThinU | Eigen::ComputeThinV);
    r = {svd.matrixU(), svd.matrixV(), svd.singularValues() * scale};
  } else {
    Eigen::BDCSVD<Matrix> svd(scaled, Eigen::ComputeThinU | Eigen::ComputeThinV);
    r = {svd.matrixU(), svd.matrixV(), svd.singularValues() * scale};
  }
  for (Eigen::Index k = 0; k < r.v.cols(); ++k) {
    Eigen::Index at = 0;
    r.v.col(k).cwiseAbs().maxCoeff(&at);
    if (r.v(at, k) < 0) {
      r.v.col(k) *= -1;
      r.u.col(k) *= -1;
    }
  }
  return r;
}

double determinant(const Matrix& x) {
  switch (x.rows()) {
    case 0:
      return 1;
    case 1:
      return x(0, 0);
    case 2:
      return x(0, 0) * x(1, 1) - x(0, 1) * x(1, 0);
    case 3:
      return x(0, 0) * (x(1, 1) * x(2, 2) - x(1, 2) * x(2, 1)) -
             x(0, 1) * (x(1, 0) * x(2, 2) - x(1, 2) * x(2, 0)) +
             x(0, 2) * (x(1, 0) * x(2, 1) - x(1, 1) * x(2, 0));
    default:
      return x.partialPivLu().determinant();
  }
}

double log_abs_determinant(const Matrix& x) {
  const Eigen::PartialPivLU<Matrix> lu(x);
  return lu.matrixLU().diagonal().cwiseAbs().array().log().sum();
}

Matrix inverse(const Matrix& x) {
  const Eigen::PartialPivLU<Matrix> lu(x);
  const auto pivots = lu.matrixLU().diagonal().cwiseAbs();
  if (x.size() != 0 && (pivots.minCoeff() == 0 || !x.allFinite())) {
    throw NumericalError("inv: the matrix is singular");
  }
  return lu.inverse();
}

// By cofactors while they are few, else adj(U S V') = det(U) det(V) V adj(S) U', right at singular matrices.
Matrix adjugate(const Matrix& x) {
  const Eigen::Index n = x.rows();
  Matrix a(n, n);
  if (n <= 4) {
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j < n; ++j) {
        a(j, i) = n == 1 ? 1 : ((i + j) % 2 == 0 ? 1 : -1) * minor_determinant(x, i, j);
      }
    }
    return a;
  }
  const Svd d = singular_values(x);
  Eigen::VectorXd others(n);
  for (Eigen::Index k = 0; k < n; ++k) {
    others(k) = 1;
    for (Eigen::Index i = 0; i < n; ++i) others(k) *= i == k ? 1 : d.s(i);
  }
  const double sign = std::copysign(1.0, determinant(d.u)) * std::copysign(1.0, determinant(d.v));
  return sign * d.v * others.asDiagonal() * d.u.transpose();
}

Matrix adjugate_derivative(const Matrix& x, const Matrix& h) {
  const Eigen::Index n = x.rows();
  if (n == 1) return Matrix::Zero(1, 1);
  if (n == 2) return adjugate(h);
  const Svd d = singular_values(x);
  const Matrix g = d.u.transpose() * h * d.v;
  Matrix m = Matrix::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      if (i == j) continue;
      double others = 1;
      for (Eigen::Index k = 0; k < n; ++k) others *= k == i || k == j ? 1 : d.s(k);
      m(i, j) -= g(i, j) * others;
      m(i, i) += g(j, j) * others;
    }
  }
  const double sign = std::copysign(1.0, determinant(d.u)) * std::copysign(1.0, determinant(d.v));
  return sign * d.v * m * d.u.transpose();
}

Matrix pseudo_inverse(const Matrix& x) {
  const Svd d = singular_values(x);
  const double bound =
      d.s.size() == 0 ? 0 : d.s(0) * 1e-14 * static_cast<double>(std::max(x.rows(), x.cols()));
  Eigen::VectorXd inverse = d.s;
  for (auto& v : inverse) v = v > bound ? 1 / v : 0;
  return d.v * inverse.asDiagonal() * d.u.transpose();
}

Matrix square_root(const Matrix& x) {
  require_finite(x, "sqrtm");
  if (x.size() == 0) return x;
  if (symmetric(x)) {
    const SymmetricEigen e = symmetric_eigen(x);
    const double largest = e.w.cwiseAbs().maxCoeff();
    if (e.w(0) < -1e-12 * static_cast<double>(x.rows()) * largest) {
      throw NumericalError("sqrtm: the matrix is not positive semi-definite, it has the eigenvalue " +
                           number(e.w(0)));
    }
    return e.q * e.w.cwiseMax(0).cwiseSqrt().asDiagonal() * e.q.transpose();
  }
  const Eigen::VectorXcd w = x.eigenvalues();
  for (const auto& v : w) {
    if (v.real() <= 0 && std::abs(v.imag()) <= 1e-12 * std::abs(v)) {
      throw NumericalError("sqrtm: the matrix is not positive semi-definite, it has the eigenvalue " +
                           number(v.real()));
    }
  }
  return x.sqrt();
}

// By complex Schur form (Bartels & Stewart); symmetric matrices by their eigenvectors.
Matrix solve_lyapunov(const Matrix& s, const Matrix& h) {
  if (symmetric(s)) {
    const SymmetricEigen e = symmetric_eigen(s);
    const double largest = e.w.size() == 0 ? 0 : e.w.cwiseAbs().maxCoeff();
    Matrix g = e.q.transpose() * h * e.q;
    const double scale = g.size() == 0 ? 0 : g.cwiseAbs().maxCoeff();
    for (Eigen::Index i = 0; i < g.rows(); ++i) {
      for (Eigen::Index j = 0; j < g.cols(); ++j) {
        const double sum = e.w(i) + e.w(j);
        if (std::abs(sum) > 1e-15 * largest) {
          g(i, j) /= sum;
        } else if (std::abs(g(i, j)) <= 1e-14 * scale) {
          g(i, j) = 0;  // the solution of least norm
        } else {
          throw NumericalError("lyap: S and -S have the common eigenvalue " + number(e.w(i)));
        }
      }
    }
    return e.q * g * e.q.transpose();
  }
  const Eigen::ComplexSchur<Matrix> schur(s);
  const Eigen::MatrixXcd& q = schur.matrixU();
  const Eigen::MatrixXcd& t = schur.matrixT();
  Eigen::MatrixXcd f = q.adjoint() * h.cast<std::complex<double>>() * q;
  const Eigen::Index n = s.rows();
  for (Eigen::Index k = 0; k < n; ++k) {
    for (Eigen::Index j = 0; j < k; ++j) f.col(k) -= f.col(j) * t(j, k);
    Eigen::MatrixXcd shifted = t;
    shifted.diagonal().array() += t(k, k);
    if (shifted.diagonal().cwiseAbs().minCoeff() <= 1e-15 * t.cwiseAbs().maxCoeff()) {
      throw NumericalError("lyap: S and -S have a common eigenvalue");
    }
    f.col(k) = shifted.triangularView<Eigen::Upper>().solve(f.col(k)).eval();
  }
  return (q * f * q.adjoint()).real();
}

Matrix exponential(const Matrix& x) {
  require_finite(x, "expm");
  return x.exp();
}
Matrix exponential_derivative(const Matrix& x, const Matrix& h) {
  // The direction at the scale of the matrix, so that scaling and squaring sees only the matrix.
  const double scale = h.size() == 0 ? 0 : h.cwiseAbs().maxCoeff();
  if (scale == 0) return Matrix::Zero(h.rows(), h.cols());
  const double to = std::max(x.cwiseAbs().maxCoeff(), 1e-3);
  return exponential(block(x, h * (to / scale))).topRightCorner(x.rows(), x.cols()) * (scale / to);
}

Matrix logarithm(const Matrix& x) {
  require_finite(x, "logm");
  if (symmetric(x)) {
    const SymmetricEigen e = symmetric_eigen(x);
    if (e.w(0) <= 0)
      throw NumericalError("logm: the matrix has the eigenvalue " + number(e.w(0)) +
                           ", which has no real logarithm");
    return e.q * e.w.array().log().matrix().asDiagonal() * e.q.transpose();
  }
  for (const auto& v : x.eigenvalues()) {
    if (v.real() <= 0 && std::abs(v.imag()) <= 1e-12 * std::abs(v)) {
      throw NumericalError("logm: the matrix has the eigenvalue " + number(v.real()) +
                           ", which has no real logarithm");
    }
  }
  return x.log();
}
// Divided differences of log by atanh: (log a - log b)/(a - b) = 2 atanh(z)/((a + b) z), z = (a - b)/(a + b).
Matrix logarithm_derivative(const Matrix& x, const Matrix& h) {
  if (!symmetric(x)) return logarithm(block(x, h)).topRightCorner(x.rows(), x.cols());
  const SymmetricEigen e = symmetric_eigen(x);
  if (e.w(0) <= 0) throw NumericalError("dlogm: the matrix has the eigenvalue " + number(e.w(0)));
  Matrix g = e.q.transpose() * h * e.q;
  for (Eigen::Index i = 0; i < g.rows(); ++i) {
    for (Eigen::Index j = 0; j < g.cols(); ++j) {
      const double z = (e.w(i) - e.w(j)) / (e.w(i) + e.w(j));
      g(i, j) *= (z == 0 ? 1 : std::atanh(z) / z) * 2 / (e.w(i) + e.w(j));
    }
  }
  return e.q * g * e.q.transpose();
}

Matrix cholesky_factor(const Matrix& s) {
  const Eigen::LLT<Matrix> llt(s);
  if (llt.info() != Eigen::Success) {
    throw NumericalError("chol: the matrix is not positive definite, its smallest eigenvalue is " +
                         number(symmetric_eigen(s).w(0)));
  }
  return llt.matrixL();
}

namespace {
Eigen::Index rank_of(const Eigen::VectorXd& s) {
  Eigen::Index r = 0;
  while (r < s.size() && s(r) > s(0) * 1e-13) ++r;
  return r;
}
}  // namespace

Matrix polar_factor(const Matrix& x) {
  const Svd d = singular_values(x);
  if (d.s.size() == 0 || d.s(0) == 0) return Matrix::Zero(x.rows(), x.cols());
  const Eigen::Index r = rank_of(d.s);
  return d.u.leftCols(r) * d.v.leftCols(r).transpose();
}

// dP = U ((G - G')./(s_i + s_j)) V' + (I - U U') H V S^-1 V' + U S^-1 U' H (I - V V'), G = U' H V
Matrix polar_derivative(const Matrix& x, const Matrix& h) {
  const Svd d = singular_values(x);
  const Eigen::Index k = d.s.size();
  const Matrix g = d.u.transpose() * h * d.v;
  Matrix inner(k, k);
  for (Eigen::Index i = 0; i < k; ++i) {
    for (Eigen::Index j = 0; j < k; ++j) inner(i, j) = i == j ? 0 : (g(i, j) - g(j, i)) / (d.s(i) + d.s(j));
  }
  Matrix result = d.u * inner * d.v.transpose();
  if (x.rows() > k) result += (h * d.v - d.u * g) * d.s.cwiseInverse().asDiagonal() * d.v.transpose();
  if (x.cols() > k)
    result += d.u * d.s.cwiseInverse().asDiagonal() * (d.u.transpose() * h - g * d.v.transpose());
  return result;
}

Matrix top_direction(const Matrix& x) {
  const Svd d = singular_values(x);
  if (d.s.size() == 0 || d.s(0) == 0) return Matrix::Zero(x.rows(), x.cols());
  Eigen::Index k = 1;
  while (k < d.s.size() && d.s(k) >= d.s(0) * (1 - 1e-13)) ++k;
  return d.u.leftCols(k) * d.v.leftCols(k).transpose() / static_cast<double>(k);
}

}  // namespace adjoint

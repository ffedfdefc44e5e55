// What generated C++ needs of matrices: plain, short versions of the routines of kernel/routine.hpp, over
// Eigen. They read like the formulas and do without the scaling and refusals of run/.
#include "kernel/cpp_source.hpp"

namespace adjoint::kernel {

using Takes = CppSupport::Takes;

const std::vector<CppSupport>& cpp_matrix_support() {
  static const std::vector<CppSupport> rows{
      {"put",
       Takes::Scalar,
       {},
       "",
       R"text(void put(const Eigen::MatrixXd& y, double* out) { std::copy(y.data(), y.data() + y.size(), out); }
)text"},
      {"inv", Takes::Matrices, {"put"}, "", R"text(void inv(CMap a, double* out) { put(a.inverse(), out); }
)text"},
      {"solve",
       Takes::Matrices,
       {"put"},
       "",
       R"text(void solve(CMap a, CMap b, double* out) { put(a.partialPivLu().solve(b), out); }
)text"},
      {"solve_definite",
       Takes::Matrices,
       {"put"},
       "",
       R"text(void solve_definite(CMap a, CMap b, double* out) { put(a.llt().solve(b), out); }
)text"},
      {"solve_lower", Takes::Matrices, {"put"}, "", R"text(void solve_lower(CMap a, CMap b, double* out) {
  put(a.triangularView<Eigen::Lower>().solve(b), out);
}
)text"},
      {"solve_upper", Takes::Matrices, {"put"}, "", R"text(void solve_upper(CMap a, CMap b, double* out) {
  put(a.triangularView<Eigen::Upper>().solve(b), out);
}
)text"},
      {"det", Takes::Matrices, {}, "", R"text(void det(CMap a, double* out) { *out = a.determinant(); }
)text"},
      {"logdet", Takes::Matrices, {}, "", R"text(void logdet(CMap a, double* out) {
  const Eigen::PartialPivLU<Eigen::MatrixXd> lu(a);
  *out = lu.matrixLU().diagonal().array().abs().log().sum();
}
)text"},
      {"logdet_inv",
       Takes::Matrices,
       {"put"},
       "",
       R"text(void logdet_inv(CMap a, double* value, double* inverse) {
  const Eigen::PartialPivLU<Eigen::MatrixXd> lu(a);
  *value = lu.matrixLU().diagonal().array().abs().log().sum();
  put(lu.inverse(), inverse);
}
)text"},
      {"adj", Takes::Matrices, {"put"}, "", R"text(// With a = u*s*v': adj(a) = det(u)*det(v)*v*adj(s)*u',
// right at singular matrices too.
void adj(CMap a, double* out) {
  const Eigen::JacobiSVD<Eigen::MatrixXd> f(a, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Eigen::VectorXd others = Eigen::VectorXd::Ones(a.rows());
  for (long i = 0; i < a.rows(); ++i) {
    for (long k = 0; k < a.rows(); ++k) others[i] *= k == i ? 1 : f.singularValues()[k];
  }
  const double sign = f.matrixU().determinant() * f.matrixV().determinant() < 0 ? -1 : 1;
  put(sign * f.matrixV() * others.asDiagonal() * f.matrixU().transpose(), out);
}
)text"},
      {"det_adj",
       Takes::Matrices,
       {"det", "adj"},
       "",
       R"text(void det_adj(CMap a, double* value, double* adjugate) {
  det(a, value);
  adj(a, adjugate);
}
)text"},
      {"dadj", Takes::Matrices, {"put"}, "", R"text(// The derivative of adj at a in direction h.
void dadj(CMap a, CMap h, double* out) {
  const Eigen::JacobiSVD<Eigen::MatrixXd> f(a, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const Eigen::MatrixXd g = f.matrixU().transpose() * h * f.matrixV();
  Eigen::MatrixXd m = Eigen::MatrixXd::Zero(a.rows(), a.rows());
  for (long i = 0; i < a.rows(); ++i) {
    for (long j = 0; j < a.rows(); ++j) {
      if (i == j) continue;
      double others = 1;
      for (long k = 0; k < a.rows(); ++k) others *= k == i || k == j ? 1 : f.singularValues()[k];
      m(i, j) -= g(i, j) * others;
      m(i, i) += g(j, j) * others;
    }
  }
  const double sign = f.matrixU().determinant() * f.matrixV().determinant() < 0 ? -1 : 1;
  put(sign * f.matrixV() * m * f.matrixU().transpose(), out);
}
)text"},
      {"dadjT", Takes::Matrices, {"put", "dadj"}, "", R"text(// The adjoint of h -> dadj(a, h).
void dadjT(CMap a, CMap u, double* out) {
  const Eigen::MatrixXd at = a.transpose(), ut = u.transpose();
  Eigen::MatrixXd d(a.rows(), a.rows());
  dadj(CMap(at.data(), a.rows(), a.rows()), CMap(ut.data(), a.rows(), a.rows()), d.data());
  put(d.transpose(), out);
}
)text"},
      {"chol",
       Takes::Matrices,
       {"put"},
       "",
       R"text(void chol(CMap a, double* out) { put(Eigen::MatrixXd(a.llt().matrixL()), out); }
)text"},
      {"tril",
       Takes::Matrices,
       {"put"},
       "",
       R"text(void tril(CMap a, double* out) { put(Eigen::MatrixXd(a.triangularView<Eigen::Lower>()), out); }
)text"},
      {"triu",
       Takes::Matrices,
       {"put"},
       "",
       R"text(void triu(CMap a, double* out) { put(Eigen::MatrixXd(a.triangularView<Eigen::Upper>()), out); }
)text"},
      {"set_signs", Takes::Scalar, {}, "", R"text(// The entry of largest magnitude of each column of u
// positive, the columns of v along with it.
void set_signs(Eigen::MatrixXd& u, Eigen::MatrixXd* v) {
  for (long k = 0; k < u.cols(); ++k) {
    const double largest = u.col(k).cwiseAbs().maxCoeff();
    long i = 0;
    while (std::abs(u(i, k)) < 0.999999 * largest) ++i;
    if (u(i, k) >= 0) continue;
    u.col(k) *= -1;
    if (v != nullptr) v->col(k) *= -1;
  }
}
)text"},
      {"eig",
       Takes::Matrices,
       {"put", "set_signs"},
       "",
       R"text(void eig(CMap s, double* values, double* vectors) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> f((s + s.transpose()) / 2);
  put(f.eigenvalues(), values);
  Eigen::MatrixXd q = f.eigenvectors();
  set_signs(q, nullptr);
  put(q, vectors);
}
)text"},
      {"eigvals", Takes::Matrices, {"put"}, "", R"text(void eigvals(CMap s, double* out) {
  put(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>((s + s.transpose()) / 2).eigenvalues(), out);
}
)text"},
      {"eigvecs", Takes::Matrices, {"eig"}, "", R"text(void eigvecs(CMap s, double* out) {
  std::vector<double> values(s.rows());
  eig(s, values.data(), out);
}
)text"},
      {"svd",
       Takes::Matrices,
       {"put", "set_signs"},
       "",
       R"text(void svd(CMap x, double* u, double* s, double* v) {
  const Eigen::JacobiSVD<Eigen::MatrixXd> f(x, Eigen::ComputeThinU | Eigen::ComputeThinV);
  Eigen::MatrixXd left = f.matrixU(), right = f.matrixV();
  set_signs(left, &right);
  put(left, u);
  put(f.singularValues(), s);
  put(right, v);
}
)text"},
      {"svdu", Takes::Matrices, {"svd"}, "", R"text(void svdu(CMap x, double* out) {
  std::vector<double> s(std::min(x.rows(), x.cols())), v(x.cols() * s.size());
  svd(x, out, s.data(), v.data());
}
)text"},
      {"svdv", Takes::Matrices, {"svd"}, "", R"text(void svdv(CMap x, double* out) {
  std::vector<double> s(std::min(x.rows(), x.cols())), u(x.rows() * s.size());
  svd(x, u.data(), s.data(), out);
}
)text"},
      {"svdvals", Takes::Matrices, {"put"}, "", R"text(void svdvals(CMap x, double* out) {
  put(Eigen::JacobiSVD<Eigen::MatrixXd>(x).singularValues(), out);
}
)text"},
      {"normnuc", Takes::Matrices, {}, "", R"text(void normnuc(CMap x, double* out) {
  *out = Eigen::JacobiSVD<Eigen::MatrixXd>(x).singularValues().sum();
}
)text"},
      {"normop", Takes::Matrices, {}, "", R"text(void normop(CMap x, double* out) {
  *out = Eigen::JacobiSVD<Eigen::MatrixXd>(x).singularValues()[0];
}
)text"},
      {"svdvals_polar",
       Takes::Matrices,
       {"put"},
       "",
       R"text(void svdvals_polar(CMap x, double* s, double* polar_factor) {
  const Eigen::JacobiSVD<Eigen::MatrixXd> f(x, Eigen::ComputeThinU | Eigen::ComputeThinV);
  put(f.singularValues(), s);
  const long r = f.rank();
  put(f.matrixU().leftCols(r) * f.matrixV().leftCols(r).transpose(), polar_factor);
}
)text"},
      {"polar", Takes::Matrices, {"svdvals_polar"}, "", R"text(void polar(CMap x, double* out) {
  std::vector<double> s(std::min(x.rows(), x.cols()));
  svdvals_polar(x, s.data(), out);
}
)text"},
      {"normnuc_polar",
       Takes::Matrices,
       {"svdvals_polar"},
       "",
       R"text(void normnuc_polar(CMap x, double* value, double* polar_factor) {
  Eigen::VectorXd s(std::min(x.rows(), x.cols()));
  svdvals_polar(x, s.data(), polar_factor);
  *value = s.sum();
}
)text"},
      {"dpolar", Takes::Matrices, {"put"}, "", R"text(// The derivative of polar at x in direction h, where x
// has full rank.
void dpolar(CMap x, CMap h, double* out) {
  const Eigen::JacobiSVD<Eigen::MatrixXd> f(x, Eigen::ComputeThinU | Eigen::ComputeThinV);
  const Eigen::MatrixXd u = f.matrixU(), v = f.matrixV(), g = u.transpose() * h * v;
  const Eigen::VectorXd s = f.singularValues();
  Eigen::MatrixXd inner = g - g.transpose();
  for (long j = 0; j < s.size(); ++j) {
    for (long i = 0; i < s.size(); ++i) inner(i, j) /= s[i] + s[j];
  }
  const Eigen::MatrixXd scaled = s.cwiseInverse().asDiagonal();
  put(u * inner * v.transpose() + (h * v - u * g) * scaled * v.transpose() +
          u * scaled * (u.transpose() * h - g * v.transpose()),
      out);
}
)text"},
      {"normop_grad", Takes::Matrices, {"put"}, "", R"text(void normop_grad(CMap x, double* out) {
  const Eigen::JacobiSVD<Eigen::MatrixXd> f(x, Eigen::ComputeThinU | Eigen::ComputeThinV);
  put(f.matrixU().col(0) * f.matrixV().col(0).transpose(), out);
}
)text"},
      {"pinv",
       Takes::Matrices,
       {"put"},
       "",
       R"text(void pinv(CMap x, double* out) { put(x.completeOrthogonalDecomposition().pseudoInverse(), out); }
)text"},
      {"sqrtm",
       Takes::Matrices,
       {"put"},
       "unsupported/Eigen/MatrixFunctions",
       R"text(void sqrtm(CMap a, double* out) {
  if (a.isApprox(a.transpose(), 1e-14)) {
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> f((a + a.transpose()) / 2);
    const Eigen::VectorXd roots = f.eigenvalues().cwiseMax(0).cwiseSqrt();
    put(f.eigenvectors() * roots.asDiagonal() * f.eigenvectors().transpose(), out);
  } else {
    put(Eigen::MatrixXd(a).sqrt(), out);
  }
}
)text"},
      {"lyap", Takes::Matrices, {"put"}, "", R"text(// The y with s*y + y*s = h of a symmetric s.
void lyap(CMap s, CMap h, double* out) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> f((s + s.transpose()) / 2);
  const Eigen::MatrixXd& q = f.eigenvectors();
  Eigen::MatrixXd t = q.transpose() * h * q;
  for (long j = 0; j < t.cols(); ++j) {
    for (long i = 0; i < t.rows(); ++i) t(i, j) /= f.eigenvalues()[i] + f.eigenvalues()[j];
  }
  put(q * t * q.transpose(), out);
}
)text"},
      {"expm",
       Takes::Matrices,
       {"put"},
       "unsupported/Eigen/MatrixFunctions",
       R"text(void expm(CMap a, double* out) { put(Eigen::MatrixXd(a).exp(), out); }
)text"},
      {"logm",
       Takes::Matrices,
       {"put"},
       "unsupported/Eigen/MatrixFunctions",
       R"text(void logm(CMap a, double* out) { put(Eigen::MatrixXd(a).log(), out); }
)text"},
      {"block_of", Takes::Scalar, {}, "", R"text(// [x h; 0 x], whose function has the derivative at x in
// direction h as its upper right block
Eigen::MatrixXd block_of(CMap x, CMap h) {
  const long n = x.rows();
  Eigen::MatrixXd b = Eigen::MatrixXd::Zero(2 * n, 2 * n);
  b.topLeftCorner(n, n) = b.bottomRightCorner(n, n) = x;
  b.topRightCorner(n, n) = h;
  return b;
}
)text"},
      {"dexpm",
       Takes::Matrices,
       {"put", "block_of"},
       "unsupported/Eigen/MatrixFunctions",
       R"text(void dexpm(CMap x, CMap h, double* out) {
  const Eigen::MatrixXd f = block_of(x, h).exp();
  put(f.topRightCorner(x.rows(), x.rows()), out);
}
)text"},
      {"dlogm",
       Takes::Matrices,
       {"put", "block_of"},
       "unsupported/Eigen/MatrixFunctions",
       R"text(void dlogm(CMap x, CMap h, double* out) {
  const Eigen::MatrixXd f = block_of(x, h).log();
  put(f.topRightCorner(x.rows(), x.rows()), out);
}
)text"},
  };
  return rows;
}

}  // namespace adjoint::kernel

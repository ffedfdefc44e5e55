// Sources: Higham, Functions of Matrices (2008), ch. 4, 6, 10, 11; Daleckii and Krein (1965) for derivatives
// of functions of symmetric matrices: divided differences of the function at the eigenvalues; Golub and Van
// Loan, Matrix Computations (2013), ch. 8.5 and 8.6, for the methods of Jacobi.
#include "eval/definitions_spectral.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <vector>

#include "run/numerical_error.hpp"

namespace adjoint {
namespace {

using RealVector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;

const Real& rounding() {
  static const Real r("1e-325");
  return r;
}

Real largest(const RealMatrix& x) {
  Real most = 0;
  for (Eigen::Index k = 0; k < x.size(); ++k) most = std::max(most, Real(abs(x.data()[k])));
  return most;
}
bool all_finite(const RealMatrix& x) {
  return std::all_of(x.data(), x.data() + x.size(), [](const Real& v) { return isfinite(v); });
}
RealMatrix not_a_number(Eigen::Index rows, Eigen::Index columns) {
  return RealMatrix::Constant(rows, columns, std::numeric_limits<Real>::quiet_NaN());
}
RealMatrix one(const Real& value) { return RealMatrix::Constant(1, 1, value); }

// The rotation that makes [a c; c b] diagonal, as cosine and sine.
std::pair<Real, Real> rotation(const Real& a, const Real& b, const Real& c) {
  if (c == 0) return {1, 0};
  const Real theta = (b - a) / (2 * c);
  const Real t = (theta < 0 ? -1 : 1) / (abs(theta) + sqrt(theta * theta + 1));
  const Real cosine = 1 / sqrt(t * t + 1);
  return {cosine, t * cosine};
}
void rotate_columns(RealMatrix& m, Eigen::Index p, Eigen::Index q, const std::pair<Real, Real>& by) {
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    const Real x = m(i, p);
    const Real y = m(i, q);
    m(i, p) = by.first * x - by.second * y;
    m(i, q) = by.second * x + by.first * y;
  }
}
constexpr int kSweeps = 60;

// Columns in the order of the values.
template <class Before>
std::vector<Eigen::Index> order_of(const RealVector& values, Before before) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index i, Eigen::Index j) { return before(values(i), values(j)); });
  return order;
}

// In order: neighbours that agree down to rounding become equal, what vanishes 0.
void settle(RealVector& values) {
  if (values.size() == 0) return;
  const Real threshold = rounding() * largest(values);
  for (Eigen::Index k = 0; k < values.size(); ++k) {
    if (abs(values(k)) <= threshold) values(k) = 0;
    if (k > 0 && abs(values(k) - values(k - 1)) <= threshold) values(k) = values(k - 1);
  }
}

// The sign of each column: the first entry that is nearly the largest is positive (as in run).
bool is_negative(const RealMatrix& vectors, Eigen::Index k) {
  const Real most = largest(vectors.col(k));
  for (Eigen::Index i = 0; i < vectors.rows(); ++i) {
    if (abs(vectors(i, k)) < Real("0.999999") * most) continue;
    return vectors(i, k) < 0;
  }
  return false;
}

struct Spectrum {
  RealVector values;  // ascending
  RealMatrix vectors;
};
Spectrum spectrum(const RealMatrix& s) {
  const Eigen::Index n = s.rows();
  if (!all_finite(s)) return {not_a_number(n, 1), not_a_number(n, n)};
  if (!is_symmetric_value(s))
    throw run::NumericalError("eigenvalues are taken of symmetric matrices, and this one is not");
  RealMatrix a = (s + s.transpose()) / 2;
  RealMatrix vectors = RealMatrix::Identity(n, n);
  const Real threshold = Real("1e-345") * largest(a);
  bool rotated = true;
  for (int sweep = 0; rotated; ++sweep) {
    if (sweep == kSweeps) throw run::NumericalError("the eigenvalues did not converge");
    rotated = false;
    for (Eigen::Index p = 0; p < n; ++p) {
      for (Eigen::Index q = p + 1; q < n; ++q) {
        if (abs(a(p, q)) <= threshold) continue;
        rotated = true;
        const auto by = rotation(a(p, p), a(q, q), a(p, q));
        rotate_columns(a, p, q, by);
        a.transposeInPlace();
        rotate_columns(a, p, q, by);
        rotate_columns(vectors, p, q, by);
      }
    }
  }
  Spectrum r{RealVector(n), RealMatrix(n, n)};
  const RealVector diagonal = a.diagonal();
  const auto order = order_of(diagonal, std::less<>());
  for (Eigen::Index k = 0; k < n; ++k) {
    r.values(k) = diagonal(order[static_cast<std::size_t>(k)]);
    r.vectors.col(k) = vectors.col(order[static_cast<std::size_t>(k)]);
  }
  settle(r.values);
  for (Eigen::Index k = 0; k < n; ++k) {
    if (is_negative(r.vectors, k)) r.vectors.col(k) = -r.vectors.col(k);
  }
  return r;
}

struct Singular {
  RealMatrix u;
  RealVector s;  // descending
  RealMatrix v;
  [[nodiscard]] Eigen::Index rank() const {
    return std::count_if(s.begin(), s.end(), [](const Real& value) { return value != 0; });
  }
};
// A unit vector orthogonal to the first k columns.
RealVector completion(const RealMatrix& u, Eigen::Index k) {
  RealVector best = RealVector::Zero(u.rows());
  for (Eigen::Index i = 0; i < u.rows(); ++i) {
    RealVector e = RealVector::Unit(u.rows(), i);
    for (int twice = 0; twice < 2; ++twice) {
      for (Eigen::Index j = 0; j < k; ++j) e -= u.col(j).dot(e) * u.col(j);
    }
    if (e.squaredNorm() > best.squaredNorm()) best = e;
  }
  return best / sqrt(best.squaredNorm());
}
// Columns are rotated until they are orthogonal: their lengths are the singular values.
Singular tall_singular(const RealMatrix& x) {
  const Eigen::Index r = x.cols();
  RealMatrix a = x;
  RealMatrix v = RealMatrix::Identity(r, r);
  bool rotated = true;
  for (int sweep = 0; rotated; ++sweep) {
    if (sweep == kSweeps) throw run::NumericalError("the singular values did not converge");
    rotated = false;
    for (Eigen::Index p = 0; p < r; ++p) {
      for (Eigen::Index q = p + 1; q < r; ++q) {
        const Real left = a.col(p).squaredNorm();
        const Real right = a.col(q).squaredNorm();
        const Real inner = a.col(p).dot(a.col(q));
        if (abs(inner) <= Real("1e-345") * sqrt(left * right)) continue;
        // What is rounding beside the longer column is no column.
        if (std::min(left, right) <= Real("1e-680") * std::max(left, right)) continue;
        rotated = true;
        const auto by = rotation(left, right, inner);
        rotate_columns(a, p, q, by);
        rotate_columns(v, p, q, by);
      }
    }
  }
  RealVector lengths(r);
  for (Eigen::Index k = 0; k < r; ++k) lengths(k) = sqrt(a.col(k).squaredNorm());
  const auto order = order_of(lengths, std::greater<>());
  Singular f{RealMatrix(x.rows(), r), RealVector(r), RealMatrix(r, r)};
  for (Eigen::Index k = 0; k < r; ++k) {
    f.s(k) = lengths(order[static_cast<std::size_t>(k)]);
    f.v.col(k) = v.col(order[static_cast<std::size_t>(k)]);
    f.u.col(k) = a.col(order[static_cast<std::size_t>(k)]);
  }
  settle(f.s);
  for (Eigen::Index k = 0; k < r; ++k)
    f.u.col(k) = f.s(k) != 0 ? RealVector(f.u.col(k) / f.s(k)) : completion(f.u, k);
  return f;
}
Singular singular(const RealMatrix& x) {
  const Eigen::Index r = std::min(x.rows(), x.cols());
  if (x.size() == 0 || !all_finite(x))
    return {not_a_number(x.rows(), r), not_a_number(r, 1), not_a_number(x.cols(), r)};
  Singular f = tall_singular(x.rows() >= x.cols() ? x : RealMatrix(x.transpose()));
  if (x.rows() < x.cols()) std::swap(f.u, f.v);
  for (Eigen::Index k = 0; k < r; ++k) {
    if (!is_negative(f.u, k)) continue;
    f.u.col(k) = -f.u.col(k);
    f.v.col(k) = -f.v.col(k);
  }
  return f;
}

RealMatrix eigenvalues(const RealMatrix& s) { return spectrum(s).values; }
RealMatrix eigenvectors(const RealMatrix& s) { return spectrum(s).vectors; }
RealMatrix singular_values(const RealMatrix& x) { return singular(x).s; }
RealMatrix left_factor(const RealMatrix& x) { return singular(x).u; }
RealMatrix right_factor(const RealMatrix& x) { return singular(x).v; }
RealMatrix nuclear_norm(const RealMatrix& x) { return one(singular(x).s.sum()); }
RealMatrix spectral_norm(const RealMatrix& x) { return one(x.size() == 0 ? Real(0) : singular(x).s(0)); }

RealMatrix polar(const RealMatrix& x) {
  const Singular f = singular(x);
  const Eigen::Index r = f.rank();
  return f.u.leftCols(r) * f.v.leftCols(r).transpose();
}
RealMatrix pseudo_inverse(const RealMatrix& x) {
  const Singular f = singular(x);
  const Eigen::Index r = f.rank();
  const RealMatrix left = f.v.leftCols(r) * f.s.head(r).cwiseInverse().asDiagonal();
  return left * f.u.leftCols(r).transpose();
}
RealMatrix spectral_norm_gradient(const RealMatrix& x) {
  const Singular f = singular(x);
  if (x.size() == 0 || f.s(0) == 0) return RealMatrix::Zero(x.rows(), x.cols());
  const auto ties = static_cast<Eigen::Index>(std::count(f.s.begin(), f.s.end(), f.s(0)));
  return f.u.leftCols(ties) * f.v.leftCols(ties).transpose() / Real(ties);
}
// With X = U S V' (thin), T = U'HV: U K V' + (I-UU') H V inv(S) V' + U inv(S) U' H (I-VV'),
// K_ij = (T_ij - T_ji)/(s_i + s_j).
RealMatrix polar_derivative(const RealMatrix& x, const RealMatrix& h) {
  const Singular f = singular(x);
  const Eigen::Index r = f.s.size();
  if (f.rank() < r)
    throw run::NumericalError("polar is not differentiable at a matrix of deficient rank (rank " +
                              std::to_string(f.rank()) + " of " + std::to_string(r) + ")");
  const RealMatrix hv = h * f.v;
  const RealMatrix uh = f.u.transpose() * h;
  const RealMatrix t = f.u.transpose() * hv;
  RealMatrix k(r, r);
  for (Eigen::Index j = 0; j < r; ++j) {
    for (Eigen::Index i = 0; i < r; ++i) k(i, j) = (t(i, j) - t(j, i)) / (f.s(i) + f.s(j));
  }
  const RealMatrix inverse = f.s.cwiseInverse().asDiagonal();
  return f.u * k * f.v.transpose() + (hv - f.u * t) * inverse * f.v.transpose() +
         f.u * inverse * (uh - t * f.v.transpose());
}

RealMatrix square_root(const RealMatrix& s) {
  Spectrum f = spectrum(s);
  for (Real& v : f.values) {
    if (v < 0)
      throw run::NumericalError(
          "sqrtm of a symmetric matrix that is not positive semi-definite and has no symmetric root: "
          "eigenvalue " +
          run::shown(rounded(v)));
    v = sqrt(v);
  }
  return f.vectors * f.values.asDiagonal() * f.vectors.transpose();
}
RealMatrix logarithm(const RealMatrix& s) {
  Spectrum f = spectrum(s);
  for (Real& v : f.values) {
    if (v <= 0)
      throw run::NumericalError("logm needs a matrix without eigenvalues on the negative axis: eigenvalue " +
                                run::shown(rounded(v)));
    v = log(v);
  }
  return f.vectors * f.values.asDiagonal() * f.vectors.transpose();
}
RealMatrix logarithm_derivative(const RealMatrix& s, const RealMatrix& h) {
  const Spectrum f = spectrum(s);
  RealMatrix t = f.vectors.transpose() * h * f.vectors;
  for (Eigen::Index j = 0; j < t.cols(); ++j) {
    for (Eigen::Index i = 0; i < t.rows(); ++i) {
      const Real& a = f.values(i);
      const Real& b = f.values(j);
      if (a <= 0)
        throw run::NumericalError(
            "logm needs a matrix without eigenvalues on the negative axis: eigenvalue " +
            run::shown(rounded(a)));
      t(i, j) *= a == b ? Real(1 / a) : Real(log1p((a - b) / b) / (a - b));
    }
  }
  return f.vectors * t * f.vectors.transpose();
}
// S*Y + Y*S = H; of least norm where it is free.
RealMatrix lyapunov(const RealMatrix& s, const RealMatrix& h) {
  const Spectrum f = spectrum(s);
  RealMatrix t = f.vectors.transpose() * h * f.vectors;
  const Real zero = rounding() * largest(f.values);
  const Real nothing = rounding() * largest(h);
  for (Eigen::Index j = 0; j < t.cols(); ++j) {
    for (Eigen::Index i = 0; i < t.rows(); ++i) {
      const Real d = f.values(i) + f.values(j);
      if (abs(d) > zero) {
        t(i, j) /= d;
      } else if (abs(t(i, j)) <= nothing) {
        t(i, j) = 0;
      } else {
        throw run::NumericalError("S*Y + Y*S = H has no solution: S and -S have a common eigenvalue");
      }
    }
  }
  return f.vectors * t * f.vectors.transpose();
}

// Taylor series of a matrix that was halved until it is small, squared as often.
RealMatrix exponential(const RealMatrix& a) {
  const Eigen::Index n = a.rows();
  if (!all_finite(a)) return not_a_number(n, n);
  const Real size = largest(a) * Real(n);
  if (size > Real("1e6")) throw run::NumericalError("expm of a matrix of size " + run::shown(rounded(size)));
  int halvings = 0;
  for (Real s = size; s > Real("1e-4"); s /= 2) ++halvings;
  const RealMatrix small = a / pow(Real(2), halvings);
  RealMatrix sum = RealMatrix::Identity(n, n);
  RealMatrix term = sum;
  constexpr int kTerms = 100;  // 1e-4^100/100! is far below the digits
  for (int k = 1; k <= kTerms; ++k) {
    term = term * small / Real(k);
    sum += term;
  }
  for (int k = 0; k < halvings; ++k) sum = sum * sum;
  return sum;
}
RealMatrix exponential_derivative(const RealMatrix& a, const RealMatrix& h) {
  const Eigen::Index n = a.rows();
  RealMatrix both = RealMatrix::Zero(2 * n, 2 * n);
  both.topLeftCorner(n, n) = both.bottomRightCorner(n, n) = a;
  both.topRightCorner(n, n) = h;
  return exponential(both).topRightCorner(n, n);
}

RealMatrix cholesky(const RealMatrix& s) {
  const Eigen::Index n = s.rows();
  if (!all_finite(s)) return not_a_number(n, n);
  RealMatrix l = RealMatrix::Zero(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    Real pivot = s(j, j);
    for (Eigen::Index k = 0; k < j; ++k) pivot -= l(j, k) * l(j, k);
    if (settled(pivot, abs(s(j, j))) <= 0)
      throw run::NumericalError("chol needs a positive definite matrix: pivot " + std::to_string(j + 1) +
                                " is " + run::shown(rounded(settled(pivot, abs(s(j, j))))));
    l(j, j) = sqrt(pivot);
    for (Eigen::Index i = j + 1; i < n; ++i) {
      Real v = (s(i, j) + s(j, i)) / 2;
      for (Eigen::Index k = 0; k < j; ++k) v -= l(i, k) * l(j, k);
      l(i, j) = v / l(j, j);
    }
  }
  return l;
}

}  // namespace

bool is_symmetric_value(const RealMatrix& a) {
  if (a.rows() != a.cols()) return false;
  const Real bound = Real("1e-14") * largest(a);  // what doubles leave
  for (Eigen::Index j = 0; j < a.cols(); ++j) {
    for (Eigen::Index i = 0; i < j; ++i) {
      if (!(abs(a(i, j) - a(j, i)) <= bound)) return false;
    }
  }
  return true;
}

Eigen::Index rank_of(const RealMatrix& x) { return x.size() == 0 ? 0 : singular(x).rank(); }

const SpectralDefinition* spectral_definition(std::string_view routine) {
  static const std::map<std::string_view, SpectralDefinition> all = {
      {"eigvals", {eigenvalues}},
      {"eigvecs", {eigenvectors}},
      {"svdvals", {singular_values}},
      {"svdu", {left_factor}},
      {"svdv", {right_factor}},
      {"normnuc", {nuclear_norm}},
      {"normop", {spectral_norm}},
      {"normop_grad", {spectral_norm_gradient}},
      {"polar", {polar}},
      {"dpolar", {nullptr, polar_derivative}},
      {"pinv", {pseudo_inverse}},
      {"sqrtm", {square_root, nullptr, true}},
      {"logm", {logarithm, nullptr, true}},
      {"dlogm", {nullptr, logarithm_derivative, true}},
      {"lyap", {nullptr, lyapunov, true}},
      {"expm", {exponential}},
      {"dexpm", {nullptr, exponential_derivative}},
      {"chol", {cholesky}},
  };
  const auto at = all.find(routine);
  return at == all.end() ? nullptr : &at->second;
}

}  // namespace adjoint

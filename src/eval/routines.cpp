#include "eval/routines.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>

namespace adjoint {
namespace {

using Values = std::span<const Array* const>;
using Extents = std::vector<std::int64_t>;
using Value = Array (*)(const Node& node, Values operands, const Extents& shape);

template <double (*f)(double)>
Array unary(const Node& /*n*/, Values o, const Extents& /*s*/) {
  Array r = *o[0];
  for (auto& v : r.data) v = f(v);
  return r;
}
template <double (*f)(double, double)>
Array binary(const Node& /*n*/, Values o, const Extents& /*s*/) {
  Array r = *o[0];
  for (std::size_t k = 0; k < r.data.size(); ++k) r.data[k] = f(r.data[k], o[1]->data[k]);
  return r;
}
double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
double sigmoid_of(double x) {
  const double e = std::exp(-std::abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}
double softplus_of(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double relu_of(double x) { return x > 0 || std::isnan(x) ? x : 0; }
double max_of(double a, double b) { return a > b || std::isnan(a) ? a : b; }
double min_of(double a, double b) { return a < b || std::isnan(a) ? a : b; }
double less_of(double a, double b) { return a < b ? 1 : 0; }
double less_equal_of(double a, double b) { return a <= b ? 1 : 0; }
double equal_of(double a, double b) { return a == b ? 1 : 0; }
Array select_of(const Node& /*n*/, Values o, const Extents& /*s*/) {
  Array r = *o[1];
  for (std::size_t k = 0; k < r.data.size(); ++k) r.data[k] = o[0]->data[k] != 0 ? r.data[k] : o[2]->data[k];
  return r;
}
template <int which>
Array constant(const Node& /*n*/, Values /*o*/, const Extents& /*s*/) {
  return Array(which == 0 ? std::numbers::pi : std::numeric_limits<double>::infinity());
}

// ---- along an axis: fibres, each a strided run of entries ----

struct Fibres {
  std::int64_t length, stride, inner, outer;
};
Fibres fibres(const Array& a, const Node& n) {
  if (n.attributes.integers.empty()) return {a.size(), 1, 1, 1};
  const auto axis = static_cast<std::size_t>(n.attributes.integers[0]);
  Fibres f{a.shape[axis], 1, 1, 1};
  for (std::size_t k = 0; k < axis; ++k) f.inner *= a.shape[k];
  for (std::size_t k = axis + 1; k < a.shape.size(); ++k) f.outer *= a.shape[k];
  f.stride = f.inner;
  return f;
}
// Calls f(input fibre as a vector, output fibre as a vector to fill) for each fibre.
template <class F>
Array along(const Node& n, const Array& x, const Extents& shape, F f) {
  Array r(shape);
  const Fibres in = fibres(x, n);
  const std::int64_t each = x.size() == 0 ? 0 : r.size() / std::max<std::int64_t>(1, in.inner * in.outer);
  std::vector<double> u(static_cast<std::size_t>(in.length)), v(static_cast<std::size_t>(each));
  for (std::int64_t o = 0; o < in.outer; ++o) {
    for (std::int64_t i = 0; i < in.inner; ++i) {
      for (std::int64_t k = 0; k < in.length; ++k)
        u[static_cast<std::size_t>(k)] =
            x.data[static_cast<std::size_t>(o * in.length * in.inner + k * in.inner + i)];
      f(u, v);
      for (std::int64_t k = 0; k < each; ++k)
        r.data[static_cast<std::size_t>(o * each * in.inner + k * in.inner + i)] =
            v[static_cast<std::size_t>(k)];
    }
  }
  return r;
}
using Fibre = std::vector<double>;
template <void (*f)(const Fibre&, Fibre&)>
Array fibrewise(const Node& n, Values o, const Extents& s) {
  return along(n, *o[0], s, f);
}
void maximum_of(const Fibre& u, Fibre& v) {
  if (u.empty()) throw NumericalError("max of no entries");
  v[0] = *std::max_element(u.begin(), u.end());
}
void minimum_of(const Fibre& u, Fibre& v) {
  if (u.empty()) throw NumericalError("min of no entries");
  v[0] = *std::min_element(u.begin(), u.end());
}
void share(const Fibre& u, Fibre& v, double best) {
  const auto ties = static_cast<double>(std::count(u.begin(), u.end(), best));
  for (std::size_t k = 0; k < u.size(); ++k) v[k] = u[k] == best ? 1 / ties : 0;
}
void max_grad_of(const Fibre& u, Fibre& v) { share(u, v, *std::max_element(u.begin(), u.end())); }
void min_grad_of(const Fibre& u, Fibre& v) { share(u, v, *std::min_element(u.begin(), u.end())); }
void prod_of(const Fibre& u, Fibre& v) {
  v[0] = std::accumulate(u.begin(), u.end(), 1.0, std::multiplies<>());
}
void prod_grad_of(const Fibre& u, Fibre& v) {
  double before = 1;
  for (std::size_t k = 0; k < u.size(); ++k) {
    v[k] = before;
    before *= u[k];
  }
  double after = 1;
  for (std::size_t k = u.size(); k-- > 0;) {
    v[k] *= after;
    after *= u[k];
  }
}
void logsumexp_of(const Fibre& u, Fibre& v) {
  const double m = *std::max_element(u.begin(), u.end());
  if (std::isinf(m)) {
    v[0] = m;
    return;
  }
  double s = 0;
  for (const auto x : u) s += std::exp(x - m);
  v[0] = m + std::log(s);
}
double largest(const Fibre& u) {
  double m = 0;
  for (const auto x : u) m = std::max(m, std::abs(x));
  return m;
}
double scaled_norm(const Fibre& u, double m) {
  double s = 0;
  for (const auto x : u) s += (x / m) * (x / m);
  return std::sqrt(s);
}
void norm_of(const Fibre& u, Fibre& v) {
  const double m = largest(u);
  v[0] = m == 0 || std::isinf(m) ? m : m * scaled_norm(u, m);
}
void direction_of(const Fibre& u, Fibre& v) {
  const double m = largest(u);
  const double s = m == 0 ? 1 : scaled_norm(u, m);
  for (std::size_t k = 0; k < u.size(); ++k) v[k] = m == 0 ? 0 : u[k] / m / s;
}
void cumsum_of(const Fibre& u, Fibre& v) { std::partial_sum(u.begin(), u.end(), v.begin()); }
void cumsum_transpose_of(const Fibre& u, Fibre& v) { std::partial_sum(u.rbegin(), u.rend(), v.rbegin()); }
void diff_of(const Fibre& u, Fibre& v) {
  for (std::size_t k = 0; k + 1 < u.size(); ++k) v[k] = u[k + 1] - u[k];
}
void diff_transpose_of(const Fibre& u, Fibre& v) {
  for (std::size_t k = 0; k < v.size(); ++k) v[k] = (k > 0 ? u[k - 1] : 0) - (k < u.size() ? u[k] : 0);
}
Array norm_p_value(const Node& /*n*/, Values o, const Extents& /*s*/) {
  const double m = largest(o[0]->data);
  const double p = o[1]->data[0];
  if (m == 0 || std::isinf(p)) return Array(m);
  double s = 0;
  for (const auto x : o[0]->data) s += std::pow(std::abs(x) / m, p);
  return Array(m * std::pow(s, 1 / p));
}
Array norm_p_grad_value(const Node& /*n*/, Values o, const Extents& /*s*/) {
  Array r = *o[0];
  const double m = largest(r.data);
  const double p = o[1]->data[0];
  double s = 0;
  for (const auto x : r.data) s += m == 0 ? 0 : std::pow(std::abs(x) / m, p);
  for (auto& x : r.data) x = m == 0 ? 0 : sign_of(x) * std::pow(std::abs(x) / m / std::pow(s, 1 / p), p - 1);
  return r;
}
Array prod_hess_value(const Node& /*n*/, Values o, const Extents& s) {
  Array r(s);
  const auto& x = o[0]->data;
  const std::size_t n = x.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double p = i == j ? 0 : 1;
      for (std::size_t k = 0; k < n && p != 0; ++k) p *= k == i || k == j ? 1 : x[k];
      r.data[j * n + i] = p;
    }
  }
  return r;
}

// ---- matrix functions over a batch ----

template <Matrix (*f)(const Matrix&)>
Array matrixwise(const Node& /*n*/, Values o, const Extents& s) {
  Array r(s);
  for (std::int64_t k = 0; k < batch_count(*o[0]); ++k) matrix_at(r, k) = f(matrix_at(*o[0], k));
  return r;
}
template <double (*f)(const Matrix&)>
Array matrix_to_number(const Node& /*n*/, Values o, const Extents& s) {
  Array r(s);
  for (std::int64_t k = 0; k < batch_count(*o[0]); ++k)
    r.data[static_cast<std::size_t>(k)] = f(matrix_at(*o[0], k));
  return r;
}
template <Eigen::VectorXd (*f)(const Matrix&)>
Array matrix_to_vector(const Node& /*n*/, Values o, const Extents& s) {
  Array r(s);
  for (std::int64_t k = 0; k < batch_count(*o[0]); ++k) {
    Eigen::Map<Eigen::VectorXd>(r.data.data() + k * s[0], s[0]) = f(matrix_at(*o[0], k));
  }
  return r;
}
// The direction has the batch of the matrix, then further axes.
template <Matrix (*f)(const Matrix&, const Matrix&)>
Array in_direction(const Node& /*n*/, Values o, const Extents& s) {
  Array r(s);
  const std::int64_t many = batch_count(*o[0]);
  for (std::int64_t k = 0; k < batch_count(*o[1]); ++k) {
    matrix_at(r, k) = f(matrix_at(*o[0], many == 0 ? 0 : k % many), matrix_at(*o[1], k));
  }
  return r;
}
Eigen::VectorXd eigenvalues(const Matrix& x) { return symmetric_eigen(x).w; }
Matrix eigenvectors(const Matrix& x) { return symmetric_eigen(x).q; }
Eigen::VectorXd singular(const Matrix& x) { return singular_values(x).s; }
Matrix left_singular(const Matrix& x) { return singular_values(x).u; }
Matrix right_singular(const Matrix& x) { return singular_values(x).v; }
double nuclear_norm(const Matrix& x) { return singular_values(x).s.sum(); }
double spectral_norm(const Matrix& x) { return x.size() == 0 ? 0 : singular_values(x).s(0); }
Matrix lower_triangle(const Matrix& x) { return x.triangularView<Eigen::Lower>(); }
Matrix upper_triangle(const Matrix& x) { return x.triangularView<Eigen::Upper>(); }

// ---- structure ----

Array slice_value(const Node& n, Values o, const Extents& s) {
  Array r(s);
  const Array& x = *o[0];
  const auto axis = static_cast<std::size_t>(n.attributes.integers[0]);
  std::int64_t inner = 1;
  for (std::size_t k = 0; k < axis; ++k) inner *= s[k];
  const std::int64_t outer = inner * s[axis] == 0 ? 0 : r.size() / (inner * s[axis]);
  const std::int64_t start = o.size() > 1 ? static_cast<std::int64_t>(o[1]->data[0]) : 0;
  for (std::int64_t b = 0; b < outer; ++b) {
    const auto from = x.data.begin() + (b * x.shape[axis] + start) * inner;
    std::copy(from, from + s[axis] * inner, r.data.begin() + b * s[axis] * inner);
  }
  return r;
}
Array concat_value(const Node& n, Values o, const Extents& s) {
  Array r(s);
  const auto axis = static_cast<std::size_t>(n.attributes.integers[0]);
  std::int64_t inner = 1;
  for (std::size_t k = 0; k < axis; ++k) inner *= s[k];
  std::int64_t outer = 1;
  for (std::size_t k = axis + 1; k < s.size(); ++k) outer *= s[k];
  std::int64_t start = 0;
  for (const Array* part : o) {
    const std::int64_t run = part->shape[axis] * inner;
    for (std::int64_t b = 0; b < outer; ++b) {
      std::copy(part->data.begin() + b * run, part->data.begin() + (b + 1) * run,
                r.data.begin() + b * s[axis] * inner + start * inner);
    }
    start += part->shape[axis];
  }
  return r;
}
Array reshaped(const Node& /*n*/, Values o, const Extents& s) {
  Array r = *o[0];
  r.shape = s;
  return r;
}

const std::map<std::string_view, Value>& table() {
  static const std::map<std::string_view, Value> all = {
      {"abs", unary<std::abs>},
      {"sign", unary<sign_of>},
      {"exp", unary<std::exp>},
      {"log", unary<std::log>},
      {"sin", unary<std::sin>},
      {"cos", unary<std::cos>},
      {"tan", unary<std::tan>},
      {"asin", unary<std::asin>},
      {"acos", unary<std::acos>},
      {"atan", unary<std::atan>},
      {"sinh", unary<std::sinh>},
      {"cosh", unary<std::cosh>},
      {"tanh", unary<std::tanh>},
      {"erf", unary<std::erf>},
      {"log1p", unary<std::log1p>},
      {"expm1", unary<std::expm1>},
      {"sigmoid", unary<sigmoid_of>},
      {"softplus", unary<softplus_of>},
      {"relu", unary<relu_of>},
      {"max", binary<max_of>},
      {"min", binary<min_of>},
      {"elpow", binary<std::pow>},
      {"less", binary<less_of>},
      {"less_equal", binary<less_equal_of>},
      {"equal", binary<equal_of>},
      {"select", select_of},
      {"pi", constant<0>},
      {"inf", constant<1>},
      {"maximum", fibrewise<maximum_of>},
      {"minimum", fibrewise<minimum_of>},
      {"prod", fibrewise<prod_of>},
      {"logsumexp", fibrewise<logsumexp_of>},
      {"max_grad", fibrewise<max_grad_of>},
      {"min_grad", fibrewise<min_grad_of>},
      {"prod_grad", fibrewise<prod_grad_of>},
      {"prod_hess", prod_hess_value},
      {"norm", fibrewise<norm_of>},
      {"direction", fibrewise<direction_of>},
      {"norm_p", norm_p_value},
      {"norm_p_grad", norm_p_grad_value},
      {"inv", matrixwise<inverse>},
      {"det", matrix_to_number<determinant>},
      {"logdet", matrix_to_number<log_abs_determinant>},
      {"adj", matrixwise<adjugate>},
      {"dadj", in_direction<adjugate_derivative>},
      {"pinv", matrixwise<pseudo_inverse>},
      {"chol", matrixwise<cholesky_factor>},
      {"sqrtm", matrixwise<square_root>},
      {"lyap", in_direction<solve_lyapunov>},
      {"expm", matrixwise<exponential>},
      {"dexpm", in_direction<exponential_derivative>},
      {"logm", matrixwise<logarithm>},
      {"dlogm", in_direction<logarithm_derivative>},
      {"eigvals", matrix_to_vector<eigenvalues>},
      {"eigvecs", matrixwise<eigenvectors>},
      {"svdvals", matrix_to_vector<singular>},
      {"svdu", matrixwise<left_singular>},
      {"svdv", matrixwise<right_singular>},
      {"polar", matrixwise<polar_factor>},
      {"dpolar", in_direction<polar_derivative>},
      {"normnuc", matrix_to_number<nuclear_norm>},
      {"normop", matrix_to_number<spectral_norm>},
      {"normop_grad", matrixwise<top_direction>},
      {"tril", matrixwise<lower_triangle>},
      {"triu", matrixwise<upper_triangle>},
      {"diff", fibrewise<diff_of>},
      {"diffT", fibrewise<diff_transpose_of>},
      {"cumsum", fibrewise<cumsum_of>},
      {"cumsumT", fibrewise<cumsum_transpose_of>},
      {"slice", slice_value},
      {"concat", concat_value},
      {"fuse", reshaped},
      {"split", reshaped},
  };
  return all;
}

}  // namespace

bool has_value(std::string_view operation) { return table().contains(operation) || operation == "unit"; }

Array apply_operation(const Node& node, Values operands, const Extents& shape) {
  const auto at = table().find(node.op->name);
  if (at == table().end()) throw NumericalError(std::string(node.op->name) + " has no numerical value");
  return at->second(node, operands, shape);
}

}  // namespace adjoint

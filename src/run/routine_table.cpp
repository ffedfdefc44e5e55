#include "run/routine_table.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "run/axis_routines.hpp"
#include "run/matrix_routines.hpp"

namespace adjoint::run {
namespace {

using Inputs = std::span<const ConstView>;
using Outputs = std::span<const MutableView>;
using Attributes = std::span<const std::int64_t>;
using ConstMap = Eigen::Map<const Matrix>;
using Map = Eigen::Map<Matrix>;

// Members of a batch of matrices: everything behind the first two axes.
std::int64_t members(std::span<const std::int64_t> dims) {
  std::int64_t count = 1;
  for (std::size_t k = 2; k < dims.size(); ++k) count *= dims[k];
  return count;
}
std::int64_t batch(Inputs in) {
  std::int64_t count = 1;
  for (const ConstView& view : in) {
    if (view.dims.size() > 2) count = members(view.dims);
  }
  return count;
}
// Member b; an array without a batch is the same for every member.
ConstMap member(const ConstView& view, std::int64_t b) {
  const std::int64_t rows = view.dims[0];
  const std::int64_t columns = view.dims[1];
  return {view.data + (view.dims.size() > 2 ? b * rows * columns : 0), rows, columns};
}

using MatrixFunction = Matrix (*)(const In&);
using ScalarFunction = double (*)(const In&);
using VectorFunction = Vector (*)(const In&);
using Prepared = MatrixMap (*)(const In&);

template <MatrixFunction F>
void matrix(Inputs in, Outputs out, Attributes) {
  const std::int64_t count = batch(in);
  const std::int64_t size = count == 0 ? 0 : out[0].size() / count;
  for (std::int64_t b = 0; b < count; ++b) {
    const Matrix y = F(member(in[0], b));
    std::copy(y.data(), y.data() + y.size(), out[0].data + b * size);
  }
}

template <ScalarFunction F>
void number(Inputs in, Outputs out, Attributes) {
  for (std::int64_t b = 0; b < batch(in); ++b) out[0].data[b] = F(member(in[0], b));
}

template <VectorFunction F>
void vector(Inputs in, Outputs out, Attributes) {
  for (std::int64_t b = 0; b < batch(in); ++b) {
    const Vector y = F(member(in[0], b));
    std::copy(y.data(), y.data() + y.size(), out[0].data + b * y.size());
  }
}

// A linear map of matrices, prepared once where the point has no batch.
template <Prepared F>
void applied(Inputs in, Outputs out, Attributes) {
  const std::int64_t count = batch(in);
  const bool one_point = in[0].dims.size() <= 2;
  MatrixMap map;
  for (std::int64_t b = 0; b < count; ++b) {
    if (b == 0 || !one_point) map = F(member(in[0], b));
    const Matrix y = map(member(in[1], b));
    std::copy(y.data(), y.data() + y.size(), out[0].data + b * y.size());
  }
}

using ScalarAndMatrix = double (*)(const In&, Matrix&);
template <ScalarAndMatrix F>
void number_and_matrix(Inputs in, Outputs out, Attributes) {
  Matrix y;
  for (std::int64_t b = 0; b < batch(in); ++b) {
    out[0].data[b] = F(member(in[0], b), y);
    std::copy(y.data(), y.data() + y.size(), out[1].data + b * y.size());
  }
}

// The second where attribute 0 says that the matrix is positive definite.
template <RoutineFunction General, RoutineFunction Definite>
void by_kind(Inputs in, Outputs out, Attributes attributes) {
  (!attributes.empty() && attributes[0] == 1 ? Definite : General)(in, out, attributes);
}

void system(Inputs in, Outputs out, Attributes attributes) {
  const auto kind = attributes.empty() ? System::General : static_cast<System>(attributes[0]);
  for (std::int64_t b = 0; b < batch(in); ++b) {
    const Matrix y = solve(member(in[0], b), member(in[1], b), kind);
    std::copy(y.data(), y.data() + y.size(), out[0].data + b * y.size());
  }
}

// ---- functions that share a decomposition ----

Vector eigenvalues(const In& s) {
  Vector values;
  eigen(s, values, nullptr);
  return values;
}
Matrix eigenvectors(const In& s) {
  Vector values;
  Matrix vectors;
  eigen(s, values, &vectors);
  return vectors;
}
Matrix left_factor(const In& x) { return singular(x).u; }
Matrix right_factor(const In& x) { return singular(x).v; }
Matrix polar_of(const In& x) { return polar(singular(x)); }
double spectral_norm(const In& x) { return x.size() == 0 ? 0.0 : singular_values(x)[0]; }
double nuclear_norm(const In& x) { return singular_values(x).sum(); }
double nuclear_norm_and_polar(const In& x, Matrix& p) {
  const Singular f = singular(x);
  p = polar(f);
  return f.s.sum();
}
Matrix lower_part(const In& x) { return x.triangularView<Eigen::Lower>(); }
Matrix upper_part(const In& x) { return x.triangularView<Eigen::Upper>(); }

void copy_to(const Matrix& y, const MutableView& out, std::int64_t b) {
  std::copy(y.data(), y.data() + y.size(), out.data + b * y.size());
}
void values_and_polar(Inputs in, Outputs out, Attributes) {
  for (std::int64_t b = 0; b < batch(in); ++b) {
    const Singular f = singular(member(in[0], b));
    copy_to(f.s, out[0], b);
    copy_to(polar(f), out[1], b);
  }
}
void eigensystem(Inputs in, Outputs out, Attributes) {
  for (std::int64_t b = 0; b < batch(in); ++b) {
    Vector values;
    Matrix vectors;
    eigen(member(in[0], b), values, &vectors);
    copy_to(values, out[0], b);
    copy_to(vectors, out[1], b);
  }
}
void factors(Inputs in, Outputs out, Attributes) {
  for (std::int64_t b = 0; b < batch(in); ++b) {
    const Singular f = singular(member(in[0], b));
    copy_to(f.u, out[0], b);
    copy_to(f.s, out[1], b);
    copy_to(f.v, out[2], b);
  }
}

// ---- over all entries, or along an axis ----

Lines lines(const ConstView& x, Attributes attributes) {
  if (attributes.empty() || attributes[0] < 0) return {1, x.size(), 1};
  Lines l;
  const auto axis = static_cast<std::size_t>(attributes[0]);
  for (std::size_t k = 0; k < axis; ++k) l.inner *= x.dims[k];
  l.length = x.dims[axis];
  for (std::size_t k = axis + 1; k < x.dims.size(); ++k) l.outer *= x.dims[k];
  return l;
}

using LineFunction = void (*)(const double*, const Lines&, double*);
template <LineFunction F>
void along(Inputs in, Outputs out, Attributes attributes) {
  F(in[0].data, lines(in[0], attributes), out[0].data);
}
template <bool FromTheEnd>
void scan(Inputs in, Outputs out, Attributes attributes) {
  cumulative_sum(in[0].data, lines(in[0], attributes), FromTheEnd, out[0].data);
}

void norm_of(Inputs in, Outputs out, Attributes) { *out[0].data = norm(in[0].data, in[0].size()); }
void direction_of(Inputs in, Outputs out, Attributes) { direction(in[0].data, in[0].size(), out[0].data); }
void norm_p_of(Inputs in, Outputs out, Attributes) {
  *out[0].data = norm_p(in[0].data, in[0].size(), *in[1].data);
}
void norm_p_gradient_of(Inputs in, Outputs out, Attributes) {
  norm_p_gradient(in[0].data, in[0].size(), *in[1].data, out[0].data);
}

void norm_p_both(Inputs in, Outputs out, Attributes) {
  *out[0].data = norm_p_and_gradient(in[0].data, in[0].size(), *in[1].data, out[1].data);
}

constexpr std::array<std::pair<std::string_view, RoutineFunction>, 49> kTable{{
    {"inv", by_kind<matrix<inverse>, matrix<definite_inverse>>},
    {"solve", system},
    {"det", number<determinant>},
    {"logdet", by_kind<number<log_abs_determinant>, number<definite_log_determinant>>},
    {"adj", matrix<adjugate>},
    {"dadj", applied<adjugate_derivative>},
    {"dadjT", applied<adjugate_adjoint>},
    {"pinv", matrix<pseudo_inverse>},
    {"sqrtm", matrix<square_root>},
    {"lyap", applied<lyapunov>},
    {"expm", matrix<exponential>},
    {"logm", matrix<logarithm>},
    {"dexpm", applied<exponential_derivative>},
    {"dlogm", applied<logarithm_derivative>},
    {"chol", matrix<cholesky>},
    {"eigvals", vector<eigenvalues>},
    {"eigvecs", matrix<eigenvectors>},
    {"svdvals", vector<singular_values>},
    {"svdu", matrix<left_factor>},
    {"svdv", matrix<right_factor>},
    {"polar", matrix<polar_of>},
    {"dpolar", applied<polar_derivative>},
    {"normnuc", number<nuclear_norm>},
    {"normop", number<spectral_norm>},
    {"normop_grad", matrix<spectral_norm_gradient>},
    {"tril", matrix<lower_part>},
    {"triu", matrix<upper_part>},
    {"norm", norm_of},
    {"direction", direction_of},
    {"norm_p", norm_p_of},
    {"norm_p_grad", norm_p_gradient_of},
    {"maximum", along<maximum>},
    {"minimum", along<minimum>},
    {"prod", along<product>},
    {"logsumexp", along<logsumexp>},
    {"max_grad", along<maximum_gradient>},
    {"min_grad", along<minimum_gradient>},
    {"softmax", along<softmax>},
    {"prod_grad", along<product_gradient>},
    {"prod_hess", along<product_hessian>},
    {"cumsum", scan<false>},
    {"cumsumT", scan<true>},
    {"logdet_inv", by_kind<number_and_matrix<log_determinant_and_inverse>,
                           number_and_matrix<definite_log_determinant_and_inverse>>},
    {"det_adj", number_and_matrix<determinant_and_adjugate>},
    {"svdvals_polar", values_and_polar},
    {"normnuc_polar", number_and_matrix<nuclear_norm_and_polar>},
    {"norm_p_both", norm_p_both},
    {"eig", eigensystem},
    {"svd", factors},
}};

}  // namespace

RoutineFunction routine_function(std::string_view name) {
  const auto at =
      std::find_if(kTable.begin(), kTable.end(), [&](const auto& row) { return row.first == name; });
  return at == kTable.end() ? nullptr : at->second;
}

}  // namespace adjoint::run

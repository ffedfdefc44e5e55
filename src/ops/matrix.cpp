// Inverse, determinant, adjugate, pseudo-inverse, Cholesky.
// Sources: Magnus & Neudecker, Matrix Differential Calculus (3rd ed.), ch. 8-9; Giles (2008), An extended
// collection of matrix derivative results; Golub & Pereyra (1973) for the pseudo-inverse.
#include "ops/matrix.hpp"

#include "ops/matrix_support.hpp"
#include "ops/structure.hpp"

namespace adjoint {
namespace {

Facts keeps_structure(std::span<const Expr> o, const Attributes& /*attributes*/) {
  const Expr a = o[0];
  Facts f;
  if (is_symmetric(a)) f.symmetric = Truth::Yes;
  if (is_semidefinite(a)) f.semidefinite = Truth::Yes;
  if (is_definite(a)) f = Facts::definite_matrix();
  if (is_diagonal(a)) f.diagonal = f.symmetric = Truth::Yes;
  if (is_lower(a)) f.lower = Truth::Yes;
  f.orthogonal = a->facts.orthogonal;
  return f;
}
Facts inverse_facts(std::span<const Expr> o, const Attributes& attributes) {
  Facts f = keeps_structure(o, attributes);
  if (f.semidefinite == Truth::Yes) f = Facts::definite_matrix();
  if (is_diagonal(o[0])) f.diagonal = Truth::Yes;
  f.invertible = Truth::Yes;
  return f;
}
Facts det_facts(std::span<const Expr> o, const Attributes& /*attributes*/) {
  if (is_definite(o[0])) return Facts::of_signs(Signs::positive());
  if (is_semidefinite(o[0])) return Facts::of_signs(Signs::nonnegative());
  return is_invertible(o[0]) ? Facts::of_signs(Signs::nonzero()) : Facts::unknown();
}
Facts lower_facts(std::span<const Expr> /*o*/, const Attributes& /*attributes*/) {
  Facts f = Facts::lower_matrix();
  f.invertible = Truth::Yes;
  return f;
}

// inv(inv(A)) = A, inv(c*A) = inv(A)/c, inv(I) = I, Q^-1 = Q'
Expr inv_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  const Expr a = o[0];
  Graph& g = a.graph();
  if (a->facts.orthogonal == Truth::Yes) return transposed(a);
  if (a->kind == Kind::Apply && a->op == &inverse_record()) return a->operands[0];
  if (const auto parts = scalar_times_matrix(a))
    return times(power(parts->first, Rational(-1)), inv(parts->second));
  if (a == g.identity(a.shape()[0])) return a;
  if (transpose_is_older(a)) return transposed(inv(transposed(a)));
  return {};
}
// dX^-1 = -X^-1 dX X^-1
Expr inv_linearise(const Node& y, int /*operand*/, Expr tangent) {
  const Expr x(&y);
  return -right_product(left_product(x, tangent), x);
}

Expr invariant_normal_of(const Record& op, Expr a) {
  return transpose_is_older(a) ? a.graph().apply(op, {transposed(a)}) : Expr();
}
// det(c*A) = c^n det(A)
Expr det_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  const Expr a = o[0];
  Graph& g = a.graph();
  if (const auto parts = scalar_times_matrix(a)) {
    return times(g.power(parts->first, g.extent(a.shape()[0])), det(parts->second));
  }
  if (a == g.identity(a.shape()[0])) return g.number(1);
  return {};
}
// d det X = tr(adj(X) dX): Jacobi's formula, at singular X too.
Expr det_linearise(const Node& y, int /*operand*/, Expr tangent) {
  return contract_matrix(transposed(adj(y.operands[0])), tangent);
}
Expr logdet_linearise(const Node& y, int /*operand*/, Expr tangent) {
  return contract_matrix(transposed(inv(y.operands[0])), tangent);
}
Expr adj_linearise(const Node& y, int /*operand*/, Expr tangent) { return dadj(y.operands[0], tangent); }

// Second derivatives of the adjugate: where X is invertible, from adj(X) = det(X) inv(X).
Expr dadj_linearise(const Node& y, int operand, Expr tangent) {
  const Expr x = y.operands[0];
  const Expr h = y.operands[1];
  if (operand == 1) return dadj(x, tangent);
  if (h.rank() != 2) throw_no_derivative("dadj of a batch");
  const Expr z = inv(x);
  const Expr d = det(x);
  const Expr zt = left_product(z, tangent);
  const Expr zh = dot(z, h);
  const Expr tr_t = contract_matrix(transposed(z), tangent);
  const Expr tr_h = trace(zh);
  const Expr zhz = dot(zh, z);
  const Expr ztz = right_product(zt, z);
  const Expr zt_zh_z = right_product(right_product(zt, zh), z);
  const Expr zh_zt_z = right_product(left_product(zh, zt), z);
  const Expr cross = contract_matrix(transposed(dot(zh, z)), tangent);  // tr(Z H Z T)
  const Expr bracket_h = times(tr_h, z) - zhz;                          // dadj/det
  Graph& g = x.graph();
  const Axes m = g.axes(z);
  Axes t(g.axes(tangent));
  Axes further(t.begin() + 2, t.end());
  Axes full = m;
  full.insert(full.end(), further.begin(), further.end());
  const auto spread = [&](Expr scalar, Expr matrix) {
    return g.product(1, {{scalar, further}, {matrix, m}}, full);
  };
  const Expr total = spread(tr_t, bracket_h) - spread(cross, z) - times(tr_h, ztz) + zt_zh_z + zh_zt_z;
  return times(d, total);
}
extern const Record kDadj;
Expr dadj_normal(std::span<const Expr> o, const Attributes& /*attributes*/) { return pull_scalars(kDadj, o); }

// <U, dadj(X,H)> = <dadj(X,U')', H>: the second derivative of det is symmetric.
Expr dadj_transpose(const Node& y, int /*operand*/, Expr cotangent) {
  return transposed(dadj(y.operands[0], transposed(cotangent)));
}

Shape pinv_shape(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Shape s = o[0].shape();
  if (s.size() < 2) throw ShapeError("the operand must be a matrix");
  std::swap(s[0], s[1]);
  return s;
}
// dX+ = -X+ dX X+ + X+ X+' dX' (I - X X+) + (I - X+ X) dX' X+' X+, rank constant
Expr pinv_linearise(const Node& y, int /*operand*/, Expr tangent) {
  const Expr p(&y);
  const Expr x = y.operands[0];
  const Expr t = transposed(tangent);
  const Expr pp = left_product(p, transposed(p));
  const Expr qq = left_product(transposed(p), p);
  const Expr left = batch_identity(x.shape()[0], x) - left_product(x, p);
  const Expr right = batch_identity(x.shape()[1], x) - left_product(p, x);
  return right_product(left_product(pp, t), left) + right_product(left_product(right, t), qq) -
         right_product(left_product(p, tangent), p);
}

// dL = L*phi(L^-1 dS L^-T), phi(M) = tril(M) - diag(M)/2
Expr chol_linearise(const Node& y, int /*operand*/, Expr tangent) {
  const Expr l(&y);
  const Expr z = inv(l);
  const Expr m = right_product(left_product(z, tangent), transposed(z));
  Graph& g = *y.graph;
  Axes i = g.axes(m);
  i[1] = i[0];
  const Expr diagonal = g.product(Rational(1, 2), {{m, i}}, i);
  return left_product(l, tril(m) - diagonal);
}

Expr det_normal_both(std::span<const Expr> o, const Attributes& attributes) {
  if (const Expr e = det_normal(o, attributes)) return e;
  return invariant_normal_of(det_record(), o[0]);
}
Expr logdet_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  return invariant_normal_of(logdet_record(), o[0]);
}
Expr adj_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  const Expr a = o[0];
  if (a == a.graph().identity(a.shape()[0])) return a;
  return transpose_is_older(a) ? transposed(adj(transposed(a))) : Expr();
}
Expr pinv_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  return transpose_is_older(o[0]) ? transposed(pinv(transposed(o[0]))) : Expr();
}

using List = std::vector<OperandCondition>;
const Record kInv = matrix_record("inv", square_shape, inverse_facts, inv_normal, inv_linearise,
                                  {{0, Condition::Invertible}}, {}, kContinuous);
const Record kDet =
    matrix_record("det", square_to_scalar, det_facts, det_normal_both, det_linearise, {}, {}, kContinuous);
const Record kLogdet = matrix_record("logdet", square_to_scalar, no_facts, logdet_normal, logdet_linearise,
                                     {{0, Condition::Invertible}}, {}, kContinuous);
const Record kAdj =
    matrix_record("adj", square_shape, keeps_structure, adj_normal, adj_linearise, {}, {}, kContinuous);
const Record kDadj = [] {
  Record r = linear_matrix_record("dadj", direction_shape, dadj_linearise, dadj_transpose, kContinuous);
  r.normal = dadj_normal;
  return r;
}();
const Record kPinv = matrix_record("pinv", pinv_shape, keeps_structure, pinv_normal, pinv_linearise, {},
                                   {{0, Condition::ConstantRank}}, kJumps);
const Record kChol = matrix_record("chol", square_shape, lower_facts, kNoNormal, chol_linearise,
                                   {{0, Condition::Definite}}, {}, kContinuous);

}  // namespace

const Record& inverse_record() { return kInv; }
const Record& det_record() { return kDet; }
const Record& logdet_record() { return kLogdet; }

Expr inv(Expr a) { return a.graph().apply(kInv, {a}); }
bool is_inverse(Expr expr) { return expr->kind == Kind::Apply && expr->op == &kInv; }
Expr det(Expr a) { return a.graph().apply(kDet, {a}); }
Expr adj(Expr a) { return a.graph().apply(kAdj, {a}); }
Expr dadj(Expr a, Expr h) { return is_zero(h) ? h : a.graph().apply(kDadj, {a, h}); }
Expr logdet(Expr a) { return a.graph().apply(kLogdet, {a}); }
Expr pinv(Expr a) { return a.graph().apply(kPinv, {a}); }
Expr chol(Expr s) { return s.graph().apply(kChol, {s}); }

std::span<const Record* const> matrix_records() {
  static const Record* const all[] = {&kInv, &kDet, &kLogdet, &kAdj, &kDadj, &kPinv, &kChol};
  return all;
}

}  // namespace adjoint

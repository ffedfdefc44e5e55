// Functions of the spectrum: square root, exponential, logarithm, eigenvalues, singular values.
// Sources: Higham, Functions of Matrices (2008), ch. 3, 6, 10, 11; Mathias (1996) for the block formula;
// Lewis (1996) for gradients of functions of singular values; Giles (2008); Townsend (2016) for the SVD.
#include <algorithm>

#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/matrix_support.hpp"
#include "ops/structure.hpp"

namespace adjoint {
namespace {

Facts root_facts(std::span<const Expr> o, const Attributes& /*attributes*/) {
  if (is_definite(o[0])) return Facts::definite_matrix();
  if (is_semidefinite(o[0])) return Facts::semidefinite_matrix();
  Facts f;
  if (is_symmetric(o[0])) f.symmetric = Truth::Yes;
  return f;
}
Facts exponential_facts(std::span<const Expr> o, const Attributes& /*attributes*/) {
  if (is_symmetric(o[0])) return Facts::definite_matrix();
  Facts f;
  f.invertible = Truth::Yes;
  return f;
}
Facts symmetric_if(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Facts f;
  if (is_symmetric(o[0])) f.symmetric = Truth::Yes;
  return f;
}
Facts both_symmetric(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Facts f;
  if (is_symmetric(o[0]) && is_symmetric(o[1])) f.symmetric = Truth::Yes;
  return f;
}
Facts orthogonal_facts(std::span<const Expr> /*o*/, const Attributes& /*attributes*/) {
  return Facts::orthogonal_matrix();
}
Facts nonnegative(std::span<const Expr> /*o*/, const Attributes& /*attributes*/) {
  return Facts::of_signs(Signs::nonnegative());
}

template <Expr (*f)(Expr)>
Expr outward(std::span<const Expr> o, const Attributes& /*attributes*/) {  // f(A') = f(A)'
  return transpose_is_older(o[0]) ? transposed(f(transposed(o[0]))) : Expr();
}
template <Expr (*f)(Expr)>
Expr invariant(std::span<const Expr> o, const Attributes& /*attributes*/) {  // f(A') = f(A)
  return transpose_is_older(o[0]) ? f(transposed(o[0])) : Expr();
}

// sqrtm(X)*dY + dY*sqrtm(X) = dX
Expr sqrtm_linearise(const Node& y, int /*operand*/, Expr tangent) { return lyap(Expr(&y), tangent); }
Expr sqrtm_normal(std::span<const Expr> o, const Attributes& attributes) {
  Graph& g = o[0].graph();
  if (o[0] == g.identity(o[0].shape()[0])) return o[0];
  if (const auto parts = scalar_times_matrix(o[0]); parts && parts->first->facts.signs.is_nonnegative()) {
    return times(sqrt(parts->first), sqrtm(parts->second));
  }
  return outward<sqrtm>(o, attributes);
}

// S*Y + Y*S = H: linear in H, adjoint with S'; in S: -lyap(S, dS*Y + Y*dS).
Expr lyap_linearise(const Node& y, int operand, Expr tangent) {
  const Expr s = y.operands[0];
  if (operand == 1) return lyap(s, tangent);
  const Expr Y(&y);
  if (y.rank() == 2) return -lyap(s, right_product(tangent, Y) + left_product(Y, tangent));
  Graph& g = *y.graph;  // Y is a batch: all pairs of its batch with the further axes
  const Axes a = g.axes(Y);
  Axes t = g.axes(tangent);
  // Where S is a batch as well, it is the same one.
  const auto own = static_cast<std::ptrdiff_t>(s.rank());
  std::copy(a.begin() + 2, a.begin() + own, t.begin() + 2);
  Axes out{t[0], a[1]};
  out.insert(out.end(), a.begin() + 2, a.end());
  out.insert(out.end(), t.begin() + own, t.end());
  Axes inner = a;
  inner[0] = t[1];
  const Expr first = g.product(1, {{tangent, t}, {Y, inner}}, out);
  Axes out2 = out;
  out2[0] = a[0];
  out2[1] = t[1];
  Axes t2 = t;
  t2[0] = a[1];
  const Expr second = g.product(1, {{Y, a}, {tangent, t2}}, out2);
  return -lyap(s, first + second);
}
// f(A, c*H) = c*f(A, H)
extern const Record kLyap, kDexpm, kDlogm, kDpolar;
template <const Record* self>
Expr linear_normal(std::span<const Expr> o, const Attributes& /*attributes*/) {
  return pull_scalars(*self, o);
}

// The adjoint of H -> f(A, H) is U -> f(A', U), which is f(A, U')'.
template <Expr (*f)(Expr, Expr)>
Expr along_transpose(const Node& y, int /*operand*/, Expr cotangent) {
  const Expr a = y.operands[0];
  if (cotangent.rank() > 2) return f(transposed(a), cotangent);
  return transposed(f(a, transposed(cotangent)));
}

// f of [X H; 0 X] holds Df(X)[H] in its upper right block; so does its own derivative (Mathias 1996).
template <Expr (*df)(Expr, Expr)>
Expr block_linearise(const Node& y, int operand, Expr tangent) {
  const Expr x = y.operands[0];
  const Expr h = y.operands[1];
  if (operand == 1) return df(x, tangent);
  if (x.rank() != 2) throw_no_derivative(std::string(y.op->name) + " of a batch of matrices");
  Graph& g = *y.graph;
  const Shape batch(h.shape().begin() + 2, h.shape().end());
  const Shape further(tangent.shape().begin() + 2, tangent.shape().end());
  const Size n = x.shape()[0];
  const auto zeros = [&](const Shape& behind) {
    Shape s{n, n};
    s.insert(s.end(), behind.begin(), behind.end());
    return g.zeros(s);
  };
  const auto blocks = [](Expr a, Expr b, Expr c, Expr d) {
    return concat({concat({a, c}, 0), concat({b, d}, 0)}, 1);
  };
  const Expr xx = broadcast(x, batch);
  const Expr big = blocks(xx, h, zeros(batch), xx);
  Shape both = batch;
  both.insert(both.end(), further.begin(), further.end());
  const Axes t = g.axes(tangent);
  Axes wide{t[0], t[1]};
  for (const auto& s : batch) wide.push_back(g.axis(s));
  wide.insert(wide.end(), t.begin() + 2, t.end());
  const Expr tt = g.product(1, {{tangent, t}}, wide);
  const Expr moved = df(big, blocks(tt, zeros(both), zeros(both), tt));
  return slice(slice(moved, 0, Size(0), n), 1, n, n);
}
Expr expm_linearise(const Node& y, int /*operand*/, Expr tangent) { return dexpm(y.operands[0], tangent); }
Expr logm_linearise(const Node& y, int /*operand*/, Expr tangent) { return dlogm(y.operands[0], tangent); }
Expr expm_normal(std::span<const Expr> o, const Attributes& attributes) {
  if (is_zero(o[0])) return o[0].graph().identity(o[0].shape()[0]);
  return outward<expm>(o, attributes);
}

Shape eigenvalue_shape(std::span<const Expr> o, const Attributes& attributes) {
  Shape s = square_shape(o, attributes);
  s.erase(s.begin());
  return s;
}
// u_k' T v_k for each k
Expr paired(Expr u, Expr v, Expr tangent) {
  Graph& g = u.graph();
  const Axes t = g.axes(tangent);
  Axes out = t;
  out.erase(out.begin());
  out[0] = g.axis(u.shape()[1]);
  Axes left(t.begin(), t.begin() + u.rank());
  left[1] = out[0];
  Axes right = left;
  right[0] = t[1];
  return g.product(1, {{u, left}, {v, right}, {tangent, t}}, out);
}
// d lambda = diag(Q' dS Q)
Expr eigvals_linearise(const Node& y, int /*operand*/, Expr tangent) {
  const Expr q = eigvecs(y.operands[0]);
  return paired(q, q, tangent);
}
// 1/(b_j - b_i), 0 on the diagonal; infinite where two are equal, for there is no derivative then
Expr inverse_gaps(Expr b) {
  Graph& g = b.graph();
  const Axes j = g.axes(b);
  Axes i = j;
  i[0] = g.axis(b.shape()[0]);
  Axes both = j;
  both.insert(both.begin(), i[0]);
  const Expr gap = g.product(1, {{b, j}}, both) - g.product(1, {{b, i}}, both);
  const Expr diagonal = batch_identity(b.shape()[0], gap);
  return select(equal(diagonal, g.ones(gap.shape())), g.number(0), power(gap, Rational(-1)));
}
// dQ = Q*(F .* (Q' dS Q)), F_ij = 1/(lambda_j - lambda_i): distinct eigenvalues
Expr eigvecs_linearise(const Node& y, int /*operand*/, Expr tangent) {
  const Expr q(&y);
  const Expr f = inverse_gaps(eigvals(y.operands[0]));
  const Expr inner = right_product(left_product(transposed(q), tangent), q);
  return left_product(q, scale(f, inner));
}

Shape svdvals_shape(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Shape s = o[0].shape();
  if (s.size() < 2) throw ShapeError("the operand must be a matrix");
  s[1] = smaller(s[0], s[1]);
  s.erase(s.begin());
  return s;
}
Shape svdu_shape(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Shape s = o[0].shape();
  s[1] = smaller(s[0], s[1]);
  return s;
}
Shape svdv_shape(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Shape s = o[0].shape();
  const Size k = smaller(s[0], s[1]);
  s[0] = s[1];
  s[1] = k;
  return s;
}
Expr svdvals_linearise(const Node& y, int /*operand*/, Expr tangent) {
  const Expr x = y.operands[0];
  return paired(svdu(x), svdv(x), tangent);
}
// One factor of the thin SVD; distinct non-zero singular values (Townsend 2016). With P = a' dX b:
// da = a*(F.*(P*S + S*P')) + (I - a*a')*dX*b/S, where a, b are u, v or v, u (and dX transposed).
Expr singular_factor_moves(Expr x, Expr tangent, bool left) {
  const Expr a = left ? svdu(x) : svdv(x);
  const Expr b = left ? svdv(x) : svdu(x);
  const Expr t = left ? tangent : transposed(tangent);
  const Expr s = svdvals(x);
  const Expr f = inverse_gaps(square(s));
  const Expr tb = right_product(t, b);
  const Expr p = left_product(transposed(a), tb);
  const Expr d = batch_diagonal(s);
  const Expr inner = right_product(p, d) + left_product(d, transposed(p));
  const Expr outside = left_product(batch_identity(a.shape()[0], a) - left_product(a, transposed(a)), tb);
  return left_product(a, scale(f, inner)) + right_product(outside, batch_diagonal(power(s, Rational(-1))));
}
Expr svdu_linearise(const Node& y, int /*operand*/, Expr t) {
  return singular_factor_moves(y.operands[0], t, true);
}
Expr svdv_linearise(const Node& y, int /*operand*/, Expr t) {
  return singular_factor_moves(y.operands[0], t, false);
}

Expr polar_linearise(const Node& y, int /*operand*/, Expr tangent) { return dpolar(y.operands[0], tangent); }
Expr polar_normal(std::span<const Expr> o, const Attributes& attributes) {
  const Expr x = o[0];
  if (x->kind == Kind::Product && !x->coefficient.is_one() && !x->coefficient.is_zero()) {
    const Expr p = polar(without_coefficient(x));
    return x->coefficient.is_negative() ? -p : p;
  }
  return outward<polar>(o, attributes);
}
Expr dpolar_linearise(const Node& y, int operand, Expr tangent) {
  if (operand == 1) return dpolar(y.operands[0], tangent);
  throw_no_derivative("dpolar (the third derivative of the nuclear norm)");
}
Expr dpolar_transpose(const Node& y, int /*operand*/, Expr cotangent) {
  return dpolar(y.operands[0], cotangent);
}
Expr normnuc_linearise(const Node& y, int /*operand*/, Expr tangent) {
  return contract_matrix(polar(y.operands[0]), tangent);
}
Expr normop_linearise(const Node& y, int /*operand*/, Expr tangent) {
  return contract_matrix(normop_grad(y.operands[0]), tangent);
}
// With D = u v', s = normop(X): dD = M (s T D'D + X T' D) + (s D D' T + D T' X) N, M the pseudo-inverse of
// s^2 I - X X', N that of s^2 I - X' X. Their null spaces are known, u and v, so no rank is guessed from
// rounded values: with M = inv(s^2 (I + u u') - X X') and N alike, the part along D, 4/s <D,T> D, is too
// much.
Expr normop_grad_linearise(const Node& y, int /*operand*/, Expr tangent) {
  Graph& g = *y.graph;
  const Expr d(&y);
  const Expr x = y.operands[0];
  const Expr s = normop(x);
  const Expr xt = transposed(x);
  const Expr dt = transposed(d);
  const Expr uu = left_product(d, dt);
  const Expr vv = left_product(dt, d);
  const Expr m = inv(batch_times(square(s), batch_identity(x.shape()[0], x) + uu) - left_product(x, xt));
  const Expr n = inv(batch_times(square(s), batch_identity(x.shape()[1], x) + vv) - left_product(xt, x));
  const Expr t = transposed(tangent);
  const Expr left = batch_times(s, right_product(tangent, vv)) + right_product(left_product(x, t), d);
  const Expr right = batch_times(s, left_product(uu, tangent)) + right_product(left_product(d, t), x);
  const Axes all = g.axes(tangent);
  Axes summed(all.begin(), all.begin() + d.rank());
  Axes own = g.axes(d);
  std::copy(summed.begin() + 2, summed.end(), own.begin() + 2);
  Axes out = all;
  std::copy(own.begin(), own.end(), out.begin());
  const Expr along = g.product(4, {{d, own}, {d, summed}, {tangent, all}}, out);
  return left_product(m, left) + right_product(right, n) - batch_times(g.power(s, g.number(-1)), along);
}

Shape matrix_to_scalar(std::span<const Expr> o, const Attributes& /*attributes*/) {
  Shape s = o[0].shape();
  if (s.size() < 2) throw ShapeError("the operand must be a matrix");
  s.erase(s.begin(), s.begin() + 2);
  return s;
}
Shape matrix_shape(std::span<const Expr> o, const Attributes& /*attributes*/) { return o[0].shape(); }

using C = Condition;
const Record kSqrtm = matrix_record("sqrtm", square_shape, root_facts, sqrtm_normal, sqrtm_linearise,
                                    {{0, C::Semidefinite}}, {{0, C::Definite}}, kContinuous);
const Record kLyap = [] {
  Record r =
      linear_matrix_record("lyap", direction_shape, lyap_linearise, along_transpose<lyap>, kContinuous);
  r.normal = linear_normal<&kLyap>;
  r.facts = both_symmetric;
  r.defined = std::vector<OperandCondition>{{0, C::SpectraDisjoint}};
  return r;
}();
const Record kExpm =
    matrix_record("expm", square_shape, exponential_facts, expm_normal, expm_linearise, {}, {}, kContinuous);
const Record kDexpm = [] {
  Record r = linear_matrix_record("dexpm", direction_shape, block_linearise<dexpm>, along_transpose<dexpm>,
                                  kContinuous);
  r.normal = linear_normal<&kDexpm>;
  r.facts = both_symmetric;
  return r;
}();
const Record kLogm = matrix_record("logm", square_shape, symmetric_if, outward<logm>, logm_linearise,
                                   {{0, C::NoNegativeRealEigenvalue}}, {}, kContinuous);
const Record kDlogm = [] {
  Record r = linear_matrix_record("dlogm", direction_shape, block_linearise<dlogm>, along_transpose<dlogm>,
                                  kContinuous);
  r.normal = linear_normal<&kDlogm>;
  r.facts = both_symmetric;
  r.defined = std::vector<OperandCondition>{{0, C::NoNegativeRealEigenvalue}};
  return r;
}();
const Record kEigvals = matrix_record("eigvals", eigenvalue_shape, no_facts, kNoNormal, eigvals_linearise, {},
                                      {{0, C::SimpleSpectrum}}, kContinuous);
const Record kEigvecs = matrix_record("eigvecs", square_shape, orthogonal_facts, kNoNormal, eigvecs_linearise,
                                      {}, {{0, C::SimpleSpectrum}}, kJumps);
const Record kSvdvals = matrix_record("svdvals", svdvals_shape, nonnegative, invariant<svdvals>,
                                      svdvals_linearise, {}, {{0, C::DistinctSingular}}, kContinuous);
const Record kSvdu = matrix_record("svdu", svdu_shape, no_facts, kNoNormal, svdu_linearise, {},
                                   {{0, C::DistinctSingular}}, kJumps);
const Record kSvdv = matrix_record("svdv", svdv_shape, no_facts, kNoNormal, svdv_linearise, {},
                                   {{0, C::DistinctSingular}}, kJumps);
const Record kPolar = matrix_record("polar", matrix_shape, no_facts, polar_normal, polar_linearise, {},
                                    {{0, C::FullRank}}, kJumps);
const Record kDpolar = [] {
  Record r = linear_matrix_record("dpolar", direction_shape, dpolar_linearise, dpolar_transpose,
                                  Continuity::Unknown);
  r.normal = linear_normal<&kDpolar>;
  r.differentiable = std::vector<OperandCondition>{{0, C::FullRank}};
  return r;
}();
const Record kNormnuc = matrix_record("normnuc", matrix_to_scalar, nonnegative, invariant<normnuc>,
                                      normnuc_linearise, {}, {{0, C::FullRank}}, kContinuous);
const Record kNormop = matrix_record("normop", matrix_to_scalar, nonnegative, invariant<normop>,
                                     normop_linearise, {}, {{0, C::SimpleTop}}, kContinuous);
const Record kNormopGrad = matrix_record("normop_grad", matrix_shape, no_facts, outward<normop_grad>,
                                         normop_grad_linearise, {}, {{0, C::SimpleTop}}, kJumps);

}  // namespace

Expr sqrtm(Expr a) { return a.graph().apply(kSqrtm, {a}); }
Expr lyap(Expr s, Expr h) { return is_zero(h) ? h : s.graph().apply(kLyap, {s, h}); }
Expr expm(Expr a) { return a.graph().apply(kExpm, {a}); }
Expr dexpm(Expr a, Expr h) { return is_zero(h) ? h : a.graph().apply(kDexpm, {a, h}); }
Expr logm(Expr a) { return a.graph().apply(kLogm, {a}); }
Expr dlogm(Expr a, Expr h) { return is_zero(h) ? h : a.graph().apply(kDlogm, {a, h}); }
Expr eigvals(Expr s) { return s.graph().apply(kEigvals, {s}); }
Expr eigvecs(Expr s) { return s.graph().apply(kEigvecs, {s}); }
Expr svdvals(Expr x) { return x.graph().apply(kSvdvals, {x}); }
Expr svdu(Expr x) { return x.graph().apply(kSvdu, {x}); }
Expr svdv(Expr x) { return x.graph().apply(kSvdv, {x}); }
Expr polar(Expr x) { return x.graph().apply(kPolar, {x}); }
Expr dpolar(Expr x, Expr h) { return is_zero(h) ? h : x.graph().apply(kDpolar, {x, h}); }
Expr normnuc(Expr x) { return x.graph().apply(kNormnuc, {x}); }
Expr normop(Expr x) { return x.graph().apply(kNormop, {x}); }
Expr normop_grad(Expr x) { return x.graph().apply(kNormopGrad, {x}); }

Size smaller(const Size& n, const Size& p) {
  if (n == p) return n;
  const auto a = n.constant();
  const auto b = p.constant();
  if (a && b) return std::min(*a, *b);
  if (const auto difference = (n - p).constant()) return *difference < 0 ? n : p;
  const std::string first = std::min(n.text(), p.text());
  const std::string second = std::max(n.text(), p.text());
  return Size::name("min(" + first + "," + second + ")");
}

std::span<const Record* const> spectral_records() {
  static const Record* const all[] = {&kSqrtm,   &kLyap,    &kExpm,    &kDexpm,     &kLogm, &kDlogm,
                                      &kEigvals, &kEigvecs, &kSvdvals, &kSvdu,      &kSvdv, &kPolar,
                                      &kDpolar,  &kNormnuc, &kNormop,  &kNormopGrad};
  return all;
}

}  // namespace adjoint

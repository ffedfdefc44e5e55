// Names of the rules of differentiation and the identities from which they follow.
// Sources: Magnus and Neudecker, Matrix Differential Calculus, ch. 8-9; Higham, Functions of Matrices, ch. 3;
// Golub and Pereyra (1973) for the pseudo-inverse; Horn and Johnson, Matrix Analysis, ch. 6 for eigenvalues.
#include <algorithm>
#include <array>

#include "derivation/moves.hpp"
#include "ops/abstract.hpp"
#include "ops/record.hpp"

namespace adjoint::derivation {

namespace {

struct Row {
  std::string_view op;
  std::string_view name;
  std::string_view expansion;
  std::string_view why;
};

constexpr auto kLaws = std::to_array<Row>({
    {"inv", "derivative of the inverse", "Neumann series",
     "($U+$K)*(inv($U)-inv($U)*$K*inv($U)) = I-$K*inv($U)*$K*inv($U) = I+O(norm($K)^2)"},
    {"det", "Jacobi's formula", "Jacobi's formula",
     "det is a polynomial in the entries, and adj($U)' holds its partial derivatives, the cofactors"},
    {"logdet", "derivative of the log-determinant", "determinant near the identity",
     "det($U+$K) = det($U)*det(I+inv($U)*$K), and det(I+M) = 1+tr(M)+O(norm(M)^2)"},
    {"adj", "derivative of the adjugate", "derivative of the adjugate",
     "adj($U) = det($U)*inv($U) where $U is invertible, and by continuity elsewhere"},
    {"pinv", "derivative of the pseudo-inverse", "derivative of the pseudo-inverse",
     "the rank of $U stays the same"},
    {"chol", "derivative of the Cholesky factor", "derivative of the Cholesky factor",
     "(L+M)*(L+M)' = $U+$K gives L*M'+M*L' = $K up to M*M', with L = chol($U), M lower triangular"},
    {"sqrtm", "derivative of the matrix square root", "square of the root",
     "(S+L)*(S+L) = $U+$K gives S*L+L*S = $K up to L*L, with S = sqrtm($U), so L = lyap(S,$K)"},
    {"expm", "derivative of the matrix exponential", "series of the exponential",
     "dexpm($U,$K) is the sum of the terms of expm($U+$K) that hold $K once"},
    {"logm", "derivative of the matrix logarithm", "inverse of the exponential",
     "expm(logm($U)) = $U: dlogm($U,$K) is the L with dexpm(logm($U),L) = $K"},
    {"lyap", "derivative of the Lyapunov solution", "Lyapunov equation", "S*Y+Y*S = H with Y = lyap(S,H)"},
    {"eigvals", "derivative of simple eigenvalues", "perturbation of simple eigenvalues",
     "q'*$K*q for each unit eigenvector q"},
    {"eigvecs", "derivative of eigenvectors", "perturbation of eigenvectors", ""},
    {"svdvals", "derivative of simple singular values", "perturbation of simple singular values",
     "u'*$K*v for each pair of singular vectors"},
    {"normnuc", "derivative of the nuclear norm", "derivative of the nuclear norm",
     "polar($U) is its gradient"},
    {"normop", "derivative of the spectral norm", "derivative of the spectral norm",
     "u'*$K*v for the top singular vectors"},
    {"polar", "derivative of the polar factor", "derivative of the polar factor", ""},
    {"norm", "derivative of the norm", "derivative of the norm",
     "norm($U)^2 = <$U, $U>, so 2*norm($U)*d(norm($U)) = 2*<$U, d$U>"},
    {"norm_p", "derivative of the p-norm", "derivative of the p-norm",
     "norm($U,p)^p = sum(abs($U).^p), and p*norm($U,p)^(p-1)*d(norm($U,p)) = p*<sign($U).*abs($U).^(p-1), "
     "d$U>"},
    {"logsumexp", "derivative of log-sum-exp", "derivative of log-sum-exp",
     "exp(logsumexp($U)) = sum(exp($U))"},
    {"prod", "product rule over the entries", "product of the entries", "each entry moves in turn"},
    {"maximum", "the largest entry moves", "the largest entry moves", ""},
    {"minimum", "the smallest entry moves", "the smallest entry moves", ""},
    {"elpow", "exponential and power rule", "Taylor's formula", "a.^u = exp(u.*log(a))"},
    {"select", "each branch where it is chosen", "each branch where it is chosen", ""},
    {"direction", "derivative of u/norm(u)", "quotient rule", ""},
});

Law power_law(const Scribe& s, Expr v) {
  if (s.moves(v->operands.back())) return {"exponential rule", "Taylor's formula", "a^u = exp(u*log(a))"};
  const Rational* e = as_number(v->operands.back());
  if (e != nullptr && *e == Rational(1, 2)) return {"derivative of the square root", "Taylor's formula", ""};
  if (e != nullptr && *e == Rational(-1)) return {"derivative of the reciprocal", "Taylor's formula", ""};
  return {"power rule", "Taylor's formula", ""};
}

Law product_law(const Scribe& s, Expr v) {
  std::vector<Expr> moving;
  for (const auto& f : v->factors) {
    if (s.moves(f.expr)) moving.push_back(f.expr);
  }
  if (moving.size() == 1) {
    if (is_square_sum(s, v)) return {"differential of an inner product with itself", "multiply out", ""};
    return {"linearity", "linearity", ""};
  }
  if (moving.size() == 2 && moving[0] == moving[1] && v.rank() == 0 && moving[0].rank() == 1) {
    const bool weighted = std::any_of(v->factors.begin(), v->factors.end(), [&s](const Factor& f) {
      return !s.moves(f.expr) && !f.labels.empty();
    });
    return {weighted ? "differential of a quadratic form" : "differential of an inner product with itself",
            "multiply out", ""};
  }
  return {"product rule", "multiply out", ""};
}

Law named_law(const Scribe& s, Expr v) {
  switch (v->kind) {
    case adjoint::Kind::Sum:
      return {"linearity", "linearity", ""};
    case adjoint::Kind::Product:
      return product_law(s, v);
    case adjoint::Kind::Power:
      return power_law(s, v);
    case adjoint::Kind::Apply:
      break;
    default:
      return {};
  }
  if (is_linear(s, v)) return {"linearity", "linearity", ""};
  if (const auto use = abstract_use(*v)) {
    return {"chain rule through " + abstract_name(*v), "differentiability of " + use->name, ""};
  }
  for (const auto& row : kLaws) {
    if (row.op == v->op->name)
      return {std::string(row.name), std::string(row.expansion), std::string(row.why)};
  }
  return {"chain rule through " + std::string(v->op->name), "Taylor's formula", ""};
}

// Conditions beyond those under which the operation is defined, as far as they are not known to hold.
std::string condition_of(const Scribe& s, Expr v) {
  std::string text;
  for (const auto& c : record_of(*v).differentiable.value) {
    const Expr operand = v->operands[static_cast<std::size_t>(c.operand)];
    if (!s.moves(operand)) continue;
    const Signs signs = operand->facts.signs;
    std::string words;
    switch (c.condition) {
      case Condition::NonZero:
        if (!signs.is_nonzero()) words = operand.rank() == 0 ? "$U is not 0" : "no entry of $U is 0";
        break;
      case Condition::NotAllZero:
        if (!signs.is_nonzero()) words = "$U is not 0";
        break;
      case Condition::InsideUnit:
        words = "-1 < $U < 1";
        break;
      case Condition::Invertible:
        words = "$U is invertible";
        break;
      case Condition::FullRank:
        words = "$U has full rank";
        break;
      case Condition::Definite:
        if (!is_definite(operand)) words = "$U is positive definite";
        break;
      case Condition::SimpleSpectrum:
        words = "the eigenvalues of $U are simple";
        break;
      case Condition::DistinctSingular:
        words = "the singular values of $U are simple";
        break;
      case Condition::SimpleTop:
        words = "the largest singular value of $U is simple";
        break;
      case Condition::UniqueMaximum:
      case Condition::UniqueMinimum:
        words = "one entry of $U alone attains it";
        break;
      case Condition::Differ:
        words = "the operands differ";
        break;
      case Condition::ConstantRank:
        words = "the rank of $U stays the same";
        break;
      case Condition::FullColumnRank:
      case Condition::FullRowRank:
        words = "$U has full rank";
        break;
      case Condition::Positive:
        if (!signs.is_positive()) words = operand.rank() == 0 ? "$U > 0" : "all entries of $U are positive";
        break;
      case Condition::NonNegative:
        if (!signs.is_nonnegative()) words = operand.rank() == 0 ? "$U >= 0" : "no entry of $U is negative";
        break;
      case Condition::InUnit:
        words = "-1 <= $U <= 1";
        break;
      case Condition::AboveMinusOne:
        words = "$U > -1";
        break;
      case Condition::CosNonZero:
        words = "the cosine of $U is not 0";
        break;
      case Condition::Semidefinite:
        if (!is_semidefinite(operand)) words = "$U is positive semi-definite";
        break;
      case Condition::NoNegativeRealEigenvalue:
        if (!is_definite(operand)) words = "no eigenvalue of $U is real and negative or 0";
        break;
      case Condition::SpectraDisjoint:
        if (!is_definite(operand)) words = "no two eigenvalues of $U add up to 0";
        break;
      case Condition::NormSmooth:
      case Condition::NormTwiceSmooth:
        words = "$U has no entry that is 0";
        break;
      case Condition::Unknown:
        words = "$ is differentiable";
        break;
    }
    if (!words.empty()) text += (text.empty() ? "where " : " and ") + words;
  }
  return text;
}

}  // namespace

Law law_of(const Scribe& s, Expr v) {
  Law law = named_law(s, v);
  if (v->kind == adjoint::Kind::Apply) law.where = condition_of(s, v);
  return law;
}

}  // namespace adjoint::derivation

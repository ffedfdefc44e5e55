#include "graph/facts.hpp"

namespace adjoint {

Signs negate(Signs a) {
  Signs r = a;
  r.possible = static_cast<std::uint8_t>((a.possible & Signs::kZero) |
                                         ((a.possible & Signs::kNegative) != 0 ? Signs::kPositive : 0) |
                                         ((a.possible & Signs::kPositive) != 0 ? Signs::kNegative : 0));
  return r;
}

Signs multiply(Signs a, Signs b) {
  Signs r{0};
  if (((a.possible | b.possible) & Signs::kZero) != 0) r.possible |= Signs::kZero;
  if ((b.possible & Signs::kPositive) != 0) r.possible |= a.possible & Signs::nonzero().possible;
  if ((b.possible & Signs::kNegative) != 0) r.possible |= negate(a).possible & Signs::nonzero().possible;
  return r;
}

Signs add(Signs a, Signs b) {
  if (a == Signs::zero()) return b;
  if (b == Signs::zero()) return a;
  if (a.is_nonnegative() && b.is_nonnegative()) {
    return a.is_positive() || b.is_positive() ? Signs::positive() : Signs::nonnegative();
  }
  if (a.is_nonpositive() && b.is_nonpositive()) return negate(add(negate(a), negate(b)));
  return Signs::any();
}

Facts Facts::symmetric_matrix() {
  Facts f;
  f.symmetric = Truth::Yes;
  return f;
}

Facts Facts::semidefinite_matrix() {
  Facts f = symmetric_matrix();
  f.semidefinite = Truth::Yes;
  return f;
}

Facts Facts::definite_matrix() {
  Facts f = semidefinite_matrix();
  f.definite = Truth::Yes;
  f.invertible = Truth::Yes;
  return f;
}

Facts Facts::diagonal_matrix() {
  Facts f = symmetric_matrix();
  f.diagonal = Truth::Yes;
  f.lower = Truth::Yes;
  return f;
}

Facts Facts::lower_matrix() {
  Facts f;
  f.lower = Truth::Yes;
  return f;
}

Facts Facts::orthogonal_matrix() {
  Facts f;
  f.orthogonal = Truth::Yes;
  f.invertible = Truth::Yes;
  return f;
}

}  // namespace adjoint

// Types of + - * / \ ^ .* ./ .^ ' and comparisons.
#include <cmath>

#include "notation/inference.hpp"

namespace adjoint::notation {

using syntax::Kind;

Inference::Result Inference::transpose(const Ast& ast) {
  const Result a = infer(ast->args[0]);
  if (!a) return nullptr;
  if (!a->type.higher.empty()) {
    error(ast, "only matrices have a transpose; " + is_of(ast->args[0], a), origins({{ast->args[0], a}}));
    return nullptr;
  }
  return same(ast, {a}, Type{a->type.columns, a->type.rows, {}});
}

Inference::Result Inference::binary(const Ast& ast) {
  const Result a = infer(ast->args[0]);
  const Result b = infer(ast->args[1]);
  if (!a || !b) return nullptr;
  if (ast->kind == Kind::Compare) return entrywise(ast, a, b);
  if (ast->text == "*") return product(ast, a, b);
  if (ast->text == "/") return quotient(ast, a, b);
  if (ast->text == "\\") return solve(ast, a, b);
  if (ast->text == "^") return power(ast, a, b);
  return entrywise(ast, a, b);
}

bool Inference::same_shape(const Type& a, const Type& b, Place place) {
  if (a.higher.size() != b.higher.size()) return false;
  const auto mark = unifier_.mark();
  bool good = unifier_.equal(a.rows, b.rows, place) && unifier_.equal(a.columns, b.columns, place);
  for (std::size_t k = 0; k < a.higher.size() && good; ++k)
    good = unifier_.equal(a.higher[k], b.higher[k], place);
  if (!good) unifier_.back(mark);
  return good;
}

std::optional<Type> Inference::broadcast(const Ast& ast, const Result& a, const Result& b) {
  const Type ta = type(a);
  const Type tb = type(b);
  if (ta.is_scalar()) return tb;
  if (tb.is_scalar() || same_shape(ta, tb, ast->place)) return ta;
  const Ast& left = ast->args[0];
  const Ast& right = ast->args[1];
  std::string hint;
  if ((ta.is_column() && tb.is_row()) || (ta.is_row() && tb.is_column())) {
    hint = "; a row and a column do not combine entry by entry (transpose one)";
  } else if (ta.is_matrix() != tb.is_matrix()) {
    hint = "; a vector is not repeated along a matrix (write x*ones(1,n), or ones(n)*x')";
  }
  error(
      ast,
      "`" + ast->text + "` needs equal shapes or a scalar: " + is_of(left, a) + ", " + is_of(right, b) + hint,
      origins({{left, a}, {right, b}}));
  return std::nullopt;
}

Inference::Result Inference::entrywise(const Ast& ast, const Result& a, const Result& b) {
  const auto t = broadcast(ast, a, b);
  return t ? same(ast, {a, b}, *t) : nullptr;
}

Inference::Result Inference::product(const Ast& ast, const Result& a, const Result& b) {
  const Type ta = type(a);
  const Type tb = type(b);
  if (ta.is_scalar()) return same(ast, {a, b}, tb);
  if (tb.is_scalar()) return same(ast, {a, b}, ta);
  const Ast& left = ast->args[0];
  const Ast& right = ast->args[1];
  if (ta.higher.empty() && tb.higher.empty() && unifier_.equal(ta.columns, tb.rows, ast->place)) {
    return same(ast, {a, b}, Type{ta.rows, tb.columns, {}});
  }
  std::string hint;
  if (!ta.higher.empty() || !tb.higher.empty()) {
    hint = "; `*` multiplies matrices";
  } else if (ta.is_column() && tb.is_column()) {
    hint = "; for two columns write x'*y, x*y' or x.*y";
  } else if (ta.is_row() && tb.is_row()) {
    hint = "; for two rows write x*y', x'*y or x.*y";
  } else {
    hint = "; inner sizes " + ta.columns.text() + " and " + tb.rows.text() + " differ";
  }
  error(ast, "`*` does not fit: " + is_of(left, a) + ", " + is_of(right, b) + hint,
        origins({{left, a}, {right, b}}));
  return nullptr;
}

Inference::Result Inference::quotient(const Ast& ast, const Result& a, const Result& b) {
  const Type tb = type(b);
  if (tb.is_scalar()) return same(ast, {a, b}, a->type);
  const Ast& left = ast->args[0];
  const Ast& right = ast->args[1];
  const std::string message = "`/` divides by a scalar: " + is_of(left, a) + ", " + is_of(right, b);
  const std::string hint =
      tb.is_matrix() ? "; write A*inv(B), or B\\A to solve B*X = A" : "; entry by entry it is `./`";
  error(ast, message + hint, origins({{left, a}, {right, b}}));
  return nullptr;
}

Inference::Result Inference::solve(const Ast& ast, const Result& a, const Result& b) {
  const Type ta = type(a);
  const Type tb = type(b);
  if (ta.is_scalar()) return same(ast, {a, b}, tb);
  const Ast& left = ast->args[0];
  const Ast& right = ast->args[1];
  if (!ta.higher.empty() || !unifier_.equal(ta.rows, ta.columns, ast->place)) {
    error(ast, "`\\` solves with a square matrix; " + is_of(left, a) + " (for least squares write pinv(A)*b)",
          origins({{left, a}}));
    return nullptr;
  }
  if (!tb.higher.empty() || !unifier_.equal(ta.columns, tb.rows, ast->place)) {
    error(ast, "`\\` does not fit: " + is_of(left, a) + ", " + is_of(right, b),
          origins({{left, a}, {right, b}}));
    return nullptr;
  }
  return same(ast, {a, b}, Type{ta.columns, tb.columns, {}});
}

Inference::Result Inference::power(const Ast& ast, const Result& a, const Result& b) {
  const Ast& base = ast->args[0];
  const Ast& exponent = ast->args[1];
  const Type ta = type(a);
  const Type tb = type(b);
  if (!tb.is_scalar()) {
    error(exponent, "the exponent of `^` is a scalar; " + is_of(exponent, b) + " (entry by entry it is `.^`)",
          origins({{exponent, b}}));
    return nullptr;
  }
  if (ta.is_scalar()) return same(ast, {a, b}, {});
  if (!ta.is_matrix()) {
    error(ast, "`^` takes a scalar or a square matrix; " + is_of(base, a) + " (entry by entry it is `.^`)",
          origins({{base, a}}));
    return nullptr;
  }
  if (!unifier_.equal(ta.rows, ta.columns, ast->place)) {
    error(ast, "`^` takes a scalar or a square matrix; " + is_of(base, a), origins({{base, a}}));
    return nullptr;
  }
  const auto value = constant_value(b);
  if (!value || *value != std::floor(*value)) {
    const bool root = value && std::abs(*value) == 0.5;
    error(exponent, std::string("a power of a matrix has an integer exponent") +
                        (root ? *value > 0 ? "; the square root is sqrtm(X)" : "; write inv(sqrtm(X))"
                              : "; entry by entry it is `.^`"));
    return nullptr;
  }
  if (std::abs(*value) > 200) {
    error(exponent, "the exponent of a matrix power is at most 200");
    return nullptr;
  }
  return same(ast, {a, b}, a->type);
}

}  // namespace adjoint::notation

// How one quantity moves when those below it move, in the steps in which a person writes it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "derivation/scribe.hpp"

namespace adjoint::derivation {

/// Operands that depend on the variable.
std::vector<std::size_t> active_operands(const Scribe& s, Expr v);
/// Whether v is linear (up to a constant) in what moves in it.
bool is_linear(const Scribe& s, Expr v);
/// Whether v is a sum, a product, a natural power or a linear map of what moves in it.
bool is_polynomial(const Scribe& s, Expr v);
/// Quantities below and at `root` that are no polynomials in what is below them (inv, exp, a root, …),
/// innermost first.
std::vector<Expr> transcendental(const Scribe& s, Expr root);

/// Whether v is a multiple of the sum of squares of one quantity.
bool is_square_sum(const Scribe& s, Expr v);

struct Move {
  Expr value;                      // d(v) in terms of tangents below
  std::vector<std::string> rules;  // names, outermost first
};
/// d(v): through linear quantities at once, else one rule.
Move move(Scribe& s, Expr v);

/// What is said of the rule by which v moves.
struct Law {
  std::string name;       // "derivative of the inverse"
  std::string expansion;  // the same for op(u+k): "Neumann series"
  std::string why;  // an identity from which it follows, with $U for the operand and $K for its increment
  std::string where = {};  // where it holds, if not everywhere
};
Law law_of(const Scribe& s, Expr v);

/// op(u+k) = op(u) + (linear in k), with names of its own for operands that are not the variable itself.
struct GeneralRule {
  Expr moved, value, linear;
  std::vector<std::pair<Expr, Expr>> operands;    // u: variable, the operand that it stands for
  std::vector<std::pair<Expr, Expr>> increments;  // k: variable, operand
};
/// With increments named du where `differential`, else k.
GeneralRule general_rule(Scribe& s, Expr v, bool differential);
/// d(inv(U)) = -inv(U)*dU*inv(U), or nothing where it does not read.
std::string general_text(Scribe& s, Expr v);
/// `why` with names put in.
std::string filled(const std::string& why, const GeneralRule& rule);

}  // namespace adjoint::derivation

// What every style of derivation needs: names that are free, trees of expressions in which tangents of
// intermediate quantities read as d(u), and lines.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "derivation/derivation.hpp"

namespace adjoint::derivation {

class Scribe {
 public:
  Scribe(const Question& question, Style style);
  Scribe(const Scribe&) = delete;
  Scribe& operator=(const Scribe&) = delete;

  Graph& graph() { return f.graph(); }

  Expr f;             // simplified
  Expr x;             // the variable
  Expr dx;            // what it moves along: dX, or H in the definition
  syntax::Type type;  // of f
  syntax::Type x_type;
  std::string function;  // the name of f in the derivation
  Derivation out;

  /// Whether a part of f depends on the variable.
  [[nodiscard]] bool moves(Expr e) const { return active_.contains(e.get()); }
  /// The derivative of e along dx.
  Expr along_dx(Expr e);

  /// The first name of the list that nothing else has, or one with a number; from now on it is taken.
  std::string fresh(const std::vector<std::string>& wishes);
  /// The same for a note of one line: the name stays free.
  [[nodiscard]] std::string unused(const std::vector<std::string>& wishes) const;
  /// A fresh name for a quantity like `e`, capital for a matrix.
  std::string fresh_like(Expr e, const std::vector<std::string>& small,
                         const std::vector<std::string>& capital);

  /// The shape in which a quantity reads where nothing else is said.
  [[nodiscard]] syntax::Type natural(Expr e) const;
  /// The tangent of an intermediate quantity as a variable of its own; it reads as d(u), or as `name`.
  Expr tangent(Expr u, const std::string& name = {});
  /// Tangents that an expression holds, with what they are tangents of.
  std::vector<std::pair<Expr, Expr>> tangents_in(Expr e);
  /// Makes a variable stand for a quantity.
  void name(Expr variable, Expr quantity) { out.quantities.emplace_back(variable, quantity); }
  /// e with names replaced by what they stand for, and tangents by what they are in terms of dx.
  Expr settled(Expr e);

  /// Null where matrix notation cannot write it.
  syntax::Ast read(Expr e, const syntax::Type& t);
  syntax::Ast read(Expr e) { return read(e, natural(e)); }
  /// The shortest of several equal forms.
  syntax::Ast shortest(Expr e, const syntax::Type& t);
  syntax::Ast name_of(Expr variable, const syntax::Type& t);
  const ReadOptions& options() const { return options_; }

  /// A line lhs = rhs; nothing is added where rhs is null (what matrix notation cannot write).
  Line* add(syntax::Ast lhs, syntax::Ast rhs, std::string rule, std::string note = {});
  /// Goes on from the line above; nothing is added where the right side reads the same.
  Line* next(syntax::Ast rhs, std::string rule, std::string note = {});

  /// f = source = simplified form, with `lhs` for f.
  void state_function(const syntax::Ast& lhs);

 private:
  Question question_;
  ReadOptions options_;
  std::set<std::string, std::less<>> taken_;
  std::unordered_set<const Node*> active_;
  std::unordered_map<const Node*, Expr> changes_;  // of the parts of f, found in one sweep
  struct Tangent {
    Expr variable, quantity;
    std::string name;
  };
  std::map<const Node*, Tangent> tangents_;                      // by quantity
  std::map<std::string, const Node*, std::less<>> quantity_of_;  // by name of the tangent's variable
};

// ---- Small trees and texts. ----

syntax::Ast plus(const syntax::Ast& a, const syntax::Ast& b);  // a-c for b = -c
syntax::Ast turned(const syntax::Ast& a);                      // a'; a for a'
/// <g, d> as it is written: g'*d, tr(g'*d), g*d.
syntax::Ast inner_product(const syntax::Ast& g, const syntax::Ast& d, const syntax::Type& t);
/// a*(b*c) as (a*b)*c, which is written without parentheses.
syntax::Ast multiplied(const syntax::Ast& a, const syntax::Ast& b);
/// Inner products as they are written by hand: u'*M*v for sum(u.*(M*v)), and what holds a tangent (a name in
/// `directions`, or a d(u)) at the end.
syntax::Ast as_written(const syntax::Ast& tree, const std::set<std::string>& directions);
/// O(norm(H)^2) or o(norm(H)).
syntax::Ast remainder(const syntax::Ast& h, const syntax::Type& t, Accuracy accuracy);
/// Each once, separated by commas.
std::string joined(const std::vector<std::string>& names);
std::string equation(const syntax::Ast& lhs, const syntax::Ast& rhs);

/// From `linear`, the value of the derivative along s.dx that the line above ends with, to the derivative:
/// gradient, Jacobian, derivative in a scalar, or map with adjoint and matrix.
void read_off(Scribe& s, Expr linear);
/// lhs = found = the simplified derivative; the rule is why the first holds.
void state_answer(Scribe& s, const syntax::Ast& lhs, Expr found, const std::string& rule);
/// The left side under which the derivative stands: grad(f), df/dx, jacobian(f); null for maps.
syntax::Ast derivative_name(Scribe& s);
/// The simplified derivative; of maps its value at s.dx.
Expr answer_of(Scribe& s, std::vector<std::string>& rules);
Kind kind_of(const Scribe& s);
/// The type of the derivative as an array.
syntax::Type answer_type(const Scribe& s);

}  // namespace adjoint::derivation

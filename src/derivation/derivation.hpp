// Derivations that a reader can check by hand: from a function to its derivative, one equation a line.
//
//     Differential  df step by step: each d(u) gives way to what the rule for u says, until only dX is left
//     Definition    f(X+H) to first order: the part that is linear in H is the derivative
//     Chain         intermediate quantities get names; the derivative of each; their product; its transpose
//
// All three are readings of the two tables of the calculus (how a node moves, the adjoint of a linear map)
// and of the names of the rules; none knows an example.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/graph.hpp"
#include "print/reader.hpp"
#include "syntax/ast.hpp"
#include "syntax/forms.hpp"

namespace adjoint::derivation {

enum class Style : std::uint8_t { Differential, Definition, Chain };

/// A function of one variable among others, and how its parts are to be read.
struct Question {
  Expr function;
  syntax::Type type;
  syntax::Ast source;  // as typed, or null
  std::string name;    // of the function in the derivation where it is free; empty: f, or F of a matrix
  Expr variable;       // a Variable of the graph
  syntax::Type variable_type;
  ReadOptions options;  // `declared` as for any reading; `direction` is set here
  /// How the derivative reads in the last line, so that it is the formula that is answered elsewhere; empty:
  /// the shortest of a few equal forms.
  std::function<syntax::Ast(Expr, const syntax::Type&, const ReadOptions&)> shortest;
};

/// How exactly the two sides of a line agree.
enum class Accuracy : std::uint8_t {
  Exact,
  SecondOrder,  // up to the O(norm(H)^2) that the right side shows
  FirstOrder    // up to the o(norm(H)) that the right side shows
};

/// lhs = rhs, because of `rule`. In trees, d(u) is a call of `d`, dX a name, f(X+H) a call of the function's
/// name, Df(X)[H] an index into a call of `Df`, a remainder a call of `O` or `o`.
struct Line {
  syntax::Ast lhs;
  syntax::Ast rhs;
  std::string rule;        // the name of the rule
  std::string note;        // the rule itself where its name does not say it, mostly an equation
  bool continues = false;  // lhs is that of the line above, so that `= rhs` is enough
  Accuracy accuracy = Accuracy::Exact;
  Expr left,
      right;  // both sides as expressions in X and dX (or H), remainders left out; null for definitions
};

/// What the last line states.
enum class Kind : std::uint8_t { Gradient, Derivative, Jacobian, Map };

struct Derivation {
  Style style = Style::Differential;
  Kind kind = Kind::Gradient;
  std::vector<Line> lines;
  /// The derivative: the array, or for a map its value at `direction`.
  Expr result;
  Expr direction;
  syntax::Type type;  // of the array, or of the value of the map
  /// Names that stand for quantities in the lines (u for A*x+b, k for A*h), with what they stand for.
  std::vector<std::pair<Expr, Expr>> quantities;
  /// Names of differentials, with what they are the differentials of: df of f, dX of X.
  std::vector<std::pair<std::string, std::string>> differentials;
};

/// Throws CalculusError (and std::runtime_error of the records) where there is no derivative.
Derivation derive(const Question& question, Style style);

/// A side of a line for printers of mathematics: d(u), dX, Df(X)[H] and the like become calls of the
/// functions that `forms` knows.
syntax::Ast typeset(const Derivation& derivation, const syntax::Ast& side);
/// The forms of those functions, else null; to be asked before the forms of the notation.
const syntax::Forms* forms(std::string_view name, int arity);

/// Plain text: columns of left sides, right sides, and reasons in brackets.
std::string text(const Derivation& derivation);

}  // namespace adjoint::derivation

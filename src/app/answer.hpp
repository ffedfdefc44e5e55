// The derivative of a function in one variable, in the form that a reader wants: as an array where it is
// one (gradient, Jacobian, Hessian matrix, derivative along a scalar), else as a linear map with its adjoint
// and its matrix.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "print/reader.hpp"
#include "simplify/simplify.hpp"
#include "syntax/ast.hpp"

namespace adjoint::app {

/// A function of free variables: an expression with the shape it has in matrix notation.
struct Function {
  Expr expr;
  syntax::Type type;
};

/// The variable of a derivative.
struct Variable {
  Expr expr;
  syntax::Type type;
};

enum class DerivativeKind : std::uint8_t { Gradient, Derivative, Jacobian, Operator, Hessian };
std::string_view kind_name(DerivativeKind kind);

struct Derivative {
  DerivativeKind kind = DerivativeKind::Gradient;
  syntax::Type type;          // of the array, or of the value of the map
  Expr expr;                  // the array, or the body of the map in `direction`
  Expr direction;             // of a map: H; else null
  Expr cotangent;             // of the adjoint: U
  Expr adjoint;               // body of the adjoint map; null where there is none
  syntax::Type adjoint_type;  // the variable's
  std::vector<Step> steps;    // rules used on the way
  [[nodiscard]] bool is_map() const { return static_cast<bool>(direction); }
};

/// The derivative of order `order` >= 1. Of order two and more of a scalar in a vector the Hessian matrix and
/// then maps H -> D(…)[H]; in a matrix H -> D(grad f)(X)[H]. Throws CalculusError where there is none.
Derivative differentiate(const Function& function, const Variable& variable, int order);

/// The derivative as it reads.
struct Reading {
  syntax::Ast formula;             // of an array
  std::optional<syntax::Map> map;  // of an operator
  std::optional<syntax::Map> adjoint;
  syntax::Ast kronecker;  // null where matrix notation has no closed form for it
  [[nodiscard]] const syntax::Ast& body() const { return map ? map->body : formula; }
};
Reading read_derivative(const Derivative& derivative, const Variable& variable, const ReadOptions& options);

/// The matrix of a map where it has no closed form: vec of the map at each basis matrix, column by column.
/// Null for arrays of higher order.
syntax::Ast read_columns(const Derivative& derivative, const ReadOptions& options);

/// The shortest of the equal forms of an expression, and how it reads.
syntax::Ast read_shortest(Expr expr, const syntax::Type& type, const ReadOptions& options);

}  // namespace adjoint::app

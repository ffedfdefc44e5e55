// Typed trees as NumPy: expressions, and self-contained modules with a function and its derivatives.
//
// Columns and rows are 1-D arrays in NumPy, matrices 2-D, scalars 0-D; which product is meant is read off
// the types. Sizes are read from the shapes of the inputs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "print/tensor.hpp"
#include "syntax/ast.hpp"
#include "syntax/forms.hpp"

namespace adjoint::print {

/// A free symbol of a function: a parameter of the module's functions.
struct NumpySymbol {
  std::string name;
  syntax::Type type;         // of a variable, as declared
  bool is_function = false;  // an abstract function, passed as a callable
  syntax::Type from;         // of an abstract function
  syntax::Type to;
};

/// What a module computes. Trees are typed throughout.
struct NumpyModule {
  std::vector<NumpySymbol> symbols;  // in the order of the parameters
  std::string variable;              // the symbol that the derivative is taken in
  syntax::Ast value;
  /// The derivative as an array: gradient, Jacobian, Hessian, derivative along a scalar. Null for an
  /// operator.
  syntax::Ast derivative;
  /// Whether the derivative (or the value of `map`) is a point of the variable's space, so that it is
  /// returned in the variable's own shape, (n,) or (n,1) or (1,n): gradients, Hessian operators.
  bool like_variable = false;
  /// An operator: the map, its adjoint, its matrix. Where the matrix is null, the module applies the map to a
  /// basis.
  std::optional<syntax::Map> map;
  std::optional<syntax::Map> adjoint;
  syntax::Ast kronecker;
  syntax::FormLookup forms;
};

/// A program of assignments, one a line.
struct NumpyProgram {
  std::vector<NumpySymbol> symbols;  // in the order of the parameters
  /// A further input: its name in the trees, the parameter, its type, and its value where none is given (""
  /// where one must be).
  struct Input {
    std::string name, parameter;
    syntax::Type type;
    std::string otherwise;
  };
  std::vector<Input> inputs;
  struct Line {
    std::string name;
    syntax::Ast value;  // null where the notation has no tree for it
    TensorCode code;    // then: the right-hand side
  };
  std::vector<Line> lines;
  struct Result {
    std::string name, meaning;
    std::string like;  // the symbol in whose shape it is returned; "" for its own
  };
  std::vector<Result> results;
  syntax::FormLookup forms;
};

/// A module with `program(**symbols, …)`, which returns the results as a tuple.
std::string numpy_program(const NumpyProgram& program);

/// A module with `function(…)`, `derivative(…)` and, of an operator, `derivative(…, H)`, `adjoint(…, U)`,
/// `kronecker(…)`. Parameters are the symbols (with a trailing underscore where Python reserves the word),
/// then sizes that no shape tells. Of abstract functions the callables that a function does not use may be
/// left out. Throws std::invalid_argument where a tree has no type or uses what NumPy code cannot say, and
/// std::length_error where even with names for shared parts the code would be endless.
std::string numpy_module(const NumpyModule& module);

/// One expression over parameters with the names of the symbols, with 0-D scalars and 1-D vectors.
std::string numpy_expression(const syntax::Ast& tree, const syntax::FormLookup& forms);

/// A name of the notation as a parameter in Python: keywords get a trailing underscore.
std::string python_parameter(const std::string& name);
/// The same inside the functions, where names that the code itself uses (np, float, …) get one too.
std::string python_name(const std::string& name);

}  // namespace adjoint::print

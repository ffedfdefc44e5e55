// Arrays of higher order, which matrix notation cannot write: by indices for people, by einsum in NumPy.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.hpp"

namespace adjoint::print {

/// How variables are written.
using NameOf = std::function<std::string(Expr variable)>;

/// `sum(k, A[i,k]*B[k,j,l])`: the entry at the indices i, j, k, l, …, of an expression.
std::string index_text(Expr expr, const NameOf& name);
/// The indices themselves: `[i,j,k]`.
std::string index_list(int rank);

/// A right-hand side in NumPy, with the size names and the functions with support code that it uses.
struct TensorCode {
  std::string text;
  std::set<std::string> sizes;
  std::vector<std::pair<std::string, int>> functions;
};
/// Throws std::invalid_argument where an operation is no entrywise function.
TensorCode numpy_tensor(Expr expr, const NameOf& name);

}  // namespace adjoint::print

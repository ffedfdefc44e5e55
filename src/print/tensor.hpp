// Arrays of higher order, which matrix notation cannot write: by indices for people, by einsum in NumPy.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.hpp"
#include "print/reader.hpp"
#include "syntax/forms.hpp"

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
  std::set<std::string> called;   // functions of the caller: abstract ones
  std::set<std::string> support;  // further source that it needs
};
/// An expression of any order: products as einsum, operations on matrices and along axes applied to each
/// member of what they are a batch of. `options`: how the variables read.
TensorCode numpy_tensor(Expr expr, const NameOf& name, const ReadOptions& options,
                        const syntax::FormLookup& forms);

}  // namespace adjoint::print

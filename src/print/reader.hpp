// From graphs back to matrix notation: the tree that a person would write for an expression.
//
// A product is read as a series-parallel network: labels are vertices, matrices edges, vectors weights
// on vertices. Summed vertices are eliminated one by one (chains, traces, row sums, dot products), equal
// pairs of labels become entrywise products, and what is left between the output labels is an outer
// product, a scaling, a diagonal or a broadcast. What is no such network is written with an index:
// sum(i=1:n, ...). Of several readings the one with the fewest operations stands.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "graph/graph.hpp"
#include "syntax/ast.hpp"

namespace adjoint {

/// Says whether what was read says what it was read from.
class Witness {
 public:
  Witness() = default;
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  virtual ~Witness() = default;
  [[nodiscard]] virtual bool says(const syntax::Ast& formula, Expr value) const = 0;
  [[nodiscard]] virtual bool says(const syntax::Map& map, Expr body, Expr direction,
                                  const syntax::Type& direction_type) const = 0;
  /// matrix*vec(direction) = vec(body)
  [[nodiscard]] virtual bool says_matrix(const syntax::Ast& matrix, Expr body, Expr direction) const = 0;
};

struct ReadOptions {
  /// The declared type of a variable, or null: whether a variable of one axis is a row. A variable without
  /// a type is a column.
  std::function<const syntax::Type*(std::string_view name)> declared;
  /// The type of directions (H, U), where a direction of one axis stands for a row.
  const syntax::Type* direction = nullptr;
  /// Names that indices and shared subexpressions must not take, beside those of the expression itself.
  std::set<std::string, std::less<>> taken;
  /// Trees with more operations than this get names for their shared subexpressions.
  int let_threshold = 300;
  /// For code, where operations whose expansions are not right everywhere are calls (code_forms.hpp).
  bool code = false;
  /// Asked before a formula is answered, by those that choose among readings; null: nobody is asked.
  std::shared_ptr<const Witness> witness;
  /// Entry by entry, sum(i=1:n, sum(j=1:p, unit(n,i)*...*unit(p,j)')): long, but with the fewest rules.
  bool by_entries = false;
};

/// The expression in matrix notation, every node typed. `expr` has one axis for every size of `type` that
/// is not literally 1. Null only for arrays of higher order that matrix notation cannot write.
syntax::Ast read(Expr expr, const syntax::Type& type, const ReadOptions& options = {});

/// The linear map direction -> body. Where the direction's name belongs to a variable of the body or to
/// `options.taken`, another name is chosen.
syntax::Map read_map(Expr body, const syntax::Type& type, Expr direction, const ReadOptions& options = {});

/// The matrix J of the linear map direction -> body: vec(body) = J*vec(direction), with body r x s and
/// direction n x p read as (rs) x (np). Null where it is no sum of Kronecker products, commutations,
/// outer products of vecs and diagonals.
syntax::Ast read_kronecker(Expr body, const syntax::Type& type, Expr direction,
                           const syntax::Type& direction_type, const ReadOptions& options = {});

/// A size as an expression of the notation.
syntax::Ast size_tree(const Size& size);

}  // namespace adjoint

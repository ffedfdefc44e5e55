// Typed trees of the notation for the reader: equal trees are one tree, and each knows its operations.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/rational.hpp"
#include "syntax/ast.hpp"

namespace adjoint {

class Forge {
 public:
  using Ast = syntax::Ast;
  using Type = syntax::Type;
  static constexpr std::int64_t kOperation = 64;  // the cost of an operation

  /// The tree, shared with an equal one.
  Ast make(syntax::Kind kind, std::string text, std::vector<Ast> args, const Type& type);
  /// Operations in the tree (not in the graph of shared subtrees), saturating.
  [[nodiscard]] std::int64_t operations(const Ast& tree) const;
  /// Operations first; between equals, transposes of names and calls before transposes of sums and products.
  [[nodiscard]] std::int64_t cost(const Ast& tree) const;
  /// The tree of less cost; the first of two equal ones. A null tree loses.
  [[nodiscard]] Ast least(const Ast& a, const Ast& b) const;

  /// A number that is not negative: 3, 3/2, 0.1.
  Ast number(const Rational& value);
  Ast name(std::string_view name, const Type& type);
  Ast size(const Size& size);

  Ast negate(const Ast& a);
  /// a' ; nothing on scalars, and a'' = a.
  Ast transpose(const Ast& a);
  Ast multiply(const Ast& a, const Ast& b);
  Ast times(const Ast& a, const Ast& b);   // .* , or * where one is a scalar
  Ast divide(const Ast& a, const Ast& b);  // ./ , or / where b is a scalar
  Ast add(const Ast& a, const Ast& b);
  Ast subtract(const Ast& a, const Ast& b);
  Ast power(const Ast& a, const Ast& exponent);  // .^ , or ^ of scalars
  Ast matrix_power(const Ast& a, std::int64_t exponent);
  /// A scalar in front of a product: 2, A*x -> 2*A*x; inner products stay whole where `keep_inner`: 2*(a'*x).
  Ast scale(const Ast& scalar, const Ast& a, bool keep_inner = false);
  Ast call(std::string_view function, std::vector<Ast> args, const Type& type);
  Ast index(const Ast& array, const Ast& row, const Ast& column, const Type& type);
  Ast index(const Ast& vector, const Ast& at);
  Ast colon();
  Ast range(const Ast& from, const Ast& to);
  Ast index_sum(std::string_view index, const Size& length, const Ast& body);

  // What several readings need.
  Ast sum_all(const Ast& a);
  Ast sum_along(const Ast& a, int dimension);  // 1: a row of column sums, 2: a column of row sums
  Ast ones(const Size& rows, const Size& columns);
  Ast eye(const Size& size);
  Ast diag(const Ast& a);
  Ast unit(const Size& size, const Ast& at);

 private:
  Ast binary(std::string_view op, const Ast& a, const Ast& b, const Type& type);
  Ast scale_within(const Ast& scalar, const Ast& a, bool in_chain, bool keep_inner);

  std::unordered_multimap<std::size_t, Ast> index_;
  struct Counts {
    std::int64_t operations = 0;
    std::int64_t cost = 0;
    bool turned = false;  // a transpose among its operators
  };
  std::unordered_map<const syntax::Node*, Counts> counts_;
};

bool is_call(const syntax::Ast& a, std::string_view function);
bool is_binary(const syntax::Ast& a, std::string_view op);
/// A or A'
bool is_name(const syntax::Ast& a);
bool is_number(const syntax::Ast& a, std::string_view text);

}  // namespace adjoint

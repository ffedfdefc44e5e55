// The reader at work: which axes of a node run down the rows or along the columns, and answers kept.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "graph/graph.hpp"
#include "print/reader.hpp"
#include "print/reader_forge.hpp"

namespace adjoint {

/// How an axis of a node is to be read.
struct AxisRole {
  enum class Way : std::uint8_t {
    Row,     // runs down the rows: a column vector, the first axis of a matrix
    Column,  // runs along the columns
    Bound,   // fixed at an index
    One      // of length 1: not there
  } way = Way::Row;
  syntax::Ast index;  // of Bound
  friend bool operator==(const AxisRole&, const AxisRole&) = default;
};
using Roles = std::vector<AxisRole>;
using Way = AxisRole::Way;

inline AxisRole row() { return {Way::Row, nullptr}; }
inline AxisRole column() { return {Way::Column, nullptr}; }
inline AxisRole bound(syntax::Ast index) { return {Way::Bound, std::move(index)}; }
inline bool is_free(const AxisRole& r) { return r.way == Way::Row || r.way == Way::Column; }
/// The name that the argument of the map gets.
std::string map_argument(Expr body, Expr direction, const ReadOptions& options);
/// Rows and columns exchanged.
Roles flipped(Roles roles);
/// (row), (row, column)
Roles natural(int rank);

/// A value with its sign apart, so that a sum can subtract it.
struct Signed {
  bool negative = false;
  syntax::Ast tree;
};

/// base .^ exponent apart: numbers have `number`, others `tree`.
struct Exponent {
  bool negative = false;
  Rational number{1};
  syntax::Ast tree;
  friend bool operator==(const Exponent&, const Exponent&) = default;
};

/// A tree in both orientations: from its first vertex to its second, and back.
struct Link {
  syntax::Ast forward;
  syntax::Ast backward;
};
using Chain = std::vector<Link>;                     // a matrix product
inline constexpr std::uint32_t kLast = 0xffffffffU;  // the order of what stands last in a product
struct Item {  // a chain to a power; a lone link where the exponent is not 1
  Chain chain;
  Exponent exponent;
  std::uint32_t order = 0;
  bool nonnegative = false;
};
/// Whether a^e and b^f go under one power: (a/b)^2 for a^2/b^2.
bool share_power(const Item& a, const Item& b);
using Bundle = std::vector<Item>;  // an entrywise product
struct Quotient {
  syntax::Ast numerator;    // null: 1
  syntax::Ast denominator;  // null: 1
};

Chain reversed(const Chain& chain);
Bundle reversed(Bundle bundle);

inline bool is_op(Expr e, std::string_view name) { return e->kind == Kind::Apply && e->op->name == name; }
/// What an application is written as where it has no name in the notation, else null.
Expr expansion(Expr e);
/// The sum with differences of neighbours written as diff and diffT, or null.
Expr merged_differences(const Node& n);
/// A vector that is entrywise in vecs of first x second matrices, as a matrix (a scalar as it is); or null.
Expr unfused(Expr e, const Size& first, const Size& second);
/// The product with its factors expanded, or null where none is.
Expr with_expansions(const Node& n);

/// Sums among the factors of a product that are written with the opposite sign.
using Turned = std::vector<const Node*>;

class Reader {
 public:
  Reader(const ReadOptions& options, Expr root);

  syntax::Ast read(Expr e, const Roles& roles);
  /// The same, by entries where the options say so.
  syntax::Ast read_whole(Expr e, const Roles& roles);
  /// The value over all its axes, entrywise readings only: for arrays of higher order. Null where that fails.
  syntax::Ast read_higher(Expr e);
  /// number * e
  Signed read_term(const Rational& number, Expr e, const Roles& roles);
  syntax::Ast read_signed(const Signed& s) { return s.negative ? forge.negate(s.tree) : s.tree; }
  /// A sum with all signs changed where `negated`; null if it has no positive term then.
  syntax::Ast read_sum(const Node& n, const Roles& roles, bool negated);
  /// The sum with the opposite sign, or null where that has no positive term.
  syntax::Ast read_opposite(Expr sum, const Roles& roles);
  /// The product -e written with a plus, by turning the signs of one of its sums: -(a-b)*c = (b-a)*c. Or
  /// null.
  syntax::Ast read_turned(const Node& n, const Rational& magnitude, const Roles& roles, bool deep);
  /// The value up to its sign, where that is free: norm(A*x-b) rather than norm(b-A*x).
  syntax::Ast read_even(Expr e, const Roles& roles);
  /// A sum of diagonal matrices as the diagonal of one vector.
  Expr merged_diagonals(const Node& n);
  Signed read_product(const Node& n, const Rational& number, const Roles& roles);
  /// The same with some labels fixed at indices, as far as sign and numbers go.
  syntax::Ast read_magnitude(const Node& n, const Rational& magnitude, const Roles& roles,
                             const std::vector<std::pair<Label, syntax::Ast>>& fixed, const Turned& turned);

  // Pieces of products (reader_entrywise.cpp).
  Exponent exponent_of(Expr e);
  syntax::Ast raise(const syntax::Ast& base, const Exponent& exponent);
  syntax::Ast chain_tree(const Chain& chain, bool forward);
  Link chain_link(const Chain& chain);
  Link bundle_link(const Bundle& bundle);
  /// The chain that a bundle is, a single link unless it is one plain item.
  Chain bundle_chain(const Bundle& bundle);
  Quotient quotient(const Bundle& bundle, bool forward);
  /// magnitude * scalars .* array, the array possibly absent.
  syntax::Ast assemble(const Rational& magnitude, Bundle scalars, const Bundle* array, bool forward);
  syntax::Ast assemble(const Rational& magnitude, const Bundle& scalars, const Quotient& array);
  Item item_of(Expr factor, const Roles& forward, const Roles& backward, const Turned& turned);

  [[nodiscard]] syntax::Ast finished(const syntax::Ast& tree) const;
  /// Whether the axis of a node can only be read with an index.
  bool needs_index(Expr e, int axis);
  std::string fresh_index();
  std::string fresh_name(std::string_view preferred) const;
  syntax::Type type_of(Expr e, const Roles& roles) const;
  /// A bare number where the node is a scalar along all its free axes, else null.
  syntax::Ast read_broadcast(Expr e, const Roles& roles);

  /// Axes of `e` as a matrix between pairs: rows (r,s), r fastest, columns (i,j), i fastest; other axes are
  /// bound by `roles`. Null where it is no sum of Kronecker products, outer products of vecs and diagonals.
  struct Pairs {
    int r = -1, s = -1, i = -1, j = -1;  // -1: absent
  };
  syntax::Ast read_pairs(Expr e, const Roles& roles, const Pairs& pairs);
  /// Its terms; none where there is no such form.
  std::vector<Signed> read_signed_pairs(Expr e, const Rational& number, const Roles& roles,
                                        const Pairs& pairs);
  std::vector<Signed> read_reduced_pairs(Expr e, const Rational& number, const Roles& roles,
                                         const Pairs& pairs);

  Forge forge;
  ReadOptions options;
  std::set<std::string, std::less<>> taken;
  std::vector<std::string> active_indices;
  std::string direction_name;  // "" = its own

 private:
  struct Key {
    const Node* node;
    Roles roles;
    Rational magnitude{1};  // of products
    Turned turned;          // of products
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& k) const;
  };

  syntax::Ast read_network(const Node& n, const Rational& magnitude, const Roles& roles,
                           const std::vector<std::pair<Label, syntax::Ast>>& fixed, const Turned& turned);
  static Key key_of(Expr e, const Roles& roles);
  /// Whether that reading is being made: one that asks for itself is none.
  bool is_open(Expr e, const Roles& roles) const { return open_.contains(key_of(e, roles)); }
  syntax::Ast read_freshly(Expr e, const Roles& roles);
  syntax::Ast direct(Expr e, const Roles& roles);
  syntax::Ast read_variable(const Node& n, const Roles& roles);
  syntax::Ast read_power(Expr e, const Roles& roles);
  syntax::Ast read_apply(const Node& n, const Roles& roles);
  syntax::Ast read_entrywise(const Node& n, const Roles& roles, std::string_view name);
  std::vector<syntax::Ast> entrywise_operands(const std::vector<Expr>& operands, const Roles& roles);
  syntax::Ast read_call(const Node& n, const Roles& roles, std::string_view name);
  syntax::Ast read_reduction(const Node& n, const Roles& roles);
  syntax::Ast read_reduction_gradient(const Node& n, const Roles& roles);
  syntax::Ast read_along(const Node& n, const Roles& roles);
  syntax::Ast read_softmax(const Node& n, const Roles& roles);
  syntax::Ast read_special(const Node& n, const Roles& roles);
  syntax::Ast read_choice(const Node& n, const Roles& roles);
  syntax::Ast read_abstract_vector(const Node& n, const Roles& roles);
  syntax::Ast read_slice(const Node& n, const Roles& roles);
  syntax::Ast read_concat(const Node& n, const Roles& roles);
  syntax::Ast read_fuse(const Node& n, const Roles& roles);
  syntax::Ast read_entry(const Node& n, const Roles& roles, std::size_t axis);
  syntax::Ast read_split(const Node& n, const Roles& roles);
  syntax::Ast read_by_index(Expr e, const Roles& roles, std::size_t axis);
  /// sum(i=1:length, body(i)), or null where there is no body.
  syntax::Ast summed_over(const Size& length,
                          const std::function<syntax::Ast(const syntax::Ast& index)>& body);
  syntax::Ast placed(const syntax::Ast& unit, const AxisRole& role, const syntax::Ast& part);
  /// The application of a structured map entry by entry of its operand along its axis.
  syntax::Ast read_parts(const Node& n, const Roles& roles);
  syntax::Ast read_indexed_whole(Expr e, const Roles& roles);
  /// A tree of natural orientation, seen under the roles of its axes.
  syntax::Ast seen(const syntax::Ast& whole, const Roles& roles);
  /// An array of higher order with all but two axes fixed.
  syntax::Ast indexed_array(const syntax::Ast& array, const Shape& shape, const Roles& roles);
  /// Axes of an application before its batch.
  int core_rank(const Node& n) const;
  bool apply_needs_index(const Node& n, std::size_t axis);

  std::unordered_map<Key, syntax::Ast, KeyHash> memo_;
  std::unordered_map<Key, syntax::Ast, KeyHash> products_;
  std::unordered_map<const Node*, std::vector<bool>> needs_index_;
  std::unordered_set<Key, KeyHash> open_;  // being read
};

}  // namespace adjoint

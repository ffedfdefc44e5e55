// The graph: an expression is a tensor with axes; equal expressions are one node.
//
// Six kinds of node are enough. A Product is an Einstein product: factors with
// labelled axes, some of them summed. Matrix product, transpose, trace, diagonal,
// outer and entrywise product and broadcast are all this one node:
//     (A*B)_ik   factors A(i,j) B(j,k), output (i,k)
//     diag(x)    factor  x(i),          output (i,i)   (a repeated output label is a diagonal)
//     eye(n)     no factor,             output (i,i)
//     ones(n)    no factor,             output (i)     (an output label of no factor is a broadcast)
//     5/2        no factor, no output, coefficient 5/2
// Every constructor below returns the normal form (normal_form.cpp).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/facts.hpp"
#include "graph/rational.hpp"
#include "graph/size.hpp"

namespace adjoint {

class Graph;
struct Node;
struct Operation;

enum class Kind : std::uint8_t {
  Variable,  // a named tensor
  Extent,    // a size used as a number
  Product,   // coefficient * Einstein product of factors
  Sum,       // sum of terms with rational coefficients, all of one shape
  Power,     // base.^exponent, entrywise, exponent a scalar: operands {base, exponent}
  Apply      // an operation of the registry: op, operands, attributes
};

/// A node of a graph, by identity: equal handles are equal expressions.
class Expr {
 public:
  Expr() = default;
  explicit Expr(const Node* node) : node_(node) {}
  [[nodiscard]] const Node* operator->() const { return node_; }
  [[nodiscard]] const Node& operator*() const { return *node_; }
  [[nodiscard]] const Node* get() const { return node_; }
  explicit operator bool() const { return node_ != nullptr; }
  [[nodiscard]] Graph& graph() const;
  [[nodiscard]] const Shape& shape() const;
  [[nodiscard]] int rank() const;
  friend bool operator==(Expr a, Expr b) { return a.node_ == b.node_; }

 private:
  const Node* node_ = nullptr;
};

using Label = std::int32_t;
using Labels = std::vector<Label>;

struct Factor {
  Expr expr;
  Labels labels;  // one for each axis of expr
  friend bool operator==(const Factor&, const Factor&) = default;
};

struct Term {
  Rational coefficient;
  Expr expr;
  friend bool operator==(const Term&, const Term&) = default;
};

/// What an operation needs beside its operands: which axis, which power, a name.
struct Attributes {
  std::vector<std::int64_t> integers;
  std::vector<Size> sizes;
  std::string name;
  friend bool operator==(const Attributes&, const Attributes&) = default;
};

/// Where a variable comes from.
enum class Role : std::uint8_t {
  Input,       // declared by the user
  Direction,   // the H of H -> DF(X)[H], the U of its adjoint
  Placeholder  // stands for a tangent while a linearisation is transposed; a hole in a rule's pattern
};

struct Node {
  Kind kind = Kind::Product;
  Role role = Role::Input;  // Variable
  std::uint32_t id = 0;     // order of creation: operands come before their users
  Graph* graph = nullptr;
  const Operation* op = nullptr;  // Apply
  std::vector<Expr> operands;     // Power, Apply; also the distinct children of Product and Sum
  Attributes attributes;          // Apply; Variable: name
  Rational coefficient;           // Product
  std::vector<Factor> factors;    // Product
  Labels output;                  // Product: the label of each axis of the result, may repeat
  std::vector<Size> label_sizes;  // Product: sizes by label; labels are 0, 1, …, outputs first
  std::vector<Term> terms;        // Sum
  Size extent;                    // Extent
  Shape shape;
  Facts facts;
  std::size_t hash = 0;

  [[nodiscard]] int rank() const { return static_cast<int>(shape.size()); }
  [[nodiscard]] const std::string& name() const { return attributes.name; }
};

/// An axis while a product is being written down: a name with a size.
struct Axis {
  std::uint32_t id = 0;
  Size size;
  friend bool operator==(const Axis& a, const Axis& b) { return a.id == b.id; }
};
using Axes = std::vector<Axis>;

/// An expression with a name for each of its axes, as in A(i,j).
struct Indexed {
  Expr expr;
  Axes axes;
};

/// Operands whose shapes do not fit an operation.
class ShapeError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The part of an operation's record that the graph itself asks (see ops/record.hpp for the rest).
struct Operation {
  std::string_view name;
  /// Shape of the result, or ShapeError.
  Shape (*shape)(std::span<const Expr> operands, const Attributes& attributes);
  /// What is known of the result.
  Facts (*facts)(std::span<const Expr> operands, const Attributes& attributes);
  /// The normal form of an application if it has a simpler one, else a null Expr.
  Expr (*normal)(std::span<const Expr> operands, const Attributes& attributes);
  /// application.^exponent where that has a simpler form (abs(x)^2 = x^2), else a null Expr.
  Expr (*power)(const Node& application, Expr exponent);
};

/// Owns nodes. Not thread-safe; one graph belongs to one question.
class Graph {
 public:
  Graph();
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  Expr variable(std::string_view name, const Shape& shape, const Facts& facts = {}, Role role = Role::Input);
  Expr number(const Rational& value);
  Expr extent(const Size& size);
  Expr zeros(const Shape& shape);
  Expr ones(const Shape& shape);
  Expr identity(const Size& size);

  Axis axis(const Size& size) { return {next_axis_++, size}; }
  /// One fresh axis for each axis of the expression.
  Axes axes(Expr expr);

  /// coefficient * sum over the axes that are not in `output` of the product of the factors.
  /// An output axis may repeat (diagonal) or belong to no factor (broadcast).
  Expr product(const Rational& coefficient, const std::vector<Indexed>& factors, const Axes& output);
  /// The same with labels 0 <= l < label_sizes.size().
  Expr product(const Rational& coefficient, std::vector<Factor> factors, Labels output,
               std::vector<Size> label_sizes);
  Expr sum(const std::vector<Term>& terms);
  Expr power(Expr base, Expr exponent);
  Expr apply(const Operation& op, std::vector<Expr> operands, Attributes attributes = {});

  [[nodiscard]] std::size_t size() const;

  /// The node as it stands, shared with an equal one: for normal forms only (normal_form.hpp).
  Expr intern(Node&& node);
  struct Cache;
  /// Answers about nodes that are costly to find again (structure.cpp).
  Cache& cache() { return *cache_; }

 private:
  struct Table;
  std::unique_ptr<Table> table_;
  std::unique_ptr<Cache> cache_;
  std::uint32_t next_axis_ = 1;
};

// ---- Structure asked of any node (structure.cpp); answers are cached where they are costly. ----

/// The expression with its first two axes exchanged.
Expr transposed(Expr matrix);
/// The expression with its axes in the order given (result axis k is axis order[k]).
Expr permuted(Expr expr, const std::vector<int>& order);
bool is_symmetric(Expr matrix);
bool is_semidefinite(Expr matrix);
bool is_definite(Expr matrix);
bool is_diagonal(Expr matrix);
bool is_lower(Expr matrix);
bool is_invertible(Expr matrix);
bool is_zero(Expr expr);
/// The number that a constant scalar is.
const Rational* as_number(Expr expr);
/// Whether `expr` depends on `variable`.
bool depends_on(Expr expr, Expr variable);
/// All nodes that `roots` depend on, operands before users.
std::vector<Expr> topological(std::span<const Expr> roots);
/// The same without the nodes whose answer is in `known` and what only they depend on.
std::vector<Expr> topological(std::span<const Expr> roots,
                              const std::unordered_map<const Node*, Expr>& known);
/// A node of the same kind with its distinct children replaced (same order as node.operands).
Expr rebuild(Expr expr, std::span<const Expr> operands);
/// The expression with nodes replaced, rebuilt in normal form.
Expr substitute(Expr expr, std::span<const std::pair<Expr, Expr>> replacements);

// ---- Arithmetic with entrywise broadcast of scalars; shapes must agree otherwise. ----

Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator-(Expr a);
Expr operator*(const Rational& c, Expr a);
/// Entrywise product, a scalar broadcasts.
Expr times(Expr a, Expr b);
/// a ./ b
Expr divide(Expr a, Expr b);
Expr power(Expr base, const Rational& exponent);
/// Matrix product over the last axis of a and the first of b: matrices, vectors, dot products.
Expr dot(Expr a, Expr b);
/// Product of all pairs: axes of a, then axes of b.
Expr outer(Expr a, Expr b);
Expr sum_all(Expr a);
Expr sum_axis(Expr a, int axis);
Expr trace(Expr a);
/// A vector as a diagonal matrix; the diagonal of a square matrix as a vector.
Expr diagonal_matrix(Expr vector);
Expr diagonal_of(Expr matrix);
/// `expr` repeated along new trailing axes.
Expr broadcast(Expr expr, const Shape& trailing);

}  // namespace adjoint

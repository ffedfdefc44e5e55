// What lowering knows while it writes: the buffer of each node.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/builder.hpp"
#include "lower/lower.hpp"
#include "ops/record.hpp"

namespace adjoint {

/// The entries of a node: a buffer, seen in the shape of the node.
struct Stored {
  kernel::BufferId buffer = kernel::kNoBuffer;
  Shape shape;
};

struct Lowerer::State {
  kernel::ProgramBuilder program;
  std::unordered_map<const Node*, Stored> stored;
  std::vector<const Node*> unnamed;           // stored, but no input and no assignment
  std::unordered_map<const Node*, int> uses;  // in the expressions that are being lowered
  std::string note;

  /// Lowers all that the expressions need.
  void lower(std::span<const Expr> roots);
  /// The entries of one node, its operands taken from where they are stored or lowered now.
  Stored value(Expr expr);
  /// The same in a buffer of the node's own shape.
  kernel::BufferId whole(const Stored& stored);

  Stored compute(Expr expr);
  Stored sum(const Node& n);
  Stored power(const Node& n);
  Stored apply(const Node& n);
  Stored scalar_code(const Node& n, kernel::ScalarOp op);
  Stored routine(const Node& n, std::string_view name);
  Stored view(const Node& n, std::string_view code);  // views.cpp
  Stored abstract(const Node& n);
  Stored product(const Node& n);  // product.cpp

  Stored fresh(const Shape& shape);
  void add(kernel::PointwiseBuilder&& builder);
};

/// The stored entries, axis k driven by loop loops[k].
kernel::Access access(const Stored& stored, const std::vector<std::int32_t>& loops);
/// Loops 0, 1, …, one for each axis.
std::vector<std::int32_t> straight(std::size_t rank);
kernel::View view_of(const Stored& stored);
/// Whether a Cholesky factorisation is worth a try.
bool is_definite_or_singular(Expr matrix);

}  // namespace adjoint

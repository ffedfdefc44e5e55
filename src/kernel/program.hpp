// The lowered form: buffers and three kinds of instructions. Sizes are symbols; there are no
// pointers and nothing of any one machine, so that every executor takes the same program.
//
//   Pointwise  loops over an index space, a straight-line scalar body, outputs with a reduction
//   Contract   c (+)= coefficient * sum a * b, which executors map to matrix products
//   Routine    a named library call (kernel/routine.hpp)
//
// Arrays are dense, column-major: the first axis runs fastest. Loop 0 of an index space is the
// fastest by convention; the order of loops does not change a result beyond rounding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "graph/rational.hpp"
#include "graph/size.hpp"
#include "kernel/scalar.hpp"

namespace adjoint::kernel {

using BufferId = std::int32_t;
inline constexpr BufferId kNoBuffer = -1;

enum class BufferRole : std::uint8_t {
  Input,     // given by the caller, never written
  Constant,  // literal values, never written
  Temporary  // written by instructions; outputs of the program are temporaries too
};

struct Buffer {
  Shape shape;
  BufferRole role = BufferRole::Temporary;
  std::string name;
  std::vector<double> values;  // Constant only: shape is then constant
  friend bool operator==(const Buffer&, const Buffer&) = default;
};

/// step * (value of a loop index).
struct LoopTerm {
  std::int32_t loop = 0;
  Size step = 1;
  friend bool operator==(const LoopTerm&, const LoopTerm&) = default;
};

/// The index into one axis: offset + sum of loop terms. No term: a fixed index.
struct AxisIndex {
  std::vector<LoopTerm> terms;
  Size offset = 0;
  friend bool operator==(const AxisIndex&, const AxisIndex&) = default;
};

/// How a loop nest addresses a buffer: one index per axis of the view. A loop that drives two axes
/// walks a diagonal, a loop that drives none broadcasts, offsets make slices, a negative step
/// reverses, and several terms fuse loops into one axis (kron: i + m*k).
struct Access {
  BufferId buffer = kNoBuffer;
  std::vector<AxisIndex> axes;
  Shape view;            // the buffer read as another shape of as many entries; empty: its own
  bool guarded = false;  // loads only: an index outside an axis reads 0
  friend bool operator==(const Access&, const Access&) = default;
};

enum class Reduction : std::uint8_t { None, Sum, Max, Min, Product };

enum class Store : std::uint8_t {
  Assign,  // entries that the access does not address become 0
  Add,     // added to what is there
  Patch    // entries that the access does not address keep their value
};

/// One result of a body. The loops that the access does not use are reduced over; where there is
/// such a loop the reduction must not be None. An empty maximum is -inf, an empty sum 0.
struct PointwiseOutput {
  Access access;
  Register value = 0;
  Reduction reduction = Reduction::None;
  Store store = Store::Assign;
  friend bool operator==(const PointwiseOutput&, const PointwiseOutput&) = default;
};

struct Pointwise {
  std::vector<Size> extents;             // of the loops
  std::vector<Access> operands;          // what Load refers to by position
  std::vector<ScalarInstruction> body;   // the k-th writes register k
  std::vector<PointwiseOutput> outputs;  // usually one
  friend bool operator==(const Pointwise&, const Pointwise&) = default;
};

/// c (store)= coefficient * sum over the loops that c does not use of a * b.
/// The access of c addresses every entry of its buffer once, or the store is Patch or Add.
struct Contract {
  std::vector<Size> extents;
  Access a, b, c;
  Rational coefficient = 1;
  Store store = Store::Assign;
  bool symmetric = false;  // known: c is a matrix and equals its transpose, so half of it is enough
  friend bool operator==(const Contract&, const Contract&) = default;
};

/// A buffer, seen as another shape of as many entries (a vector as a matrix of one column).
struct View {
  BufferId buffer = kNoBuffer;
  Shape shape;  // empty: the buffer's own
  friend bool operator==(const View&, const View&) = default;
};

struct Routine {
  std::string name;  // of kernel/routine.hpp
  std::vector<View> inputs;
  std::vector<View> outputs;
  std::vector<std::int64_t> attributes;
  std::string function;  // `call` only: the name of the abstract function
  friend bool operator==(const Routine&, const Routine&) = default;
};

struct Instruction {
  std::variant<Pointwise, Contract, Routine> what;
  std::string note;  // what it computes, for readers: "v3 = A*x"
  friend bool operator==(const Instruction&, const Instruction&) = default;
};

struct Program {
  std::vector<Buffer> buffers;
  std::vector<Instruction> instructions;  // in an order that respects what each reads
  std::vector<BufferId> inputs;
  std::vector<BufferId> outputs;  // may name an input or a constant

  /// The shape that an access or a view sees.
  [[nodiscard]] const Shape& shape_of(const Access& access) const;
  [[nodiscard]] const Shape& shape_of(const View& view) const;
};

/// What an instruction reads (accumulated buffers included) and writes, each buffer once.
std::vector<BufferId> reads(const Instruction& instruction);
std::vector<BufferId> writes(const Instruction& instruction);

/// The number of entries of a shape.
Size entries(const Shape& shape);
/// Whether an access used as an output addresses every entry of its buffer exactly once: each axis
/// driven by its own loop from 0 to its length.
bool covers(const Access& access, const Shape& shape, const std::vector<Size>& extents);
/// The loops that an access uses.
std::vector<bool> loops_used(const Access& access, std::size_t loops);

/// Of each scalar instruction of a body: whether it depends on any loop. Those that do not are
/// computed once, and counted once.
std::vector<bool> varies_with_loops(const Pointwise& pointwise);

/// What is wrong with a program, one sentence each; empty if nothing is: buffers and registers in
/// range, axes and loops that match, inputs never written, nothing read before it is written,
/// routines known and called with shapes that fit.
std::vector<std::string> problems(const Program& program);

/// A listing, one instruction a line, for people and tests.
std::string text(const Program& program);
std::string text(const Program& program, const Instruction& instruction);

}  // namespace adjoint::kernel

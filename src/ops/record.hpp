// The record of an operation: everything that the rest of the program asks of it, in one place.
//
// Fields have no defaults: an operation that does not say how it moves, whether it is linear
// or where it is smooth does not compile, and "unknown" is said in words.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "syntax/forms.hpp"

namespace adjoint {

/// A field that must be said.
template <class T>
struct Required {
  Required(T v) : value(std::move(v)) {}       // NOLINT(google-explicit-constructor): reads as the value
  operator const T&() const { return value; }  // NOLINT(google-explicit-constructor)
  T value;
};

/// How the value of y moves when operand k moves along `tangent`: linear in `tangent`.
/// `tangent` has the operand's axes, then any number of further axes, which the result
/// carries behind the axes of y. Null where the operation is constant in that operand.
using Linearise = Expr (*)(const Node& y, int operand, Expr tangent);

/// Adjoint of an operation that is linear in operand k: from a cotangent of y (further axes behind)
/// to the cotangent of the operand (the same further axes behind).
using Transpose = Expr (*)(const Node& y, int operand, Expr cotangent);

/// Whether the operation is linear in operand k; then `transpose` exists.
using LinearIn = bool (*)(int operand);
inline bool linear_in_none(int /*operand*/) { return false; }
inline bool linear_in_all(int /*operand*/) { return true; }
inline constexpr Transpose kNotLinear = nullptr;

/// How an application is read back into matrix notation.
enum class Reading : std::uint8_t {
  Call,       // name(operands…), operands as matrices, vectors, scalars
  Entrywise,  // name(operands…), operands share the axes of the result
  Reduction,  // name(X) over all axes, or name(X, d) over axis attributes.integers[0]
  Along,      // name(x), name(X), name(X, 2): acts along axis attributes.integers[0]
  Expand,     // as what `expand` returns
  Special     // the reader of notation has its own case, keyed by the family of the record
};

/// Conditions under which an application is defined / differentiable in its operands, in terms of
/// operands: a short list, each a predicate on one operand.
enum class Condition : std::uint8_t {
  Positive,        // all entries > 0
  NonNegative,     // all entries >= 0
  NonZero,         // all entries != 0
  NotAllZero,      // not the zero vector or matrix
  InUnit,          // entries in [-1, 1]
  InsideUnit,      // entries in (-1, 1)
  AboveMinusOne,   // entries > -1
  CosNonZero,      // entries not pi/2 + k pi
  Invertible,      // det != 0
  FullRank,        // rank = min(n,p)
  FullColumnRank,  // rank = number of columns
  FullRowRank,     // rank = number of rows
  Semidefinite,    // symmetric positive semi-definite
  Definite,        // symmetric positive definite
  SimpleSpectrum,  // distinct eigenvalues
  DistinctSingular,
  SimpleTop,      // largest singular value simple
  UniqueMaximum,  // one entry attains the maximum
  UniqueMinimum,
  NoNegativeRealEigenvalue,
  SpectraDisjoint,  // lyap: S and -S have no common eigenvalue
  Differ,           // operands 0 and 1 differ in every entry (max(x,y), comparisons)
  ConstantRank,
  NormSmooth,  // norm(x,p) of operands 0, 1: x is not 0, with no zero entry for p <= 1, no tie for p = inf
  NormTwiceSmooth,  // its derivative: no zero entry for p < 2
  Unknown           // nothing is promised
};

struct OperandCondition {
  int operand = 0;
  Condition condition = Condition::Unknown;
};

/// A derivative that is not known, of a node whose record says so.
class NoDerivative : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A number that bounds something; `none` where there is none, unknown where nothing is said.
class KnownBound {
 public:
  constexpr KnownBound() = default;
  constexpr KnownBound(double value)
      : kind_(Kind::Finite), value_(value) {}  // NOLINT(google-explicit-constructor)
  static constexpr KnownBound none() { return KnownBound(Kind::None); }
  explicit operator bool() const { return kind_ == Kind::Finite; }
  double operator*() const { return value_; }
  [[nodiscard]] bool is_none() const { return kind_ == Kind::None; }

 private:
  enum class Kind : std::uint8_t { Unknown, None, Finite };
  explicit constexpr KnownBound(Kind kind) : kind_(kind) {}
  Kind kind_ = Kind::Unknown;
  double value_ = 0;
};

/// Bounds of an entrywise function, or of a reduction, on its domain.
struct ScalarBounds {
  KnownBound lower, upper;  // of the value
  KnownBound slope;         // sup |f'|
  KnownBound curvature;     // sup |f''|
  enum class Shape : std::uint8_t { Affine, Convex, Concave, Neither, Unknown } shape = Shape::Unknown;
  enum class Monotone : std::uint8_t {
    Increasing,
    Decreasing,
    Neither,
    Unknown
  } monotone = Monotone::Unknown;
};
inline ScalarBounds bounds_unknown() { return {}; }

/// Whether the value is continuous, jointly in all operands, wherever it is defined. Where it jumps, it does
/// so only where `differentiable` fails. Unknown licenses nothing.
enum class Continuity : std::uint8_t { Continuous, Jumps, Unknown };
inline constexpr Continuity kContinuous = Continuity::Continuous;
inline constexpr Continuity kJumps = Continuity::Jumps;

/// Of an entrywise operation that is pieced together at gap = 0, where the gap is operand 0, or operand 0
/// minus operand 1: what it is where the gap is negative (-1), zero (0), positive (1). Null for all else.
using Sides = Expr (*)(const Node& y, int sign);
inline constexpr Sides kNoSides = nullptr;

/// Where every value stands among the entries of the operands: it is one of them, or at least as large as
/// each.
enum class Hull : std::uint8_t { Among, AtLeast, Unknown };

/// How the value is computed, in words of the kernel language: an instruction of its scalar set applied
/// entrywise, a routine of its library, or index arithmetic: window (a range of an axis), join (ranges one
/// after the other), reshape, difference and difference_adjoint (of neighbours), basis (a column of the
/// identity).
struct Lowering {
  enum class By : std::uint8_t { Scalar, Routine, View, None } by;
  std::string_view code;
};
inline Lowering scalar_code(std::string_view code) { return {Lowering::By::Scalar, code}; }
inline Lowering routine(std::string_view code) { return {Lowering::By::Routine, code}; }
inline Lowering view(std::string_view code) { return {Lowering::By::View, code}; }
/// Abstract functions have no value.
inline bool is_view(const Lowering& lowering, std::string_view code) {
  return lowering.by == Lowering::By::View && lowering.code == code;
}
inline Lowering no_value() { return {Lowering::By::None, ""}; }

struct Record : Operation {
  Required<Linearise> linearise;
  Required<LinearIn> linear_in;
  Required<Transpose> transpose;
  /// Of an entrywise operation: the partial derivative in operand k, entrywise; else null.
  Required<Expr (*)(const Node& y, int operand)> partial;
  Required<Lowering> lowering;
  Required<Reading> reading;
  /// For Reading::Expand: what the application is written as; else null.
  Required<Expr (*)(const Node& node)> expand;
  Required<std::vector<OperandCondition>> defined;         // {} = everywhere
  Required<std::vector<OperandCondition>> differentiable;  // beyond `defined`; {} = wherever it is defined
  Required<ScalarBounds> bounds;
  Required<Continuity> continuity;
  Required<Sides> sides;
  Required<Hull> hull;
};

/// The record of an application node.
const Record& record_of(const Node& node);

/// All records, in the order of the families: what generic tests walk over.
std::span<const Record* const> records();

}  // namespace adjoint

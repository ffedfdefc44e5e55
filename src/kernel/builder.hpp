// Writing programs. A PointwiseBuilder shares equal scalar instructions and equal loads.
//
//   ProgramBuilder p;
//   const BufferId x = p.input("x", {n});
//   PointwiseBuilder b({n});
//   const Register v = b.load(along(x, {0}));
//   const BufferId y = p.temporary({n}, "y");
//   b.store(along(y, {0}), b.unary(ScalarOp::Exp, v));
//   p.add(b.finish(), "y = exp(x)");
//   p.output(y);
//   const Program program = p.finish();
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/program.hpp"

namespace adjoint::kernel {

/// Axis k of the buffer is driven by loop loops[k]: along(x, {0,1}) is x(i,j), along(x, {1,0}) its
/// transpose x(j,i), along(x, {0,0}) its diagonal. Sum of terms and offsets: fill Access by hand,
/// or change an axis by `shifted`, `fixed`.
Access along(BufferId buffer, const std::vector<std::int32_t>& loops);
/// loop + offset
AxisIndex shifted(std::int32_t loop, const Size& offset);
/// the index itself, no loop
AxisIndex fixed(const Size& offset);
/// inner + step*outer: two loops in one axis (fuse, kron)
AxisIndex fused(std::int32_t inner, const Size& step, std::int32_t outer);

class PointwiseBuilder {
 public:
  explicit PointwiseBuilder(std::vector<Size> extents);
  [[nodiscard]] const std::vector<Size>& extents() const { return pointwise_.extents; }
  Register load(const Access& access);
  Register constant(const Rational& value);
  Register size(const Size& size);
  Register index(std::int32_t loop);
  Register leaf(ScalarOp op);  // Pi, Infinity
  Register unary(ScalarOp op, Register a);
  Register binary(ScalarOp op, Register a, Register b);
  Register select(Register condition, Register a, Register b);
  Register power(Register a, std::int64_t exponent);
  Register call(std::string_view name, Register a);
  /// An instruction as it stands.
  Register emit(const ScalarInstruction& instruction);
  void store(const Access& access, Register value, Reduction reduction = Reduction::None,
             Store store = Store::Assign);
  [[nodiscard]] Pointwise finish() &&;
  [[nodiscard]] Pointwise finish() const&;

 private:
  Pointwise pointwise_;
};

class ProgramBuilder {
 public:
  BufferId input(std::string_view name, const Shape& shape);
  BufferId constant(std::string_view name, const Shape& shape, std::vector<double> values);
  BufferId temporary(const Shape& shape, std::string_view name = "");
  void add(Pointwise pointwise, std::string_view note = "");
  void add(Contract contract, std::string_view note = "");
  void add(Routine routine, std::string_view note = "");
  /// c = coefficient * sum a*b with one label (loop) per axis; the loops are the labels, whose
  /// extents are read from the shapes of a and b. contract(C, {0,2}, A, {0,1}, B, {1,2}) is C = A*B.
  void contract(BufferId c, const std::vector<std::int32_t>& c_labels, BufferId a,
                const std::vector<std::int32_t>& a_labels, BufferId b,
                const std::vector<std::int32_t>& b_labels, const Rational& coefficient = 1,
                Store store = Store::Assign, std::string_view note = "");
  /// A routine with one output; returns a new temporary of the shape that the routine gives.
  BufferId call(std::string_view routine, const std::vector<View>& inputs,
                const std::vector<std::int64_t>& attributes = {}, std::string_view note = "");
  void output(BufferId buffer);
  [[nodiscard]] const Shape& shape(BufferId buffer) const;
  [[nodiscard]] const Program& program() const { return program_; }
  /// The program; throws std::logic_error with the list of problems if it is not well formed.
  [[nodiscard]] Program finish() const&;
  [[nodiscard]] Program finish() &&;

 private:
  void require_well_formed() const;

  Program program_;
};

}  // namespace adjoint::kernel

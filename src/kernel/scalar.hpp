// The scalar instruction set of pointwise bodies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "graph/rational.hpp"
#include "graph/size.hpp"

namespace adjoint::kernel {

/// The result of a scalar instruction: its position in the body.
using Register = std::int32_t;

enum class ScalarOp : std::uint8_t {
  // leaves
  Constant,   // value
  SizeValue,  // size, as a number
  LoopIndex,  // index of loop `a`, from 0
  Load,       // operand `a` of the instruction
  Pi,
  Infinity,
  // arithmetic
  Add,
  Sub,
  Mul,
  Neg,
  Square,
  Div,
  Sqrt,
  Reciprocal,
  Pow,   // a^b; 0^0 = 1, a negative base with a fractional exponent is NaN
  PowI,  // a^integer, by repeated multiplication
  // choice; comparisons give 1 or 0, with NaN 0
  Less,
  LessEqual,
  Equal,
  Select,  // Select: a != 0 ? b : c, whatever the other branch holds
  Max,
  Min,  // NaN if either is
  Abs,
  Sign,
  Relu,
  // transcendental
  Exp,
  Log,
  Sin,
  Cos,
  Tan,
  Asin,
  Acos,
  Atan,
  Sinh,
  Cosh,
  Tanh,
  Erf,
  Log1p,
  Expm1,
  Sigmoid,
  Softplus,
  Call  // an abstract function of one number, by name
};

struct ScalarInstruction {
  ScalarOp op = ScalarOp::Constant;
  Register a = -1, b = -1, c = -1;  // operands; `a` is the operand of Load and the loop of LoopIndex
  Rational value;                   // Constant
  std::int64_t integer = 0;         // PowI
  Size size;                        // SizeValue
  std::string name;                 // Call: "rho", "rho_prime", …
  friend bool operator==(const ScalarInstruction&, const ScalarInstruction&) = default;
};

/// Which column of a cost an instruction counts in.
enum class FlopClass : std::uint8_t {
  Free,            // loads, constants, sizes
  Arithmetic,      // add, multiply, compare, choose: 1 each
  Division,        // divide, square root
  Transcendental,  // exp, log, pow, …
  Call             // evaluations of abstract functions
};

struct ScalarInfo {
  ScalarOp op;
  std::string_view name;  // as in the notation: "exp", "less", "elpow"
  int arity;              // registers read
  FlopClass flops;
};

const ScalarInfo& info(ScalarOp op);
/// The instruction of that name ("exp", "max", "less", "less_equal", "equal", "select", "elpow", …).
std::optional<ScalarOp> scalar_op(std::string_view name);
/// Multiplications that PowI takes, by binary powering; a negative exponent takes a division more.
std::int64_t power_multiplications(std::int64_t exponent);

}  // namespace adjoint::kernel

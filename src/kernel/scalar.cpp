#include "kernel/scalar.hpp"

#include <array>
#include <bit>

namespace adjoint::kernel {
namespace {

using enum ScalarOp;
using F = FlopClass;

constexpr std::array kInfos{
    ScalarInfo{Constant, "constant", 0, F::Free},
    ScalarInfo{SizeValue, "size", 0, F::Free},
    ScalarInfo{LoopIndex, "index", 0, F::Free},
    ScalarInfo{Load, "load", 0, F::Free},
    ScalarInfo{Pi, "pi", 0, F::Free},
    ScalarInfo{Infinity, "inf", 0, F::Free},
    ScalarInfo{Add, "add", 2, F::Arithmetic},
    ScalarInfo{Sub, "sub", 2, F::Arithmetic},
    ScalarInfo{Mul, "mul", 2, F::Arithmetic},
    ScalarInfo{Neg, "neg", 1, F::Arithmetic},
    ScalarInfo{Square, "square", 1, F::Arithmetic},
    ScalarInfo{Div, "div", 2, F::Division},
    ScalarInfo{Sqrt, "sqrt", 1, F::Division},
    ScalarInfo{Reciprocal, "reciprocal", 1, F::Division},
    ScalarInfo{Pow, "elpow", 2, F::Transcendental},
    ScalarInfo{PowI, "powi", 1, F::Arithmetic},
    ScalarInfo{Less, "less", 2, F::Arithmetic},
    ScalarInfo{LessEqual, "less_equal", 2, F::Arithmetic},
    ScalarInfo{Equal, "equal", 2, F::Arithmetic},
    ScalarInfo{Select, "select", 3, F::Arithmetic},
    ScalarInfo{Max, "max", 2, F::Arithmetic},
    ScalarInfo{Min, "min", 2, F::Arithmetic},
    ScalarInfo{Abs, "abs", 1, F::Arithmetic},
    ScalarInfo{Sign, "sign", 1, F::Arithmetic},
    ScalarInfo{Relu, "relu", 1, F::Arithmetic},
    ScalarInfo{Exp, "exp", 1, F::Transcendental},
    ScalarInfo{Log, "log", 1, F::Transcendental},
    ScalarInfo{Sin, "sin", 1, F::Transcendental},
    ScalarInfo{Cos, "cos", 1, F::Transcendental},
    ScalarInfo{Tan, "tan", 1, F::Transcendental},
    ScalarInfo{Asin, "asin", 1, F::Transcendental},
    ScalarInfo{Acos, "acos", 1, F::Transcendental},
    ScalarInfo{Atan, "atan", 1, F::Transcendental},
    ScalarInfo{Sinh, "sinh", 1, F::Transcendental},
    ScalarInfo{Cosh, "cosh", 1, F::Transcendental},
    ScalarInfo{Tanh, "tanh", 1, F::Transcendental},
    ScalarInfo{Erf, "erf", 1, F::Transcendental},
    ScalarInfo{Log1p, "log1p", 1, F::Transcendental},
    ScalarInfo{Expm1, "expm1", 1, F::Transcendental},
    ScalarInfo{Sigmoid, "sigmoid", 1, F::Transcendental},
    ScalarInfo{Softplus, "softplus", 1, F::Transcendental},
    ScalarInfo{Call, "call", 1, F::Call},
};

constexpr bool in_order() {
  for (std::size_t k = 0; k < kInfos.size(); ++k) {
    if (static_cast<std::size_t>(kInfos[k].op) != k) return false;
  }
  return true;
}
static_assert(in_order(), "one row for each instruction, in the order of the enumeration");
static_assert(kInfos.size() == static_cast<std::size_t>(Call) + 1);

}  // namespace

const ScalarInfo& info(ScalarOp op) { return kInfos[static_cast<std::size_t>(op)]; }

std::optional<ScalarOp> scalar_op(std::string_view name) {
  for (const ScalarInfo& row : kInfos) {
    if (row.name == name) return row.op;
  }
  return std::nullopt;
}

std::int64_t power_multiplications(std::int64_t exponent) {
  const std::uint64_t magnitude =
      exponent < 0 ? 0 - static_cast<std::uint64_t>(exponent) : static_cast<std::uint64_t>(exponent);
  if (magnitude == 0) return 0;
  return std::bit_width(magnitude) - 1 + std::popcount(magnitude) - 1;
}

}  // namespace adjoint::kernel

// Whether numbers that are given are what was declared.
#pragma once

#include <optional>
#include <string>

#include "app/values.hpp"

namespace adjoint::app {

/// What is wrong with the value, in words: "x[2] = -1, which is not > 0", "its eigenvalue -1 is negative".
/// Nothing where it is what was declared: exactly in its bounds; in its structure up to kDeclaredRounding of
/// its largest entry, which is what data lose that were computed.
constexpr double kDeclaredRounding = 1e-10;
constexpr double kSingleRounding = 1e-5;  // of numbers in single precision
std::optional<std::string> contradiction(const notation::Symbol& symbol, const Array& value,
                                         double rounding = kDeclaredRounding);

/// Throws InputError, which names the variable, its declaration and what is wrong.
void require_declared(const notation::Symbol& symbol, const Array& value,
                      double rounding = kDeclaredRounding);

}  // namespace adjoint::app

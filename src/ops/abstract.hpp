// Abstract functions: known by name only, with derivatives that are further abstract functions.
#pragma once

#include "ops/record.hpp"

namespace adjoint {

/// rho : R -> R applied entrywise; order k is its k-th derivative.
Expr abstract_entrywise(std::string_view name, int order, Expr x);

/// g : R^p -> R (no value size) or h : R^n -> R^m applied to a vector (its first axis; further axes are a
/// batch). Order k has k more axes of the argument's length behind the value: g_grad, g_hess, h_jac.
Expr abstract_vector(std::string_view name, int order, std::optional<Size> value_size, Expr x);

/// rho_prime, rho_second, rho_d3, …; g_grad, g_hess, g_d3; h_jac, h_d2, ….
std::string abstract_name(const Node& application);

/// What an application of an abstract function is, for those that give it a value.
struct AbstractUse {
  std::string name;
  int order = 0;
  bool entrywise = false;
  std::optional<Size> value_size;
};
std::optional<AbstractUse> abstract_use(const Node& node);

std::span<const Record* const> abstract_records();

}  // namespace adjoint

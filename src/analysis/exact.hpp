// Entries of constant arrays, and Hessians of quadratic functions, as exact numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.hpp"

namespace adjoint {

using NumberMatrix = std::vector<std::vector<Rational>>;

/// The entry of an expression of numbers; nothing where it is none that can be read off.
std::optional<Rational> exact_entry(Expr e, const std::vector<std::int64_t>& index);

/// The Hessian of a quadratic function of one array with a known number of entries, at most twelve; nothing
/// where it is no matrix of numbers.
std::optional<NumberMatrix> exact_hessian(Expr f, Expr variable);

/// By elimination, exactly: whether the symmetric matrix plus shift*I is positive semi-definite.
bool is_semidefinite(NumberMatrix matrix, const Rational& shift);

/// A number, close to it and at least as large, for the largest absolute value of an eigenvalue.
std::optional<Rational> spectral_norm_bound(const NumberMatrix& symmetric);

}  // namespace adjoint

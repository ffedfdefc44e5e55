// Functions of the spectrum by their definitions, in numbers of 350 digits. Eigenvalues and singular values
// that agree down to rounding are equal, and 0 where they vanish beside the largest: no gap is guessed.
#pragma once

#include <string_view>

#include "eval/array.hpp"
#include "eval/real.hpp"

namespace adjoint {

using RealMatrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

/// A routine of one matrix, or of a matrix and a direction; vectors and numbers are columns.
struct SpectralDefinition {
  RealMatrix (*of)(const RealMatrix& x) = nullptr;
  RealMatrix (*along)(const RealMatrix& x, const RealMatrix& direction) = nullptr;
  bool symmetric_only = false;  // the definition here is for symmetric matrices
};

/// Null where there is none here.
const SpectralDefinition* spectral_definition(std::string_view routine);

/// Up to this many rows or columns; beyond, they take too long.
constexpr std::int64_t kLargestSpectral = 12;

bool is_symmetric_value(const RealMatrix& a);
/// Singular values that are not 0.
Eigen::Index rank_of(const RealMatrix& x);

}  // namespace adjoint

// A program as C++: the text of a function that a person can read, compile and call.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/program.hpp"

namespace adjoint::kernel {

/// A part of a program that has no C++ text; names it.
class NoSource : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Self-contained C++17: includes, the support functions that are used, and
///     void NAME(long n, …, const double* x, …, double* result, …)
/// with the sizes by name in alphabetical order, the inputs and the outputs of the program in order, and
/// behind them the abstract scalar functions as `double (*rho)(double)`. Arrays are column-major. Entrywise
/// work is written as loops, products of matrices with Eigen. NoSource where a routine has no C++ text;
/// std::invalid_argument where `name` is no identifier. `results`: what the outputs are called; those
/// without a name are called as the program calls them.
std::string cpp_source(const Program& program, std::string_view name,
                       std::span<const std::string> results = {});

/// Text that supports a routine or a scalar instruction (cpp_support.cpp, cpp_support_matrices.cpp).
struct CppSupport {
  enum class Takes : unsigned char {
    Matrices,  // each input as Map of a matrix, each output as pointer; a batch is a loop outside
    Lines,     // x, inner, length, outer, out: lines along an axis
    Entries,   // x, n, further scalar inputs, outputs
    Scalar     // a function of numbers
  };
  std::string_view name;
  Takes takes = Takes::Scalar;
  std::vector<std::string_view> needs;  // further support
  std::string_view header;              // beyond <cmath> and Eigen/Dense, or empty
  std::string_view code;
};
const std::vector<CppSupport>& cpp_matrix_support();
/// Null if there is none.
const CppSupport* cpp_support(std::string_view name);
/// All names, which are not to be used for others.
std::vector<std::string_view> cpp_support_names();

}  // namespace adjoint::kernel

// What a computation could not give, in words for the user.
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>

namespace adjoint::run {

/// A question that has no answer at the given numbers: "matrix is singular", "eigenvalue -1.2 is negative".
class NumericalError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A number as messages show it.
inline std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace adjoint::run

// Derivations against numbers: every line at a random point, its right side as an expression and as text
// that is read back in.
#pragma once

#include <string>
#include <vector>

#include "derivation/derivation.hpp"

namespace adjoint::test {

/// A function in the notation, as in a row of identities.tsv.
struct Row {
  std::string id, given, expr, wrt;
};
std::vector<Row> identity_rows();

struct Report {
  std::string text;                 // of the derivation
  std::vector<std::string> errors;  // lines that are wrong
  int lines = 0;                    // with two sides that were compared
  int read_back = 0;                // right sides that were read back in
};
Report check_derivation(const Row& row, derivation::Style style);

}  // namespace adjoint::test

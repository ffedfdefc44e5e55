// Numbers in and out: --at 'x=[1,0,0]; A=[[1,2],[3,4]]; B=@b.npy', sizes from shapes, nested lists.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "app/question.hpp"
#include "eval/evaluate.hpp"

namespace adjoint::app {

/// An array as given, rows and columns as typed (a list is one axis, a list of lists two), column-major.
struct Values : std::map<std::string, Array, std::less<>> {
  /// Of entries that a double does not hold as they were typed.
  std::map<std::string, Point::Decimals, std::less<>> decimals;
};

/// Parses the text of --at; reads .npy and .csv files. Throws InputError with the place.
Values parse_values(const std::string& text);

/// The values of the question's variables as a point, sizes found from shapes. Throws InputError where a
/// value is missing or its shape does not fit, with both shapes.
Point point_of(const Question& question, const Values& values);

/// Declarations for names that have a value but no declaration: "x in R^3"; "S in Sym(2)" for a symmetric
/// value where `symmetric` is asked.
std::string declarations_of(const Values& values, const notation::Session& session, bool symmetric = false);

/// Throws InputError where a name has a value that is neither declared nor in the formula.
void refuse_unknown(const Values& values, const notation::Session& declared, const Question& question);

/// Nested lists, row by row, in the given shape (column-major data).
nlohmann::json nested_lists(const Array& array, const std::vector<std::int64_t>& shape);

}  // namespace adjoint::app

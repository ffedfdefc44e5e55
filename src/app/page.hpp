// The page of a report: HTML with MathML, no script, no network, readable in print.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "syntax/ast.hpp"

namespace adjoint::app {

std::string escaped(std::string_view text);
/// Prose with `$notation$` as mathematics and `code` as code; what is between dollars and is no notation is
/// added to `wrong`.
std::string prose(std::string_view text, std::vector<std::string>& wrong);
/// lhs = tree as a displayed equation; `lhs` is MathML without <math>, may be empty.
std::string equation(const std::string& lhs, const syntax::Ast& tree);
std::string equation(const std::string& lhs, const syntax::Map& map);
/// The whole page.
std::string page(std::string_view title, std::string_view body);

}  // namespace adjoint::app

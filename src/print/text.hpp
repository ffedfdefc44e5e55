// Trees in the notation itself: every printed text reads back as the same expression.
#pragma once

#include <string>

#include "syntax/ast.hpp"

namespace adjoint::print {

/// The tree as text of the notation, with the parentheses that MATLAB's precedence asks for and no others:
/// `2*A'*(A*x-b)`. Trees that share so much that written out they would have tens of thousands of nodes are
/// printed as `body where v1 = …, v2 = …`; std::length_error where even that is too long.
std::string text(const syntax::Ast& tree);
/// `H -> body`
std::string text(const syntax::Map& map);

}  // namespace adjoint::print

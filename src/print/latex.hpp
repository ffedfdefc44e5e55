// LaTeX (amsmath) of trees.
#pragma once

#include <string>

#include "print/layout.hpp"

namespace adjoint::print {

/// One formula for math mode, without dollars: `2A^\top(Ax-b)`.
std::string latex(const syntax::Ast& tree, const syntax::FormLookup& forms);
/// `H \mapsto …`
std::string latex(const syntax::Map& map, const syntax::FormLookup& forms);
std::string latex(const Box& box);

}  // namespace adjoint::print

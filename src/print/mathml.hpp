// Presentation MathML Core of trees: browsers show it without a script.
#pragma once

#include <string>

#include "print/layout.hpp"

namespace adjoint::print {

/// A <math> element; `display` sets it as a block.
std::string mathml(const syntax::Ast& tree, const syntax::FormLookup& forms, bool display = true);
std::string mathml(const syntax::Map& map, const syntax::FormLookup& forms, bool display = true);
std::string mathml(const Box& box, bool display = true);

}  // namespace adjoint::print

// The one-line form for terminals: 2Aᵀ(Ax − b), ‖x‖₂², Σᵢ₌₁ⁿ.
#pragma once

#include <string>

#include "print/layout.hpp"

namespace adjoint::print {

std::string unicode(const syntax::Ast& tree, const syntax::FormLookup& forms);
std::string unicode(const syntax::Map& map, const syntax::FormLookup& forms);
std::string unicode(const Box& box);

}  // namespace adjoint::print

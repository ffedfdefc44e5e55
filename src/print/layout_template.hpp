// Boxes from the LaTeX templates of forms.
#pragma once

#include <functional>
#include <string_view>

#include "print/layout.hpp"

namespace adjoint::print {

/// What stands for $k in a template (1-based); `small` where it stands in a script.
using ArgumentBox = std::function<Box(int k, bool small)>;

/// The boxes of a template in the language of syntax::Forms::latex, with arguments in parentheses where they
/// need them. Throws std::invalid_argument on what the language does not have.
Box layout_template(std::string_view source, int arity, const ArgumentBox& argument);

}  // namespace adjoint::print

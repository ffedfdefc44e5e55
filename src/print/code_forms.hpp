// What code calls by name where a person writes a quotient: operations whose expansions are not right
// everywhere.
#pragma once

#include <string_view>

#include "graph/graph.hpp"
#include "syntax/forms.hpp"

namespace adjoint::print {

/// The expression with such operations as calls, for the reader.
Expr for_code(Expr expr);

/// Whether there are such operations in it.
bool has_code_forms(Expr expr);

/// Forms of those calls; null for other names.
const syntax::Forms* code_forms(std::string_view name);

}  // namespace adjoint::print

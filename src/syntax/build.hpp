// Constructors of notation trees. They build what they are told and simplify nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "syntax/ast.hpp"

namespace adjoint::syntax {

Ast number(std::int64_t value);  // a negative value becomes Negate of a literal
Ast number(std::string_view literal);
Ast name(std::string_view identifier);
Ast negate(Ast operand);
Ast transpose(Ast operand);
/// One of + - * / \ .* ./ .^ ^
Ast binary(std::string_view op, Ast left, Ast right);
/// One of < <= > >= ==
Ast compare(std::string_view op, Ast left, Ast right);
Ast call(std::string_view function, std::vector<Ast> arguments);
Ast index(Ast array, std::vector<Ast> subscripts);
Ast colon();
Ast range(Ast first, Ast last);
/// sum(index=first:last, body)
Ast index_sum(std::string_view index, Ast first, Ast last, Ast body);
/// [A, B; C, D] from its rows.
Ast block(const std::vector<std::vector<Ast>>& rows);
/// body where name = value, …; a value may use the names before it.
Ast let(Ast body, std::vector<std::pair<std::string, Ast>> definitions);
/// A size used as a number: n-1, 2*n.
Ast size(const Size& size);

/// The same node with a type, or at another place.
Ast with_type(const Ast& tree, const Type& type);
Ast with_place(const Ast& tree, Place place);

}  // namespace adjoint::syntax

// What the use of an undeclared name says of it, before any type is inferred.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "notation/infer.hpp"

namespace adjoint::notation {

/// The strongest that its uses say, strongest last.
enum class Use : std::uint8_t { None, Vector, Matrix, Scalar, Size };

/// Names that are neither declared nor bound where they stand, in a tree and in the definitions that it uses,
/// with what their use settles: an exponent or a divisor is a scalar, x[i] a vector, the n of eye(n) a size.
std::map<std::string, Use> uses_of_undeclared(const Ast& ast,
                                              const std::vector<const Definition*>& definitions,
                                              const Symbols& symbols, const FunctionTable& table);

/// All identifiers in a tree and in the definitions that it uses; those definitions, in order of definition.
struct Needs {
  std::set<std::string> names;
  std::vector<const Definition*> definitions;
};
Needs needs_of(const Ast& ast, const Symbols& symbols);

/// The name and order of a derivative of an abstract function: rho_prime is {"rho", 1}.
struct DerivativeName {
  std::string base;
  int order = 0;
};
/// Of `name`, if what it derives is declared and has derivatives of that name.
std::optional<DerivativeName> derivative_name(const std::string& name, const Symbols& symbols);

}  // namespace adjoint::notation

// How fast limits are approached, and what happens in the entries where the formula of a limit fails.
#pragma once

#include "analysis/limits.hpp"

namespace adjoint {

/// |f - limit| <= rate from a bound of the derivative in the parameter, as it goes to 0 from above.
void find_rate(Expr f, Expr parameter, Expr variable, Limit& limit, const Assumptions& assumptions);

/// Rates of the named cases: parameter*F(u/parameter), norm(x,p).
void named_rate(Expr f, Expr parameter, const Target& target, Limit& limit);

/// The value of an entrywise limit in the entries where a case fails.
void fill_cases(Expr f, Expr parameter, const Target& target, Expr variable, Limit& gradient,
                const Assumptions& assumptions);

}  // namespace adjoint

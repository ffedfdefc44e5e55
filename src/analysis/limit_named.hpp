// Limits by continuity, and by the named cases in which it does not help, for arrays of any sign: functions
// of u/eps that grow linearly, softmax, norms of growing order.
#pragma once

#include "analysis/limits.hpp"

namespace adjoint {

/// The expression as eps goes to 0 from above.
Limit named_limit(Expr e, Expr eps, const Assumptions& assumptions, const Sampler& sampler);

/// The shorter of two forms.
Expr shortest(Expr e, const Assumptions& assumptions);

}  // namespace adjoint

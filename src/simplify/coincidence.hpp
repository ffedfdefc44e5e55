// Powers of what is zero wherever two indices meet, as norm(X[:,i]-X[:,j]) is for i = j.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// The expression with (B+eye(n)).^p - eye(n) for B.^p where B is identically zero on the diagonal of two of
/// its axes and 0 < p < 1: the same value, and a derivative without the infinite slope of 0.^p, where nothing
/// moves.
Expr separate_coincidences(Expr root);

/// The other way round, for display: the value, where no slope is asked for. Null where there is nothing.
Expr join_coincidence(Expr sum);

}  // namespace adjoint

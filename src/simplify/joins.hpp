// Arrays joined from parts: sums of joins with one partition, products over an axis that is mostly zero.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// [A; 0] + [0; B] = [A; B]: joins of one partition added part by part, where that adds fewer parts than
/// it saves. Null where there is nothing to merge.
Expr merge_joins(Expr sum);

/// M*[A; 0] = M[:,1:k]*A: a summed axis along which a factor is zero but for one part shrinks to that part.
/// Null where there is none.
Expr shrink_joined_axes(Expr product);

/// An array of few entries, each written out: [a, b; c, d]. Null where its sizes are not small numbers.
Expr tabulated(Expr array);

/// The same with the scalars in front of the array left there: 2*a*[x; y]. Null where there are none.
Expr tabulated_beside_scalars(Expr array);

}  // namespace adjoint

// Quotients and products of sums, over one denominator or multiplied out where that is shorter to write.
#pragma once

#include "graph/graph.hpp"

namespace adjoint {

/// a/(c+d) - b/(c+d)^2 = (a*(c+d)-b)/(c+d)^2, s*(1-1/s^2) = s-1/s, b*(t^2+1)-t*(a+b*t) = b-a*t: every sum and
/// product in the shortest of these forms. For display: what is multiplied out may cancel in numbers.
Expr with_short_fractions(Expr root);

/// Products with differences of all pairs multiplied out: the sum over j of x(i)-x(j) is n*x-sum(x).
Expr with_open_differences(Expr root);

/// V.*(W*H)./(W*H).^2 = V./(W*H): a contraction that stands beside a power of itself joins it. Null where
/// there is none.
Expr collect_contractions(Expr product);

}  // namespace adjoint

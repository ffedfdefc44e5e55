// Pieces of Kronecker readings.
#pragma once

#include <map>
#include <set>

#include "print/reader_state.hpp"

namespace adjoint {

syntax::Ast kronecker_product(Forge& forge, const syntax::Ast& slow, const syntax::Ast& fast);
/// a*b where neither is an identity.
syntax::Ast product_but_identity(Forge& forge, const syntax::Ast& a, const syntax::Ast& b);

}  // namespace adjoint

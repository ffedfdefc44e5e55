// Pieces of Kronecker readings.
#pragma once

#include <map>
#include <set>

#include "print/reader_state.hpp"

namespace adjoint {

syntax::Ast kronecker_product(Forge& forge, const syntax::Ast& slow, const syntax::Ast& fast);
/// a*b where neither is an identity.
syntax::Ast product_but_identity(Forge& forge, const syntax::Ast& a, const syntax::Ast& b);

/// vec(a); a column or a scalar is its own.
syntax::Ast vec_tree(Forge& forge, const syntax::Ast& a);
/// commutation(n,p), an identity where n or p is 1.
syntax::Ast commutation_tree(Forge& forge, const Size& n, const Size& p);

}  // namespace adjoint

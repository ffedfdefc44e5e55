// Functions of a matrix: inverse, determinant, factorisations, roots and exponentials, singular values.
// All act on the first two axes; further axes are a batch.
#pragma once

#include "ops/record.hpp"
#include "ops/surface.hpp"

namespace adjoint {

Expr inv(Expr a);
/// Whether the expression is an application of inv.
bool is_inverse(Expr expr);
Expr det(Expr a);
/// adj(A) = det(A)*inv(A) where A is invertible; polynomial in A, hence smooth everywhere.
Expr adj(Expr a);
/// Derivative of the adjugate at A in direction H.
Expr dadj(Expr a, Expr h);
/// log |det A|
Expr logdet(Expr a);
Expr pinv(Expr a);
/// The positive semi-definite root of a semi-definite matrix (the principal root otherwise).
Expr sqrtm(Expr a);
/// The Y with S*Y + Y*S = H.
Expr lyap(Expr s, Expr h);
Expr expm(Expr a);
Expr dexpm(Expr a, Expr h);
Expr logm(Expr a);
Expr dlogm(Expr a, Expr h);
/// The lower triangular L with L*L' = S.
Expr chol(Expr s);
/// Eigenvalues of a symmetric matrix, ascending, and its orthonormal eigenvectors (columns).
Expr eigvals(Expr s);
Expr eigvecs(Expr s);
/// Singular values, descending, and the factors of the thin singular value decomposition.
Expr svdvals(Expr x);
Expr svdu(Expr x);
Expr svdv(Expr x);
/// U*V' of the thin singular value decomposition; the gradient of the nuclear norm.
Expr polar(Expr x);
Expr dpolar(Expr x, Expr h);
Expr normnuc(Expr x);
Expr normop(Expr x);
/// The gradient of the spectral norm, u1*v1'.
Expr normop_grad(Expr x);

std::span<const Record* const> matrix_records();
std::span<const Record* const> spectral_records();
std::span<const Surface> matrix_surfaces();

/// min(n, p) as a size: a constant, one of the two where they are equal, else a name "min(n,p)".
Size smaller(const Size& n, const Size& p);

}  // namespace adjoint

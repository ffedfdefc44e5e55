// The library of routines: names, arities, shapes of results, cost. The numerics are in run/routines_*.
//
// Matrix routines act on the first two axes; all trailing axes are a batch. An input with fewer
// trailing axes than another is the same for every member of the batch; the inputs that have a
// batch have the same one, and so has the result.
// Axis routines (marked *) take attribute 0 as the axis; none, or a negative one: over all entries.
//
// clang-format off
//   name        inputs        result          meaning
//   inv         (n,n)         (n,n)           inverse; refuses a singular matrix; attribute 0: 1 positive definite
//   solve       (n,n),(n,k)   (n,k)           A\B; attribute 0: 0 general, 1 positive definite, 2 lower, 3 upper
//   det         (n,n)         ()              determinant
//   logdet      (n,n)         ()              log |det|, -inf where singular
//   adj         (n,n)         (n,n)           adjugate, right at singular matrices
//   dadj        (n,n),(n,n)   (n,n)           derivative of the adjugate at X in direction H
//   dadjT       (n,n),(n,n)   (n,n)           its adjoint: dadjT(X,U) = dadj(X',U')'... as a map in U
//   pinv        (n,p)         (p,n)           Moore-Penrose inverse
//   sqrtm       (n,n)         (n,n)           positive semi-definite root if symmetric, else principal root
//   lyap        (n,n),(n,n)   (n,n)           the Y with S*Y + Y*S = H
//   expm logm   (n,n)         (n,n)
//   dexpm dlogm (n,n),(n,n)   (n,n)           Frechet derivatives at X in direction H
//   chol        (n,n)         (n,n)           lower factor
//   eigvals     (n,n)         (n)             of a symmetric matrix, ascending
//   eigvecs     (n,n)         (n,n)           columns; the entry of largest magnitude is positive
//   svdvals     (n,p)         (r)             descending, r = min(n,p)
//   svdu svdv   (n,p)         (n,r), (p,r)    thin factors; signs set by the columns of u
//   polar       (n,p)         (n,p)           U*V' over the range; gradient of the nuclear norm
//   dpolar      (n,p),(n,p)   (n,p)           its derivative at X in direction H
//   normop      (n,p)         ()              spectral norm
//   normop_grad (n,p)         (n,p)           u1*v1', averaged over ties
//   normnuc     (n,p)         ()              nuclear norm
//   tril triu   (n,p)         (n,p)
//   norm        any           ()              2-norm of all entries, scaled
//   direction   any           same            x/norm(x), 0 at 0
//   norm_p      any, ()       ()              (sum |x|^p)^(1/p), p >= 1 or inf
//   norm_p_grad any, ()       same            its gradient, 0 at 0
//   maximum minimum prod logsumexp *   any    the axis removed
//   max_grad min_grad *       any             same shape: share of each entry in the maximum
//   softmax *                 any             same shape
//   prod_grad *               any             same shape: product of the other entries
//   prod_hess *               any             the axis once more behind all (no axis: all axes once more):
//                                             product of the entries but two, 0 on the diagonal
//   cumsum cumsumT *          any             same shape; cumsumT sums from the end
//   call        any...        as said         abstract function, by name; results are not inferred
// Two results at once, from one factorisation (what the pass `share_factorisations` makes):
//   logdet_inv  (n,n)         (), (n,n)
//   det_adj     (n,n)         (), (n,n)
//   svdvals_polar (n,p)       (r), (n,p)
//   normnuc_polar (n,p)       (), (n,p)
//   norm_p_both any, ()       (), same
//   eig         (n,n)         (n), (n,n)
//   svd         (n,p)         (n,r), (r), (p,r)
// clang-format on
#pragma once

#include <string_view>
#include <vector>

#include "kernel/polynomial.hpp"
#include "kernel/program.hpp"

namespace adjoint::kernel {

struct RoutineCost {
  Polynomial multiply_add;  // pairs
  Polynomial arithmetic;    // single additions, multiplications, comparisons
  Polynomial division;      // divisions and square roots
  Polynomial transcendental;
  Polynomial calls;
};

/// Conventional operation counts, as in Golub and Van Loan, Matrix Computations, and Higham,
/// Functions of Matrices; of iterative methods, for the usual number of iterations.
struct RoutineInfo {
  std::string_view name;
  int inputs;  // -1: any number
  int outputs;
  bool matrix;  // acts on the first two axes, batch behind
  /// The shapes of the results for shapes of inputs that fit; throws std::invalid_argument otherwise.
  std::vector<Shape> (*shapes)(const std::vector<Shape>& inputs, const std::vector<std::int64_t>& attributes);
  RoutineCost (*cost)(const std::vector<Shape>& inputs, const std::vector<std::int64_t>& attributes);
  bool definite_form = false;  // attribute 0 may say that the matrix is positive definite
};

/// The routine of that name; null if there is none.
const RoutineInfo* find_routine(std::string_view name);
std::vector<std::string_view> routine_names();

/// min(n, p) as a size: a constant, one of the two where equal, else a name "min(n,p)".
Size smaller(const Size& n, const Size& p);
/// The values completed by names of the form "min(n,p)" that occur in a program.
SizeValues completed(const Program& program, SizeValues values);

}  // namespace adjoint::kernel

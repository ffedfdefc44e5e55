// Functions of a matrix as functions of the notation. For a scalar (a 1 x 1 matrix) each is the
// scalar function that it extends.
#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/reductions.hpp"
#include "ops/surface_support.hpp"

namespace adjoint {
namespace {

using Arguments = std::span<const Argument>;
using syntax::Type;

Expr reciprocal(Expr x) { return power(x, Rational(-1)); }
Expr itself(Expr x) { return x; }
Expr one(Expr x) { return x.graph().ones(x.shape()); }
Expr log_abs(Expr x) { return log(abs(x)); }

template <Expr (*f)(Expr)>
Expr scalar_of(Graph& /*g*/, Arguments a, const Type& /*r*/) {  // a scalar from a square matrix
  return f(as_matrix(a[0]));
}
template <Expr (*f)(Expr), Expr (*scalar)(Expr)>
Expr scalar_or(Graph& g, Arguments a, const Type& r) {
  return a[0].type.is_scalar() ? scalar(a[0].expr) : scalar_of<f>(g, a, r);
}
// Norms of singular values: of a vector all are its 2-norm.
template <Expr (*f)(Expr)>
Expr singular_norm(Graph& /*g*/, Arguments a, const Type& /*r*/) {
  if (axes_of(a[0].type) == 2 || a[0].expr.rank() > axes_of(a[0].type)) return f(as_matrix(a[0]));
  return norm(a[0].expr);
}
Expr polar_of(Graph& g, Arguments a, const Type& r) {
  if (axes_of(a[0].type) == 2 || a[0].expr.rank() > axes_of(a[0].type)) return of_matrix<polar>(g, a, r);
  return direction(a[0].expr);
}
// Results whose columns number min(n,p), which is 1 for a vector.
Expr svdvals_of(Graph& g, Arguments a, const Type& /*r*/) {
  const Expr s = svdvals(as_matrix(a[0]));
  const Axes i = g.axes(s);
  return s.shape()[0].is_one() ? g.product(1, {{s, i}}, Axes(i.begin() + 1, i.end())) : s;
}
// Eigenvalues of other matrices may be complex; theirs would need other derivatives too.
void require_symmetric(Expr s) {
  if (!is_symmetric(s))
    throw ShapeError(
        "eigenvalues are taken of symmetric matrices, and this one is not known to be symmetric: declare it "
        "so, as "
        "in S in Sym(n), or take the symmetric part, (A+A')/2");
}
Expr eigvals_of(Graph& /*g*/, Arguments a, const Type& /*r*/) {
  if (a[0].type.is_scalar()) return a[0].expr;
  require_symmetric(a[0].expr);
  return eigvals(a[0].expr);
}
Expr eigvecs_of(Graph& g, Arguments a, const Type& /*r*/) {
  if (a[0].type.is_scalar()) return g.ones(a[0].expr.shape());
  require_symmetric(a[0].expr);
  return eigvecs(a[0].expr);
}

constexpr std::string_view kSquare = "(n,n) -> (n,n)";
constexpr std::string_view kScalar = "(n,n) -> ()";
constexpr std::string_view kDirection = "(n,n), (n,n) -> (n,n)";

Surface surface(std::string_view name, std::string_view signature, Build build, std::string_view latex,
                std::string_view numpy, std::string_view support = "") {
  return {name, {{signature, build}}, {.latex = latex, .numpy = numpy, .numpy_support = support}};
}

constexpr std::string_view kAdjugate =
    "def _adj(x):\n"
    "    u, s, vh = np.linalg.svd(x)\n"
    "    others = np.array([np.prod(np.delete(s, k)) for k in range(len(s))])\n"
    "    return np.linalg.det(u) * np.linalg.det(vh) * (vh.T * others) @ u.T\n";
constexpr std::string_view kAdjugateDerivative =
    "def _dadj(x, h):\n"
    "    u, s, vh = np.linalg.svd(x)\n"
    "    n = len(s)\n"
    "    g = u.T @ h @ vh.T\n"
    "    m = np.zeros((n, n))\n"
    "    for i in range(n):\n"
    "        for j in range(n):\n"
    "            if i != j:\n"
    "                others = np.prod(np.delete(s, [i, j]))\n"
    "                m[i, j] -= g[i, j] * others\n"
    "                m[i, i] += g[j, j] * others\n"
    "    return np.linalg.det(u) * np.linalg.det(vh) * vh.T @ m @ u.T\n";
constexpr std::string_view kRoot =
    "def _sqrtm(x):\n"
    "    if np.allclose(x, x.T, rtol=1e-12, atol=0):\n"
    "        w, q = np.linalg.eigh((x + x.T) / 2)\n"
    "        if w[0] < -1e-10 * max(abs(w[-1]), abs(w[0])):\n"
    "            raise ValueError('sqrtm of a matrix with the negative eigenvalue %g' % w[0])\n"
    "        return (q * np.sqrt(np.maximum(w, 0))) @ q.T\n"
    "    from scipy.linalg import sqrtm\n"
    "    return np.real(sqrtm(x))\n";
constexpr std::string_view kLyapunov =
    "def _lyap(s, h):\n"
    "    if np.allclose(s, s.T, rtol=1e-12, atol=0):\n"
    "        w, q = np.linalg.eigh((s + s.T) / 2)\n"
    "        return q @ ((q.T @ h @ q) / (w[:, None] + w)) @ q.T\n"
    "    from scipy.linalg import solve_sylvester\n"
    "    return solve_sylvester(s, s, h)\n";
constexpr std::string_view kExponential =
    "def _expm(x):\n    from scipy.linalg import expm\n    return expm(x)\n";
constexpr std::string_view kExponentialDerivative =
    "def _dexpm(x, h):\n    from scipy.linalg import expm\n    n = len(x)\n"
    "    return expm(np.block([[x, h], [np.zeros((n, n)), x]]))[:n, n:]\n";
constexpr std::string_view kLogarithm =
    "def _logm(x):\n"
    "    if np.allclose(x, x.T, rtol=1e-12, atol=0):\n"
    "        w, q = np.linalg.eigh((x + x.T) / 2)\n"
    "        return (q * np.log(w)) @ q.T\n"
    "    from scipy.linalg import logm\n"
    "    return np.real(logm(x))\n";
constexpr std::string_view kLogarithmDerivative =
    "def _dlogm(x, h):\n"
    "    n = len(x)\n"
    "    if np.allclose(x, x.T, rtol=1e-12, atol=0):\n"
    "        w, q = np.linalg.eigh((x + x.T) / 2)\n"
    "        a, b = w[:, None] + 0 * w, w + 0 * w[:, None]\n"
    "        z = (a - b) / (a + b)\n"
    "        f = np.where(z == 0, 1.0, np.arctanh(z) / np.where(z == 0, 1.0, z)) * 2 / (a + b)\n"
    "        return q @ (f * (q.T @ h @ q)) @ q.T\n"
    "    from scipy.linalg import logm\n"
    "    return np.real(logm(np.block([[x, h], [np.zeros((n, n)), x]])))[:n, n:]\n";
constexpr std::string_view kPolar =
    "def _polar(x):\n"
    "    u, s, vh = np.linalg.svd(x, full_matrices=False)\n"
    "    r = s > s[0] * 1e-13 if s.size and s[0] > 0 else np.zeros(s.shape, bool)\n"
    "    return u[:, r] @ vh[r]\n";
constexpr std::string_view kPolarDerivative =
    "def _dpolar(x, h):\n"
    "    u, s, vh = np.linalg.svd(x, full_matrices=False)\n"
    "    v = vh.T\n"
    "    g = u.T @ h @ v\n"
    "    out = u @ ((g - g.T) / (s[:, None] + s)) @ vh\n"
    "    out += (h @ v - u @ g) / s @ vh\n"
    "    out += u / s @ (u.T @ h - g @ vh)\n"
    "    return out\n";
constexpr std::string_view kFactors =
    "def _svd(x):\n"
    "    u, s, vh = np.linalg.svd(x, full_matrices=False)\n"
    "    sign = np.where(np.take_along_axis(vh, np.argmax(np.abs(vh), axis=1)[:, None], 1)[:, 0] < 0, -1.0, "
    "1.0)\n"
    "    return u * sign, s, (vh.T * sign)\n";
constexpr std::string_view kEigenvectors =
    "def _eigvecs(s):\n"
    "    q = np.linalg.eigh((s + s.T) / 2)[1]\n"
    "    return q * np.where(q[np.argmax(np.abs(q), axis=0), np.arange(len(q))] < 0, -1.0, 1.0)\n";
constexpr std::string_view kTopDirection =
    "def _normop_grad(x):\n"
    "    u, s, vh = np.linalg.svd(x, full_matrices=False)\n"
    "    k = max(1, int(np.sum(s >= s[0] * (1 - 1e-13)))) if s[0] > 0 else 0\n"
    "    return u[:, :k] @ vh[:k] / max(k, 1)\n";

}  // namespace

std::span<const Surface> matrix_surfaces() {
  static const Surface all[] = {
      surface("inv", kSquare, of_square<inv, reciprocal>, "$1^{-1}", "np.linalg.inv($m1)"),
      surface("det", kScalar, scalar_or<det, itself>, "\\det($1)", "np.linalg.det($m1)"),
      surface("logdet", kScalar, scalar_or<logdet, log_abs>, "\\log\\lvert \\det($1)\\rvert",
              "np.linalg.slogdet($m1)[1]"),
      surface("adj", kSquare, of_square<adj, one>, "\\operatorname{adj}($1)", "_adj($m1)", kAdjugate),
      surface("dadj", kDirection, of_two_matrices<dadj>, "\\mathrm{D}\\operatorname{adj}($1)[$2]",
              "_dadj($m1, $m2)", kAdjugateDerivative),
      surface("pinv", "(n,p) -> (p,n)", of_matrix<pinv>, "$1^{\\dagger}", "np.linalg.pinv($m1)"),
      surface("sqrtm", kSquare, of_square<sqrtm, sqrt>, "$1^{1/2}", "_sqrtm($m1)", kRoot),
      surface("lyap", kDirection, of_two_matrices<lyap>, "", "_lyap($m1, $m2)", kLyapunov),
      surface("expm", kSquare, of_square<expm, exp>, "\\exp($1)", "_expm($m1)", kExponential),
      surface("dexpm", kDirection, of_two_matrices<dexpm>, "\\mathrm{D}\\exp($1)[$2]", "_dexpm($m1, $m2)",
              kExponentialDerivative),
      surface("logm", kSquare, of_square<logm, log>, "\\log($1)", "_logm($m1)", kLogarithm),
      surface("dlogm", kDirection, of_two_matrices<dlogm>, "\\mathrm{D}\\log($1)[$2]", "_dlogm($m1, $m2)",
              kLogarithmDerivative),
      surface("chol", kSquare, of_square<chol, sqrt>, "\\operatorname{chol}($1)", "np.linalg.cholesky($m1)"),
      surface("eigvals", "(n,n) -> (n,1)", eigvals_of, "\\lambda($1)", "np.linalg.eigvalsh($m1)"),
      surface("eigvecs", kSquare, eigvecs_of, "\\operatorname{eigvecs}($1)", "_eigvecs($m1)", kEigenvectors),
      surface("svdvals", "(n,p) -> (min(n,p),1)", svdvals_of, "\\sigma($1)",
              "np.linalg.svd($m1, compute_uv=False)"),
      surface("svdu", "(n,p) -> (n,min(n,p))", of_matrix<svdu>, "", "_svd($m1)[0]", kFactors),
      surface("svdv", "(n,p) -> (p,min(n,p))", of_matrix<svdv>, "", "_svd($m1)[2]", kFactors),
      surface("polar", "(n,p) -> (n,p)", polar_of, "\\operatorname{polar}($1)", "_polar($m1)", kPolar),
      surface("dpolar", "(n,p), (n,p) -> (n,p)", of_two_matrices<dpolar>,
              "\\mathrm{D}\\operatorname{polar}($1)[$2]", "_dpolar($m1, $m2)", kPolarDerivative),
      surface("normnuc", "(n,p) -> ()", singular_norm<normnuc>, "\\lVert $1\\rVert_{*}",
              "np.linalg.norm($m1, 'nuc')"),
      surface("normop", "(n,p) -> ()", singular_norm<normop>, "\\lVert $1\\rVert_{\\mathrm{op}}",
              "np.linalg.norm($m1, 2)"),
      surface("normop_grad", "(n,p) -> (n,p)", of_matrix<normop_grad>,
              "\\nabla\\lVert $1\\rVert_{\\mathrm{op}}", "_normop_grad($m1)", kTopDirection),
  };
  return all;
}

}  // namespace adjoint

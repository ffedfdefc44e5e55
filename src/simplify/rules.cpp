#include "simplify/rules.hpp"

#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/reductions.hpp"
#include "ops/structure.hpp"

namespace adjoint {
namespace {

// Writes the rules in a graph of their own. Capital letters stand for matrices, small ones for
// vectors, Greek names for scalars.
class Table {
 public:
  Table() {
    logarithms();
    absolute_values();
    trigonometry();
    inverses();
    determinants();
    spectra();
    norms();
    diagonals();
    softmaxes();
    choices();
    differences();
  }

  std::vector<Rule> list;

 private:
  Graph g;
  const Size n = Size::name("n");
  const Size p = Size::name("p");

  Expr hole(std::string_view name, const Shape& shape, const Facts& facts = {}) {
    return g.variable(name, shape, facts, Role::Placeholder);
  }
  const Expr one = g.number(1);
  const Expr alpha = hole("alpha", {});
  const Expr beta = hole("beta", {});
  const Expr x = hole("x", {n});
  const Expr A = hole("A", {n, n});
  const Expr B = hole("B", {n, n});
  const Expr X = hole("X", {n, p});
  const Expr I = g.identity(n);
  const Expr S = hole("S", {n, n}, Facts::symmetric_matrix());
  const Expr P = hole("P", {n, n}, Facts::semidefinite_matrix());
  const Expr D = hole("D", {n, n}, Facts::definite_matrix());
  const Expr Q = hole("Q", {n, n}, Facts::orthogonal_matrix());
  // Arrays of rank 0, 1, 2 for rules that hold entry by entry.
  const std::vector<Expr> any = {alpha, x, X};

  void rule(std::string_view name, Expr pattern, Expr replacement) {
    list.push_back({name, pattern, replacement, false});
  }
  void display_rule(std::string_view name, Expr pattern, Expr replacement) {
    list.push_back({name, pattern, replacement, true});
  }

  void logarithms() {
    for (const auto& u : any) {
      rule("log undoes exp", log(exp(u)), u);
      rule("exp undoes log", exp(log(u)), u);
      rule("log of sigmoid", log(sigmoid(u)), -softplus(-u));
      rule("softplus", log(one + exp(u)), softplus(u));
      rule("softplus", log1p(exp(u)), softplus(u));
      rule("sigmoid", power(one + exp(u), Rational(-1)), sigmoid(-u));
      rule("sigmoid", times(exp(u), sigmoid(-u)), sigmoid(u));
      rule("exp of a negative softplus", exp(-softplus(u)), sigmoid(-u));
    }
    for (std::size_t k = 0; k < any.size(); ++k) {
      const Facts positive = Facts::of_signs(Signs::positive());
      const Expr a = hole("a", any[k].shape(), positive);
      const Expr b = hole("b", any[k].shape(), positive);
      display_rule("log of a quotient", log(a) - log(b), log(divide(a, b)));
    }
    for (const auto& u : {x, X}) rule("logsumexp", log(sum_all(exp(u))), logsumexp(u));
    rule("logsumexp", log(sum_axis(exp(X), 0)), logsumexp(X, 0));
    rule("logsumexp", log(sum_axis(exp(X), 1)), logsumexp(X, 1));
  }

  void absolute_values() {
    for (const auto& u : any) {
      rule("sign times abs", times(sign(u), abs(u)), u);
      rule("x times sign", times(u, sign(u)), abs(u));
      rule("x over abs", times(u, power(abs(u), Rational(-1))), sign(u));
      rule("x^2 over abs", times(square(u), power(abs(u), Rational(-1))), abs(u));
      for (const std::int64_t k : {2, 4, 6, 8}) {
        for (const Rational& r : {Rational(1, 2), Rational(1, 4), Rational(3, 4), Rational(3, 2),
                                  Rational(5, 2), Rational(-1, 2), Rational(-3, 2)})
          rule("root of a square", power(power(u, Rational(k)), r), power(abs(u), Rational(k) * r));
      }
      // Where the root of an odd power is defined its base is not negative.
      for (const std::int64_t k : {3, 5, 7}) {
        for (const Rational& r :
             {Rational(1, 2), Rational(1, 3), Rational(2, 3), Rational(3, 2), Rational(1, 4), Rational(1, 5),
              Rational(1, 7), Rational(-1, 2), Rational(-1, 3), Rational(-2, 3), Rational(-3, 2)})
          rule("root of an odd power", power(power(u, Rational(k)), r), power(u, Rational(k) * r));
      }
      for (const std::int64_t k : {3, 5, 7, 9})
        rule("x over abs", times(power(u, Rational(k)), power(abs(u), Rational(-k))), sign(u));
    }
  }

  void trigonometry() {
    for (const auto& u : any) {
      rule("sin^2 + cos^2", square(sin(u)) + square(cos(u)), g.ones(u.shape()));
      rule("cosh^2 - sinh^2", square(cosh(u)) - square(sinh(u)), g.ones(u.shape()));
      rule("sin over cos", times(sin(u), power(cos(u), Rational(-1))), tan(u));
      rule("sinh over cosh", times(sinh(u), power(cosh(u), Rational(-1))), tanh(u));
      rule("hyperbolic cosine", exp(u) + exp(-u), Rational(2) * cosh(u));
      rule("hyperbolic sine", exp(u) - exp(-u), Rational(2) * sinh(u));
      rule("hyperbolic cosine", times(exp(u), sigmoid(Rational(-2) * u)),
           Rational(1, 2) * power(cosh(u), Rational(-1)));
    }
  }

  void inverses() {
    rule("inverse cancels", dot(inv(A), A), I);
    rule("inverse cancels", dot(A, inv(A)), I);
    rule("orthogonal", dot(transposed(Q), Q), I);
    rule("orthogonal", dot(Q, transposed(Q)), I);
    rule("inverse of the adjugate", dot(adj(A), A), times(det(A), I));
    rule("inverse of the adjugate", dot(A, adj(A)), times(det(A), I));
    rule("adjugate", times(det(A), inv(A)), adj(A));
    rule("inverse by the adjugate", times(power(det(A), Rational(-1)), adj(A)), inv(A));
    rule("inverse of a product", inv(dot(A, B)), dot(inv(B), inv(A)));
    rule("pseudo-inverse", dot(inv(dot(transposed(X), X)), transposed(X)), pinv(X));
    list.back().display_only = true;
    projections();
    rule("Cholesky factor", dot(chol(S), transposed(chol(S))), S);
    rule("Cholesky factor", sum_all(square(chol(S))), trace(S));
    rule("Cholesky determinant", det(chol(S)), sqrt(det(S)));
    rule("Cholesky factor inverted", dot(transposed(inv(chol(S))), inv(chol(S))), inv(S));
    for (const auto& u : {x, X}) {
      rule("whitening", sum_all(square(dot(inv(chol(S)), u))), sum_all(times(u, dot(inv(S), u))));
      rule("Cholesky factor", sum_all(square(dot(transposed(chol(S)), u))), sum_all(times(u, dot(S, u))));
    }
    const Axis i = g.axis(n);
    const Expr diagonal = g.product(1, {{chol(S), {i, i}}}, {i});
    rule("Cholesky determinant", prod(diagonal), sqrt(det(S)));
    rule("Cholesky determinant", sum_all(log(diagonal)), Rational(1, 2) * logdet(S));
  }

  // X*pinv(X) and pinv(X)*X are orthogonal projections: Penrose's four equations.
  void projections() {
    const Expr inverse = pinv(X);
    const auto turned = [](Expr e) { return transposed(e); };
    rule("pseudo-inverse of a projection", dot(inverse, dot(X, inverse)), inverse);
    rule("projection of its own columns", dot(X, dot(inverse, X)), X);
    rule("projection of its own columns", dot(turned(X), dot(X, inverse)), turned(X));
    rule("projection of its own rows", dot(inverse, dot(X, turned(X))), turned(X));
    rule("pseudo-inverse of a projection", dot(inverse, dot(turned(inverse), turned(X))), inverse);
    rule("pseudo-inverse of a projection", dot(turned(X), dot(turned(inverse), inverse)), inverse);
    rule("symmetric projection", turned(dot(X, inverse)), dot(X, inverse));
    list.back().whole = true;
    rule("symmetric projection", turned(dot(inverse, X)), dot(inverse, X));
    list.back().whole = true;
    const Expr columns = I - dot(X, inverse);
    const Expr rows = g.identity(p) - dot(inverse, X);
    for (const auto& complement : {columns, rows}) {
      rule("projection twice", dot(complement, complement), complement);
      rule("projection twice", dot(turned(complement), complement), complement);
      rule("projection twice", dot(complement, turned(complement)), complement);
    }
    for (const auto& complement : {columns, turned(columns)}) {
      rule("projection of what is orthogonal", dot(complement, X), g.zeros({n, p}));
      rule("projection of what is orthogonal", dot(inverse, complement), g.zeros({p, n}));
    }
    for (const auto& complement : {rows, turned(rows)}) {
      rule("projection of what is orthogonal", dot(X, complement), g.zeros({n, p}));
      rule("projection of what is orthogonal", dot(complement, inverse), g.zeros({p, n}));
    }
  }

  void determinants() {
    rule("determinant of a product", det(dot(A, B)), times(det(A), det(B)));
    rule("determinant of an inverse", det(inv(A)), power(det(A), Rational(-1)));
    rule("determinant of exp", det(expm(A)), exp(trace(A)));
    rule("adjugate of a product", adj(dot(A, B)), dot(adj(B), adj(A)));
    rule("log determinant", log(det(D)), logdet(D));
    rule("log determinant", log(abs(det(A))), logdet(A));
    rule("log determinant of a product", logdet(dot(A, B)), logdet(A) + logdet(B));
    rule("log determinant of an inverse", logdet(inv(A)), -logdet(A));
    rule("log determinant of exp", logdet(expm(A)), trace(A));
    rule("log determinant of a square root", logdet(sqrtm(A)), Rational(1, 2) * logdet(A));
    rule("determinant of a square root", det(sqrtm(P)), sqrt(det(P)));
    rule("log determinant of a factor", logdet(chol(S)), Rational(1, 2) * logdet(S));
  }

  // Functions of one symmetric matrix commute; d tr f(S) = <f'(S), dS>.
  void spectra() {
    rule("nuclear norm", trace(sqrtm(dot(X, transposed(X)))), normnuc(X));
    rule("root of a dyad", sqrtm(outer(x, x)), outer(x, direction(x)));
    rule("a vector along its direction", dot(x, direction(x)), norm(x));
    rule("polar factor", dot(inv(sqrtm(dot(X, transposed(X)))), X), polar(X));
    rule("root squared", dot(sqrtm(A), sqrtm(A)), A);
    rule("root of a square", sqrtm(dot(P, P)), P);
    rule("root over itself", dot(inv(sqrtm(A)), A), sqrtm(A));
    rule("root over itself", dot(A, inv(sqrtm(A))), sqrtm(A));
    rule("root inverted twice", dot(inv(sqrtm(A)), inv(sqrtm(A))), inv(A));
    rule("Lyapunov equation of the identity", lyap(A, I), Rational(1, 2) * inv(A));
    rule("Lyapunov equation of its matrix", lyap(A, A), Rational(1, 2) * I);
    rule("Lyapunov equation of a square root", lyap(sqrtm(A), A), Rational(1, 2) * sqrtm(A));
    rule("exp along itself", dexpm(A, A), dot(A, expm(A)));
    rule("exp along the identity", dexpm(A, I), expm(A));
    rule("exp along its line", dexpm(times(alpha, A), A), dot(A, expm(times(alpha, A))));
    rule("exp along a transpose", dexpm(transposed(A), B), transposed(dexpm(A, transposed(B))));
    rule("log along a transpose", dlogm(transposed(A), B), transposed(dlogm(A, transposed(B))));
    rule("Lyapunov equation of a transpose", lyap(transposed(A), B), transposed(lyap(A, transposed(B))));
    // A commutes with what these integrate over.
    rule("exp along a multiple", dexpm(A, dot(A, B)), dot(A, dexpm(A, B)));
    rule("exp along a multiple", dexpm(A, dot(B, A)), dot(dexpm(A, B), A));
    rule("log along a multiple", dlogm(A, dot(A, B)), dot(A, dlogm(A, B)));
    rule("log along a multiple", dlogm(A, dot(B, A)), dot(dlogm(A, B), A));
    rule("Lyapunov equation of a multiple", lyap(A, dot(A, B)), dot(A, lyap(A, B)));
    rule("Lyapunov equation of a multiple", lyap(A, dot(B, A)), dot(lyap(A, B), A));
    for (const auto f : {inv, expm, logm, sqrtm}) {
      rule("exp along a function of its matrix", dexpm(A, f(A)), dot(f(A), expm(A)));
      rule("exp along a multiple", dexpm(A, dot(f(A), B)), dot(f(A), dexpm(A, B)));
      rule("exp along a multiple", dexpm(A, dot(B, f(A))), dot(dexpm(A, B), f(A)));
      rule("log along a function of its matrix", dlogm(A, f(A)), dot(f(A), inv(A)));
      rule("log along a multiple", dlogm(A, dot(f(A), B)), dot(f(A), dlogm(A, B)));
      rule("log along a multiple", dlogm(A, dot(B, f(A))), dot(dlogm(A, B), f(A)));
      rule("Lyapunov equation of a function", lyap(A, f(A)), Rational(1, 2) * dot(f(A), inv(A)));
      rule("Lyapunov equation of a multiple", lyap(A, dot(f(A), B)), dot(f(A), lyap(A, B)));
      rule("Lyapunov equation of a multiple", lyap(A, dot(B, f(A))), dot(lyap(A, B), f(A)));
    }
    for (const auto f : {inv, expm, logm}) {
      rule("Lyapunov equation of a function", lyap(sqrtm(A), f(A)),
           Rational(1, 2) * dot(f(A), inv(sqrtm(A))));
      rule("Lyapunov equation of a multiple", lyap(sqrtm(A), dot(f(A), B)), dot(f(A), lyap(sqrtm(A), B)));
      rule("Lyapunov equation of a multiple", lyap(sqrtm(A), dot(B, f(A))), dot(lyap(sqrtm(A), B), f(A)));
    }
    rule("Lyapunov equation of a multiple", lyap(sqrtm(A), dot(A, B)), dot(A, lyap(sqrtm(A), B)));
    rule("Lyapunov equation of a multiple", lyap(sqrtm(A), dot(B, A)), dot(lyap(sqrtm(A), B), A));
    rule("log along itself", dlogm(A, A), I);
    rule("log along the identity", dlogm(A, I), inv(A));
    rule("log undoes exp", logm(expm(S)), S);
    rule("exp undoes log", expm(logm(A)), A);
    rule("exp of the inverse", dot(expm(A), expm(-A)), I);
    rule("inverse of exp", inv(expm(A)), expm(-A));
    rule("log of the inverse", logm(inv(D)), -logm(D));
    spectral_decompositions();
    rule("trace of log", trace(logm(D)), logdet(D));
    const Expr z = hole("z", {p});
    for (const auto f : {norm, normnuc, normop})
      rule("norm of a dyad", f(outer(x, z)), times(norm(x), norm(z)));
    for (const auto f : {norm, normnuc, normop}) rule("norm of a rotation", f(dot(Q, X)), f(X));
    for (const auto f : {norm, normnuc, normop}) rule("norm of a rotation", f(dot(A, Q)), f(A));
    rule("norm of a rotation", norm(dot(Q, x)), norm(x));
    rule("norm of a rotation", sum_all(square(dot(Q, x))), sum_all(square(x)));
    rule("norm of a rotation", sum_all(square(dot(Q, X))), sum_all(square(X)));
    rule("norm of a rotation", sum_all(square(dot(A, Q))), sum_all(square(A)));
    rule("nuclear norm of a semi-definite matrix", normnuc(P), trace(P));
    rule("spectral norm of a square", normop(dot(X, transposed(X))), square(normop(X)));
    rule("sum of singular values", sum_all(svdvals(X)), normnuc(X));
    rule("Frobenius norm of singular values", sum_all(square(svdvals(X))), sum_all(square(X)));
    rule("polar factor and its matrix", sum_all(times(polar(X), X)), normnuc(X));
  }

  // Q diag(f(lambda)) Q' = f(S), and its trace.
  void spectral_decompositions() {
    const Axis i = g.axis(n);
    const Axis j = g.axis(n);
    const Axis k = g.axis(n);
    const auto spectral = [&](Expr s, Expr values, Expr matrix) {
      const Expr q = eigvecs(s);
      rule("spectral decomposition", g.product(1, {{q, {i, k}}, {values, {k}}, {q, {j, k}}}, {i, j}), matrix);
      rule("trace of a spectral function", sum_all(values), trace(matrix));
    };
    spectral(S, eigvals(S), S);
    spectral(S, square(eigvals(S)), dot(S, S));
    spectral(S, power(eigvals(S), Rational(3)), dot(S, dot(S, S)));
    spectral(S, exp(eigvals(S)), expm(S));
    spectral(D, power(eigvals(D), Rational(-1)), inv(D));
    spectral(P, sqrt(eigvals(P)), sqrtm(P));
    spectral(D, log(eigvals(D)), logm(D));
    rule("determinant of the eigenvalues", prod(eigvals(S)), det(S));
  }

  void norms() {
    for (const auto& u : {x, X}) {
      const Expr s = sum_all(square(u));
      for (const std::int64_t k : {1, -1, 3, -3, 5, -5}) {
        rule("norm", power(s, Rational(k, 2)), power(norm(u), Rational(k)));
      }
      const Expr root = norm(u);
      rule("norm times direction", times(root, direction(u)), u);
      rule("norm times direction", times(s, direction(u)), times(root, u));
      rule("norm times direction", times(power(root, Rational(3)), direction(u)), times(s, u));
      rule("norm times direction", times(power(s, Rational(2)), direction(u)),
           times(power(root, Rational(3)), u));
      rule("norm", times(s, root), power(root, Rational(3)));
      rule("norm", times(s, g.power(root, alpha)), g.power(root, alpha + Rational(2) * one));
      rule("norm", times(g.power(s, beta), root), g.power(root, Rational(2) * beta + one));
      rule("norm", times(g.power(s, beta), g.power(root, alpha)), g.power(root, Rational(2) * beta + alpha));
    }
  }

  void diagonals() {
    rule("inverse of a diagonal", inv(diagonal_matrix(x)), diagonal_matrix(power(x, Rational(-1))));
    rule("determinant of a diagonal", det(diagonal_matrix(x)), prod(x));
    rule("log determinant of a diagonal", logdet(diagonal_matrix(x)), sum_all(log(abs(x))));
    rule("exp of a diagonal", expm(diagonal_matrix(x)), diagonal_matrix(exp(x)));
    rule("product over an entry", times(prod(x), power(x, Rational(-1))), prod_grad(x));
    rule("product without an entry over the product", times(prod_grad(x), power(prod(x), Rational(-1))),
         power(x, Rational(-1)));
  }

  void softmaxes() {
    for (const auto& u : {x, X}) {
      rule("softmax", times(exp(u), power(sum_all(exp(u)), Rational(-1))), softmax(u));
      rule("softmax", times(exp(u), exp(-logsumexp(u))), softmax(u));
      rule("softmax sums to one", sum_all(softmax(u)), one);
    }
    for (const int axis : {0, 1}) {
      const Expr s = sum_axis(exp(X), axis);
      const Axis i = g.axis(n);
      const Axis j = g.axis(p);
      const Expr spread = g.product(1, {{power(s, Rational(-1)), {axis == 0 ? j : i}}}, {i, j});
      rule("softmax", times(exp(X), spread), softmax(X, axis));
      rule("softmax sums to one", sum_axis(softmax(X, axis), axis), g.ones({axis == 0 ? p : n}));
    }
  }

  void differences() {
    rule("difference of neighbours", slice(x, 0, Size(1), n - Size(1)) - slice(x, 0, Size(0), n - Size(1)),
         diff(x));
    rule("difference of neighbours", slice(X, 0, Size(1), n - Size(1)) - slice(X, 0, Size(0), n - Size(1)),
         diff(X, 0));
    rule("difference of neighbours", slice(X, 1, Size(1), p - Size(1)) - slice(X, 1, Size(0), p - Size(1)),
         diff(X, 1));
  }

  // A factor of a branch moves into it, so that a branch that is not taken cannot spoil the product.
  void choices() {
    for (std::size_t k = 0; k < any.size(); ++k) {
      const Shape shape = any[k].shape();
      const Expr c = hole("c", shape);
      const Expr u = hole("u", shape);
      const Expr zero = g.zeros(shape);
      const auto choose = [&](Expr a, Expr b) { return select(c, a, b); };
      const auto choose_positive = [&](Expr t, Expr a, Expr b) { return select(less(zero, t), a, b); };
      rule("maximum with zero", max(any[k], zero), relu(any[k]));
      rule("maximum with zero", max(zero, any[k]), relu(any[k]));
      rule("minimum with zero", min(any[k], zero), -relu(-any[k]));
      rule("minimum with zero", min(zero, any[k]), -relu(-any[k]));
      // Where relu is not 0 its argument is positive.
      rule("positive part", choose_positive(any[k], any[k], zero), relu(any[k]));
      rule("positive part", times(relu(any[k]), choose_positive(any[k], u, zero)), times(relu(any[k]), u));
      for (const std::int64_t e : {2, 3, 4}) {
        const Expr power_of_relu = power(relu(any[k]), Rational(e));
        rule("positive part", times(power_of_relu, choose_positive(any[k], u, zero)),
             times(power_of_relu, u));
      }
      rule("factor of a chosen branch", times(choose(any[k], zero), u), choose(times(any[k], u), zero));
      rule("factor of the other branch", times(choose(zero, any[k]), u), choose(zero, times(any[k], u)));
      rule("sum of two choices", choose(any[k], zero) + choose(zero, u), choose(any[k], u));
    }
  }
};

}  // namespace

std::span<const Rule> rules() {
  static const Table table;
  return table.list;
}

}  // namespace adjoint

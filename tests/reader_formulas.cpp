// Formulas that graphs are read back as, over small graphs made by hand.
#include <gtest/gtest.h>

#include "calculus/differentiate.hpp"
#include "ops/abstract.hpp"
#include "ops/elementwise.hpp"
#include "ops/matrix.hpp"
#include "ops/products.hpp"
#include "ops/reductions.hpp"
#include "ops/structure.hpp"
#include "print/reader.hpp"
#include "print/text.hpp"

namespace adjoint {
namespace {

class ReaderTest : public ::testing::Test {
 protected:
  Graph g;
  Size n = Size::name("n"), p = Size::name("p"), q = Size::name("q"), m = Size::name("m");
  syntax::Type row{Size(1), Size::name("q"), {}};
  Expr A = g.variable("A", {m, n}), B = g.variable("B", {p, q}), C = g.variable("C", {m, q});
  Expr X = g.variable("X", {n, n}), Y = g.variable("Y", {n, p});
  Expr S = g.variable("S", {n, n}, Facts::definite_matrix());
  Expr b = g.variable("b", {m}), x = g.variable("x", {n}), y = g.variable("y", {n}), z = g.variable("z", {n});
  Expr r = g.variable("r", {q});  // a row
  Expr lambda = g.variable("lambda", {}, Facts::of_signs(Signs::positive()));
  Expr eps = g.variable("eps", {}, Facts::of_signs(Signs::positive()));

  static syntax::Type type_of(Expr e) {
    syntax::Type t;
    if (e.rank() > 2) t.higher = e.shape();
    if (e.rank() > 0 && e.rank() < 3) t.rows = e.shape()[0];
    if (e.rank() == 2) t.columns = e.shape()[1];
    return t;
  }
  ReadOptions options() const {
    ReadOptions o;
    o.declared = [this](std::string_view name) { return name == "r" ? &row : nullptr; };
    return o;
  }
  std::string text(Expr e) const {
    const syntax::Ast tree = read(e, type_of(e), options());
    return tree ? print::text(tree) : "(none)";
  }
  std::string map(Expr f, Expr v) {
    const Expr h = direction_for(v, "H");
    const Movement move{v, h};
    const Expr body = pushforward(f, std::span(&move, 1));
    return print::text(read_map(body, type_of(body), h, options()));
  }
  std::string kronecker(Expr f, Expr v) {
    const Expr h = direction_for(v, "H");
    const Movement move{v, h};
    const Expr body = pushforward(f, std::span(&move, 1));
    const auto tree = read_kronecker(body, type_of(body), h, type_of(v), options());
    return tree ? print::text(tree) : "(none)";
  }
};

TEST_F(ReaderTest, VectorsAndScalars) {
  EXPECT_EQ(text(dot(x, y)), "x'*y");
  EXPECT_EQ(text(dot(x, times(y, z))), "x'*(y.*z)");
  EXPECT_EQ(text(divide(x, y)), "x./y");
  EXPECT_EQ(text(sum_all(x)), "sum(x)");
  EXPECT_EQ(text(sum_all(square(x))), "x'*x");
  EXPECT_EQ(text(sum_all(square(Y))), "norm(Y)^2");
  EXPECT_EQ(text(dot(A, x) - b), "A*x-b");
  EXPECT_EQ(text(power(x, Rational(-1))), "1./x");
  EXPECT_EQ(text(sum_all(abs(x))), "norm(x,1)");
  EXPECT_EQ(text(maximum(abs(x))), "norm(x,inf)");
  EXPECT_EQ(text(times(power(x, Rational(2)), power(eps, Rational(-2)))), "(x/eps).^2");
  EXPECT_EQ(text(g.ones({n, p})), "ones(n,p)");
  EXPECT_EQ(text(g.identity(n)), "eye(n)");
  EXPECT_EQ(text(broadcast(lambda, {n}) + x), "x+lambda");
}

TEST_F(ReaderTest, Traces) {
  EXPECT_EQ(text(trace(dot(X, dot(X, X)))), "tr(X^3)");
  EXPECT_EQ(text(trace(dot(transposed(X), dot(X, S)))), "tr(X'*X*S)");
  EXPECT_EQ(text(trace(dot(A, transposed(A)))), "norm(A)^2");
  EXPECT_EQ(text(diagonal_of(dot(transposed(A), dot(dot(A, X), X)))), "diag(A'*A*X^2)");
}

TEST_F(ReaderTest, Gradients) {
  const Expr residual = dot(A, x) - b;
  EXPECT_EQ(text(gradient(Rational(1, 2) * sum_all(square(residual)), x)), "A'*(A*x-b)");
  EXPECT_EQ(text(gradient(norm(x - y), x)), "(x-y)/norm(x-y)");
  EXPECT_EQ(text(gradient(trace(dot(transposed(Y), dot(S, Y))), Y)), "2*S*Y");
  EXPECT_EQ(text(gradient(logsumexp(residual), x)), "A'*softmax(A*x-b)");
  EXPECT_EQ(text(gradient(sum_all(logsumexp(dot(A, Y), 0)), Y)), "A'*softmax(A*Y)");
  EXPECT_EQ(text(gradient(sum_all(sqrt(sum_axis(square(Y), 0))), Y)), "Y./(ones(n)*sqrt(sum(Y.^2,1)))");
  EXPECT_EQ(text(gradient(dot(x, dot(inv(X), y)), X)), "-inv(X)'*x*(inv(X)*y)'");
  EXPECT_EQ(text(gradient(norm(diff(x)), x)), "diffT(diff(x)/norm(diff(x)))");
}

TEST_F(ReaderTest, Rows) {
  const Expr W = g.variable("W", {q, n});
  const Expr f = dot(r, abstract_entrywise("rho", 0, dot(W, x)));
  EXPECT_EQ(text(f), "r*rho(W*x)");
  EXPECT_EQ(text(gradient(f, W)), "r'.*rho_prime(W*x)*x'");
  EXPECT_EQ(text(gradient(f, x)), "W'*(r'.*rho_prime(W*x))");
}

TEST_F(ReaderTest, Jacobians) {
  EXPECT_EQ(text(jacobian(x + dot(transposed(A), tanh(dot(A, x))), x)), "eye(n)+A'*diag(1-tanh(A*x).^2)*A");
  EXPECT_EQ(text(jacobian(divide(x, y), y)), "-diag(x./y.^2)");
  EXPECT_EQ(text(jacobian(gradient(sum_all(power(x, Rational(3))), x), x)), "6*diag(x)");
  EXPECT_EQ(text(jacobian(fuse(outer(x, x), 0), x)), "kron(x,eye(n))+kron(eye(n),x)");
}

TEST_F(ReaderTest, Maps) {
  EXPECT_EQ(map(inv(X), X), "H -> -inv(X)*H*inv(X)");
  EXPECT_EQ(map(dot(X, X), X), "H -> H*X+X*H");
  EXPECT_EQ(map(sigmoid(dot(A, Y)), A), "H -> sigmoid(A*Y).*(1-sigmoid(A*Y)).*(H*Y)");
  EXPECT_EQ(map(kron(Y, B), Y), "H -> kron(H,B)");
  EXPECT_EQ(map(fuse(dot(A, Y), 0), Y), "H -> vec(A*H)");
  const Expr h = g.variable("H", {n, n});
  EXPECT_EQ(map(dot(h, X), X), "U -> H*U");
}

TEST_F(ReaderTest, Kronecker) {
  EXPECT_EQ(kronecker(dot(A, dot(Y, B)), Y), "kron(B',A)");
  EXPECT_EQ(kronecker(transposed(Y), Y), "commutation(n,p)");
  EXPECT_EQ(kronecker(dot(Y, transposed(Y)), Y), "kron(Y,eye(n))+kron(eye(n),Y)*commutation(n,p)");
  EXPECT_EQ(kronecker(inv(X), X), "-kron(inv(X)',inv(X))");
  EXPECT_EQ(kronecker(exp(Y), Y), "diag(vec(exp(Y)))");
  EXPECT_EQ(kronecker(sqrtm(S), S), "inv(kron(eye(n),sqrtm(S))+kron(sqrtm(S),eye(n)))");
  EXPECT_EQ(kronecker(times(trace(dot(transposed(Y), Y)), Y), Y), "norm(Y)^2*eye(n*p)+2*vec(Y)*vec(Y)'");
  EXPECT_EQ(kronecker(diff(Y), Y), "kron(eye(p),diff(eye(n)))");
}

TEST_F(ReaderTest, Indices) {
  const Expr T = g.variable("T", {n, n, n});
  EXPECT_EQ(text(g.product(1, std::vector<Factor>{{T, {0, 1, 2}}, {x, {1}}, {y, {2}}}, {0}, {n, n, n})),
            "sum(i=1:n, y[i]*T[:,:,i]*x)");
  EXPECT_EQ(text(dot(X, unit(g, n, Size(2)))), "X[:,2]");
  EXPECT_EQ(text(slice(slice(X, 0, Size(1), n - Size(1)), 1, Size(0), Size(3))), "X[2:n,1:3]");
  EXPECT_EQ(text(concat({dot(A, x), b}, 0)), "[A*x; b]");
  EXPECT_EQ(text(select(less(x, y), square(x), g.number(0))), "where(x<y,x.^2,0)");
  const Axis a = g.axis(n), c = g.axis(n), d = g.axis(n), e = g.axis(n);
  const Expr k4 =
      g.product(1, {{X, {a, c}}, {X, {c, d}}, {X, {d, a}}, {X, {a, e}}, {X, {c, e}}, {X, {d, e}}}, {});
  EXPECT_EQ(text(k4).substr(0, 11), "sum(i=1:n, ");
}

TEST_F(ReaderTest, DeepCompositionStaysSmall) {
  Expr f = x;
  for (int k = 0; k < 100; ++k) f = f + dot(transposed(A), tanh(dot(A, f)));
  const auto tree = read(f, type_of(f), options());
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->kind, syntax::Kind::Let);
  EXPECT_LT(syntax::operation_count(tree), 2000);
}

}  // namespace
}  // namespace adjoint

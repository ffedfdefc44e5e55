// Different ways to write one expression give one node of the graph.
#include <gtest/gtest.h>

#include "notation_support.hpp"

namespace adjoint::notation {
namespace {

TEST(Elaborate, EqualExpressionsAreOneNode) {
  const std::string given =
      "x in R^n; y in R^n; z in R^p; b in R^(1,q); A in R^(q,n); B in R^(q,p); X in R^(n,p); S in Sym(n); M "
      "in R^(n,n); t in R; s in R;"
      "rho : R -> R; g : R^n -> R; psi : R -> R; psi(u) = u^2+s; quad : R^n -> R; quad(u) = u'*u; cube : R^n "
      "-> R; cube(u) = sum(u.^3); lin : R^n -> R^q; lin(u) = A*u; v in R^3; w in R^4; P in PD(n); sq(u) = "
      "u'*u; blocks in R^(n*q)";
  const std::pair<const char*, const char*> cases[] = {
      {"x'*y", "dot(x,y)"},
      {"x'*y", "y'*x"},
      {"x'*y", "tr(y*x')"},
      {"(A*X)'", "X'*A'"},
      {"X^T", "X'"},
      {"sum(i=1:n, x[i])", "sum(x)"},
      {"sum(i=1:n, x[i]*y[i])", "x'*y"},
      {"sum(i=1:p, X[:,i])", "sum(X,2)"},
      {"sum(i=1:n, X[i,:])", "sum(X,1)"},
      {"sum(i=1:p, X[:,i]*z[i])", "X*z"},
      {"sum(i=1:n, M[i,i])", "tr(M)"},
      {"sum(i=1:n, sum(j=1:n, x[i]*M[i,j]*y[j]))", "x'*M*y"},
      {"sum(i=1:n, (x[i]-y[i])^2)", "sum((x-y).^2)"},
      {"sum(i=1:n-1, (x[i+1]-x[i])^2)", "sum((x[2:n]-x[1:n-1]).^2)"},
      {"sum(i=2:n, x[i-1])", "sum(x[1:n-1])"},
      {"sum(i=1:p, (b*rho(B*X'[:,1])-1)^2)", "p*(b*rho(B*X'[:,1])-1)^2"},
      {"sum(i=1:n, t)", "n*t"},
      {"sum(i=1:p, exp(X[:,i]))", "sum(exp(X),2)"},
      {"sum(i=1:p, X[:,i]'*M*X[:,i])", "tr(X'*M*X)"},
      {"sum(i=1:n, i)", "sum(cumsum(ones(n)))"},
      {"sum(i=1:n, unit(n,i)*x[i])", "x"},
      {"sum(i=1:n, where(x[i]>t, x[i], 0))", "sum(where(x>t,x,0))"},
      {"sum(i=1:n, max(x[i],t))", "sum(max(x,t))"},
      {"sum(i=1:n, x[i:i])", "sum(x)"},
      {"sum(j=1:q, blocks[(j-1)*n+1:j*n])", "sum(reshape(blocks,n,q),2)"},
      {"sum(j=1:q-1, blocks[j*n+1:(j+1)*n])", "sum(reshape(blocks[n+1:n*q],n,q-1),2)"},
      {"sum(j=1:q, b[j]*sum(i=1:n, blocks[(j-1)*n+i]*x[i]))", "b*reshape(blocks,n,q)'*x"},
      {"X[:,1]'*M*X[:,2]", "(X'*M*X)[1,2]"},
      {"X[1,2]", "X'[2,1]"},
      {"x[1]", "unit(n,1)'*x"},
      {"X[:,:]", "X"},
      {"X[1:n,:]", "X"},
      {"v[2:2]", "v[2]"},
      {"M^2", "M*M"},
      {"M^-1", "inv(M)"},
      {"M^-2", "inv(M)*inv(M)"},
      {"M^0", "eye(n)"},
      {"M^1", "M"},
      {"M\\x", "inv(M)*x"},
      {"t\\x", "x/t"},
      {"1./x", "x.^-1"},
      {"x.^2", "x.*x"},
      {"x/t", "x./t"},
      {"2^3", "8"},
      {"norm(x)^2", "x'*x"},
      {"[x]", "x"},
      {"psi(x)", "x.^2+s"},
      {"psi_prime(x)", "2*x"},
      {"psi_prime(X)", "2*X"},
      {"psi_second(t)", "2"},
      {"sum(i=1:p, psi_prime(X[:,i]))", "2*sum(X,2)"},
      {"psi(psi(psi(t)))", "((t^2+s)^2+s)^2+s"},
      {"quad_grad(x)", "2*x"},
      {"quad_hess(M*x)", "2*eye(n)"},
      {"cube_hess(y)", "6*diag(y)"},
      {"sum(i=1:p, cube_grad(X[:,i]))", "3*sum(i=1:p, X[:,i].^2)"},
      {"sum(i=1:p, cube_hess(X[:,i]))", "6*diag(sum(X,2))"},
      {"lin_jac(x)", "A"},
      {"psi(X)", "X.^2+s"},
      {"sum(i=1:p, psi(X[:,i]))", "sum(X.^2+s,2)"},
      {"sq(x-y)", "(x-y)'*(x-y)"},
      {"V*V where V = M'", "(M')^2"},
      {"S'", "S"},
      {"diag(x)*y", "x.*y"},
      {"X-X", "zeros(n,p)"},
      {"eye(n)*x", "x"},
      {"sum(i=1:p, sum(X[:,i]))", "sum(X)"},
      {"sum(i=1:p, logsumexp(X[:,i]))", "sum(logsumexp(X,1))"},
  };
  for (const auto& [left, right] : cases) {
    Session session(false);
    Graph graph;
    ASSERT_TRUE(session.declare(given)) << session.errors_text();
    const auto a = session.expression(graph, left);
    const auto b = session.expression(graph, right);
    ASSERT_TRUE(a && b) << left << " | " << right << '\n' << session.errors_text();
    EXPECT_EQ(domain_text(a->type), domain_text(b->type)) << left << " | " << right;
    EXPECT_TRUE(a->value == b->value) << left << " | " << right;
  }
}

TEST(Elaborate, FactsOfDeclarations) {
  Session session;
  Graph graph;
  ASSERT_TRUE(session.declare("S in PD(n); p >= 1; x in R+^n; q < 0; L in Lower(n)"));
  const auto f = session.expression(graph, "p+q+x'*S*L*x");
  ASSERT_TRUE(f) << session.errors_text();
  EXPECT_TRUE(is_definite(variable(graph, *f->symbol("S"))));
  EXPECT_TRUE(is_lower(variable(graph, *f->symbol("L"))));
  EXPECT_TRUE(variable(graph, *f->symbol("p"))->facts.signs.is_positive());
  EXPECT_TRUE(variable(graph, *f->symbol("q"))->facts.signs.is_negative());
  EXPECT_TRUE(variable(graph, *f->symbol("x"))->facts.signs.is_positive());
}

TEST(Elaborate, LongSumsAreQuick) {
  std::string text = "x1";
  for (int k = 2; k <= 20'000; ++k) text += (k % 2 == 0 ? "+x" : "-x") + std::to_string(k % 50);
  EXPECT_EQ(asked("", text).errors, "");
}

TEST(Elaborate, FormulasCanBeReadAgain) {
  Session session;
  Graph graph;
  const auto f = session.expression(graph, "norm(A*x-b)^2+lambda*sum(abs(x))");
  ASSERT_TRUE(f);
  Session again(false);
  for (const auto& d : f->declarations()) ASSERT_TRUE(again.declare(d)) << again.errors_text();
  const auto g = again.expression(graph, f->text);
  ASSERT_TRUE(g) << again.errors_text();
  EXPECT_TRUE(f->value == g->value);
  session.adopt(*f);
  EXPECT_EQ(session.expression(graph, "A'*b")->assumptions().size(), 2U);
}

TEST(Elaborate, Maps) {
  Session session;
  Graph graph;
  ASSERT_TRUE(session.declare("A in R^(m,n); X in R^(n,p)"));
  const auto map = session.map(graph, "H -> A*H", session.symbols().find("X")->type);
  ASSERT_TRUE(map) << session.errors_text();
  EXPECT_EQ(domain_text(map->body.type), "R^(m,p)");
  EXPECT_FALSE(session.map(graph, "A*H", {}));
  EXPECT_EQ(session.symbols().find("H"), nullptr);
}

}  // namespace
}  // namespace adjoint::notation

// Types, assumptions and the errors that inference reports.
#include <gtest/gtest.h>

#include "notation_support.hpp"

namespace adjoint::notation {
namespace {

TEST(Infer, KindsOfUndeclaredNames) {
  const auto assumed = [](const char* expression) {
    std::string out;
    for (const auto& a : asked("", expression).assumptions) out += (out.empty() ? "" : "; ") + a;
    return out;
  };
  EXPECT_EQ(assumed("A*x+b"), "A in R^(m,n); x in R^n; b in R^m");
  EXPECT_EQ(assumed("norm(A*x-b)^2"), "A in R^(m,n); x in R^n; b in R^m");
  EXPECT_EQ(assumed("norm(x,p)"), "x in R^n; p in R");
  EXPECT_EQ(assumed("norm_eps(x,eps)"), "x in R^n; eps in R");
  EXPECT_EQ(assumed("alpha*x+lambda_1*y"), "alpha in R; x in R^n; lambda_1 in R; y in R^n");
  EXPECT_EQ(assumed("x.^q"), "x in R^n; q in R");
  EXPECT_EQ(assumed("sqrt(x^2+1)"), "x in R");
  EXPECT_EQ(assumed("det(X)+det(x)"), "X in R^(n,n); x in R^(m,m)");
  EXPECT_EQ(assumed("x[1]+x[2]"), "x in R^n");
  EXPECT_EQ(assumed("tr(X'*B*X)"), "X in R^(m,n); B in R^(m,m)");
  EXPECT_EQ(assumed("A*X*B"), "A in R^(m,n); X in R^(n,p); B in R^(p,q)");
  EXPECT_EQ(assumed("logdet(eye(k)+X*X')"), "X in R^(k,n)");
  EXPECT_EQ(assumed("sum(i=1:n-1, (x[i+1]-x[i])^2)"), "x in R^n");
  EXPECT_EQ(assumed("sum(i=1:m, norm(X[:,i])^2)"), "X in R^(n,m)");
  EXPECT_EQ(assumed("x/norm(x)"), "x in R^n");
  EXPECT_EQ(assumed("X/s"), "X in R^(m,n); s in R");
}

TEST(Infer, Types) {
  const std::string given =
      "x in R^n; y in R^n; z in R^p; b in R^(1,q); A in R^(q,n); X in R^(n,p); S in Sym(n); t in R; T in "
      "R^(n,p,k);"
      "g : R^n -> R; rho : R -> R; h : R^n -> R^q";
  const std::pair<const char*, const char*> cases[] = {
      {"x'*y", "R"},
      {"x*y'", "R^(n,n)"},
      {"(x'*y)*X", "R^(n,p)"},
      {"b*A*x", "R"},
      {"A*X", "R^(q,p)"},
      {"t*X+1", "R^(n,p)"},
      {"1./x", "R^n"},
      {"x.^2", "R^n"},
      {"2.^x", "R^n"},
      {"X^T", "R^(p,n)"},
      {"b'", "R^q"},
      {"S^-1", "R^(n,n)"},
      {"S\\x", "R^n"},
      {"sum(X,1)", "R^(1,p)"},
      {"sum(X,2)", "R^n"},
      {"max(X,[],1)", "R^(1,p)"},
      {"max(x,0)", "R^n"},
      {"max(x)", "R"},
      {"diff(x)", "R^(n-1)"},
      {"diffT(diff(x))", "R^n"},
      {"diff(X,2)", "R^(n,p-1)"},
      {"kron(A,X)", "R^(n*q,n*p)"},
      {"vec(X)", "R^(n*p)"},
      {"reshape(X,p,n)", "R^(p,n)"},
      {"commutation(n,p)*vec(X)", "R^(n*p)"},
      {"eye(n)*x", "R^n"},
      {"unit(n,1)", "R^n"},
      {"ones(n,p)", "R^(n,p)"},
      {"diag(x)", "R^(n,n)"},
      {"diag(S)", "R^n"},
      {"[X x]", "R^(n,p+1)"},
      {"[x; y]", "R^(2*n)"},
      {"[x' ; y']", "R^(2,n)"},
      {"[t, 1; 1, 3]", "R^(2,2)"},
      {"X[:,1]", "R^n"},
      {"X[1,:]", "R^(1,p)"},
      {"X[2:n,:]", "R^(n-1,p)"},
      {"X[end,1]", "R"},
      {"x[2:end]", "R^(n-1)"},
      {"T[:,:,1]", "R^(n,p)"},
      {"T[1,:,:]+0", "R^(p,k)"},
      {"exp(T)", "R^(n,p,k)"},
      {"sum(T)", "R"},
      {"sum(i=1:n, x[i])", "R"},
      {"sum(i=1:p, X[:,i]*z[i])", "R^n"},
      {"sum(i=1:n, i*x[i])", "R"},
      {"sum(i=1:n, sum(j=1:p, X[i,j]*x[i]*z[j]))", "R"},
      {"g(x)", "R"},
      {"g_grad(x)", "R^n"},
      {"g_hess(x)", "R^(n,n)"},
      {"rho(X)", "R^(n,p)"},
      {"rho_prime(x)", "R^n"},
      {"h(x)", "R^q"},
      {"h_jac(x)", "R^(q,n)"},
      {"where(x<t, x, 0)", "R^n"},
      {"svdvals(S)", "R^n"},
      {"mean(x)", "R"},
      {"x/n", "R^n"},
      {"sqrt(n)*t", "R"},
      {"norm(x,inf)", "R"},
      {"X*V where V = inv(X'*X)", "R^(n,p)"},
      {"W*x where V = S, W = V*V", "R^n"},
  };
  for (const auto& [expression, type] : cases) {
    const Answer a = asked(given, expression, false);
    EXPECT_EQ(a.type, type) << expression << '\n' << a.errors;
  }
}

TEST(Infer, Definitions) {
  const std::string given =
      "A in R^(m,n); x in R^n; b in R^m; lambda in R+\n"
      "f(u) = norm(A*u-b)^2\n"
      "r(u,mu) = f(u) + mu*norm(u)^2\n"
      "y = A*x\n"
      "z = y+b";
  EXPECT_EQ(asked(given, "f(x)").type, "R");
  EXPECT_EQ(asked(given, "r(2*x,lambda)+z'*z").type, "R");
  EXPECT_EQ(asked(given, "z").type, "R^m");
  const Answer a = asked(given, "r");  // by name, of its own parameters
  EXPECT_EQ(a.type, "R") << a.errors;
  EXPECT_EQ(a.assumptions, (std::vector<std::string>{"u in R^n", "mu in R"}));
  EXPECT_EQ(asked("rho : R -> R; rho(t) = t^2+1; x in R^n", "rho(x)").type, "R^n");
  EXPECT_EQ(asked("g : R^p -> R; g(u) = u'*u; x in R^p", "g(x)").type, "R");
}

TEST(Infer, ArgumentsAreWhatTheBodyMakesOfThem) {
  EXPECT_EQ(asked("f(x) = x^2+1; g(u,A) = f(u)*det(A)", "g(s,b)").assumptions,
            (std::vector<std::string>{"s in R", "b in R^(n,n)"}));
  EXPECT_EQ(asked("f(x) = x^2+1", "f").assumptions, (std::vector<std::string>{"x in R"}));
}

TEST(Infer, LongChainsOfDefinitions) {
  std::string given = "x0 in R^n; A in R^(q,n); rho : R -> R; f(u) = u + A'*rho(A*u)\n";
  for (int k = 1; k <= 500; ++k) {
    given += "x" + std::to_string(k) + " = x" + std::to_string(k - 1) + "+A'*rho(A*x" +
             std::to_string(k - 1) + ")\n";
  }
  EXPECT_EQ(asked(given, "x500").type, "R^n");
  std::string chain = "x0 in R\n";
  for (int k = 1; k <= 3000; ++k)
    chain += "x" + std::to_string(k) + " = x" + std::to_string(k - 1) + "*x0+1\n";
  EXPECT_EQ(asked(chain, "x3000").type, "R");
  std::string nested = "x0";
  for (int k = 0; k < 200; ++k) nested = "f(" + nested + ")";
  EXPECT_EQ(asked(given, nested).type, "R^n");
}

struct Wrong {
  const char* given;
  const char* expression;
  const char* errors;
};

TEST(Infer, Errors) {
  const Wrong cases[] = {
      {"A in R^(m,n); x in R^p", "A*x",
       "<expression>:1:1: error: `*` does not fit: `A` is (m,n), `x` is (p,1); inner sizes n and p differ "
       "(`A` declared at "
       "<given>:1:1; `x` declared at <given>:1:15)\n"
       "  A*x\n"
       "  ^~~\n"},
      {"", "nrom(x)+foo(y)",
       "<expression>:1:1: error: unknown function `nrom`; did you mean `norm`?\n"
       "  nrom(x)+foo(y)\n"
       "  ^~~~\n"
       "<expression>:1:9: error: unknown function `foo` (an abstract one is declared as foo : R -> R)\n"
       "  nrom(x)+foo(y)\n"
       "          ^~~\n"},
      {"X in R^(n,p)", "inv(X)",
       "<expression>:1:1: error: `inv` takes a square matrix: `X` is (n,p) (`X` declared at <given>:1:1)\n"
       "  inv(X)\n"
       "  ^~~~~~\n"},
      {"", "A/B",
       "<expression>:1:1: error: `/` divides by a scalar: `A` is (m,n), `B` is (p,q); write A*inv(B), or "
       "B\\A to solve B*X = A "
       "(`A`, not declared, taken to be in R^(m,n) at <expression>:1:1; `B`, not declared, taken to be in "
       "R^(p,q) at <expression>:1:3)\n"
       "  A/B\n"
       "  ^~~\n"},
      {"x in R^n; y in R^(1,n)", "1+(x+y)",
       "<expression>:1:4: error: `+` needs equal shapes or a scalar: `x` is (n,1), `y` is (1,n); a row and a "
       "column do not "
       "combine entry by entry (transpose one) (`x` declared at <given>:1:1; `y` declared at <given>:1:11)\n"
       "  1+(x+y)\n"
       "     ^~~\n"},
      {"X in R^(n,n)", "eye(k)+X",
       "<expression>:1:5: error: unknown size `k`; here it would have to be n\n"
       "  eye(k)+X\n"
       "      ^\n"},
      {"x in R^3", "x[4]",
       "<expression>:1:3: error: the subscript reaches 4, beyond the 3 entries\n"
       "  x[4]\n"
       "    ^\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(asked(c.given, c.expression).errors, c.errors) << c.expression;
}

TEST(Infer, EveryMistakeIsAnError) {
  const std::string given =
      "x in R^n; X in R^(n,p); S in Sym(n); t in R; g : R^p -> R; rho : R -> R; f(a,b) = a+b; T in R^(n,n,n)";
  const std::pair<const char*, const char*> cases[] = {
      {"x*x", "for two columns"},
      {"x^2", "square matrix"},
      {"X^2", "square matrix"},
      {"S^0.5", "sqrtm"},
      {"S^t", "integer exponent"},
      {"2^x", "entry by entry it is `.^`"},
      {"x/x", "entry by entry it is `./`"},
      {"X+x", "a vector is not repeated"},
      {"g(x)", "`g` goes from R^p"},
      {"g(x,x)", "takes one argument"},
      {"f(x)", "takes 2 arguments"},
      {"det(x,x)", "takes 1 argument, found 2"},
      {"x(1)", "no function"},
      {"f", ""},
      {"f+1", "is a function"},
      {"rho+1", "is a function"},
      {"sin+1", "is a function"},
      {"x[0]", "count from 1"},
      {"x[1,2,3]", "subscripts"},
      {"X[1]", "two subscripts"},
      {"x[1.5]", "expected a size"},
      {"t[2]", "beyond"},
      {"sum(i=1:n, x[2*i])", "shifted"},
      {"sum(i=1:n, x[i*i])", "shifted"},
      {"sum(i=1:n-1, x[i:i+1])", "steps of its own length"},
      {"sum(i=1:n, x[1:i])", "length of a range"},
      {"sum(i=1:n, sum(j=1:n, x[i+j]))", "one counts blocks"},
      {"sum(i=1:0, x[i])", "empty"},
      {"sum(i=1:n, sum(j=1:i, x[j]))", "cannot depend"},
      {"sum(i=1:n, ones(i))", "cannot be a size"},
      {"sum(i=1:n, x[i+1])", "beyond the n entries"},
      {"sum(i=0:n, x[i])", "count from 1"},
      {"x[3:2]", "empty"},
      {"eye(x)", "no size"},
      {"eye(0)", "at least 1"},
      {"T'", "transpose"},
      {"T*x", "`*` multiplies matrices"},
      {"[x X; X]", "equally many columns"},
      {"[x t]", "equally many rows"},
      {"diff(t)", "empty"},
      {"max(x,X)", "whose sizes fit"},
      {"unknown+1", "unknown name `unknown`"},
      {"tr(eye(k))", "unknown size `k`"},
      {"X\\x", "square"},
      {"1e999*x", "out of range"},
      {"x < t < x", "chained"},
      {"x = 1", "`==` compares"},
      {"2 x", "expected an operator"},
      {"x ~= 1", "there is no"},
      {"f(,)", "expected an operand"},
      {"a.b", "unexpected"},
      {"[]", "a block needs an entry"},
      {"g_prime(x)", "unknown function `g_prime`"},
      {"x'*y where x = y, y = x", "unknown name"},
      {"$", "unexpected character"},
      {std::string_view("\0\1x", 3).data(), "nothing"},
  };
  for (const auto& [expression, part] : cases) {
    const Answer a = asked(given, expression, false);
    if (*part == '\0') continue;
    EXPECT_EQ(a.type, "") << expression;
    EXPECT_NE(a.errors.find(part), std::string::npos) << expression << '\n' << a.errors;
  }
}

TEST(Infer, DeclarationsThatContradict) {
  const std::pair<const char*, const char*> cases[] = {
      {"eps > 0; eps < 0", "contradict"},
      {"eps in R+; eps < -1", "contradict"},
      {"x in R^n; n in R", "name of a size"},
      {"n in R; x in R^n", "cannot be the name of a size"},
      {"x in R^n; x in R^m", "declared already"},
      {"f(x) = x; f(y) = y", "defined already"},
      {"pi in R", "constant"},
      {"x in R^0", "at least 1"},
      {"x in R^(1.5)", "expected a size"},
      {"h : R -> R^m", "values in R"},
      {"g : Sym(n) -> R", "abstract function"},
      {"g : R^p -> R; g > 0", "is a function"},
      {"eps > x", "compares a name with a number"},
      {"x in R^(n^9)", "size"},
  };
  for (const auto& [given, part] : cases) {
    Session session;
    EXPECT_FALSE(session.declare(given)) << given;
    EXPECT_NE(session.errors_text().find(part), std::string::npos) << given << '\n' << session.errors_text();
  }
  Session session;
  EXPECT_TRUE(session.declare("eps > 0; eps in R; x in R^n; x in R^n; n > 2; p in R; p >= 1; p < 4"))
      << session.errors_text();
  EXPECT_TRUE(session.declare("x in R^(n,n); f(t) = t; f(t) = 2*t", Redeclare::Replace))
      << session.errors_text();
}

TEST(Infer, DeepTrees) {
  std::string nested = "x";
  for (int k = 0; k < 900; ++k) nested = (k % 2 == 0 ? "sin(" : "(1+") + nested + ")";
  EXPECT_EQ(asked("x in R^n", nested).type, "R^n");
  std::string product = "s";
  for (int k = 0; k < 1900; ++k) product += "*s";
  EXPECT_EQ(asked("s in R", product).type, "R");
  EXPECT_NE(asked("", "sum(end)").errors.find("word of the notation"), std::string::npos);
}

TEST(Infer, RecursiveDefinitions) {
  EXPECT_NE(asked("a = b+1; b = a+1", "a").errors.find("uses itself"), std::string::npos);
  EXPECT_NE(asked("f(x) = f(x-1)", "f(2)").errors.find("uses itself"), std::string::npos);
}

TEST(Infer, DeclarationsAreEchoed) {
  Session session;
  const std::string text =
      "x in R^n; u in R^(n-1); b in R^(1,q); X in R^(n,p); S in PD(n); eps in R+; w in R+^n; g : R^p -> R; "
      "p1 in R";
  ASSERT_TRUE(session.declare(text)) << session.errors_text();
  ASSERT_TRUE(session.declare("p1 >= 1; p1 < 3.5"));
  std::string out;
  for (const auto& s : session.symbols().all()) {
    for (const auto& d : s.declarations()) out += (out.empty() ? "" : "; ") + d;
  }
  EXPECT_EQ(out, text + "; p1 >= 1; p1 < 3.5");
}

}  // namespace
}  // namespace adjoint::notation

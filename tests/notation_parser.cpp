// Precedence and forms of expressions.
#include <gtest/gtest.h>

#include "notation_support.hpp"

namespace adjoint::notation {
namespace {

struct Case {
  const char* text;
  const char* tree;
};

TEST(Parser, PrecedenceIsThatOfMatlab) {
  const Case cases[] = {
      {"a+b*c", "(a+(b*c))"},
      {"a-b-c", "((a-b)-c)"},
      {"a/b*c", "((a/b)*c)"},
      {"a*b/c", "((a*b)/c)"},
      {"-a^2", "(-(a^2))"},
      {"-a*b", "((-a)*b)"},
      {"a*-b", "(a*(-b))"},
      {"a--b", "(a-(-b))"},
      {"2^-x", "(2^(-x))"},
      {"2^-x^2", "((2^(-x))^2)"},
      {"2^3^2", "((2^3)^2)"},
      {"a^b'", "((a^b)')"},
      {"X^-1'", "((X^(-1))')"},
      {"X'^2", "((X')^2)"},
      {"X'*Y", "((X')*Y)"},
      {"X^T", "(X')"},
      {"X^T*Y", "((X')*Y)"},
      {"x*x^T", "(x*(x'))"},
      {"X^(T)", "(X^T)"},
      {"X^T[1,2]", "(X')[1,2]"},
      {"x.^2+1", "((x.^2)+1)"},
      {"-x.^2", "(-(x.^2))"},
      {"1./x", "(1./x)"},
      {"1.*x", "(1.*x)"},
      {"1.^x", "(1.^x)"},
      {"1.5*x", "(1.5*x)"},
      {".5*x", "(.5*x)"},
      {"1e-3*x", "(1e-3*x)"},
      {"1.e2", "1.e2"},
      {"3.", "3."},
      {"A\\b*c", "((A\\b)*c)"},
      {"a.*b./c", "((a.*b)./c)"},
      {"x < y+1", "(x<(y+1))"},
      {"where(x>=0,x,-x)", "where((x>=0),x,(-x))"},
      {"+x", "x"},
      {"(a+b)*c", "((a+b)*c)"},
      {"X.'", "(X')"},
      {"f(x)'", "(f(x)')"},
      {"X''", "((X')')"},
  };
  for (const auto& c : cases) EXPECT_EQ(parsed(c.text), c.tree) << c.text;
}

TEST(Parser, IndicesSumsAndBlocks) {
  const Case cases[] = {
      {"x[i]", "x[i]"},
      {"X[:,j]", "X[:,j]"},
      {"X[2:n,:]-X[1:n-1,:]", "(X[2:n,:]-X[1:(n-1),:])"},
      {"eye(p)[:,1]'", "(eye(p)[:,1]')"},
      {"X[:,2]'*A", "((X[:,2]')*A)"},
      {"(A*x)[1]", "(A*x)[1]"},
      {"x^y[1]", "(x^y[1])"},
      {"expm(a*eye(3))[1,1]", "expm((a*eye(3)))[1,1]"},
      {"sum(i=1:n, x[i]^2)", "sum(i=1:n,(x[i]^2))"},
      {"sum(i=1:n, x[i])/2", "(sum(i=1:n,x[i])/2)"},
      {"[A B; C D]", "[A,B;C,D]"},
      {"[A, B; C, D]", "[A,B;C,D]"},
      {"[a -b]", "[a,(-b)]"},
      {"[a - b]", "[(a-b)]"},
      {"[a-b]", "[(a-b)]"},
      {"[a +b -c]", "[a,b,(-c)]"},
      {"[t+2, 1; 1, 3]", "[(t+2),1;1,3]"},
      {"[a' b']", "[(a'),(b')]"},
      {"[f(x) (y)]", "[f(x),y]"},
      {"[f (x)]", "[f,x]"},
      {"[(a -b) c]", "[(a-b),c]"},
      {"[x[1 +1] c]", "[x[(1+1)],c]"},
      {"[1 2\n 3 4]", "[1,2;3,4]"},
      {"max(X,[],1)", "max(X,[],1)"},
      {"f (x)", "f(x)"},
      {"2*V+V*W where V = inv(X), W = V'", "{((2*V)+(V*W))|V=inv(X)|W=(V')}"},
      {"(V*V where V = X')", "{(V*V)|V=(X')}"},
  };
  for (const auto& c : cases) EXPECT_EQ(parsed(c.text), c.tree) << c.text;
}

TEST(Parser, WrittenWithOtherCharacters) {
  EXPECT_EQ(parsed("λ·x² − Xᵀ"), "((lambda*(x^2))-(X'))");
  EXPECT_EQ(parsed("where(x ≤ π, 1, 0)"), "where((x<=pi),1,0)");
}

TEST(Parser, CommentsAndContinuation) {
  EXPECT_EQ(parsed("a + ... the rest\n b % a comment"), "(a+b)");
  EXPECT_EQ(parsed("a +\n b"), "(a+b)");
}

TEST(Parser, LongSumsStayShallow) {
  std::string text = "x";
  for (int k = 0; k < 100'000; ++k) text += k % 2 == 0 ? "+x" : "-x";
  Sources sources;
  Diagnostics errors;
  const Ast ast = parse_expression(sources, sources.add("t", text), errors);
  ASSERT_TRUE(ast);
  int depth = 0;
  for (Ast a = ast; !a->args.empty(); a = a->args[0]) ++depth;
  EXPECT_LT(depth, 1000);
}

TEST(Parser, DepthIsLimited) {
  for (const char* open : {"(", "[", "-", "f(", "x["}) {
    std::string text;
    for (int k = 0; k < 100'000; ++k) text += open;
    EXPECT_NE(parsed(text).find("nested more than 1200 deep"), std::string::npos) << open;
  }
  std::string product = "x";
  for (int k = 0; k < 5000; ++k) product += "*x";
  EXPECT_NE(parsed(product).find("nested more than 2000 deep"), std::string::npos);
  std::string quotes = "x" + std::string(100'000, '\'');
  EXPECT_NE(parsed(quotes).find("nested more than 2000 deep"), std::string::npos);
}

std::string stated(const std::string& text) {
  Sources sources;
  Diagnostics errors;
  std::string out;
  for (const auto& s : parse_statements(sources, sources.add(kGivenName, text), errors)) {
    if (const auto* d = std::get_if<Declaration>(&s)) {
      for (const auto& n : d->names) out += n.name + " ";
      out += "in " + d->domain.family + (d->domain.positive ? "+" : "");
      for (const auto& a : d->domain.sizes) out += " " + bracketed(a);
    } else if (const auto* f = std::get_if<FunctionDeclaration>(&s)) {
      out += f->name.name + " : " + f->from.family + "->" + f->to.family;
    } else if (const auto* a = std::get_if<Assumption>(&s)) {
      out += a->name.name + a->relation + bracketed(a->bound);
    } else if (const auto* def = std::get_if<Definition>(&s)) {
      out += def->name.name;
      for (const auto& p : def->parameters) out += " " + p.name;
      out += " := " + bracketed(def->body);
    }
    out += "; ";
  }
  return out + render(sources, errors);
}

TEST(Statements, AllForms) {
  EXPECT_EQ(stated("a in R; eps in R+; x in R^n; y in R^3; u in R^(n-1); b in R^(1,q)"),
            "a in R; eps in R+; x in R n; y in R 3; u in R (n-1); b in R 1 q; ");
  EXPECT_EQ(stated("X in R^(n,p); T in R^(n,p,k); S in Sym(n); D in Diag(2*n)"),
            "X in R n p; T in R n p k; S in Sym n; D in Diag (2*n); ");
  EXPECT_EQ(stated("g : R^p -> R; rho : R -> R"), "g : R->R; rho : R->R; ");
  EXPECT_EQ(stated("p > 1; p >= 1; eps>0; 0 < a <= 2"), "p>1; p>=1; eps>0; a>0; a<=2; ");
  EXPECT_EQ(stated("f(x,A,b) = norm(A*x-b)^2; y = f(x,A,b)"),
            "f x A b := (norm(((A*x)-b))^2); y := f(x,A,b); ");
  EXPECT_EQ(stated("% nothing\n x, y in R^n % two\n\n z in R\n"), "x y in R n; z in R; ");
  EXPECT_EQ(stated(""), "");
}

TEST(Statements, EveryErrorIsReported) {
  const std::string out = stated("x in Q^n; y in R^n; z in; ; X in R^(n,; w in R");
  EXPECT_NE(out.find("<given>:1:6: error: expected R, R+"), std::string::npos) << out;
  EXPECT_NE(out.find("y in R n; w in R; "), std::string::npos) << out;
  EXPECT_NE(out.find("<given>:1:25"), std::string::npos) << out;
  EXPECT_NE(out.find("<given>:1:39"), std::string::npos) << out;
}

}  // namespace
}  // namespace adjoint::notation

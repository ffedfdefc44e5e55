// Text of the notation: minimal parentheses, and what is printed reads back as the same tree.
#include <gtest/gtest.h>

#include "print/text.hpp"
#include "print_support.hpp"
#include "syntax/build.hpp"
#include "syntax/tree.hpp"

namespace adjoint {
namespace {

using print::text;
using syntax::Ast;
using test::parsed;
using namespace syntax;  // constructors

TEST(PrintText, KeepsWhatIsMinimal) {
  for (const char* formula : {"2*A'*(A*x-b)",
                              "-x",
                              "a-(b-c)",
                              "a-b-c",
                              "(a+b)*c",
                              "a*(b*c)",
                              "a/(b*c)",
                              "a/b*c",
                              "X'^2",
                              "(X^2)'",
                              "(X')[1,2]",
                              "x.^(p-1)",
                              "1./x",
                              "2.*x",
                              "X^(T)",
                              "X^-1",
                              "X^-2",
                              "x.^-2",
                              "x^(-p)",
                              "a^(b^c)",
                              "a^b^c",
                              "-x^2",
                              "(-x)^2",
                              "a*(-b)",
                              "a-(-b)",
                              "x[2]",
                              "X[:,2]'*A*X[:,1]",
                              "X[2:n,:]-X[1:n-1,:]",
                              "(A*x)[i]",
                              "eye(p)[:,1]'",
                              "sum(i=1:n, (b*rho(A*X[:,i])-y[i])^2)",
                              "where(x<1,x,sqrt(x))",
                              "where(x==y,1,0)",
                              "[A, B; C, D]",
                              "log(abs(det([t+2, 1; 1, 3])))",
                              "A\\b",
                              "A\\(b+c)",
                              "norm(x,inf)",
                              "x^(3/2)",
                              "1.5e-3*x",
                              "max(X,[],1)",
                              "-A*inv(X)*H*inv(X)",
                              "-(a+b)",
                              "x'*(A+A')*x",
                              "-(A\\b)'",
                              "inv(S)*x*x'",
                              "(a'*x)^2",
                              "x'*y/2"}) {
    EXPECT_EQ(text(parsed(formula)), formula);
  }
}

TEST(PrintText, Builds) {
  const Ast x = name("x");
  const Ast y = name("y");
  EXPECT_EQ(text(negate(negate(x))), "-(-x)");
  EXPECT_EQ(text(negate(binary("*", x, y))), "-x*y");
  EXPECT_EQ(text(binary("*", binary("*", x, y), negate(x))), "x*y*(-x)");
  EXPECT_EQ(text(binary("^", name("X"), name("T"))), "X^(T)");
  EXPECT_EQ(text(binary("^", name("X"), number(-1))), "X^-1");
  EXPECT_EQ(text(binary(".^", x, negate(name("p")))), "x.^(-p)");
  EXPECT_EQ(text(binary("^", x, index(y, {number(1)}))), "x^(y[1])");
  EXPECT_EQ(text(transpose(compare("<", x, y))), "(x<y)'");
  EXPECT_EQ(text(let(binary("*", name("v1"), name("v1")), {{"v1", binary("+", x, y)}})),
            "v1*v1 where v1 = x+y");
  EXPECT_EQ(text(Map{"H", binary("*", name("A"), name("H"))}), "H -> A*H");
  EXPECT_EQ(text(syntax::size(Size::name("n") - Size(1))), "n-1");
  EXPECT_EQ(text(syntax::size(Size(2) * Size::name("n") * Size::name("p") - Size::name("n"))), "2*n*p-n");
}

TEST(PrintText, ReadsBack) {
  for (const char* formula :
       {"2*A'*(A*x-b)", "a-(b-c)", "X'^2", "x.^(p-1)", "[A, B; C, D]", "sum(i=1:n, x[i]^2)",
        "x[2:n]-x[1:n-1]", "A\\b*c", "-x.^-2./y", "v1*v1 where v1 = x+y, v2 = v1*2"}) {
    const Ast tree = parsed(formula);
    EXPECT_TRUE(equal(tree, parsed(text(tree)))) << formula << " printed as " << text(tree);
  }
}

TEST(PrintText, NamesSharedPartsOfHugeTrees) {
  Ast tree = name("x");
  for (int k = 0; k < 200; ++k) tree = binary("+", call("sin", {tree}), tree);
  const std::string printed = text(tree);
  EXPECT_LT(printed.size(), 10000U);
  EXPECT_NE(printed.find(" where v1 = sin(x)"), std::string::npos);
}

}  // namespace
}  // namespace adjoint

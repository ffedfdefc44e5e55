// LaTeX, MathML and the one-line form of formulas, from one layout.
#include <gtest/gtest.h>

#include "print/latex.hpp"
#include "print/layout_template.hpp"
#include "print/mathml.hpp"
#include "print/unicode.hpp"
#include "print_support.hpp"
#include "syntax/build.hpp"

namespace adjoint {
namespace {

using test::find_forms;
using test::typed;

struct Case {
  const char* given;
  const char* text;
  const char* latex;
  const char* unicode;
};

// clang-format off
const Case kCases[] = {
    {"A in R^(m,n); x in R^n; b in R^m", "2*A'*(A*x-b)", R"(2A^\top(Ax-b))", "2Aᵀ(Ax − b)"},
    {"X in R^(n,n)", "-inv(X)'*X^-2*X'^2", R"(-X^{-\top}X^{-2}(X^\top)^2)", "−X⁻ᵀX⁻²(Xᵀ)²"},
    {"X in R^(n,n); A in R^(n,n)", "inv(sqrtm(X+A))", R"((X+A)^{-1/2})", "(X + A)^(−1/2)"},
    {"x in R^n; p in R", "x.*abs(x)/norm(x,p)^(p-1)", R"(\frac{x\odot\lvert x\rvert}{\lVert x\rVert_p^{p-1}})", "(x ⊙ |x|)/‖x‖ₚᵖ⁻¹"},
    {"x in R^n; eps in R+", "x./(x.^2+eps^2).^(3/2)", R"(x\oslash(x^{\circ2}+\varepsilon^2)^{\circ(3/2)})", "x ⊘ (x^∘2 + ε²)^∘(3/2)"},
    {"x in R", "2*x/(1+x)^(1/2)-3*2", R"(\frac{2x}{(1+x)^{1/2}}-3\cdot2)", "2x/(1 + x)^(1/2) − 3·2"},
    {"x in R; y in R", "exp(-x/y)", R"(\exp\left(-\frac{x}{y}\right))", "exp(−x/y)"},
    {"X in R^(n,n)", "2*tr(X)*eye(n)", R"(2\operatorname{tr}(X)I_n)", "2 tr(X)Iₙ"},
    {"rho : R -> R; A in R^(q,n); x in R^n; w in R^q", "A'*diag(w.*rho_second(A*x))*A", R"(A^\top\operatorname{diag}(w\odot\rho''(Ax))A)", "Aᵀ diag(w ⊙ ρ″(Ax))A"},
    {"g : R^n -> R; h : R^n -> R^m; x in R^n; y in R^m", "g_grad(x)+g_hess(x)*x+h_jac(x)'*y", R"(\nabla g(x)+\nabla^2g(x)x+J_h(x)^\top y)", "∇g(x) + ∇²g(x)x + Jₕ(x)ᵀy"},
    {"X in R^(p,n); y in R^n; b in R^(1,p)", "sum(i=1:n, (b*X[:,i]-y[i])^2)", R"(\sum_{i=1}^{n}(bX_{:,i}-y_i)^2)", "Σᵢ₌₁ⁿ (bX[:,i] − yᵢ)²"},
    {"A in R^(n,n); x in R^n; s in R", "[A, x; x', s]", R"(\begin{bmatrix}A & x \\ x^\top & s\end{bmatrix})", "[A, x; xᵀ, s]"},
    {"A in R^(q,p); B in R^(p,q)", "kron(A+A,B*A)", R"((A+A)\otimes BA)", "(A + A) ⊗ BA"},
    {"theta1 in R; x1 in R^n; Delta_max in R; foo in R", "foo*theta1*Delta_max*x1[2]", R"(\mathrm{foo}\,\theta_1\Delta_{\mathrm{max}}(x_1)_2)", "foo θ₁Δₘₐₓ(x₁)₂"},
    {"A in R^(n,n); b in R^n", "(A+A')\\b", R"((A+A^\top)^{-1}b)", "(A + Aᵀ)⁻¹b"},
    {"a in R; b in R; c in R", "a-(b-c)+a*(b/c)-a*(-b)", R"(a-(b-c)+a\,\frac{b}{c}-a(-b))", "a − (b − c) + a(b/c) − a(−b)"},
    {"x in R", "where(x<=0,0,x)", R"(\begin{cases}0 & \text{if }x\le0 \\ x & \text{otherwise}\end{cases})", "{0 if x ≤ 0; x otherwise}"},
    {"x in R", "1.5e-3*x+inf", R"(1.5\cdot10^{-3}x+\infty)", "1.5·10⁻³x + ∞"},
};
// clang-format on

TEST(PrintDisplay, Formulas) {
  for (const Case& c : kCases) {
    const syntax::Ast tree = typed(c.given, c.text);
    EXPECT_EQ(print::latex(tree, find_forms), c.latex) << c.text;
    EXPECT_EQ(print::unicode(tree, find_forms), c.unicode) << c.text;
  }
}

TEST(PrintDisplay, Maps) {
  const syntax::Map map{"H", typed("A in R^(n,n); H in R^(n,n)", "A*H+H*A")};
  EXPECT_EQ(print::latex(map, find_forms), R"(H\mapsto AH+HA)");
  EXPECT_EQ(print::unicode(map, find_forms), "H ↦ AH + HA");
}

TEST(PrintDisplay, MathMl) {
  const auto mathml = [](const char* given, const char* text) {
    return print::mathml(typed(given, text), find_forms, false);
  };
  const std::string open = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">";
  EXPECT_EQ(mathml("x in R; y in R+", "x^2/y"),
            open + "<mfrac><msup><mi>x</mi><mn>2</mn></msup><mi>y</mi></mfrac></math>");
  EXPECT_EQ(mathml("A in R^(n,n)", "2*A'"), open +
                                                "<mrow><mn>2</mn><mo>&#x2062;</mo><msup><mi>A</mi><mo "
                                                "lspace=\"0\" rspace=\"0\">⊤</mo></msup></mrow></math>");
  EXPECT_EQ(mathml("x in R; y in R", "where(x<y,1,0)").find("<y"), std::string::npos);
}

TEST(PrintDisplay, Templates) {
  const auto shown = [](const char* source, const syntax::Ast& tree) {
    return print::latex(print::layout_template(source, 2, [&](int k, bool) {
      return k == 1 ? print::layout(tree, find_forms) : print::leaf(print::Box::Kind::Number, "7", "7");
    }));
  };
  const syntax::Ast sum = syntax::binary("+", syntax::name("a"), syntax::name("b"));
  EXPECT_EQ(shown("$1^{-1}", sum), "(a+b)^{-1}");
  EXPECT_EQ(shown("\\operatorname{tr}($1)", sum), "\\operatorname{tr}(a+b)");
  EXPECT_EQ(shown("($1)^2", syntax::name("a")), "a^2");
  EXPECT_EQ(shown("\\log(1+$1)", sum), "\\log(1+(a+b))");
  EXPECT_EQ(shown("$1\\otimes $2", sum), "(a+b)\\otimes7");
  EXPECT_EQ(shown("\\lVert $1\\rVert_{$2}", sum), "\\lVert a+b\\rVert_7");
  EXPECT_EQ(shown("\\lVert $1\\rVert_{$3}", sum), "\\lVert a+b\\rVert");
  EXPECT_EQ(shown("\\begin{cases}$1 & \\text{if }$2 \\\\ 0 & \\text{otherwise}\\end{cases}", sum),
            "\\begin{cases}a+b & \\text{if }7 \\\\ 0 & \\text{otherwise}\\end{cases}");
  EXPECT_THROW(shown("\\unheard{$1}", sum), std::invalid_argument);
  EXPECT_THROW(shown("($1", sum), std::invalid_argument);
}

/// The form of every function is in the language of templates.
TEST(PrintDisplay, AllForms) {
  for (const Surface& surface : surfaces()) {
    for (int arity = 1; arity <= 3; ++arity) {
      std::vector<syntax::Ast> args;
      for (int k = 0; k < arity; ++k) args.push_back(syntax::name("x"));
      EXPECT_NO_THROW(print::mathml(syntax::call(surface.name, args), find_forms)) << surface.name;
    }
  }
}

}  // namespace
}  // namespace adjoint

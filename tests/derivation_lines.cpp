// Derivations of the sheet's functions and of all textbook cases, line by line.
#include <gtest/gtest.h>

#include "derivation_support.hpp"
#include "notation/notation.hpp"
#include "ops/elementwise.hpp"
#include "ops/surface.hpp"
#include "print/latex.hpp"
#include "print/text.hpp"

namespace adjoint::test {
namespace {

using derivation::Style;

std::string styles_name(Style style) {
  return style == Style::Differential ? "differential" : style == Style::Definition ? "definition" : "chain";
}

void expect_right(const Row& row) {
  for (const Style style : {Style::Differential, Style::Definition, Style::Chain}) {
    const Report report = check_derivation(row, style);
    std::string errors;
    for (const auto& e : report.errors) errors += "\n  " + e;
    EXPECT_TRUE(report.errors.empty())
        << row.id << ": " << row.expr << " in " << row.wrt << " by " << styles_name(style) << "\n"
        << report.text << errors;
    EXPECT_GE(report.lines, 3) << row.id << "\n" << report.text;
  }
}

TEST(Derivation, FunctionsOfTheSheet) {
  const Row rows[] = {
      {"1.1", "g : R -> R; a in R; b in R; x in R", "g(a*x+b)", "x"},
      {"1.2", "g : R^p -> R; A in R^(p,n); b in R^p; x in R^n", "g(A*x+b)", "x"},
      {"1.3", "x in R^n; p > 1", "norm(x,p)", "x"},
      {"1.3, p = 2", "x in R^n", "norm(x)", "x"},
      {"1.3, p = inf", "x in R^n", "norm(x,inf)", "x"},
      {"1.4", "X in R^(n,n)", "tr(X)", "X"},
      {"1.4", "X in R^(n,n)", "det(X)", "X"},
      {"2.1", "X in R^(n,p)", "X'", "X"},
      {"2.1", "X in R^(n,p)", "X*X'", "X"},
      {"2.1", "X in R^(n,n)", "X^2", "X"},
      {"2.1", "X in R^(n,n)", "inv(X)", "X"},
      {"2.2", "A in R^(m,n); X in R^(n,p); B in R^(p,q)", "A*X*B", "X"},
      {"2.3", "X in PSD(n)", "sqrtm(X)", "X"},
      {"3.1", "X in R^(n,n)", "tr(X^2)", "X"},
      {"3.1", "X in R^(n,n)", "det(X^2)", "X"},
      {"3.2", "X in R^(n,p)", "tr(X*X')", "X"},
      {"3.2", "X in R^(n,p)", "det(X*X')", "X"},
      {"3.3", "X in R^(n,p)", "tr(sqrtm(X*X'))", "X"},
      {"4.1", "x in R; eps in R+", "sqrt(x^2+eps^2)", "x"},
      {"4.2", "x in R^n; eps in R+", "norm_eps(x,eps)", "x"},
      {"4.3", "x in R^n", "diff(x)", "x"},
      {"4.4", "x in R^n; eps in R+", "norm_eps(diff(x),eps)", "x"},
      {"6.1", "rho : R -> R; u in R^q", "rho(u)", "u"},
      {"6.1", "A in R^(q,p); x in R^p", "A*x", "x"},
      {"6.1", "A in R^(q,p); x in R^p", "A*x", "A"},
      {"6.2", "rho : R -> R; x in R^p; A in R^(q,p); b in R^(1,q)", "b*rho(A*x)", "x"},
      {"6.2", "rho : R -> R; x in R^p; A in R^(q,p); b in R^(1,q)", "b*rho(A*x)", "A"},
      {"6.2", "rho : R -> R; x in R^p; A in R^(q,p); b in R^(1,q)", "b*rho(A*x)", "b"},
      {"6.4", "rho : R -> R; X in R^(p,n); y in R^n; A in R^(q,p); b in R^(1,q)",
       "sum(i=1:n, (b*rho(A*X[:,i])-y[i])^2)", "A"},
      {"6.4", "rho : R -> R; X in R^(p,n); y in R^n; A in R^(q,p); b in R^(1,q)",
       "sum(i=1:n, (b*rho(A*X[:,i])-y[i])^2)", "b"},
      {"6.5", "rho : R -> R; L : R^n -> R; A in R^(q,n); x in R^n", "L(x+A'*rho(A*x))", "x"},
      {"6.5", "rho : R -> R; L : R^n -> R; A in R^(q,n); x in R^n", "L(x+A'*rho(A*x))", "A"},
  };
  for (const auto& row : rows) expect_right(row);
}

TEST(Derivation, TextbookCases) {
  const auto rows = identity_rows();
  ASSERT_EQ(rows.size(), 190U);
  for (const auto& row : rows) expect_right(row);
}

derivation::Derivation derived(const std::string& given, const std::string& expr, const std::string& wrt,
                               Style style, std::string* text) {
  notation::Session session;
  EXPECT_TRUE(session.declare(given)) << session.errors_text();
  auto graph = std::make_shared<Graph>();
  const auto f = session.expression(*graph, expr);
  EXPECT_TRUE(f) << session.errors_text();
  derivation::Question q;
  q.function = f->value;
  q.type = f->type;
  q.source = f->parsed;
  const auto* symbol = f->symbol(wrt);
  q.variable = notation::variable(*graph, *symbol);
  q.variable_type = symbol->type;
  auto d = derivation::derive(q, style);
  *text = derivation::text(d);
  return d;
}

TEST(Derivation, LeastSquaresReadsAsByHand) {
  std::string text;
  derived("A in R^(m,n); b in R^m; x in R^n", "norm(A*x-b)^2", "x", Style::Differential, &text);
  EXPECT_EQ(
      text,
      "f       = norm(A*x-b)^2\n"
      "df      = 2*(A*x-b)'*d(A*x-b)   [differential of an inner product with itself: d(u'*u) = 2*u'*du]\n"
      "        = 2*(A*x-b)'*A*dx       [linearity: d(A*x-b) = A*dx]\n"
      "        = (2*A'*(A*x-b))'*dx    [transpose]\n"
      "grad(f) = 2*A'*(A*x-b)          [read off: df = <grad(f), dx>]\n");
}

TEST(Derivation, PolynomialsAreExpandedExactly) {
  std::string text;
  const auto d = derived("X in R^(n,p)", "X*X'", "X", Style::Definition, &text);
  EXPECT_NE(text.find(")+H*H'"), std::string::npos) << text;
  EXPECT_NE(text.find("r(H)"), std::string::npos) << text;
  EXPECT_EQ(d.kind, derivation::Kind::Map);
}

TEST(Derivation, AVariableThatDoesNotOccur) {
  for (const Style style : {Style::Differential, Style::Definition, Style::Chain}) {
    Graph g;
    derivation::Question q;
    q.function = square(g.variable("a", {}));
    q.variable = g.variable("x", {Size::name("n")});
    q.variable_type = {Size::name("n"), Size(1), {}};
    const auto d = derivation::derive(q, style);
    EXPECT_EQ(print::text(d.lines.back().rhs), "zeros(n)") << derivation::text(d);
  }
}

TEST(Derivation, NamesOfTheFunctionStayFree) {
  std::string text;
  derived("f in R^n; d in R^n; dx in R^n; h in R^n; x in R^n", "x'*f+(x'*d)*(dx'*h)", "x",
          Style::Differential, &text);
  EXPECT_NE(text.find("grad(F)"), std::string::npos) << text;
  EXPECT_NE(text.find("d_x"), std::string::npos) << text;
}

TEST(Derivation, LinesForTypesetting) {
  std::string text;
  const auto lookup = [](std::string_view name, int arity) -> const syntax::Forms* {
    if (const auto* own = derivation::forms(name, arity)) return own;
    const auto* surface = find_surface(name);
    return surface == nullptr ? nullptr : &surface->forms;
  };
  const auto latex = [&](const derivation::Derivation& d, const syntax::Ast& side) {
    return print::latex(derivation::typeset(d, side), lookup);
  };
  const std::string least_squares = "A in R^(m,n); b in R^m; x in R^n";
  const auto by_steps = derived(least_squares, "norm(A*x-b)^2", "x", Style::Differential, &text);
  EXPECT_EQ(latex(by_steps, by_steps.lines[1].rhs), "2(Ax-b)^\\top\\operatorname{d}(Ax-b)");
  EXPECT_EQ(latex(by_steps, by_steps.lines.back().lhs), "\\nabla f");
  const auto by_chain = derived(least_squares, "norm(A*x-b)^2", "x", Style::Chain, &text);
  EXPECT_EQ(latex(by_chain, by_chain.lines[2].lhs), "\\frac{\\mathrm{d}u}{\\mathrm{d}x}");
  const auto map = derived("X in R^(n,p)", "X*X'", "X", Style::Definition, &text);
  EXPECT_EQ(latex(map, map.lines[4].lhs), "\\mathrm{D}F(X)[H]");
}

TEST(Derivation, DeepCompositions) {
  std::string expr = "x";
  for (int k = 0; k < 30; ++k) expr = "F(" + expr + ")";
  std::string text;
  for (const Style style : {Style::Differential, Style::Definition, Style::Chain}) {
    derived("A in R^(q,n); x in R^n; y in R^n; F(z) = z+A'*tanh(A*z)", "y'*" + expr, "x", style, &text);
    EXPECT_NE(text.find("grad(f)"), std::string::npos);
  }
}

}  // namespace
}  // namespace adjoint::test

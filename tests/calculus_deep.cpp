// Deep compositions: the answer is right, and all that is made for it grows with the depth, not its square.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "app/answer.hpp"
#include "calculus/differentiate.hpp"
#include "eval/evaluate.hpp"
#include "notation/notation.hpp"
#include "print/text.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

std::string composed(int depth) {
  std::string text = "x";
  for (int k = 0; k < depth; ++k) text = "f(" + text + ")";
  return "sum(" + text + ")";
}

struct Deep {
  Graph graph;
  Expr value;
  Expr x;
  Expr gradient;
  notation::Formula formula;

  Deep(const std::string& layer, int depth) {
    notation::Session session;
    EXPECT_TRUE(session.declare("A in R^(q,p); B in R^(p,p); b in R^p; x in R^p; f(z)=" + layer));
    formula = session.expression(graph, composed(depth)).value();
    value = formula.value;
    x = notation::variable(graph, *formula.symbol("x"));
    gradient = simplify(adjoint::gradient(simplify(value), x));
  }

  [[nodiscard]] Expr named(const char* name) {
    const auto* s = formula.symbol(name);
    return s == nullptr ? Expr() : notation::variable(graph, *s);
  }

  [[nodiscard]] Point point() {
    Point p;
    p.sizes = {{"p", 3}, {"q", 2}};
    for (const char* name : {"A", "B", "b", "x"}) {
      const Expr e = named(name);
      if (!e) continue;
      std::vector<std::int64_t> shape;
      for (const auto& s : e.shape()) shape.push_back(s.text() == "p" ? 3 : 2);
      Array a(shape);
      for (std::size_t k = 0; k < a.data.size(); ++k)
        a.data[k] = 0.2 * std::sin(1.0 + 2.0 * static_cast<double>(k));
      p.values[e.get()] = a;
    }
    return p;
  }
};

// Everything that a pass walks over: nodes, terms and factors.
std::size_t weight(Expr e) {
  std::size_t total = 0;
  for (const auto& n : topological(std::span(&e, 1))) total += 1 + n->terms.size() + n->factors.size();
  return total;
}

const char* const kLayers[] = {"z+A'*sin(A*z)", "z-A'*sin(A*z)/4", "z+B*tanh(z+b)", "z+b.*sin(z)"};

TEST(Deep, GradientAgreesWithDifferences) {
  for (const char* layer : kLayers) {
    Deep deep(layer, 60);
    const Point at = deep.point();
    const Array exact = Evaluator(at)(deep.gradient);
    for (std::size_t k = 0; k < exact.data.size(); ++k) {
      const double h = 1e-5;
      Point near = at;
      double& entry = near.values.at(deep.x.get()).data[k];
      const double centre = entry;
      entry = centre + h;
      const double above = Evaluator(near)(deep.value).data[0];
      entry = centre - h;
      const double below = Evaluator(near)(deep.value).data[0];
      const double difference = (above - below) / (2 * h);
      EXPECT_NEAR(exact.data[k], difference, 1e-6 * (1 + std::abs(difference))) << layer;
    }
  }
}

TEST(Deep, GraphGrowsLinearly) {
  for (const char* layer : kLayers) {
    Deep short_one(layer, 60);
    Deep long_one(layer, 120);
    EXPECT_LE(static_cast<double>(weight(long_one.value)), 2.2 * static_cast<double>(weight(short_one.value)))
        << layer;
    EXPECT_LE(static_cast<double>(weight(long_one.gradient)),
              2.2 * static_cast<double>(weight(short_one.gradient)))
        << layer;
    EXPECT_LE(static_cast<double>(long_one.graph.size()), 2.5 * static_cast<double>(short_one.graph.size()))
        << layer;
  }
}

TEST(Deep, TextReadsBackAsTheSameValue) {
  for (const char* layer : kLayers) {
    Deep deep(layer, 60);
    const std::string text =
        print::text(app::read_shortest(deep.gradient, {Size::name("p"), Size(1), {}}, {}));
    EXPECT_LE(text.size(), 20000) << layer;
    notation::Session session;
    ASSERT_TRUE(session.declare("A in R^(q,p); B in R^(p,p); b in R^p; x in R^p"));
    const auto again = session.expression(deep.graph, text);
    ASSERT_TRUE(again) << session.errors_text();
    const Point at = deep.point();
    const Array left = Evaluator(at)(deep.gradient);
    const Array right = Evaluator(at)(again->value);
    for (std::size_t k = 0; k < left.data.size(); ++k) {
      EXPECT_NEAR(left.data[k], right.data[k], 1e-9 * (1 + std::abs(left.data[k]))) << layer;
    }
  }
}

// A long sum is opened where its terms meet equal ones.
TEST(Deep, LongSumsCancel) {
  Graph g;
  const Size n = Size::name("n");
  std::vector<Expr> a;
  for (int k = 0; k < 40; ++k) a.push_back(g.variable("a" + std::to_string(k), {n}));
  Expr left = a[0];
  for (int k = 1; k < 40; ++k) left = left + a[static_cast<std::size_t>(k)];
  Expr right = a[39];
  for (int k = 38; k >= 0; --k) right = right + a[static_cast<std::size_t>(k)];
  EXPECT_TRUE(is_zero(left - right));
  EXPECT_EQ(left + left, Rational(2) * left);
  EXPECT_EQ(left - a[39] + a[39], left);
  Expr rest = left;
  for (int k = 1; k < 40; ++k) rest = rest - a[static_cast<std::size_t>(k)];
  EXPECT_EQ(rest, a[0]);
  EXPECT_TRUE(is_zero(Rational(3) * left - left - Rational(2) * left));
}

}  // namespace
}  // namespace adjoint

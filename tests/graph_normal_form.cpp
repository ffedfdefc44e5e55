// Normal forms of the graph: equal products, sums and powers are one node, and evaluation agrees with what
// was built.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "eval/evaluate.hpp"
#include "graph/graph.hpp"

namespace adjoint {
namespace {

class NormalForm : public ::testing::Test {
 protected:
  Graph g;
  Size n = Size::name("n");
  Size p = Size::name("p");
  Expr A = g.variable("A", {n, n});
  Expr B = g.variable("B", {n, p});
  Expr x = g.variable("x", {n});
  Expr y = g.variable("y", {n});
  Expr s = g.variable("s", {});
  Expr t = g.variable("t", {});
};

TEST_F(NormalForm, EqualExpressionsAreOneNode) {
  EXPECT_EQ(x + y, y + x);
  EXPECT_EQ(times(x, y), times(y, x));
  EXPECT_EQ(dot(dot(A, A), B), dot(A, dot(A, B)));
  EXPECT_EQ(transposed(dot(A, B)), dot(transposed(B), transposed(A)));
  EXPECT_EQ(transposed(transposed(A)), A);
  EXPECT_EQ(trace(dot(A, transposed(A))), sum_all(times(A, A)));
  EXPECT_EQ(dot(x, y), dot(y, x));
  EXPECT_EQ(diagonal_of(diagonal_matrix(x)), x);
  EXPECT_EQ(dot(diagonal_matrix(x), y), times(x, y));
  EXPECT_EQ(dot(g.identity(n), B), B);
  EXPECT_EQ(trace(outer(x, y)), dot(x, y));
  EXPECT_EQ(g.variable("A", {n, n}), A);
}

TEST_F(NormalForm, SumsCollectTheirTerms) {
  EXPECT_TRUE(is_zero(x - x));
  EXPECT_EQ(x + x, Rational(2) * x);
  EXPECT_EQ(Rational(2) * (x + y) - y, Rational(2) * x + y);
  EXPECT_EQ((x + y) + (x - y), Rational(2) * x);
  EXPECT_EQ(x + g.zeros({n}), x);
  EXPECT_TRUE(is_zero(Rational(0) * x));
}

TEST_F(NormalForm, PowersCollectTheirExponents) {
  EXPECT_EQ(times(s, s), power(s, Rational(2)));
  EXPECT_EQ(power(s, Rational(1)), s);
  const Rational* one = as_number(power(s, Rational(0)));
  ASSERT_NE(one, nullptr);
  EXPECT_TRUE(one->is_one());
  EXPECT_EQ(power(power(s, Rational(3)), Rational(2)), power(s, Rational(6)));
  // sqrt(s^2) is |s|, not s.
  EXPECT_FALSE(power(power(s, Rational(2)), Rational(1, 2)) == s);
}

TEST_F(NormalForm, NumbersAreExactUntilTheyLeaveTheRange) {
  const Rational most(std::numeric_limits<std::int64_t>::max());
  const Expr big = g.number(most) + g.number(most);
  ASSERT_NE(as_number(big), nullptr);
  EXPECT_NEAR(as_number(big)->value(), 1.8446744073709552e19, 1e4);
  EXPECT_EQ(*as_number(times(g.number(Rational(1, 3)), g.number(Rational(3)))), Rational(1));
}

TEST_F(NormalForm, ShapesThatDoNotFitAreRefused) { EXPECT_THROW(x + dot(transposed(B), x), ShapeError); }

Array drawn(const Shape& shape, const SizeValues& sizes, std::mt19937& random) {
  std::vector<std::int64_t> lengths;
  for (const auto& size : shape) lengths.push_back(*size.evaluate(sizes));
  Array a(lengths);
  for (auto& v : a.data) v = std::uniform_real_distribution<double>(-1, 1)(random);
  return a;
}

// Random sums, products and powers: whatever normal form they take, their value is that of the parts.
TEST_F(NormalForm, KeepsTheValue) {
  std::mt19937 random(3);
  Point point;
  point.sizes = {{"n", 3}, {"p", 2}};
  for (const Expr& v : {A, x, y, s, t}) point.values[v.get()] = drawn(v.shape(), point.sizes, random);
  Evaluator evaluate(point);
  const auto entries = [&](Expr e) { return evaluate(e).data; };
  std::vector<Expr> vectors{x, y};
  for (int k = 0; k < 300; ++k) {
    const auto pick = [&] { return vectors[random() % vectors.size()]; };
    const Expr a = pick();
    const Expr b = pick();
    const auto va = entries(a);
    const auto vb = entries(b);
    std::vector<double> expected(va.size());
    Expr result;
    const auto kind = random() % 5;
    const Rational c(static_cast<std::int64_t>(random() % 9) - 4,
                     static_cast<std::int64_t>(random() % 4) + 1);
    if (kind == 0) result = a + b;
    if (kind == 1) result = times(a, b);
    if (kind == 2) result = c * a - b;
    if (kind == 3) result = power(a, Rational(2));
    if (kind == 4) result = dot(A, a);
    const auto matrix = entries(A);
    for (std::size_t i = 0; i < va.size(); ++i) {
      if (kind == 0) expected[i] = va[i] + vb[i];
      if (kind == 1) expected[i] = va[i] * vb[i];
      if (kind == 2) expected[i] = c.value() * va[i] - vb[i];
      if (kind == 3) expected[i] = va[i] * va[i];
      if (kind == 4) {
        for (std::size_t j = 0; j < va.size(); ++j) expected[i] += matrix[i + j * va.size()] * va[j];
      }
    }
    ASSERT_EQ(result.shape(), x.shape());
    const auto got = entries(result);
    if (is_zero(result)) continue;
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_NEAR(got[i], expected[i], 1e-9 * (1 + std::abs(expected[i])));
    if (vectors.size() < 12 && std::abs(expected[0]) < 10) vectors.push_back(result);
  }
}

TEST_F(NormalForm, EvaluationSaysWhatIsMissing) {
  Point point;
  point.sizes = {{"n", 3}};
  Evaluator evaluate(point);
  EXPECT_THROW(evaluate(x), std::exception);
}

}  // namespace
}  // namespace adjoint

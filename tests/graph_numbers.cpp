// The numbers and sizes of graphs: exact where they fit, floating point or an error where they do not.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "graph/rational.hpp"
#include "graph/size.hpp"

namespace adjoint {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

TEST(Rational, IsInLowestTermsWithAPositiveDenominator) {
  EXPECT_EQ(Rational(6, -4).numerator(), -3);
  EXPECT_EQ(Rational(6, -4).denominator(), 2);
  EXPECT_EQ(Rational(0, -7), Rational(0));
  EXPECT_EQ(Rational(0, -7).denominator(), 1);
}

TEST(Rational, ObeysTheLawsOfAField) {
  std::mt19937 random(1);
  std::uniform_int_distribution<std::int64_t> small(-50, 50);
  const auto draw = [&] { return Rational(small(random), std::abs(small(random)) + 1); };
  for (int k = 0; k < 2000; ++k) {
    const Rational a = draw();
    const Rational b = draw();
    const Rational c = draw();
    EXPECT_EQ(a + b, b + a);
    EXPECT_EQ((a + b) + c, a + (b + c));
    EXPECT_EQ((a * b) * c, a * (b * c));
    EXPECT_EQ(a * (b + c), a * b + a * c);
    EXPECT_EQ(a - a, Rational(0));
    if (!b.is_zero()) {
      EXPECT_EQ(a / b * b, a);
    }
    EXPECT_EQ(a < b, b - a == (b - a).absolute() && !(a == b));
    EXPECT_NEAR((a * b).value(), a.value() * b.value(), 1e-12 * std::abs(a.value() * b.value()) + 1e-15);
  }
}

TEST(Rational, BecomesInexactWhereItLeavesTheRange) {
  const Rational most(kMost);
  for (const Rational& r : {most + most, most * most, most + Rational(1), -most - most,
                            Rational(1, kMost) * Rational(1, kMost)}) {
    EXPECT_FALSE(r.exact()) << r.text();
    EXPECT_TRUE(std::isfinite(r.value()));
  }
  EXPECT_NEAR((most * most).value(), 8.507059173023462e37, 1e23);
  EXPECT_TRUE((most - most).is_zero());
  EXPECT_TRUE((most / most).is_one());
  EXPECT_EQ(most - Rational(1), Rational(kMost - 1));
}

TEST(Rational, TakesTheLeastInteger) {
  const Rational least(kLeast);
  EXPECT_DOUBLE_EQ((-least).value(), 9223372036854775808.0);
  EXPECT_DOUBLE_EQ(least.absolute().value(), 9223372036854775808.0);
  EXPECT_TRUE((least - least).is_zero());
  EXPECT_DOUBLE_EQ((least * Rational(-1)).value(), 9223372036854775808.0);
  EXPECT_DOUBLE_EQ((Rational(1) / least).value(), -1.0 / 9223372036854775808.0);
}

TEST(Rational, Powers) {
  EXPECT_EQ(Rational(2, 3).power(3), Rational(8, 27));
  EXPECT_EQ(Rational(2, 3).power(-2), Rational(9, 4));
  EXPECT_EQ(Rational(-2).power(3), Rational(-8));
  EXPECT_TRUE(Rational(7).power(0).is_one());
  EXPECT_NEAR(Rational(10).power(30).value(), 1e30, 1e15);
  EXPECT_FALSE(Rational(10).power(30).exact());
}

TEST(Rational, RootsOnlyWhereTheyAreRational) {
  EXPECT_EQ(Rational(9, 4).root(2), Rational(3, 2));
  EXPECT_EQ(Rational(27).root(3), Rational(3));
  EXPECT_FALSE(Rational(2).root(2).has_value());
  EXPECT_EQ(Rational(0).root(5), Rational(0));
}

TEST(Rational, TextReadsBack) {
  for (const char* text : {"0.1", "3", "2.5", "1e-3"}) {
    const auto r = Rational::parse(text);
    ASSERT_TRUE(r.has_value()) << text;
    const auto again = Rational::parse(r->text());
    if (again) {
      EXPECT_EQ(*again, *r) << text << " as " << r->text();
    }
  }
  EXPECT_TRUE(Rational::parse("0.1")->exact());
  EXPECT_EQ(*Rational::parse("0.1"), Rational(1, 10));
}

TEST(Rational, CommonDivisor) {
  EXPECT_EQ(gcd(Rational(6), Rational(4)), Rational(2));
  EXPECT_EQ(gcd(Rational(1, 2), Rational(1, 3)), Rational(1, 6));
}

TEST(Size, ObeysTheLawsOfARing) {
  std::mt19937 random(2);
  const auto draw = [&random] {
    Size s(static_cast<std::int64_t>(random() % 7) - 3);
    for (const char* name : {"n", "p", "q"}) {
      const Size factor(static_cast<std::int64_t>(random() % 5) - 2);
      s = s + factor * Size::name(name);
      if (random() % 3 == 0) s = s + Size::name(name) * Size::name("n");
    }
    return s;
  };
  const SizeValues at{{"n", 3}, {"p", -5}, {"q", 11}};
  for (int k = 0; k < 500; ++k) {
    const Size a = draw();
    const Size b = draw();
    const Size c = draw();
    EXPECT_EQ(a + b, b + a);
    EXPECT_EQ(a * b, b * a);
    EXPECT_EQ((a * b) * c, a * (b * c));
    EXPECT_EQ(a * (b + c), a * b + a * c);
    EXPECT_TRUE((a - a).is_zero());
    EXPECT_EQ(*(a * b).evaluate(at), *a.evaluate(at) * *b.evaluate(at));
    EXPECT_EQ(*a.substitute("n", b).evaluate(at),
              *a.evaluate({{"n", *b.evaluate(at)}, {"p", -5}, {"q", 11}}));
    EXPECT_EQ(a.hash(), (a + b - b).hash());
  }
}

TEST(Size, ConstantsAndTexts) {
  const Size n = Size::name("n");
  EXPECT_EQ((n - n).constant(), 0);
  EXPECT_TRUE((n - n + Size(1)).is_one());
  EXPECT_FALSE(n.constant().has_value());
  EXPECT_EQ((n - Size(1)).text(), "n-1");
  EXPECT_EQ((Size(2) * n).text(), "2*n");
  EXPECT_FALSE(n.evaluate({}).has_value());
}

TEST(Size, OverflowIsAnError) {
  EXPECT_THROW(Size(kMost) + Size(1), std::overflow_error);
  EXPECT_THROW(Size(kMost) * Size(2), std::overflow_error);
  EXPECT_THROW(Size(kLeast) - Size(1), std::overflow_error);
  EXPECT_THROW(Size(kMost) * Size::name("n") + Size::name("n"), std::overflow_error);
}

}  // namespace
}  // namespace adjoint

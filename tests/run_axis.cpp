// Reductions and scans at zeros, ties and extreme scales.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "run/axis_routines.hpp"
#include "run/numerical_error.hpp"

namespace adjoint::run {
namespace {

using Values = std::vector<double>;
Lines whole(const Values& x) { return {1, static_cast<std::int64_t>(x.size()), 1}; }
std::int64_t size(const Values& x) { return static_cast<std::int64_t>(x.size()); }

TEST(Axis, NormsAtEveryScale) {
  for (const double s : {1e-320, 1e-200, 1e-150, 1.0, 1e150, 1e200, 5e306}) {
    const Values x{3 * s, -4 * s};
    EXPECT_NEAR(norm(x.data(), 2) / s, 5, s < 1e-310 ? 1e-3 : 1e-14) << s;
    Values d(2);
    direction(x.data(), 2, d.data());
    EXPECT_NEAR(d[0], 0.6, s < 1e-310 ? 1e-3 : 1e-15) << s;
    EXPECT_NEAR(d[1], -0.8, s < 1e-310 ? 1e-3 : 1e-15) << s;
    for (const double p : {1.0, 1.5, 2.0, 3.0, 10.0}) {
      const double want = std::pow(std::pow(3, p) + std::pow(4, p), 1 / p);
      EXPECT_NEAR(norm_p(x.data(), 2, p) / s, want, s < 1e-310 ? 1e-2 : 1e-13) << s << " " << p;
      norm_p_gradient(x.data(), 2, p, d.data());
      EXPECT_NEAR(d[0], std::pow(3 / want, p - 1), s < 1e-310 ? 1e-2 : 1e-13);
      EXPECT_NEAR(d[1], -std::pow(4 / want, p - 1), s < 1e-310 ? 1e-2 : 1e-13);
    }
    EXPECT_EQ(norm_p(x.data(), 2, INFINITY), 4 * s);
  }
  const Values denormal{5e-324, 0};
  Values d(2);
  direction(denormal.data(), 2, d.data());
  EXPECT_EQ(d, (Values{1, 0}));
  const Values zero{0, 0};
  direction(zero.data(), 2, d.data());
  EXPECT_EQ(d, zero);
  EXPECT_EQ(norm(zero.data(), 2), 0);
  const Values axis{1, 0, 0};
  Values g(3);
  norm_p_gradient(axis.data(), 3, 3, g.data());
  EXPECT_EQ(g, axis);
  EXPECT_THROW(norm_p(axis.data(), 3, 0), NumericalError);
}

TEST(Axis, ProductsWithZerosAndWithoutOverflow) {
  const Values x{1e200, 0, 1e200, 1e-300, 2};
  Values g(5);
  product_gradient(x.data(), whole(x), g.data());
  EXPECT_EQ(g[0], 0);
  EXPECT_NEAR(g[1] / 2e100, 1, 1e-15);
  double p = 0;
  product(x.data(), whole(x), &p);
  EXPECT_EQ(p, 0);
  const Values two{0, 3, 0, 5};
  Values h(16);
  product_gradient(two.data(), whole(two), g.data());
  EXPECT_EQ(Values(g.begin(), g.begin() + 4), (Values{0, 0, 0, 0}));
  product_hessian(two.data(), whole(two), h.data());
  EXPECT_EQ(h[2], 15);
  EXPECT_EQ(h[8], 15);
  EXPECT_EQ(h[0] + h[1] + h[5] + h[10] + h[3], 0);
  const Values big{1e200, 1e200, 1e-200, 1e-200};
  product(big.data(), whole(big), &p);
  EXPECT_NEAR(p, 1, 1e-14);
}

TEST(Axis, MaximaShareTies) {
  const Values x{1, 3, 2, 3};
  Values g(4);
  double m = 0;
  maximum(x.data(), whole(x), &m);
  EXPECT_EQ(m, 3);
  maximum_gradient(x.data(), whole(x), g.data());
  EXPECT_EQ(g, (Values{0, 0.5, 0, 0.5}));
  minimum_gradient(x.data(), whole(x), g.data());
  EXPECT_EQ(g, (Values{1, 0, 0, 0}));
}

TEST(Axis, LogsumexpAndSoftmax) {
  const Values x{-1000, 0, 1000, 1000};
  Values s(4);
  double l = 0;
  logsumexp(x.data(), whole(x), &l);
  EXPECT_DOUBLE_EQ(l, 1000 + std::log(2.0));
  softmax(x.data(), whole(x), s.data());
  EXPECT_EQ(s, (Values{0, 0, 0.5, 0.5}));
  const Values none{-INFINITY, -INFINITY};
  logsumexp(none.data(), whole(none), &l);
  EXPECT_EQ(l, -INFINITY);
}

// A 2 x 3 x 2 array along each axis, against sums written out.
TEST(Axis, AlongEachAxis) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  Values x(12);
  for (double& v : x) v = normal(random);
  const Lines axes[] = {{1, 2, 6}, {2, 3, 2}, {6, 2, 1}};
  for (const Lines& l : axes) {
    Values c(12), t(12), m(12 / static_cast<std::size_t>(l.length)), s(12);
    cumulative_sum(x.data(), l, false, c.data());
    cumulative_sum(x.data(), l, true, t.data());
    maximum(x.data(), l, m.data());
    softmax(x.data(), l, s.data());
    for (std::int64_t o = 0; o < l.outer; ++o) {
      for (std::int64_t i = 0; i < l.inner; ++i) {
        double run = 0, all = 0, top = -INFINITY, weight = 0;
        for (std::int64_t k = 0; k < l.length; ++k) {
          const auto at = static_cast<std::size_t>(i + (k + o * l.length) * l.inner);
          run += x[at];
          EXPECT_NEAR(c[at], run, 1e-14);
          top = std::max(top, x[at]);
          weight += s[at];
        }
        for (std::int64_t k = l.length - 1; k >= 0; --k) {
          const auto at = static_cast<std::size_t>(i + (k + o * l.length) * l.inner);
          all += x[at];
          EXPECT_NEAR(t[at], all, 1e-14);
        }
        EXPECT_EQ(m[static_cast<std::size_t>(o * l.inner + i)], top);
        EXPECT_NEAR(weight, 1, 1e-14);
      }
    }
  }
  EXPECT_EQ(size(x), 12);
}

}  // namespace
}  // namespace adjoint::run

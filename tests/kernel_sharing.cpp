// Passes that save work: common parts across instructions, work moved out of loops.
#include <gtest/gtest.h>

#include "kernel/cost.hpp"
#include "kernel/schedule.hpp"
#include "run_support.hpp"

namespace adjoint::test {
namespace {

const Size n = Size::name("n");
const Size p = Size::name("p");

// x0; y_k = A*s_k; s_{k+1} = x0 + y_0 + … + y_k, written out each time.
TEST(Sharing, SumsThatGrowAreContinued) {
  constexpr int kDepth = 20;
  ProgramBuilder b;
  const BufferId x = b.input("x", {n});
  const BufferId A = b.input("A", {n, n});
  std::vector<BufferId> terms{x};
  BufferId sum = x;
  for (int k = 0; k < kDepth; ++k) {
    const BufferId y = b.temporary({n});
    b.contract(y, {0}, A, {0, 1}, sum, {1});
    terms.push_back(y);
    sum = b.temporary({n});
    PointwiseBuilder w({n});
    Register all = w.load(along(terms[0], {0}));
    for (std::size_t t = 1; t < terms.size(); ++t)
      all = w.binary(ScalarOp::Add, all, w.load(along(terms[t], {0})));
    w.store(along(sum, {0}), all);
    b.add(std::move(w).finish());
  }
  b.output(sum);
  const Program program = optimised(b.finish());
  EXPECT_EQ(cost(program).arithmetic.text(), std::to_string(kDepth) + "*n");
}

TEST(Sharing, WhatOneLoopNeedsIsComputedOverOneLoop) {
  ProgramBuilder b;
  const BufferId x = b.input("x", {n});
  const BufferId y = b.input("y", {p});
  const BufferId r = b.temporary({n, p});
  const BufferId twice = b.temporary({n});
  PointwiseBuilder w({n, p});
  const Register xi = w.load(along(x, {0}));
  const Register yj = w.load(along(y, {1}));
  // -x_i * y_j * tanh(x_i) * 3
  const Register product =
      w.binary(ScalarOp::Mul,
               w.binary(ScalarOp::Mul, w.binary(ScalarOp::Mul, w.unary(ScalarOp::Neg, xi), yj),
                        w.unary(ScalarOp::Tanh, xi)),
               w.constant(3));
  w.store(along(r, {0, 1}), product);
  b.add(std::move(w).finish());
  PointwiseBuilder v({n});
  const Register again = v.load(along(x, {0}));
  v.store(along(twice, {0}), v.binary(ScalarOp::Mul, v.unary(ScalarOp::Tanh, again), again));
  b.add(std::move(v).finish());
  b.output(r);
  b.output(twice);
  const Program given = b.finish();
  const Program program = optimised(given);
  EXPECT_EQ(cost(program).transcendental.text(), "n");
  EXPECT_EQ(cost(program).arithmetic.text(), "n*p + n + 2*p");  // the outer product; x.*tanh(x); -3*y

  std::vector<run::Array> in{run::Array::vector({0.5, -1, 2}), run::Array::vector({1, -2})};
  const SizeValues sizes{{"n", 3}, {"p", 2}};
  const auto plain = run::Interpreter(given, sizes).run(in);
  const auto better = run::Interpreter(program, sizes).run(in);
  for (std::size_t k = 0; k < plain.size(); ++k) {
    for (std::int64_t i = 0; i < plain[k].size(); ++i) EXPECT_NEAR(plain[k][i], better[k][i], 1e-14);
  }
}

TEST(Sharing, OuterProductsAreAddedInOnePass) {
  ProgramBuilder b;
  const BufferId x = b.input("x", {n});
  const BufferId y = b.input("y", {p});
  std::vector<BufferId> parts;
  for (int k = 0; k < 2; ++k) {
    parts.push_back(b.temporary({n, p}));
    b.contract(parts.back(), {0, 1}, x, {0}, y, {1}, Rational(k + 1));
  }
  const BufferId sum = b.temporary({n, p});
  PointwiseBuilder w({n, p});
  w.store(along(sum, {0, 1}),
          w.binary(ScalarOp::Add, w.load(along(parts[0], {0, 1})), w.load(along(parts[1], {0, 1}))));
  b.add(std::move(w).finish());
  b.output(sum);
  const Program program = optimised(b.finish());
  std::size_t over_both = 0;
  for (const Instruction& i : program.instructions) {
    const auto* pointwise = std::get_if<Pointwise>(&i.what);
    ASSERT_NE(pointwise, nullptr);
    over_both += pointwise->extents.size() == 2 ? 1 : 0;
  }
  EXPECT_EQ(over_both, 1u);
}

TEST(Sharing, WhatIsInvertedIsNotDividedByAgain) {
  ProgramBuilder b;
  const BufferId x = b.input("x", {n});
  const BufferId y = b.input("y", {n});
  PointwiseBuilder w({n});
  const Register xi = w.load(along(x, {0}));
  const Register yi = w.load(along(y, {0}));
  // 1/x, y/x, y/x^3, y/(1+x^2), x*y/(1+x^2): two divisions are enough.
  const Register square = w.binary(ScalarOp::Add, w.constant(1), w.unary(ScalarOp::Square, xi));
  const Register values[] = {w.unary(ScalarOp::Reciprocal, xi), w.binary(ScalarOp::Div, yi, xi),
                             w.binary(ScalarOp::Div, yi, w.power(xi, 3)), w.binary(ScalarOp::Div, yi, square),
                             w.binary(ScalarOp::Div, w.binary(ScalarOp::Mul, xi, yi), square)};
  for (const Register value : values) {
    const BufferId r = b.temporary({n});
    w.store(along(r, {0}), value);
    b.output(r);
  }
  b.add(std::move(w).finish());
  const Program given = b.finish();
  const Program program = optimised(given);
  EXPECT_EQ(cost(given).division.text(), "5*n");
  EXPECT_EQ(cost(program).division.text(), "2*n");
  const std::vector<run::Array> in{run::Array::vector({0.3, -2, 7}), run::Array::vector({1.5, 4, -1})};
  const auto plain = run::Interpreter(given, {{"n", 3}}).run(in);
  const auto better = run::Interpreter(program, {{"n", 3}}).run(in);
  for (std::size_t k = 0; k < plain.size(); ++k) {
    for (std::int64_t i = 0; i < 3; ++i)
      EXPECT_NEAR(plain[k][i], better[k][i], 1e-14 * std::abs(plain[k][i]));
  }
}

}  // namespace
}  // namespace adjoint::test

// Polynomials, costs, listings, the tables of instructions and routines.
#include <gtest/gtest.h>

#include <cmath>

#include "kernel/builder.hpp"
#include "kernel/cost.hpp"
#include "kernel/routine.hpp"

namespace adjoint::kernel {
namespace {

const Size n = Size::name("n");
const Size p = Size::name("p");

TEST(Polynomials, ArithmeticAndText) {
  const Polynomial a = Polynomial(Rational(1, 3)) * Polynomial(n) * Polynomial(n) * Polynomial(n);
  const Polynomial b = Polynomial(2) * Polynomial(n) * Polynomial(p) - Polynomial(p) + 1;
  EXPECT_EQ((a + b).text(), "n^3/3 + 2*n*p - p + 1");
  EXPECT_EQ((a + b).order(), "O(n^3 + n*p)");
  EXPECT_EQ((a - a).text(), "0");
  EXPECT_EQ((a + a + a).text(), "n^3");
  EXPECT_EQ((Polynomial(Rational(-2, 3)) * Polynomial(n)).text(), "-2*n/3");
  EXPECT_EQ((a + b).evaluate({{"n", 3}, {"p", 2}}), Rational(20));
  EXPECT_FALSE((a + b).evaluate({{"n", 3}}));
  EXPECT_EQ(Polynomial(7).order(), "O(1)");
  EXPECT_EQ(a.substitute("n", Polynomial(n + 1)).evaluate({{"n", 2}}), Rational(9));
  EXPECT_TRUE(Polynomial::less_for_large(b, a));
  EXPECT_FALSE(Polynomial::less_for_large(a, b));
  EXPECT_FALSE(Polynomial::less_for_large(a, a));
  EXPECT_EQ(a.degree(), 3);
}

Program two_layers() {
  ProgramBuilder b;
  const BufferId A = b.input("A", {p, n});
  const BufferId x = b.input("x", {n});
  const BufferId z = b.temporary({p}, "z");
  b.contract(z, {0}, A, {0, 1}, x, {1}, 1, Store::Assign, "z = A*x");
  const BufferId f = b.temporary({}, "f");
  PointwiseBuilder w({p});
  const Register t = w.unary(ScalarOp::Tanh, w.load(along(z, {0})));
  w.store(along(f, {}), w.binary(ScalarOp::Mul, t, t), Reduction::Sum);
  b.add(std::move(w).finish(), "f = sum(tanh(z).^2)");
  b.output(f);
  return b.finish();
}

TEST(Programs, CostAndListing) {
  const Program program = two_layers();
  const Cost c = cost(program);
  EXPECT_EQ(c.multiply_add.text(), "n*p");
  EXPECT_EQ(c.transcendental.text(), "p");
  EXPECT_EQ(c.arithmetic.text(), "2*p");
  EXPECT_EQ(c.flops().text(), "2*n*p + 3*p");
  EXPECT_EQ(c.flops().order(), "O(n*p)");
  EXPECT_EQ(c.traffic().text(), "n*p + n + 2*p + 1");
  EXPECT_EQ(working_memory(program).text(), "p + 1");
  EXPECT_EQ(text(program),
            "input A(p,n)\n"
            "input x(n)\n"
            "z[i] = sum A[i,j]*x[j]  for i<p, j<n  # z = A*x\n"
            "r0 = tanh(z[i]); f = sum r0*r0  for i<p  # f = sum(tanh(z).^2)\n"
            "output f\n");
}

TEST(Programs, ProblemsAreNamed) {
  Program program = two_layers();
  std::get<Pointwise>(program.instructions[1].what).operands[0].axes.clear();
  ASSERT_EQ(problems(program).size(), 1U);
  EXPECT_EQ(problems(program)[0], "instruction 2 indexes z with 0 indices, it has 1 axes");
  program = two_layers();
  std::swap(program.instructions[0], program.instructions[1]);
  EXPECT_EQ(problems(program)[0], "instruction 1 reads z before it is written");
  program = two_layers();
  std::get<Contract>(program.instructions[0].what).c.buffer = 0;
  EXPECT_FALSE(problems(program).empty());
  ProgramBuilder b;
  const BufferId x = b.input("X", {n, p});
  EXPECT_THROW(b.call("inv", {{x, {}}}), std::invalid_argument);
  EXPECT_THROW(b.call("nonsense", {{x, {}}}), std::logic_error);
}

TEST(RoutineTable, ShapesOfResults) {
  const auto shape = [](std::string_view name, const std::vector<Shape>& in,
                        const std::vector<std::int64_t>& attributes = {}) {
    return find_routine(name)->shapes(in, attributes);
  };
  const Size k = Size::name("k");
  EXPECT_EQ(shape("inv", {{n, n}})[0], (Shape{n, n}));
  EXPECT_EQ(shape("det", {{n, n, k}})[0], (Shape{k}));
  EXPECT_EQ(shape("lyap", {{n, n}, {n, n, k, p}})[0], (Shape{n, n, k, p}));
  EXPECT_EQ(shape("solve", {{n, n}, {n, p}})[0], (Shape{n, p}));
  EXPECT_EQ(shape("svdu", {{n, p}})[0], (Shape{n, Size::name("min(n,p)")}));
  EXPECT_EQ(shape("svdvals", {{n, 3 * n}})[0], (Shape{Size::name("min(3*n,n)")}));
  EXPECT_EQ(shape("svdvals", {{n, n - 1}})[0], (Shape{n - 1}));
  EXPECT_EQ(shape("pinv", {{n, p}})[0], (Shape{p, n}));
  EXPECT_EQ(shape("maximum", {{n, p, k}}, {1})[0], (Shape{n, k}));
  EXPECT_EQ(shape("maximum", {{n, p, k}}, {-1})[0], Shape{});
  EXPECT_EQ(shape("prod_hess", {{n}})[0], (Shape{n, n}));
  EXPECT_THROW(shape("inv", {{n, p}}), std::invalid_argument);
  for (const std::string_view name : routine_names()) EXPECT_EQ(find_routine(name)->name, name);
}

TEST(RoutineTable, SmallerSizesAreCompleted) {
  ProgramBuilder b;
  const BufferId x = b.input("X", {n + 1, 2 * p});
  b.output(b.call("svdvals", {{x, {}}}));
  const SizeValues values = completed(b.finish(), {{"n", 6}, {"p", 3}});
  EXPECT_EQ(values.at("min(2*p,n+1)"), 6);
  EXPECT_FALSE(std::isnan(cost(b.finish()).flops().value(values)));
}

TEST(Scalars, NamesRoundTrip) {
  for (int op = 0; op <= static_cast<int>(ScalarOp::Call); ++op) {
    const ScalarInfo& row = info(static_cast<ScalarOp>(op));
    EXPECT_EQ(scalar_op(row.name), row.op) << row.name;
  }
  EXPECT_FALSE(scalar_op("gamma"));
  EXPECT_EQ(power_multiplications(1), 0);
  EXPECT_EQ(power_multiplications(3), 2);
  EXPECT_EQ(power_multiplications(-8), 3);
}

}  // namespace
}  // namespace adjoint::kernel

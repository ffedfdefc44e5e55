// The interpreter against the obvious executor: pointwise instructions.
#include <gtest/gtest.h>

#include "kernel/cost.hpp"
#include "run_support.hpp"

namespace adjoint::test {
namespace {

using run::Array;
using run::Interpreter;

void expect_same(const Program& program, const SizeValues& sizes, const std::vector<Array>& inputs,
                 double tolerance = 1e-13) {
  Interpreter interpreter(program, sizes, {{}, true});
  const std::vector<Array> got = interpreter.run(inputs);
  const std::vector<Array> again = interpreter.run(inputs);
  const std::vector<Array> want = Naive(program, sizes).run(inputs);
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t k = 0; k < got.size(); ++k) {
    EXPECT_LE(difference(got[k], want[k]), tolerance) << text(program) << "output " << k;
    EXPECT_EQ(difference(again[k], got[k]), 0) << text(program) << "a second run differs";
  }
  const Cost cost = kernel::cost(program);
  EXPECT_DOUBLE_EQ(interpreter.counts().arithmetic, cost.arithmetic.value(sizes)) << text(program);
  EXPECT_DOUBLE_EQ(interpreter.counts().division, cost.division.value(sizes)) << text(program);
  EXPECT_DOUBLE_EQ(interpreter.counts().transcendental, cost.transcendental.value(sizes)) << text(program);
  EXPECT_DOUBLE_EQ(interpreter.counts().multiply_add, cost.multiply_add.value(sizes)) << text(program);
}

const Size n = Size::name("n");
const Size p = Size::name("p");

TEST(Pointwise, EveryFunctionAtEveryLength) {
  std::mt19937_64 random(1);
  for (int op = static_cast<int>(ScalarOp::Neg); op < static_cast<int>(ScalarOp::Call); ++op) {
    const auto which = static_cast<ScalarOp>(op);
    for (const int length : {1, 3, 8, 17, 300, 1000}) {
      ProgramBuilder b;
      const BufferId x = b.input("x", {n});
      const BufferId y = b.input("y", {n});
      const BufferId z = b.temporary({n}, "z");
      PointwiseBuilder w({n});
      const Register vx = w.load(along(x, {0}));
      const Register vy = w.load(along(y, {0}));
      Register v = 0;
      switch (info(which).arity) {
        case 1:
          v = which == ScalarOp::PowI ? w.power(vx, -5) : w.unary(which, vx);
          break;
        case 2:
          v = w.binary(which, vx, vy);
          break;
        default:
          v = w.select(w.binary(ScalarOp::Less, vx, vy), vx, vy);
      }
      w.store(along(z, {0}), v);
      b.add(std::move(w).finish());
      b.output(z);
      expect_same(b.finish(), {{"n", length}},
                  {random_array({length}, random), random_array({length}, random)}, 4e-15);
    }
  }
}

TEST(Pointwise, SpecialValuesAreThoseOfTheScalarLibrary) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> special{0.0,   -0.0,   1,   -1,   inf, -inf, nan, 1e-310,
                                    1e300, -1e300, 710, -746, 0.5, 2,    -2,  3};
  std::vector<double> x, y;
  for (const double a : special) {
    for (const double b : special) {
      x.push_back(a);
      y.push_back(b);
    }
  }
  for (int op = static_cast<int>(ScalarOp::Add); op < static_cast<int>(ScalarOp::Call); ++op) {
    const auto which = static_cast<ScalarOp>(op);
    if (which == ScalarOp::PowI || which == ScalarOp::Select) continue;
    ProgramBuilder b;
    const BufferId ix = b.input("x", {n});
    const BufferId iy = b.input("y", {n});
    const BufferId z = b.temporary({n}, "z");
    PointwiseBuilder w({n});
    const Register vx = w.load(along(ix, {0}));
    w.store(along(z, {0}),
            info(which).arity == 1 ? w.unary(which, vx) : w.binary(which, vx, w.load(along(iy, {0}))));
    b.add(std::move(w).finish());
    b.output(z);
    const Program program = b.finish();
    const auto size = static_cast<std::int64_t>(x.size());
    const Array got =
        Interpreter(program, {{"n", size}}).run(std::vector{Array::vector(x), Array::vector(y)})[0];
    const Array want = Naive(program, {{"n", size}}).run({Array::vector(x), Array::vector(y)})[0];
    for (std::int64_t k = 0; k < size; ++k) {
      const auto at = static_cast<std::size_t>(k);
      const std::string where =
          std::string(info(which).name) + " at " + std::to_string(x[at]) + ", " + std::to_string(y[at]);
      if (std::isnan(want[k])) {
        EXPECT_TRUE(std::isnan(got[k])) << where << " gives " << got[k];
      } else if (std::isinf(want[k]) || want[k] == 0) {
        EXPECT_EQ(got[k], want[k]) << where;
      } else {
        EXPECT_NEAR(got[k] / want[k], 1, 2e-15) << where;
      }
    }
  }
}

TEST(Pointwise, AnUntakenBranchDoesNotPoison) {
  ProgramBuilder b;
  const BufferId x = b.input("x", {n});
  const BufferId z = b.temporary({n});
  PointwiseBuilder w({n});
  const Register v = w.load(along(x, {0}));
  w.store(along(z, {0}),
          w.select(w.binary(ScalarOp::Less, v, w.constant(0)), w.constant(7), w.unary(ScalarOp::Sqrt, v)));
  b.add(std::move(w).finish());
  b.output(z);
  const Array got = Interpreter(b.finish(), {{"n", 9}})
                        .run(std::vector{Array::vector({-1, 4, -1, 9, -1, 0, -2, -3, 16})})[0];
  EXPECT_EQ(got.values(), (std::vector<double>{7, 2, 7, 3, 7, 0, 7, 7, 4}));
}

TEST(Pointwise, TransposesDiagonalsBroadcastsSlicesAndReductions) {
  std::mt19937_64 random(2);
  for (const auto& [rows, columns] :
       std::vector<std::pair<int, int>>{{1, 1}, {2, 3}, {7, 5}, {40, 3}, {3, 400}, {300, 5}, {130, 131}}) {
    const SizeValues sizes{{"n", rows}, {"p", columns}};
    const std::vector<Array> inputs{random_array({rows, columns}, random),
                                    random_array({columns, rows}, random), random_array({rows}, random),
                                    random_array({}, random), random_array({rows, rows}, random)};
    ProgramBuilder b;
    const BufferId A = b.input("A", {n, p});
    const BufferId B = b.input("B", {p, n});
    const BufferId x = b.input("x", {n});
    const BufferId s = b.input("s", {});
    const BufferId S = b.input("S", {n, n});
    {  // exp(A + B') .* x * s
      PointwiseBuilder w({n, p});
      const Register e = w.unary(ScalarOp::Tanh,
                                 w.binary(ScalarOp::Add, w.load(along(A, {0, 1})), w.load(along(B, {1, 0}))));
      const Register v = w.binary(ScalarOp::Mul, w.binary(ScalarOp::Mul, e, w.load(along(x, {0}))),
                                  w.unary(ScalarOp::Exp, w.load(along(s, {}))));
      const BufferId C = b.temporary({n, p}, "C"), Ct = b.temporary({p, n}, "Ct"), r = b.temporary({n}, "r"),
                     c = b.temporary({p}, "c"), t = b.temporary({}, "t");
      const BufferId m = b.temporary({p}, "m"), l = b.temporary({n}, "l"), q = b.temporary({}, "q"),
                     dot = b.temporary({}, "dot");
      w.store(along(C, {0, 1}), v);
      w.store(along(Ct, {1, 0}), e);
      w.store(along(r, {0}), v, Reduction::Sum);
      w.store(along(c, {1}), v, Reduction::Sum);
      w.store(along(t, {}), v, Reduction::Sum);
      w.store(along(m, {1}), v, Reduction::Max);
      w.store(along(l, {0}), v, Reduction::Min);
      w.store(along(q, {}), e, Reduction::Product);
      w.store(along(dot, {}), w.binary(ScalarOp::Mul, v, e), Reduction::Sum);
      b.add(std::move(w).finish());
      for (const BufferId out : {C, Ct, r, c, t, m, l, q, dot}) b.output(out);
    }
    {  // diag(x), diag(S), the trace, eye(n), tril(S)
      const BufferId D = b.temporary({n, n}, "D"), d = b.temporary({n}, "d"), tr = b.temporary({}, "tr"),
                     I = b.temporary({n, n}, "I"), L = b.temporary({n, n}, "L");
      PointwiseBuilder w({n});
      w.store(along(D, {0, 0}), w.load(along(x, {0})));
      w.store(along(d, {0}), w.load(along(S, {0, 0})));
      w.store(along(tr, {}), w.load(along(S, {0, 0})), Reduction::Sum);
      w.store(along(I, {0, 0}), w.constant(1));
      b.add(std::move(w).finish());
      PointwiseBuilder lower({n, n});
      lower.store(along(L, {0, 1}), lower.select(lower.binary(ScalarOp::Less, lower.index(0), lower.index(1)),
                                                 lower.constant(0), lower.load(along(S, {0, 1}))));
      b.add(std::move(lower).finish());
      // add to L: the diagonal of S, then the largest of each column, and patch the first row
      PointwiseBuilder add({n, n});
      add.store(along(L, {0, 0}), add.constant(2), Reduction::Sum, Store::Add);
      add.store(along(d, {1}), add.load(along(S, {0, 1})), Reduction::Max, Store::Add);
      b.add(std::move(add).finish());
      PointwiseBuilder patch({n});
      Access row = along(L, {0, 0});
      row.axes[0] = fixed(0);
      patch.store(row, patch.size(n), Reduction::None, Store::Patch);
      b.add(std::move(patch).finish());
      for (const BufferId out : {D, d, tr, I, L}) b.output(out);
    }
    expect_same(b.finish(), sizes, inputs, 1e-12);
  }
}

TEST(Pointwise, DifferencesReversalsGuardsAndFusedAxes) {
  std::mt19937_64 random(3);
  for (const int length : {2, 3, 9, 255, 256, 257, 258, 1000}) {
    ProgramBuilder b;
    const BufferId x = b.input("x", {n});
    const BufferId u = b.input("u", {n - 1});
    const BufferId d = b.temporary({n - 1}, "d"), dt = b.temporary({n}, "dt"),
                   back = b.temporary({n}, "back"), tv = b.temporary({}, "tv");
    PointwiseBuilder w({n - 1});
    Access next = along(x, {0});
    next.axes[0] = shifted(0, 1);
    const Register v = w.binary(ScalarOp::Sub, w.load(next), w.load(along(x, {0})));
    w.store(along(d, {0}), v);
    w.store(along(tv, {}),
            w.unary(ScalarOp::Sqrt,
                    w.binary(ScalarOp::Add, w.unary(ScalarOp::Square, v), w.constant(Rational(1, 100)))),
            Reduction::Sum);
    b.add(std::move(w).finish());
    PointwiseBuilder t({n});
    Access before = along(u, {0}), here = along(u, {0});
    before.axes[0] = shifted(0, -1);
    before.guarded = here.guarded = true;
    t.store(along(dt, {0}), t.binary(ScalarOp::Sub, t.load(before), t.load(here)));
    Access reversed = along(x, {0});
    reversed.axes[0] = {{{0, -1}}, n - 1};
    t.store(along(back, {0}), t.load(reversed));
    b.add(std::move(t).finish());
    for (const BufferId out : {d, dt, back, tv}) b.output(out);
    expect_same(b.finish(), {{"n", length}},
                {random_array({length}, random), random_array({length - 1}, random)});
  }
  // kron(A,B) and a reshape
  ProgramBuilder b;
  const BufferId A = b.input("A", {n, p});
  const BufferId B = b.input("B", {p, n});
  const BufferId K = b.temporary({n * p, n * p}, "K"), R = b.temporary({p, n}, "R");
  PointwiseBuilder w({n, p, p, n});
  Access out = along(K, {0, 1});
  out.axes[0] = fused(2, p, 0);
  out.axes[1] = fused(3, n, 1);
  w.store(out, w.binary(ScalarOp::Mul, w.load(along(A, {0, 1})), w.load(along(B, {2, 3}))));
  b.add(std::move(w).finish());
  PointwiseBuilder r({n * p});
  Access from = along(A, {0}), to = along(R, {0});
  from.view = to.view = {n * p};
  r.store(to, r.load(from));
  b.add(std::move(r).finish());
  b.output(K);
  b.output(R);
  expect_same(b.finish(), {{"n", 3}, {"p", 4}}, {random_array({3, 4}, random), random_array({4, 3}, random)});
}

TEST(Pointwise, EmptyArrays) {
  ProgramBuilder b;
  const BufferId x = b.input("x", {n});
  const BufferId s = b.temporary({}), m = b.temporary({}), y = b.temporary({n});
  PointwiseBuilder w({n});
  w.store(along(s, {}), w.load(along(x, {0})), Reduction::Sum);
  w.store(along(m, {}), w.load(along(x, {0})), Reduction::Max);
  w.store(along(y, {0}), w.load(along(x, {0})));
  b.add(std::move(w).finish());
  for (const BufferId out : {s, m, y}) b.output(out);
  const auto got = Interpreter(b.finish(), {{"n", 0}}).run(std::vector{Array(run::Dims{0})});
  EXPECT_EQ(got[0][0], 0);
  EXPECT_EQ(got[1][0], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(got[2].size(), 0);
}

TEST(Pointwise, AbstractFunctionsAreGiven) {
  ProgramBuilder b;
  const BufferId x = b.input("x", {n});
  const BufferId y = b.temporary({n});
  PointwiseBuilder w({n});
  w.store(along(y, {0}), w.call("rho", w.load(along(x, {0}))));
  b.add(std::move(w).finish());
  b.output(y);
  run::Options options;
  EXPECT_THROW(Interpreter(b.finish(), {{"n", 2}}), std::invalid_argument);
  options.functions.scalar["rho"] = [](double t) { return 3 * t; };
  EXPECT_EQ(Interpreter(b.finish(), {{"n", 2}}, options).run(std::vector{Array::vector({1, 2})})[0].values(),
            (std::vector<double>{3, 6}));
}

TEST(Pointwise, BadPrograms) {
  ProgramBuilder b;
  const BufferId x = b.input("x", {n});
  const BufferId y = b.temporary({n});
  PointwiseBuilder w({n});
  Access next = along(x, {0});
  next.axes[0] = shifted(0, 1);
  w.store(along(y, {0}), w.load(next));
  b.add(std::move(w).finish());
  b.output(y);
  EXPECT_THROW(b.finish(), std::logic_error);
  EXPECT_THROW(b.finish(), std::logic_error);
  ProgramBuilder c;
  c.output(c.temporary({}));
  EXPECT_EQ(problems(c.program()).size(), 1U);
}

}  // namespace
}  // namespace adjoint::test

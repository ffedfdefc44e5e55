// The interpreter against the obvious executor: contractions.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/cost.hpp"
#include "run_support.hpp"

namespace adjoint::test {
namespace {

using run::Array;
using run::Interpreter;

void expect_same(const Program& program, const SizeValues& sizes, const std::vector<Array>& inputs) {
  Interpreter interpreter(program, sizes, {{}, true});
  const std::vector<Array> got = interpreter.run(inputs);
  const std::vector<Array> want = Naive(program, sizes).run(inputs);
  for (std::size_t k = 0; k < got.size(); ++k) EXPECT_LE(difference(got[k], want[k]), 1e-12) << text(program);
  const Cost cost = kernel::cost(program);
  EXPECT_NEAR(interpreter.counts().flops(), cost.flops().value(sizes), 1e-9 * cost.flops().value(sizes))
      << text(program);
  EXPECT_NEAR(interpreter.counts().multiply_add, cost.multiply_add.value(sizes),
              1e-9 * cost.flops().value(sizes))
      << text(program);
}

// Random labels over random shapes, with diagonals, sums of one operand, batches and outer products.
TEST(Contract, RandomLabels) {
  std::mt19937_64 random(4);
  const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  for (int trial = 0; trial < 400; ++trial) {
    const int labels = 1 + pick(5);
    std::vector<Size> sizes;
    SizeValues values;
    for (int l = 0; l < labels; ++l) {
      const std::string name(1, static_cast<char>('a' + l));
      sizes.push_back(Size::name(name));
      values[name] = trial % 3 == 0 ? 1 + pick(24) : 1 + pick(5);
    }
    const auto word = [&](int longest) {
      std::vector<std::int32_t> w;
      for (int k = pick(longest + 1); k > 0; --k) w.push_back(pick(labels));
      return w;
    };
    const std::vector<std::int32_t> wa = word(3), wb = word(3);
    std::vector<std::int32_t> wc;
    for (int l = 0; l < labels; ++l) {
      const bool there = std::count(wa.begin(), wa.end(), l) + std::count(wb.begin(), wb.end(), l) > 0;
      if (there && pick(2) == 0) wc.push_back(l);
    }
    std::shuffle(wc.begin(), wc.end(), random);
    const auto shape = [&](const std::vector<std::int32_t>& w) {
      Shape s;
      for (const std::int32_t l : w) s.push_back(sizes[static_cast<std::size_t>(l)]);
      return s;
    };
    ProgramBuilder b;
    const BufferId A = b.input("A", shape(wa)), B = b.input("B", shape(wb));
    const BufferId C = b.temporary(shape(wc), "C");
    const Rational coefficient = pick(2) == 0 ? Rational(1) : Rational(-3, 2);
    b.contract(C, wc, A, wa, B, wb, coefficient);
    if (pick(2) == 0) b.contract(C, wc, A, wa, B, wb, Rational(2), Store::Add);
    b.output(C);
    const auto dims = [&](const Shape& s) {
      run::Dims d;
      for (const Size& size : s) d.push_back(size.evaluate(values).value());
      return d;
    };
    expect_same(b.finish(), values,
                {random_array(dims(shape(wa)), random), random_array(dims(shape(wb)), random)});
  }
}

TEST(Contract, ProductsOfAllTranspositions) {
  std::mt19937_64 random(5);
  const Size m = Size::name("m"), n = Size::name("n"), k = Size::name("k");
  for (const auto& [vm, vn, vk] : std::vector<std::tuple<int, int, int>>{
           {3, 4, 5}, {50, 40, 30}, {1, 60, 50}, {60, 1, 50}, {40, 40, 1}, {1, 1, 700}}) {
    for (int way = 0; way < 8; ++way) {
      ProgramBuilder b;
      const bool ta = way & 1, tb = way & 2, tc = way & 4;
      const BufferId A = b.input("A", ta ? Shape{k, m} : Shape{m, k});
      const BufferId B = b.input("B", tb ? Shape{n, k} : Shape{k, n});
      const BufferId C = b.temporary(tc ? Shape{n, m} : Shape{m, n});
      b.contract(C, tc ? std::vector{2, 0} : std::vector{0, 2}, A, ta ? std::vector{1, 0} : std::vector{0, 1},
                 B, tb ? std::vector{2, 1} : std::vector{1, 2});
      b.output(C);
      expect_same(b.finish(), {{"m", vm}, {"n", vn}, {"k", vk}},
                  {random_array(ta ? run::Dims{vk, vm} : run::Dims{vm, vk}, random),
                   random_array(tb ? run::Dims{vn, vk} : run::Dims{vk, vn}, random)});
    }
  }
}

TEST(Contract, GramMatricesAndKnownSymmetry) {
  std::mt19937_64 random(6);
  const Size n = Size::name("n"), p = Size::name("p");
  for (const auto& [vn, vp] : std::vector<std::pair<int, int>>{{3, 2}, {40, 30}, {100, 65}}) {
    ProgramBuilder b;
    const BufferId X = b.input("X", {n, p});
    const BufferId w = b.input("w", {n});
    const BufferId G = b.temporary({n, n}), H = b.temporary({p, p}), Y = b.temporary({n, p}),
                   K = b.temporary({p, p});
    b.contract(G, {0, 2}, X, {0, 1}, X, {2, 1});
    b.contract(H, {0, 2}, X, {1, 0}, X, {1, 2}, Rational(1, 2));
    b.contract(Y, {0, 1}, X, {0, 1}, w, {0});
    Contract c;
    c.extents = {p, n, p};
    c.a = along(X, {1, 0});
    c.b = along(Y, {1, 2});
    c.c = along(K, {0, 2});
    c.symmetric = true;
    b.add(c);
    b.output(G);
    b.output(H);
    b.output(K);
    const Program program = b.finish();
    expect_same(program, {{"n", vn}, {"p", vp}},
                {random_array({vn, vp}, random), random_array({vn}, random)});
    EXPECT_TRUE(std::get<Contract>(program.instructions[0].what).symmetric);
  }
}

TEST(Contract, SlicesAreViews) {
  std::mt19937_64 random(7);
  const Size n = Size::name("n");
  ProgramBuilder b;
  const BufferId A = b.input("A", {n, n});
  const BufferId y = b.temporary({n - 1}), M = b.temporary({n - 1, n - 1});
  Contract c;  // A[1:n-1, 2:n] * A[2:n, 1]
  c.extents = {n - 1, n - 1};
  c.a = along(A, {0, 1});
  c.a.axes[1] = shifted(1, 1);
  c.b = along(A, {1, 0});
  c.b.axes = {shifted(1, 1), fixed(0)};
  c.c = along(y, {0});
  b.add(c);
  Contract square;
  square.extents = {n - 1, n - 1, n - 1};
  square.a = along(A, {0, 1});
  square.b = along(A, {1, 2});
  square.b.axes[1] = shifted(2, 1);
  square.c = along(M, {0, 2});
  b.add(square);
  b.output(y);
  b.output(M);
  for (const int size : {2, 5, 60})
    expect_same(b.finish(), {{"n", size}}, {random_array({size, size}, random)});
}

}  // namespace
}  // namespace adjoint::test

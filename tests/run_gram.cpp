// Weighted Gram matrices X'*diag(d)*X and X*diag(d)*X': weights of one sign and of both.
#include <gtest/gtest.h>

#include <cmath>

#include "run_support.hpp"

namespace adjoint::test {
namespace {

using run::Array;

TEST(Gram, IsTheSymmetricProduct) {
  const Size m = Size::name("m");
  const Size n = Size::name("n");
  for (const bool by_rows : {true, false}) {
    for (const bool swapped : {true, false}) {
      ProgramBuilder p;
      const BufferId x = p.input("X", {m, n});
      const BufferId d = p.input("d", {by_rows ? m : n});
      const BufferId w = p.temporary({m, n});
      const BufferId c = p.temporary({by_rows ? n : m, by_rows ? n : m});
      PointwiseBuilder weigh({m, n});
      weigh.store(along(w, {0, 1}), weigh.binary(ScalarOp::Mul, weigh.load(along(d, {by_rows ? 0 : 1})),
                                                 weigh.load(along(x, {0, 1}))));
      p.add(std::move(weigh).finish());
      const std::vector<std::int32_t> left =
          by_rows ? std::vector<std::int32_t>{2, 0} : std::vector<std::int32_t>{0, 2};
      const std::vector<std::int32_t> right =
          by_rows ? std::vector<std::int32_t>{2, 1} : std::vector<std::int32_t>{1, 2};
      Contract product;
      product.extents = by_rows ? std::vector<Size>{n, n, m} : std::vector<Size>{m, m, n};
      product.a = along(swapped ? w : x, left);
      product.b = along(swapped ? x : w, right);
      product.c = along(c, {0, 1});
      product.coefficient = Rational(1, 2);
      product.symmetric = true;
      p.add(product);
      p.output(c);
      const Program program = p.finish();
      const std::int64_t rows = 37, columns = 41;
      Array X({rows, columns});
      for (std::int64_t k = 0; k < X.size(); ++k) X[k] = std::sin(static_cast<double>(k * k % 97));
      run::Interpreter interpreter(program, {{"m", rows}, {"n", columns}});
      for (const double least : {0.0, -0.5}) {
        Array weights({by_rows ? rows : columns});
        for (std::int64_t k = 0; k < weights.size(); ++k) weights[k] = least + static_cast<double>(k % 5);
        const std::vector<Array> in{X, weights};
        const Array result = interpreter.run(in)[0];
        const std::int64_t size = result.dims()[0];
        for (std::int64_t i = 0; i < size; ++i) {
          for (std::int64_t j = 0; j < size; ++j) {
            double sum = 0;
            for (std::int64_t k = 0; k < weights.size(); ++k)
              sum += 0.5 * weights[k] * (by_rows ? X(k, i) * X(k, j) : X(i, k) * X(j, k));
            ASSERT_NEAR(result(i, j), sum, 1e-12) << i << " " << j;
          }
        }
      }
    }
  }
}

// c = u*w' - v*x' + …, plain and transposed, of all lengths around whole vectors.
TEST(Outer, SumsOfOuterProducts) {
  const Size m = Size::name("m");
  const Size n = Size::name("n");
  for (const bool transposed : {false, true}) {
    for (int count = 1; count <= 5; ++count) {
      ProgramBuilder p;
      PointwiseBuilder b({m, n});
      Register sum = -1;
      for (int k = 0; k < count; ++k) {
        const Register u = b.load(along(p.input("u", {m}), {0}));
        const Register w = b.load(along(p.input("w", {n}), {1}));
        const Register product = k % 2 == 0 ? b.binary(ScalarOp::Mul, u, w) : b.binary(ScalarOp::Mul, w, u);
        sum = sum < 0 ? product : b.binary(k % 3 == 1 ? ScalarOp::Sub : ScalarOp::Add, sum, product);
      }
      const BufferId c = p.temporary(transposed ? Shape{n, m} : Shape{m, n});
      b.store(along(c, transposed ? std::vector<std::int32_t>{1, 0} : std::vector<std::int32_t>{0, 1}),
              b.unary(ScalarOp::Neg, sum));
      p.add(std::move(b).finish());
      p.output(c);
      const Program program = p.finish();
      for (const std::int64_t rows : {1, 2, 8, 13, 40}) {
        for (const std::int64_t columns : {1, 3, 17}) {
          std::vector<Array> in;
          for (int k = 0; k < 2 * count; ++k) {
            Array a({k % 2 == 0 ? rows : columns});
            for (std::int64_t i = 0; i < a.size(); ++i) a[i] = std::cos(static_cast<double>(i * i + 7 * k));
            in.push_back(a);
          }
          const Array result = run::Interpreter(program, {{"m", rows}, {"n", columns}}).run(in)[0];
          for (std::int64_t i = 0; i < rows; ++i) {
            for (std::int64_t j = 0; j < columns; ++j) {
              double expected = 0;
              for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k)
                expected += (k % 3 == 1 ? -1 : 1) * in[2 * k][i] * in[2 * k + 1][j];
              ASSERT_NEAR(transposed ? result(j, i) : result(i, j), -expected, 1e-14);
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace adjoint::test

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

}  // namespace
}  // namespace adjoint::test

// Chains of pointwise steps over long vectors: run in strips they give what they give one by one.
#include <gtest/gtest.h>

#include <cmath>

#include "run_support.hpp"

namespace adjoint::test {
namespace {

using run::Array;
using run::Interpreter;

const Size n = Size::name("n");

Access guarded(BufferId buffer, std::int64_t offset) {
  Access access = along(buffer, {0});
  access.axes[0] = shifted(0, offset);
  access.guarded = true;
  return access;
}

// y_i = x_{i+ahead}^2 - x_{i-behind}, z_i = y_{i-back} + 2*y_{i+front} (zeros outside), s = sum z.*x, of
// which `keep` are results. The instructions as they stand, without fusion.
Program stencils(std::int64_t ahead, std::int64_t behind, std::int64_t back, std::int64_t front, bool keep) {
  ProgramBuilder p;
  const BufferId x = p.input("x", {n});
  const BufferId y = p.temporary({n}, "y");
  const BufferId z = p.temporary({n}, "z");
  const BufferId s = p.temporary({}, "s");
  PointwiseBuilder first({n});
  first.store(along(y, {0}),
              first.binary(ScalarOp::Sub, first.unary(ScalarOp::Square, first.load(guarded(x, ahead))),
                           first.load(guarded(x, -behind))));
  p.add(std::move(first).finish());
  PointwiseBuilder second({n});
  second.store(along(z, {0}), second.binary(ScalarOp::Add, second.load(guarded(y, -back)),
                                            second.binary(ScalarOp::Mul, second.constant(2),
                                                          second.load(guarded(y, front)))));
  p.add(std::move(second).finish());
  PointwiseBuilder third({n});
  third.store(along(s, {}), third.binary(ScalarOp::Mul, third.load(along(z, {0})), third.load(along(x, {0}))),
              Reduction::Sum);
  p.add(std::move(third).finish());
  p.output(s);
  if (keep) {
    p.output(z);
    p.output(y);
  }
  return p.finish();
}

TEST(Strips, GiveWhatTheStepsGive) {
  for (const std::int64_t length : {4095, 4096, 5000, 10240, 12289}) {
    std::vector<double> x;
    for (std::int64_t i = 0; i < length; ++i) x.push_back(std::sin(static_cast<double>(i * i % 1009)));
    const auto at = [&](const std::vector<double>& v, std::int64_t i) {
      return i < 0 || i >= length ? 0.0 : v[static_cast<std::size_t>(i)];
    };
    for (const std::int64_t front : {0, 1, 7, 100, 500}) {
      for (const bool keep : {true, false}) {
        const std::int64_t ahead = 3, behind = 2, back = front == 7 ? 90 : 1;
        std::vector<double> y, z;
        double s = 0;
        for (std::int64_t i = 0; i < length; ++i)
          y.push_back(at(x, i + ahead) * at(x, i + ahead) - at(x, i - behind));
        for (std::int64_t i = 0; i < length; ++i) {
          z.push_back(at(y, i - back) + 2 * at(y, i + front));
          s += z.back() * at(x, i);
        }
        Interpreter interpreter(stencils(ahead, behind, back, front, keep), {{"n", length}});
        const std::vector<Array> in{Array::vector(x)};
        for (int again = 0; again < 2; ++again) {
          const auto out = interpreter.run(in);
          EXPECT_NEAR(out[0][0], s, 1e-9);
          if (!keep) continue;
          for (std::int64_t i = 0; i < length; ++i) {
            ASSERT_NEAR(out[1][i], at(z, i), 1e-14) << length << " " << front << " " << i;
            ASSERT_NEAR(out[2][i], at(y, i), 1e-14) << length << " " << front << " " << i;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace adjoint::test

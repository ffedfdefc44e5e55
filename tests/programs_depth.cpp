// Deep programs: a residual network of depth T in the memory that checkpoints leave, graphs that stay small.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "app/program.hpp"
#include "app/sample.hpp"
#include "kernel/cost.hpp"
#include "programs/checkpoint.hpp"
#include "programs/modes.hpp"
#include "run/interpreter.hpp"

namespace adjoint::app {
namespace {

constexpr const char* kLayer = "f(z)=z+A'*tanh(A*z); A in R^(q,p); x in R^p";

Question network(int depth) {
  std::string text = "x";
  for (int t = 0; t < depth; ++t) text = "f(" + text + ")";
  return ask("sum(" + text + ".^2)", kLayer);
}

struct Finished {
  std::vector<run::Array> results;
  double doubles = 0;
  double flops = 0;
};
Finished run_program(const kernel::Program& program, const StraightLine& line, const SizeValues& sizes) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<run::Array> inputs;
  for (const auto& v : line.inputs) {
    run::Dims dims;
    for (const auto& s : v.shape()) dims.push_back(s.evaluate(sizes).value());
    run::Array a(dims);
    for (std::int64_t k = 0; k < a.size(); ++k) a[k] = v.rank() == 0 ? 1.0 : 0.05 * normal(random);
    inputs.push_back(std::move(a));
  }
  run::Interpreter interpreter(program, sizes);
  Finished r;
  r.results = interpreter.run(inputs);
  r.doubles = static_cast<double>(interpreter.working_doubles());
  r.flops = kernel::cost(program).flops().value(sizes);
  return r;
}

TEST(Depth, CheckpointsKeepLogarithmicMemory) {
  const SizeValues sizes{{"p", 16}, {"q", 16}};
  std::vector<double> plain, kept;
  for (const int depth : {125, 250, 500, 1000}) {
    const Question q = network(depth);
    const StraightLine program = trace(q);
    EXPECT_GE(stages(program), depth);
    const std::vector<Expr> active(program.inputs.begin(), program.inputs.end());
    const StraightLine whole = reverse(program, active);
    const StraightLine few = reverse_with_checkpoints(program, active);
    const Finished a = run_program(lower(whole), whole, sizes);
    const Finished b = run_program(lower(few, false), few, sizes);
    ASSERT_EQ(a.results.size(), b.results.size());
    for (std::size_t k = 0; k < a.results.size(); ++k) {
      double worst = 0;
      double scale = 1e-300;
      for (std::int64_t i = 0; i < a.results[k].size(); ++i) {
        worst = std::max(worst, std::abs(a.results[k][i] - b.results[k][i]));
        scale = std::max(scale, std::abs(a.results[k][i]));
      }
      EXPECT_LT(worst, 1e-10 * scale) << "output " << k << " at depth " << depth;
    }
    plain.push_back(a.doubles);
    kept.push_back(b.doubles);
    std::printf("depth %4d: reverse %8.0f doubles, with checkpoints %6.0f; flops %.2f times\n", depth,
                a.doubles, b.doubles, b.flops / a.flops);
    EXPECT_LT(b.flops, 6 * a.flops);
  }
  EXPECT_GT(plain[3] - plain[0], 6 * (plain[1] - plain[0]));  // with T
  EXPECT_LT(kept[3] - kept[0],
            3 * (std::log2(1000) - std::log2(125)) * 4 * 16);  // with log T: a few states each
}

TEST(Depth, GraphsGrowLinearly) {
  std::size_t before = 0;
  for (const int depth : {100, 200, 400}) {
    const Question q = network(depth);
    const StraightLine program = trace(q);
    EXPECT_EQ(program.lines.size(), static_cast<std::size_t>(4 * depth + 2));
    const std::vector<Expr> active(program.inputs.begin(), program.inputs.end());
    reverse(program, active);
    if (before > 0) {
      EXPECT_LT(q.graph->size(), 2 * before + 200);
    }
    before = q.graph->size();
  }
}

}  // namespace
}  // namespace adjoint::app

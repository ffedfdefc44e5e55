// Lowered programs against the evaluator on every case of the table: the function, its gradient, its map
// and adjoint, with the operations that were counted and those that were done.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>

#include "app/commands.hpp"
#include "app/sample.hpp"
#include "eval/evaluate.hpp"
#include "kernel/cost.hpp"
#include "kernel/routine.hpp"
#include "lower/lower.hpp"
#include "run/interpreter.hpp"

namespace adjoint::app {
namespace {

std::vector<std::vector<std::string>> table() {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in(ADJOINT_SOURCE_DIR "/tests/data/identities.tsv");
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == '\t') {
        cells.emplace_back();
      } else {
        cells.back() += c;
      }
    }
    rows.push_back(cells);
  }
  return rows;
}

// Small sizes with n > p, so that X'*X and the like are regular.
SizeValues sizes_of(const Question& q, int variant) {
  SizeValues sizes = sample_sizes(q, variant);
  if (sizes.contains("n") && sizes.contains("p") && sizes["n"] < sizes["p"])
    std::swap(sizes["n"], sizes["p"]);
  return sizes;
}

double difference(const Array& a, const run::Array& b) {
  if (a.data.size() != b.values().size()) return 1e300;
  double worst = 0;
  double scale = 1;
  for (std::size_t k = 0; k < a.data.size(); ++k) {
    scale = std::max(scale, std::abs(a.data[k]));
    const double d = std::abs(a.data[k] - b[static_cast<std::int64_t>(k)]);
    worst = std::isnan(d) && !(std::isnan(a.data[k]) && std::isnan(b[static_cast<std::int64_t>(k)]))
                ? 1e300
                : std::max(worst, d);
  }
  return worst / scale;
}

TEST(Lower, AgreesWithTheEvaluatorOnEveryIdentity) {
  int programs = 0;
  for (const auto& row : table()) {
    const std::string& id = row[0];
    SCOPED_TRACE(id);
    const Worked w = work(ask(row[3], row[2]), row[4], std::stoi(row[5]));
    std::vector<Expr> outputs{w.question.formula.value, w.derivative.expr};
    if (w.derivative.is_map()) outputs.push_back(w.derivative.adjoint);
    for (auto& e : outputs) e = concrete(e);
    std::vector<Expr> inputs;
    for (const auto& e : topological(outputs)) {
      if (e->kind == Kind::Variable) inputs.push_back(e);
    }
    const kernel::Program program = lower(inputs, outputs);
    std::mt19937 random(7);
    for (int variant = 0; variant < 2; ++variant) {
      const SizeValues sizes = sizes_of(w.question, variant);
      Point point = sample_point(w.question, sizes, random, variant == 0 ? 1 : 0);
      std::vector<run::Array> given;
      for (const auto& v : inputs) {
        if (!point.values.contains(v.get())) {
          Array a;
          std::normal_distribution<double> normal;
          for (const auto& s : v.shape()) a.shape.push_back(*s.evaluate(kernel::completed(program, sizes)));
          std::int64_t count = 1;
          for (const auto k : a.shape) count *= k;
          a.data.assign(static_cast<std::size_t>(count), 0.0);
          for (auto& x : a.data) x = normal(random);
          if (is_symmetric(v) && a.shape.size() == 2) {
            const auto n = static_cast<std::size_t>(a.shape[0]);
            for (std::size_t i = 0; i < n; ++i)
              for (std::size_t j = 0; j < i; ++j) a.data[j * n + i] = a.data[i * n + j];
          }
          point.values[v.get()] = a;
        }
        const Array& a = point.values.at(v.get());
        given.emplace_back(a.shape, a.data);
      }
      try {
        Evaluator evaluator(point);
        std::vector<Array> expected;
        for (const auto& e : outputs) expected.push_back(evaluator(e));
        run::Options options;
        options.count = true;
        run::Interpreter interpreter(program, sizes, options);
        const auto results = interpreter.run(given);
        for (std::size_t k = 0; k < outputs.size(); ++k)
          EXPECT_LT(difference(expected[k], results[k]), 1e-9) << "output " << k << "\n"
                                                               << kernel::text(program);
        const double counted = kernel::cost(program).flops().value(kernel::completed(program, sizes));
        EXPECT_NEAR(counted, interpreter.counts().flops(), 1e-12 * counted) << kernel::text(program);
        ++programs;
      } catch (const std::runtime_error& e) {
        ADD_FAILURE() << e.what() << "\n" << kernel::text(program);
      }
    }
  }
  EXPECT_GT(programs, 350);
}

}  // namespace
}  // namespace adjoint::app

// Forward and reverse programs of every case of the table against the derivative by the calculus, and what
// they cost against the function.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>

#include "app/commands.hpp"
#include "app/program.hpp"
#include "app/sample.hpp"
#include "calculus/differentiate.hpp"
#include "eval/evaluate.hpp"
#include "kernel/cost.hpp"
#include "kernel/routine.hpp"
#include "programs/modes.hpp"
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

Array random_array(const Shape& shape, const SizeValues& sizes, std::mt19937& random) {
  Array a;
  std::normal_distribution<double> normal;
  std::int64_t count = 1;
  for (const auto& s : shape) {
    a.shape.push_back(s.evaluate(sizes).value());
    count *= a.shape.back();
  }
  a.data.assign(static_cast<std::size_t>(count), 0.0);
  for (auto& x : a.data) x = normal(random);
  return a;
}

// The program with concrete functions for abstract ones.
StraightLine made_concrete(StraightLine p) {
  for (auto& line : p.lines) line.value = concrete(line.value);
  return p;
}

// Gradients that cost more than four times the function, where every operation counts as one, and why.
const std::vector<std::pair<std::string, std::string>> kDearer{
    {"norm-max", "a comparison an entry, against finding, counting and scaling the ties"},
    {"norm-min", "the same"},
    {"norm-nuc-tall", "singular values alone, against the vectors"},
    {"norm-op", "the same"},
    {"gil-chol-fro", "n^3/3 operations, against products and inverses of triangular matrices taken as full"},
    {"sc-erf", "one operation, whatever it is made of; its derivative is written out"},
    {"sc-sigmoid", "the same"},
    {"sc-xx", "one power, against a power, a logarithm and products"},
    {"el-prod", "one product an entry, against products from both ends"},
    {"h-prod", "the same"},
    {"h-sinc", "two operations, one of them a sine that counts as one"},
};

TEST(Programs, AgreeWithTheCalculusOnEveryIdentity) {
  int checked = 0;
  for (const auto& row : table()) {
    SCOPED_TRACE(row[0]);
    const Question q = ask(row[3], row[2]);
    const Expr x = variable_of(q, variable_symbol(q, row[4])).expr;
    const StraightLine program = trace(q);
    const StraightLine ahead = forward(program, std::span(&x, 1));
    const StraightLine back = reverse(program, std::span(&x, 1));
    const Expr dx = direction_for(x, tangent_name(x));
    const Expr f = concrete(q.formula.value);
    const Expr u = back.inputs.back();
    const Movement along{x, dx};
    const Expr moved = pushforward(f, std::span(&along, 1));
    const Expr pulled = project_on_structure(pullback(f, u, std::span(&x, 1))[0], x);
    const kernel::Program plain = lower(made_concrete(program));
    std::mt19937 random(5);
    for (int variant = 0; variant < 2; ++variant) {
      for (const bool backward : {false, true}) {
        const StraightLine& line = backward ? back : ahead;
        const kernel::Program lowered = lower(made_concrete(line));
        const SizeValues sizes = kernel::completed(lowered, sizes_of(q, variant));
        Point point = sample_point(q, sizes, random, variant == 0 ? 1 : 0);
        notation::Symbol direction = variable_symbol(q, row[4]);
        direction.bounds = {};
        point.values[dx.get()] = sample_value(direction, sizes, random, 0);
        point.values[u.get()] = random_array(u.shape(), sizes, random);
        if (!point.values.contains(x.get())) point.values[x.get()] = random_array(x.shape(), sizes, random);
        std::vector<run::Array> given;
        for (const auto& v : line.inputs)
          given.emplace_back(point.values.at(v.get()).shape, point.values.at(v.get()).data);
        try {
          Evaluator evaluator(point);
          const Array value = evaluator(f);
          const Array expected = evaluator(backward ? pulled : moved);
          run::Options options;
          options.count = true;
          run::Interpreter interpreter(lowered, sizes, options);
          const auto results = interpreter.run(given);
          EXPECT_LT(difference(value, results[0]), 1e-10) << kernel::text(lowered);
          EXPECT_LT(difference(expected, results[1]), 1e-10) << kernel::text(lowered);
          const double counted = kernel::cost(lowered).flops().value(sizes);
          EXPECT_NEAR(counted, interpreter.counts().flops(), 1e-12 * counted) << kernel::text(lowered);
          ++checked;
        } catch (const std::runtime_error& e) {
          ADD_FAILURE() << e.what() << "\n" << kernel::text(lowered);
        }
      }
    }
    if (q.formula.type.is_scalar() && !is_zero(moved)) {
      const StraightLine second = hessian_vector(program, std::span(&x, 1));
      const kernel::Program lowered = lower(made_concrete(second));
      const SizeValues sizes = kernel::completed(lowered, sizes_of(q, 0));
      const Expr twice = pushforward(pulled, std::span(&along, 1));
      double best = 1e300;
      for (unsigned seed = 0; seed < 3 && best > 1e-9; ++seed) {  // rounding spoils single draws
        std::mt19937 draws(seed);
        Point point = sample_point(q, sizes, draws, 1);
        notation::Symbol direction = variable_symbol(q, row[4]);
        direction.bounds = {};
        point.values[dx.get()] = sample_value(direction, sizes, draws, 0);
        point.values[u.get()] = random_array(u.shape(), sizes, draws);
        std::vector<run::Array> given;
        for (const auto& v : second.inputs)
          given.emplace_back(point.values.at(v.get()).shape, point.values.at(v.get()).data);
        try {
          Evaluator evaluator(point);
          run::Interpreter interpreter(lowered, sizes);
          best = std::min(best, difference(evaluator(twice), interpreter.run(given)[3]));
        } catch (const std::runtime_error& e) {
          ADD_FAILURE() << e.what();
        }
      }
      EXPECT_LT(best, 1e-9) << "the Hessian applied to a direction\n" << kernel::text(lowered);
    }
    if (q.formula.type.is_scalar()) {
      const SizeValues large = kernel::completed(plain, [&] {
        SizeValues sizes = sizes_of(q, 0);
        for (auto& [name, value] : sizes) value = value * 37 + 100;
        return sizes;
      }());
      const double own = kernel::cost(plain).flops().value(large);
      const double both = kernel::cost(lower(made_concrete(back))).flops().value(large);
      const bool known =
          std::any_of(kDearer.begin(), kDearer.end(), [&](const auto& e) { return e.first == row[0]; });
      if (both > 4 * own)
        std::printf("%-20s reverse/function %5.2f  %s\n", row[0].c_str(), both / own, row[3].c_str());
      EXPECT_TRUE(both <= 4 * own || known)
          << row[0] << ": the gradient costs " << both / own << " times the function";
    }
  }
  EXPECT_GT(checked, 700);
}

}  // namespace
}  // namespace adjoint::app

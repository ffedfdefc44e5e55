// Every rule of the simplifier on random values of its pattern, found through the table.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "eval/evaluate.hpp"
#include "simplify/rules.hpp"

namespace adjoint {
namespace {

Array random_value(const Node& hole, const SizeValues& sizes, std::mt19937& random) {
  std::vector<std::int64_t> shape;
  for (const auto& s : hole.shape) shape.push_back(*s.evaluate(sizes));
  Array a(shape);
  std::uniform_real_distribution<double> uniform(0.15, 0.95);
  for (auto& v : a.data) v = hole.name() == "c" ? (uniform(random) > 0.5 ? 1 : 0) : uniform(random);
  if (a.rank() != 2 || shape[0] != shape[1]) return a;
  const Matrix m = matrix_at(a, 0);
  const Eigen::Index n = m.rows();
  auto out = matrix_at(a, 0);
  if (hole.facts.orthogonal == Truth::Yes) {
    out = Matrix(Eigen::HouseholderQR<Matrix>(m).householderQ());
  } else if (hole.facts.symmetric == Truth::Yes) {
    out = m * m.transpose() + 0.5 * Matrix::Identity(n, n);
  } else if (hole.name() != "c") {
    out = m * m.transpose() / 4 + 0.3 * m + Matrix::Identity(n, n);
  }
  return a;
}

bool comparable(const Array& a) {
  return std::all_of(a.data.begin(), a.data.end(), [](double v) { return std::isfinite(v); });
}

// inv(X'*X) where X has more columns than rows: the rule says nothing there.
bool singular(Expr expr, Evaluator& evaluate) {
  for (const auto& e : topological(std::span(&expr, 1))) {
    if (e->kind != Kind::Apply || e->op->name != "inv") continue;
    if (Matrix(matrix_at(evaluate(e->operands[0]), 0)).partialPivLu().rcond() < 1e-10) return true;
  }
  return false;
}

TEST(Rules, HoldOnRandomValues) {
  std::mt19937 random(7);
  for (const auto& rule : rules()) {
    int compared = 0;
    std::string last = "no finite value";
    for (int attempt = 0; attempt < 12 && compared < 3; ++attempt) {
      Point point;
      point.sizes = attempt % 2 == 0 ? SizeValues{{"n", 3}, {"p", 5}} : SizeValues{{"n", 5}, {"p", 3}};
      const Expr both[] = {rule.pattern, rule.replacement};
      for (const auto& e : topological(both)) {
        if (e->kind == Kind::Variable) point.values[e.get()] = random_value(*e, point.sizes, random);
      }
      try {
        Evaluator evaluate(point);
        const Array left = evaluate(rule.pattern);
        const Array right = evaluate(rule.replacement);
        ASSERT_EQ(left.shape, right.shape) << rule.name;
        if (!comparable(left) || singular(rule.pattern, evaluate)) continue;
        double difference = 0;
        double size = 0;
        for (std::size_t k = 0; k < left.data.size(); ++k) {
          difference = std::max(difference, std::abs(left.data[k] - right.data[k]));
          size = std::max(size, std::abs(left.data[k]));
        }
        EXPECT_LE(difference, 1e-7 * std::max(1.0, size)) << rule.name;
        ++compared;
      } catch (const NumericalError& error) {
        last = error.what();
      }
    }
    EXPECT_GT(compared, 0) << rule.name << ": " << last;
  }
}

}  // namespace
}  // namespace adjoint

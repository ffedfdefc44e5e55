// Random well-typed expressions over the functions of the notation: the derivative against finite
// differences, the adjoint identity, the printed formula read back, the simplified value against the plain
// one.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <random>

#include "app/check.hpp"
#include "app/commands.hpp"
#include "app/sample.hpp"
#include "calculus/linear.hpp"
#include "random_expressions.hpp"

namespace adjoint::app {
namespace {

bool simplified_agrees(const Question& q, std::string& what) {
  std::mt19937 random(3);
  const Expr plain = concrete(q.formula.value);
  const Expr simple = concrete(simplify(q.formula.value));
  for (int k = 0; k < 3; ++k) {
    const Point p = sample_point(q, sample_sizes(q), random, k);
    try {
      Evaluator e(p);
      const Array a = e(plain);
      const Array b = e(simple);
      double size = 1e-6;
      double difference = 0;
      bool finite = true;
      for (std::size_t i = 0; i < a.data.size(); ++i) {
        finite = finite && std::isfinite(a.data[i]) && std::abs(a.data[i]) < 1e12;
        size = std::max(size, std::abs(a.data[i]));
        difference = std::max(difference, std::abs(a.data[i] - b.data[i]));
      }
      if (finite && !(difference <= 1e-7 * size)) {
        what = "simplified value differs by " + std::to_string(difference / size);
        return false;
      }
    } catch (const NumericalError&) {
    }
  }
  return true;
}

enum class Outcome { Checked, Undefined, Failed };

/// One random expression and its derivative, all checks; `report` says what failed.
Outcome outcome_of(unsigned seed, std::string& report) {
  Generator make(seed);
  const std::string text = make.any(1 + static_cast<int>(seed % 3));
  const std::string variable = make.variable();
  report = std::to_string(seed) + ": " + text + " in " + variable + ": ";
  try {
    Question q = ask(text, kGiven);
    std::string what;
    if (!simplified_agrees(q, what)) {
      report += what;
      return Outcome::Failed;
    }
    const Worked w = work(std::move(q), variable, 1);
    // Rounding can spoil one draw (determinants that nearly vanish, saturated functions); a wrong rule
    // spoils all.
    CheckResult c;
    for (unsigned draw = 0; draw < 4 && !c.passed; ++draw) {
      c = check_derivative(w.question, w.symbol, w.variable, 1, w.derivative, w.reading, seed + 7919 * draw);
      if (c.points == 0) return Outcome::Undefined;
    }
    report += "\n" + to_text(w) + to_text(c);
    return c.passed ? Outcome::Checked : Outcome::Failed;
  } catch (const std::exception& e) {  // refused input too
    report += e.what();
    return Outcome::Failed;
  }
}

TEST(Properties, DerivativesOfRandomExpressions) {
  const char* wanted = std::getenv("ADJOINT_PROPERTY_CASES");  // a long run: ADJOINT_PROPERTY_CASES=1000000
  const unsigned cases = wanted != nullptr ? static_cast<unsigned>(std::atoi(wanted)) : 20000;
  const char* begin = std::getenv("ADJOINT_PROPERTY_FIRST");  // a long run in parts: its first seed
  const unsigned first = begin != nullptr ? static_cast<unsigned>(std::atoi(begin)) : 1;
  std::map<Outcome, unsigned> count;
  for (unsigned seed = first; seed < first + cases && count[Outcome::Failed] < 10; ++seed) {
    std::string report;
    const Outcome outcome = outcome_of(seed, report);
    ++count[outcome];
    if (outcome == Outcome::Failed) ADD_FAILURE() << report;
  }
  RecordProperty("checked", static_cast<int>(count[Outcome::Checked]));
  RecordProperty("undefined", static_cast<int>(count[Outcome::Undefined]));
  EXPECT_EQ(count[Outcome::Checked] + count[Outcome::Undefined], cases);
  EXPECT_GE(count[Outcome::Checked], cases / 2);
}

// Saturated softmaxes and sines of huge numbers, of which rounding leaves few digits.
TEST(Properties, RoundingIsNoWrongRule) {
  for (const unsigned seed :
       {55940U, 56129U, 84184U, 95387U, 142769U, 159203U, 225227U, 301306U, 312968U, 350791U}) {
    std::string report;
    EXPECT_NE(outcome_of(seed, report), Outcome::Failed) << report;
  }
}

}  // namespace
}  // namespace adjoint::app

// The simplifier on random expressions: the value stays, also at awkward points, and is there wherever it
// was; simplified once is simplified for good; nothing grows. The least part of the expression that fails is
// printed. A long run: ADJOINT_SIMPLIFY_CASES=1000000 ADJOINT_SIMPLIFY_FIRST=5000.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "app/sample.hpp"
#include "random_expressions.hpp"
#include "simplify/simplify.hpp"

namespace adjoint::app {
namespace {

std::size_t nodes(Expr e) { return topological(std::span(&e, 1)).size(); }

// Some entries at 0, some equal: where rules that divide or cancel go wrong. Structured variables stay.
void make_awkward(Point& point, std::mt19937& random) {
  for (auto& [variable, value] : point.values) {
    if (variable->facts.symmetric == Truth::Yes || value.data.size() == 1) continue;
    for (auto& v : value.data) {
      if (random() % 3 == 0) v = 0;
      if (random() % 5 == 0) v = 1;
    }
  }
}

std::string difference(const Question& q, Expr plain, Expr simple) {
  std::mt19937 random(11);
  for (int k = 0; k < 4; ++k) {
    Point point = sample_point(q, sample_sizes(q), random, k % 3);
    if (k % 2 == 1) make_awkward(point, random);
    try {
      Evaluator evaluate(point);
      const Array a = evaluate(plain);
      double size = 1e-6;
      bool finite = true;
      for (const double v : a.data) {
        finite = finite && std::isfinite(v) && std::abs(v) < 1e12;
        size = std::max(size, std::abs(v));
      }
      if (!finite) continue;
      const Array b = evaluate(simple);
      if (a.data.size() != b.data.size()) return "another shape";
      for (std::size_t i = 0; i < a.data.size(); ++i) {
        if (!(std::abs(a.data[i] - b.data[i]) <= 1e-6 * size))
          return "the value " + std::to_string(a.data[i]) + " becomes " + std::to_string(b.data[i]);
      }
    } catch (const std::exception&) {  // singular
    }
  }
  return "";
}

// What is wrong with the simplification of a text, or nothing.
std::string fault(const std::string& text) {
  const Question q = ask(text, kGiven);
  const Expr simple = simplify(q.formula.value);
  if (!(simplify(simple) == simple)) return "simplifying again changes it";
  const std::size_t before = nodes(q.formula.value);
  const std::size_t after = nodes(simple);
  if (after > before + before / 4 + 4)
    return "it grows from " + std::to_string(before) + " nodes to " + std::to_string(after);
  return difference(q, concrete(q.formula.value), concrete(simple));
}

void parts(const syntax::Ast& ast, const notation::Sources& sources, std::vector<std::string>& out) {
  using syntax::Kind;
  const bool expression = ast->kind == Kind::Name || ast->kind == Kind::Binary || ast->kind == Kind::Call ||
                          ast->kind == Kind::Transpose || ast->kind == Kind::IndexSum;
  if (expression) out.emplace_back(sources.text(ast->place));
  if (ast->kind == Kind::IndexSum) return;  // its body has an index of its own
  for (const auto& a : ast->args) {
    if (a) parts(a, sources, out);
  }
}

std::string least_failing(const std::string& text) {
  const Question q = ask(text, kGiven);
  std::vector<std::string> all;
  parts(q.formula.parsed, q.session.sources(), all);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  for (const auto& part : all) {
    try {
      if (const std::string why = fault(part); !why.empty()) return part + ": " + why;
    } catch (const std::exception&) {  // no expression by itself
    }
  }
  return text + ": " + fault(text);
}

unsigned setting(const char* name, unsigned otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? static_cast<unsigned>(std::atoi(value)) : otherwise;
}

TEST(SimplifyFuzz, KeepsValuesAndDoesNotGrow) {
  const unsigned first = setting("ADJOINT_SIMPLIFY_FIRST", 1);
  const unsigned cases = setting("ADJOINT_SIMPLIFY_CASES", 2000);
  int failures = 0;
  for (unsigned seed = first; seed < first + cases && failures < 10; ++seed) {
    Generator make(seed);
    const std::string text = make.any(1 + static_cast<int>(seed % 4));
    if (fault(text).empty()) continue;
    ADD_FAILURE() << seed << ": " << least_failing(text);
    ++failures;
  }
}

}  // namespace
}  // namespace adjoint::app

// Every function of the notation under an index of summation: a batch axis behind its own. Found by walking
// the table of functions; value, derivative, and what is printed read back.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "calculus/linear.hpp"
#include "ops/surface.hpp"

namespace adjoint::app {
namespace {

// "(n,p), size r, [] -> …" into its arguments.
std::vector<std::string> arguments_of(std::string_view signature) {
  std::vector<std::string> found;
  std::string word;
  int depth = 0;
  for (const char c : signature.substr(0, signature.find("->"))) {
    depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
    if (c == ',' && depth == 0) {
      found.push_back(word);
      word.clear();
    } else if (c != ' ' || !word.empty()) {
      word += c;
    }
  }
  while (!word.empty() && word.back() == ' ') word.pop_back();
  if (!word.empty()) found.push_back(word);
  for (auto& f : found) {
    while (!f.empty() && f.back() == ' ') f.pop_back();
  }
  return found;
}

struct Call {
  std::string text, given;
};

// A call whose arrays move with the index i, with entries in (0,1), and square ones definite.
Call call_of(const Surface& s, const Overload& o) {
  Call c{std::string(s.name) + "(", "x in R^k; t in R"};
  int number = 0;
  for (const auto& argument : arguments_of(o.signature)) {
    const std::string name = "Q" + std::to_string(++number);
    std::string text = argument;
    if (argument.starts_with("size ")) {
      text = argument.substr(5);
    } else if (argument == "index") {
      text = "1";
    } else if (argument == "scalar" || argument == "()") {
      text = "(2+sin(t+x[i]))";
    } else if (argument.starts_with("(") || argument.starts_with("any") || argument.starts_with("wide")) {
      const std::string shape = argument.starts_with("(") ? argument : "(n,p)";
      c.given += "; " + name + " in R^" + shape;
      text = "(0.5+0.3*sin(x[i]*" + name + "))";
      if (shape == "(n,n)" && number == 1) text = "(" + name + "*" + name + "'/9+(2+sin(x[i]))*eye(n))";
    }
    c.text += (number > 1 ? "," : "") + text;
  }
  c.text += ")";
  return c;
}

// Refusals that calls made from signatures alone meet, each for its reason; any other is a failure.
bool is_due(const std::string& refusal) {
  static constexpr auto kReasons = std::to_array<const char*>(
      {"prod_hess takes a vector", "the p of norm(x,p) must not depend on a summation index",
       "unknown size `"});
  return std::any_of(kReasons.begin(), kReasons.end(),
                     [&](const char* reason) { return refusal.find(reason) != std::string::npos; });
}

TEST(Batches, EveryFunctionUnderAnIndex) {
  int checked = 0;
  for (const auto& s : surfaces()) {
    for (const auto& o : s.overloads) {
      const Call call = call_of(s, o);
      const std::string f = "sum(i=1:k, sum((" + call.text + ").^2))";
      SCOPED_TRACE(f + " given " + call.given);
      try {
        Worked w = work(ask(f, call.given), "x", 1);
        const CheckResult r = check_derivative(w.question, w.symbol, w.variable, 1, w.derivative, w.reading);
        EXPECT_TRUE(r.passed || r.points == 0) << r.failure << "\n" << to_text(w);
        checked += r.passed ? 1 : 0;
      } catch (const InputError& e) {
        EXPECT_TRUE(is_due(e.what())) << e.what();
      } catch (const NoAnswer&) {  // said to have none
      } catch (const CalculusError&) {
      }
    }
  }
  EXPECT_GT(checked, 100);
}

}  // namespace
}  // namespace adjoint::app

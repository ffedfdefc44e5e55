// Every mode in every language, on every identity and on random functions, against the calculus. Modes and
// languages are taken from the program's own lists; what is added there is run here.
#include <gtest/gtest.h>

#include "app/commands.hpp"
#include "app/values.hpp"
#include "programs/modes.hpp"
#include "programs/strategies.hpp"
#include "programs_runners.hpp"
#include "random_expressions.hpp"

namespace adjoint::app {
namespace {

int wanted(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}

struct Tally {
  int programs = 0, undefined = 0;
};

// `cpp`: of how many programs one is compiled.
void run_all(const std::vector<Asked>& list, int cpp, unsigned seed, Tally& tally) {
  auto all = runners();
  std::vector<std::unique_ptr<Traced>> kept;
  for (const auto& asked : list) {
    kept.push_back(std::make_unique<Traced>(traced(asked)));
    const Traced& t = *kept.back();
    for (const auto& mode : modes()) {
      const std::string id = asked.id + " \"" + asked.expression + "\" --wrt " + asked.wrt;
      try {
        Trial trial{id, &t, &mode, mode.write(t.program, t.active), {}};
        if (trial.program.results.size() != trial.program.outputs.size())
          ADD_FAILURE() << id << " --mode " << mode.name << ": results without a name";
        const std::vector<Expr> meanings = meant(t, trial.program);
        for (int variant = 0; variant < 2; ++variant) {
          auto numbers = drawn(t, trial.program, meanings, variant, seed);
          if (numbers) trial.numbers.push_back(std::move(*numbers));
        }
        ++tally.programs;
        if (trial.numbers.empty()) ++tally.undefined;
        for (auto& [name, runner] : all) {
          if (name != "cpp" || tally.programs % cpp == 0) runner->add(trial);
        }
      } catch (const std::exception& e) {
        ADD_FAILURE() << id << " --mode " << mode.name << ": " << e.what();
      }
    }
  }
  for (auto& [name, runner] : all) {
    for (const auto& problem : runner->run()) ADD_FAILURE() << name << ": " << problem;
  }
}

TEST(Modes, OfEveryIdentityInEveryLanguage) {
  std::vector<Asked> list;
  const auto rows = rows_of("identities.tsv");
  const char* only = std::getenv("ADJOINT_PROGRAM_ID");
  std::set<std::string> seen;
  for (const auto& row : rows) {
    const std::string what = row[2] + "|" + row[3] + "|" + row[4];
    if (seen.insert(what).second && (only == nullptr || row[0].starts_with(only)))
      list.push_back({row[0], row[3], row[2], row[4]});
  }
  Tally tally;
  run_all(list, wanted("ADJOINT_PROGRAM_CPP", 127), 1, tally);
  std::printf("%d programs, %d of them without a point\n", tally.programs, tally.undefined);
  EXPECT_LT(tally.undefined, tally.programs / 50);
}

// The point of a row: expected derivatives, and the value in many digits.
Numbers at_point(const Traced& t, const StraightLine& p, const Values& values, const Array& right) {
  const Point point = point_of(t.question, values);
  Numbers n{kernel::completed(lower(p), point.sizes), {}, {}};
  Array direction = right;
  for (std::size_t k = 0; k < direction.data.size(); ++k)
    direction.data[k] = 1.0 / static_cast<double>(k + 1);
  double moved = 0;
  for (std::size_t k = 0; k < right.data.size(); ++k) moved += right.data[k] * direction.data[k];
  for (const auto& v : p.inputs) {
    const auto at = point.values.find(v.get());
    n.inputs.push_back(v == p.seed ? Array(1.0) : at == point.values.end() ? direction : at->second);
  }
  Evaluator precise(point, {.precise = true});
  for (const auto& r : p.results) {
    Array unknown;
    unknown.data.clear();
    n.results.push_back(r.name == "value"       ? precise(t.question.formula.value)
                        : r.name == "value_dot" ? Array(moved)
                        : r.name == "gradient"  ? right
                                                : unknown);
  }
  return n;
}

TEST(Modes, AtPointsWherePlainFormulasFail) {
  KernelRunner kernels;
  NumpyRunner numpy_programs;
  CppRunner cpp;
  std::vector<std::unique_ptr<Traced>> kept;
  for (const auto& row : rows_of("program_points.tsv")) {
    SCOPED_TRACE(row[0]);
    const Values values = parse_values(row[4]);
    const Array right = parse_values("right=" + row[5]).begin()->second;
    kept.push_back(std::make_unique<Traced>(traced({row[0], row[2], row[1], row[3]})));
    const Traced& t = *kept.back();
    for (const auto& mode : modes()) {
      if (row[6].find(mode.name) != std::string::npos) continue;
      Trial trial{row[0] + " " + row[2], &t, &mode, mode.write(t.program, t.active), {}};
      trial.numbers.push_back(at_point(t, trial.program, values, right));
      kernels.add(trial);
      numpy_programs.add(trial);
      const bool eigen = row[2].find("det") != std::string::npos;
      if (mode.name == "reverse" && !eigen) cpp.add(trial);
    }
    if (row[6].find("derive") != std::string::npos) continue;
    std::map<std::string, Array> arguments(values.begin(), values.end());
    numpy_programs.add("derive " + row[2] + ": ", numpy_code(work(ask(row[2], row[1]), row[3], 1)), arguments,
                       right);
  }
  for (Runner* runner : std::initializer_list<Runner*>{&kernels, &numpy_programs, &cpp}) {
    for (const auto& problem : runner->run()) ADD_FAILURE() << problem;
  }
}

// Variables with the names that generated programs use.
TEST(Modes, NamesDoNotClash) {
  std::set<std::string> names{"u",         "ubar",
                              "dx",        "x_dot",
                              "x_bar",     "x_shape",
                              "np",        "np_",
                              "scipy",     "float",
                              "int",       "range",
                              "sum",       "max",
                              "min",       "lambda",
                              "lambda_",   "in",
                              "is",        "None",
                              "def",       "class",
                              "program",   "derivative",
                              "function",  "basis",
                              "columns",   "e",
                              "c",         "_array",
                              "_a",        "value",
                              "gradient",  "hessian_vector",
                              "value_dot", "result",
                              "k",         "at",
                              "part",      "double",
                              "long",      "std",
                              "Eigen",     "Map",
                              "unsigned",  "xor",
                              "compl",     "concept",
                              "co_await",  "NAN",
                              "NULL",      "INFINITY",
                              "linux",     "unix",
                              "errno",     "i",
                              "j",         "r0",
                              "t0",        "t1",
                              "sum_2",     "member",
                              "norm",      "larger",
                              "put",       "v",
                              "w"};
  for (const char* base : {"v1", "v2", "v3", "vw1", "x", "n", "y"}) {
    for (const char* ending : {"", "_dot", "_bar", "_bar_dot", "_2", "_restricted", "_shape", "_"})
      names.insert(std::string(base) + ending);
  }
  for (const char* block : {"J_v1_x", "J_v2_v1", "dy", "du", "H", "U"}) names.insert(block);
  KernelRunner kernels;
  TextRunner texts;
  NumpyRunner numpy_programs;
  CppRunner cpp;
  std::vector<std::unique_ptr<Traced>> kept;
  int tried = 0;
  for (const auto& name : names) {
    for (const bool active : {true, false}) {
      const std::string a = active ? name : "x";
      const std::string b = active ? (name == "y" ? "x" : "y") : name;
      if (a == b) continue;
      const std::string size = name == "n" ? "m" : "n";
      const Asked asked{name, "sum(exp(" + a + ").*" + b + ")*sum(" + a + ".^2)",
                        a + " in R^" + size + "; " + b + " in R^" + size, a};
      try {
        kept.push_back(std::make_unique<Traced>(traced(asked)));
      } catch (const std::exception&) {  // no name of the notation
        continue;
      }
      ++tried;
      const Traced& t = *kept.back();
      for (const auto& mode : modes()) {
        Trial trial{asked.expression, &t, &mode, mode.write(t.program, t.active), {}};
        auto numbers = drawn(t, trial.program, meant(t, trial.program), 0, 1);
        ASSERT_TRUE(numbers) << asked.expression;
        trial.numbers.push_back(std::move(*numbers));
        kernels.add(trial);
        texts.add(trial);
        numpy_programs.add(trial);
        if (mode.name == "hessian") cpp.add(trial);
      }
    }
  }
  EXPECT_GT(tried, 100);
  for (Runner* runner : std::initializer_list<Runner*>{&kernels, &texts, &numpy_programs, &cpp}) {
    for (const auto& problem : runner->run()) ADD_FAILURE() << problem;
  }
}

// No strategy takes fewer operations and keeps less than the one that is named fastest.
TEST(Modes, TheFastestIsNotBeaten) {
  const auto size = [](const kernel::Polynomial& p) {
    SizeValues sizes;
    for (const auto& name : p.names()) sizes[name] = 1000;
    return p.value(sizes);
  };
  for (const auto& row : rows_of("identities.tsv")) {
    const Traced t = traced({row[0], row[3], row[2], row[4]});
    const Strategies s =
        compare(t.program, t.active, forward(t.program, t.active), reverse(t.program, t.active));
    const auto best =
        std::find_if(s.all.begin(), s.all.end(), [&](const Strategy& x) { return x.name == s.fastest; });
    for (const auto& other : s.all) {
      const bool less = size(other.flops) < size(best->flops) && size(other.memory) <= size(best->memory);
      const bool smaller = size(other.flops) <= size(best->flops) && size(other.memory) < size(best->memory);
      EXPECT_FALSE(less || smaller) << row[3] << ": " << s.fastest << " is called fastest, " << other.name
                                    << " is better";
    }
  }
}

TEST(Modes, OfRandomFunctionsInEveryLanguage) {
  const int cases = wanted("ADJOINT_PROGRAM_CASES", 60);
  const int first = wanted("ADJOINT_PROGRAM_FIRST", 1);
  constexpr int kTogether = 250;
  Tally tally;
  for (int from = first; from < first + cases; from += kTogether) {
    std::vector<Asked> list;
    for (int seed = from; seed < std::min(from + kTogether, first + cases); ++seed) {
      Generator make(static_cast<unsigned>(seed));
      const std::string text = make.any(1 + seed % 3);
      list.push_back({std::to_string(seed), text, kGiven, make.variable()});
    }
    run_all(list, wanted("ADJOINT_PROGRAM_CPP", 127), 1, tally);
  }
  std::printf("%d programs, %d of them without a point\n", tally.programs, tally.undefined);
}

}  // namespace
}  // namespace adjoint::app

// Every mode in every language, on every identity and on random functions, against the calculus. Modes and
// languages are taken from the program's own lists; what is added there is run here.
#include <gtest/gtest.h>

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

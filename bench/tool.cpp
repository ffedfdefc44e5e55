// How long a person waits: start of the program, one query, a deep composition.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

extern char** environ;

namespace {

/// Wall seconds of one run of the program, process start included; negative where it failed.
double run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ADJOINT_PROGRAM);
  std::vector<char*> argv;
  for (auto& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  const auto start = std::chrono::steady_clock::now();
  pid_t child = 0;
  int status = posix_spawn(&child, argv[0], &quiet, nullptr, argv.data(), environ);
  if (status == 0) waitpid(child, &status, 0);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  posix_spawn_file_actions_destroy(&quiet);
  return status == 0 ? wall.count() : -1;
}

void start(benchmark::State& state) {
  for (auto _ : state) state.SetIterationTime(run({"--version"}));
}
BENCHMARK(start)->UseManualTime()->Unit(benchmark::kMillisecond);

/// Columns of identities.tsv: id source given expr wrt order kind textbook.
std::vector<std::vector<std::string>> identities() {
  std::ifstream file(ADJOINT_SOURCE_DIR "/tests/data/identities.tsv");
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '\t');) row.push_back(cell);
    if (row.size() >= 6) rows.push_back(row);
  }
  return rows;
}

// Every query of the table; the best of five runs of each, since other processes can only add.
void queries(benchmark::State& state) {
  const auto table = identities();
  if (table.empty()) state.SkipWithError("no table of identities");
  for (auto _ : state) {
    std::vector<std::pair<double, std::string>> times;
    int failed = 0;
    for (const auto& row : table) {
      double best = 1e9;
      for (int k = 0; k < 5; ++k) {
        const double t = run(
            {"derive", row[3], "--given", row[2], "--wrt", row[4], "--order", row[5], "--format", "json"});
        if (t < 0) {
          ++failed;
          break;
        }
        best = std::min(best, t);
      }
      times.emplace_back(best, row[0]);
    }
    std::sort(times.begin(), times.end());
    state.counters["median_ms"] = 1e3 * times[times.size() / 2].first;
    state.counters["worst_ms"] = 1e3 * times.back().first;
    state.counters["failed"] = failed;
    state.SetLabel("worst: " + times.back().second);
  }
}
BENCHMARK(queries)->Iterations(1)->Unit(benchmark::kSecond);

// x + A'*rho(A*x) composed with itself, and its gradient.
void residual(benchmark::State& state) {
  std::string given = "rho : R -> R; L : R^n -> R; x in R^n; A in R^(q,n); x0 = x";
  for (int k = 1; k <= state.range(0); ++k) {
    const std::string last = "x" + std::to_string(k - 1);
    given += "; x" + std::to_string(k) + " = " + last + "+A'*rho(A*" + last + ")";
  }
  const std::string loss = "L(x" + std::to_string(state.range(0)) + ")";
  for (auto _ : state) {
    const double t = run({"derive", loss, "--wrt", "x", "--given", given});
    if (t < 0) state.SkipWithError("no answer");
    state.SetIterationTime(t);
  }
  state.SetComplexityN(state.range(0));
}
BENCHMARK(residual)

    ->DenseRange(50, 200, 50)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Complexity();

}  // namespace

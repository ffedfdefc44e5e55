// Programs against hand-written code: for each workload of the table both in one process, compared first
// and then timed in turns. At the end a table of ratios; --list-programs prints what runs.
//
// The figures are processor time on one core; both sides call the same BLAS.
#include <benchmark/benchmark.h>
#include <cblas.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "workloads/workload.hpp"

namespace workloads {
namespace {

constexpr double kAgreement = 1e-10;
constexpr double kSlice = 2e-3;  // seconds of one side before the other has its turn

struct Result {
  std::string name, size;
  double hand = 0, program = 0, ratio = 0;  // medians; seconds a call
  double low = 0, high = 0;                 // quartiles of the ratio
  double difference = 0;                    // relative, of value and derivative
};

// The time that this thread has had on a processor: others on the machine do not count.
double now() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double quantile(std::vector<double> values, double q) {
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

double difference(const std::vector<double>& a, const std::vector<double>& b) {
  double scale = 0, worst = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    scale = std::max(scale, std::abs(b[k]));
    const double d = std::abs(a[k] - b[k]);
    worst = d <= worst ? worst : d;  // NaN stays
  }
  return worst / std::max(scale, 1e-300);
}

template <class Side>
double seconds(Side& side, double* out, long calls) {
  const double start = now();
  for (long k = 0; k < calls; ++k) benchmark::DoNotOptimize(side(out));
  return now() - start;
}

// Calls that fill a slice, found on the second run and later ones: the first one brings pages in.
template <class Side>
long calls_for_a_slice(Side& side, double* out) {
  for (long calls = 1;; calls *= 4) {
    const double t = seconds(side, out, calls);
    if (t > kSlice / 4 || calls > (1L << 24))
      return std::max(1L, static_cast<long>(kSlice / t * static_cast<double>(calls)));
  }
}

void measure(benchmark::State& state, const Entry& entry, std::vector<Result>& results) {
  const auto workload = entry.build();
  ProgramSide program(*workload);
  auto& hand = workload->hand;
  std::vector<double> out(program.derivative_entries());
  std::vector<double> expected(out.size());

  Result result{entry.name, entry.size};
  const double expected_value = hand(expected.data());
  const double value = program(out.data());
  result.difference =
      std::max(difference(out, expected), std::abs(value - expected_value) / std::abs(expected_value));
  if (!(result.difference <= kAgreement)) {
    state.SkipWithError("the program and the hand-written code disagree");
    std::fprintf(stderr, "%s, %s: relative difference %.1e\n", entry.name.c_str(), entry.size.c_str(),
                 result.difference);
    return;
  }

  // Both write to the same memory, so that neither has the better pages.
  const long hand_calls = calls_for_a_slice(hand, out.data());
  const long program_calls = calls_for_a_slice(program, out.data());
  std::vector<double> hand_times, program_times, ratios;
  for (auto _ : state) {
    const double h = seconds(hand, out.data(), hand_calls) / static_cast<double>(hand_calls);
    const double p = seconds(program, out.data(), program_calls) / static_cast<double>(program_calls);
    hand_times.push_back(h);
    program_times.push_back(p);
    ratios.push_back(p / h);
    state.SetIterationTime(p);
  }
  result.hand = quantile(hand_times, 0.5) / workload->calls;
  result.program = quantile(program_times, 0.5) / workload->calls;
  result.ratio = quantile(ratios, 0.5);
  result.low = quantile(ratios, 0.25);
  result.high = quantile(ratios, 0.75);
  state.counters["hand_us"] = 1e6 * result.hand;
  state.counters["ratio"] = result.ratio;
  results.push_back(result);
}

std::string time_text(double seconds) {
  const char* units[] = {"s ", "ms", "us", "ns"};
  int k = 0;
  for (; k < 3 && seconds < 1; ++k) seconds *= 1e3;
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %s", seconds, units[k]);
  return text;
}

void print(const std::vector<Result>& results) {
  std::printf(
      "\nValue and derivative, median time of a call (row 5.1 over points: of a point); one core, BLAS: %s\n",
      openblas_get_config());
  std::printf("%-18s %-18s %12s %12s %7s  %-13s %10s\n", "workload", "size", "by hand", "program", "ratio",
              "quartiles", "difference");
  for (const Result& r : results) {
    std::printf("%-18s %-18s %12s %12s %7.2f  %5.2f - %-5.2f %10.0e\n", r.name.c_str(), r.size.c_str(),
                time_text(r.hand).c_str(), time_text(r.program).c_str(), r.ratio, r.low, r.high,
                r.difference);
  }
}

void list_programs() {
  for (const Entry& entry : all()) {
    const ProgramSide side(*entry.build());
    std::printf("---- %s, %s\n%s\n", entry.name.c_str(), entry.size.c_str(),
                adjoint::kernel::text(side.program()).c_str());
  }
}

}  // namespace
}  // namespace workloads

int main(int argc, char** argv) {
  // Before OpenBLAS is loaded, which otherwise starts threads that take time from the one that is measured.
  if (std::getenv("OPENBLAS_NUM_THREADS") == nullptr) {
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    execv("/proc/self/exe", argv);
  }
  openblas_set_num_threads(1);
  if (argc == 2 && std::strcmp(argv[1], "--list-programs") == 0) {
    workloads::list_programs();
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  std::vector<workloads::Result> results;
  std::size_t registered = 0;
  for (const workloads::Entry& entry : workloads::all()) {
    ++registered;
    benchmark::RegisterBenchmark(
        (entry.name + ", " + entry.size).c_str(),
        [&results, entry](benchmark::State& state) { workloads::measure(state, entry, results); })
        ->Iterations(41)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  }
  const bool filtered = benchmark::RunSpecifiedBenchmarks() < registered;
  workloads::print(results);
  return filtered || results.size() == registered ? 0 : 1;
}

#include "app/measure.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <random>
#include <sstream>

#include "app/page.hpp"
#include "app/plot.hpp"
#include "app/sample.hpp"
#include "kernel/cost.hpp"
#include "kernel/routine.hpp"
#include "programs/accumulate.hpp"
#include "programs/modes.hpp"
#include "run/interpreter.hpp"

namespace adjoint::app {

using json = nlohmann::ordered_json;

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// A program of scalars as one over many points: a loop around each instruction.
bool over_points(kernel::Program& program, std::int64_t points) {
  const auto scalar = [](const kernel::Buffer& b) { return b.shape.empty(); };
  if (!std::all_of(program.buffers.begin(), program.buffers.end(), scalar)) return false;
  for (auto& instruction : program.instructions) {
    auto* p = std::get_if<kernel::Pointwise>(&instruction.what);
    if (p == nullptr || !p->extents.empty()) return false;
    p->extents = {Size(points)};
    const auto widen = [](kernel::Access& a) {
      a.view.clear();
      a.axes = {kernel::AxisIndex{{{0, 1}}, 0}};
    };
    for (auto& operand : p->operands) widen(operand);
    for (auto& out : p->outputs) widen(out.access);
  }
  for (auto& b : program.buffers) b.shape = {Size(points)};
  return true;
}

StraightLine made_concrete(StraightLine p) {
  for (auto& line : p.lines) line.value = concrete(line.value);
  return p;
}

// Values of the inputs of a lowered program at the sizes: those of the question, directions at random.
std::vector<run::Array> inputs_at(const Question& q, const StraightLine& p, const kernel::Program& lowered,
                                  const SizeValues& sizes, bool points) {
  std::mt19937 random(11);
  const Point point = sample_point(q, sizes, random, 1);
  std::vector<run::Array> out;
  std::uniform_real_distribution<double> uniform(0.5, 1.5);
  for (std::size_t k = 0; k < p.inputs.size(); ++k) {
    const auto at = point.values.find(p.inputs[k].get());
    if (at != point.values.end() && !points) {
      out.emplace_back(at->second.shape, at->second.data);
      continue;
    }
    run::Dims dims;
    for (const auto& s : lowered.buffers[static_cast<std::size_t>(lowered.inputs[k])].shape)
      dims.push_back(s.evaluate(sizes).value_or(1));
    run::Array a(dims);
    for (std::int64_t i = 0; i < a.size(); ++i) a[i] = uniform(random);
    out.push_back(std::move(a));
  }
  return out;
}

// The best time of a call, over some milliseconds.
double best_time(run::Interpreter& interpreter, const std::vector<run::Array>& inputs, std::size_t outputs) {
  std::vector<const double*> in;
  for (const auto& a : inputs) in.push_back(a.data());
  std::vector<double*> out(outputs, nullptr);
  interpreter.run(in, out);
  double best = 1e300;
  const auto start = Clock::now();
  constexpr double kLong = 0.02;
  constexpr int kFewest = 3;
  for (int k = 0; (k < kFewest || since(start) < kLong) && k < 2000; ++k) {
    const auto before = Clock::now();
    interpreter.run(in, out);
    best = std::min(best, since(before));
    if (since(start) > 0.5) break;
  }
  return best;
}

// Slope of log y over log x at the largest sizes that stay in cache, where arithmetic decides and not the
// memory; at the largest sizes of all where too few do.
double slope(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& held) {
  constexpr std::size_t kLast = 4;
  constexpr std::size_t kFewest = 3;
  constexpr std::array kCaches{1e6, 2.5e6};  // doubles that the caches hold, with some room
  std::size_t n = std::min(x.size(), y.size());
  for (const double cache : kCaches) {
    std::size_t inside = 0;
    while (inside < n && held[inside] <= cache) ++inside;
    if (inside < kFewest) continue;
    n = inside;
    break;
  }
  const std::size_t from = n > kLast ? n - kLast : 0;
  if (n - from < 2) return 0;
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t k = from; k < n; ++k) {
    const double a = std::log(x[k]);
    const double b = std::log(std::max(y[k], 1e-300));
    sx += a;
    sy += b;
    sxx += a * a;
    sxy += a * b;
  }
  const auto m = static_cast<double>(n - from);
  return (m * sxy - sx * sy) / (m * sxx - sx * sx);
}

struct Candidate {
  std::string name;
  StraightLine program;
};

Measurement grow(const Question& q, const std::vector<Candidate>& candidates, const std::string& what,
                 const std::string& fixed, const std::function<SizeValues(double)>& sizes_at,
                 const std::vector<double>& sizes, double budget, bool points) {
  Measurement m;
  m.growing = what;
  m.fixed = fixed;
  m.sizes = sizes;
  for (const auto& c : candidates) {
    Series s;
    s.program = c.name;
    std::vector<double> held;  // doubles that the program works on
    const auto start = Clock::now();
    const kernel::Program lowered = lower(c.program);
    for (const double size : sizes) {
      kernel::Program here = lowered;
      if (points && !over_points(here, static_cast<std::int64_t>(size))) break;
      const SizeValues values = kernel::completed(here, sizes_at(size));
      constexpr double kMostDoubles = 4e7;
      const double all = kernel::peak_memory(here).value(values);
      if (all > kMostDoubles) break;
      held.push_back(all);
      const auto inputs = inputs_at(q, c.program, here, values, points);
      run::Interpreter interpreter(here, values);
      s.seconds.push_back(best_time(interpreter, inputs, here.outputs.size()));
      s.flops.push_back(kernel::cost(here).flops().value(values));
      s.memory.push_back(static_cast<double>(interpreter.working_doubles()));
      const double last = s.seconds.back();
      if (since(start) > budget || last > budget / 4) break;
    }
    s.exponent = slope(sizes, s.seconds, held);
    s.counted = slope(sizes, s.flops, held);
    m.series.push_back(std::move(s));
  }
  return m;
}

std::string shown(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", v);
  return text;
}
std::string seconds_text(double s) {
  char text[32];
  const char* unit = s < 1e-6 ? "ns" : s < 1e-3 ? "us" : s < 1 ? "ms" : "s";
  std::snprintf(text, sizeof text, "%.3g %s", s * (s < 1e-6 ? 1e9 : s < 1e-3 ? 1e6 : s < 1 ? 1e3 : 1), unit);
  return text;
}

}  // namespace

std::vector<Measurement> measure(const Question& q, const StraightLine& program, std::span<const Expr> active,
                                 double budget) {
  run::use_one_core();
  const StraightLine plain = made_concrete(program);
  std::vector<Candidate> candidates{{"function", plain},
                                    {"forward", made_concrete(forward(program, active))},
                                    {"reverse", made_concrete(reverse(program, active))}};
  constexpr std::size_t kFewLines = 60;
  if (program.lines.size() <= kFewLines)
    candidates.push_back({"jacobians", made_concrete(accumulate(program, active, Blocks::Dense))});
  const SizeValues small = sample_sizes(q);
  std::vector<std::string> names;
  for (const auto& [name, value] : small) {
    if (!name.starts_with("min(")) names.push_back(name);
  }
  std::vector<Measurement> out;
  if (names.empty()) {
    const std::vector<double> points{100, 1000, 10000, 100000, 1000000};
    out.push_back(grow(
        q, candidates, "points", "", [](double) { return SizeValues{}; }, points, budget / 2, true));
    return out;
  }
  const double share =
      budget / static_cast<double>(candidates.size() * (names.size() > 1 ? names.size() + 1 : 1));
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : " = ") + name;
  std::vector<double> together;
  for (double s = 8; s <= 1e7; s = std::round(s * 1.5)) together.push_back(s);
  out.push_back(grow(
      q, candidates, all, "",
      [&names](double s) {
        SizeValues v;
        for (const auto& name : names) v[name] = static_cast<std::int64_t>(s);
        return v;
      },
      together, share, false));
  if (names.size() == 1) return out;
  constexpr std::int64_t kFixed = 64;
  std::vector<double> one;
  for (double s = 32; s <= 1e6; s *= 2) one.push_back(s);
  for (const auto& growing : names) {
    std::string fixed;
    for (const auto& name : names) {
      if (name != growing) fixed += (fixed.empty() ? "" : ", ") + name + " = " + std::to_string(kFixed);
    }
    out.push_back(grow(
        q, candidates, growing, fixed,
        [&](double s) {
          SizeValues v;
          for (const auto& name : names) v[name] = name == growing ? static_cast<std::int64_t>(s) : kFixed;
          return v;
        },
        one, share, false));
  }
  return out;
}

std::string to_text(const std::vector<Measurement>& measurements) {
  std::ostringstream out;
  for (const auto& m : measurements) {
    out << "\nmeasured, " << m.growing << " growing" << (m.fixed.empty() ? "" : ", " + m.fixed) << "\n";
    const auto cell = [&out](const std::string& s, std::size_t w) {
      out << s << std::string(w - std::min(w, s.size()) + 2, ' ');
    };
    out << "  ";
    cell(m.growing, 10);
    for (const auto& s : m.series) cell(s.program, 26);
    out << "\n";
    for (std::size_t k = 0; k < m.sizes.size(); ++k) {
      const bool any = std::any_of(m.series.begin(), m.series.end(),
                                   [k](const Series& s) { return k < s.seconds.size(); });
      if (!any) break;
      out << "  ";
      cell(shown(m.sizes[k]), 10);
      for (const auto& s : m.series) {
        cell(k < s.seconds.size() ? seconds_text(s.seconds[k]) + ", " + shown(s.flops[k]) + " flops" : "-",
             26);
      }
      out << "\n";
    }
    out << "  ";
    cell("exponent", 10);
    for (const auto& s : m.series) {
      char text[64];
      std::snprintf(text, sizeof text, "%.2f (counted %.2f)", s.exponent, s.counted);
      cell(text, 26);
    }
    out << "\n";
  }
  return out.str();
}

json to_json(const std::vector<Measurement>& measurements) {
  json out = json::array();
  for (const auto& m : measurements) {
    json j = {{"growing", m.growing}, {"fixed", m.fixed}, {"sizes", m.sizes}, {"programs", json::array()}};
    for (const auto& s : m.series) {
      j["programs"].push_back({{"name", s.program},
                               {"seconds", s.seconds},
                               {"flops", s.flops},
                               {"memory", s.memory},
                               {"exponent", s.exponent},
                               {"counted", s.counted}});
    }
    out.push_back(std::move(j));
  }
  return out;
}

std::string to_html(const std::vector<Measurement>& measurements) {
  std::string out;
  for (const auto& m : measurements) {
    Plot plot;
    plot.x = m.growing;
    plot.y = "seconds";
    for (const auto& s : m.series) {
      char label[64];
      std::snprintf(label, sizeof label, "%s, slope %.2f", s.program.c_str(), s.exponent);
      plot.curves.push_back(
          {label,
           {m.sizes.begin(), m.sizes.begin() + static_cast<std::ptrdiff_t>(s.seconds.size())},
           s.seconds});
    }
    out += "<figure>" + log_log(plot) + "<figcaption class=\"note\">measured: " + escaped(m.growing) +
           " growing" + (m.fixed.empty() ? "" : ", " + escaped(m.fixed)) +
           "</figcaption></figure>\n<table class=\"data\"><tr><th>" + escaped(m.growing) + "</th>";
    for (const auto& s : m.series) out += "<th>" + s.program + "</th>";
    out += "</tr>\n";
    for (std::size_t k = 0; k < m.sizes.size(); ++k) {
      const bool any = std::any_of(m.series.begin(), m.series.end(),
                                   [k](const Series& s) { return k < s.seconds.size(); });
      if (!any) break;
      out += "<tr><td>" + shown(m.sizes[k]) + "</td>";
      for (const auto& s : m.series) {
        out += "<td>" +
               (k < s.seconds.size() ? seconds_text(s.seconds[k]) + ", " + shown(s.memory[k]) + " doubles"
                                     : "–") +
               "</td>";
      }
      out += "</tr>\n";
    }
    out += "<tr><td>exponent, counted</td>";
    for (const auto& s : m.series) {
      char text[64];
      std::snprintf(text, sizeof text, "<td>%.2f, %.2f</td>", s.exponent, s.counted);
      out += text;
    }
    out += "</tr></table>\n";
  }
  return out;
}

}  // namespace adjoint::app

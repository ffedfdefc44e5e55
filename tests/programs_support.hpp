// Programs of every mode with what they must give: by the calculus and the evaluator, at points where
// rounding does not decide.
#pragma once

#include <cmath>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "app/program.hpp"
#include "app/program_text.hpp"
#include "app/sample.hpp"
#include "calculus/differentiate.hpp"
#include "eval/evaluate.hpp"
#include "kernel/routine.hpp"
#include "programs/mode_list.hpp"

namespace adjoint::app {

/// A function and the variables that its programs differentiate in.
struct Asked {
  std::string id, expression, given, wrt;
};

/// The question with its straight-line program, as `explain` makes them.
struct Traced {
  Question question;
  std::vector<notation::Symbol> symbols;  // of the active variables
  std::vector<Expr> active;
  StraightLine program;
};
inline Traced traced(const Asked& asked) {
  Question q = ask(asked.expression, asked.given);
  for (const auto& s : active_symbols(q, asked.wrt)) q = freed(std::move(q), s.name);
  Traced t{std::move(q), {}, {}, {}};
  t.symbols = active_symbols(t.question, asked.wrt);
  t.program = trace(t.question);
  for (const auto& s : t.symbols) {
    t.active.push_back(variable_of(t.question, s).expr);
    auto& inputs = t.program.inputs;
    if (std::find(inputs.begin(), inputs.end(), t.active.back()) != inputs.end()) continue;
    inputs.push_back(t.active.back());
    t.program.types.emplace(s.name, s.type);
    t.program.names.take(s.name);
  }
  return t;
}

/// What the results of a program are, as expressions of its inputs. Throws std::logic_error where a result
/// has a name that says nothing: whoever adds a mode says here what it gives.
inline std::vector<Expr> meant(const Traced& t, const StraightLine& p) {
  const Expr f = concrete(t.question.formula.value);
  std::vector<Movement> along;
  for (const auto& v : p.inputs) {
    if (p.parameters.contains(v->name())) along.push_back({t.active.at(along.size()), v});
  }
  const auto derivative = [&](const std::string& kind, const std::string& name) {
    Expr x = t.active[0];
    for (const auto& v : t.active) {
      if (name == kind + "_" + v->name()) x = v;
    }
    if (kind == "jacobian") return jacobian(f, x);
    return project_on_structure(p.seed ? pullback(f, p.seed, std::span(&x, 1))[0] : jacobian(f, x), x);
  };
  std::vector<Expr> out;
  for (const auto& result : p.results) {
    std::string name = result.name;
    const bool moved = name.ends_with("_dot");
    if (moved) name.resize(name.size() - 4);
    Expr e;
    if (name == "value") e = f;
    for (const char* kind : {"gradient", "adjoint", "jacobian"}) {
      if (name.starts_with(kind)) e = derivative(kind, name);
    }
    if (name.starts_with("hessian_vector"))
      e = pushforward(derivative("gradient", "gradient" + name.substr(14)), along);
    if (!e) throw std::logic_error("a result with the name " + result.name);
    out.push_back(moved ? pushforward(e, along) : e);
  }
  return out;
}

/// Values for the inputs of a program, and for its results.
/// A result without entries is not compared.
struct Numbers {
  SizeValues sizes;
  std::vector<Array> inputs, results;
};

inline double difference(const Array& a, const Array& b) {
  if (a.data.size() != b.data.size()) return 1e300;
  double worst = 0;
  double scale = 1;
  for (std::size_t k = 0; k < a.data.size(); ++k) {
    scale = std::max(scale, std::abs(a.data[k]));
    const double d = std::abs(a.data[k] - b.data[k]);
    worst = !(d <= 1e300) ? 1e300 : std::max(worst, d);
  }
  return worst / scale;
}

inline Array random_array(const Shape& shape, const SizeValues& sizes, std::mt19937& random) {
  std::vector<std::int64_t> dims;
  for (const auto& s : shape) dims.push_back(s.evaluate(sizes).value());
  Array a(dims);
  std::normal_distribution<double> normal;
  for (auto& x : a.data) x = normal(random);
  return a;
}

/// Nothing where no draw gives finite numbers that are more than rounding.
inline std::optional<Numbers> drawn(const Traced& t, const StraightLine& p, const std::vector<Expr>& meanings,
                                    int variant, unsigned seed) {
  const kernel::Program lowered = lower(p);
  SizeValues sizes = kernel::completed(lowered, [&] {
    SizeValues s = sample_sizes(t.question, variant);
    for (const auto& v : p.inputs) {  // of variables that do not occur
      for (const auto& size : v.shape()) {
        for (const auto& name : size.names()) s.emplace(name, 2);
      }
    }
    if (s.contains("n") && s.contains("p") && s["n"] < s["p"]) std::swap(s["n"], s["p"]);
    return s;
  }());
  for (unsigned draw = 0; draw < 6; ++draw) {
    std::mt19937 random(seed + 977 * draw);
    Point point = sample_point(t.question, sizes, random, draw % 2 == 0 ? 1 : 0);
    std::size_t direction = 0;
    for (const auto& v : p.inputs) {
      if (p.parameters.contains(v->name())) {
        notation::Symbol s = t.symbols.at(direction++);
        s.bounds = {};
        point.values[v.get()] = sample_value(s, sizes, random, 0);
      } else if (!point.values.contains(v.get())) {
        point.values[v.get()] = random_array(v.shape(), sizes, random);
      }
    }
    try {
      Evaluator exact(point);
      Evaluator shaken(point, {.noise = 1e-13, .seed = seed + 1});
      Numbers numbers{sizes, {}, {}};
      bool clear = true;
      for (const auto& e : meanings) {
        numbers.results.push_back(exact(e));
        const double rounding = difference(numbers.results.back(), shaken(e));
        double largest = 0;
        for (const double v : numbers.results.back().data) largest = std::max(largest, std::abs(v));
        clear = clear && rounding < 1e-10 && largest < 1e12;
      }
      if (!clear) continue;
      for (const auto& v : p.inputs) numbers.inputs.push_back(point.values.at(v.get()));
      return numbers;
    } catch (const std::runtime_error&) {  // no value there
    }
  }
  return std::nullopt;
}

/// The rows of a table under tests/data, by column.
inline std::vector<std::vector<std::string>> rows_of(const std::string& table) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in(ADJOINT_SOURCE_DIR "/tests/data/" + table);
  std::string line;
  bool head = true;
  while (std::getline(in, line)) {
    if (line.starts_with('#')) continue;
    if (head) {
      head = false;
      continue;
    }
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

}  // namespace adjoint::app

// Runs programs as each format and language writes them.
#pragma once

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "programs_support.hpp"
#include "run/interpreter.hpp"

namespace adjoint::app {

/// A program with numbers; what its runs got wrong is collected.
struct Trial {
  std::string id;
  const Traced* traced;
  const Mode* mode;
  StraightLine program;
  std::vector<Numbers> numbers;
};

class Runner {
 public:
  virtual ~Runner() = default;
  virtual void add(const Trial& trial) = 0;
  /// Problems, a line each.
  virtual std::vector<std::string> run() = 0;

 protected:
  static std::string name_of(const Trial& t) { return t.id + " --mode " + std::string(t.mode->name) + ": "; }
  static std::string compared(const Trial& t, const Numbers& n, const std::vector<Array>& got) {
    for (std::size_t k = 0; k < n.results.size(); ++k) {
      if (n.results[k].data.empty()) continue;
      const double d = difference(n.results[k], got[k]);
      if (d > 1e-8) return name_of(t) + t.program.results[k].name + " is off by " + std::to_string(d);
    }
    return "";
  }
};

inline StraightLine made_concrete(StraightLine p) {
  for (auto& line : p.lines) line.value = concrete(line.value);
  return p;
}

/// The program that costs are counted of, run by the interpreter of the kernel language.
class KernelRunner : public Runner {
 public:
  void add(const Trial& t) override {
    const kernel::Program lowered = lower(made_concrete(t.program), t.mode->optimised);
    for (const auto& n : t.numbers) {
      std::vector<run::Array> in;
      for (const auto& a : n.inputs) in.emplace_back(a.shape, a.data);
      try {
        std::vector<Array> got;
        for (const auto& a : run::Interpreter(lowered, kernel::completed(lowered, n.sizes)).run(in)) {
          got.emplace_back(a.dims());
          got.back().data = a.values();
        }
        note(compared(t, n, got));
      } catch (const std::exception& e) {
        note(name_of(t) + e.what());
      }
    }
  }
  std::vector<std::string> run() override { return problems_; }

 private:
  void note(const std::string& problem) {
    if (!problem.empty()) problems_.push_back(problem);
  }
  std::vector<std::string> problems_;
};

/// The lines as text, read back and interpreted one after the other. A name is assigned once, unless lines
/// add to it or compute it again.
class TextRunner : public Runner {
 public:
  void add(const Trial& t) override {
    std::map<std::string, std::string> assigned;
    std::vector<ShownLine> lines = shown_lines(t.traced->question, t.program);
    for (const auto& line : lines) {
      const std::string shown = text(line);
      const auto [at, first] = assigned.emplace(line.name, shown);
      if (line.adds && first) problems_.push_back(name_of(t) + "adds to what is not there: " + shown);
      if (!line.adds && !first && at->second != shown)
        problems_.push_back(name_of(t) + "assigns twice: " + at->second + " | " + shown);
    }
    for (const auto& n : t.numbers) {
      const std::string problem = interpreted(t, lines, n);
      if (!problem.empty()) problems_.push_back(problem);
    }
  }
  std::vector<std::string> run() override { return problems_; }

 private:
  static std::string interpreted(const Trial& t, const std::vector<ShownLine>& lines, const Numbers& n) {
    notation::Session session = t.traced->question.session;
    session.adopt(t.traced->question.formula);
    std::map<std::string, Array> values;
    for (std::size_t k = 0; k < t.program.inputs.size(); ++k) {
      const Expr v = t.program.inputs[k];
      values[v->name()] = n.inputs[k];
      if (t.traced->question.formula.symbol(v->name()) == nullptr) declare(session, t.program, v);
    }
    std::string at;
    try {
      for (std::size_t k = 0; k < lines.size(); ++k) {
        const ShownLine& line = lines[k];
        at = text(line);
        Graph own;
        Expr value = line.expr;
        if (line.value) {
          const auto formula = session.expression(own, at.substr(at.find("= ") + 2));
          if (!formula) return name_of(t) + "cannot be read: " + at + "\n" + session.errors_text();
          value = formula->value;
        }
        value = concrete(value);
        Point point;
        point.sizes = n.sizes;
        for (const auto& e : topological(std::span(&value, 1))) {
          if (e->kind == Kind::Variable && values.contains(shown_name(e)))
            point.values[e.get()] = values.at(shown_name(e));
        }
        Array got = Evaluator(point)(value);
        Array& to = values[line.name];
        if (line.adds) {
          for (std::size_t i = 0; i < got.data.size(); ++i) to.data.at(i) += got.data[i];
        } else {
          to = got;
        }
        declare(session, t.program, t.program.lines[k].name);
      }
    } catch (const std::exception& e) {
      return name_of(t) + e.what() + " in " + at;
    }
    std::vector<Array> got;
    for (const auto& y : t.program.outputs) got.push_back(values[shown_name(y)]);
    return compared(t, n, got);
  }

  static void declare(notation::Session& session, const StraightLine& p, Expr v) {
    if (v.rank() > 2) return;
    notation::Symbol s;
    s.name = shown_name(v);
    const auto at = p.types.find(s.name);
    if (at != p.types.end() && notation::graph_shape(at->second) == v.shape()) {
      s.type = at->second;
    } else {
      if (v.rank() > 0) s.type.rows = v.shape()[0];
      if (v.rank() > 1) s.type.columns = v.shape()[1];
    }
    session.declare(std::move(s));
  }

  std::vector<std::string> problems_;
};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "adjoint-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path path;
};

inline const Language& language(std::string_view name) {
  for (const auto& l : languages()) {
    if (l.name == name) return l;
  }
  throw std::logic_error("no language " + std::string(name));
}

/// All NumPy modules in one process of Python (run_programs.py).
class NumpyRunner : public Runner {
 public:
  void add(const Trial& t) override {
    const std::string source = code(language("numpy"), t.traced->question, t.program, t.mode->optimised);
    nlohmann::json j{{"id", name_of(t)}, {"code", source}, {"runs", nlohmann::json::array()}};
    for (const auto& n : t.numbers) {
      nlohmann::json run;
      for (std::size_t k = 0; k < n.inputs.size(); ++k) {
        const auto& name = t.program.inputs[k]->name();
        const auto parameter = t.program.parameters.find(name);
        run["arguments"].push_back({parameter == t.program.parameters.end() ? name : parameter->second,
                                    n.inputs[k].shape, n.inputs[k].data});
      }
      for (const auto& [size, value] : n.sizes) run["sizes"][size] = value;
      for (const auto& s : t.traced->question.formula.symbols) {
        if (s.kind == notation::Symbol::Kind::Function)
          run["functions"].push_back({s.name, s.from.is_scalar(), s.to.is_scalar()});
      }
      for (const auto& r : n.results)
        run["results"].push_back(r.data.empty() ? nlohmann::json() : nlohmann::json{r.shape, r.data});
      j["runs"].push_back(run);
    }
    programs_ << j.dump() << "\n";
  }
  /// A module as `derive` writes it, at one point.
  void add(const std::string& id, const std::string& source, const std::map<std::string, Array>& values,
           const Array& right) {
    nlohmann::json run;
    for (const auto& [name, a] : values) run["arguments"].push_back({name, a.shape, a.data});
    run["results"].push_back({right.shape, right.data});
    const nlohmann::json j{{"id", id}, {"code", source}, {"entry", "derivative"}, {"runs", {run}}};
    programs_ << j.dump() << "\n";
  }
  std::vector<std::string> run() override {
    const Folder folder;
    std::ofstream(folder.path / "programs.json") << programs_.str();
    const std::string command =
        "OPENBLAS_NUM_THREADS=1 /usr/bin/python3 " ADJOINT_SOURCE_DIR "/tests/run_programs.py " +
        (folder.path / "programs.json").string() + " > " + (folder.path / "problems").string() + " 2>&1";
    const int status = std::system(command.c_str());
    std::vector<std::string> problems;
    std::ifstream in(folder.path / "problems");
    for (std::string line; std::getline(in, line);) problems.push_back(line);
    if (status != 0 && problems.empty()) problems.emplace_back("run_programs.py failed");
    return problems;
  }

 private:
  std::ostringstream programs_;
};

/// C++ programs, many to a translation unit, each in a namespace of its own.
class CppRunner : public Runner {
 public:
  void add(const Trial& t) override {
    StraightLine p = made_concrete(t.program);
    std::string source;
    try {
      source = language("cpp").write(t.traced->question, p, t.mode->optimised);
    } catch (const std::exception& e) {
      problems_.push_back(name_of(t) + e.what());
      return;
    }
    const std::string number = std::to_string(trials_.size());
    std::string arguments;
    const auto argument = [&](const std::string& a) { arguments += (arguments.empty() ? "" : ", ") + a; };
    std::vector<std::string> sizes;
    auto at = source.find("\nvoid program(");
    const auto end = source.find('{', at);
    while ((at = source.find("long ", at)) < end) {
      at += 5;
      sizes.push_back(source.substr(at, source.find_first_of(",)", at) - at));
      argument("sizes[" + std::to_string(sizes.size() - 1) + "]");
    }
    for (std::size_t k = 0; k < p.inputs.size(); ++k) argument("in[" + std::to_string(k) + "]");
    for (std::size_t k = 0; k < p.outputs.size(); ++k) argument("out[" + std::to_string(k) + "]");
    for (auto at_line = source.find("#include <"); at_line != std::string::npos;
         at_line = source.find("#include <", at_line + 1))
      headers_.insert(source.substr(at_line, source.find('\n', at_line) - at_line));
    units_.push_back(
        "namespace p" + number + " {\n" + source + "}\nextern \"C\" void run" + number +
        "(const double* const* in, double* const* out, const long* sizes) {\n  (void)sizes;\n  p" + number +
        "::program(" + arguments + ");\n}\n");
    trials_.push_back({t.id, t.traced, t.mode, t.program, t.numbers});
    sizes_.push_back(sizes);
  }
  std::vector<std::string> run() override {
    const Folder folder;
    std::string head;
    for (const auto& h : headers_) head += h + "\n";
    constexpr std::size_t kFew = 30;
    std::vector<std::string> files(units_.size() <= kFew ? 1 : 2, head);
    for (std::size_t k = 0; k < units_.size(); ++k) files[k % files.size()] += units_[k];
    std::vector<std::thread> compilers;
    for (std::size_t u = 0; u < files.size(); ++u) {
      const std::string name = (folder.path / ("unit" + std::to_string(u))).string();
      std::ofstream(name + ".cpp") << files[u];
      compilers.emplace_back([name] {
        const std::string command = "g++ -std=c++17 -O0 -Wall -Wextra -shared -fPIC -isystem " ADJOINT_EIGEN
                                    " -o " +
                                    name + ".so " + name + ".cpp > " + name + ".txt 2>&1";
        if (std::system(command.c_str()) != 0) std::filesystem::remove(name + ".so");
      });
    }
    for (auto& c : compilers) c.join();
    std::vector<void*> libraries;
    for (std::size_t u = 0; u < files.size(); ++u) {
      const std::string name = (folder.path / ("unit" + std::to_string(u))).string();
      std::ifstream in(name + ".txt");
      std::string messages((std::istreambuf_iterator<char>(in)), {});
      if (!messages.empty()) problems_.push_back("the compiler says: " + messages.substr(0, 3000));
      libraries.push_back(dlopen((name + ".so").c_str(), RTLD_NOW));
    }
    for (std::size_t k = 0; k < trials_.size(); ++k) {
      void* library = libraries[k % libraries.size()];
      if (library == nullptr) continue;
      using Entry = void (*)(const double* const*, double* const*, const long*);
      const auto entry = reinterpret_cast<Entry>(dlsym(library, ("run" + std::to_string(k)).c_str()));
      for (const auto& n : trials_[k].numbers) {
        std::vector<const double*> in;
        std::vector<double*> out;
        std::vector<long> sizes;
        for (const auto& s : sizes_[k]) sizes.push_back(n.sizes.at(s));
        for (const auto& a : n.inputs) in.push_back(a.data.data());
        std::vector<Array> got = n.results;
        for (std::size_t r = 0; r < got.size(); ++r) {
          std::int64_t count = 1;  // those that are not compared have their place too
          for (const auto& s : trials_[k].program.outputs[r].shape()) count *= s.evaluate(n.sizes).value();
          got[r].data.assign(static_cast<std::size_t>(count), -12345);
          out.push_back(got[r].data.data());
        }
        entry(in.data(), out.data(), sizes.data());
        const std::string problem = compared(trials_[k], n, got);
        if (!problem.empty()) problems_.push_back(problem);
      }
    }
    for (void* library : libraries) {
      if (library != nullptr) dlclose(library);
    }
    return problems_;
  }

 private:
  std::set<std::string> headers_;
  std::vector<std::string> units_, problems_;
  std::vector<Trial> trials_;
  std::vector<std::vector<std::string>> sizes_;
};

/// One for each format in which lines can be run: the text, and every language.
inline std::map<std::string, std::unique_ptr<Runner>> runners() {
  std::map<std::string, std::unique_ptr<Runner>> out;
  out["kernel"] = std::make_unique<KernelRunner>();
  out["text"] = std::make_unique<TextRunner>();
  for (const auto& l : languages()) {
    if (l.name == "numpy") out["numpy"] = std::make_unique<NumpyRunner>();
    if (l.name == "cpp") out["cpp"] = std::make_unique<CppRunner>();
    if (!out.contains(std::string(l.name)))
      throw std::logic_error("nothing runs programs in " + std::string(l.name));
  }
  return out;
}

}  // namespace adjoint::app

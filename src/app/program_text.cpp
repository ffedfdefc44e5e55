#include "app/program_text.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "app/read_back.hpp"
#include "kernel/cpp_source.hpp"
#include "ops/abstract.hpp"
#include "print/numpy.hpp"
#include "print/reader.hpp"
#include "print/tensor.hpp"
#include "print/text.hpp"
#include "programs/modes.hpp"
#include "syntax/build.hpp"
#include "syntax/tree.hpp"

namespace adjoint::app {
namespace {

syntax::Type type_of_axes(Expr e) {
  syntax::Type type;
  if (e.rank() == 1) type.rows = e.shape()[0];
  if (e.rank() == 2) {
    type.rows = e.shape()[0];
    type.columns = e.shape()[1];
  }
  if (e.rank() > 2) type.higher = e.shape();
  return type;
}

// Names without their versions.
syntax::Ast unversioned(const syntax::Ast& tree) {
  syntax::Substitution names;
  for (const auto& name : syntax::free_names(tree)) {
    const auto at = name.find('#');
    if (at != std::string::npos) names.emplace(name, syntax::name(name.substr(0, at)));
  }
  if (names.empty()) return tree;
  // Types stay those of the names that are replaced.
  std::function<void(const syntax::Ast&)> find = [&](const syntax::Ast& t) {
    if (t->kind == syntax::Kind::Name && t->typed) {
      const auto at = names.find(t->text);
      if (at != names.end()) at->second = syntax::with_type(at->second, t->type);
    }
    for (const auto& a : t->args) find(a);
  };
  find(tree);
  return syntax::substitute(tree, names);
}

syntax::Type type_of_name(const StraightLine& program, Expr name) {
  const auto at = program.types.find(shown_name(name));
  const bool fits = at != program.types.end() && notation::graph_shape(at->second) == name.shape();
  return fits ? at->second : type_of_axes(name);
}

ReadOptions options_of(const Question& question, const StraightLine& program, bool code) {
  ReadOptions options = read_options(question);
  options.code = code;
  const auto declared = options.declared;
  const auto* types = &program.types;
  options.declared = [declared, types](std::string_view name) -> const syntax::Type* {
    const auto at = types->find(name.substr(0, name.find('#')));
    return at != types->end() ? &at->second : declared ? declared(name) : nullptr;
  };
  options.let_threshold = 1 << 20;
  std::vector<notation::Symbol> names;
  const auto add = [&](Expr variable) {
    notation::Symbol s = symbol_for(variable, shown_name(variable));
    s.type = type_of_name(program, variable);
    if (question.formula.symbol(s.name) == nullptr) names.push_back(std::move(s));
  };
  for (const auto& v : program.inputs) add(v);
  for (const auto& line : program.lines) add(line.name);
  options.witness = std::make_shared<ReadBack>(question, std::move(names), shown_name);
  return options;
}

}  // namespace

LineReader::LineReader(const Question& question, const StraightLine& program, bool code)
    : program_(program), options_(options_of(question, program, code)) {}

ShownLine LineReader::operator()(const Line& line) const {
  ShownLine shown;
  shown.name = shown_name(line.name);
  shown.adds = static_cast<bool>(line.addend);
  shown.sweep = line.sweep;
  shown.expr = shown.adds ? line.addend : line.value;
  if (line.plain && !options_.code) shown.expr = line.plain;
  const auto parts = topological(std::span(&shown.expr, 1));
  const bool matrices = std::none_of(parts.begin(), parts.end(),
                                     [](Expr e) { return e->kind == Kind::Variable && e.rank() > 2; });
  if (shown.expr.rank() <= 2 && matrices) {
    const auto says = [&](const ReadOptions& options) {
      shown.value = read(shown.expr, type_of_name(program_, line.name), options);
      if (shown.value) shown.value = unversioned(shown.value);
      return !shown.value || options.witness->says(shown.value, shown.expr);
    };
    if (!says(options_)) {
      ReadOptions by_entries = options_;
      by_entries.by_entries = true;
      if (!says(by_entries)) shown.value = nullptr;  // as a sum over indices then
    }
  }
  return shown;
}

std::vector<ShownLine> shown_lines(const Question& question, const StraightLine& program) {
  const LineReader reader(question, program);
  std::vector<ShownLine> out;
  for (const auto& line : program.lines) out.push_back(reader(line));
  return out;
}

std::string text(const ShownLine& line) {
  const std::string op = line.adds ? " += " : " = ";
  if (line.value) return line.name + op + print::text(line.value);
  return line.name + print::index_list(line.expr.rank()) + op + print::index_text(line.expr, shown_name);
}

std::string numpy(const Question& question, const StraightLine& program) {
  print::NumpyProgram p;
  p.forms = forms_of;
  for (const auto& s : question.formula.symbols) {
    const bool function = s.kind == notation::Symbol::Kind::Function;
    p.symbols.push_back({s.name, s.type, function, s.from, s.to});
  }
  for (const auto& v : program.inputs) {
    if (question.formula.symbol(v->name()) != nullptr) continue;
    const auto parameter = program.parameters.find(v->name());
    if (v == program.seed) {
      p.inputs.push_back({v->name(), v->name(), type_of_name(program, v), v.rank() == 0 ? "1.0" : ""});
    } else if (parameter != program.parameters.end()) {
      p.inputs.push_back({v->name(), parameter->second, type_of_name(program, v), ""});
    } else {
      p.symbols.push_back({v->name(), type_of_name(program, v), false, {}, {}});
    }
  }
  const ReadOptions options = options_of(question, program, true);
  const LineReader reader(question, program, true);
  for (const auto& own_line : program.lines) {
    const ShownLine line = reader(own_line);
    print::TensorCode own;
    if (!line.value)
      own = print::numpy_tensor(
          line.expr, [](Expr v) { return print::python_name(shown_name(v)); }, options, forms_of);
    if (line.adds) {
      syntax::Ast sum;
      if (line.value) {
        sum = syntax::with_type(
            syntax::binary("+", syntax::with_type(syntax::name(line.name), line.value->type), line.value),
            line.value->type);
      }
      own.text = print::python_name(line.name) + " + " + own.text;
      p.lines.push_back({line.name, sum, own});
    } else {
      p.lines.push_back({line.name, line.value, own});
    }
  }
  for (std::size_t k = 0; k < program.outputs.size(); ++k) {
    const Result& result = program.results[k];
    const bool restored = result.like && result.like.rank() > 0;
    p.results.push_back({shown_name(program.outputs[k]), result.name, restored ? result.like->name() : ""});
  }
  return print::numpy_program(p);
}

namespace {

std::string write_numpy(const Question& question, const StraightLine& program, bool /*optimised*/) {
  return numpy(question, program);
}

std::string write_cpp(const Question& /*question*/, const StraightLine& program, bool optimised) {
  kernel::Program lowered = lower(program, optimised);
  for (std::size_t k = 0; k < lowered.inputs.size(); ++k) {  // as callers call them
    std::string& name = lowered.buffers[static_cast<std::size_t>(lowered.inputs[k])].name;
    const auto parameter = program.parameters.find(name);
    if (parameter != program.parameters.end()) name = parameter->second;
  }
  std::vector<std::string> results;
  for (const auto& r : program.results) results.push_back(r.name);
  return kernel::cpp_source(lowered, "program", results);
}

}  // namespace

std::span<const Language> languages() {
  static constexpr std::array kLanguages{Language{"numpy", "# ", write_numpy},
                                         Language{"cpp", "// ", write_cpp}};
  return kLanguages;
}

std::string code(const Language& language, const Question& question, const StraightLine& program,
                 bool optimised) {
  try {
    return language.write(question, program, optimised);
  } catch (const std::exception& error) {
    return std::string(language.comment) + "no code: " + error.what() + "\n";
  }
}

}  // namespace adjoint::app

// Self-contained modules: parameters, sizes from shapes, support code.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <map>
#include <stdexcept>

#include "print/numpy.hpp"
#include "print/numpy_writer.hpp"
#include "print/text.hpp"
#include "syntax/build.hpp"
#include "syntax/lets.hpp"
#include "syntax/tree.hpp"

namespace adjoint::print {

using syntax::Ast;
using syntax::Type;
using K = syntax::Kind;
using Precedence = Python::Level;

namespace {

constexpr std::string_view kInput =
    "def _array(a, *shape):\n"
    "    a = np.asarray(a)\n"
    "    a = a if a.dtype == np.float32 else a.astype(float)\n"
    "    return a.reshape(*shape) if shape else a\n";

/// Nodes of a tree, written out in full, that code is made of.
constexpr std::int64_t kLongestTree = 200000;

/// Names in an expression that a size prints as: n, or those of min(n,p).
std::vector<std::string> names_in(const std::string& size_name) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : size_name + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
    } else {
      if (!word.empty() && c != '(' && std::isdigit(static_cast<unsigned char>(word[0])) == 0)
        out.push_back(word);
      word.clear();
    }
  }
  return out;
}

/// Solves for size names from the shapes of inputs.
class Sizes {
 public:
  void add(const std::string& parameter, const Type& type) {
    std::vector<Size> shape = type.higher;
    if (shape.empty() && !type.rows.is_one()) shape.push_back(type.rows);
    if (shape.empty() || type.is_matrix()) {
      if (type.higher.empty() && !type.columns.is_one()) shape.push_back(type.columns);
    }
    for (std::size_t k = 0; k < shape.size(); ++k) {
      equations_.push_back({shape[k], parameter + ".shape[" + std::to_string(k) + "]", parameter});
    }
  }

  /// Adds the assignment of a size to `lines`; false where no shape tells it.
  bool solve(const std::string& name) {
    if (known_.contains(name)) return true;
    if (!visiting_.insert(name).second) return false;
    bool found = false;
    for (const bool direct : {true, false}) {
      for (const Equation& equation : equations_) {
        if (!found && (equation.size == Size::name(name)) == direct) found = use(equation, name);
      }
    }
    visiting_.erase(name);
    return found;
  }

  std::vector<std::string> lines;
  std::set<std::string> parameters;  // whose shapes are read

 private:
  struct Equation {
    Size size;
    std::string shape;
    std::string parameter;
  };

  /// shape = a*name + b, with a and b free of the name.
  bool use(const Equation& equation, const std::string& name) {
    Size factor;
    Size rest;
    for (const auto& [names, coefficient] : equation.size.terms()) {
      Size term(coefficient);
      int count = 0;
      for (const std::string& other : names) {
        if (other == name) {
          ++count;
        } else {
          term = term * Size::name(other);
        }
      }
      if (count > 1) return false;
      if (count == 1) {
        factor = factor + term;
      } else {
        rest = rest + term;
      }
    }
    if (factor.is_zero()) return false;
    for (const Size* part : {&factor, &rest}) {
      for (const std::string& other : part->names()) {
        if (other.find('(') != std::string::npos || !solve(other)) return false;
      }
    }
    NumpyWriter writer({}, {});
    std::string value = equation.shape;
    if (!rest.is_zero()) {
      const bool negative = rest.constant() && *rest.constant() < 0;
      value += negative ? " + " + writer.size_text(Size(0) - rest, Precedence::Product)
                        : " - " + writer.size_text(rest, Precedence::Product);
    }
    if (!factor.is_one())
      value =
          (rest.is_zero() ? value : "(" + value + ")") + " // " + writer.size_text(factor, Precedence::Power);
    lines.push_back(python_name(name) + " = " + value);
    parameters.insert(equation.parameter);
    known_.insert(name);
    return true;
  }

  std::vector<Equation> equations_;
  std::set<std::string> known_;
  std::set<std::string> visiting_;
};

/// Whether naming a shared subtree saves work: it is a call, a matrix product, or more than one operation.
bool worth_naming(const Ast& tree) {
  if (tree->kind == K::Compare || !tree->typed) return false;
  if (tree->kind == K::Call) return !syntax::free_names(tree).empty();
  const bool product = tree->kind == K::Binary && tree->text == "*";
  if (product && !type_of(tree->args[0]).is_scalar() && !type_of(tree->args[1]).is_scalar()) return true;
  return syntax::operation_count(tree) > 1;
}

std::set<std::string> set_of(const std::vector<std::string>& list) { return {list.begin(), list.end()}; }

class Module {
 public:
  explicit Module(const NumpyModule& spec, std::vector<Ast> further = {})
      : spec_(spec), further_(std::move(further)) {
    for (const NumpySymbol& symbol : spec.symbols) {
      if (symbol.is_function) {
        functions_.push_back(symbol.name);
      } else {
        variables_.insert(symbol.name);
      }
      taken_.insert(symbol.name);
      for (const Type* type : {&symbol.type, &symbol.from, &symbol.to}) {
        for (const Size* size : {&type->rows, &type->columns}) {
          for (const std::string& name : size->names()) taken_.merge(set_of(names_in(name)));
        }
      }
    }
    const auto variable = std::find_if(spec.symbols.begin(), spec.symbols.end(),
                                       [&](const NumpySymbol& s) { return s.name == spec.variable; });
    if (variable != spec.symbols.end()) {
      variable_type_ = variable->type;
    } else if (further_.empty()) {
      throw std::invalid_argument("the code has no variable " + spec.variable);
    }
    collect_callables();
  }

  std::string text() {
    std::string body = function("function", spec_.value, nullptr, {}, false);
    if (spec_.map) {
      body += "\n" + function("derivative", spec_.map->body, &spec_.map->argument, variable_type_,
                              spec_.like_variable);
      if (spec_.adjoint) {
        body += "\n" + function("adjoint", spec_.adjoint->body, &spec_.adjoint->argument,
                                type_of(spec_.map->body), true);
      }
      body +=
          "\n" + (spec_.kronecker ? function("kronecker", spec_.kronecker, nullptr, {}, false) : kronecker());
    } else {
      body += "\n" + function("derivative", spec_.derivative, nullptr, {}, spec_.like_variable);
    }
    return complete(body);
  }

  /// A program of assignments.
  std::string text(const NumpyProgram& program) {
    std::set<std::string> names = variables_;
    for (const auto& input : program.inputs) names.insert(input.name);
    for (const auto& line : program.lines) names.insert(line.name);
    NumpyWriter writer(spec_.forms, names);
    std::set<std::string> called, used;
    for (const auto& line : program.lines) {
      std::string value = line.code.text;
      writer.sizes.insert(line.code.sizes.begin(), line.code.sizes.end());
      supported_.insert(supported_.end(), line.code.functions.begin(), line.code.functions.end());
      source_.insert(line.code.support.begin(), line.code.support.end());
      called.insert(line.code.called.begin(), line.code.called.end());
      if (line.value) {
        value = writer.operand(line.value, Precedence::Any);
        called.merge(syntax::called_functions(line.value));
        used.merge(syntax::free_names(line.value));
      }
      writer.statements.push_back(python_name(line.name) + " = " + value);
    }
    supported_.insert(supported_.end(), writer.supported.begin(), writer.supported.end());
    Sizes shapes;
    for (const NumpySymbol& symbol : spec_.symbols) {
      if (!symbol.is_function) shapes.add(python_name(symbol.name), symbol.type);
    }
    std::vector<std::string> unread;
    for (const std::string& size : writer.sizes) {
      for (const std::string& name : names_in(size)) {
        if (!shapes.solve(name) && std::find(unread.begin(), unread.end(), name) == unread.end())
          unread.push_back(name);
      }
    }
    std::vector<std::string> lines = unhidden();
    std::map<std::string, std::string> restored;  // where the shapes of symbols are kept
    names.insert(taken_.begin(), taken_.end());
    for (const auto& [name, meaning, like] : program.results) {
      if (like.empty() || restored.contains(like)) continue;
      std::string shape = like + "_shape";
      while (names.contains(shape)) shape += '_';
      restored[like] = shape;
      lines.push_back(shape + " = np.shape(" + python_name(like) + ")");
    }
    for (const NumpySymbol& symbol : spec_.symbols) {
      if (!symbol.is_function) lines.push_back(conversion(python_name(symbol.name), symbol.type));
    }
    for (const auto& input : program.inputs)
      lines.push_back(conversion(python_name(input.name), input.type, python_parameter(input.parameter)));
    lines.insert(lines.end(), shapes.lines.begin(), shapes.lines.end());
    lines.insert(lines.end(), writer.statements.begin(), writer.statements.end());
    std::string results;
    for (const auto& [name, meaning, like] : program.results) {
      const std::string id = python_name(name);
      results += (results.empty() ? "" : ", ") +
                 (like.empty() ? id : "np.reshape(" + id + ", " + restored.at(like) + ")");
    }
    std::string list;
    const auto parameter = [&list](const std::string& item) { list += (list.empty() ? "" : ", ") + item; };
    for (const NumpySymbol& symbol : spec_.symbols) {
      if (!symbol.is_function) parameter(python_parameter(symbol.name));
    }
    for (const std::string& name : callables_) {
      if (called.contains(name)) parameter(python_parameter(name));
    }
    for (const std::string& size : unread) parameter(python_parameter(size));
    for (const auto& input : program.inputs) {
      if (input.otherwise.empty()) parameter(python_parameter(input.parameter));
    }
    for (const auto& input : program.inputs) {
      if (!input.otherwise.empty()) parameter(python_parameter(input.parameter) + "=" + input.otherwise);
    }
    for (const std::string& name : callables_) {
      if (!called.contains(name)) parameter(python_parameter(name) + "=None");
    }
    std::string body = "def program(" + list + "):\n";
    std::string meanings;
    for (const auto& result : program.results) meanings += (meanings.empty() ? "" : ", ") + result.meaning;
    body += "    \"\"\"Returns " + meanings + ".\"\"\"\n";
    for (const std::string& line : lines) body += "    " + line + "\n";
    const bool tuple = program.results.size() > 1;
    body += "    return " + results + (tuple ? "" : ",") + "\n";
    return complete(body);
  }

 private:
  /// The functions behind what they need.
  std::string complete(const std::string& body) {
    std::string support;
    std::set<std::string> done;
    for (const auto& [name, arity] : supported_) add_support(name, arity, support, done);
    for (const std::string& source : source_) support += source + "\n";
    std::string head = "import numpy as np\n";
    for (const char* part : {"linalg", "special"}) {
      const std::string use = std::string("scipy.") + part + ".";
      if (body.find(use) != std::string::npos || support.find(use) != std::string::npos) {
        head += std::string("import scipy.") + part + "\n";
      }
    }
    for (const NumpySymbol& symbol : spec_.symbols) {
      const std::string hidden = python_parameter(symbol.name);
      if (python_name(symbol.name) == hidden || !hides(hidden)) continue;
      const bool absent = hidden == "scipy" && head.find("import scipy") == std::string::npos;
      head += "_" + hidden + " = " + (absent ? "None" : hidden) + "\n";
    }
    return head + "\n" + std::string(kInput) + "\n" + support + body;
  }

  /// Derivatives of abstract functions that the module may be handed: those of the contract, and what is
  /// called.
  void collect_callables() {
    std::set<std::string> called;
    for (const Ast& tree :
         {spec_.value, spec_.derivative, spec_.kronecker, spec_.map ? spec_.map->body : nullptr,
          spec_.adjoint ? spec_.adjoint->body : nullptr}) {
      if (tree) called.merge(syntax::called_functions(tree));
    }
    for (const Ast& tree : further_) called.merge(syntax::called_functions(tree));
    for (const NumpySymbol& symbol : spec_.symbols) {
      if (!symbol.is_function) continue;
      const bool scalar_argument = symbol.from.is_scalar();
      const bool scalar_value = symbol.to.is_scalar();
      std::vector<std::string> names = {symbol.name};
      if (scalar_argument) {
        names.push_back(symbol.name + "_prime");
        names.push_back(symbol.name + "_second");
      } else if (scalar_value) {
        names.push_back(symbol.name + "_grad");
        names.push_back(symbol.name + "_hess");
      } else {
        names.push_back(symbol.name + "_jac");
      }
      for (const std::string& name : called) {
        const bool mine = name.starts_with(symbol.name + "_") && !spec_.forms(name, 1) &&
                          std::find(names.begin(), names.end(), name) == names.end();
        if (mine) names.push_back(name);
      }
      callables_.insert(callables_.end(), names.begin(), names.end());
    }
    taken_.insert(callables_.begin(), callables_.end());
  }

  /// The parameters of a function: symbols first, those that may be left out last.
  std::string parameters(const std::set<std::string>& called, const std::string* direction,
                         const std::vector<std::string>& sizes) const {
    std::vector<std::string> list;
    for (const NumpySymbol& symbol : spec_.symbols) {
      if (!symbol.is_function) list.push_back(python_parameter(symbol.name));
    }
    for (const std::string& name : callables_) {
      if (called.contains(name)) list.push_back(python_parameter(name));
    }
    for (const std::string& size : sizes) list.push_back(python_parameter(size));
    if (direction != nullptr) list.push_back(python_parameter(*direction));
    for (const std::string& name : callables_) {
      if (!called.contains(name)) list.push_back(python_parameter(name) + "=None");
    }
    std::string out;
    for (const std::string& item : list) out += (out.empty() ? "" : ", ") + item;
    return out;
  }

  /// Whether a parameter that has another name inside is one that the code uses: those have no underscore.
  static bool hides(const std::string& parameter) { return !parameter.ends_with('_'); }

  /// Where a parameter hides a name that the code uses, both get a name.
  std::vector<std::string> unhidden() const {
    std::vector<std::string> lines;
    for (const NumpySymbol& symbol : spec_.symbols) {
      const std::string parameter = python_parameter(symbol.name);
      const std::string id = python_name(symbol.name);
      if (id == parameter) continue;
      lines.push_back(hides(parameter) ? id + ", " + parameter + " = " + parameter + ", _" + parameter
                                       : id + " = " + parameter);
    }
    return lines;
  }

  static std::string conversion(const std::string& id, const Type& type, const std::string& parameter = "") {
    const std::string shape = type.is_scalar()                           ? ", ()"
                              : type.is_matrix() || !type.higher.empty() ? ""
                                                                         : ", -1";
    return id + " = _array(" + (parameter.empty() ? id : parameter) + shape + ")";
  }

  std::string function(const std::string& title, const Ast& formula, const std::string* direction,
                       const Type& direction_type, bool like_variable) {
    const syntax::Sharing sharing{worth_naming, true, "v", taken_};
    const Ast tree = syntax::name_shared(syntax::without_lets(formula), sharing);
    if (syntax::tree_size(tree) > kLongestTree) throw std::length_error("the formula is too long for code");
    std::set<std::string> symbols = variables_;
    if (direction != nullptr) symbols.insert(*direction);
    NumpyWriter writer(spec_.forms, symbols);
    const Type& type = type_of(tree);
    std::string result = writer.operand(tree, Precedence::Any);
    supported_.insert(supported_.end(), writer.supported.begin(), writer.supported.end());

    Sizes shapes;
    for (const NumpySymbol& symbol : spec_.symbols) {
      if (!symbol.is_function) shapes.add(python_name(symbol.name), symbol.type);
    }
    if (direction != nullptr) shapes.add(python_name(*direction), direction_type);
    std::vector<std::string> unread;
    for (const std::string& size : writer.sizes) {
      for (const std::string& name : names_in(size)) {
        if (!shapes.solve(name) && std::find(unread.begin(), unread.end(), name) == unread.end())
          unread.push_back(name);
      }
    }
    for (const std::string& size : unread) sizes_.insert(size);

    const std::set<std::string> used = syntax::free_names(formula);
    std::vector<std::string> lines = unhidden();
    const bool restore = like_variable && (variable_type_.is_column() || variable_type_.is_row());
    const std::string id = python_name(spec_.variable);
    std::string shape = id + "_shape";
    while (taken_.contains(shape)) shape += '_';
    if (restore) lines.push_back(shape + " = np.shape(" + id + ")");
    const auto convert = [&](const std::string& name, const Type& given) {
      const std::string python = python_name(name);
      if (used.contains(name) || shapes.parameters.contains(python))
        lines.push_back(conversion(python, given));
    };
    for (const NumpySymbol& symbol : spec_.symbols) {
      if (!symbol.is_function) convert(symbol.name, symbol.type);
    }
    if (direction != nullptr) convert(*direction, direction_type);
    lines.insert(lines.end(), shapes.lines.begin(), shapes.lines.end());
    lines.insert(lines.end(), writer.statements.begin(), writer.statements.end());
    if (type.is_scalar()) {
      result = "float(" + result + ")";
    } else if (restore) {
      result = "np.reshape(" + result + ", " + shape + ")";
    }
    lines.push_back("return " + result);

    std::string out =
        "def " + title + "(" + parameters(syntax::called_functions(formula), direction, unread) + "):\n";
    constexpr std::size_t kLongest = 300;
    const bool short_enough = syntax::tree_size(formula) < static_cast<std::int64_t>(kLongest);
    if (const std::string shown = short_enough ? print::text(formula) : ""; !shown.empty()) {
      out += "    r\"\"\"" + shown + (shown.ends_with('\\') ? " " : "") + "\"\"\"\n";
    }
    for (const std::string& line : lines) out += "    " + line + "\n";
    return out;
  }

  /// The matrix of the map, a column for each entry of the variable in the order of vec.
  std::string kronecker() const {
    const std::vector<std::string> sizes(sizes_.begin(), sizes_.end());
    const std::set<std::string> called = syntax::called_functions(spec_.map->body);
    const std::string id = python_name(spec_.variable);
    std::string arguments;
    for (const NumpySymbol& symbol : spec_.symbols) {
      if (!symbol.is_function)
        arguments += python_parameter(symbol.name) + "=" + python_name(symbol.name) + ", ";
    }
    for (const std::string& name : callables_) {
      if (called.contains(name)) arguments += python_parameter(name) + "=" + python_name(name) + ", ";
    }
    for (const std::string& size : sizes)
      arguments += python_parameter(size) + "=" + python_name(size) + ", ";
    std::string lines;
    for (const std::string& line : unhidden()) lines += "    " + line + "\n";
    const std::string direction = python_parameter(spec_.map->argument);
    const std::string map = taken_.contains("derivative") ? "globals()[\"derivative\"]" : "derivative";
    return "def kronecker(" + parameters(called, nullptr, sizes) + "):\n" + lines +  //
           "    " + id + " = np.asarray(" + id + ")\n" +                             //
           "    _basis = np.eye(" + id + ".size)\n" +                                //
           "    _columns = [" + map + "(" + arguments + direction + "=_e.reshape(" + id +
           ".shape, order=\"F\")) for _e in _basis]\n" +  //
           "    return np.stack([np.ravel(_c, order=\"F\") for _c in _columns], axis=1)\n";
  }

  /// Support code of a function, behind that of the functions which it names in "# needs:".
  void add_support(const std::string& name, int arity, std::string& out, std::set<std::string>& done) {
    const syntax::Forms* forms = spec_.forms(name, arity);
    for (int other = 0; forms == nullptr && other <= 4; ++other) forms = spec_.forms(name, other);
    if (forms == nullptr) throw std::invalid_argument("no support code for " + name);
    std::string source(forms->numpy_support);
    if (source.empty() || !done.insert(source).second) return;
    constexpr std::string_view kNeeds = "# needs:";
    if (source.starts_with(kNeeds)) {
      const auto end = source.find('\n');
      for (const std::string& needed : names_in(source.substr(kNeeds.size(), end - kNeeds.size()))) {
        add_support(needed, 1, out, done);
      }
      source.erase(0, end == std::string::npos ? end : end + 1);
    }
    out += source;
    if (!source.ends_with('\n')) out += '\n';
    out += '\n';
  }

  const NumpyModule& spec_;
  std::vector<Ast> further_;
  Type variable_type_;
  std::set<std::string> variables_;
  std::vector<std::string> functions_;
  std::vector<std::string> callables_;
  std::set<std::string> taken_;
  std::set<std::string> sizes_;  // that no shape tells
  std::vector<std::pair<std::string, int>> supported_;
  std::set<std::string> source_;  // further support
};

}  // namespace

std::string numpy_program(const NumpyProgram& program) {
  NumpyModule spec;
  spec.symbols = program.symbols;
  spec.forms = program.forms;
  std::vector<Ast> trees;
  for (const auto& line : program.lines) {
    if (line.value) trees.push_back(line.value);
  }
  if (trees.empty()) trees.push_back(syntax::number(0));
  return Module(spec, trees).text(program);
}

std::string numpy_module(const NumpyModule& module) { return Module(module).text(); }

std::string numpy_expression(const syntax::Ast& tree, const syntax::FormLookup& forms) {
  if (syntax::tree_size(tree) > kLongestTree)
    throw std::length_error("the formula is too long for one expression");
  std::set<std::string> names = syntax::free_names(tree);
  names.erase("pi");
  names.erase("inf");
  NumpyWriter writer(forms, names);
  return writer.operand(tree, Precedence::Any);
}

}  // namespace adjoint::print

// Names, sizes and indices of generated C++.
#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "kernel/cpp_writer.hpp"

namespace adjoint::kernel {
namespace {

// Keywords of C++20, the names that the text itself uses, and macros of the headers that it includes.
constexpr auto kReserved = std::to_array<std::string_view>({"alignas",
                                                            "alignof",
                                                            "and",
                                                            "and_eq",
                                                            "asm",
                                                            "auto",
                                                            "bitand",
                                                            "bitor",
                                                            "bool",
                                                            "break",
                                                            "case",
                                                            "catch",
                                                            "char",
                                                            "char8_t",
                                                            "char16_t",
                                                            "char32_t",
                                                            "class",
                                                            "compl",
                                                            "concept",
                                                            "const",
                                                            "consteval",
                                                            "constexpr",
                                                            "constinit",
                                                            "const_cast",
                                                            "continue",
                                                            "co_await",
                                                            "co_return",
                                                            "co_yield",
                                                            "decltype",
                                                            "default",
                                                            "delete",
                                                            "do",
                                                            "double",
                                                            "dynamic_cast",
                                                            "else",
                                                            "enum",
                                                            "explicit",
                                                            "export",
                                                            "extern",
                                                            "false",
                                                            "float",
                                                            "for",
                                                            "friend",
                                                            "goto",
                                                            "if",
                                                            "inline",
                                                            "int",
                                                            "long",
                                                            "mutable",
                                                            "namespace",
                                                            "new",
                                                            "noexcept",
                                                            "not",
                                                            "not_eq",
                                                            "nullptr",
                                                            "operator",
                                                            "or",
                                                            "or_eq",
                                                            "private",
                                                            "protected",
                                                            "public",
                                                            "register",
                                                            "reinterpret_cast",
                                                            "requires",
                                                            "return",
                                                            "short",
                                                            "signed",
                                                            "sizeof",
                                                            "static",
                                                            "static_assert",
                                                            "static_cast",
                                                            "struct",
                                                            "switch",
                                                            "template",
                                                            "this",
                                                            "thread_local",
                                                            "throw",
                                                            "true",
                                                            "try",
                                                            "typedef",
                                                            "typeid",
                                                            "typename",
                                                            "union",
                                                            "unsigned",
                                                            "using",
                                                            "virtual",
                                                            "void",
                                                            "volatile",
                                                            "wchar_t",
                                                            "while",
                                                            "xor",
                                                            "xor_eq",
                                                            "std",
                                                            "Eigen",
                                                            "Map",
                                                            "CMap",
                                                            "main",
                                                            "NULL",
                                                            "EOF",
                                                            "NAN",
                                                            "INFINITY",
                                                            "HUGE_VAL",
                                                            "FLT_EVAL_METHOD",
                                                            "errno",
                                                            "assert",
                                                            "stdin",
                                                            "stdout",
                                                            "stderr",
                                                            "linux",
                                                            "unix",
                                                            "EDOM",
                                                            "ERANGE",
                                                            "M_E",
                                                            "M_PI",
                                                            "M_LN2",
                                                            "M_SQRT2",
                                                            "DOMAIN",
                                                            "SING",
                                                            "OVERFLOW",
                                                            "UNDERFLOW"});

bool identifier(std::string_view name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

// A name in which what C++ does not take is an underscore.
std::string cleaned(std::string_view name) {
  std::string out;
  for (const char c : name) out += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  if (out.empty() || std::isdigit(static_cast<unsigned char>(out[0])) != 0) out.insert(out.begin(), 'v');
  return out;
}

// The names that a size is made of, those within "min(n,p)" too.
void size_names(const std::string& name, std::set<std::string>& out) {
  std::string word;
  for (const char c : name + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
      continue;
    }
    if (!word.empty() && c != '(' && std::isdigit(static_cast<unsigned char>(word[0])) == 0) out.insert(word);
    word.clear();
  }
}

template <class F>
void each_size(const Program& program, F f) {
  for (const Buffer& b : program.buffers) {
    for (const Size& s : b.shape) f(s);
  }
  for (const Instruction& i : program.instructions) {
    const auto access = [&](const Access& a) {
      for (const AxisIndex& axis : a.axes) {
        f(axis.offset);
        for (const LoopTerm& t : axis.terms) f(t.step);
      }
      for (const Size& s : a.view) f(s);
    };
    if (const auto* p = std::get_if<Pointwise>(&i.what)) {
      for (const Size& s : p->extents) f(s);
      for (const Access& a : p->operands) access(a);
      for (const PointwiseOutput& out : p->outputs) access(out.access);
      for (const ScalarInstruction& s : p->body) f(s.size);
    } else if (const auto* c = std::get_if<Contract>(&i.what)) {
      for (const Size& s : c->extents) f(s);
      for (const Access* a : {&c->a, &c->b, &c->c}) access(*a);
    } else if (const auto* r = std::get_if<Routine>(&i.what)) {
      for (const auto* views : {&r->inputs, &r->outputs}) {
        for (const View& v : *views) {
          for (const Size& s : v.shape) f(s);
        }
      }
    }
  }
}

}  // namespace

CppWriter::CppWriter(const Program& program, std::string_view name, std::span<const std::string> results)
    : program_(program), name_(name) {
  if (!identifier(name)) throw std::invalid_argument("not a name of a C++ function: " + name_);
  taken_.insert(kReserved.begin(), kReserved.end());
  taken_.insert(name_);
  for (const std::string_view s : cpp_support_names()) taken_.emplace(s);
  std::set<std::string> names;
  each_size(program, [&](const Size& s) {
    for (const std::string& n : s.names()) size_names(n, names);
  });
  for (const std::string& n : names) sizes_[n] = fresh(cleaned(n));
  for (const Instruction& i : program.instructions) {
    const auto* p = std::get_if<Pointwise>(&i.what);
    if (p == nullptr) continue;
    for (const ScalarInstruction& s : p->body) {
      if (s.op == ScalarOp::Call && !functions_.contains(s.name)) functions_[s.name] = fresh(cleaned(s.name));
    }
  }
  buffers_.resize(program.buffers.size());
  for (const BufferId id : program.inputs)
    buffers_[static_cast<std::size_t>(id)] =
        fresh(cleaned(program.buffers[static_cast<std::size_t>(id)].name));
  for (std::size_t k = 0; k < program.outputs.size(); ++k) {
    results_.push_back(k < results.size() ? fresh(cleaned(results[k])) : "");
    const auto id = static_cast<std::size_t>(program.outputs[k]);
    if (program.buffers[id].role == BufferRole::Temporary && buffers_[id].empty()) buffers_[id] = results_[k];
  }
  // A result is called what its instruction says that it computes; of several, the last.
  for (auto i = program.instructions.rbegin(); i != program.instructions.rend(); ++i) {
    const auto written = writes(*i);
    if (written.size() != 1 || !identifier(i->note) || taken_.contains(i->note)) continue;
    std::string& name_of_it = buffers_[static_cast<std::size_t>(written[0])];
    if (name_of_it.empty()) name_of_it = fresh(i->note);
  }
  for (std::size_t k = 0; k < buffers_.size(); ++k) {
    if (!buffers_[k].empty()) continue;
    const std::string& own = program.buffers[k].name;
    buffers_[k] = fresh(own.empty() ? "t" + std::to_string(k) : cleaned(own));
  }
}

std::string CppWriter::fresh(const std::string& wanted) {
  std::string name = wanted;
  for (int k = 2; !taken_.insert(name).second; ++k) name = wanted + "_" + std::to_string(k);
  return name;
}

std::string CppWriter::loop(std::size_t l) {
  constexpr std::string_view names = "ijklm";
  while (loops_.size() <= l) {
    const std::size_t k = loops_.size();
    loops_.push_back(fresh(k < names.size() ? std::string(1, names[k]) : "i" + std::to_string(k)));
  }
  return loops_[l];
}

// A polynomial in size names; in parentheses where it is a sum that is to be a factor.
std::string CppWriter::size(const Size& s, bool factor) {
  if (s.is_zero()) return "0";
  std::string out;
  for (const auto& [monomial, coefficient] : s.terms()) {
    std::string term;
    for (const std::string& name : monomial) {
      std::string text;
      if (const auto known = sizes_.find(name); known != sizes_.end()) {
        text = known->second;
      } else if (name.starts_with("min(") && name.find('^') == std::string::npos) {
        for (std::size_t at = 0; at < name.size();) {  // min(n,p): the names within, as they are called here
          std::size_t end = at;
          while (end < name.size() &&
                 (std::isalnum(static_cast<unsigned char>(name[end])) != 0 || name[end] == '_'))
            ++end;
          const std::string word = name.substr(at, end - at);
          if (word == "min") {
            text += "std::min<long>";
          } else if (const auto inner = sizes_.find(word); inner != sizes_.end()) {
            text += inner->second;
          } else {
            text += word;
          }
          if (end < name.size()) text += name[end] == ',' ? std::string(", ") : std::string(1, name[end]);
          at = end + 1;
        }
      } else {
        throw NoSource("the size " + name + " has no C++ text");
      }
      term += (term.empty() ? "" : " * ") + text;
    }
    const std::int64_t magnitude = coefficient < 0 ? -coefficient : coefficient;
    if (term.empty()) {
      term = std::to_string(magnitude);
    } else if (magnitude != 1) {
      term = std::to_string(magnitude) + " * " + term;
    }
    if (out.empty()) {
      out = coefficient < 0 ? "-" + term : term;
    } else {
      out += (coefficient < 0 ? " - " : " + ") + term;
    }
  }
  return factor && (s.terms().size() > 1 || out[0] == '-') ? "(" + out + ")" : out;
}

std::string CppWriter::index(const AxisIndex& axis, bool factor) {
  std::string out;
  for (const LoopTerm& term : axis.terms) {
    const std::string i = loop(static_cast<std::size_t>(term.loop));
    out += (out.empty() ? "" : " + ") + (term.step.is_one() ? i : size(term.step, true) + " * " + i);
  }
  if (!axis.offset.is_zero() || out.empty()) {
    const std::string offset = size(axis.offset);
    if (out.empty()) {
      out = offset;
    } else {
      out += offset[0] == '-' ? " - " + offset.substr(1) : " + " + offset;
    }
  }
  return factor && out.find(' ') != std::string::npos ? "(" + out + ")" : out;
}

// Column-major: i + rows*j.
std::string CppWriter::place(const Access& access) {
  const Shape& shape = program_.shape_of(access);
  std::string out;
  Size stride = 1;
  for (std::size_t k = 0; k < access.axes.size(); ++k) {
    const AxisIndex& axis = access.axes[k];
    if (!axis.terms.empty() || !axis.offset.is_zero()) {
      const std::string i = index(axis, !stride.is_one());
      out += (out.empty() ? "" : " + ") + (stride.is_one() ? i : size(stride, true) + " * " + i);
    }
    stride = stride * shape[k];
  }
  return out.empty() ? "0" : out;
}

// The condition that a guarded access is inside its array.
std::string CppWriter::inside(const Access& access) {
  const Shape& shape = program_.shape_of(access);
  std::string out;
  for (std::size_t k = 0; k < access.axes.size(); ++k) {
    const AxisIndex& axis = access.axes[k];
    const std::string i = index(axis, false);
    out += (out.empty() ? "" : " && ") + i + " >= 0 && " + i + " < " + size(shape[k]);
  }
  return out.empty() ? "true" : out;
}

std::string CppWriter::entry(const Access& access) {
  const std::string plain = buffer(access.buffer) + "[" + place(access) + "]";
  return access.guarded ? "(" + inside(access) + " ? " + plain + " : 0.0)" : plain;
}

}  // namespace adjoint::kernel

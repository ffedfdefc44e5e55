// The text of generated C++ while it is being written: names in cpp_names.cpp, loops in cpp_pointwise.cpp,
// the rest in cpp_source.cpp.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernel/cpp_source.hpp"

namespace adjoint::kernel {

/// "2.0", "(1.0/3.0)"
std::string cpp_number(const Rational& value);

class CppWriter {
 public:
  CppWriter(const Program& program, std::string_view name, std::span<const std::string> results);
  std::string source();

 private:
  // Names and numbers.
  std::string fresh(const std::string& wanted);
  std::string size(const Size& size, bool factor = false);
  std::string count(const Shape& shape) { return size(entries(shape)); }
  const std::string& buffer(BufferId id) { return buffers_[static_cast<std::size_t>(id)]; }
  std::string loop(std::size_t l);
  std::string index(const AxisIndex& axis, bool factor);
  std::string place(const Access& access);
  std::string inside(const Access& access);
  void support(std::string_view name);

  // Instructions.
  void line(const std::string& text) { body_ += std::string(2 * depth_, ' ') + text + "\n"; }
  void open_loops(const std::vector<Size>& extents, const std::vector<bool>& which);
  void close_loops(std::size_t count);
  void write(const Pointwise& p);
  void write(const Contract& c);
  void write(const Routine& r);
  void start(const Pointwise& p, const PointwiseOutput& out, const std::string& to);
  std::string product(const Contract& c);
  std::string map(const Access& access, std::int32_t rows, std::int32_t columns, bool constant,
                  const std::vector<Size>& extents);
  std::string entry(const Access& access);
  void declare_buffers();
  std::string parameters() const;
  std::string head() const;

  friend class CppBody;

  const Program& program_;
  std::string name_;
  std::vector<std::string> results_;  // names of outputs, as far as they are given
  std::set<std::string> taken_;
  std::map<std::string, std::string> sizes_;      // size names as C++ names
  std::map<std::string, std::string> functions_;  // abstract functions
  std::vector<std::string> buffers_;              // pointers to their data
  std::vector<std::string> loops_;
  std::vector<std::string_view> support_;  // in the order of definition
  std::set<std::string_view> headers_;
  bool eigen_ = false;
  std::string body_;
  std::size_t depth_ = 1;
};

}  // namespace adjoint::kernel

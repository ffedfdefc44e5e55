#include "kernel/cpp_source.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "kernel/cpp_writer.hpp"
#include "kernel/routine.hpp"

namespace adjoint::kernel {
void CppWriter::support(std::string_view name) {
  if (std::find(support_.begin(), support_.end(), name) != support_.end()) return;
  const CppSupport* s = cpp_support(name);
  if (s == nullptr) throw NoSource("the routine " + std::string(name) + " has no C++ text");
  for (const std::string_view other : s->needs) support(other);
  support_.push_back(s->name);
  if (!s->header.empty()) headers_.insert(s->header);
  if (s->code.find("CMap") != std::string_view::npos || s->code.find("Eigen") != std::string_view::npos)
    eigen_ = true;
}

// A matrix with one loop along rows and one along columns (either -1: of one row or column) as a Map,
// transposed where it is stored the other way; empty where it is no such matrix.
std::string CppWriter::map(const Access& access, std::int32_t rows, std::int32_t columns, bool constant,
                           const std::vector<Size>& extents) {
  std::vector<std::int32_t> loops;
  const Shape& shape = program_.shape_of(access);
  for (std::size_t k = 0; k < access.axes.size(); ++k) {
    const AxisIndex& axis = access.axes[k];
    if (axis.terms.empty() && axis.offset.is_zero() && shape[k].is_one()) continue;
    if (axis.terms.size() != 1 || !axis.terms[0].step.is_one() || !axis.offset.is_zero()) return "";
    const std::int32_t l = axis.terms[0].loop;
    if (!(shape[k] == extents[static_cast<std::size_t>(l)])) return "";
    loops.push_back(l);
  }
  std::vector<std::int32_t> wanted;
  for (const std::int32_t l : {rows, columns}) {
    if (l >= 0) wanted.push_back(l);
  }
  const auto length = [&](std::int32_t l) {
    return l < 0 ? "1" : size(extents[static_cast<std::size_t>(l)]);
  };
  const std::string type = constant ? "CMap(" : "Map(";
  if (loops == wanted)
    return type + buffer(access.buffer) + ", " + length(rows) + ", " + length(columns) + ")";
  std::reverse(wanted.begin(), wanted.end());
  if (loops != wanted) return "";
  return type + buffer(access.buffer) + ", " + length(columns) + ", " + length(rows) + ").transpose()";
}

// c = a*b as a product of matrices, where it is one.
std::string CppWriter::product(const Contract& c) {
  if (c.store == Store::Patch || c.a.guarded || c.b.guarded) return "";
  const std::size_t count = c.extents.size();
  const std::vector<bool> in_a = loops_used(c.a, count), in_b = loops_used(c.b, count),
                          in_c = loops_used(c.c, count);
  std::int32_t m = -1, n = -1, k = -1;
  for (std::size_t l = 0; l < count; ++l) {
    std::int32_t* place = in_a[l] && in_c[l] && !in_b[l]   ? &m
                          : in_b[l] && in_c[l] && !in_a[l] ? &n
                          : in_a[l] && in_b[l] && !in_c[l] ? &k
                                                           : nullptr;
    if (place == nullptr || *place >= 0) return "";
    *place = static_cast<std::int32_t>(l);
  }
  if (k < 0) return "";
  std::string factor;
  if (!c.coefficient.is_one()) {
    const std::string number = cpp_number(c.coefficient);
    factor = c.coefficient == Rational(-1) ? "-" : number[0] == '-' ? "(" + number + ") * " : number + " * ";
  }
  const std::string op = c.store == Store::Add ? " += " : " = ";
  // Either c or its transpose is stored with its own rows first.
  for (const bool flipped : {false, true}) {
    const std::string target = map(c.c, flipped ? n : m, flipped ? m : n, false, c.extents);
    const std::string left = flipped ? map(c.b, n, k, true, c.extents) : map(c.a, m, k, true, c.extents);
    const std::string right = flipped ? map(c.a, k, m, true, c.extents) : map(c.b, k, n, true, c.extents);
    if (target.empty() || left.empty() || right.empty() || target.ends_with("transpose()")) continue;
    return target + ".noalias()" + op + factor + left + " * " + right + ";";
  }
  return "";
}

void CppWriter::write(const Contract& c) {
  if (const std::string text = product(c); !text.empty()) {
    eigen_ = true;
    line(text);
    return;
  }
  Pointwise p;  // as loops
  p.extents = c.extents;
  p.operands = {c.a, c.b};
  ScalarInstruction load, product;
  load.op = ScalarOp::Load;
  load.a = 0;
  p.body.push_back(load);
  load.a = 1;
  p.body.push_back(load);
  product.op = ScalarOp::Mul;
  product.a = 0;
  product.b = 1;
  p.body.push_back(product);
  if (!c.coefficient.is_one()) {
    ScalarInstruction number;
    number.value = c.coefficient;
    p.body.push_back(number);
    product.a = 3;
    product.b = 2;
    p.body.push_back(product);
  }
  p.outputs.push_back({c.c, static_cast<Register>(p.body.size()) - 1, Reduction::Sum, c.store});
  write(p);
}

void CppWriter::write(const Routine& r) {
  std::string name = r.name;
  if (name == "call") throw NoSource("the abstract function " + r.function + " has no C++ text");
  constexpr std::array<std::string_view, 4> systems{"solve", "solve_definite", "solve_lower", "solve_upper"};
  if (name == "solve" && !r.attributes.empty()) name = systems.at(static_cast<std::size_t>(r.attributes[0]));
  support(name);
  const CppSupport& s = *cpp_support(name);
  std::string call = name + "(";
  const auto add = [&](const std::string& text) { call += (call.back() == '(' ? "" : ", ") + text; };
  const Shape& first = program_.shape_of(r.inputs[0]);
  std::string members;
  if (s.takes == CppSupport::Takes::Matrices) {
    Size batch = 1;
    for (const View& v : r.inputs) {
      const Shape& shape = program_.shape_of(v);
      if (shape.size() > 2) batch = entries(Shape(shape.begin() + 2, shape.end()));
    }
    members = batch.is_one() ? "" : fresh("member");
    const auto offset = [&](const Size& each) {
      return members.empty() ? "" : " + " + members + " * " + size(each, true);
    };
    for (const View& v : r.inputs) {
      const Shape& shape = program_.shape_of(v);
      add("CMap(" + buffer(v.buffer) + (shape.size() > 2 ? offset(shape[0] * shape[1]) : "") + ", " +
          size(shape[0]) + ", " + size(shape[1]) + ")");
    }
    const auto shapes_of_one = [&] {
      std::vector<Shape> in;
      for (const View& v : r.inputs) {
        const Shape& shape = program_.shape_of(v);
        in.emplace_back(shape.begin(), shape.begin() + 2);
      }
      return find_routine(r.name)->shapes(in, r.attributes);
    }();
    for (std::size_t k = 0; k < r.outputs.size(); ++k)
      add(buffer(r.outputs[k].buffer) + offset(entries(shapes_of_one[k])));
    if (!members.empty()) {
      line("for (long " + members + " = 0; " + members + " < " + size(batch) + "; ++" + members + ") " +
           call + ");");
      return;
    }
  } else if (s.takes == CppSupport::Takes::Lines) {
    Size inner = 1, outer = 1, length = entries(first);
    if (!r.attributes.empty() && r.attributes[0] >= 0) {
      const auto axis = static_cast<std::ptrdiff_t>(r.attributes[0]);
      inner = entries(Shape(first.begin(), first.begin() + axis));
      length = first[static_cast<std::size_t>(axis)];
      outer = entries(Shape(first.begin() + axis + 1, first.end()));
    }
    for (const std::string& text : {buffer(r.inputs[0].buffer), size(inner), size(length), size(outer)})
      add(text);
    add(buffer(r.outputs[0].buffer));
  } else {
    add(buffer(r.inputs[0].buffer));
    add(count(first));
    for (std::size_t k = 1; k < r.inputs.size(); ++k) add("*" + buffer(r.inputs[k].buffer));
    for (const View& v : r.outputs) add(buffer(v.buffer));
  }
  line(call + ");");
}

void CppWriter::declare_buffers() {
  const auto& outputs = program_.outputs;
  for (std::size_t k = 0; k < program_.buffers.size(); ++k) {
    const Buffer& b = program_.buffers[k];
    const auto id = static_cast<BufferId>(k);
    if (b.role == BufferRole::Constant) {
      std::string values;
      for (const double v : b.values) {
        char text[40];
        std::snprintf(text, sizeof text, "%.17g", v);
        values += (values.empty() ? "" : ", ") + std::string(text);
      }
      line("static const double " + buffers_[k] + "[] = {" + values + "};");
    } else if (b.role == BufferRole::Temporary &&
               std::find(outputs.begin(), outputs.end(), id) == outputs.end()) {
      if (b.shape.empty()) {
        line("double " + buffers_[k] + "[1];");
      } else {
        const std::string values = fresh(buffers_[k] + "_values");
        line("std::vector<double> " + values + "(" + count(b.shape) + ");");
        line("double* " + buffers_[k] + " = " + values + ".data();");
      }
    }
  }
}

std::string CppWriter::parameters() const {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  for (const auto& [size, name] : sizes_) add("long " + name);
  for (const BufferId id : program_.inputs) add("const double* " + buffers_[static_cast<std::size_t>(id)]);
  return out;
}

std::string CppWriter::source() {
  declare_buffers();
  const std::string declarations = std::move(body_);
  body_.clear();
  for (const Instruction& i : program_.instructions) {
    std::string what = text(program_, i);
    constexpr std::size_t kLongest = 100;
    if (what.size() > kLongest) what = what.substr(0, kLongest) + " ...";
    const auto written = writes(i);
    const bool says_itself = !written.empty() && i.note == buffer(written[0]);
    if (!says_itself) line("// " + (i.note.empty() ? what : i.note));
    std::visit([&](const auto& one) { write(one); }, i.what);
  }
  // An output is written in place; one that is named twice, or is an input or a constant, is copied.
  std::string all = parameters();
  std::string results;
  std::vector<BufferId> placed;
  for (std::size_t k = 0; k < program_.outputs.size(); ++k) {
    const BufferId id = program_.outputs[k];
    const Buffer& b = program_.buffers[static_cast<std::size_t>(id)];
    std::string name = buffer(id);
    const bool direct =
        b.role == BufferRole::Temporary && std::find(placed.begin(), placed.end(), id) == placed.end();
    if (!direct) {
      name = results_[k].empty() ? fresh("result") : results_[k];
      line("std::copy_n(" + buffer(id) + ", " + count(b.shape) + ", " + name + ");");
    }
    placed.push_back(id);
    all += (all.empty() ? "" : ", ") + std::string("double* ") + name;
    std::string shape;
    for (const Size& s : b.shape) shape += (shape.empty() ? "" : ", ") + size(s);
    results += "//   " + name + " (" + shape + ")\n";
  }
  for (const auto& [function, name] : functions_) all += ", double (*" + name + ")(double)";

  std::string out =
      "// Arrays are column-major: entry (i,j) of a matrix with r rows is x[i + r*j].\n// Inputs:\n";
  for (const BufferId id : program_.inputs) {
    std::string shape;
    for (const Size& s : program_.buffers[static_cast<std::size_t>(id)].shape)
      shape += (shape.empty() ? "" : ", ") + size(s);
    out += "//   " + buffer(id) + " (" + shape + ")\n";
  }
  out += "// Results, in memory of the caller:\n" + results;
  out += "#include <algorithm>\n#include <cmath>\n#include <limits>\n#include <vector>\n";
  if (eigen_) out += "\n#include <Eigen/Dense>\n";
  for (const std::string_view header : headers_) out += "#include <" + std::string(header) + ">\n";
  const std::string space = name_ + "_support";
  if (eigen_ || !support_.empty()) {
    out += "\nnamespace " + space + " {\n\n";
    if (eigen_)
      out += "using CMap = Eigen::Map<const Eigen::MatrixXd>;\nusing Map = Eigen::Map<Eigen::MatrixXd>;\n\n";
    for (const std::string_view s : support_) {
      std::string code(cpp_support(s)->code);
      std::size_t at = 0;  // behind the comment
      while (code.compare(at, 2, "//") == 0) at = code.find('\n', at) + 1;
      if (code.substr(at, 8) != "template") code.insert(at, "inline ");
      out += code + "\n";
    }
    out += "}  // namespace " + space + "\n";
  }
  out += "\nvoid " + name_ + "(" + all + ") {\n";
  if (eigen_ || !support_.empty()) out += "  using namespace " + space + ";\n";
  std::string unused;
  for (const BufferId id : program_.inputs) {
    const bool read =
        std::any_of(program_.instructions.begin(), program_.instructions.end(), [&](const auto& i) {
          const auto list = reads(i);
          return std::find(list.begin(), list.end(), id) != list.end();
        });
    const bool given =
        std::find(program_.outputs.begin(), program_.outputs.end(), id) != program_.outputs.end();
    if (!read && !given) unused += "  (void)" + buffer(id) + ";\n";
  }
  return out + unused + declarations + body_ + "}\n";
}

std::string cpp_source(const Program& program, std::string_view name, std::span<const std::string> results) {
  return CppWriter(program, name, results).source();
}

}  // namespace adjoint::kernel

// Loops of generated C++.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "kernel/body.hpp"
#include "kernel/cpp_writer.hpp"

namespace adjoint::kernel {

namespace {

std::string identity(Reduction reduction) {
  switch (reduction) {
    case Reduction::Max:
      return "-std::numeric_limits<double>::infinity()";
    case Reduction::Min:
      return "std::numeric_limits<double>::infinity()";
    case Reduction::Product:
      return "1";
    default:
      return "0";
  }
}

}  // namespace

std::string cpp_number(const Rational& value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.8g", value.value());
  const std::string text = value.text();
  const auto slash = text.find('/');
  if (std::strtod(digits, nullptr) != value.value()) {
    std::snprintf(digits, sizeof digits, "%.17g", value.value());
    if (slash != std::string::npos && text.size() < 20)  // a quotient of integers
      return "(" + text.substr(0, slash) + ".0 / " + text.substr(slash + 1) + ".0)";
  }
  const std::string out = digits;
  return out.find_first_of(".e") == std::string::npos ? out + ".0" : out;
}

namespace {

// How strongly the outermost operator of an expression binds: 0 choice and comparison, 1 sum, 2 product, 3
// all.
int binding(const std::string& text) {
  int depth = 0;
  int least = text.front() == '-' ? 1 : 3;
  for (std::size_t k = 0; k + 2 < text.size(); ++k) {
    depth += text[k] == '(' || text[k] == '[' ? 1 : text[k] == ')' || text[k] == ']' ? -1 : 0;
    if (depth != 0 || text[k] != ' ') continue;
    const char op = text[k + 1];
    if (op == '*' || op == '/') least = std::min(least, 2);
    if (op == '+' || op == '-') least = std::min(least, 1);
    if (op == '?' || op == '<' || op == '=' || op == '!') least = 0;
  }
  return least;
}

std::string at_least(int level, std::string text) {
  return binding(text) < level ? "(" + std::move(text) + ")" : text;
}

}  // namespace

// A body as expressions: what is used once is written in place, the rest gets a name.
class CppBody {
 public:
  CppBody(CppWriter& writer, const Pointwise& p) : writer_(writer), p_(p), uses_(p.body.size(), 0) {
    for (const ScalarInstruction& i : p.body) {
      each_operand(i, [&](Register r) { ++uses_[static_cast<std::size_t>(r)]; });
    }
    for (const PointwiseOutput& out : p.outputs) ++uses_[static_cast<std::size_t>(out.value)];
    known_.resize(p.body.size());
  }

  [[nodiscard]] bool named() const { return named_ > 0; }

  std::string value(Register r) {
    const auto at = static_cast<std::size_t>(r);
    if (!known_[at].empty()) return known_[at];
    const ScalarInstruction& i = p_.body[at];
    const bool shared = uses_[at] > 1 && (info(i.op).arity > 0 || i.op == ScalarOp::Load);
    const std::string text = expression(i);
    if (!shared) return text;
    known_[at] = writer_.fresh("r" + std::to_string(named_++));
    writer_.line("const double " + known_[at] + " = " + text + ";");
    return known_[at];
  }

 private:
  std::string call(const std::string& function, const ScalarInstruction& i) {
    std::string out = function + "(";
    bool first = true;
    each_operand(i, [&](Register r) {
      out += (first ? "" : ", ") + value(r);
      first = false;
    });
    return out + ")";
  }
  std::string helped(std::string_view function, const ScalarInstruction& i) {
    writer_.support(function);
    return call(std::string(function), i);
  }
  // A register that is written more than once in one expression.
  std::string repeated(Register r) {
    const auto at = static_cast<std::size_t>(r);
    if (known_[at].empty() && (info(p_.body[at].op).arity > 0)) {
      ++uses_[at];
      uses_[at] = std::max(uses_[at], 2);
    }
    return value(r);
  }

  std::string expression(const ScalarInstruction& i) {
    using enum ScalarOp;
    switch (i.op) {
      case Constant:
        return cpp_number(i.value);
      case SizeValue:
        return "double(" + writer_.size(i.size) + ")";
      case LoopIndex:
        return "double(" + writer_.loop(static_cast<std::size_t>(i.a)) + ")";
      case Load:
        return writer_.entry(p_.operands[static_cast<std::size_t>(i.a)]);
      case Pi:
        return "3.14159265358979323846";
      case Infinity:
        return "std::numeric_limits<double>::infinity()";
      case Add:
        return infix(i, " + ", 1);
      case Sub:
        return infix(i, " - ", 1);
      case Mul:
        return infix(i, " * ", 2);
      case Div:
        return infix(i, " / ", 2);
      case Less:
        return "double(" + infix(i, " < ", 0) + ")";
      case LessEqual:
        return "double(" + infix(i, " <= ", 0) + ")";
      case Equal:
        return "double(" + infix(i, " == ", 0) + ")";
      case Neg:
        return "-" + at_least(2, value(i.a));
      case Square: {
        const std::string a = at_least(3, repeated(i.a));
        return a + " * " + a;
      }
      case Reciprocal:
        return "1 / " + at_least(3, value(i.a));
      case Pow:
        return call("std::pow", i);
      case PowI: {
        if (i.integer == 3) {
          const std::string a = at_least(3, repeated(i.a));
          return a + " * " + a + " * " + a;
        }
        writer_.support("integer_power");
        return "integer_power(" + value(i.a) + ", " + std::to_string(i.integer) + ")";
      }
      case Select: {
        const std::string condition = at_least(1, value(i.a)), yes = at_least(1, value(i.b));
        return condition + " != 0 ? " + yes + " : " + at_least(1, value(i.c));
      }
      case Max:
        return helped("larger", i);
      case Min:
        return helped("lesser", i);
      case Sign:
      case Relu:
      case Sigmoid:
      case Softplus:
        return helped(info(i.op).name, i);
      case Call:
        return call(writer_.functions_.at(i.name), i);
      default:
        return call("std::" + std::string(info(i.op).name), i);
    }
  }
  // Sums and products from the left, as they are computed.
  std::string infix(const ScalarInstruction& i, const char* op, int level) {
    const std::string left = at_least(level, value(i.a));
    return left + op + at_least(level + 1, value(i.b));
  }

  CppWriter& writer_;
  const Pointwise& p_;
  std::vector<int> uses_;
  std::vector<std::string> known_;
  int named_ = 0;
};

void CppWriter::open_loops(const std::vector<Size>& extents, const std::vector<bool>& which) {
  for (std::size_t l = extents.size(); l-- > 0;) {
    if (!which[l]) continue;
    const std::string i = loop(l);
    line("for (long " + i + " = 0; " + i + " < " + size(extents[l]) + "; ++" + i + ") {");
    ++depth_;
  }
}

void CppWriter::close_loops(std::size_t count) {
  for (; count > 0; --count) {
    --depth_;
    line("}");
  }
}

// What has to stand in a result before the loops run.
void CppWriter::start(const Pointwise& p, const PointwiseOutput& out, const std::string& to) {
  const std::vector<bool> used = loops_used(out.access, p.extents.size());
  const Shape& shape = program_.shape_of(out.access);
  const bool whole = covers(out.access, shape, p.extents);
  if (out.store == Store::Assign && (!whole || out.reduction != Reduction::None)) {
    const std::string value = whole ? identity(out.reduction) : "0";
    line("std::fill_n(" + to + ", " + count(shape) + ", " + value + ");");
  }
  const bool again = out.reduction != Reduction::None && out.store != Store::Add &&
                     (out.store == Store::Patch || (!whole && identity(out.reduction) != "0"));
  if (!again) return;
  const auto loops = static_cast<std::size_t>(std::count(used.begin(), used.end(), true));
  open_loops(p.extents, used);
  line(to + "[" + place(out.access) + "] = " + identity(out.reduction) + ";");
  close_loops(loops);
}

void CppWriter::write(const Pointwise& p) {
  // A maximum, minimum or product that is added to what is there is computed aside.
  std::vector<std::string> to;
  std::vector<std::size_t> aside, sums;
  for (std::size_t k = 0; k < p.outputs.size(); ++k) {
    const PointwiseOutput& out = p.outputs[k];
    to.push_back(buffer(out.access.buffer));
    if (out.store == Store::Add && out.reduction != Reduction::None && out.reduction != Reduction::Sum) {
      const std::string name = fresh("part");
      line("std::vector<double> " + name + "_values(" + count(program_.shape_of(out.access)) + ", 0.0);");
      line("double* " + name + " = " + name + "_values.data();");
      to.back() = name;
      aside.push_back(k);
      PointwiseOutput fresh_one = out;
      fresh_one.store = Store::Patch;
      start(p, fresh_one, name);
    } else if (out.access.axes.empty() && out.reduction == Reduction::Sum) {
      to.back() = fresh("sum");  // a number: in a register
      line("double " + to.back() + " = 0;");
      sums.push_back(k);
    } else {
      start(p, out, to.back());
    }
  }
  open_loops(p.extents, std::vector<bool>(p.extents.size(), true));
  const std::size_t scope = body_.size();
  const bool alone = p.extents.empty();
  if (alone) ++depth_;
  CppBody body(*this, p);
  std::vector<std::string> values;
  for (const PointwiseOutput& out : p.outputs) values.push_back(body.value(out.value));
  for (std::size_t k = 0; k < p.outputs.size(); ++k) {
    const PointwiseOutput& out = p.outputs[k];
    const bool number = std::find(sums.begin(), sums.end(), k) != sums.end();
    const std::string entry = number ? to[k] : to[k] + "[" + place(out.access) + "]";
    std::string value = values[k];
    if (out.reduction == Reduction::Max || out.reduction == Reduction::Min) {
      const std::string_view pick = out.reduction == Reduction::Max ? "larger" : "lesser";
      support(pick);
      value = std::string(pick) + "(" + entry + ", " + value + ")";
    }
    const bool add =
        out.reduction == Reduction::Sum || (out.reduction == Reduction::None && out.store == Store::Add);
    line(entry + (add ? " += " : out.reduction == Reduction::Product ? " *= " : " = ") + value + ";");
  }
  if (alone) --depth_;
  if (alone && body.named()) {  // names of its own
    body_.insert(scope, std::string(2 * depth_, ' ') + "{\n");
    line("}");
  } else if (alone) {
    std::size_t at = scope;
    for (std::size_t next = at; at < body_.size(); at = next) {
      body_.erase(at, 2);
      next = body_.find('\n', at) + 1;
    }
  }
  close_loops(p.extents.size());
  for (const std::size_t k : sums)
    line("*" + buffer(p.outputs[k].access.buffer) + (p.outputs[k].store == Store::Add ? " += " : " = ") +
         to[k] + ";");
  for (const std::size_t k : aside) {
    const std::string all = count(program_.shape_of(p.outputs[k].access));
    const std::string at = fresh("at");
    line("for (long " + at + " = 0; " + at + " < " + all + "; ++" + at + ") " +
         buffer(p.outputs[k].access.buffer) + "[" + at + "] += " + to[k] + "[" + at + "];");
  }
}

}  // namespace adjoint::kernel

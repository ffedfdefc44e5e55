// A program as text, one instruction a line.
#include <map>

#include "kernel/program.hpp"

namespace adjoint::kernel {
namespace {

std::string loop_name(std::int32_t loop) {
  constexpr std::string_view names = "ijklmopqrst";
  const auto at = static_cast<std::size_t>(loop);
  return at < names.size() ? std::string(1, names[at]) : "i" + std::to_string(loop);
}

std::string name_of(const Program& program, BufferId id) {
  const Buffer& buffer = program.buffers[static_cast<std::size_t>(id)];
  return buffer.name.empty() ? "t" + std::to_string(id) : buffer.name;
}

std::string index_text(const AxisIndex& axis) {
  std::string out;
  for (const LoopTerm& term : axis.terms) {
    if (!out.empty()) out += '+';
    if (!term.step.is_one()) {
      const bool sum = term.step.terms().size() > 1;
      out += (sum ? "(" + term.step.text() + ")" : term.step.text()) + '*';
    }
    out += loop_name(term.loop);
  }
  if (axis.offset.is_zero() && !out.empty()) return out;
  const std::string offset = axis.offset.text();
  return out.empty() ? offset : out + (offset[0] == '-' ? "" : "+") + offset;
}

std::string shape_text(const Shape& shape) {
  std::string out;
  for (const Size& size : shape) out += (out.empty() ? "" : ",") + size.text();
  return "(" + out + ")";
}

std::string access_text(const Program& program, const Access& access) {
  std::string out = name_of(program, access.buffer);
  if (!access.view.empty()) out += shape_text(access.view);
  if (access.axes.empty()) return out;
  out += '[';
  for (std::size_t k = 0; k < access.axes.size(); ++k) out += (k ? "," : "") + index_text(access.axes[k]);
  out += access.guarded ? "]?" : "]";
  return out;
}

std::string_view store_text(Store store) {
  switch (store) {
    case Store::Assign:
      return " = ";
    case Store::Add:
      return " += ";
    case Store::Patch:
      return " := ";
  }
  return " = ";
}

std::string loops_text(const std::vector<Size>& extents) {
  std::string out;
  for (std::size_t k = 0; k < extents.size(); ++k) {
    out += (k ? ", " : "") + loop_name(static_cast<std::int32_t>(k)) + "<" + extents[k].text();
  }
  return out.empty() ? "" : "  for " + out;
}

// The body as nested expressions: registers used once are written in place, others named r0, r1, …
class ListedBody {
 public:
  ListedBody(const Program& program, const Pointwise& p) : program_(program), p_(p), uses_(p.body.size(), 0) {
    for (const ScalarInstruction& i : p.body) {
      const Register registers[] = {i.a, i.b, i.c};
      for (int k = 0; k < info(i.op).arity; ++k) ++uses_[static_cast<std::size_t>(registers[k])];
    }
    for (const PointwiseOutput& out : p.outputs) ++uses_[static_cast<std::size_t>(out.value)];
  }

  std::string value(Register r) {
    const auto at = static_cast<std::size_t>(r);
    if (uses_[at] < 2 || info(p_.body[at].op).flops == FlopClass::Free) return expression(p_.body[at]);
    if (const auto known = names_.find(r); known != names_.end()) return known->second;
    const std::string whole = expression(p_.body[at]);  // names what it needs first
    const std::string name = "r" + std::to_string(names_.size());
    names_.emplace(r, name);
    prefix += name + " = " + whole + "; ";
    return name;
  }

  std::string prefix;

 private:
  std::string expression(const ScalarInstruction& i) {
    const auto operand = [this](Register r) { return value(r); };
    switch (i.op) {
      case ScalarOp::Constant:
        return i.value.is_negative() ? "(" + i.value.text() + ")" : i.value.text();
      case ScalarOp::SizeValue:
        return i.size.text();
      case ScalarOp::LoopIndex:
        return loop_name(i.a);
      case ScalarOp::Load:
        return access_text(program_, p_.operands[static_cast<std::size_t>(i.a)]);
      case ScalarOp::Pi:
        return "pi";
      case ScalarOp::Infinity:
        return "inf";
      case ScalarOp::Add:
        return "(" + operand(i.a) + " + " + operand(i.b) + ")";
      case ScalarOp::Sub:
        return "(" + operand(i.a) + " - " + operand(i.b) + ")";
      case ScalarOp::Mul:
        return operand(i.a) + "*" + operand(i.b);
      case ScalarOp::Div:
        return operand(i.a) + "/(" + operand(i.b) + ")";
      case ScalarOp::Neg:
        return "(-" + operand(i.a) + ")";
      case ScalarOp::Square:
        return "(" + operand(i.a) + ")^2";
      case ScalarOp::PowI:
        return "(" + operand(i.a) + ")^" + std::to_string(i.integer);
      case ScalarOp::Call:
        return i.name + "(" + operand(i.a) + ")";
      default:
        break;
    }
    std::string out = std::string(info(i.op).name) + "(" + operand(i.a);
    if (info(i.op).arity > 1) out += ", " + operand(i.b);
    if (info(i.op).arity > 2) out += ", " + operand(i.c);
    return out + ")";
  }

  const Program& program_;
  const Pointwise& p_;
  std::vector<int> uses_;
  std::map<Register, std::string> names_;
};

std::string write(const Program& program, const Pointwise& p) {
  ListedBody body(program, p);
  std::string stores;
  for (const PointwiseOutput& out : p.outputs) {
    constexpr std::string_view reductions[] = {"", "sum ", "max ", "min ", "prod "};
    if (!stores.empty()) stores += "; ";
    const std::string value = body.value(out.value);
    stores += access_text(program, out.access) + std::string(store_text(out.store));
    stores += std::string(reductions[static_cast<std::size_t>(out.reduction)]) + value;
  }
  return body.prefix + stores + loops_text(p.extents);
}

std::string write(const Program& program, const Contract& c) {
  std::string out = access_text(program, c.c) + std::string(store_text(c.store)) + "sum ";
  if (!c.coefficient.is_one()) out += c.coefficient.text() + "*";
  return out + access_text(program, c.a) + "*" + access_text(program, c.b) + loops_text(c.extents);
}

std::string write(const Program& program, const Routine& r) {
  std::string left, right;
  for (const View& view : r.outputs) left += (left.empty() ? "" : ", ") + name_of(program, view.buffer);
  for (const View& view : r.inputs) {
    right += (right.empty() ? "" : ", ") + name_of(program, view.buffer);
    if (!view.shape.empty()) right += shape_text(view.shape);
  }
  for (const std::int64_t a : r.attributes) right += "; " + std::to_string(a);
  return left + " = " + (r.function.empty() ? r.name : r.function) + "(" + right + ")";
}

}  // namespace

std::string text(const Program& program, const Instruction& instruction) {
  return std::visit([&](const auto& what) { return write(program, what); }, instruction.what);
}

std::string text(const Program& program) {
  std::string out;
  for (const BufferId id : program.inputs) {
    out += "input " + name_of(program, id) + shape_text(program.buffers[static_cast<std::size_t>(id)].shape) +
           "\n";
  }
  for (const Instruction& instruction : program.instructions) {
    out += text(program, instruction);
    if (!instruction.note.empty()) out += "  # " + instruction.note;
    out += '\n';
  }
  out += "output";
  for (const BufferId id : program.outputs) out += " " + name_of(program, id);
  return out + '\n';
}

}  // namespace adjoint::kernel

// What a well-formed program is.
#include <algorithm>
#include <array>
#include <stdexcept>

#include "kernel/program.hpp"
#include "kernel/routine.hpp"

namespace adjoint::kernel {
namespace {

class Validator {
 public:
  explicit Validator(const Program& program) : program_(program), written_(program.buffers.size(), false) {}

  std::vector<std::string> run() {
    for (std::size_t k = 0; k < program_.buffers.size(); ++k) {
      const Buffer& buffer = program_.buffers[k];
      written_[k] = buffer.role != BufferRole::Temporary;
      if (buffer.role != BufferRole::Constant) continue;
      const auto count = entries(buffer.shape).constant();
      if (!count || *count != static_cast<std::int64_t>(buffer.values.size())) {
        say("constant " + buffer.name + " has " + std::to_string(buffer.values.size()) + " values for " +
            entries(buffer.shape).text() + " entries");
      }
    }
    for (const BufferId input : program_.inputs) {
      if (!known(input) || at(input).role != BufferRole::Input) say("an input is no input buffer");
    }
    for (number_ = 0; number_ < program_.instructions.size(); ++number_) {
      const Instruction& instruction = program_.instructions[number_];
      std::visit([this](const auto& what) { check(what); }, instruction.what);
      for (const BufferId buffer : reads(instruction)) {
        if (known(buffer) && !written_[static_cast<std::size_t>(buffer)]) {
          here("reads " + label(buffer) + " before it is written");
        }
      }
      for (const BufferId buffer : writes(instruction)) {
        if (!known(buffer)) continue;
        if (at(buffer).role != BufferRole::Temporary) here("writes " + label(buffer) + ", which is given");
        written_[static_cast<std::size_t>(buffer)] = true;
      }
    }
    for (const BufferId output : program_.outputs) {
      if (!known(output)) {
        say("an output is no buffer");
      } else if (!written_[static_cast<std::size_t>(output)]) {
        say("output " + label(output) + " is never written");
      }
    }
    return std::move(problems_);
  }

 private:
  void say(std::string problem) { problems_.push_back(std::move(problem)); }
  void here(const std::string& problem) { say("instruction " + std::to_string(number_ + 1) + " " + problem); }
  [[nodiscard]] bool known(BufferId id) const {
    return id >= 0 && static_cast<std::size_t>(id) < program_.buffers.size();
  }
  [[nodiscard]] const Buffer& at(BufferId id) const { return program_.buffers[static_cast<std::size_t>(id)]; }
  [[nodiscard]] std::string label(BufferId id) const {
    return at(id).name.empty() ? "t" + std::to_string(id) : at(id).name;
  }

  // The access is in range of loops, has an index for each axis, and a view of as many entries.
  bool access(const Access& a, const std::vector<Size>& extents) {
    if (!known(a.buffer)) {
      here("uses a buffer that does not exist");
      return false;
    }
    const Shape& shape = program_.shape_of(a);
    if (!a.view.empty() && !(entries(a.view) == entries(at(a.buffer).shape))) {
      here("sees " + label(a.buffer) + " with another number of entries");
    }
    if (a.axes.size() != shape.size()) {
      here("indexes " + label(a.buffer) + " with " + std::to_string(a.axes.size()) + " indices, it has " +
           std::to_string(shape.size()) + " axes");
      return false;
    }
    for (std::size_t k = 0; k < shape.size(); ++k) {
      for (const LoopTerm& term : a.axes[k].terms) {
        if (term.loop < 0 || static_cast<std::size_t>(term.loop) >= extents.size()) {
          here("uses a loop that does not exist");
          return false;
        }
      }
      if (!a.guarded) in_range(a.axes[k], shape[k], extents, a.buffer);
    }
    return true;
  }

  // The largest index of a plain axis must fit: loop extent + offset <= length. Only a difference that
  // is a number decides; with more terms or steps the executor checks at concrete sizes.
  void in_range(const AxisIndex& axis, const Size& length, const std::vector<Size>& extents,
                BufferId buffer) {
    if (axis.terms.size() > 1) return;
    Size end = axis.offset + 1;
    if (axis.terms.size() == 1) {
      if (!axis.terms[0].step.is_one()) return;
      end = axis.offset + extents[static_cast<std::size_t>(axis.terms[0].loop)];
    }
    const auto room = (length - end).constant();
    const auto start = axis.offset.constant();
    if ((room && *room < 0) || (start && *start < 0)) {
      here("reaches index " + end.text() + " of an axis of length " + length.text() + " of " + label(buffer));
    }
  }

  void check(const Pointwise& p) {
    for (const Access& operand : p.operands) access(operand, p.extents);
    for (std::size_t k = 0; k < p.body.size(); ++k) {
      const ScalarInstruction& i = p.body[k];
      const int arity = info(i.op).arity;
      const std::array<Register, 3> uses{i.a, i.b, i.c};
      for (int j = 0; j < arity; ++j) {
        if (uses[j] < 0 || static_cast<std::size_t>(uses[j]) >= k) here("reads a register before it is set");
      }
      if (i.op == ScalarOp::Load && (i.a < 0 || static_cast<std::size_t>(i.a) >= p.operands.size())) {
        here("loads an operand that does not exist");
      }
      if (i.op == ScalarOp::LoopIndex && (i.a < 0 || static_cast<std::size_t>(i.a) >= p.extents.size())) {
        here("takes the index of a loop that does not exist");
      }
    }
    if (p.outputs.empty()) here("has no output");
    for (const PointwiseOutput& out : p.outputs) {
      if (!access(out.access, p.extents)) continue;
      if (out.access.guarded) here("has a guarded output");
      if (out.value < 0 || static_cast<std::size_t>(out.value) >= p.body.size()) {
        here("stores a register that does not exist");
      }
      const std::vector<bool> used = loops_used(out.access, p.extents.size());
      if (out.reduction == Reduction::None && std::find(used.begin(), used.end(), false) != used.end()) {
        here("leaves a loop without a reduction");
      }
    }
  }

  void check(const Contract& c) {
    access(c.a, c.extents);
    access(c.b, c.extents);
    if (access(c.c, c.extents)) {
      if (c.c.guarded) here("has a guarded output");
      if (c.c.buffer == c.a.buffer || c.c.buffer == c.b.buffer) here("contracts a buffer into itself");
    }
  }

  void check(const Routine& r) {
    const RoutineInfo* info = find_routine(r.name);
    if (info == nullptr) {
      here("calls " + r.name + ", which is no routine");
      return;
    }
    if ((info->inputs >= 0 && static_cast<std::size_t>(info->inputs) != r.inputs.size()) ||
        static_cast<std::size_t>(info->outputs) != r.outputs.size()) {
      here("calls " + r.name + " with a wrong number of operands");
      return;
    }
    std::vector<Shape> shapes;
    for (const View& view : r.inputs) {
      if (!see(view)) return;
      shapes.push_back(program_.shape_of(view));
    }
    for (const View& view : r.outputs) {
      if (!see(view)) return;
    }
    if (info->inputs < 0) return;
    try {
      const std::vector<Shape> results = info->shapes(shapes, r.attributes);
      for (std::size_t k = 0; k < results.size(); ++k) {
        if (!(results[k] == program_.shape_of(r.outputs[k])) &&
            !(entries(results[k]) == entries(at(r.outputs[k].buffer).shape))) {
          here("gives " + r.name + " a result of another shape");
        }
      }
    } catch (const std::invalid_argument& error) {
      here(std::string("calls ") + error.what());
    }
  }

  bool see(const View& view) {
    if (!known(view.buffer)) {
      here("uses a buffer that does not exist");
      return false;
    }
    if (!view.shape.empty() && !(entries(view.shape) == entries(at(view.buffer).shape))) {
      here("sees " + label(view.buffer) + " with another number of entries");
      return false;
    }
    return true;
  }

  const Program& program_;
  std::vector<bool> written_;
  std::vector<std::string> problems_;
  std::size_t number_ = 0;
};

}  // namespace

std::vector<std::string> problems(const Program& program) { return Validator(program).run(); }

}  // namespace adjoint::kernel

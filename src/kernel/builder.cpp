#include "kernel/builder.hpp"

#include <algorithm>
#include <stdexcept>

#include "kernel/routine.hpp"

namespace adjoint::kernel {

Access along(BufferId buffer, const std::vector<std::int32_t>& loops) {
  Access access;
  access.buffer = buffer;
  for (const std::int32_t loop : loops) access.axes.push_back({{{loop, 1}}, 0});
  return access;
}

AxisIndex shifted(std::int32_t loop, const Size& offset) { return {{{loop, 1}}, offset}; }
AxisIndex fixed(const Size& offset) { return {{}, offset}; }
AxisIndex fused(std::int32_t inner, const Size& step, std::int32_t outer) {
  return {{{inner, 1}, {outer, step}}, 0};
}

PointwiseBuilder::PointwiseBuilder(std::vector<Size> extents) { pointwise_.extents = std::move(extents); }

Register PointwiseBuilder::emit(const ScalarInstruction& instruction) {
  auto& body = pointwise_.body;
  const auto at = std::find(body.begin(), body.end(), instruction);
  if (at != body.end()) return static_cast<Register>(at - body.begin());
  body.push_back(instruction);
  return static_cast<Register>(body.size()) - 1;
}

Register PointwiseBuilder::load(const Access& access) {
  auto& operands = pointwise_.operands;
  auto at = std::find(operands.begin(), operands.end(), access);
  const auto position = static_cast<Register>(at - operands.begin());
  if (at == operands.end()) operands.push_back(access);
  ScalarInstruction load;
  load.op = ScalarOp::Load;
  load.a = position;
  return emit(load);
}

Register PointwiseBuilder::constant(const Rational& value) {
  ScalarInstruction i;
  i.value = value;
  return emit(i);
}

Register PointwiseBuilder::size(const Size& size) {
  if (const auto value = size.constant()) return constant(Rational(*value));
  ScalarInstruction i;
  i.op = ScalarOp::SizeValue;
  i.size = size;
  return emit(i);
}

Register PointwiseBuilder::index(std::int32_t loop) {
  ScalarInstruction i;
  i.op = ScalarOp::LoopIndex;
  i.a = loop;
  return emit(i);
}

Register PointwiseBuilder::leaf(ScalarOp op) {
  ScalarInstruction i;
  i.op = op;
  return emit(i);
}

Register PointwiseBuilder::unary(ScalarOp op, Register a) {
  ScalarInstruction i;
  i.op = op;
  i.a = a;
  return emit(i);
}

Register PointwiseBuilder::binary(ScalarOp op, Register a, Register b) {
  ScalarInstruction i;
  i.op = op;
  i.a = a;
  i.b = b;
  return emit(i);
}

Register PointwiseBuilder::select(Register condition, Register a, Register b) {
  ScalarInstruction i;
  i.op = ScalarOp::Select;
  i.a = condition;
  i.b = a;
  i.c = b;
  return emit(i);
}

Register PointwiseBuilder::power(Register a, std::int64_t exponent) {
  if (exponent == 1) return a;
  if (exponent == 2) return unary(ScalarOp::Square, a);
  if (exponent == -1) return unary(ScalarOp::Reciprocal, a);
  ScalarInstruction i;
  i.op = ScalarOp::PowI;
  i.a = a;
  i.integer = exponent;
  return emit(i);
}

Register PointwiseBuilder::call(std::string_view name, Register a) {
  ScalarInstruction i;
  i.op = ScalarOp::Call;
  i.a = a;
  i.name = name;
  return emit(i);
}

void PointwiseBuilder::store(const Access& access, Register value, Reduction reduction, Store store) {
  pointwise_.outputs.push_back({access, value, reduction, store});
}

Pointwise PointwiseBuilder::finish() && { return std::move(pointwise_); }
Pointwise PointwiseBuilder::finish() const& { return pointwise_; }

BufferId ProgramBuilder::input(std::string_view name, const Shape& shape) {
  program_.buffers.push_back({shape, BufferRole::Input, std::string(name), {}});
  program_.inputs.push_back(static_cast<BufferId>(program_.buffers.size()) - 1);
  return program_.inputs.back();
}

BufferId ProgramBuilder::constant(std::string_view name, const Shape& shape, std::vector<double> values) {
  program_.buffers.push_back({shape, BufferRole::Constant, std::string(name), std::move(values)});
  return static_cast<BufferId>(program_.buffers.size()) - 1;
}

BufferId ProgramBuilder::temporary(const Shape& shape, std::string_view name) {
  program_.buffers.push_back({shape, BufferRole::Temporary, std::string(name), {}});
  return static_cast<BufferId>(program_.buffers.size()) - 1;
}

void ProgramBuilder::add(Pointwise pointwise, std::string_view note) {
  program_.instructions.push_back({std::move(pointwise), std::string(note)});
}
void ProgramBuilder::add(Contract contract, std::string_view note) {
  program_.instructions.push_back({std::move(contract), std::string(note)});
}
void ProgramBuilder::add(Routine routine, std::string_view note) {
  program_.instructions.push_back({std::move(routine), std::string(note)});
}

void ProgramBuilder::contract(BufferId c, const std::vector<std::int32_t>& c_labels, BufferId a,
                              const std::vector<std::int32_t>& a_labels, BufferId b,
                              const std::vector<std::int32_t>& b_labels, const Rational& coefficient,
                              Store store, std::string_view note) {
  Contract contract;
  const auto read = [&](BufferId buffer, const std::vector<std::int32_t>& labels) {
    const Shape& shape = this->shape(buffer);
    if (shape.size() != labels.size()) throw std::logic_error("contract: one label for each axis is needed");
    for (std::size_t k = 0; k < labels.size(); ++k) {
      const auto label = static_cast<std::size_t>(labels[k]);
      if (contract.extents.size() <= label) contract.extents.resize(label + 1, Size(1));
      contract.extents[label] = shape[k];
    }
  };
  read(a, a_labels);
  read(b, b_labels);
  contract.a = along(a, a_labels);
  contract.b = along(b, b_labels);
  contract.c = along(c, c_labels);
  contract.coefficient = coefficient;
  contract.store = store;
  // X*X': the same operand with the two labels of the result exchanged
  if (a == b && c_labels.size() == 2) {
    std::vector<std::int32_t> exchanged = a_labels;
    for (std::int32_t& label : exchanged) {
      if (label == c_labels[0] || label == c_labels[1]) label = c_labels[0] + c_labels[1] - label;
    }
    contract.symmetric = exchanged == b_labels;
  }
  add(std::move(contract), note);
}

BufferId ProgramBuilder::call(std::string_view routine, const std::vector<View>& inputs,
                              const std::vector<std::int64_t>& attributes, std::string_view note) {
  const RoutineInfo* info = find_routine(routine);
  if (info == nullptr) throw std::logic_error("no routine is called " + std::string(routine));
  std::vector<Shape> shapes;
  for (const View& view : inputs) shapes.push_back(program_.shape_of(view));
  const std::vector<Shape> results = info->shapes(shapes, attributes);
  if (results.size() != 1) throw std::logic_error(std::string(routine) + " has not exactly one result");
  const BufferId result = temporary(results[0]);
  Routine instruction;
  instruction.name = routine;
  instruction.inputs = inputs;
  instruction.outputs = {{result, {}}};
  instruction.attributes = attributes;
  add(std::move(instruction), note);
  return result;
}

void ProgramBuilder::output(BufferId buffer) { program_.outputs.push_back(buffer); }

const Shape& ProgramBuilder::shape(BufferId buffer) const {
  return program_.buffers.at(static_cast<std::size_t>(buffer)).shape;
}

void ProgramBuilder::require_well_formed() const {
  const std::vector<std::string> wrong = problems(program_);
  if (wrong.empty()) return;
  std::string message = "not a well-formed program:";
  for (const std::string& problem : wrong) message += "\n  " + problem;
  throw std::logic_error(message);
}

Program ProgramBuilder::finish() const& {
  require_well_formed();
  return program_;
}

Program ProgramBuilder::finish() && {
  require_well_formed();
  return std::move(program_);
}

}  // namespace adjoint::kernel

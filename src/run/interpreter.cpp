#include "run/interpreter.hpp"

#include <cblas.h>

#include <algorithm>
#include <stdexcept>

#include "kernel/routine.hpp"
#include "kernel/schedule.hpp"
#include "run/gram_step.hpp"
#include "run/plan.hpp"
#include "run/strips.hpp"

namespace adjoint::run {

Counts& Counts::operator+=(const Counts& other) {
  multiply_add += other.multiply_add;
  arithmetic += other.arithmetic;
  division += other.division;
  transcendental += other.transcendental;
  calls += other.calls;
  return *this;
}

struct Interpreter::State {
  kernel::Program program;
  SizeValues sizes;
  Options options;
  std::vector<Dims> dims;  // of each buffer
  std::vector<std::unique_ptr<Step>> steps;
  std::vector<std::int32_t> slot;  // shared memory of temporaries, or -1
  std::vector<double> arena;       // temporaries and outputs
  std::vector<double> scratch;     // of one step after the other
  std::vector<double*> bases;
  std::vector<double*> own;                       // where each buffer lives if the caller brings no memory
  std::vector<std::int32_t> input_of, output_of;  // position of a buffer in inputs and outputs, or -1
  Counts counts;

  void place();
};

namespace {
double* on_cache_line(std::vector<double>& memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  return memory.data() + (64 - address % 64) % 64 / sizeof(double);
}
}  // namespace

void Interpreter::State::place() {
  // Slots of shared temporaries, then buffers of their own; each on a cache line.
  const auto padded = [](std::int64_t n) { return (n + 7) / 8 * 8; };
  const kernel::Storage storage = kernel::share_storage(program);
  const std::size_t count = program.buffers.size();
  std::vector<std::int64_t> slot_size(storage.slot_entries.size(), 0);
  for (std::size_t k = 0; k < count; ++k) {
    if (storage.slot[k] >= 0) {
      std::int64_t& size = slot_size[static_cast<std::size_t>(storage.slot[k])];
      size = std::max(size, entries(dims[k]));
    }
  }
  std::vector<std::int64_t> slot_start;
  std::int64_t top = 0;
  for (const std::int64_t size : slot_size) {
    slot_start.push_back(top);
    top += padded(size);
  }
  std::vector<std::int64_t> start(count, -1);
  for (std::size_t k = 0; k < count; ++k) {
    if (storage.slot[k] >= 0) {
      start[k] = slot_start[static_cast<std::size_t>(storage.slot[k])];
    } else if (program.buffers[k].role == kernel::BufferRole::Temporary) {
      start[k] = top;
      top += padded(entries(dims[k]));
    }
  }
  slot = storage.slot;
  arena.assign(static_cast<std::size_t>(top) + 8, 0.0);
  double* first = on_cache_line(arena);
  own.assign(count, nullptr);
  for (std::size_t k = 0; k < count; ++k) {
    if (start[k] >= 0) own[k] = first + start[k];
    if (program.buffers[k].role == kernel::BufferRole::Constant) own[k] = program.buffers[k].values.data();
  }
  bases = own;
}

Interpreter::Interpreter(const kernel::Program& program, const SizeValues& sizes, Options options)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.program = program;
  const std::vector<std::string> wrong = kernel::problems(program);
  if (!wrong.empty()) throw std::logic_error("not a well-formed program: " + wrong.front());
  s.sizes = kernel::completed(program, sizes);
  s.options = std::move(options);
  for (const kernel::Buffer& buffer : s.program.buffers) s.dims.push_back(values_of(buffer.shape, s.sizes));
  const auto positions = [&](const std::vector<kernel::BufferId>& list) {
    std::vector<std::int32_t> at(s.program.buffers.size(), -1);
    for (std::size_t k = 0; k < list.size(); ++k)
      at[static_cast<std::size_t>(list[k])] = static_cast<std::int32_t>(k);
    return at;
  };
  s.input_of = positions(s.program.inputs);
  s.output_of = positions(s.program.outputs);
  const Context context{s.program, s.sizes, s.options.functions};
  for (const kernel::Instruction& instruction : s.program.instructions) {
    s.steps.push_back(std::visit([&](const auto& what) { return plan(context, what); }, instruction.what));
  }
  s.place();
  join_grams(context, s.steps);
  s.steps = in_strips(s.program, std::move(s.steps), s.slot);
  std::int64_t most = 0;
  for (const auto& step : s.steps) most = std::max(most, step->scratch_doubles());
  s.scratch.resize(static_cast<std::size_t>(most) + 8);
  for (const auto& step : s.steps) step->set_scratch(on_cache_line(s.scratch));
}

Interpreter::~Interpreter() = default;
Interpreter::Interpreter(Interpreter&&) noexcept = default;
Interpreter& Interpreter::operator=(Interpreter&&) noexcept = default;

void Interpreter::run(std::span<const double* const> inputs, std::span<double* const> outputs) {
  State& s = *state_;
  const auto& program = s.program;
  if (inputs.size() != program.inputs.size() ||
      (!outputs.empty() && outputs.size() != program.outputs.size())) {
    throw std::invalid_argument("a program is run with a wrong number of arrays");
  }
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    // Inputs are never written; steps take one kind of pointer.
    s.bases[static_cast<std::size_t>(program.inputs[k])] = const_cast<double*>(inputs[k]);
  }
  for (std::size_t k = 0; k < program.outputs.size(); ++k) {
    const auto id = static_cast<std::size_t>(program.outputs[k]);
    if (program.buffers[id].role != kernel::BufferRole::Temporary ||
        s.output_of[id] != static_cast<std::int32_t>(k))
      continue;
    s.bases[id] = !outputs.empty() && outputs[k] != nullptr ? outputs[k] : s.own[id];
  }
  s.counts = {};
  for (const std::unique_ptr<Step>& step : s.steps) step->run(s.bases, s.options.count ? &s.counts : nullptr);
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    // An output that is an input, a constant, or named twice is copied.
    const auto id = static_cast<std::size_t>(program.outputs[k]);
    if (outputs[k] != nullptr && outputs[k] != s.bases[id])
      std::copy_n(s.bases[id], entries(s.dims[id]), outputs[k]);
  }
}

std::vector<Array> Interpreter::run(std::span<const Array> inputs) {
  State& s = *state_;
  if (inputs.size() != s.program.inputs.size())
    throw std::invalid_argument("a program is run with a wrong number of arrays");
  std::vector<const double*> given;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (inputs[k].dims() != input_dims(k)) {
      throw std::invalid_argument("input " +
                                  s.program.buffers[static_cast<std::size_t>(s.program.inputs[k])].name +
                                  " has another shape than the sizes say");
    }
    given.push_back(inputs[k].data());
  }
  std::vector<Array> results;
  std::vector<double*> places;
  for (std::size_t k = 0; k < s.program.outputs.size(); ++k) results.emplace_back(output_dims(k));
  for (Array& result : results) places.push_back(result.data());
  run(given, places);
  return results;
}

const double* Interpreter::output(std::size_t number) const {
  return state_->bases[static_cast<std::size_t>(state_->program.outputs.at(number))];
}
const Dims& Interpreter::output_dims(std::size_t number) const {
  return state_->dims[static_cast<std::size_t>(state_->program.outputs.at(number))];
}
const Dims& Interpreter::input_dims(std::size_t number) const {
  return state_->dims[static_cast<std::size_t>(state_->program.inputs.at(number))];
}
const Counts& Interpreter::counts() const { return state_->counts; }

std::int64_t Interpreter::working_doubles() const {
  auto sum = static_cast<std::int64_t>(state_->arena.size() + state_->scratch.size());
  for (const std::unique_ptr<Step>& step : state_->steps) sum += step->working_doubles();
  return sum;
}

void use_one_core() { openblas_set_num_threads(1); }

SizeValues sizes_of(const kernel::Program& program, std::span<const Array> inputs) {
  if (inputs.size() != program.inputs.size())
    throw std::invalid_argument("a program is run with a wrong number of arrays");
  SizeValues values;
  bool changed = true;
  // Each round settles the names that stand alone, given those already known.
  for (int round = 0; changed && round < 16; ++round) {
    changed = false;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const kernel::Buffer& buffer = program.buffers[static_cast<std::size_t>(program.inputs[k])];
      if (buffer.shape.size() != inputs[k].dims().size())
        throw std::invalid_argument("input " + buffer.name + " has another number of axes");
      for (std::size_t axis = 0; axis < buffer.shape.size(); ++axis) {
        const Size& size = buffer.shape[axis];
        const std::int64_t given = inputs[k].dims()[axis];
        if (const auto known = size.evaluate(values)) {
          if (*known != given) {
            throw std::invalid_argument("input " + buffer.name + " has length " + std::to_string(given) +
                                        " along axis " + std::to_string(axis + 1) + ", where " + size.text() +
                                        " is " + std::to_string(*known));
          }
          continue;
        }
        Size rest = size;
        for (const auto& [name, value] : values) rest = rest.substitute(name, Size(value));
        const std::vector<std::string> names = rest.names();
        if (names.size() != 1) continue;
        SizeValues zero{{names[0], 0}};
        SizeValues one{{names[0], 1}};
        const std::int64_t constant = *rest.evaluate(zero);
        const std::int64_t slope = *rest.evaluate(one) - constant;
        if (!(rest == Size(constant) + Size(slope) * Size::name(names[0])) || slope == 0 ||
            (given - constant) % slope != 0)
          continue;
        values[names[0]] = (given - constant) / slope;
        changed = true;
      }
    }
  }
  return values;
}

}  // namespace adjoint::run

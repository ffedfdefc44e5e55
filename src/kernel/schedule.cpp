// Lifetimes, shared storage, dead code, repeated work.
#include "kernel/schedule.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace adjoint::kernel {
namespace {

std::size_t index(BufferId id) { return static_cast<std::size_t>(id); }

std::vector<bool> kept(const Program& program) {
  std::vector<bool> keep(program.buffers.size(), false);
  for (std::size_t k = 0; k < keep.size(); ++k) keep[k] = program.buffers[k].role != BufferRole::Temporary;
  for (const BufferId id : program.outputs) keep[index(id)] = true;
  return keep;
}

// Of a pointwise instruction: operand buffers that every access reads where the output is written.
std::vector<BufferId> replaceable(const Program& program, const Instruction& instruction) {
  std::vector<BufferId> list;
  const auto* p = std::get_if<Pointwise>(&instruction.what);
  if (p == nullptr || p->outputs.size() != 1) return list;
  const PointwiseOutput& out = p->outputs[0];
  const Shape& shape = program.shape_of(out.access);
  if (out.reduction != Reduction::None || out.store != Store::Assign ||
      !covers(out.access, shape, p->extents))
    return list;
  for (const Access& operand : p->operands) {
    const bool fits = std::all_of(p->operands.begin(), p->operands.end(), [&](const Access& other) {
      return other.buffer != operand.buffer ||
             (other.axes == out.access.axes && !other.guarded && program.shape_of(other) == shape);
    });
    if (fits && operand.buffer != out.access.buffer) list.push_back(operand.buffer);
  }
  return list;
}

}  // namespace

std::vector<Lifetime> lifetimes(const Program& program) {
  std::vector<Lifetime> lives(program.buffers.size());
  for (std::size_t t = 0; t < program.instructions.size(); ++t) {
    const auto now = static_cast<std::int32_t>(t);
    for (const BufferId id : writes(program.instructions[t])) {
      if (lives[index(id)].first < 0) lives[index(id)].first = now;
      lives[index(id)].last = now;
    }
    for (const BufferId id : reads(program.instructions[t])) lives[index(id)].last = now;
  }
  return lives;
}

Storage share_storage(const Program& program) {
  Storage storage;
  storage.slot.assign(program.buffers.size(), -1);
  const std::vector<Lifetime> lives = lifetimes(program);
  const std::vector<bool> keep = kept(program);
  std::map<Size, std::vector<std::int32_t>> free;  // slots by size
  std::vector<std::vector<BufferId>> dies(program.instructions.size());
  for (std::size_t k = 0; k < program.buffers.size(); ++k) {
    if (!keep[k] && lives[k].last >= 0)
      dies[static_cast<std::size_t>(lives[k].last)].push_back(static_cast<BufferId>(k));
  }
  for (std::size_t t = 0; t < program.instructions.size(); ++t) {
    const Instruction& instruction = program.instructions[t];
    std::vector<BufferId> given_up;
    for (const BufferId id : writes(instruction)) {
      const std::size_t k = index(id);
      if (keep[k] || lives[k].first != static_cast<std::int32_t>(t)) continue;
      const Size size = entries(program.buffers[k].shape);
      for (const BufferId operand : replaceable(program, instruction)) {
        const std::size_t o = index(operand);
        if (keep[o] || lives[o].last != static_cast<std::int32_t>(t) || storage.slot[o] < 0) continue;
        if (std::find(given_up.begin(), given_up.end(), operand) != given_up.end()) continue;
        storage.slot[k] = storage.slot[o];
        given_up.push_back(operand);
        break;
      }
      if (storage.slot[k] >= 0) continue;
      auto& list = free[size];
      if (list.empty()) {
        storage.slot_entries.push_back(size);
        storage.slot[k] = static_cast<std::int32_t>(storage.slot_entries.size()) - 1;
      } else {
        storage.slot[k] = list.back();
        list.pop_back();
      }
    }
    for (const BufferId id : dies[t]) {
      if (storage.slot[index(id)] < 0 || std::find(given_up.begin(), given_up.end(), id) != given_up.end())
        continue;
      free[entries(program.buffers[index(id)].shape)].push_back(storage.slot[index(id)]);
    }
  }
  return storage;
}

Program without_dead_code(Program program) {
  std::vector<bool> needed(program.buffers.size(), false);
  for (const BufferId id : program.outputs) needed[index(id)] = true;
  std::vector<bool> stays(program.instructions.size(), false);
  for (std::size_t t = program.instructions.size(); t-- > 0;) {
    for (const BufferId id : writes(program.instructions[t])) stays[t] = stays[t] || needed[index(id)];
    if (!stays[t]) continue;
    for (const BufferId id : reads(program.instructions[t])) needed[index(id)] = true;
  }
  Program out;
  std::vector<BufferId> number(program.buffers.size(), kNoBuffer);
  std::vector<bool> used = needed;
  for (const BufferId id : program.inputs) used[index(id)] = true;
  for (std::size_t t = 0; t < stays.size(); ++t) {
    if (!stays[t]) continue;
    for (const BufferId id : writes(program.instructions[t])) used[index(id)] = true;
  }
  for (std::size_t k = 0; k < used.size(); ++k) {
    if (!used[k]) continue;
    number[k] = static_cast<BufferId>(out.buffers.size());
    out.buffers.push_back(std::move(program.buffers[k]));
  }
  const auto renumber = [&](BufferId& id) { id = number[index(id)]; };
  for (std::size_t t = 0; t < stays.size(); ++t) {
    if (!stays[t]) continue;
    Instruction instruction = std::move(program.instructions[t]);
    if (auto* p = std::get_if<Pointwise>(&instruction.what)) {
      for (Access& operand : p->operands) renumber(operand.buffer);
      for (PointwiseOutput& result : p->outputs) renumber(result.access.buffer);
    } else if (auto* c = std::get_if<Contract>(&instruction.what)) {
      renumber(c->a.buffer);
      renumber(c->b.buffer);
      renumber(c->c.buffer);
    } else if (auto* r = std::get_if<Routine>(&instruction.what)) {
      for (View& view : r->inputs) renumber(view.buffer);
      for (View& view : r->outputs) renumber(view.buffer);
    }
    out.instructions.push_back(std::move(instruction));
  }
  for (const BufferId id : program.inputs) out.inputs.push_back(number[index(id)]);
  for (const BufferId id : program.outputs) out.outputs.push_back(number[index(id)]);
  return out;
}

}  // namespace adjoint::kernel

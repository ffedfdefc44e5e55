#include "kernel/cost.hpp"

#include "kernel/routine.hpp"
#include "kernel/schedule.hpp"

namespace adjoint::kernel {
namespace {

Polynomial product(const std::vector<Size>& extents) {
  Polynomial count = 1;
  for (const Size& size : extents) count = count * Polynomial(size);
  return count;
}

Polynomial points(const Access& access, const std::vector<Size>& extents) {
  const std::vector<bool> used = loops_used(access, extents.size());
  Polynomial count = 1;
  for (std::size_t k = 0; k < extents.size(); ++k) {
    if (used[k]) count = count * Polynomial(extents[k]);
  }
  return count;
}

void count(Cost& cost, const ScalarInstruction& i, const Polynomial& times) {
  if (i.op == ScalarOp::PowI) {
    cost.arithmetic += Polynomial(power_multiplications(i.integer)) * times;
    if (i.integer < 0) cost.division += times;
    return;
  }
  switch (info(i.op).flops) {
    case FlopClass::Free:
      break;
    case FlopClass::Arithmetic:
      cost.arithmetic += times;
      break;
    case FlopClass::Division:
      cost.division += times;
      break;
    case FlopClass::Transcendental:
      cost.transcendental += times;
      break;
    case FlopClass::Call:
      cost.calls += times;
      break;
  }
}

Cost of(const Program& program, const Pointwise& p) {
  Cost cost;
  const Polynomial all = product(p.extents);
  const std::vector<bool> varies = varies_with_loops(p);
  for (std::size_t k = 0; k < p.body.size(); ++k) count(cost, p.body[k], varies[k] ? all : Polynomial(1));
  for (const Access& operand : p.operands) cost.read += points(operand, p.extents);
  for (const PointwiseOutput& out : p.outputs) {
    const Polynomial kept = points(out.access, p.extents);
    // One operation for each point that is reduced, one for each entry that is added to.
    if (out.reduction != Reduction::None) cost.arithmetic += all;
    if (out.store == Store::Add) {
      cost.arithmetic += kept;
      cost.read += kept;
    }
    const bool whole =
        out.store == Store::Assign && !covers(out.access, program.shape_of(out.access), p.extents);
    cost.written += whole ? Polynomial(entries(program.shape_of(out.access))) : kept;
  }
  return cost;
}

Cost of(const Program& program, const Contract& c) {
  Cost cost;
  const std::vector<bool> used = loops_used(c.c, c.extents.size());
  Polynomial all = product(c.extents);
  const Polynomial kept = points(c.c, c.extents);
  bool sums = false;
  for (const bool u : used) sums = sums || !u;
  if (c.symmetric && sums) {  // one triangle with the diagonal
    const Shape& shape = program.shape_of(c.c);
    const Polynomial n(shape.at(0));
    Polynomial summed = 1;
    for (std::size_t k = 0; k < used.size(); ++k) {
      if (!used[k]) summed = summed * Polynomial(c.extents[k]);
    }
    all = Polynomial(Rational(1, 2)) * n * (n + 1) * summed;
  }
  // Products that are not summed are single multiplications.
  if (sums) {
    cost.multiply_add = all;
  } else {
    cost.arithmetic = c.store == Store::Add ? Polynomial(2) * all : all;
  }
  if (!c.coefficient.is_one()) cost.arithmetic += kept;
  cost.read = points(c.a, c.extents) + points(c.b, c.extents);
  if (c.store == Store::Add) cost.read += kept;
  const bool whole = c.store == Store::Assign && !covers(c.c, program.shape_of(c.c), c.extents);
  cost.written = whole ? Polynomial(entries(program.shape_of(c.c))) : kept;
  return cost;
}

Cost of(const Program& program, const Routine& r) {
  Cost cost;
  std::vector<Shape> shapes;
  for (const View& view : r.inputs) {
    shapes.push_back(program.shape_of(view));
    cost.read += Polynomial(entries(shapes.back()));
  }
  for (const View& view : r.outputs) cost.written += Polynomial(entries(program.shape_of(view)));
  const RoutineInfo* info = find_routine(r.name);
  if (info == nullptr) return cost;
  const RoutineCost own = info->cost(shapes, r.attributes);
  cost.multiply_add = own.multiply_add;
  cost.arithmetic = own.arithmetic;
  cost.division = own.division;
  cost.transcendental = own.transcendental;
  cost.calls = own.calls;
  return cost;
}

Polynomial peak(const Program& program, bool given) {
  Polynomial fixed;
  std::vector<bool> always(program.buffers.size(), false);
  for (const BufferId id : program.outputs) always[static_cast<std::size_t>(id)] = true;
  for (std::size_t k = 0; k < program.buffers.size(); ++k) {
    const Buffer& buffer = program.buffers[k];
    const bool is_given = buffer.role != BufferRole::Temporary;
    if (is_given ? given : always[k]) fixed += Polynomial(entries(buffer.shape));
    always[k] = always[k] || is_given;
  }
  const std::vector<Lifetime> lives = lifetimes(program);
  std::vector<std::vector<std::size_t>> born(program.instructions.size()), dies(program.instructions.size());
  for (std::size_t k = 0; k < program.buffers.size(); ++k) {
    if (always[k] || lives[k].first < 0) continue;
    born[static_cast<std::size_t>(lives[k].first)].push_back(k);
    dies[static_cast<std::size_t>(lives[k].last)].push_back(k);
  }
  Polynomial now;
  Polynomial worst;
  for (std::size_t t = 0; t < program.instructions.size(); ++t) {
    for (const std::size_t k : born[t]) now += Polynomial(entries(program.buffers[k].shape));
    if (Polynomial::less_for_large(worst, now)) worst = now;
    for (const std::size_t k : dies[t]) now -= Polynomial(entries(program.buffers[k].shape));
  }
  return fixed + worst;
}

}  // namespace

Polynomial Cost::flops() const {
  return Polynomial(2) * multiply_add + arithmetic + division + transcendental + calls;
}

Cost& Cost::operator+=(const Cost& other) {
  multiply_add += other.multiply_add;
  arithmetic += other.arithmetic;
  division += other.division;
  transcendental += other.transcendental;
  calls += other.calls;
  read += other.read;
  written += other.written;
  return *this;
}

Cost cost(const Program& program, const Instruction& instruction) {
  return std::visit([&](const auto& what) { return of(program, what); }, instruction.what);
}

Cost cost(const Program& program) {
  Cost sum;
  for (const Instruction& instruction : program.instructions) sum += cost(program, instruction);
  return sum;
}

Polynomial peak_memory(const Program& program) { return peak(program, true); }
Polynomial working_memory(const Program& program) { return peak(program, false); }

}  // namespace adjoint::kernel

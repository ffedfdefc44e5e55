#include "eval/operation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include "eval/definitions.hpp"
#include "eval/real.hpp"
#include "kernel/scalar.hpp"
#include "ops/record.hpp"
#include "run/routine_table.hpp"
#include "run/vector_math.hpp"

namespace adjoint {
namespace {

using std::abs;

template <class T>
using Operands = std::span<const BasicArray<T>* const>;
using Extents = std::vector<std::int64_t>;

// ---- instructions ----

void scalar_values(kernel::ScalarOp op, Operands<double> operands, Array& r) {
  const run::BlockTable& table = run::precise_blocks();
  const auto code = static_cast<int>(op);
  const run::BlockFunction f = operands.size() == 1   ? table.unary[code]
                               : operands.size() == 2 ? table.binary[code][0]
                                                      : table.select;
  std::array<const double*, 3> data{};
  for (std::size_t k = 0; k < operands.size(); ++k) data[k] = operands[k]->data.data();
  f(r.data.data(), data[0], data[1], data[2], r.size());
}
void scalar_values(kernel::ScalarOp op, Operands<Real> operands, BasicArray<Real>& r) {
  const Real none = 0;
  for (std::size_t k = 0; k < r.data.size(); ++k) {
    const auto operand = [&](std::size_t i) -> const Real& {
      return i < operands.size() ? operands[i]->data[k] : none;
    };
    r.data[k] = defined_value(op, operand(0), operand(1), operand(2));
  }
}
double pi(double /*like*/) { return std::numbers::pi; }
Real pi(const Real& /*like*/) { return acos(Real(-1)); }

template <class T>
BasicArray<T> scalar_value(kernel::ScalarOp op, Operands<T> operands, const Extents& shape) {
  if (op == kernel::ScalarOp::Pi) return BasicArray<T>(pi(T(0)));
  if (op == kernel::ScalarOp::Infinity) return BasicArray<T>(std::numeric_limits<T>::infinity());
  BasicArray<T> r(shape);
  scalar_values(op, operands, r);
  return r;
}

// ---- routines ----

// The operand as often as another one's batch asks for; further axes come last.
Array repeated(const Array& a, const Extents& shape) {
  Array r(shape);
  for (auto at = r.data.begin(); at != r.data.end();) at = std::copy(a.data.begin(), a.data.end(), at);
  return r;
}

Array routine_value(const Node& n, std::string_view name, Operands<double> operands, const Extents& shape) {
  std::size_t widest = 0;
  for (std::size_t k = 1; k < operands.size(); ++k) {
    if (operands[k]->shape.size() > operands[widest]->shape.size()) widest = k;
  }
  const Extents& wide = operands[widest]->shape;
  std::vector<Array> copies;
  copies.reserve(operands.size());
  std::vector<run::ConstView> inputs;
  for (const Array* o : operands) {
    const bool part_of_batch = o->shape.size() > 2 && o->shape.size() < wide.size() && o->size() > 0;
    const Array& whole = part_of_batch ? copies.emplace_back(repeated(*o, wide)) : *o;
    inputs.push_back({whole.data.data(), whole.shape});
  }
  Array r(shape);
  const run::MutableView output{r.data.data(), r.shape};
  run::routine_function(name)(inputs, std::span(&output, 1), n.attributes.integers);
  return r;
}

BasicArray<Real> routine_value(const Node& n, std::string_view name, Operands<Real> operands,
                               const Extents& shape) {
  if (auto r = defined_routine(name, operands, n.attributes.integers, shape)) return *std::move(r);
  std::vector<Array> near;
  for (const auto* o : operands) {
    Array& a = near.emplace_back(o->shape);
    std::transform(o->data.begin(), o->data.end(), a.data.begin(), rounded);
  }
  std::vector<const Array*> pointers;
  for (const Array& a : near) pointers.push_back(&a);
  const Array value = routine_value(n, name, pointers, shape);
  BasicArray<Real> r(shape);
  std::transform(value.data.begin(), value.data.end(), r.data.begin(), as_written);
  return r;
}

// ---- index arithmetic ----

// An axis of an array: runs of `inner` numbers, `length` of them in a block, `outer` blocks.
struct Axis {
  std::int64_t inner = 1, length = 1, outer = 1;
  template <class T>
  Axis(const BasicArray<T>& a, std::size_t axis) : length(a.shape[axis]) {
    for (std::size_t k = 0; k < axis; ++k) inner *= a.shape[k];
    for (std::size_t k = axis + 1; k < a.shape.size(); ++k) outer *= a.shape[k];
  }
};

// Adds `sign` times x, entry by entry along the axis, to r `offset` further on; what falls outside is lost.
template <class T>
void add_shifted(const BasicArray<T>& x, std::size_t axis, std::int64_t offset, int sign, BasicArray<T>& r) {
  const Axis from(x, axis);
  const Axis to(r, axis);
  for (std::int64_t b = 0; b < from.outer; ++b) {
    for (std::int64_t k = 0; k < from.length; ++k) {
      if (k + offset < 0 || k + offset >= to.length) continue;
      const T* source = x.data.data() + (b * from.length + k) * from.inner;
      T* target = r.data.data() + (b * to.length + k + offset) * to.inner;
      for (std::int64_t i = 0; i < from.inner; ++i)
        target[i] = settled(T(target[i] + sign * source[i]), abs(source[i]));
    }
  }
}

template <class T>
BasicArray<T> view_value(const Node& n, std::string_view code, Operands<T> operands, const Extents& shape,
                         const SizeValues& sizes) {
  BasicArray<T> r(shape);
  if (code == "reshape") {
    r.data = operands[0]->data;
    return r;
  }
  if (code == "basis") {
    const std::int64_t i = number_of(n.attributes.sizes[1], sizes);
    if (i < 1 || i > r.size())
      throw NumericalError("index " + std::to_string(i) + " is outside 1.." + std::to_string(r.size()));
    r.data[static_cast<std::size_t>(i - 1)] = 1;
    return r;
  }
  const auto axis = static_cast<std::size_t>(n.attributes.integers[0]);
  if (code == "join") {
    std::int64_t start = 0;
    for (const auto* part : operands) {
      add_shifted(*part, axis, start, 1, r);
      start += part->shape[axis];
    }
    return r;
  }
  const BasicArray<T>& x = *operands[0];
  if (code == "window") {
    const std::int64_t first = number_of(n.attributes.sizes[0], sizes);
    if (first < 0 || first + shape[axis] > x.shape[axis]) {
      throw NumericalError("the range " + std::to_string(first + 1) + ":" +
                           std::to_string(first + shape[axis]) + " is outside 1.." +
                           std::to_string(x.shape[axis]));
    }
    add_shifted(x, axis, -first, 1, r);
  } else if (code == "difference") {
    add_shifted(x, axis, -1, 1, r);
    add_shifted(x, axis, 0, -1, r);
  } else if (code == "difference_adjoint") {
    add_shifted(x, axis, 1, 1, r);
    add_shifted(x, axis, 0, -1, r);
  } else {
    throw std::logic_error("no index arithmetic for " + std::string(code));
  }
  return r;
}

}  // namespace

std::int64_t number_of(const Size& size, const SizeValues& sizes) {
  const auto v = size.evaluate(sizes);
  if (!v) throw NumericalError("the size " + size.text() + " is not known");
  return *v;
}

template <class T>
BasicArray<T> apply_operation(const Node& node, Operands<T> operands, const SizeValues& sizes) {
  Extents shape;
  for (const auto& s : node.shape) shape.push_back(number_of(s, sizes));
  const Lowering& by = record_of(node).lowering;
  switch (by.by) {
    case Lowering::By::Scalar:
      return scalar_value(kernel::scalar_op(by.code).value(), operands, shape);
    case Lowering::By::Routine:
      return routine_value(node, by.code, operands, shape);
    case Lowering::By::View:
      return view_value(node, by.code, operands, shape, sizes);
    case Lowering::By::None:
      break;
  }
  throw NumericalError(std::string(node.op->name) + " has no numerical value");
}

template Array apply_operation(const Node&, Operands<double>, const SizeValues&);
template BasicArray<Real> apply_operation(const Node&, Operands<Real>, const SizeValues&);

}  // namespace adjoint

#include <stdexcept>
#include <string>

#include "run/plan.hpp"

namespace adjoint::run {

std::int64_t value_of(const Size& size, const SizeValues& sizes) {
  const auto value = size.evaluate(sizes);
  if (!value) throw std::invalid_argument("the size " + size.text() + " has no value");
  return *value;
}

std::vector<std::int64_t> values_of(const std::vector<Size>& list, const SizeValues& sizes) {
  std::vector<std::int64_t> out;
  out.reserve(list.size());
  for (const Size& size : list) {
    out.push_back(value_of(size, sizes));
    if (out.back() < 0) throw std::invalid_argument("the size " + size.text() + " is negative");
  }
  return out;
}

Strided strided(const Context& context, const kernel::Access& access,
                const std::vector<std::int64_t>& extents) {
  Strided out;
  out.buffer = access.buffer;
  out.guarded = access.guarded;
  out.stride.assign(extents.size(), 0);
  const std::vector<std::int64_t> dims = values_of(context.program.shape_of(access), context.sizes);
  std::int64_t stride = 1;
  bool empty = false;
  for (const std::int64_t e : extents) empty = empty || e == 0;
  for (std::size_t k = 0; k < dims.size(); ++k) {
    const kernel::AxisIndex& axis = access.axes[k];
    Strided::Axis a{dims[k], value_of(axis.offset, context.sizes), stride,
                    std::vector<std::int64_t>(extents.size(), 0)};
    std::int64_t lowest = a.offset;
    std::int64_t highest = a.offset;
    for (const kernel::LoopTerm& term : axis.terms) {
      const auto loop = static_cast<std::size_t>(term.loop);
      const std::int64_t step = value_of(term.step, context.sizes);
      a.steps[loop] += step;
      (step < 0 ? lowest : highest) += step * (extents[loop] - 1);
      out.stride[loop] += step * stride;
    }
    if (!access.guarded && !empty && (lowest < 0 || highest >= dims[k])) {
      throw std::invalid_argument("index " + std::to_string((lowest < 0 ? lowest : highest) + 1) +
                                  " of an axis of length " + std::to_string(dims[k]));
    }
    out.base += a.offset * stride;
    if (access.guarded) out.axes.push_back(std::move(a));
    stride *= dims[k];
  }
  out.buffer_entries = stride;
  return out;
}

}  // namespace adjoint::run

// Slices, blocks, differences and reshapings as index arithmetic.
#include <stdexcept>

#include "lower/state.hpp"

namespace adjoint {

using kernel::Access;
using kernel::PointwiseBuilder;
using kernel::ScalarOp;

namespace {

std::size_t axis_of(const Node& n) { return static_cast<std::size_t>(n.attributes.integers[0]); }

// The stored entries with the index along one axis moved by an offset.
Access shifted_access(const Stored& s, std::size_t axis, const Size& offset, bool guarded) {
  Access a = access(s, straight(s.shape.size()));
  a.axes[axis] = kernel::shifted(static_cast<std::int32_t>(axis), offset);
  a.guarded = guarded;
  return a;
}

}  // namespace

Stored Lowerer::State::view(const Node& n, std::string_view code) {
  const auto loops = straight(n.shape.size());
  if (code == "reshape") {  // the same entries in the same order
    Stored s = value(n.operands[0]);
    s.shape = n.shape;
    return s;
  }
  const Stored out = fresh(n.shape);
  if (code == "basis") {
    PointwiseBuilder b({});
    Access at = access(out, {});
    at.axes = {kernel::fixed(n.attributes.sizes[1] - Size(1))};
    b.store(at, b.constant(1));  // the other entries become 0
    add(std::move(b));
    return out;
  }
  if (code == "join") {
    Size start;
    std::vector<std::pair<Expr, Size>> parts;
    for (const auto& part : n.operands) {
      if (!is_zero(part)) parts.emplace_back(part, start);
      start = start + part.shape()[axis_of(n)];
    }
    if (parts.size() == 1) {  // between zeros
      PointwiseBuilder b(n.shape);
      b.store(access(out, loops),
              b.load(shifted_access(value(parts[0].first), axis_of(n), Size(0) - parts[0].second, true)));
      add(std::move(b));
      return out;
    }
    for (std::size_t k = 0; k < parts.size(); ++k) {
      const auto& [part, offset] = parts[k];
      PointwiseBuilder b(part.shape());
      b.store(shifted_access(out, axis_of(n), offset, false), b.load(access(value(part), loops)),
              kernel::Reduction::None, k == 0 ? kernel::Store::Assign : kernel::Store::Patch);
      add(std::move(b));
    }
    return out;
  }
  const Stored x = value(n.operands[0]);
  PointwiseBuilder b(n.shape);
  const auto at = [&](const Size& offset, bool guarded) {
    return b.load(shifted_access(x, axis_of(n), offset, guarded));
  };
  if (code == "window") {
    b.store(access(out, loops), at(n.attributes.sizes[0], false));
  } else if (code == "difference") {
    b.store(access(out, loops), b.binary(ScalarOp::Sub, at(1, false), at(0, false)));
  } else if (code == "difference_adjoint") {
    b.store(access(out, loops), b.binary(ScalarOp::Sub, at(-1, true), at(0, true)));
  } else {
    throw std::logic_error("no index arithmetic for " + std::string(code));
  }
  add(std::move(b));
  return out;
}

}  // namespace adjoint

#include "programs/mode_list.hpp"

#include <algorithm>
#include <array>

#include "programs/accumulate.hpp"
#include "programs/checkpoint.hpp"
#include "programs/modes.hpp"

namespace adjoint {
namespace {

using Active = std::span<const Expr>;

StraightLine jacobians(const StraightLine& p, Active active) { return accumulate(p, active, Blocks::Dense); }
StraightLine cross(const StraightLine& p, Active active) { return accumulate(p, active, Blocks::Structured); }
StraightLine checkpoint(const StraightLine& p, Active active) { return reverse_with_checkpoints(p, active); }

constexpr std::array kModes{
    Mode{"forward", forward, true},        Mode{"reverse", reverse, true},
    Mode{"jacobians", jacobians, true},    Mode{"cross", cross, true},
    Mode{"checkpoint", checkpoint, false}, Mode{"hessian", hessian_vector, true},
};

}  // namespace

std::span<const Mode> modes() { return kModes; }

const Mode* find_mode(std::string_view name) {
  const auto at = std::find_if(kModes.begin(), kModes.end(), [&](const Mode& m) { return m.name == name; });
  return at == kModes.end() ? nullptr : &*at;
}

}  // namespace adjoint

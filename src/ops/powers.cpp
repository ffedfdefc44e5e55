#include "ops/powers.hpp"

namespace adjoint {

PowerParts power_parts(const Node& node) {
  const bool entrywise = node.kind == Kind::Apply && node.op->name == "elpow";
  if (node.kind != Kind::Power && !entrywise) return {};
  return {node.operands[0], node.operands[1]};
}

}  // namespace adjoint

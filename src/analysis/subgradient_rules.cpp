// The table of subdifferentials.
#include "analysis/subgradients.hpp"

namespace adjoint {
namespace {

std::string indexed(const std::string& text, int rank) {
  if (rank == 0) return text;
  std::string at = "i";
  for (int k = 1; k < rank; ++k) at += std::string(",") + static_cast<char>('i' + k);
  const bool plain = text.find_first_of("+-*/ ") == std::string::npos;
  return (plain ? text : "(" + text + ")") + "[" + at + "]";
}

}  // namespace

std::vector<std::string> subgradient_cases(const Node& n, const std::string& s, const Say& say) {
  if (n.kind != Kind::Apply || n.operands.empty()) return {};
  const std::string_view name = n.op->name;
  const Expr u = n.operands[0];
  if (u.rank() > 2) return {};  // batches: the notation has no name for them
  const std::string x = say(u);
  const std::string xi = indexed(x, u.rank());
  const std::string si = indexed(s, u.rank());
  if (name == "abs") {
    return {si + " = sign(" + xi + ") where " + xi + " != 0", si + " in [-1,1] where " + xi + " = 0"};
  }
  if (name == "relu") {
    return {si + " = 1 where " + xi + " > 0", si + " = 0 where " + xi + " < 0",
            si + " in [0,1] where " + xi + " = 0"};
  }
  if (name == "max" || name == "min") {
    const std::string yi = indexed(say(n.operands[1]), n.operands[1].rank());
    const std::string relation = name == "max" ? " > " : " < ";
    return {si + " = 1 where " + xi + relation + yi, si + " = 0 where " + yi + relation + xi,
            si + " in [0,1] where they are equal"};
  }
  if (name == "maximum" || name == "minimum") {
    const bool largest = name == "maximum";
    if (n.rank() > 0) {
      if (u.rank() != 2 || n.attributes.integers.empty()) return {};
      const bool columns = n.attributes.integers[0] == 0;
      const std::string line = columns ? "[:,j]" : "[i,:]";
      const std::string named = x.find_first_of("+-*/ '") == std::string::npos ? x : "(" + x + ")";
      return {si + " >= 0", "sum(" + s + line + ") = 1 for all " + (columns ? "j" : "i"),
              si + " = 0 where " + xi + (largest ? " < max(" : " > min(") + named + line + ")"};
    }
    if (u->kind == Kind::Apply && u->op->name == "abs" && largest) {
      const std::string v = say(u->operands[0]);
      return {"where " + v + " != 0: " + s + " = sign(" + v +
                  ").*w with w >= 0, sum(w) = 1 and w[i] = 0 where abs(" + indexed(v, u.rank()) +
                  ") < norm(" + v + ",inf)",
              "where " + v + " = 0: norm(" + s + ",1) <= 1"};
    }
    return {si + " >= 0", "sum(" + s + ") = 1",
            si + " = 0 where " + xi + (largest ? " < max(" : " > min(") + x + ")"};
  }
  if (name == "norm") {
    return {s + " = " + (x.find_first_of("+-") == std::string::npos ? x : "(" + x + ")") + "/norm(" + x +
                ") where " + x + " != 0",
            "norm(" + s + ") <= 1 where " + x + " = 0"};
  }
  if (name == "norm_p") {
    const std::string p = say(n.operands[1]);
    return {s + " is the gradient where " + x + " != 0",
            "norm(" + s + ",q) <= 1 with 1/q = 1 - 1/" + p + " where " + x + " = 0"};
  }
  if (name == "normnuc") {
    return {s + " = U*V' + W with " + x +
                " = U*S*V' the singular value decomposition over the positive singular values",
            "U'*W = 0, W*V = 0, normop(W) <= 1"};
  }
  if (name == "normop") {
    return {s + " is a mean of u*v' over the pairs of singular vectors of the largest singular value where " +
                x + " != 0",
            "normnuc(" + s + ") <= 1 where " + x + " = 0"};
  }
  return {};
}

}  // namespace adjoint

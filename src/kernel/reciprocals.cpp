// Divisions by what is inverted anyway: a/x = a*(1/x), a/x^k = a*(1/x)^k where 1/x is there, and
// (u*v)/x = u*(v/x) where v/x is there.
#include <algorithm>

#include "kernel/body.hpp"
#include "kernel/schedule.hpp"

namespace adjoint::kernel {
namespace {

std::size_t at(Register r) { return static_cast<std::size_t>(r); }

class Rewriting {
 public:
  explicit Rewriting(const Pointwise& p) : p_(p), moved_(p.body.size(), -1) {}

  Pointwise run() {
    body_.out.extents = p_.extents;
    for (std::size_t k = 0; k < p_.body.size(); ++k) move(static_cast<Register>(k));
    for (PointwiseOutput out : p_.outputs) {
      out.value = moved_[at(out.value)];
      body_.out.outputs.push_back(out);
    }
    return pruned(body_.out);
  }

 private:
  const ScalarInstruction& instruction(Register r) const { return p_.body[at(r)]; }

  // The register of op(a) or op(a, b) in the body as it was; -1 if there is none.
  Register find(ScalarOp op, Register a, Register b = -1) const {
    for (std::size_t k = 0; k < p_.body.size(); ++k) {
      const ScalarInstruction& i = p_.body[k];
      if (i.op == op && i.a == a && (b < 0 || i.b == b)) return static_cast<Register>(k);
    }
    return -1;
  }

  Register emit(ScalarOp op, Register a, Register b = -1, std::int64_t integer = 0) {
    ScalarInstruction i;
    i.op = op;
    i.a = a;
    i.b = b;
    i.integer = integer;
    return body_.emit(i);
  }

  // The new register of an old one, written when it is first needed.
  Register move(Register r) {
    if (moved_[at(r)] >= 0) return moved_[at(r)];
    ScalarInstruction i = instruction(r);
    Register result = -1;
    if (i.op == ScalarOp::Load) {
      result = body_.load(p_.operands[at(i.a)]);
    } else if (i.op == ScalarOp::Div) {
      result = quotient(r, i.a, i.b);
    }
    if (result < 0) {
      each_operand(i, [&](Register& x) { x = move(x); });
      result = body_.emit(i);
    }
    moved_[at(r)] = result;
    return result;
  }

  // a/b without a division of its own, or -1. Only results that do not need this one are used.
  Register quotient(Register self, Register a, Register b) {
    const ScalarInstruction& below = instruction(b);
    if (const Register inverse = find(ScalarOp::Reciprocal, b); inverse >= 0)
      return emit(ScalarOp::Mul, move(a), move(inverse));
    const bool power = below.op == ScalarOp::Square || (below.op == ScalarOp::PowI && below.integer > 0);
    if (const Register inverse = power ? find(ScalarOp::Reciprocal, below.a) : -1; inverse >= 0)
      return emit(ScalarOp::Mul, move(a), emit(below.op, move(inverse), -1, below.integer));
    const ScalarInstruction& above = instruction(a);
    if (above.op != ScalarOp::Mul) return -1;
    for (const auto& [u, v] : {std::pair{above.a, above.b}, std::pair{above.b, above.a}}) {
      const Register part = find(ScalarOp::Div, v, b);
      if (part >= 0 && part != self) return emit(ScalarOp::Mul, move(u), move(part));
    }
    return -1;
  }

  const Pointwise& p_;
  std::vector<Register> moved_;
  Body body_;
};

}  // namespace

Program with_shared_reciprocals(Program program) {
  for (Instruction& instruction : program.instructions) {
    auto* p = std::get_if<Pointwise>(&instruction.what);
    if (p == nullptr) continue;
    const bool divides = std::any_of(p->body.begin(), p->body.end(),
                                     [](const ScalarInstruction& i) { return i.op == ScalarOp::Div; });
    if (divides) *p = Rewriting(*p).run();
  }
  return program;
}

}  // namespace adjoint::kernel

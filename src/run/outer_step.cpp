#include "run/outer_step.hpp"

#include <array>
#include <optional>

#include "run/vector_math.hpp"

namespace adjoint::run {
namespace {

using kernel::Register;
using kernel::ScalarOp;

constexpr std::size_t kMost = 4;  // products

struct Term {
  double sign = 1;
  Strided column, row;  // u along the first axis of c, w along the second
};

struct Outer {
  std::vector<Term> terms;
  Strided result;
  std::int64_t rows = 0, columns = 0;
};

class OuterStep final : public Step {
 public:
  OuterStep(Outer outer, std::unique_ptr<Step> plain) : outer_(std::move(outer)), plain_(std::move(plain)) {}

  void run(Bases bases, Counts* counts) override {
    if (counts != nullptr) {  // what is counted is what the program says
      plain_->run(bases, counts);
      return;
    }
    std::array<const double*, kMost> u{}, w{};
    std::array<std::int64_t, kMost> step{};
    std::array<double, kMost> sign{};
    const auto at = [&](const Strided& s) { return bases[static_cast<std::size_t>(s.buffer)] + s.base; };
    for (std::size_t k = 0; k < outer_.terms.size(); ++k) {
      const Term& term = outer_.terms[k];
      u[k] = at(term.column);
      w[k] = at(term.row);
      step[k] = term.row.stride[1];
      sign[k] = term.sign;
    }
    blocks().outer_sum(at(outer_.result), outer_.rows, outer_.columns, static_cast<int>(outer_.terms.size()),
                       u.data(), w.data(), step.data(), sign.data());
  }

  [[nodiscard]] std::int64_t working_doubles() const override { return plain_->working_doubles(); }
  [[nodiscard]] std::int64_t scratch_doubles() const override { return plain_->scratch_doubles(); }
  void set_scratch(double* scratch) override { plain_->set_scratch(scratch); }

 private:
  Outer outer_;
  std::unique_ptr<Step> plain_;
};

class Recognition {
 public:
  Recognition(const Context& context, const kernel::Pointwise& p) : context_(context), p_(p) {}

  std::optional<Outer> run() {
    if (p_.extents.size() != 2 || p_.outputs.size() != 1) return std::nullopt;
    const kernel::PointwiseOutput& out = p_.outputs[0];
    if (out.reduction != kernel::Reduction::None || out.store != kernel::Store::Assign) return std::nullopt;
    extents_ = values_of(p_.extents, context_.sizes);
    Outer outer;
    outer.result = strided(context_, out.access, extents_);
    // The loop along the first axis of the result comes first from here on.
    const bool exchanged = outer.result.stride[0] != 1 || extents_[0] == 1;
    first_ = exchanged ? 1 : 0;
    turn(outer.result);
    outer.rows = extents_[first_];
    outer.columns = extents_[1 - first_];
    if (outer.result.stride[0] != 1 || outer.result.stride[1] != outer.rows || outer.result.guarded)
      return std::nullopt;
    if (outer.result.buffer_entries != outer.rows * outer.columns) return std::nullopt;
    if (!terms(out.value, 1, outer.terms)) return std::nullopt;
    for (const Term& term : outer.terms) {
      for (const Strided* s : {&term.column, &term.row}) {
        if (s->buffer == outer.result.buffer) return std::nullopt;
      }
    }
    return outer;
  }

 private:
  void turn(Strided& s) const {
    if (first_ == 1) std::swap(s.stride[0], s.stride[1]);
  }

  // The register as a sum of products of one number along each axis.
  bool terms(Register r, double sign, std::vector<Term>& list) {
    const kernel::ScalarInstruction& i = p_.body[static_cast<std::size_t>(r)];
    switch (i.op) {
      case ScalarOp::Add:
        return terms(i.a, sign, list) && terms(i.b, sign, list);
      case ScalarOp::Sub:
        return terms(i.a, sign, list) && terms(i.b, -sign, list);
      case ScalarOp::Neg:
        return terms(i.a, -sign, list);
      case ScalarOp::Mul: {
        auto a = load(i.a), b = load(i.b);
        if (!a || !b || list.size() == kMost) return false;
        if (a->stride[0] == 0) std::swap(a, b);
        if (a->stride[0] != 1 || a->stride[1] != 0 || b->stride[0] != 0) return false;
        list.push_back({sign, *a, *b});
        return true;
      }
      default:
        return false;
    }
  }

  std::optional<Strided> load(Register r) const {
    const kernel::ScalarInstruction& i = p_.body[static_cast<std::size_t>(r)];
    if (i.op != ScalarOp::Load) return std::nullopt;
    const kernel::Access& access = p_.operands[static_cast<std::size_t>(i.a)];
    if (access.guarded) return std::nullopt;
    Strided s = strided(context_, access, extents_);
    turn(s);
    return s;
  }

  const Context& context_;
  const kernel::Pointwise& p_;
  std::vector<std::int64_t> extents_;
  std::size_t first_ = 0;
};

}  // namespace

std::unique_ptr<Step> outer_step(const Context& context, const kernel::Pointwise& pointwise,
                                 std::unique_ptr<Step> plain) {
  auto outer = Recognition(context, pointwise).run();
  if (!outer) return plain;
  return std::make_unique<OuterStep>(std::move(*outer), std::move(plain));
}

}  // namespace adjoint::run

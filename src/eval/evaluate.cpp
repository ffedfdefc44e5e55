#include "eval/evaluate.hpp"

#include <algorithm>

#include "eval/definitions_spectral.hpp"
#include "eval/many_digits.hpp"
#include "eval/nodes.hpp"
#include "ops/record.hpp"

namespace adjoint {

class Evaluator::Nodes {
 public:
  Nodes() = default;
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;
  virtual ~Nodes() = default;
  virtual const Array& value(Expr expr) = 0;
};

class Evaluator::InDoubles final : public Evaluator::Nodes {
 public:
  InDoubles(const Point& point, Arithmetic arithmetic) : values_(point, arithmetic) {}
  const Array& value(Expr expr) override { return values_(expr); }

 private:
  NodeValues<double> values_;
};

class Evaluator::InManyDigits final : public Evaluator::Nodes {
 public:
  InManyDigits(const Point& point, Arithmetic arithmetic) : values_(point, arithmetic.strict) {}
  const Array& value(Expr expr) override { return values_.value(expr); }

 private:
  ManyDigits values_;
};

Evaluator::Evaluator(const Point& point, Arithmetic arithmetic) {
  if (arithmetic.precise) {
    nodes_ = std::make_unique<InManyDigits>(point, arithmetic);
  } else {
    nodes_ = std::make_unique<InDoubles>(point, arithmetic);
  }
}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

const Array& Evaluator::operator()(Expr expr) { return nodes_->value(expr); }

double work(Expr expr, const SizeValues& sizes) {
  constexpr double kFunction = 50;
  double sum = 0;
  const auto entries = [&sizes](const std::vector<Size>& extents) {
    double count = 1;
    for (const auto& s : extents) count *= static_cast<double>(number_of(s, sizes));
    return count;
  };
  for (const auto& e : topological(std::span(&expr, 1))) {
    sum += e->kind == Kind::Apply ? kFunction * entries(e->shape)
                                  : entries(e->kind == Kind::Product ? e->label_sizes : e->shape);
    if (e->kind == Kind::Apply && spectral_definition(record_of(*e).lowering.value.code) != nullptr)
      sum += kFunction * entries(e->operands[0].shape()) * entries({e->operands[0].shape()[0]});
  }
  return sum;
}

}  // namespace adjoint

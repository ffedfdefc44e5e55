// Library calls.
#include <stdexcept>

#include "kernel/routine.hpp"
#include "run/plan.hpp"

namespace adjoint::run {
namespace {

class RoutineStep final : public Step {
 public:
  RoutineStep(const Context& context, const kernel::Routine& routine) : attributes_(routine.attributes) {
    const auto see = [&](const kernel::View& view) {
      buffers_.push_back(view.buffer);
      dims_.push_back(values_of(context.program.shape_of(view), context.sizes));
      return entries(dims_.back());
    };
    std::vector<Shape> shapes;
    for (const kernel::View& view : routine.inputs) {
      see(view);
      shapes.push_back(context.program.shape_of(view));
    }
    inputs_ = buffers_.size();
    for (const kernel::View& view : routine.outputs) see(view);
    if (routine.name == "call") {
      const auto function = context.functions.array.find(routine.function);
      if (function == context.functions.array.end())
        throw std::invalid_argument("the function " + routine.function + " is not given");
      called_ = &function->second;
    } else {
      function_ = routine_function(routine.name);
      if (function_ == nullptr)
        throw std::invalid_argument("the routine " + routine.name + " is not implemented");
    }
    const auto cost = kernel::find_routine(routine.name)->cost(shapes, routine.attributes);
    cost_.multiply_add = cost.multiply_add.value(context.sizes);
    cost_.arithmetic = cost.arithmetic.value(context.sizes);
    cost_.division = cost.division.value(context.sizes);
    cost_.transcendental = cost.transcendental.value(context.sizes);
    cost_.calls = cost.calls.value(context.sizes);
    in_.resize(inputs_);
    out_.resize(buffers_.size() - inputs_);
  }

  void run(Bases bases, Counts* counts) override {
    for (std::size_t k = 0; k < buffers_.size(); ++k) {
      double* data = bases[static_cast<std::size_t>(buffers_[k])];
      if (k < inputs_) {
        in_[k] = {data, dims_[k]};
      } else {
        out_[k - inputs_] = {data, dims_[k]};
      }
    }
    if (called_ != nullptr) {
      (*called_)(in_, out_[0]);
    } else {
      function_(in_, out_, attributes_);
    }
    if (counts != nullptr) *counts += cost_;
  }

 private:
  std::vector<kernel::BufferId> buffers_;  // inputs, then outputs
  std::vector<Dims> dims_;
  std::size_t inputs_ = 0;
  std::vector<std::int64_t> attributes_;
  RoutineFunction function_ = nullptr;
  const std::function<void(std::span<const ConstView>, const MutableView&)>* called_ = nullptr;
  Counts cost_;
  std::vector<ConstView> in_;
  std::vector<MutableView> out_;
};

}  // namespace

std::unique_ptr<Step> plan(const Context& context, const kernel::Routine& routine) {
  return std::make_unique<RoutineStep>(context, routine);
}

}  // namespace adjoint::run

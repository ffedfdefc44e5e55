#include <algorithm>
#include <stdexcept>

#include "calculus/differentiate.hpp"
#include "lower/lower.hpp"
#include "notation/notation.hpp"
#include "simplify/simplify.hpp"
#include "workloads/workload.hpp"

namespace workloads {

using namespace adjoint;

// The value and the derivatives as one program, so that what they share is computed once.
static kernel::Program lowered(const Workload& w) {
  notation::Session session;
  Graph graph;
  if (!session.declare(w.given)) throw std::runtime_error(session.errors_text());
  const auto formula = session.expression(graph, w.expression);
  if (!formula) throw std::runtime_error(session.errors_text());
  std::vector<Expr> inputs;
  for (const Input& input : w.inputs) {
    const notation::Symbol* symbol = formula->symbol(input.name);
    if (symbol == nullptr) throw std::runtime_error(w.expression + " does not contain " + input.name);
    inputs.push_back(notation::variable(graph, *symbol));
  }
  const Expr f = simplify(formula->value);
  std::vector<Expr> variables;
  for (const std::string& name : w.wrt)
    variables.push_back(notation::variable(graph, *formula->symbol(name)));
  std::vector<Expr> outputs = pullback(f, graph.number(1), variables);
  for (Expr& e : outputs) e = simplify(e);
  if (w.order == 2) outputs = {simplify(jacobian(outputs[0], variables[0]))};
  outputs.insert(outputs.begin(), f);
  return lower(inputs, outputs);
}

ProgramSide::ProgramSide(const Workload& workload) : program_(lowered(workload)) {
  interpreter_ = std::make_unique<run::Interpreter>(program_, workload.sizes);
  for (std::size_t k = 0; k < workload.inputs.size(); ++k) {
    const auto& values = workload.inputs[k].values;
    if (run::entries(interpreter_->input_dims(k)) != static_cast<std::int64_t>(values.size()))
      throw std::runtime_error("the input " + workload.inputs[k].name + " has another size than declared");
    inputs_.push_back(values.data());
  }
  for (std::size_t k = 1; k < program_.outputs.size(); ++k) {
    offsets_.push_back(entries_);
    entries_ += static_cast<std::size_t>(run::entries(interpreter_->output_dims(k)));
  }
  outputs_.resize(program_.outputs.size());
}

double ProgramSide::operator()(double* derivatives) {
  outputs_[0] = &value_;
  for (std::size_t k = 0; k < offsets_.size(); ++k) outputs_[k + 1] = derivatives + offsets_[k];
  interpreter_->run(inputs_, outputs_);
  return value_;
}

}  // namespace workloads

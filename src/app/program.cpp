#include "app/program.hpp"

#include <algorithm>

#include "ops/record.hpp"
#include "simplify/simplify.hpp"

namespace adjoint::app {

namespace {

// Variables, functions with their derivatives, sizes.
Names names_of(const Question& question) {
  Names names;
  for (const auto& s : question.formula.symbols) {
    names.take(s.name);
    for (const auto* type : {&s.type, &s.from, &s.to}) {
      for (const Size* size : {&type->rows, &type->columns}) {
        for (const auto& name : size->names()) names.take(name);
      }
    }
    if (s.kind != notation::Symbol::Kind::Function) continue;
    for (const char* derivative : {"_prime", "_second", "_grad", "_hess", "_jac"})
      names.take(s.name + derivative);
  }
  return names;
}

// Operations of matrices that have values where they have no derivative: functions of a spectrum.
int kinks_of_matrices(Expr value) {
  int count = 0;
  for (const auto& e : topological(std::span(&value, 1))) {
    if (e->kind != Kind::Apply || e->operands.empty() || e->operands[0].rank() < 2) continue;
    const Record& record = record_of(*e);
    if (record.lowering.value.by != Lowering::By::Routine) continue;
    const auto& defined = record.defined.value;
    const auto only_smooth = [&defined](const OperandCondition& c) {
      return std::none_of(defined.begin(), defined.end(), [&c](const OperandCondition& d) {
        return d.operand == c.operand && d.condition == c.condition;
      });
    };
    const auto& smooth = record.differentiable.value;
    count += std::any_of(smooth.begin(), smooth.end(), only_smooth) ? 1 : 0;
  }
  return count;
}

}  // namespace

StraightLine trace(const Question& question) {
  std::vector<Expr> inputs;
  for (const auto& s : question.formula.symbols) {
    if (s.kind != notation::Symbol::Kind::Function) inputs.push_back(notation::variable(*question.graph, s));
  }
  Tracer tracer(*question.graph, names_of(question));
  // A simpler form of a smooth function needs no spectrum: norm(S)^2 for sum(eigvals(S).^2).
  const Expr written = question.formula.value;
  const Expr simple = kinks_of_matrices(written) > 0 ? simplify(written) : written;
  const Expr value =
      kinks_of_matrices(simple) < kinks_of_matrices(written)
          ? tracer(simple)
          : notation::traced(question.formula, *question.graph,
                             [&tracer](Expr e, const syntax::Type* type) { return tracer(e, type); });
  const syntax::Type& type = question.formula.type;
  StraightLine program = tracer.finish(std::move(inputs), {value});
  program.types.emplace(program.outputs[0]->name(), type);
  for (const auto& s : question.formula.symbols) program.types.emplace(s.name, s.type);
  return program;
}

std::vector<notation::Symbol> active_symbols(const Question& question, const std::string& names) {
  std::vector<notation::Symbol> out;
  if (names.empty()) {
    for (const auto& s : question.formula.symbols) {
      if (s.kind != notation::Symbol::Kind::Function) out.push_back(s);
    }
    if (out.empty())
      throw InputError("error: a function of nothing: there is no variable to differentiate in\n");
    return out;
  }
  std::string name;
  for (const char c : names + ",") {
    if (c == ',') {
      if (!name.empty()) out.push_back(variable_symbol(question, name));
      name.clear();
    } else if (c != ' ') {
      name += c;
    }
  }
  return out;
}

}  // namespace adjoint::app

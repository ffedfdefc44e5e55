#include "app/program.hpp"

namespace adjoint::app {

StraightLine trace(const Question& question) {
  std::set<std::string> taken;
  std::vector<Expr> inputs;
  for (const auto& s : question.formula.symbols) {
    taken.insert(s.name);
    if (s.kind != notation::Symbol::Kind::Function) inputs.push_back(notation::variable(*question.graph, s));
  }
  Tracer tracer(*question.graph, taken);
  const Expr value =
      notation::traced(question.formula, *question.graph,
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

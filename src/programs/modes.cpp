#include "programs/modes.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "calculus/differentiate.hpp"
#include "programs/guards.hpp"
#include "programs/pull.hpp"

namespace adjoint {
namespace {

// The variables that a value is made of, in the order of the graph.
std::vector<Expr> variables_of(Expr value) {
  std::vector<Expr> out;
  for (const auto& e : topological(std::span(&value, 1))) {
    if (e->kind == Kind::Variable) out.push_back(e);
  }
  return out;
}

}  // namespace

std::string tangent_name(Expr variable) { return shown_name(variable) + "_dot"; }
std::string adjoint_name(Expr variable) { return shown_name(variable) + "_bar"; }

namespace {

// Tangents beside the lines of a program. A value that is accumulated has a tangent that is.
class Forward {
 public:
  Forward(const StraightLine& program, std::span<const Expr> active)
      : program_(program), guards_(program), out_(program) {
    out_.lines.clear();
    std::vector<Expr> directions;
    for (const auto& x : active) {
      const Expr t = direction_for(x, base(x));
      directions.push_back(t);
      out_.parameters.emplace(t->name(), out_.names.fresh("d" + x->name()));
      keep(x, t);
    }
    const auto before = std::find(out_.inputs.begin(), out_.inputs.end(), program.seed);
    out_.inputs.insert(before, directions.begin(), directions.end());
  }

  StraightLine run() {
    for (const auto& line : program_.lines) {
      out_.lines.push_back(line);
      add_tangent(line);
    }
    for (std::size_t k = 0; k < program_.outputs.size(); ++k) {
      const Expr y = program_.outputs[k];
      if (!tangents_.contains(y.get())) define(y, y.graph().zeros(y.shape()), {});
      out_.outputs.push_back(tangents_.at(y.get()));
      const Result& result = program_.results[k];
      out_.results.push_back({result.name + "_dot", result.like});
    }
    return std::move(out_);
  }

 private:
  const std::string& base(Expr primal) {
    std::string& name = bases_[shown_name(primal)];
    if (name.empty()) name = out_.names.fresh(tangent_name(primal));
    return name;
  }

  void keep(Expr primal, Expr tangent) {
    tangents_[primal.get()] = tangent;
    latest_[shown_name(primal)] = tangent;
    const auto at = program_.types.find(shown_name(primal));
    if (at != program_.types.end()) out_.types.emplace(shown_name(tangent), at->second);
  }

  void define(Expr primal, Expr value, Expr addend, Expr plain = {}) {
    Graph& g = primal.graph();
    const std::string name = versioned_like(base(primal), primal);
    const Expr t = g.variable(name, primal.shape());
    out_.lines.push_back({t, value, addend, Sweep::Tangent, plain});
    keep(primal, t);
  }

  // The movement of a value; null where it does not move.
  Expr moved(Expr value, const Line& line, bool guarded) const {
    std::vector<Movement> movements;
    for (const auto& v : variables_of(value)) {
      if (const auto at = tangents_.find(v.get()); at != tangents_.end())
        movements.push_back({v, at->second});
    }
    if (movements.empty()) return {};
    Expr m = pushforward(value, movements);
    if (guarded && line.sweep == Sweep::Value)
      m = guards_.still(guards_.flat(m, line), line, movements.size() == 1 ? movements[0].tangent : Expr());
    m = shortened(m, line);
    return is_zero(m) ? Expr() : m;
  }

  void add_tangent(const Line& line) {
    const Expr value = line.addend ? line.addend : line.value;
    const Expr m = moved(value, line, true);
    Expr plain = m ? moved(line.plain ? line.plain : value, line, false) : Expr();
    if (plain == m) plain = {};
    const auto before = line.addend ? latest_.find(shown_name(line.name)) : latest_.end();
    if (before == latest_.end()) {
      if (m) define(line.name, m, {}, plain);
    } else if (m) {
      define(line.name, before->second + m, m, plain);
    } else {
      tangents_[line.name.get()] = before->second;
    }
  }

  const StraightLine& program_;
  Guards guards_;
  StraightLine out_;
  std::map<std::string, std::string> bases_;  // of tangents, by shown name
  std::map<std::string, Expr> latest_;        // tangents by shown name
  std::unordered_map<const Node*, Expr> tangents_;
};

}  // namespace

StraightLine forward(const StraightLine& program, std::span<const Expr> active) {
  return Forward(program, active).run();
}

StraightLine reverse(const StraightLine& program, std::span<const Expr> active) {
  StraightLine out = program;
  Adjoints adjoints(program, active);
  adjoints.seed(out);
  for (auto line = program.lines.rbegin(); line != program.lines.rend(); ++line) {
    adjoints.pull(*line, out, [](Expr e) { return e; });
  }
  adjoints.finish(out, program.outputs[0]);
  return out;
}

StraightLine hessian_vector(const StraightLine& program, std::span<const Expr> active) {
  StraightLine out = forward(reverse(program, active), active);
  for (auto& result : out.results) {  // the tangent of a gradient
    constexpr std::string_view kGradient = "gradient", kTangent = "_dot";
    if (result.name.starts_with(kGradient) && result.name.ends_with(kTangent)) {
      const auto middle = result.name.size() - kGradient.size() - kTangent.size();
      result.name = "hessian_vector" + result.name.substr(kGradient.size(), middle);
    }
  }
  return out;
}

}  // namespace adjoint

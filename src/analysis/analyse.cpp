#include "analysis/analyse.hpp"

#include <algorithm>

#include "analysis/conditions.hpp"
#include "analysis/continuity.hpp"
#include "graph/effort.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

// What a question is given in all: some tenths of a second.
constexpr std::int64_t kEffort = 6'000'000;

// Parts of an answer, each with half of the effort that is left.
class Parts {
 public:
  explicit Parts(Graph& graph) : graph_(graph) {}

  /// False where the part is not known within its effort.
  template <class Part>
  bool operator()(const Part& part) {
    const Effort effort(graph_, left_ / 2);
    bool found = true;
    try {
      part();
    } catch (const EffortSpent&) {
      found = false;
    }
    left_ -= effort.spent();
    return found;
  }

 private:
  Graph& graph_;
  std::int64_t left_ = kEffort;
};

// Slopes that grow refute a constant only near where there are any: sqrt(-x^2) has the domain 0.
void disown(Lipschitz& l) {
  for (Bound* b : {&l.value, &l.gradient}) {
    if (b->kind == Bound::Kind::None) *b = Bound::unknown();
  }
}

constexpr const char* kTooLong = "the formula is too long for this question";

}  // namespace

Analysis analyse(const Question& q, const Say& say) {
  Analysis a;
  Ranges ranges(q.assumptions);
  for (const auto& [expr, range] : q.assumptions.ranges) {
    const Range r = ranges.of(expr);
    if (r.is_empty() || (r.lower == r.upper && (r.open_lower || r.open_upper))) {
      a.warnings.push_back("the assumptions contradict each other: no " + say(expr) + " satisfies them");
    }
  }
  a.domain = domain_of(q.f, q.variables, q.assumptions, 2, q.written);
  if (a.domain.empty) a.warnings.emplace_back("the expression has no real value anywhere");
  if (!a.warnings.empty()) return a;
  if (const auto jumps = continuous_where(simplify(q.f), q.assumptions)) {
    a.continuous = a.domain.defined;
    for (const auto& r : *jumps) require(*a.continuous, r, ranges);
    remove_implied(*a.continuous);
  }
  const bool isolated = std::any_of(a.domain.differentiable.begin(), a.domain.differentiable.end(),
                                    [](const Requirement& r) { return r.impossible; });
  if (q.f.rank() == 0 && !q.variables.empty()) {
    Parts part(q.f.graph());
    part([&] { a.convexity = convexity_of(q.f, q.variables, q.assumptions, q.probe, q.written); });
    for (const auto& v : q.variables) {
      VariableAnalysis one;
      one.variable = v;
      one.convexity = a.convexity;
      if (q.variables.size() > 1) {
        one.convexity = {};
        part([&] { one.convexity = convexity_of(q.f, {v}, q.assumptions, q.probe, q.written); });
      }
      if (!part([&] { one.lipschitz = lipschitz_of(q.f, v, q.assumptions, q.radius); }))
        one.lipschitz.value.reason = one.lipschitz.gradient.reason = kTooLong;
      if (isolated) disown(one.lipschitz);
      part([&] { one.subdifferential = subdifferential_of(q.f, v, say, q.assumptions); });
      a.variables.push_back(std::move(one));
    }
  }
  if (q.f.rank() != 0) {
    for (const auto& v : q.variables) {
      VariableAnalysis one;
      one.variable = v;
      if (!q.radius) one.lipschitz = lipschitz_of(q.f, v, q.assumptions);
      if (one.lipschitz.value.kind != Bound::Kind::Unknown) a.maps.push_back(std::move(one));
    }
  }
  if (q.parameter) {
    Expr variable;
    for (const auto& v : q.variables) {
      if (!(v == q.parameter) && !variable) variable = v;
    }
    a.limits = limit_of(q.f, q.parameter, q.target, variable, q.assumptions, q.sampler);
  }
  return a;
}

std::string proof_text(const ProofLine& line, const Say& say) {
  return line.bound ? line.rule + ": " + say(line.bound) : line.rule;
}

std::string bound_text(const Bound& bound, const Say& say) {
  switch (bound.kind) {
    case Bound::Kind::Finite:
      return say(bound.simple ? bound.simple : bound.value);
    case Bound::Kind::None:
      return "none";
    case Bound::Kind::Unknown:
      break;
  }
  return "unknown";
}

}  // namespace adjoint

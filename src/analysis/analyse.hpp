// Everything that is asked of an expression, in one answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/bounds.hpp"
#include "analysis/convexity.hpp"
#include "analysis/domain.hpp"
#include "analysis/limits.hpp"
#include "analysis/subgradients.hpp"

namespace adjoint {

struct Question {
  Expr f;
  std::vector<Written> written;  // of f
  std::vector<Expr> variables;   // jointly
  Assumptions assumptions;
  Expr radius;     // of the ball norm(x) <= radius on which bounds are asked, or null
  Expr parameter;  // whose limit is asked, or null
  Target target;
  Probe probe;      // may be empty
  Sampler sampler;  // may be empty
};

struct VariableAnalysis {
  Expr variable;
  Convexity convexity;
  Lipschitz lipschitz;
  Subdifferential subdifferential;
};

struct Analysis {
  Domain domain;
  std::optional<std::vector<Requirement>> continuous;  // all that is asked; nothing where it is not known
  Convexity convexity;                                 // jointly in all variables
  std::vector<VariableAnalysis> variables;             // in each alone
  std::vector<VariableAnalysis> maps;                  // of an array: the constants that are known
  std::optional<Limits> limits;
  std::vector<std::string> warnings;  // a contradiction in the assumptions, an empty domain
};

Analysis analyse(const Question& question, const Say& say);

/// One line of a proof: "differences: … 2: sqrt(2+2*cos(pi/n))".
std::string proof_text(const ProofLine& line, const Say& say);
/// "4/eps", "none", "unknown": the simple form where there is one.
std::string bound_text(const Bound& bound, const Say& say);
/// One sentence: what was proved of a limit and where its formula holds.
/// "norm(x,1)", "inf", "none", "unknown", or by signs: "inf where a > 0; 0 where a < 0".
std::string limit_value_text(const Limit& limit, const Say& say);
std::string limit_text(const Limit& limit, const Say& say);

}  // namespace adjoint

// Certificates of convexity, by two independent ways: composition rules, and the second derivative as a sum
// of squares. What is not certified is "unknown"; "no" comes with a reason. Nothing that is not convex is
// certified.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/domain.hpp"
#include "analysis/range.hpp"

namespace adjoint {

enum class Verdict : std::uint8_t { Unknown, No, Yes, Strictly, Strongly };
/// "unknown", "no", "yes", "strictly", "strongly"
std::string_view verdict_text(Verdict verdict);

struct Convexity {
  Verdict convex = Verdict::Unknown;
  Verdict concave = Verdict::Unknown;
  Expr modulus;  // of strong convexity (concavity): f - modulus/2*|x|^2 is convex; else null
  std::vector<std::string> proof;  // rules that were used
  std::string reason;              // of a "no" to convex
  std::string concave_reason;      // of a "no" to concave
};

/// The value of a scalar expression at random values (by seed) of all its variables, at small sizes, in
/// agreement with what is declared of them; nothing where it has none. A twin is a variable that is to be
/// drawn like another one, its original. Given by callers who can run programs.
using Twins = std::vector<std::pair<Expr, Expr>>;  // original, twin
using Probe = std::function<std::optional<double>(Expr scalar, const Twins& twins, unsigned seed)>;

/// Jointly in the variables, on the domain of f, as it was written, within their declared sets.
Convexity convexity_of(Expr f, const std::vector<Expr>& variables, const Assumptions& assumptions = {},
                       const Probe& probe = {}, std::span<const Written> written = {});

}  // namespace adjoint

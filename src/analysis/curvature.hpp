// Curvature by composition rules.
// Sources: Grant, Boyd & Ye, Disciplined Convex Programming (2006); Boyd & Vandenberghe, Convex Optimization
// (2004), ch. 3; for matrices in the Loewner order Bhatia, Matrix Analysis (1997), ch. V, and Ando (1979).
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/range.hpp"
#include "ops/record.hpp"

namespace adjoint {

enum class Curvature : std::uint8_t { Constant, Affine, Convex, Concave, Unknown };

inline bool is_affine(Curvature c) { return c == Curvature::Constant || c == Curvature::Affine; }
inline bool is_convex(Curvature c) { return is_affine(c) || c == Curvature::Convex; }
inline bool is_concave(Curvature c) { return is_affine(c) || c == Curvature::Concave; }
Curvature flipped(Curvature c);
Curvature added(Curvature a, Curvature b);

/// How a function of a matrix behaves (curvature_rules.cpp); `needs` is what its operand must be known to be.
struct MatrixRule {
  std::string_view name;
  enum class Needs : std::uint8_t { Nothing, Symmetric, Semidefinite, Definite } needs;
  Curvature curvature;  // of the value; of a matrix in the Loewner order
  int monotone;         // +1, -1 in the Loewner order of the operand, 0 not
  enum class Value : std::uint8_t {
    Scalar,
    Loewner,
    Trace
  } value;  // Trace: only the trace of it is so curved
};
const MatrixRule* matrix_rule(std::string_view operation);
/// Linear operations with entries that are nowhere negative: slices, blocks, cumulative sums.
bool is_monotone_linear(std::string_view operation);

/// Curvature of nodes jointly in the variables; a rule that applies is remembered for the proof.
class Curvatures {
 public:
  Curvatures(std::vector<Expr> variables, Ranges& ranges)
      : variables_(std::move(variables)), ranges_(ranges) {}

  /// Of every entry.
  Curvature of(Expr e);
  /// Of a symmetric matrix in the Loewner order.
  Curvature loewner(Expr e);
  /// Of the logarithm of every entry; Unknown where an entry is not known to be positive.
  Curvature log_of(Expr e);
  /// Whether the expression is nowhere negative and its square root is convex: a sum of squares.
  bool root_convex(Expr e);
  bool depends(Expr e);
  /// The rules that were used, in the order of use.
  [[nodiscard]] std::vector<std::string> rules() const;

 private:
  struct Judged {
    Curvature curvature = Curvature::Unknown;
    std::vector<std::string> rules;  // by which it was judged
  };
  using Known = std::unordered_map<const Node*, Judged>;
  Curvature recorded(Known& known, Expr e, Curvature c, std::size_t before);
  Curvature recalled(const Judged& judged);
  Curvature find(const Node& n);
  Curvature of_one_number(Expr e);
  Curvature of_perspective(Expr e);
  Curvature product(const Node& n);
  Curvature several_factors(const Node& n, const std::vector<std::size_t>& moving, Signs rest);
  Curvature fixed_product(const Node& n);
  Curvature power(const Node& n);
  Curvature apply(const Node& n);
  Curvature entrywise(const Node& n);
  Curvature matrix_function(const Node& n, const MatrixRule& rule);
  Curvature find_loewner(const Node& n);
  Curvature find_log(const Node& n);
  bool find_root_convex(const Node& n);
  bool relative_entropy(const Node& n, const std::vector<std::size_t>& moving);
  bool matrix_fractional(Expr vector, Expr matrix);
  bool geometric_mean(const Node& n);
  bool fits(Expr operand, MatrixRule::Needs needs);
  Signs sign(Expr e) { return ranges_.of(e).signs(); }
  Curvature used(std::string_view rule, Curvature c);

  std::vector<Expr> variables_;
  Ranges& ranges_;
  Known done_, loewner_, log_;
  std::unordered_map<const Node*, bool> depends_, root_;
  std::vector<std::string> used_;
};

/// The shape and the monotonicity of an entrywise operation on an interval, by the signs of its derivatives.
ScalarBounds scalar_shape(const Node& application, const Range& operand);

}  // namespace adjoint

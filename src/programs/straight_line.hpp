// Straight-line programs: a function as numbered assignments, one operation each. The calculus graph as
// people write it down, and what forward and reverse differentiation turn into programs of the same kind
// (Griewank and Walther, Evaluating Derivatives, chapters 2 and 3).
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "kernel/program.hpp"
#include "syntax/ast.hpp"

namespace adjoint {

/// Which part of a program a line belongs to.
enum class Sweep : std::uint8_t { Value, Tangent, Adjoint, Jacobian };

/// name = value
struct Line {
  Expr name;    // a variable
  Expr value;   // over inputs and names of earlier lines
  Expr addend;  // value = the target so far + addend; null where it is no accumulation
  Sweep sweep = Sweep::Value;
  Expr plain = {};  // as people write it, who do not guard a quotient (guards.hpp); null where it is no other
};

/// What an output stands for.
struct Result {
  std::string name;  // value, gradient, value_dot, hessian_vector, jacobian
  Expr like;         // the variable that it is a point of the space of; else null
};

/// Names that mean something in a program; a new one is like none of them.
class Names {
 public:
  void take(std::string_view name) { taken_.emplace(name); }
  [[nodiscard]] bool taken(std::string_view name) const { return taken_.contains(name); }
  /// Whether a name is the prefix with a number behind it.
  [[nodiscard]] bool numbered(std::string_view prefix) const;
  /// The wanted name, or that with a number behind it.
  std::string fresh(std::string_view wanted);

 private:
  std::set<std::string, std::less<>> taken_;
};

struct StraightLine {
  std::vector<Expr> inputs;     // variables
  std::vector<Line> lines;      // in an order that respects what each needs
  std::vector<Expr> outputs;    // names of lines, or inputs
  std::vector<Result> results;  // one for each output
  Expr seed;                    // the adjoint of the output among the inputs; null where there is none
  /// How names read as matrices, where their axes alone do not say it (a row), by name.
  std::map<std::string, syntax::Type, std::less<>> types;
  /// How callers call an input, where that is not its name: dx for x_dot.
  std::map<std::string, std::string, std::less<>> parameters;
  Names names;
};

/// The name of a line without the version that accumulation and repetition give it: v3_bar of v3_bar#2.
std::string shown_name(Expr name);
/// The name under the same version: v3_bar#2 as v3_bar_dot#2.
std::string versioned_like(std::string_view base, Expr name);

/// Names operations one after the other; equal operations get one name.
class Tracer {
 public:
  /// `names`: those that lines must not have.
  Tracer(Graph& graph, Names names);

  /// The value as a name of the program: its parts become lines, products one multiplication each. What is no
  /// operation (a constant, a transpose, a slice) is left as it is.
  Expr operator()(Expr value, const syntax::Type* type = nullptr);

  /// The program with these outputs.
  StraightLine finish(std::vector<Expr> inputs, const std::vector<Expr>& outputs);

 private:
  Expr decomposed(Expr e);
  Expr product(const Node& n);
  Expr unnamed(Expr e);
  Expr named(Expr value);
  void drop_unused();
  bool constant(Expr e);

  std::string next_name();
  Expr spelled_out(Expr value) const;
  [[nodiscard]] Expr without_root(Expr value) const;

  Graph& graph_;
  std::string prefix_;
  int count_ = 0;
  StraightLine program_;
  std::map<const Node*, Expr> names_;       // of values
  std::map<const Node*, Expr> values_;      // of names
  std::map<const Node*, Expr> decomposed_;  // of expressions over names
  std::map<const Node*, bool> constant_;
};

/// The program on buffers. `optimised`: fused, equal parts shared; else line by line, as checkpointing wants
/// it, where a value that is computed again really is.
kernel::Program lower(const StraightLine& program, bool optimised = true);

}  // namespace adjoint

// The adjoints of a reverse program while it is written.
#pragma once

#include <functional>
#include <span>
#include <unordered_map>

#include "programs/guards.hpp"
#include "programs/straight_line.hpp"

namespace adjoint {

class Adjoints {
 public:
  /// Of a program with one output, in the active variables.
  Adjoints(const StraightLine& program, std::span<const Expr> active);

  /// The adjoint of the output as an input and as the first adjoint.
  void seed(StraightLine& out);
  /// Adds what the line gives to the adjoints of its operands; `versioned` says where their values are.
  void pull(const Line& line, StraightLine& out, const std::function<Expr(Expr)>& versioned);
  /// The value and the adjoints of the active variables as outputs, restricted to declared structure.
  void finish(StraightLine& out, Expr value);

 private:
  void add(Expr variable, Expr contribution, StraightLine& out, Expr plain = {});
  const std::string& name_of_adjoint(Expr variable, StraightLine& out);

  const StraightLine& program_;
  Guards guards_;
  std::vector<Expr> active_;
  std::unordered_map<const Node*, bool> moves_;
  std::unordered_map<const Node*, Expr> adjoints_;
  std::unordered_map<const Node*, std::string> names_;
  std::unordered_map<const Node*, int> versions_;
};

/// Derivatives of a line with what the line has computed already by name, in short form.
Expr shortened(Expr derivative, const Line& line);

}  // namespace adjoint

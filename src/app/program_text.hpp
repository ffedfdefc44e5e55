// Straight-line programs as people read and run them: lines of the notation, NumPy.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/question.hpp"
#include "print/reader.hpp"
#include "programs/straight_line.hpp"

namespace adjoint::app {

/// A line as trees of the notation.
struct ShownLine {
  std::string name;   // v3, v3_dot, v3_bar
  syntax::Ast value;  // null where matrix notation cannot write it
  bool adds = false;  // name += value
  Sweep sweep = Sweep::Value;
  Expr expr;  // what `value` shows
};

/// Some lines of a program, each read when it is asked for.
class LineReader {
 public:
  /// `code`: for code, not for people (ReadOptions::code).
  LineReader(const Question& question, const StraightLine& program, bool code = false);
  [[nodiscard]] ShownLine operator()(const Line& line) const;

 private:
  const StraightLine& program_;
  ReadOptions options_;
};

std::vector<ShownLine> shown_lines(const Question& question, const StraightLine& program);

/// `v3 = sqrt(v2)`, `x_bar += v3_bar*2*x`
std::string text(const ShownLine& line);

/// `def program(…)`: of a forward program with tangents `dx`, of a reverse program with the adjoint `u` (1
/// for a scalar). Returns the outputs as a tuple.
std::string numpy(const Question& question, const StraightLine& program);

/// A language that programs are written in.
struct Language {
  std::string_view name;
  std::string_view comment;  // what starts a comment
  /// The program; `optimised`: as it is lowered, where it is.
  std::string (*write)(const Question& question, const StraightLine& program, bool optimised);
};
std::span<const Language> languages();
/// The code, or a comment that says why there is none.
std::string code(const Language& language, const Question& question, const StraightLine& program,
                 bool optimised);

}  // namespace adjoint::app

// Values in as many digits as they need (Ziv, Fast evaluation of elementary mathematical functions with
// correctly rounded last bit, 1991): twice as many until the result no longer hangs on what is left of sums
// that cancel.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>

#include "eval/evaluate.hpp"
#include "eval/nodes.hpp"

namespace adjoint {

class ManyDigits {
 public:
  ManyDigits(const Point& point, bool strict);
  ~ManyDigits();
  ManyDigits(const ManyDigits&) = delete;
  ManyDigits& operator=(const ManyDigits&) = delete;
  /// Rounded to doubles. Throws NumericalError where the value cannot be told in a reasonable time.
  const Array& value(Expr expr);

 private:
  using Values = BasicArray<Real>;
  struct Level;

  const Values& plain_value(Level& level, Expr expr);
  bool hangs_on_cancelled(Level& level, Expr expr, const Values& value);
  Level& level(int digits);

  const Point& point_;
  bool strict_;
  int digits_ = kDigits;  // that were needed so far
  std::map<int, std::unique_ptr<Level>> levels_;
  std::unordered_map<const Node*, Array> rounded_;
};

}  // namespace adjoint

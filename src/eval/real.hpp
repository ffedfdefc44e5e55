// Numbers of 350 digits, more than the range of double has: what leaves that range on the way, or cancels as
// far as that, is right in these. Where all of those cancel, more digits (eval/many_digits.hpp).
#pragma once

#include <boost/multiprecision/eigen.hpp>
#include <boost/multiprecision/mpfr.hpp>
#include <string>

#include "graph/rational.hpp"
#include "run/numerical_error.hpp"

namespace adjoint {

/// By the MPFR library; its exponents reach far beyond anything met here.
using Real = boost::multiprecision::number<boost::multiprecision::mpfr_float_backend<0>,
                                           boost::multiprecision::et_off>;

constexpr int kDigits = 350;

/// From here on exponents go as far as the library has them: exp(-1e10) is no 0. Numbers have 350 digits.
void use_all_exponents();

/// Numbers have this many digits while this lives.
class WithDigits {
 public:
  explicit WithDigits(int digits);
  ~WithDigits();
  WithDigits(const WithDigits&) = delete;
  WithDigits& operator=(const WithDigits&) = delete;

 private:
  int before_;
};

/// A value that more digits would tell: the sine of a number with no digit behind the point.
class TooFewDigits : public run::NumericalError {
 public:
  TooFewDigits(const std::string& what, double digits) : run::NumericalError(what), needed(digits) {}
  double needed;
};

/// Sums of which no digit is left although a term was rounded. Each counts as 0, or, to see what hangs on it,
/// as 10^`raised` times the rounding of its terms.
struct Cancellation {
  bool met = false;
  bool disturbed = false;
  int raised = 0;
};
/// That of this thread.
Cancellation& cancellation();

/// The number as it is written: the shortest decimal that stands for it, so that 0.1 is one tenth.
Real as_written(double value);
/// The nearest double; what is not 0 does not become 0.
double rounded(const Real& value);
/// The sine, cosine or tangent of x: a multiple of pi is a zero, as near as the digits of pi tell.
Real periodic(Real (*f)(const Real&), const Real& x);

/// A coefficient.
template <class T>
T number(const Rational& r);
template <>
inline double number<double>(const Rational& r) {
  return r.value();
}
template <>
Real number<Real>(const Rational& r);

/// A sum whose terms are of the size `scale`: what cancels down to rounding is 0.
inline double settled(double sum, double /*scale*/) { return sum; }
Real settled(const Real& sum, const Real& scale);

}  // namespace adjoint

// Numbers of 350 digits, more than the range of double has: what leaves that range on the way, or cancels as
// far as that, is right in these.
#pragma once

#include <boost/multiprecision/eigen.hpp>
#include <boost/multiprecision/mpfr.hpp>

#include "graph/rational.hpp"

namespace adjoint {

/// By the MPFR library; its exponents reach far beyond anything met here.
using Real = boost::multiprecision::number<
    boost::multiprecision::mpfr_float_backend<350, boost::multiprecision::allocate_stack>,
    boost::multiprecision::et_off>;

/// From here on, in this thread, exponents go as far as the library has them: exp(-1e10) is no 0.
void use_all_exponents();
/// The number as it is written: the shortest decimal that stands for it, so that 0.1 is one tenth.
Real as_written(double value);
/// The nearest double; what is not 0 does not become 0.
double rounded(const Real& value);

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
inline Real settled(const Real& sum, const Real& scale) {
  static const Real rounding("1e-330");
  return isfinite(scale) && abs(sum) <= rounding * scale ? Real(0) : sum;
}

}  // namespace adjoint

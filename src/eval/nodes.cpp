#include "eval/nodes.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace adjoint {
namespace {

using std::abs;
using std::floor;
using std::isinf;
using std::isnan;
using std::pow;
using std::sqrt;

// Squares of what is smaller or larger may leave the range of numbers.
bool is_extreme(double v) { return abs(v) < 1e-280 || isinf(v); }
bool is_extreme(const Real& /*v*/) { return false; }

}  // namespace

template <class T>
BasicArray<T> given(const Point& point, Expr variable) {
  const auto at = point.values.find(variable.get());
  if (at == point.values.end()) throw NumericalError("no value is given for " + variable->name());
  BasicArray<T> r(at->second.shape);
  if constexpr (std::is_same_v<T, double>) {
    r.data = at->second.data;
  } else {
    std::transform(at->second.data.begin(), at->second.data.end(), r.data.begin(), as_written);
    if (const auto written = point.decimals.find(variable.get()); written != point.decimals.end()) {
      for (const auto& [position, text] : written->second) r.data[position] = Real(text);
    }
  }
  return r;
}

template <class T>
const BasicArray<T>& NodeValues<T>::operator()(Expr expr) {
  for (const auto& e : topological(std::span(&expr, 1))) {
    if (done_.contains(e.get())) continue;
    Values& value = done_.emplace(e.get(), tracked(e)).first->second;
    const bool exact = e->kind == Kind::Extent || (e->kind == Kind::Product && e->factors.empty());
    if (noise_ == 0 || exact) continue;  // a number is exact, an exponent above all
    std::uniform_real_distribution<double> part(-noise_, noise_);
    for (auto& v : value.data) v += v * part(random_);
  }
  return done_.at(expr.get());
}

// Sums that cancel down to rounding become 0.
template <class T>
void NodeValues<T>::settle(Values& r, const Node& n, std::vector<Labelled<T>> factors,
                           const std::vector<std::int64_t>& sizes) const {
  if constexpr (!std::is_same_v<T, double>) {
    for (auto& f : factors) {
      for (auto& v : f.array.data) v = abs(v);
    }
    const Values scale = einstein(T(abs(number<T>(n.coefficient))), std::move(factors), n.output, sizes);
    for (std::size_t k = 0; k < r.data.size(); ++k) r.data[k] = settled(r.data[k], scale.data[k]);
  }
}

// Whether an infinite entry of a factor comes from an operand that is 0 and grows slower than its reciprocal:
// a power above -1, a logarithm, or a sum or product of such.
template <class T>
bool NodeValues<T>::has_pole(Expr factor) const {
  if (factor->kind == Kind::Sum || factor->kind == Kind::Product) {
    const auto infinite = [this](Expr e) {
      const auto& data = done_.at(e.get()).data;
      return std::any_of(data.begin(), data.end(), [](const T& v) { return isinf(v); });
    };
    const auto& parts = factor->operands;
    return infinite(factor) && std::any_of(parts.begin(), parts.end(), infinite) &&
           std::all_of(parts.begin(), parts.end(), [&](Expr e) { return !infinite(e) || has_pole(e); });
  }
  if (factor->kind != Kind::Power && factor->kind != Kind::Apply) return false;
  if (factor->operands.empty()) return false;
  if (factor->kind == Kind::Power && done_.at(factor->operands[1].get()).data[0] <= -1) return false;
  const auto& value = done_.at(factor.get()).data;
  const auto& operand = done_.at(factor->operands[0].get()).data;
  if (operand.size() != value.size()) return false;
  for (std::size_t k = 0; k < value.size(); ++k) {
    if (isinf(value[k]) && operand[k] == 0) return true;
  }
  return false;
}

// 0 times the infinite slope of a root at 0 counts as 0: the element of least norm of the subdifferential
// of sqrt(sum of squares); kinks() says where that was needed. 0*log(0) is 0 by the limit of x^p*log(x). 0/0
// is not defined.
template <class T>
BasicArray<T> NodeValues<T>::product(const Node& n) {
  std::vector<std::int64_t> sizes;
  for (const auto& s : n.label_sizes) sizes.push_back(size(s));
  std::vector<Labelled<T>> factors;
  for (const auto& f : n.factors) factors.push_back({done_.at(f.expr.get()), f.labels});
  const T coefficient = number<T>(n.coefficient);
  Values r = einstein(coefficient, factors, n.output, sizes);
  settle(r, n, factors, sizes);
  if (strict_) return r;
  if (std::none_of(r.data.begin(), r.data.end(), [](const T& v) { return isnan(v); })) return r;
  bool poles = false;
  for (std::size_t k = 0; k < factors.size(); ++k) {
    if (!has_pole(n.factors[k].expr)) continue;
    poles = true;
    for (auto& v : factors[k].array.data) v = isinf(v) ? T(0) : v;
  }
  if (!poles) return r;
  const Values finite = einstein(coefficient, factors, n.output, sizes);
  for (std::size_t k = 0; k < r.data.size(); ++k) {
    if (isnan(r.data[k])) r.data[k] = finite.data[k];
  }
  return r;
}

// What an expression is the square of, entry by entry or, for a sum of squares, its length; with its sign
// lost.
template <class T>
std::optional<BasicArray<T>> NodeValues<T>::root(Expr e) const {
  const Node& n = *e;
  if (n.kind == Kind::Power && as_number(n.operands[1]) != nullptr &&
      *as_number(n.operands[1]) == Rational(2))
    return done_.at(n.operands[0].get());
  if (n.kind != Kind::Product || n.coefficient.is_negative()) return std::nullopt;
  auto output = n.output;
  std::sort(output.begin(), output.end());
  if (std::adjacent_find(output.begin(), output.end()) != output.end()) return std::nullopt;  // a diagonal
  const T c = sqrt(number<T>(n.coefficient));
  if (n.factors.empty()) return Values(c);
  if (n.factors.size() != 1) return std::nullopt;
  auto inner = root(n.factors[0].expr);
  if (!inner) return std::nullopt;
  if (!n.factors[0].labels.empty()) {
    // A sum over all entries, each once.
    auto labels = n.factors[0].labels;
    std::sort(labels.begin(), labels.end());
    const bool each = std::adjacent_find(labels.begin(), labels.end()) == labels.end();
    if (!each || !n.output.empty()) return std::nullopt;
    T largest = 0;
    for (const T& v : inner->data) largest = std::max(largest, T(abs(v)));
    T sum = 0;
    for (const T& v : inner->data) sum += largest > 0 ? T((v / largest) * (v / largest)) : T(0);
    inner = Values(T(largest * sqrt(sum)));
  }
  for (auto& v : inner->data) v *= c;
  return inner;
}

// (sum c*r^2)^e where the squares leave the range of numbers: with the largest root taken out. Nothing where
// a term is no square.
template <class T>
std::optional<BasicArray<T>> NodeValues<T>::scaled_power(const Node& sum, const T& exponent) const {
  std::vector<Values> roots;  // of one entry: the same for all
  for (const auto& t : sum.terms) {
    auto r = t.coefficient.is_negative() ? std::nullopt : root(t.expr);
    if (!r) return std::nullopt;
    for (auto& v : r->data) v *= sqrt(number<T>(t.coefficient));
    roots.push_back(std::move(*r));
  }
  std::vector<std::int64_t> shape;
  for (const auto& s : sum.shape) shape.push_back(size(s));
  Values r(shape);
  for (std::size_t k = 0; k < r.data.size(); ++k) {
    const auto at = [k](const Values& a) -> T { return abs(a.data[a.data.size() == 1 ? 0 : k]); };
    T largest = 0;
    for (const auto& a : roots) largest = std::max(largest, at(a));
    T rest = 0;
    for (const auto& a : roots) rest += largest > 0 ? T((at(a) / largest) * (at(a) / largest)) : T(0);
    r.data[k] = pow(largest, T(2 * exponent)) * (largest > 0 ? T(pow(rest, exponent)) : T(1));
  }
  return r;
}

template <class T>
BasicArray<T> NodeValues<T>::power(const Node& n) {
  Values r = done_.at(n.operands[0].get());
  const T e = done_.at(n.operands[1].get()).data[0];
  const bool extreme = std::any_of(r.data.begin(), r.data.end(), [](const T& v) { return is_extreme(v); });
  if (extreme && n.operands[0]->kind == Kind::Sum && e != floor(e)) {
    if (auto scaled = scaled_power(*n.operands[0], e)) return *scaled;
  }
  for (auto& v : r.data) {
    v = e == 2      ? T(v * v)
        : e == -1   ? T(1 / v)
        : e == 0.5  ? T(sqrt(v))
        : e == -0.5 ? T(1 / sqrt(v))
                    : T(pow(v, e));
  }
  return r;
}

template <class T>
BasicArray<T> NodeValues<T>::sum(const Node& n) const {
  Values r = done_.at(n.terms[0].expr.get());
  Values scale(r.shape);
  for (std::size_t t = 0; t < n.terms.size(); ++t) {
    const auto& term = done_.at(n.terms[t].expr.get()).data;
    const T c = number<T>(n.terms[t].coefficient);
    for (std::size_t k = 0; k < r.data.size(); ++k) {
      const T v = c * term[k];
      r.data[k] = t == 0 ? v : T(r.data[k] + v);
      if constexpr (!std::is_same_v<T, double>) scale.data[k] += abs(v);
    }
  }
  for (std::size_t k = 0; k < r.data.size(); ++k) r.data[k] = settled(r.data[k], scale.data[k]);
  return r;
}

// The library's flag says, while an operation runs, whether it or anything that it depends on was rounded.
// Given values are exact, as what they are written as.
template <class T>
BasicArray<T> NodeValues<T>::tracked(Expr expr) {
  if constexpr (std::is_same_v<T, double>) {
    return compute(expr);
  } else {
    const auto& operands = expr->operands;
    mpfr_clear_inexflag();
    if (std::any_of(operands.begin(), operands.end(), [this](Expr o) { return inexact_.contains(o.get()); }))
      mpfr_set_inexflag();
    Values value = compute(expr);
    if (mpfr_inexflag_p() != 0 && expr->kind != Kind::Variable) inexact_.insert(expr.get());
    return value;
  }
}

template <class T>
BasicArray<T> NodeValues<T>::compute(Expr expr) {
  const Node& n = *expr;
  switch (n.kind) {
    case Kind::Variable:
      return given<T>(point_, expr);
    case Kind::Extent:
      return Values(T(size(n.extent)));
    case Kind::Product:
      return product(n);
    case Kind::Sum:
      return sum(n);
    case Kind::Power:
      return power(n);
    case Kind::Apply: {
      std::vector<const Values*> operands;
      for (const auto& o : n.operands) operands.push_back(&done_.at(o.get()));
      return apply_operation<T>(n, operands, point_.sizes);
    }
  }
  throw NumericalError("unknown node");
}

template class NodeValues<double>;
template class NodeValues<Real>;
template Array given(const Point&, Expr);
template BasicArray<Real> given(const Point&, Expr);

}  // namespace adjoint

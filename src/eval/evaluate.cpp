#include "eval/evaluate.hpp"

#include <algorithm>
#include <cmath>

namespace adjoint {

std::int64_t Evaluator::size(const Size& s) const { return number_of(s, point_.sizes); }

const Array& Evaluator::operator()(Expr expr) {
  for (const auto& e : topological(std::span(&expr, 1))) {
    if (done_.contains(e.get())) continue;
    Array& value = done_.emplace(e.get(), compute(e)).first->second;
    const bool exact = e->kind == Kind::Extent || (e->kind == Kind::Product && e->factors.empty());
    if (noise_ == 0 || exact) continue;  // a number is exact, an exponent above all
    std::uniform_real_distribution<double> part(-noise_, noise_);
    for (auto& v : value.data) v += v * part(random_);
  }
  return done_.at(expr.get());
}

// 0 times the infinite slope of a root at 0 counts as 0: the element of least norm of the subdifferential
// of sqrt(sum of squares); kinks() says where that was needed.
Array Evaluator::product(const Node& n) {
  std::vector<std::int64_t> sizes;
  for (const auto& s : n.label_sizes) sizes.push_back(size(s));
  std::vector<Labelled> factors;
  bool infinite = false;
  for (const auto& f : n.factors) {
    factors.push_back({done_.at(f.expr.get()), f.labels});
    if (f.expr->kind != Kind::Power) continue;
    const auto& data = factors.back().array.data;
    infinite = infinite || std::any_of(data.begin(), data.end(), [](double v) { return std::isinf(v); });
  }
  Array r = einstein(n.coefficient.value(), factors, n.output, sizes);
  if (infinite && std::any_of(r.data.begin(), r.data.end(), [](double v) { return std::isnan(v); })) {
    for (std::size_t k = 0; k < factors.size(); ++k) {
      if (n.factors[k].expr->kind != Kind::Power) continue;
      for (auto& v : factors[k].array.data) v = std::isinf(v) ? 0 : v;
    }
    const Array finite = einstein(n.coefficient.value(), factors, n.output, sizes);
    for (std::size_t k = 0; k < r.data.size(); ++k) {
      if (std::isnan(r.data[k])) r.data[k] = finite.data[k];
    }
  }
  return r;
}

// What an expression is the square of, entry by entry or, for a sum of squares, its length; with its sign
// lost.
std::optional<Array> Evaluator::root(Expr e) const {
  const Node& n = *e;
  if (n.kind == Kind::Power && as_number(n.operands[1]) != nullptr &&
      *as_number(n.operands[1]) == Rational(2))
    return done_.at(n.operands[0].get());
  if (n.kind != Kind::Product || n.coefficient.is_negative()) return std::nullopt;
  auto output = n.output;
  std::sort(output.begin(), output.end());
  if (std::adjacent_find(output.begin(), output.end()) != output.end()) return std::nullopt;  // a diagonal
  const double c = std::sqrt(n.coefficient.value());
  if (n.factors.empty()) return Array(c);
  if (n.factors.size() != 1) return std::nullopt;
  auto inner = root(n.factors[0].expr);
  if (!inner) return std::nullopt;
  if (!n.factors[0].labels.empty()) {
    // A sum over all entries, each once.
    auto labels = n.factors[0].labels;
    std::sort(labels.begin(), labels.end());
    const bool each = std::adjacent_find(labels.begin(), labels.end()) == labels.end();
    if (!each || !n.output.empty()) return std::nullopt;
    double largest = 0;
    for (const double v : inner->data) largest = std::max(largest, std::abs(v));
    double sum = 0;
    for (const double v : inner->data) sum += largest > 0 ? (v / largest) * (v / largest) : 0.0;
    inner = Array(largest * std::sqrt(sum));
  }
  for (auto& v : inner->data) v *= c;
  return inner;
}

// (sum c*r^2)^e where the squares leave the range of numbers: with the largest root taken out. Nothing where
// a term is no square.
std::optional<Array> Evaluator::scaled_power(const Node& sum, double exponent) const {
  std::vector<Array> roots;  // of one entry: the same for all
  for (const auto& t : sum.terms) {
    auto r = t.coefficient.is_negative() ? std::nullopt : root(t.expr);
    if (!r) return std::nullopt;
    for (auto& v : r->data) v *= std::sqrt(t.coefficient.value());
    roots.push_back(std::move(*r));
  }
  std::vector<std::int64_t> shape;
  for (const auto& s : sum.shape) shape.push_back(size(s));
  Array r(shape);
  for (std::size_t k = 0; k < r.data.size(); ++k) {
    const auto at = [k](const Array& a) { return std::abs(a.data[a.data.size() == 1 ? 0 : k]); };
    double largest = 0;
    for (const auto& a : roots) largest = std::max(largest, at(a));
    double rest = 0;
    for (const auto& a : roots) rest += largest > 0 ? (at(a) / largest) * (at(a) / largest) : 0.0;
    r.data[k] = std::pow(largest, 2 * exponent) * (largest > 0 ? std::pow(rest, exponent) : 1.0);
  }
  return r;
}

Array Evaluator::compute(Expr expr) {
  const Node& n = *expr;
  switch (n.kind) {
    case Kind::Variable: {
      const auto at = point_.values.find(&n);
      if (at == point_.values.end()) throw NumericalError("no value is given for " + n.name());
      return at->second;
    }
    case Kind::Extent:
      return Array(static_cast<double>(size(n.extent)));
    case Kind::Product:
      return product(n);
    case Kind::Sum: {
      Array r = done_.at(n.terms[0].expr.get());
      const double c = n.terms[0].coefficient.value();
      for (auto& v : r.data) v *= c;
      for (std::size_t t = 1; t < n.terms.size(); ++t) {
        const auto& other = done_.at(n.terms[t].expr.get()).data;
        const double d = n.terms[t].coefficient.value();
        for (std::size_t k = 0; k < r.data.size(); ++k) r.data[k] += d * other[k];
      }
      return r;
    }
    case Kind::Power: {
      Array r = done_.at(n.operands[0].get());
      const double e = done_.at(n.operands[1].get()).data[0];
      constexpr double kSmall = 1e-280;
      const bool beyond = std::any_of(r.data.begin(), r.data.end(),
                                      [](double v) { return std::abs(v) < kSmall || std::isinf(v); });
      if (beyond && n.operands[0]->kind == Kind::Sum && e != std::floor(e)) {
        if (auto scaled = scaled_power(*n.operands[0], e)) return *scaled;
      }
      for (auto& v : r.data) {
        v = e == 2      ? v * v
            : e == -1   ? 1 / v
            : e == 0.5  ? std::sqrt(v)
            : e == -0.5 ? 1 / std::sqrt(v)
                        : std::pow(v, e);
      }
      return r;
    }
    case Kind::Apply: {
      std::vector<const Array*> operands;
      for (const auto& o : n.operands) operands.push_back(&done_.at(o.get()));
      return apply_operation(n, operands, point_.sizes);
    }
  }
  throw NumericalError("unknown node");
}

}  // namespace adjoint

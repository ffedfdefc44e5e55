// The normal form of base.^exponent.
#include <algorithm>
#include <map>
#include <numeric>

#include "graph/graph.hpp"

namespace adjoint {
namespace {

// number^exponent as a number, where that is exact.
const Expr kNone;

Expr number_power(Graph& g, const Rational& base, const Rational& exponent) {
  if (base.is_one()) return g.number(1);
  if (exponent.is_integer()) {
    if (base.is_zero() && !(Rational(0) < exponent)) return kNone;
    return g.number(base.power(exponent.numerator()));
  }
  if (base.is_zero()) return Rational(0) < exponent ? g.number(0) : kNone;
  if (!base.exact() || !exponent.exact() || base.is_negative()) return kNone;
  if (const auto root = base.root(exponent.denominator())) return g.number(root->power(exponent.numerator()));
  return kNone;
}

// (x*y).^e = x.^e .* y.^e for integer e, and for any e over the positive factors. Over one that may be 0 it
// is where the rest is not negative, or e is: sqrt(x^2*y) is 0 at x = 0 whatever y is. Factors that are tied
// together by summed axes stay together.
Expr product_power(Expr base, Expr exponent) {
  const Node& n = *base;
  Graph& g = *n.graph;
  const Rational* number = as_number(exponent);
  const bool integer = number != nullptr && number->is_integer();
  const auto label_count = n.label_sizes.size();
  std::vector<bool> is_output(label_count, false);
  for (const auto l : n.output) is_output[static_cast<std::size_t>(l)] = true;
  std::vector<std::size_t> group(n.factors.size());
  std::iota(group.begin(), group.end(), std::size_t{0});
  const auto root = [&group](std::size_t k) {
    while (group[k] != k) k = group[k];
    return k;
  };
  std::map<Label, std::size_t> first;
  for (std::size_t k = 0; k < n.factors.size(); ++k) {
    for (const auto l : n.factors[k].labels) {
      if (is_output[static_cast<std::size_t>(l)]) continue;
      const auto [at, fresh] = first.emplace(l, k);
      if (!fresh) group[root(k)] = root(at->second);
    }
  }
  std::map<std::size_t, std::vector<Factor>> parts;
  for (std::size_t k = 0; k < n.factors.size(); ++k) parts[root(k)].push_back(n.factors[k]);

  struct Part {
    Expr expr;
    Labels outer;
    std::vector<Factor> members;
  };
  std::vector<Part> separate;
  for (auto& [key, members] : parts) {
    Labels outer;
    for (const auto& f : members) {
      for (const auto l : f.labels) {
        if (is_output[static_cast<std::size_t>(l)] &&
            std::find(outer.begin(), outer.end(), l) == outer.end()) {
          outer.push_back(l);
        }
      }
    }
    separate.push_back({g.product(1, members, outer, n.label_sizes), outer, members});
  }
  const bool none_negative = std::all_of(separate.begin(), separate.end(),
                                         [](const Part& p) { return p.expr->facts.signs.is_nonnegative(); });
  const bool negative = n.coefficient.is_negative();
  const bool zeros_part = none_negative ? !negative : exponent->facts.signs.is_negative();

  std::vector<Factor> result;    // over the labels of n
  std::vector<Factor> together;  // what stays under one power
  std::vector<Factor> inner;
  for (const auto& [part, outer, members] : separate) {
    const Signs signs = part->facts.signs;
    if (integer || signs.is_positive() || (zeros_part && signs.is_nonnegative())) {
      if (separate.size() == 1 && part->kind == Kind::Product) {
        inner.push_back({part, outer});  // a contraction: opaque
        result.push_back({Expr(), outer});
      } else {
        result.push_back({g.power(part, exponent), outer});
      }
    } else {
      together.insert(together.end(), members.begin(), members.end());
    }
  }
  if (!inner.empty()) result.clear();

  // The coefficient comes out where its power is a number.
  Rational outside(1);
  Rational inside = n.coefficient;
  if (number != nullptr && !n.coefficient.is_one()) {
    const Rational magnitude = n.coefficient.absolute();
    if (integer) {
      if (const Expr c = number_power(g, n.coefficient, *number)) {
        outside = *as_number(c);
        inside = 1;
      }
    } else if (const Expr c = number_power(g, magnitude, *number)) {
      outside = *as_number(c);
      inside = n.coefficient.is_negative() ? -1 : 1;
    }
  }
  const auto opaque = [&](const Rational& c, const std::vector<Factor>& factors, Labels& outer) {
    for (const auto& f : factors) {
      for (const auto l : f.labels) {
        if (is_output[static_cast<std::size_t>(l)] &&
            std::find(outer.begin(), outer.end(), l) == outer.end()) {
          outer.push_back(l);
        }
      }
    }
    return g.product(c, factors, outer, n.label_sizes);
  };
  if (!inner.empty() || !together.empty() || !inside.is_one()) {
    Labels outer;
    const Expr rest = opaque(inside, inner.empty() ? together : n.factors, outer);
    if (rest == base ||
        (rest->kind == Kind::Product && rest.shape() == n.shape && result.empty() && outside.is_one())) {
      return kNone;
    }
    result.push_back({g.power(rest, exponent), outer});
  }
  for (const auto l : n.output) {
    if (std::count(n.output.begin(), n.output.end(), l) != 1) return kNone;  // zeros off the diagonal
  }
  return g.product(outside, std::move(result), n.output, n.label_sizes);
}

}  // namespace

Expr Graph::power(Expr base, Expr exponent) {
  if (exponent.rank() != 0) throw ShapeError("an exponent must be a scalar");
  const Rational* e = as_number(exponent);
  const Node& b = *base;
  if (e != nullptr) {
    if (e->is_zero()) return ones(b.shape);
    if (e->is_one()) return base;
    if (const Rational* number = as_number(base)) {
      if (const Expr value = number_power(*this, *number, *e)) return value;
    }
  }
  if (b.kind == Kind::Power) {
    const Rational* inner = as_number(b.operands[1]);
    const bool integer = e != nullptr && e->is_integer();
    const bool even = inner != nullptr && inner->is_even();
    if (integer || b.operands[0]->facts.signs.is_nonnegative() ||
        (inner != nullptr && inner->exact() && !even && inner->denominator() % 2 == 0)) {
      return power(b.operands[0], times(b.operands[1], exponent));
    }
  }
  if (b.kind == Kind::Product && !b.coefficient.is_zero() && as_number(base) == nullptr) {
    if (const Expr opened = product_power(base, exponent)) return opened;
  }
  if (b.kind == Kind::Sum && e != nullptr && e->is_integer() && b.terms[0].coefficient.is_negative()) {
    const Expr flipped = -base;  // of many terms it may stay a product, which would come back here
    if (flipped->kind == Kind::Sum) {
      const Expr raised = power(flipped, exponent);
      return e->is_even() ? raised : -raised;
    }
  }
  if (b.kind == Kind::Apply && b.op->power != nullptr) {
    if (const Expr simpler = b.op->power(b, exponent)) return simpler;
  }
  Node n;
  n.kind = Kind::Power;
  n.operands = {base, exponent};
  n.shape = b.shape;
  return intern(std::move(n));
}

}  // namespace adjoint

#include "calculus/linear.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "ops/elementwise.hpp"
#include "ops/record.hpp"

namespace adjoint {
namespace {

// Extends `labels` by one label for each further axis of `expr` behind the first `rank` ones.
Labels with_further(Labels labels, Expr expr, std::size_t rank, std::vector<Size>& sizes, Labels& further) {
  for (std::size_t k = rank; k < expr.shape().size(); ++k) {
    const auto l = static_cast<Label>(sizes.size());
    sizes.push_back(expr.shape()[k]);
    labels.push_back(l);
    further.push_back(l);
  }
  return labels;
}

Labels joined(Labels a, const Labels& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The product rule: each occurrence of the operand in turn gives way to the tangent.
Expr linearise_product(const Node& y, Expr operand, Expr tangent) {
  Graph& g = *y.graph;
  std::vector<Term> terms;
  for (std::size_t k = 0; k < y.factors.size(); ++k) {
    if (!(y.factors[k].expr == operand)) continue;
    auto factors = y.factors;
    auto sizes = y.label_sizes;
    Labels further;
    factors[k] = {tangent,
                  with_further(y.factors[k].labels, tangent, y.factors[k].labels.size(), sizes, further)};
    terms.push_back(
        {1, g.product(y.coefficient, std::move(factors), joined(y.output, further), std::move(sizes))});
  }
  return g.sum(terms);
}

// d(b.^e) = e*b.^(e-1) db + b.^e.*log(b) de
Expr linearise_power(const Node& y, int operand, Expr tangent) {
  Graph& g = *y.graph;
  const Expr base = y.operands[0];
  const Expr exponent = y.operands[1];
  Expr factor;
  if (operand == 0) {
    factor = times(exponent, g.power(base, exponent - g.number(1)));
  } else {
    factor = times(Expr(&y), log(base));
  }
  const Axes i = g.axes(factor);
  Axes j;
  if (operand == 0) j = i;
  for (std::size_t k = j.size(); k < tangent.shape().size(); ++k) j.push_back(g.axis(tangent.shape()[k]));
  Axes out = i;
  out.insert(out.end(), j.begin() + (operand == 0 ? static_cast<std::ptrdiff_t>(i.size()) : 0), j.end());
  return g.product(1, {{factor, i}, {tangent, j}}, out);
}

class Adjoint {
 public:
  explicit Adjoint(Expr tangent) : tangent_(tangent) {}

  Expr run(Expr linear, Expr cotangent) {
    const std::size_t rank = linear.shape().size();
    further_.assign(cotangent.shape().begin() + static_cast<std::ptrdiff_t>(rank), cotangent.shape().end());
    if (depends(linear)) add(linear, cotangent);
    while (!pending_.empty()) {  // users before operands
      const auto last = std::prev(pending_.end());
      const Expr node(last->second.first);
      const Expr w = node.graph().sum(last->second.second);
      pending_.erase(last);
      if (node == tangent_) return w;
      visit(*node, w);
    }
    Shape shape = tangent_.shape();
    shape.insert(shape.end(), further_.begin(), further_.end());
    return tangent_.graph().zeros(shape);
  }

 private:
  void add(Expr node, Expr cotangent, const Rational& c = 1) {
    auto& entry = pending_[node->id];
    entry.first = node.get();
    entry.second.push_back({c, cotangent});
  }

  bool depends(Expr e) {
    if (e == tangent_) return true;
    if (e->id <= tangent_->id) return false;
    const auto at = depends_.find(e.get());
    if (at != depends_.end()) return at->second;
    const bool found =
        std::any_of(e->operands.begin(), e->operands.end(), [this](Expr o) { return depends(o); });
    depends_.emplace(e.get(), found);
    return found;
  }

  void visit(const Node& y, Expr w) {
    switch (y.kind) {
      case Kind::Product:
        visit_product(y, w);
        return;
      case Kind::Sum:
        for (const auto& t : y.terms) {
          if (depends(t.expr)) add(t.expr, w, t.coefficient);
        }
        return;
      case Kind::Apply:
        for (std::size_t k = 0; k < y.operands.size(); ++k) {
          if (!depends(y.operands[k])) continue;
          const Record& record = record_of(y);
          if (!record.linear_in(static_cast<int>(k)) || record.transpose == nullptr) {
            throw CalculusError("internal: " + std::string(record.name) + " is not linear in its operand");
          }
          add(y.operands[k], record.transpose(y, static_cast<int>(k), w));
        }
        return;
      case Kind::Power:
      case Kind::Variable:
      case Kind::Extent:
        throw CalculusError("internal: a linear expression holds a node that is not linear");
    }
  }

  void visit_product(const Node& y, Expr w) {
    std::size_t at = y.factors.size();
    for (std::size_t k = 0; k < y.factors.size(); ++k) {
      if (!depends(y.factors[k].expr)) continue;
      if (at != y.factors.size()) throw CalculusError("internal: a product of two tangents is not linear");
      at = k;
    }
    auto factors = y.factors;
    auto sizes = y.label_sizes;
    Labels further;
    const Labels labels = with_further(y.output, w, y.output.size(), sizes, further);
    const Labels output = joined(y.factors[at].labels, further);
    factors[at] = {w, labels};
    add(y.factors[at].expr, y.graph->product(y.coefficient, std::move(factors), output, std::move(sizes)));
  }

  Expr tangent_;
  Shape further_;
  std::map<std::uint32_t, std::pair<const Node*, std::vector<Term>>> pending_;
  std::unordered_map<const Node*, bool> depends_;
};

}  // namespace

Expr linearise(const Node& y, int operand, Expr tangent) {
  const Expr moved = y.operands[static_cast<std::size_t>(operand)];
  switch (y.kind) {
    case Kind::Product:
      return linearise_product(y, moved, tangent);
    case Kind::Sum: {
      return y.terms[static_cast<std::size_t>(operand)].coefficient * tangent;
    }
    case Kind::Power:
      return linearise_power(y, operand, tangent);
    case Kind::Apply: {
      const Expr moves = record_of(y).linearise(y, operand, tangent);
      if (moves) return moves;
      Shape shape = y.shape;
      shape.insert(shape.end(), tangent.shape().begin() + static_cast<std::ptrdiff_t>(moved.shape().size()),
                   tangent.shape().end());
      return y.graph->zeros(shape);
    }
    case Kind::Variable:
    case Kind::Extent:
      break;
  }
  throw CalculusError("internal: a leaf has no operand");
}

Expr transpose(Expr linear, Expr tangent, Expr cotangent) { return Adjoint(tangent).run(linear, cotangent); }

}  // namespace adjoint

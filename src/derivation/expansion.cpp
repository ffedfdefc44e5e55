#include "derivation/expansion.hpp"

#include <map>

#include "calculus/linear.hpp"
#include "derivation/moves.hpp"

namespace adjoint::derivation {

namespace {

using Orders = std::vector<Expr>;  // null where there is no term of that order

class Expander {
 public:
  Expander(Scribe& scribe, int most) : s(scribe), most_(most) {}

  std::optional<Orders> run(Expr root) {
    for (const auto& e : topological(std::span(&root, 1))) {
      if (!is_polynomial(s, e)) return std::nullopt;
      Orders o = of(e);
      if (static_cast<int>(o.size()) > most_ + 1) return std::nullopt;
      done_[e.get()] = std::move(o);
    }
    return done_.at(root.get());
  }

 private:
  Orders of(Expr e) {
    if (!s.moves(e)) return {e};
    if (e == s.x) return {s.x, s.dx};
    switch (e->kind) {
      case adjoint::Kind::Sum:
        return of_sum(e);
      case adjoint::Kind::Product:
        return of_product(e);
      case adjoint::Kind::Power:
        return of_power(e);
      default:
        return of_linear(e);
    }
  }

  Orders of_sum(Expr e) {
    std::vector<std::vector<Term>> terms(1);
    for (const auto& t : e->terms) {
      const Orders& o = done_.at(t.expr.get());
      if (terms.size() < o.size()) terms.resize(o.size());
      for (std::size_t k = 0; k < o.size(); ++k) {
        if (o[k]) terms[k].push_back({t.coefficient, o[k]});
      }
    }
    Orders result;
    for (const auto& t : terms) result.push_back(t.empty() ? Expr() : s.graph().sum(t));
    result[0] = e;
    return result;
  }

  Orders of_product(Expr e) {
    std::vector<std::vector<Term>> terms(1);
    std::vector<Factor> chosen = e->factors;
    choose(e, 0, 0, chosen, terms);
    Orders result;
    for (const auto& t : terms) result.push_back(t.empty() ? Expr() : s.graph().sum(t));
    result[0] = e;
    return result;
  }

  void choose(Expr e, std::size_t k, std::size_t order, std::vector<Factor>& chosen,
              std::vector<std::vector<Term>>& terms) {
    if (order > static_cast<std::size_t>(most_) + 1) return;  // too many orders anyway
    if (k == e->factors.size()) {
      if (terms.size() <= order) terms.resize(order + 1);
      terms[order].push_back({1, s.graph().product(e->coefficient, chosen, e->output, e->label_sizes)});
      return;
    }
    const Orders& o = done_.at(e->factors[k].expr.get());
    for (std::size_t j = 0; j < o.size(); ++j) {
      if (!o[j]) continue;
      chosen[k].expr = o[j];
      choose(e, k + 1, order + j, chosen, terms);
    }
    chosen[k].expr = e->factors[k].expr;
  }

  Orders of_power(Expr e) {
    const auto exponent = as_number(e->operands.back())->numerator();
    const Orders& base = done_.at(e->operands[0].get());
    Orders result{s.graph().ones(e.shape())};
    for (int k = 0; k < exponent && static_cast<int>(result.size()) <= most_ + 1; ++k) {
      result = multiply(result, base);
    }
    result[0] = e;
    return result;
  }

  Orders multiply(const Orders& a, const Orders& b) {
    std::vector<std::vector<Term>> terms(a.size() + b.size() - 1);
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = 0; j < b.size(); ++j) {
        if (a[i] && b[j]) terms[i + j].push_back({1, times(a[i], b[j])});
      }
    }
    Orders result;
    for (const auto& t : terms) result.push_back(t.empty() ? Expr() : s.graph().sum(t));
    return result;
  }

  Orders of_linear(Expr e) {
    std::vector<std::vector<Term>> terms(1);
    for (const auto k : active_operands(s, e)) {
      const Orders& o = done_.at(e->operands[k].get());
      if (terms.size() < o.size()) terms.resize(o.size());
      for (std::size_t j = 1; j < o.size(); ++j) {
        if (o[j]) terms[j].push_back({1, linearise(*e, static_cast<int>(k), o[j])});
      }
    }
    Orders result{e};
    for (std::size_t j = 1; j < terms.size(); ++j) {
      result.push_back(terms[j].empty() ? Expr() : s.graph().sum(terms[j]));
    }
    return result;
  }

  Scribe& s;
  int most_;
  std::map<const Node*, Orders> done_;
};

}  // namespace

std::optional<std::vector<Expr>> orders(Scribe& s, Expr v, int most) { return Expander(s, most).run(v); }

}  // namespace adjoint::derivation

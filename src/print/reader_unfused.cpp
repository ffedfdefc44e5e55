// A vector that is entrywise in vecs of matrices, as a matrix: reshape(vec(X).*vec(Y), n, p) = X.*Y.
#include <algorithm>

#include "ops/abstract.hpp"
#include "ops/record.hpp"
#include "ops/support.hpp"
#include "print/reader_state.hpp"

namespace adjoint {

Expr unfused(Expr e, const Size& first, const Size& second) {
  Graph& g = e.graph();
  const Node& n = *e;
  if (n.rank() == 0) return e;
  if (n.rank() != 1) return {};
  const auto all = [&](const std::vector<Expr>& operands) {
    std::vector<Expr> matrices;
    for (const auto& o : operands) {
      matrices.push_back(unfused(o, first, second));
      if (!matrices.back()) return std::vector<Expr>{};
    }
    return matrices;
  };
  switch (n.kind) {
    case Kind::Sum: {
      std::vector<Term> terms;
      for (const auto& t : n.terms) {
        terms.push_back({t.coefficient, unfused(t.expr, first, second)});
        if (!terms.back().expr) return {};
      }
      return g.sum(terms);
    }
    case Kind::Power: {
      const Expr base = unfused(n.operands[0], first, second);
      return base ? g.power(base, n.operands[1]) : Expr();
    }
    case Kind::Product: {
      const Label l = n.output[0];
      std::vector<Factor> factors;
      for (const auto& f : n.factors) {
        if (std::find(f.labels.begin(), f.labels.end(), l) == f.labels.end()) {
          if (!f.labels.empty()) return {};
          factors.push_back(f);
          continue;
        }
        const Expr m = f.labels.size() == 1 ? unfused(f.expr, first, second) : Expr();
        if (!m) return {};
        factors.push_back({m, {0, 1}});
      }
      return g.product(n.coefficient, std::move(factors), {0, 1}, {first, second});
    }
    case Kind::Apply: {
      if (n.op->name == "fuse") {
        const Expr x = n.operands[0];
        return x.rank() == 2 && x.shape()[0] == first && x.shape()[1] == second ? x : Expr();
      }
      if (record_of(n).reading.value != Reading::Entrywise && n.op->name != "abstract_entrywise") return {};
      const auto operands = all(n.operands);
      return operands.empty() ? Expr() : g.apply(*n.op, operands, n.attributes);
    }
    case Kind::Variable:
    case Kind::Extent:
      break;
  }
  return {};
}

}  // namespace adjoint

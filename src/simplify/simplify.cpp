#include "simplify/simplify.hpp"

#include <algorithm>
#include <unordered_map>

#include "ops/record.hpp"
#include "simplify/coincidence.hpp"
#include "simplify/display.hpp"
#include "simplify/fractions.hpp"
#include "simplify/fused.hpp"
#include "simplify/joins.hpp"
#include "simplify/match.hpp"
#include "simplify/rules.hpp"
#include "simplify/rules_exponentials.hpp"
#include "simplify/summed.hpp"

namespace adjoint {
namespace {

constexpr int kMostRewrites = 64;  // of one node; rules shorten, so this is never reached

// What must be there for a rule to have a chance: cheap to test before matching.
struct Signature {
  Kind kind;
  const Operation* op;
  std::vector<const Operation*> operand_ops;
  bool needs_power = false;

  explicit Signature(Expr pattern) : kind(pattern->kind), op(pattern->op) {
    for (const auto& o : pattern->operands) {
      if (o->kind == Kind::Apply) operand_ops.push_back(o->op);
      if (o->kind == Kind::Power) needs_power = true;
    }
  }
  [[nodiscard]] bool may_match(const Node& n) const {
    if (n.kind != kind || n.op != op) return false;
    const auto has = [&n](const auto& test) {
      return std::any_of(n.operands.begin(), n.operands.end(), test);
    };
    if (needs_power && !has([](Expr o) { return o->kind == Kind::Power; })) return false;
    return std::all_of(operand_ops.begin(), operand_ops.end(), [&has](const Operation* wanted) {
      return has([wanted](Expr o) { return o->op == wanted; });
    });
  }
};

const std::vector<Signature>& signatures() {
  static const std::vector<Signature> all = [] {
    std::vector<Signature> list;
    for (const auto& r : rules()) list.emplace_back(r.pattern);
    return list;
  }();
  return all;
}

class Simplifier {
 public:
  Simplifier(std::vector<Step>* steps, bool display) : steps_(steps), display_(display) {}

  Expr run(Expr root) {
    for (const auto& e : topological(std::span(&root, 1), done_)) {
      if (done_.contains(e.get())) continue;  // met on the way
      std::vector<Expr> operands;
      for (const auto& o : e->operands) operands.push_back(done_.at(o.get()));
      const Expr result = settle(rebuild(e, operands));
      done_[e.get()] = result;
      done_[result.get()] = result;
    }
    return done_.at(root.get());
  }

 private:
  Expr settle(Expr e) {
    if (const auto at = done_.find(e.get()); at != done_.end()) return at->second;
    for (int k = 0; k < kMostRewrites; ++k) {
      const Expr next = rewrite_once(e);
      if (!next || next == e) return e;
      if (++depth_ > kMostRewrites) {
        --depth_;
        return next;
      }
      const Expr result = run(next);  // the replacement holds new nodes
      --depth_;
      return result;
    }
    return e;
  }

  Expr rewrite_once(Expr e) {
    const auto all = rules();
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (all[k].display_only && !display_) continue;
      if (!signatures()[k].may_match(*e)) continue;
      Match found;
      if (!match(
              all[k].pattern, e, [](const Bindings&) { return true; }, found, all[k].whole))
        continue;
      const Expr next = found.wrap(instantiate(all[k].replacement, found.bindings, e.graph()));
      if (next == e) continue;
      if (steps_ != nullptr) steps_->push_back({all[k].name, e, next});
      return next;
    }
    if (const Expr opened = open_fused_axes(e)) return opened;
    if (const Expr closed = close_fused_axes(e)) return closed;
    if (const Expr lifted = lift_fused_axes(e)) return lifted;
    if (const Expr opened = open_kronecker(e)) return opened;
    if (const Expr whole = display_ ? join_coincidence(e) : Expr()) return whole;
    if (const Expr merged = merge_choices(e)) return merged;
    if (const Expr merged = merge_joins(e)) return merged;
    if (const Expr collected = collect_contractions(e)) return collected;
    if (const Expr shrunk = shrink_joined_axes(e)) return shrunk;
    if (const Expr opened = open_diagonals(e)) return opened;
    if (const Expr collected = collect_exponentials(e)) return collected;
    if (const Expr projected = project_residual(e)) return projected;
    return cancel_summed_terms(e);
  }

  // H*(y - H*y) = 0 for a projection H: a product with a sum in which a matrix function of it occurs again,
  // term by term, where that leaves fewer terms.
  Expr project_residual(Expr e) {
    constexpr std::size_t kMostTerms = 3;
    const Node& n = *e;
    if (n.kind != Kind::Product) return {};
    const auto is_function = [](Expr x) {
      return x->kind == Kind::Apply && x.rank() == 2 &&
             record_of(*x).lowering.value.by == Lowering::By::Routine;
    };
    for (std::size_t k = 0; k < n.factors.size(); ++k) {
      const Expr sum = n.factors[k].expr;
      if (sum->kind != Kind::Sum || sum->terms.size() > kMostTerms) continue;
      const auto again = [&](const Factor& f) {
        if (!is_function(f.expr)) return false;
        return std::any_of(sum->terms.begin(), sum->terms.end(), [&f](const Term& t) {
          const auto& operands = t.expr->operands;
          return std::find(operands.begin(), operands.end(), f.expr) != operands.end();
        });
      };
      if (std::none_of(n.factors.begin(), n.factors.end(), again)) continue;
      std::vector<Term> terms;
      for (const auto& t : sum->terms) {
        auto factors = n.factors;
        factors[k].expr = t.expr;
        terms.push_back({t.coefficient,
                         run(n.graph->product(n.coefficient, std::move(factors), n.output, n.label_sizes))});
      }
      const Expr opened = n.graph->sum(terms);
      const std::size_t left = is_zero(opened) ? 0 : opened->kind == Kind::Sum ? opened->terms.size() : 1;
      if (left < sum->terms.size()) return opened;
    }
    return {};
  }

  std::vector<Step>* steps_;
  bool display_;
  std::unordered_map<const Node*, Expr> done_;
  int depth_ = 0;
};

}  // namespace

Expr simplify(Expr expr, std::vector<Step>* steps) { return Simplifier(steps, false).run(expr); }

Expr displayed(Expr expr) { return Simplifier(nullptr, true).run(expr); }

Expr expanded(Expr expr) {
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : topological(std::span(&expr, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    Expr made = rebuild(e, operands);
    if (made->kind == Kind::Apply && record_of(*made).expand.value != nullptr)
      made = record_of(*made).expand(*made);
    done.emplace(e.get(), made);
  }
  return Simplifier(nullptr, true).run(done.at(expr.get()));
}

}  // namespace adjoint

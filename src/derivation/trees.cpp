// Small trees of derivations.
#include <algorithm>

#include "derivation/scribe.hpp"
#include "print/text.hpp"
#include "syntax/build.hpp"
#include "syntax/tree.hpp"

namespace adjoint::derivation {

using syntax::Ast;
using syntax::Type;

namespace {

using Names = std::set<std::string>;

bool is_product(const Ast& tree) { return tree->kind == syntax::Kind::Binary && tree->text == "*"; }

bool is_tangent(const Ast& tree, const Names& directions) {
  return (tree->kind == syntax::Kind::Call && tree->text == "d") ||
         (tree->kind == syntax::Kind::Name && directions.contains(tree->text));
}

bool holds_tangent(const Ast& tree, const Names& directions) {
  return is_tangent(tree, directions) || std::any_of(tree->args.begin(), tree->args.end(), [&](const Ast& a) {
           return holds_tangent(a, directions);
         });
}

Ast product_of(const std::vector<Ast>& factors) {
  Ast product;
  for (const auto& f : factors) product = product ? multiplied(product, f) : f;
  return product;
}

void flatten(const Ast& tree, std::vector<Ast>& factors) {
  if (is_product(tree)) {
    flatten(tree->args[0], factors);
    flatten(tree->args[1], factors);
  } else {
    factors.push_back(tree);
  }
}

// sum(u.*(M*v)) = u'*M*v; of matrices, what holds the tangent goes last.
Ast inner(const Ast& sum, const Names& directions) {
  const Ast& product = sum->args[0];
  if (product->kind != syntax::Kind::Binary || product->text != ".*" || !product->typed) return sum;
  Ast u = product->args[0];
  Ast v = product->args[1];
  const bool in_u = holds_tangent(u, directions);
  const bool in_v = holds_tangent(v, directions);
  if (!product->type.is_column()) {
    if (!in_u || in_v) return sum;
    return syntax::with_type(
        syntax::call("sum", {syntax::with_type(syntax::binary(".*", v, u), product->type)}), {});
  }
  if (!u->type.is_column() || !v->type.is_column()) return sum;
  if (in_u && in_v) return sum;
  if (in_u || (!in_v && is_product(u) && !is_product(v))) std::swap(u, v);
  if (!in_u && !in_v && !is_product(v)) return sum;
  return multiplied(turned(u), v);
}

// tr(A*dX*B) = tr(B*A*dX)
Ast cycled(const Ast& trace, const Names& directions) {
  std::vector<Ast> factors;
  flatten(trace->args[0], factors);
  std::vector<Ast> scalars;
  while (!factors.empty() && factors.front()->type.is_scalar()) {
    scalars.push_back(factors.front());
    factors.erase(factors.begin());
  }
  const auto holds = [&](const Ast& f) { return holds_tangent(f, directions); };
  if (factors.size() < 2 || std::count_if(factors.begin(), factors.end(), holds) != 1) return trace;
  if (!std::all_of(factors.begin(), factors.end(), [](const Ast& f) { return f->typed; })) return trace;
  const auto at = std::find_if(factors.begin(), factors.end(), holds);
  if (at + 1 == factors.end()) return trace;
  std::rotate(factors.begin(), at + 1, factors.end());
  scalars.insert(scalars.end(), factors.begin(), factors.end());
  return syntax::with_type(syntax::call("tr", {product_of(scalars)}), {});
}

// d(u)'*v = v'*d(u)
Ast mirrored(const Ast& tree, const Names& directions) {
  std::vector<Ast> factors;
  flatten(tree, factors);
  std::vector<Ast> scalars;
  while (!factors.empty() && factors.front()->type.is_scalar()) {
    scalars.push_back(factors.front());
    factors.erase(factors.begin());
  }
  if (factors.size() != 2 || factors[0]->kind != syntax::Kind::Transpose) return tree;
  if (!is_tangent(factors[0]->args[0], directions) || holds_tangent(factors[1], directions)) return tree;
  if (!factors[1]->type.is_column()) return tree;
  scalars.push_back(turned(factors[1]));
  scalars.push_back(factors[0]->args[0]);
  return product_of(scalars);
}

}  // namespace

Ast multiplied(const Ast& a, const Ast& b) {
  if (is_product(b)) return multiplied(multiplied(a, b->args[0]), b->args[1]);
  Type t{a->type.rows, b->type.columns, {}};
  if (a->type.is_scalar()) t = b->type;
  if (b->type.is_scalar()) t = a->type;
  return syntax::with_type(syntax::binary("*", a, b), t);
}

Ast as_written(const Ast& tree, const Names& directions) {
  if (tree->args.empty()) return tree;
  auto node = std::make_shared<syntax::Node>(*tree);
  bool changed = false;
  for (Ast& a : node->args) {
    const Ast written = as_written(a, directions);
    changed = changed || written != a;
    a = written;
  }
  Ast result = changed ? node : tree;
  const bool call = result->kind == syntax::Kind::Call && result->args.size() == 1;
  if (call && result->text == "sum") return inner(result, directions);
  if (call && result->text == "tr") return cycled(result, directions);
  if (is_product(result) && result->type.is_scalar() && result->typed) {
    if (changed && result->args[0]->type.is_scalar() && is_product(result->args[1])) {
      result = multiplied(result->args[0], result->args[1]);  // 2*(u'*v) where there was 2*sum(u.*v)
    }
    if (holds_tangent(result, directions)) return mirrored(result, directions);
  }
  return result;
}

Ast plus(const Ast& a, const Ast& b) {
  const Ast sum =
      b->kind == syntax::Kind::Negate ? syntax::binary("-", a, b->args[0]) : syntax::binary("+", a, b);
  return syntax::with_type(sum, a->type);
}

Ast turned(const Ast& a) {
  if (a->type.is_scalar()) return a;
  if (a->kind == syntax::Kind::Transpose) return a->args[0];
  return syntax::with_type(syntax::transpose(a), Type{a->type.columns, a->type.rows, {}});
}

Ast inner_product(const Ast& g, const Ast& d, const Type& t) {
  Ast tree;
  if (t.is_scalar()) {
    tree = syntax::binary("*", g, d);
  } else if (t.is_column()) {
    tree = syntax::binary("*", turned(g), d);
  } else if (t.is_row()) {
    tree = syntax::binary("*", g, turned(d));
  } else {
    const Ast product = syntax::binary("*", turned(g), d);
    tree = syntax::call("tr", {syntax::with_type(product, Type{t.columns, t.columns, {}})});
  }
  return syntax::with_type(tree, {});
}

Ast remainder(const Ast& h, const Type& t, Accuracy accuracy) {
  const Ast size = t.is_scalar() ? h : syntax::call("norm", {h});
  if (accuracy == Accuracy::FirstOrder)
    return syntax::call("o", {t.is_scalar() ? syntax::call("abs", {h}) : size});
  return syntax::call("O", {syntax::binary("^", size, syntax::number(2))});
}

std::string joined(const std::vector<std::string>& names) {
  std::vector<std::string> once;
  std::string text;
  for (const auto& n : names) {
    if (std::find(once.begin(), once.end(), n) != once.end()) continue;
    once.push_back(n);
    text += (text.empty() ? "" : ", ") + n;
  }
  return text;
}

std::string equation(const Ast& lhs, const Ast& rhs) {
  return lhs && rhs ? print::text(lhs) + " = " + print::text(rhs) : "";
}

}  // namespace adjoint::derivation

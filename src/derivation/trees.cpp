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

bool is_tangent(const Ast& tree, const std::string& direction) {
  return (tree->kind == syntax::Kind::Call && tree->text == "d") ||
         (tree->kind == syntax::Kind::Name && tree->text == direction);
}

bool holds_tangent(const Ast& tree, const std::string& direction) {
  return is_tangent(tree, direction) || std::any_of(tree->args.begin(), tree->args.end(), [&](const Ast& a) {
           return holds_tangent(a, direction);
         });
}

// a*(b*c) = (a*b)*c, as it is written without parentheses.
Ast multiplied(const Ast& a, const Ast& b, const Type& t) {
  if (b->kind == syntax::Kind::Binary && b->text == "*") {
    const Ast& inner = b->args[0];
    const Type left{a->type.rows, inner->type.columns, {}};
    return syntax::with_type(syntax::binary("*", multiplied(a, inner, left), b->args[1]), t);
  }
  return syntax::with_type(syntax::binary("*", a, b), t);
}

// sum(u.*v) with the tangent in v reads as u'*v, and d(u)'*v as v'*d(u).
Ast tidy(const Ast& tree, const std::string& direction) {
  if (tree->kind == syntax::Kind::Call && tree->text == "sum" && tree->args.size() == 1) {
    const Ast& product = tree->args[0];
    if (product->kind != syntax::Kind::Binary || product->text != ".*" || !product->type.is_column())
      return tree;
    Ast u = product->args[0];
    Ast v = product->args[1];
    if (holds_tangent(u, direction)) std::swap(u, v);
    if (holds_tangent(u, direction) || !holds_tangent(v, direction)) return tree;
    if (!u->type.is_column() || !v->type.is_column()) return tree;
    return multiplied(turned(u), v, {});
  }
  if (tree->kind == syntax::Kind::Binary && tree->text == "*" && tree->type.is_scalar()) {
    const Ast& last = tree->args[1];
    const Ast& first = tree->args[0];
    const bool scaled =
        first->kind == syntax::Kind::Binary && first->text == "*" && first->args[0]->type.is_scalar();
    const Ast row = scaled ? first->args[1] : first;
    if (row->kind != syntax::Kind::Transpose || !is_tangent(row->args[0], direction)) return tree;
    if (!last->type.is_column() || holds_tangent(last, direction)) return tree;
    const Ast u = turned(last);
    return multiplied(scaled ? multiplied(first->args[0], u, u->type) : u, row->args[0], {});
  }
  return tree;
}

}  // namespace

Ast tangents_last(const Ast& tree, const std::string& direction) {
  if (tree->args.empty() || !holds_tangent(tree, direction)) return tree;
  auto node = std::make_shared<syntax::Node>(*tree);
  for (Ast& a : node->args) a = tangents_last(a, direction);
  // a factor that became a product itself needs its neighbours on the left
  if (node->kind == syntax::Kind::Binary && node->text == "*" && node->args[1] != tree->args[1] &&
      node->args[0]->type.is_scalar() && node->args[1]->type.is_scalar()) {
    return tidy(multiplied(node->args[0], node->args[1], node->type), direction);
  }
  return tidy(node, direction);
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

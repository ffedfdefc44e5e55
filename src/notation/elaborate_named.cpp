// Elaboration in which every operation gets a name: the calculus graph as it was written.
#include <string_view>

#include "notation/elaborator.hpp"

namespace adjoint::notation {

std::optional<Expr> elaborate(const Typed& typed, Graph& graph, const Naming& naming, Diagnostics& errors) {
  return Elaborator(typed, graph, errors).run(naming);
}

std::optional<Expr> Elaborator::run(const Naming& naming) {
  find_named();
  return settle(&naming);
}

// Not named: factors of a longer product, whose order of multiplication is free, or of its trace or sum, and
// inverses that are multiplied.
void Elaborator::find_named() {
  using SyntaxKind = syntax::Kind;
  std::unordered_map<const Node*, int> uses;
  std::unordered_map<const Node*, const Node*> user;
  std::vector<Ast> differentiated;  // bodies of which a derivative is taken are one operation with it
  for (const auto& n : typed_.order) {
    const auto use = [&](const Ast& a) {
      ++uses[a.get()];
      user[a.get()] = n.get();
    };
    for (const auto& a : n->args) use(a);
    const Meaning& m = typed_.meaning(n);
    if (m.parameter) use(m.parameter);
    if (!m.body) continue;
    use(m.body);
    if (m.order > 0) differentiated.push_back(m.body);
  }
  const auto is_product = [](const Node& n) { return n.kind == SyntaxKind::Binary && n.text == "*"; };
  const auto takes_products = [&](const Node& n) {
    return is_product(n) ||
           (n.kind == SyntaxKind::Call && (n.text == "tr" || n.text == "sum") && n.args.size() == 1);
  };
  for (const auto& n : typed_.order) {
    const bool operation = n->kind == SyntaxKind::Binary || n->kind == SyntaxKind::Call ||
                           n->kind == SyntaxKind::IndexSum || n->kind == SyntaxKind::Block;
    const bool inverse = n->kind == SyntaxKind::Call && n->text == "inv";  // of a system that is solved
    bool inner = false;
    if (is_product(*n) || inverse) {
      const Node* at = n.get();
      const auto passes = [](const Node& u) {
        return u.kind == SyntaxKind::Transpose || u.kind == SyntaxKind::Negate;
      };
      while (uses[at] == 1 && passes(*user[at])) at = user[at];
      inner = uses[at] == 1 && (inverse ? is_product(*user[at]) : takes_products(*user[at]));
    }
    named_[n.get()] = operation && !inner;
  }
  while (!differentiated.empty()) {
    const Ast n = differentiated.back();
    differentiated.pop_back();
    if (!named_.contains(n.get())) continue;
    named_.erase(n.get());
    for (const auto& a : n->args) differentiated.push_back(a);
  }
}

}  // namespace adjoint::notation

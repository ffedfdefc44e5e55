#include "print/layout.hpp"

#include "print/layout_template.hpp"
#include "print/symbols.hpp"
#include "syntax/tree.hpp"

namespace adjoint::print {

namespace {

using syntax::Ast;
using syntax::Forms;
using K = syntax::Kind;
using B = Box::Kind;

bool known_scalar(const Ast& tree) {
  return tree->kind == K::Number || (tree->typed && tree->type.is_scalar());
}
bool known_array(const Ast& tree) { return tree->typed && !tree->type.is_scalar(); }

bool is_product(const Ast& tree) {
  return tree->kind == K::Binary &&
         (tree->text == "*" || tree->text == "/" || tree->text == ".*" || tree->text == "./");
}

/// The sign in front of a product: -A*B parses as (-A)*B and is written as -(A*B).
/// Returns the tree without it.
Ast without_sign(const Ast& tree, bool& negative) {
  if (tree->kind == K::Negate) {
    negative = !negative;
    return without_sign(tree->args[0], negative);
  }
  if (!is_product(tree)) return tree;
  Ast left = without_sign(tree->args[0], negative);
  if (left == tree->args[0]) return tree;
  auto node = std::make_shared<syntax::Node>(*tree);
  node->args[0] = std::move(left);
  return node;
}

class Layouter {
 public:
  explicit Layouter(const syntax::FormLookup& forms) : forms_(forms) {}

  Box box(const Ast& tree) {
    switch (tree->kind) {
      case K::Number:
        return number(tree->text);
      case K::Name:
        return name_box(tree->text);
      case K::Negate:
        return signed_box(tree);
      case K::Transpose:
        return superscript(box(tree->args[0]), leaf(B::Identifier, "\\top", "⊤"));
      case K::Binary:
        return binary(tree);
      case K::Compare:
        return relation(tree);
      case K::Call:
        return call(tree);
      case K::Index: {
        Box result = subscript(box(tree->args[0]), list(tree->args, 1));
        result.subscripts = true;
        return result;
      }
      case K::Colon:
        return leaf(B::Tight, ":", ":");
      case K::Range:
        return beside(Level::Let, at_least(box(tree->args[0]), Level::Sum), leaf(B::Tight, ":", ":"),
                      at_least(box(tree->args[1]), Level::Sum));
      case K::IndexSum:
        return index_sum(tree);
      case K::Block:
        return block(tree);
      case K::Row:
        return list(tree->args, 0);
      case K::Let:
        return let(tree);
    }
    return {};
  }

 private:
  static Box number(const std::string& text) {
    // 1.5e-3 is 1.5 · 10^{-3}.
    const auto e = text.find_first_of("eE");
    if (e == std::string::npos || text.starts_with('-')) return leaf(B::Number, text, text);
    std::string exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) exponent.erase(0, 1);
    Box power = exponent.starts_with('-') ? beside(Level::Sum, leaf(B::Tight, "-", "−"),
                                                   leaf(B::Number, exponent.substr(1), exponent.substr(1)))
                                          : leaf(B::Number, exponent, exponent);
    power = superscript(leaf(B::Number, "10", "10"), std::move(power));
    if (text.substr(0, e) == "1") return power;
    return product(leaf(B::Number, text.substr(0, e), text.substr(0, e)), std::move(power));
  }

  /// Boxes made inside a script, where fractions lie flat.
  template <class Make>
  Box small_box(Make make) {
    ++small_;
    Box result = make();
    --small_;
    return result;
  }

  Box list(const std::vector<Ast>& items, std::size_t from) {
    const bool scripts = from > 0;
    std::vector<Box> parts;
    for (std::size_t k = from; k < items.size(); ++k) {
      if (k > from) parts.push_back(leaf(B::Tight, ",", ","));
      parts.push_back(scripts ? small_box([&] { return box(items[k]); }) : box(items[k]));
    }
    return row(std::move(parts), Level::Let);
  }

  Box signed_box(const Ast& tree) {
    bool negative = false;
    const Ast core = without_sign(tree, negative);
    if (!negative) return box(core);
    return beside(Level::Sum, leaf(B::Tight, "-", "−"), at_least(box(core), Level::BigSum));
  }

  Box flat_or_fraction(const Ast& top, const Ast& bottom) {
    if (small_ == 0) return fraction(box(top), box(bottom));
    return row(
        {at_least(box(top), Level::Product), leaf(B::Tight, "/", "/"), at_least(box(bottom), Level::Power)},
        Level::Product);
  }

  Box binary(const Ast& tree) {
    const std::string& op = tree->text;
    const Ast& left = tree->args[0];
    const Ast& right = tree->args[1];
    if (op == "+" || op == "-") {
      return beside(Level::Sum, at_least(box(left), Level::Sum), operator_box(op, op == "+" ? "+" : "−"),
                    at_least(box(right), Level::BigSum));
    }
    if (op == "^" || op == ".^") return power(tree);
    bool negative = false;
    const Ast core = without_sign(tree, negative);
    if (core != tree) {
      if (!negative) return box(core);
      return signed_box(tree);
    }
    if (op == "\\") {
      Box inverse =
          superscript(box(left), beside(Level::Sum, leaf(B::Tight, "-", "−"), leaf(B::Number, "1", "1")));
      return print::product(std::move(inverse), at_least(box(right), Level::Power));
    }
    const bool by_scalar = known_scalar(left) || known_scalar(right);
    if (op == "/" || (op == "./" && known_scalar(right))) return flat_or_fraction(left, right);
    if (op == "*" || by_scalar) {
      if (op == "./") return entrywise(tree, "\\oslash", "⊘");
      // A scalar times a product needs no parentheses: 2(AB) is 2AB.
      const bool associative = known_scalar(left) && right->kind == K::Binary && right->text == "*";
      return print::product(at_least(box(left), Level::Product),
                            at_least(box(right), associative ? Level::Product : factor_level(right)));
    }
    return op == ".*" ? entrywise(tree, "\\odot", "⊙") : entrywise(tree, "\\oslash", "⊘");
  }

  /// A fraction needs no parentheses as a right factor.
  Level factor_level(const Ast& tree) const {
    const bool is_fraction = tree->kind == K::Binary && small_ == 0 &&
                             (tree->text == "/" || (tree->text == "./" && known_scalar(tree->args[1])));
    return is_fraction ? Level::Product : Level::Power;
  }

  Box entrywise(const Ast& tree, std::string_view latex, std::string_view glyph) {
    return beside(Level::Entrywise, at_least(box(tree->args[0]), Level::Entrywise),
                  operator_box(latex, glyph), at_least(box(tree->args[1]), Level::Product));
  }

  Box power(const Ast& tree) {
    const Ast& base = tree->args[0];
    Box exponent = small_box([&] { return box(tree->args[1]); });
    if (tree->text == ".^" && !known_scalar(base) && !(known_scalar(tree) && !known_array(base))) {
      exponent = beside(Level::Product, leaf(B::Identifier, "\\circ", "∘"),
                        at_least(std::move(exponent), Level::Power));
    }
    return superscript(box(base), std::move(exponent));
  }

  Box relation(const Ast& tree) {
    const std::string& op = tree->text;
    Box sign = op == "<="   ? operator_box("\\le", "≤")
               : op == ">=" ? operator_box("\\ge", "≥")
               : op == "==" ? operator_box("=", "=")
                            : operator_box(op, op);
    return row(
        {at_least(box(tree->args[0]), Level::Sum), std::move(sign), at_least(box(tree->args[1]), Level::Sum)},
        Level::Relation);
  }

  Box call(const Ast& tree) {
    const int arity = static_cast<int>(tree->args.size());
    const Forms* forms = forms_ ? forms_(tree->text, arity) : nullptr;
    if (forms != nullptr && !forms->latex.empty()) {
      return layout_template(forms->latex, arity, [&](int k, bool small) {
        const Ast& arg = tree->args[static_cast<std::size_t>(k - 1)];
        return small ? small_box([&] { return box(arg); }) : box(arg);
      });
    }
    Box head = forms != nullptr ? word(tree->text) : function_box(tree->text);
    return beside(Level::Atom, std::move(head), fenced(list(tree->args, 0)));
  }

  static Box word(const std::string& title) {
    const Symbol* symbol = find_symbol(title);
    const bool known = symbol != nullptr && symbol->kind == Symbol::Class::Function;
    return leaf(B::Word, known ? "\\" + title : "\\operatorname{" + title + "}", title);
  }

  Box index_sum(const Ast& tree) {
    Box sum;
    sum.kind = B::BigSum;
    sum.level = Level::BigSum;
    sum.parts.push_back(
        beside(Level::Relation, name_box(tree->text), operator_box("=", "="), box(tree->args[0])));
    sum.parts.push_back(box(tree->args[1]));
    return beside(Level::BigSum, std::move(sum), at_least(box(tree->args[2]), Level::BigSum));
  }

  Box block(const Ast& tree) {
    if (tree->args.empty() || tree->args[0]->args.empty()) return fenced(Box{}, "[", "]");
    Box table;
    table.kind = B::Table;
    table.open = "[";
    table.close = "]";
    for (const Ast& line : tree->args) {
      Box cells;
      for (const Ast& entry : line->args) cells.parts.push_back(box(entry));
      table.parts.push_back(std::move(cells));
    }
    return table;
  }

  Box let(const Ast& tree) {
    std::vector<Box> parts;
    parts.push_back(box(tree->args[0]));
    for (std::size_t k = 0; k < tree->names.size(); ++k) {
      parts.push_back(k == 0 ? leaf(B::Text, "\\quad\\text{where }", " where ")
                             : leaf(B::Tight, ",\\;", ", "));
      parts.push_back(name_box(tree->names[k]));
      parts.push_back(operator_box("=", "="));
      parts.push_back(box(tree->args[k + 1]));
    }
    return row(std::move(parts), Level::Let);
  }

  const syntax::FormLookup& forms_;
  int small_ = 0;
};

}  // namespace

Box layout(const syntax::Ast& tree, const syntax::FormLookup& forms) {
  return Layouter(forms).box(syntax::bounded(tree));
}

Box layout(const syntax::Map& map, const syntax::FormLookup& forms) {
  return beside(Level::Relation, name_box(map.argument), operator_box("\\mapsto", "↦"),
                layout(map.body, forms));
}

}  // namespace adjoint::print

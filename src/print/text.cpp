#include "print/text.hpp"

#include <cstdint>

#include "syntax/tree.hpp"

namespace adjoint::print {

namespace {

using syntax::Ast;
using syntax::Kind;

/// How tightly a tree binds in the notation, loosest first.
enum class Level : std::uint8_t { Let, Compare, Sum, Product, Unary, Postfix, Atom, Never };

bool is_power(const std::string& op) { return op == "^" || op == ".^"; }

Level level_of(const Ast& tree) {
  switch (tree->kind) {
    case Kind::Let:
      return Level::Let;
    case Kind::Compare:
      return Level::Compare;
    case Kind::Range:
      return Level::Let;
    case Kind::Negate:
      return Level::Unary;
    case Kind::Transpose:
      return Level::Postfix;
    case Kind::Binary:
      if (tree->text == "+" || tree->text == "-") return Level::Sum;
      return is_power(tree->text) ? Level::Postfix : Level::Product;
    case Kind::Number:
      if (tree->text.starts_with('-')) return Level::Unary;
      return tree->text.find('/') == std::string::npos ? Level::Atom : Level::Product;
    default:
      return Level::Atom;
  }
}

class Writer {
 public:
  std::string out;

  void write(const Ast& tree) {
    switch (tree->kind) {
      case Kind::Number:
        out += tree->text;
        if (tree->text.ends_with('.')) out += '0';  // 2. followed by * would read as the operator .*
        return;
      case Kind::Name:
        out += tree->text;
        return;
      case Kind::Negate:
        // -a*b reads as (-a)*b, which is -(a*b).
        out += '-';
        operand(tree->args[0], tree->args[0]->kind == Kind::Negate ? Level::Postfix : Level::Product);
        return;
      case Kind::Transpose:
        // X^2' is (X^2)' in MATLAB; nobody should have to know.
        operand(tree->args[0], tree->args[0]->kind == Kind::Binary ? Level::Never : Level::Postfix);
        out += '\'';
        return;
      case Kind::Binary:
        binary(tree);
        return;
      case Kind::Compare:
        operand(tree->args[0], Level::Sum);
        out += tree->text;
        operand(tree->args[1], Level::Sum);
        return;
      case Kind::Call:
        out += tree->text;
        list(tree->args, 0, "(", ",", ")");
        return;
      case Kind::Index:
        operand(tree->args[0], tree->args[0]->kind == Kind::Number ? Level::Never : Level::Atom);
        list(tree->args, 1, "[", ",", "]");
        return;
      case Kind::Colon:
        out += ':';
        return;
      case Kind::Range:
        operand(tree->args[0], Level::Sum);
        out += ':';
        operand(tree->args[1], Level::Sum);
        return;
      case Kind::IndexSum:
        out += "sum(" + tree->text + '=';
        operand(tree->args[0], Level::Sum);
        out += ':';
        operand(tree->args[1], Level::Sum);
        out += ", ";
        operand(tree->args[2], Level::Compare);
        out += ')';
        return;
      case Kind::Block:
        list(tree->args, 0, "[", "; ", "]");
        return;
      case Kind::Row:
        list(tree->args, 0, "", ", ", "");
        return;
      case Kind::Let:
        operand(tree->args[0], Level::Compare);
        for (std::size_t k = 0; k < tree->names.size(); ++k) {
          out += (k == 0 ? " where " : ", ") + tree->names[k] + " = ";
          operand(tree->args[k + 1], Level::Compare);
        }
        return;
    }
  }

 private:
  void operand(const Ast& tree, Level least) {
    if (level_of(tree) >= least) return write(tree);
    out += '(';
    write(tree);
    out += ')';
  }

  void list(const std::vector<Ast>& items, std::size_t from, const char* open, const char* separator,
            const char* close) {
    out += open;
    for (std::size_t k = from; k < items.size(); ++k) {
      if (k > from) out += separator;
      if (items[k]->kind == Kind::Let) {
        operand(items[k], Level::Compare);
      } else {
        write(items[k]);
      }
    }
    out += close;
  }

  void binary(const Ast& tree) {
    const Ast& left = tree->args[0];
    const Ast& right = tree->args[1];
    if (is_power(tree->text)) {
      operand(left, Level::Postfix);
      out += tree->text;
      const bool named_t = tree->text == "^" && right->kind == Kind::Name && right->text == "T";
      const bool negative_number = right->kind == Kind::Negate && right->args[0]->kind == Kind::Number;
      const bool bare = level_of(right) == Level::Atom && right->kind != Kind::Index && !named_t;
      operand(right, bare || negative_number ? Level::Let : Level::Never);
      return;
    }
    const Level level = level_of(tree);
    operand(left, level);
    out += tree->text;
    if (right->kind == Kind::Negate) {
      operand(right, Level::Atom);
    } else {
      operand(right, level == Level::Sum ? Level::Product : Level::Postfix);
    }
  }
};

}  // namespace

std::string text(const syntax::Ast& tree) {
  Writer writer;
  writer.write(syntax::bounded(tree));
  return std::move(writer.out);
}

std::string text(const syntax::Map& map) { return map.argument + " -> " + text(map.body); }

}  // namespace adjoint::print

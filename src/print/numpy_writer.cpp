#include "print/numpy_writer.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <stdexcept>

#include "print/numpy.hpp"
#include "print/text.hpp"
#include "syntax/build.hpp"
#include "syntax/tree.hpp"

namespace adjoint::print {

using syntax::Ast;
using syntax::Type;
using K = syntax::Kind;
using Precedence = Python::Level;

const Type& type_of(const Ast& tree) {
  static const Type scalar;
  if (tree->typed) return tree->type;
  if (tree->kind == K::Number || tree->kind == K::Name || tree->kind == K::Compare) return scalar;
  if (tree->kind == K::Let) return type_of(tree->args[0]);
  throw std::invalid_argument("code needs the type of " + text(tree));
}

std::string parenthesised(const Python& python, Precedence least) {
  return python.level >= least ? python.text : "(" + python.text + ")";
}

namespace {

// Whether a name is one of the words, with underscores behind it or without: names that get an underscore
// stay different from those that have one.
template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& words, std::string_view name) {
  name = name.substr(0, name.find_last_not_of('_') + 1);
  return std::find(words.begin(), words.end(), name) != words.end();
}

}  // namespace

std::string python_parameter(const std::string& name) {
  static constexpr auto kReserved = std::to_array<std::string_view>(
      {"False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
       "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
       "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
       "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"});
  const bool own = name.starts_with('_');  // names of the code itself begin so
  return own || is_among(kReserved, name) ? name + "_" : name;
}

std::string python_name(const std::string& name) {
  static constexpr auto kUsed = std::to_array<std::string_view>(
      {"np", "scipy", "float", "int", "range", "sum", "max", "min", "globals"});
  return is_among(kUsed, name) ? name + "_" : python_parameter(name);
}

namespace {

/// The polynomial that a subscript or a size is; nothing where it is none.
std::optional<Size> polynomial(const Ast& tree) {
  if (tree->kind == K::Number) {
    if (tree->text.size() > 15 || tree->text.find_first_not_of("0123456789") != std::string::npos)
      return std::nullopt;
    return Size(std::stoll(tree->text));
  }
  if (tree->kind == K::Name) return Size::name(tree->text);
  if (tree->kind == K::Negate) {
    const auto value = polynomial(tree->args[0]);
    return value ? std::optional(Size(0) - *value) : std::nullopt;
  }
  if (tree->kind != K::Binary) return std::nullopt;
  const auto a = polynomial(tree->args[0]);
  const auto b = polynomial(tree->args[1]);
  if (!a || !b) return std::nullopt;
  if (tree->text == "+") return *a + *b;
  if (tree->text == "-") return *a - *b;
  if (tree->text == "*") return *a * *b;
  return std::nullopt;
}

}  // namespace

std::string NumpyWriter::operand(const Ast& tree, Precedence least) {
  Python python = write(tree);
  if (tree->kind == K::Compare && least >= Precedence::Sum)
    python = {"(" + python.text + ") * 1.0", Precedence::Product};
  return parenthesised(python, least);
}

Python NumpyWriter::write(const Ast& tree) {
  switch (tree->kind) {
    case K::Number:
      return number(tree);
    case K::Name:
      return name(tree);
    case K::Negate:
      return negate(tree->args[0]);
    case K::Transpose:
      return transpose(tree);
    case K::Binary:
      return binary(tree);
    case K::Compare:
      return infix(tree->args[0], " " + tree->text + " ", tree->args[1], Precedence::Sum, Precedence::Sum,
                   Precedence::Compare);
    case K::Call:
      return call(tree);
    case K::Index:
      return index(tree);
    case K::IndexSum:
      return index_sum(tree);
    case K::Block:
      return block(tree);
    case K::Let:
      return let(tree);
    case K::Colon:
    case K::Range:
    case K::Row:
      break;
  }
  throw std::invalid_argument("no code for " + text(tree));
}

Python NumpyWriter::infix(const Ast& left, const std::string& op, const Ast& right, Precedence left_least,
                          Precedence right_least, std::optional<Precedence> level) {
  std::string out = operand(left, left_least);
  out += op;
  out += operand(right, right_least);
  return {std::move(out), level.value_or(left_least)};
}

Python NumpyWriter::number(const Ast& tree) {
  std::string digits = tree->text;
  constexpr std::size_t kExact =
      15;  // more digits are no exact float, and NumPy makes objects of large integers
  if (digits.size() > kExact && digits.find_first_not_of("0123456789") == std::string::npos) digits += ".0";
  const Precedence level = digits.find('/') != std::string::npos ? Precedence::Product : Precedence::Atom;
  if (!tree->typed || tree->type.is_scalar())
    return {digits, digits.starts_with('-') ? Precedence::Unary : level};
  if (digits == "0") return {"np.zeros(" + shape_text(tree->type) + ")"};
  return {"np.full(" + shape_text(tree->type) + ", float(" + digits + "))"};
}

Python NumpyWriter::name(const Ast& tree) {
  const std::string& id = tree->text;
  if (indices_.contains(id)) return {python_name(id) + " + 1", Precedence::Sum};
  if (locals_.contains(id) || symbols_.contains(id)) return {python_name(id)};
  if (id == "pi") return {"np.pi"};
  if (id == "inf") return {"np.inf"};
  return {size_text(Size::name(id))};
}

Python NumpyWriter::negate(const Ast& operand) {
  const Python python = write(operand);
  const bool bare = python.level >= Precedence::Unary && operand->kind != K::Negate;
  return {"-" + parenthesised(python, operand->kind == K::Negate ? Precedence::Atom : Precedence::Product),
          bare ? Precedence::Unary : Precedence::Product};
}

Python NumpyWriter::transpose(const Ast& tree) {
  if (!type_of(tree->args[0]).higher.empty())
    throw std::invalid_argument("no code for the transpose in " + text(tree));
  if (!type_of(tree->args[0]).is_matrix()) return write(tree->args[0]);
  return {operand(tree->args[0], Precedence::Atom) + ".T"};
}

Python NumpyWriter::binary(const Ast& tree) {
  const std::string& op = tree->text;
  const Ast& left = tree->args[0];
  const Ast& right = tree->args[1];
  if (op == "+" || op == "-") {
    return infix(left, " " + op + " ", right, Precedence::Sum, Precedence::Product);
  }
  if (op == "^") return power(tree);
  if (op == ".^") return infix(left, " ** ", right, Precedence::Atom, Precedence::Unary, Precedence::Power);
  if (op == "*") return product(tree);
  if (op == "\\") {
    if (type_of(left).is_scalar()) return infix(right, " / ", left, Precedence::Product, Precedence::Power);
    return infix(left, ", ", right, Precedence::Any, Precedence::Any).call("np.linalg.solve");
  }
  return infix(left, op == ".*" ? " * " : " / ", right, Precedence::Product, Precedence::Power);
}

Python NumpyWriter::power(const Ast& tree) {
  const Ast& base = tree->args[0];
  const Ast& exponent = tree->args[1];
  if (!type_of(base).is_matrix())
    return infix(base, " ** ", exponent, Precedence::Atom, Precedence::Unary, Precedence::Power);
  if (exponent->kind == K::Negate && exponent->args[0]->kind == K::Number && exponent->args[0]->text == "1") {
    return Python{operand(base, Precedence::Any)}.call("np.linalg.inv");
  }
  return infix(base, ", ", exponent, Precedence::Any, Precedence::Any).call("np.linalg.matrix_power");
}

std::string NumpyWriter::size_text(const Size& size, Precedence least) {
  std::string out;
  std::vector<std::pair<Size::Monomial, std::int64_t>> terms;
  for (const auto& [names, coefficient] : size.terms()) {
    if (!names.empty() && coefficient > 0) terms.emplace_back(names, coefficient);
  }
  for (const auto& [names, coefficient] : size.terms()) {
    if (names.empty() || coefficient <= 0) terms.emplace_back(names, coefficient);
  }
  bool product = false;
  for (const auto& [names, coefficient] : terms) {
    std::string term;
    const std::int64_t magnitude = coefficient < 0 ? -coefficient : coefficient;
    if (magnitude != 1 || names.empty()) term = std::to_string(magnitude);
    for (const std::string& factor : names) {
      if (!term.empty()) term += " * ", product = true;
      if (!indices_.contains(factor) && !symbols_.contains(factor) && !locals_.contains(factor))
        sizes.insert(factor);
      std::string shown = python_name(factor);
      if (const auto comma = shown.find(','); comma != std::string::npos)
        shown.insert(comma + 1, " ");  // min(n,p)
      term += shown;
    }
    if (out.empty()) {
      out = (coefficient < 0 ? "-" : "") + term;
    } else {
      out += (coefficient < 0 ? " - " : " + ") + term;
    }
  }
  if (terms.empty()) out = "0";
  const Precedence level = terms.size() > 1                  ? Precedence::Sum
                           : product || out.starts_with('-') ? Precedence::Product
                                                             : Precedence::Atom;
  return parenthesised({out, level}, least);
}

std::string NumpyWriter::position(const Ast& subscript) {
  auto size = polynomial(subscript);
  if (!size) return "int(" + operand(subscript, Precedence::Any) + ") - 1";
  for (const std::string& id : size->names()) {
    if (indices_.contains(id)) size = size->substitute(id, Size::name(id) + Size(1));
  }
  return size_text(*size - Size(1));
}

Python NumpyWriter::index(const Ast& tree) {
  const Ast& array = tree->args[0];
  const Type& type = type_of(array);
  std::vector<Ast> subscripts(tree->args.begin() + 1, tree->args.end());
  // Vectors have one axis in NumPy, scalars none.
  if (type.higher.empty() && subscripts.size() == 2) {
    if (type.columns.is_one()) subscripts.erase(subscripts.begin() + 1);
    if (type.rows.is_one()) subscripts.erase(subscripts.begin());
  }
  if (type.is_scalar()) return write(array);
  std::string base = operand(array, Precedence::Atom);
  if (type.is_matrix() && subscripts.size() == 1) base += ".ravel(order=\"F\")";
  std::string inside;
  for (const Ast& subscript : subscripts) {
    if (!inside.empty()) inside += ", ";
    if (subscript->kind == K::Colon) {
      inside += ":";
    } else if (subscript->kind == K::Range) {
      const auto from = polynomial(subscript->args[0]);
      const auto to = polynomial(subscript->args[1]);
      if (from && to && *from == *to) {
        inside += position(subscript->args[0]);
      } else {
        inside += position(subscript->args[0]) + ":" +
                  position(syntax::binary("+", subscript->args[1], syntax::number(1)));
      }
    } else {
      inside += position(subscript);
    }
  }
  return {base + "[" + inside + "]"};
}

Python NumpyWriter::index_sum(const Ast& tree) {
  const std::string range = [&] {
    const std::string first = position(tree->args[0]);
    const std::string last = position(syntax::binary("+", tree->args[1], syntax::number(1)));
    return first == "0" ? "range(" + last + ")" : "range(" + first + ", " + last + ")";
  }();
  const bool fresh = indices_.insert(tree->text).second;
  const bool hides = locals_.erase(tree->text) > 0;
  const bool hides_symbol = symbols_.erase(tree->text) > 0;
  ++sum_depth_;
  const std::string body = operand(tree->args[2], Precedence::Any);
  --sum_depth_;
  if (fresh) indices_.erase(tree->text);
  if (hides) locals_.insert(tree->text);
  if (hides_symbol) symbols_.insert(tree->text);
  return {"sum(" + body + " for " + python_name(tree->text) + " in " + range + ")"};
}

Python NumpyWriter::block(const Ast& tree) {
  if (tree->args.empty() || tree->args[0]->args.empty()) return {"None"};  // the [] of max(X,[],1)
  const Type& type = type_of(tree);
  if (type.is_scalar()) return write(tree->args[0]->args[0]);
  std::string out;
  for (const Ast& line : tree->args) {
    std::string row;
    for (const Ast& entry : line->args) {
      if (!row.empty()) row += ", ";
      row += type.is_matrix() && !type_of(entry).is_scalar() ? as_matrix(entry)
                                                             : operand(entry, Precedence::Any);
    }
    if (!out.empty()) out += ", ";
    out += type.is_matrix() ? "[" + row + "]" : row;
  }
  // Vectors are put end to end, whether they are columns or rows.
  return {(type.is_matrix() ? "np.block([" : "np.hstack([") + out + "])"};
}

Python NumpyWriter::let(const Ast& tree) {
  if (sum_depth_ > 0) {  // a statement cannot stand inside a sum
    syntax::Substitution values;
    for (std::size_t k = 0; k < tree->names.size(); ++k) {
      values[tree->names[k]] = syntax::substitute(tree->args[k + 1], values);
    }
    return write(syntax::substitute(tree->args[0], values));
  }
  for (std::size_t k = 0; k < tree->names.size(); ++k) {
    const std::string value = operand(tree->args[k + 1], Precedence::Any);
    statements.push_back(python_name(tree->names[k]) + " = " + value);
    locals_.insert(tree->names[k]);
  }
  return write(tree->args[0]);
}

}  // namespace adjoint::print

// Calls: the templates of forms with their arguments put in.
#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "print/numpy.hpp"
#include "print/numpy_writer.hpp"
#include "print/text.hpp"

namespace adjoint::print {

using syntax::Ast;
using syntax::Type;
using K = syntax::Kind;
using Precedence = Python::Level;

namespace {

bool is_degenerate(const Type& type) { return type.higher.empty() && !type.is_matrix(); }

/// Whether what ends before `text[begin]` or starts at `text[end]` binds an operand.
bool beside_operator(std::string_view text, std::size_t begin, std::size_t end) {
  while (begin > 0 && text[begin - 1] == ' ') --begin;
  while (end < text.size() && text[end] == ' ') ++end;
  const bool open = begin == 0 || std::string_view("([{,=:").find(text[begin - 1]) != std::string_view::npos;
  const bool closed =
      end == text.size() || std::string_view(")]},:").find(text[end]) != std::string_view::npos;
  return !open || !closed;
}

/// Whether a template has an operator outside brackets.
bool is_compound(std::string_view text) {
  int depth = 0;
  for (const char c : text) {
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (depth == 0 && std::string_view("+-*/@<>= ").find(c) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

std::string NumpyWriter::shape_text(const Type& type) {
  std::vector<Size> shape = type.higher;
  if (shape.empty()) {
    if (!type.rows.is_one()) shape.push_back(type.rows);
    if (!type.columns.is_one()) shape.push_back(type.columns);
  }
  if (shape.size() == 1) return size_text(shape[0]);
  std::string out = "(";
  for (std::size_t k = 0; k < shape.size(); ++k) out += (k > 0 ? ", " : "") + size_text(shape[k]);
  return out + ")";
}

std::string NumpyWriter::as_matrix(const Ast& tree) {
  const Type& type = type_of(tree);
  if (type.is_column()) return operand(tree, Precedence::Atom) + "[:, None]";
  if (type.is_row()) return operand(tree, Precedence::Atom) + "[None, :]";
  if (type.is_scalar()) return "np.reshape(" + operand(tree, Precedence::Any) + ", (1, 1))";
  return operand(tree, Precedence::Any);
}

Python NumpyWriter::call(const Ast& tree) {
  const int arity = static_cast<int>(tree->args.size());
  const syntax::Forms* forms = forms_ ? forms_(tree->text, arity) : nullptr;
  if (forms != nullptr && !forms->numpy.empty()) {
    if (!forms->numpy_support.empty()) supported.emplace_back(tree->text, arity);
    return from_template(tree, forms->numpy);
  }
  std::string out = python_name(tree->text) + "(";
  for (int k = 0; k < arity; ++k)
    out += (k > 0 ? ", " : "") + operand(tree->args[static_cast<std::size_t>(k)], Precedence::Any);
  return {out + ")"};
}

Python NumpyWriter::from_template(const Ast& tree, std::string_view source) {
  std::string out;
  bool reshape = false;
  const auto argument = [&](std::size_t k) -> const Ast& {
    if (k < 1 || k > tree->args.size()) throw std::invalid_argument("no code for " + text(tree));
    return tree->args[k - 1];
  };
  std::string adapted(source);
  if (tree->args.size() < 2) {
    for (const std::string_view all : {", axis=$axes", ", $axes"}) {
      if (const auto at = adapted.find(all); at != std::string::npos) adapted.erase(at, all.size());
    }
  }
  source = adapted;
  bool lift = false;  // a vector along its trivial dimension is a matrix with one row or column
  int dimension = 1;
  // max(X,[],2): all arguments, of which the last names the dimension
  const bool behind_empty = tree->args.size() == 3 && source.find("$*") != std::string_view::npos;
  if (behind_empty || source.find("$ax") != std::string_view::npos) {
    const Ast& last = tree->args.back();
    const bool given = tree->args.size() > 1 && last->kind == K::Number;
    if (given) dimension = last->text == "2" ? 2 : 1;
    const Type& type = type_of(tree->args[0]);
    lift = type.is_scalar() || (type.is_column() && dimension == 2) ||
           (type.is_row() && dimension == 1 && given);
    const bool last_axis_lost = source.find("$axis") != std::string_view::npos && type.is_matrix();
    reshape = lift || (last_axis_lost && is_degenerate(type_of(tree)));
  }
  for (std::size_t at = 0; at < source.size();) {
    if (source[at] != '$') {
      out += source[at++];
      continue;
    }
    const std::string_view rest = source.substr(at + 1);
    if (rest.starts_with("shape")) {
      out += shape_text(type_of(tree));
      at += 6;
    } else if (rest.starts_with("ax")) {  // $axis, $axes
      const bool vector = !lift && is_degenerate(type_of(tree->args[0]));
      out += std::to_string(vector ? 0 : dimension - 1);
      at += 5;
    } else if (rest.starts_with("*")) {
      for (std::size_t k = 1; k <= tree->args.size(); ++k)
        out += (k > 1 ? ", " : "") +
               (lift && k == 1 ? as_matrix(argument(k)) : operand(argument(k), Precedence::Any));
      at += 2;
    } else {
      const bool array = rest.starts_with("a");  // $a1: only a number becomes a matrix
      const bool letter = array || rest.starts_with("m");
      const std::size_t digit = at + (letter ? 2 : 1);
      if (digit >= source.size() || std::isdigit(static_cast<unsigned char>(source[digit])) == 0) {
        throw std::invalid_argument("what does $ mean in the form \"" + std::string(source) + "\"?");
      }
      const Ast& arg = argument(static_cast<std::size_t>(source[digit] - '0'));
      const bool matrix = letter && (!array || type_of(arg).is_scalar());
      const bool bound = beside_operator(source, at, digit + 1);
      if (matrix || (lift && source[digit] == '1')) {
        reshape = reshape || is_degenerate(type_of(arg));
        const std::string shown = as_matrix(arg);
        out += bound && type_of(arg).is_matrix() ? operand(arg, Precedence::Atom) : shown;
      } else {
        out += operand(arg, bound ? Precedence::Atom : Precedence::Any);
      }
      at = digit + 1;
    }
  }
  // eye(1) is a scalar.
  const bool constant =
      std::all_of(tree->args.begin(), tree->args.end(), [](const Ast& a) { return a->kind == K::Number; });
  reshape =
      reshape || (constant && type_of(tree).is_scalar() && source.find("$shape") == std::string_view::npos);
  if (reshape) return {"np.reshape(" + out + ", " + shape_text(type_of(tree)) + ")"};
  return {out, is_compound(source) ? Precedence::Any : Precedence::Atom};
}

}  // namespace adjoint::print

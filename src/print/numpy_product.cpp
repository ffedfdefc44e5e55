// Products: which of @, *, outer a product is follows from the types, and a chain is multiplied in
// the order that costs least (A'*A*x as A.T @ (A @ x)).
#include <limits>

#include "print/numpy_writer.hpp"

namespace adjoint::print {

using syntax::Ast;
using syntax::Type;
using K = syntax::Kind;
using Precedence = Python::Level;

namespace {

/// A typical value of a size: 1 is known, names are large.
double typical(const Size& size) {
  constexpr double kLarge = 1000;
  const auto value = size.constant();
  return value ? static_cast<double>(*value) : kLarge;
}

Python multiply(const Python& left, const Type& a, const Python& right, const Type& b) {
  if (a.is_scalar() || b.is_scalar()) {
    return {parenthesised(left, Precedence::Product) + " * " + parenthesised(right, Precedence::Power),
            Precedence::Product};
  }
  if (a.is_column() && b.is_row()) {
    return {"np.outer(" + left.text + ", " + right.text + ")"};
  }
  return {parenthesised(left, Precedence::Product) + " @ " + parenthesised(right, Precedence::Power),
          Precedence::Product};
}

}  // namespace

void NumpyWriter::flatten(const Ast& tree, std::vector<Ast>& scalars, std::vector<Ast>& factors) {
  for (const Ast& arg : tree->args) {
    const bool product = arg->kind == K::Binary && arg->text == "*";
    if (type_of(arg).is_scalar() && product && type_of(arg->args[0]).is_scalar()) {
      flatten(arg, scalars, factors);
    } else if (type_of(arg).is_scalar()) {
      scalars.push_back(arg);
    } else if (product) {
      flatten(arg, scalars, factors);
    } else {
      factors.push_back(arg);
    }
  }
}

/// Matrix chain multiplication (Cormen et al., Introduction to Algorithms, 15.2).
struct NumpyWriter::Chain {
  std::vector<Python> pieces;
  std::vector<Type> types;
  std::vector<std::vector<std::size_t>> split;

  void plan() {
    const std::size_t n = pieces.size();
    std::vector<std::vector<double>> cost(n, std::vector<double>(n, 0));
    split.assign(n, std::vector<std::size_t>(n, 0));
    for (std::size_t length = 2; length <= n; ++length) {
      for (std::size_t i = 0; i + length <= n; ++i) {
        const std::size_t j = i + length - 1;
        cost[i][j] = std::numeric_limits<double>::infinity();
        for (std::size_t k = j; k-- > i;) {  // from the right: of equal costs the left-to-right order stands
          const double total = cost[i][k] + cost[k + 1][j] +
                               typical(types[i].rows) * typical(types[k].columns) * typical(types[j].columns);
          if (total < cost[i][j]) {
            cost[i][j] = total;
            split[i][j] = k;
          }
        }
      }
    }
  }

  [[nodiscard]] Type type(std::size_t i, std::size_t j) const {
    return {types[i].rows, types[j].columns, {}};
  }

  [[nodiscard]] Python text(std::size_t i, std::size_t j) const {
    if (i == j) return pieces[i];
    const std::size_t k = split[i][j];
    return multiply(text(i, k), type(i, k), text(k + 1, j), type(k + 1, j));
  }
};

Python NumpyWriter::product(const Ast& tree) {
  std::vector<Ast> scalars;
  std::vector<Ast> factors;
  flatten(tree, scalars, factors);
  if (factors.empty()) {  // only numbers: as it stands
    return infix(tree->args[0], " * ", tree->args[1], Precedence::Product, Precedence::Power);
  }
  Python result;
  constexpr std::size_t kLongest = 60;
  if (factors.size() > kLongest) {
    result = write(factors[0]);
    Type type = type_of(factors[0]);
    for (std::size_t k = 1; k < factors.size(); ++k) {
      const Type& next = type_of(factors[k]);
      result = multiply(result, type, write(factors[k]), next);
      type.columns = next.columns;
    }
  } else {
    Chain chain;
    for (const Ast& factor : factors) {
      chain.pieces.push_back(write(factor));
      if (factor->kind == K::Compare) chain.pieces.back() = {operand(factor, Precedence::Atom)};
      chain.types.push_back(type_of(factor));
    }
    chain.plan();
    result = chain.text(0, factors.size() - 1);
  }
  if (scalars.empty()) return result;
  std::string out;
  for (const Ast& scalar : scalars) {
    // (x @ y) * A reads better than x @ y * A, which is the same.
    const bool inner = scalar->kind == K::Binary && scalar->text == "*";
    const Precedence least = out.empty() && !inner ? Precedence::Product : Precedence::Power;
    out += (out.empty() ? "" : " * ") + operand(scalar, least);
  }
  return {out + " * " + parenthesised(result, Precedence::Power), Precedence::Product};
}

}  // namespace adjoint::print

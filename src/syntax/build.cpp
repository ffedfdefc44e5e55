#include "syntax/build.hpp"

#include <cctype>

namespace adjoint::syntax {

namespace {

Ast make(Kind kind, std::string_view text, std::vector<Ast> args = {}) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->text = text;
  node->args = std::move(args);
  return node;
}

Ast monomial(const Size::Monomial& names, std::int64_t coefficient) {
  Ast product;
  if (coefficient != 1 || names.empty()) product = number(std::to_string(coefficient));
  for (const std::string& factor : names) {
    product = product ? binary("*", std::move(product), name(factor)) : name(factor);
  }
  return product;
}

}  // namespace

Ast number(std::int64_t value) {
  std::string digits = std::to_string(value);
  return value < 0 ? negate(make(Kind::Number, digits.substr(1))) : make(Kind::Number, digits);
}
Ast number(std::string_view literal) { return make(Kind::Number, literal); }
Ast name(std::string_view identifier) { return make(Kind::Name, identifier); }
Ast negate(Ast operand) { return make(Kind::Negate, "", {std::move(operand)}); }
Ast transpose(Ast operand) { return make(Kind::Transpose, "", {std::move(operand)}); }
Ast binary(std::string_view op, Ast left, Ast right) {
  return make(Kind::Binary, op, {std::move(left), std::move(right)});
}
Ast compare(std::string_view op, Ast left, Ast right) {
  return make(Kind::Compare, op, {std::move(left), std::move(right)});
}
Ast call(std::string_view function, std::vector<Ast> arguments) {
  return make(Kind::Call, function, std::move(arguments));
}
Ast index(Ast array, std::vector<Ast> subscripts) {
  subscripts.insert(subscripts.begin(), std::move(array));
  return make(Kind::Index, "", std::move(subscripts));
}
Ast colon() { return make(Kind::Colon, ""); }
Ast range(Ast first, Ast last) { return make(Kind::Range, "", {std::move(first), std::move(last)}); }
Ast index_sum(std::string_view index, Ast first, Ast last, Ast body) {
  return make(Kind::IndexSum, index, {std::move(first), std::move(last), std::move(body)});
}

Ast block(const std::vector<std::vector<Ast>>& rows) {
  std::vector<Ast> lines;
  lines.reserve(rows.size());
  for (const std::vector<Ast>& row : rows) lines.push_back(make(Kind::Row, "", row));
  return make(Kind::Block, "", std::move(lines));
}

Ast let(Ast body, std::vector<std::pair<std::string, Ast>> definitions) {
  auto node = std::make_shared<Node>();
  node->kind = Kind::Let;
  node->type = body->type;
  node->typed = body->typed;
  node->args.push_back(std::move(body));
  for (auto& [key, value] : definitions) {
    node->names.push_back(std::move(key));
    node->args.push_back(std::move(value));
  }
  return node;
}

Ast size(const Size& size) {
  if (size.is_zero()) return number(0);
  Ast sum;
  // A positive term first, so that n-1 does not print as -1+n.
  auto terms = size.terms();
  for (std::size_t k = 0; k < terms.size(); ++k) {
    if (terms[k].second > 0 && !terms[k].first.empty()) {
      std::swap(terms[0], terms[k]);
      break;
    }
  }
  for (const auto& [names, coefficient] : terms) {
    if (!sum) {
      sum = coefficient < 0 ? negate(monomial(names, -coefficient)) : monomial(names, coefficient);
    } else {
      sum = coefficient < 0 ? binary("-", std::move(sum), monomial(names, -coefficient))
                            : binary("+", std::move(sum), monomial(names, coefficient));
    }
  }
  return sum;
}

Ast with_type(const Ast& tree, const Type& type) {
  auto node = std::make_shared<Node>(*tree);
  node->type = type;
  node->typed = true;
  return node;
}

Ast with_place(const Ast& tree, Place place) {
  auto node = std::make_shared<Node>(*tree);
  node->place = place;
  return node;
}

}  // namespace adjoint::syntax

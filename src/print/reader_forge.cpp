#include "print/reader_forge.hpp"

#include <algorithm>
#include <cctype>

#include "print/reader.hpp"

namespace adjoint {

using syntax::Ast;
using K = syntax::Kind;
using syntax::Type;

namespace {

constexpr std::int64_t kMany = std::int64_t{1} << 40;

bool counts(const syntax::Node& n) {
  switch (n.kind) {
    case K::Number:
    case K::Name:
    case K::Colon:
    case K::Row:
    case K::Range:
    case K::Let:
      return false;
    default:
      return true;
  }
}

Type broadcast_type(const Type& a, const Type& b) { return a.is_scalar() ? b : a; }

Type product_type(const Type& a, const Type& b) {
  if (a.is_scalar()) return b;
  if (b.is_scalar()) return a;
  return Type{a.rows, b.columns, {}};
}

// 1 where something holds, else 0.
bool is_mask(const Ast& a) {
  return is_call(a, "where") && is_number(a->args[1], "1") && is_number(a->args[2], "0");
}

}  // namespace

bool is_call(const Ast& a, std::string_view function) { return a->kind == K::Call && a->text == function; }
bool is_binary(const Ast& a, std::string_view op) { return a->kind == K::Binary && a->text == op; }
bool is_name(const Ast& a) { return (a->kind == K::Transpose ? a->args[0] : a)->kind == K::Name; }
bool is_number(const Ast& a, std::string_view text) { return a->kind == K::Number && a->text == text; }

Ast Forge::make(K kind, std::string text, std::vector<Ast> args, const Type& type) {
  std::size_t h = std::hash<std::string>{}(text)*31 + static_cast<std::size_t>(kind);
  for (const auto& a : args) h = h * 1000003 ^ std::hash<const void*>{}(a.get());
  const auto [begin, end] = index_.equal_range(h);
  for (auto at = begin; at != end; ++at) {
    const auto& n = *at->second;
    if (n.kind == kind && n.text == text && n.args == args) return at->second;
  }
  auto n = std::make_shared<syntax::Node>();
  n->kind = kind;
  n->text = std::move(text);
  n->args = std::move(args);
  n->type = type;
  n->typed = true;
  Counts total;
  if (counts(*n)) {
    const bool turns_compound =
        kind == K::Transpose && n->args[0]->kind != K::Name && n->args[0]->kind != K::Call;
    // (X'*Y)' is no gain over Y'*X.
    const bool turns_turned = turns_compound && counts_.at(n->args[0].get()).turned;
    total = {1, kOperation + (turns_compound ? 1 : 0) + (turns_turned ? kOperation : 0)};
  }
  if (kind == K::Call) {  // f(x)' before f(x')
    for (const auto& a : n->args) total.cost += a->kind == K::Transpose ? 1 : 0;
  }
  // A product is turned where a factor is, a sum where all of its terms are.
  const auto turned = [this](const Ast& a) { return counts_.at(a.get()).turned; };
  if (kind == K::Transpose) {
    total.turned = true;
  } else if (kind == K::Binary && (n->text == "+" || n->text == "-")) {
    total.turned = std::all_of(n->args.begin(), n->args.end(), turned);
  } else if (kind == K::Binary || kind == K::Negate) {
    total.turned = std::any_of(n->args.begin(), n->args.end(), turned);
  }
  for (const auto& a : n->args) {
    total.operations = std::min(kMany, total.operations + operations(a));
    total.cost = std::min(kOperation * kMany, total.cost + cost(a));
  }
  counts_[n.get()] = total;
  index_.emplace(h, n);
  return n;
}

std::int64_t Forge::operations(const Ast& tree) const {
  const auto at = counts_.find(tree.get());
  return at == counts_.end() ? kMany : at->second.operations;
}

std::int64_t Forge::cost(const Ast& tree) const {
  const auto at = counts_.find(tree.get());
  return at == counts_.end() ? kOperation * kMany : at->second.cost;
}

Ast Forge::least(const Ast& a, const Ast& b) const {
  if (!a || !b) return a ? a : b;
  return cost(b) < cost(a) ? b : a;
}

Ast Forge::number(const Rational& value) {
  if (value.is_negative()) return negate(number(-value));
  if (!value.exact() || value.is_integer() || value.decimal()) return make(K::Number, value.text(), {}, {});
  return divide(number(value.numerator()), number(value.denominator()));
}

Ast Forge::name(std::string_view name, const Type& type) {
  return make(K::Name, std::string(name), {}, type);
}

Ast Forge::size(const Size& size) {
  // Positive monomials of the highest degree first, the constant last.
  auto terms = size.terms();
  std::stable_sort(terms.begin(), terms.end(), [](const auto& a, const auto& b) {
    if ((a.second > 0) != (b.second > 0)) return a.second > 0;
    return a.first.size() > b.first.size();
  });
  Ast sum;
  for (const auto& [monomial, coefficient] : terms) {
    const std::int64_t c = coefficient < 0 ? -coefficient : coefficient;
    Ast term = c != 1 || monomial.empty() ? number(c) : Ast();
    for (const auto& factor : monomial) {
      const Ast f = name(factor, {});
      term = term ? multiply(term, f) : f;
    }
    if (!sum) {
      sum = coefficient < 0 ? negate(term) : term;
    } else {
      sum = coefficient < 0 ? subtract(sum, term) : add(sum, term);
    }
  }
  return sum ? sum : number(0);
}

Ast Forge::binary(std::string_view op, const Ast& a, const Ast& b, const Type& type) {
  return make(K::Binary, std::string(op), {a, b}, type);
}

Ast Forge::negate(const Ast& a) {
  if (a->kind == K::Negate) return a->args[0];
  if (is_number(a, "0")) return a;
  return make(K::Negate, "", {a}, a->type);
}

Ast Forge::transpose(const Ast& a) {
  if (a->type.is_scalar()) return a;
  if (a->kind == K::Transpose) return a->args[0];
  return make(K::Transpose, "", {a}, Type{a->type.columns, a->type.rows, {}});
}

Ast Forge::multiply(const Ast& a, const Ast& b) {
  if (is_number(a, "1")) return b;
  if (is_number(b, "1")) return a;
  return binary("*", a, b, product_type(a->type, b->type));
}

Ast Forge::times(const Ast& a, const Ast& b) {
  if (a->type.is_scalar()) return scale(a, b, true);
  if (b->type.is_scalar()) return scale(b, a, true);
  if (is_mask(b)) return call("where", {b->args[0], a, number(0)}, b->type);
  if (is_mask(a)) return call("where", {a->args[0], b, number(0)}, a->type);
  return binary(".*", a, b, a->type);
}

Ast Forge::divide(const Ast& a, const Ast& b) {
  if (is_number(b, "1")) return a;
  return binary(b->type.is_scalar() ? "/" : "./", a, b, broadcast_type(a->type, b->type));
}

Ast Forge::add(const Ast& a, const Ast& b) { return binary("+", a, b, broadcast_type(a->type, b->type)); }
Ast Forge::subtract(const Ast& a, const Ast& b) {
  return binary("-", a, b, broadcast_type(a->type, b->type));
}

namespace {
// A small whole number; 0 where it is none.
std::int64_t whole(const Ast& a) {
  if (a->kind != syntax::Kind::Number || a->text.size() > 3) return 0;
  const bool digits =
      std::all_of(a->text.begin(), a->text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  return digits ? std::stoll(a->text) : 0;
}
}  // namespace

Ast Forge::power(const Ast& a, const Ast& exponent) {
  // (norm(X)^2)^2 = norm(X)^4
  if (a->type.is_scalar() && is_binary(a, "^") && whole(a->args[1]) * whole(exponent) > 0)
    return power(a->args[0], number(whole(a->args[1]) * whole(exponent)));
  return binary(a->type.is_scalar() ? "^" : ".^", a, exponent, a->type);
}

Ast Forge::matrix_power(const Ast& a, std::int64_t exponent) {
  if (exponent == 1) return a;
  return binary("^", a, number(exponent), a->type);
}

Ast Forge::scale(const Ast& scalar, const Ast& a, bool keep_inner) {
  if (is_number(scalar, "1")) return a;
  return scale_within(scalar, a, false, keep_inner);
}

Ast Forge::scale_within(const Ast& scalar, const Ast& a, bool in_chain, bool keep_inner) {
  if (is_number(a, "1")) return scalar;
  if (is_mask(a)) return call("where", {a->args[0], scalar, a->args[2]}, a->type);
  const bool chain = is_binary(a, "*");
  const bool inner = chain && a->type.is_scalar() && !a->args[0]->type.is_scalar();
  const bool entrywise = is_binary(a, ".*") || is_binary(a, "./");
  if ((chain && !(inner && keep_inner)) || is_binary(a, "/") || (entrywise && !in_chain)) {
    return binary(a->text, scale_within(scalar, a->args[0], chain, keep_inner), a->args[1], a->type);
  }
  return binary("*", scalar, a, a->type);
}

Ast Forge::call(std::string_view function, std::vector<Ast> args, const Type& type) {
  return make(K::Call, std::string(function), std::move(args), type);
}

Ast Forge::colon() { return make(K::Colon, "", {}, {}); }
Ast Forge::range(const Ast& from, const Ast& to) {
  return from == to ? from : make(K::Range, "", {from, to}, {});
}

Ast Forge::index(const Ast& array, const Ast& row, const Ast& column, const Type& type) {
  // X[:,a:b][c:d,:] = X[c:d,a:b]
  if (array->kind == K::Index && array->args.size() == 3) {
    const auto& inner = array->args;
    const bool rows = row->kind == K::Colon || inner[1]->kind == K::Colon;
    const bool columns = column->kind == K::Colon || inner[2]->kind == K::Colon;
    if (rows && columns) {
      return index(inner[0], row->kind == K::Colon ? inner[1] : row,
                   column->kind == K::Colon ? inner[2] : column, type);
    }
  }
  return make(K::Index, "", {array, row, column}, type);
}

Ast Forge::index(const Ast& vector, const Ast& at) {
  if (vector->type.is_scalar()) return vector;
  // (x')[i] = x[i]
  const Ast v = vector->kind == K::Transpose ? vector->args[0] : vector;
  if (v->kind == K::Index && v->args.size() == 3) {  // X[:,j][i] = X[i,j]
    if (v->args[1]->kind == K::Colon) return index(v->args[0], at, v->args[2], {});
    if (v->args[2]->kind == K::Colon) return index(v->args[0], v->args[1], at, {});
  }
  return make(K::Index, "", {v, at}, {});
}

Ast Forge::index_sum(std::string_view index, const Size& length, const Ast& body) {
  return make(K::IndexSum, std::string(index), {number(1), size(length), body}, body->type);
}

Ast Forge::sum_all(const Ast& a) {
  if (a->type.is_scalar()) return a;
  if (a->kind == K::Transpose) return sum_all(a->args[0]);
  if (is_call(a, "sum") && a->args.size() == 2) return sum_all(a->args[0]);
  if (is_call(a, "abs")) return call("norm", {a->args[0], number(1)}, {});
  if (is_binary(a, ".^") && is_number(a->args[1], "2")) {
    const Ast& x = a->args[0];
    if (operations(x) == 0 && !x->type.is_matrix()) {
      return x->type.is_row() ? multiply(x, transpose(x)) : multiply(transpose(x), x);
    }
    return power(call("norm", {x}, {}), number(2));
  }
  return call("sum", {a}, {});
}

Ast Forge::sum_along(const Ast& a, int dimension) {
  if (a->kind == K::Transpose) return transpose(sum_along(a->args[0], 3 - dimension));
  const Type& t = a->type;
  const Type result = dimension == 1 ? Type{Size(1), t.columns, {}} : Type{t.rows, Size(1), {}};
  if (result.rows == t.rows && result.columns == t.columns) return a;
  if (result.is_scalar()) return sum_all(a);
  return call("sum", {a, number(dimension)}, result);
}

Ast Forge::ones(const Size& rows, const Size& columns) {
  if (rows.is_one() && columns.is_one()) return number(1);
  if (columns.is_one()) return call("ones", {size(rows)}, Type{rows, columns, {}});
  return call("ones", {size(rows), size(columns)}, Type{rows, columns, {}});
}

Ast Forge::eye(const Size& n) {
  if (n.is_one()) return number(1);
  return call("eye", {size(n)}, Type{n, n, {}});
}

Ast Forge::diag(const Ast& a) {
  if (a->type.is_scalar()) return a;
  if (a->type.is_matrix()) return call("diag", {a}, Type{a->type.rows, Size(1), {}});
  const Ast vector = a->kind == K::Transpose ? a->args[0] : a;
  const Size& n = vector->type.is_row() ? vector->type.columns : vector->type.rows;
  return call("diag", {vector}, Type{n, n, {}});
}

Ast Forge::unit(const Size& n, const Ast& at) {
  if (n.is_one()) return number(1);
  return call("unit", {size(n), at}, Type{n, Size(1), {}});
}

Ast size_tree(const Size& size) { return Forge().size(size); }

}  // namespace adjoint

// The matrix of a linear map of a direction: vec(body) = J*vec(H).
#include <algorithm>

#include "ops/record.hpp"
#include "ops/support.hpp"
#include "print/reader_pairs.hpp"

namespace adjoint {

using syntax::Ast;
using syntax::Type;

namespace {

class MapReader {
 public:
  MapReader(Reader& reader, Expr direction, const Type& direction_type)
      : reader_(reader), forge_(reader.forge), direction_(direction), direction_type_(direction_type) {}

  /// Where a value of some rank has its row and its column axis.
  struct Place {
    int row = -1;
    int column = -1;
  };
  static Place place(int rank, const Type& type, int first) {
    Place p;
    if (rank == 2) return {first, first + 1};
    if (rank == 1) (type.is_row() ? p.column : p.row) = first;
    return p;
  }

  Signed read(Expr body, const Type& type, const Rational& number);

 private:
  /// The matrix of the application in its linear operand, between vecs. Null where there is none to write.
  Ast operation(const Node& n, Expr operand);
  Signed through(const Node& n, std::size_t k, const Type& type, const Rational& number);

  Reader& reader_;
  Forge& forge_;
  Expr direction_;
  Type direction_type_;
};

Signed MapReader::read(Expr body, const Type& type, const Rational& number) {
  const Node& n = *body;
  if (!depends_on(body, direction_)) return {};
  switch (n.kind) {
    case Kind::Variable: {
      Size length(1);
      for (const auto& s : body.shape()) length = length * s;
      return {number.is_negative(), reader_.assemble(number.absolute(), {}, {forge_.eye(length), nullptr})};
    }
    case Kind::Sum: {
      Ast sum;
      std::vector<Signed> parts;
      for (const auto& t : n.terms) {
        parts.push_back(read(t.expr, type, number * t.coefficient));
        if (!parts.back().tree) return {};
      }
      for (const bool negative : {false, true}) {
        for (const auto& s : parts) {
          if (s.negative != negative) continue;
          if (!sum) {
            sum = negative ? forge_.negate(s.tree) : s.tree;
          } else {
            sum = negative ? forge_.subtract(sum, s.tree) : forge_.add(sum, s.tree);
          }
        }
      }
      return {false, sum};
    }
    case Kind::Apply: {
      const Record& record = record_of(n);
      for (std::size_t k = 0; k < n.operands.size(); ++k) {
        if (!depends_on(n.operands[k], direction_)) continue;
        if (!record.linear_in.value(static_cast<int>(k))) return {};
        const Ast outer = operation(n, n.operands[k]);
        if (!outer) return {};
        Type inner;
        if (n.operands[k].rank() > 0) inner.rows = n.operands[k].shape()[0];
        const Signed s = read(n.operands[k], inner, number);
        if (!s.tree) return {};
        return {s.negative, product_but_identity(forge_, outer, s.tree)};
      }
      return {};
    }
    case Kind::Product: {
      for (std::size_t k = 0; k < n.factors.size(); ++k) {
        if (depends_on(n.factors[k].expr, direction_)) return through(n, k, type, number);
      }
      return {};
    }
    case Kind::Extent:
    case Kind::Power:
      break;
  }
  return {};
}

// The factor that holds the direction becomes four open axes.
Signed MapReader::through(const Node& n, std::size_t k, const Type& type, const Rational& number) {
  Graph& g = *n.graph;
  const Factor& f = n.factors[k];
  if (f.expr->kind == Kind::Sum || (f.expr->kind == Kind::Product && f.labels.empty())) {
    // Multiplied out; a scalar such as tr(X'*H) gives up its summed labels.
    if (f.expr->kind == Kind::Product) {
      std::vector<Factor> factors = n.factors;
      factors.erase(factors.begin() + static_cast<std::ptrdiff_t>(k));
      std::vector<Size> sizes = n.label_sizes;
      const auto offset = static_cast<Label>(sizes.size());
      sizes.insert(sizes.end(), f.expr->label_sizes.begin(), f.expr->label_sizes.end());
      for (const auto& inner : f.expr->factors) {
        Labels labels = inner.labels;
        for (auto& l : labels) l += offset;
        factors.push_back({inner.expr, labels});
      }
      Node open;  // as it stands: product() would close the scalar again
      open.kind = Kind::Product;
      open.graph = &g;
      open.coefficient = n.coefficient * f.expr->coefficient;
      open.factors = std::move(factors);
      open.output = n.output;
      open.label_sizes = std::move(sizes);
      open.shape = n.shape;
      for (std::size_t m = 0; m < open.factors.size(); ++m) {
        if (depends_on(open.factors[m].expr, direction_)) return through(open, m, type, number);
      }
      return {};
    }
    std::vector<Signed> parts;
    Ast sum;
    for (const auto& t : f.expr->terms) {
      std::vector<Factor> factors = n.factors;
      factors[k].expr = t.expr;
      const Expr term = g.product(n.coefficient, factors, n.output, n.label_sizes);
      if (is_zero(term)) continue;
      parts.push_back(read(term, type, number * t.coefficient));
      if (!parts.back().tree) return {};
    }
    for (const bool negative : {false, true}) {
      for (const auto& s : parts) {
        if (s.negative != negative) continue;
        if (!sum) {
          sum = negative ? forge_.negate(s.tree) : s.tree;
        } else {
          sum = negative ? forge_.subtract(sum, s.tree) : forge_.add(sum, s.tree);
        }
      }
    }
    return {false, sum};
  }
  if (f.expr.rank() == 0 || f.expr.rank() > 2) return {};
  // vec(body) = J4 * vec(factor), and the factor is the direction or linear in it.
  std::vector<Factor> rest = n.factors;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(k));
  Labels output = n.output;
  output.insert(output.end(), f.labels.begin(), f.labels.end());
  const Expr four = g.product(n.coefficient * number, rest, output, n.label_sizes);
  const bool plain = f.expr == direction_;
  const Place out = place(n.rank(), type, 0);
  const Place in = place(f.expr.rank(), plain ? direction_type_ : Type{}, n.rank());
  Reader::Pairs pairs;
  pairs.r = out.row;
  pairs.s = out.column;
  pairs.i = in.row;
  pairs.j = in.column;
  Roles roles(static_cast<std::size_t>(four.rank()));
  Signed outer = reader_.read_signed_pairs(four, 1, roles, pairs);
  if (!outer.tree || plain) return outer;
  const Signed inner = read(f.expr, {}, 1);
  if (!inner.tree) return {};
  return {outer.negative != inner.negative, product_but_identity(forge_, outer.tree, inner.tree)};
}

Ast MapReader::operation(const Node& n, Expr operand) {
  const auto name = n.op->name;
  if (name == "fuse") {  // vec does not move entries
    const bool flat = operand.rank() == 2;
    Size length(1);
    for (const auto& s : operand.shape()) length = length * s;
    return flat ? forge_.eye(length) : nullptr;
  }
  if (operand.rank() != n.rank() || operand.rank() > 2 || operand.rank() == 0) return nullptr;
  const Size rows = operand.shape()[0];
  const Size columns = operand.rank() == 2 ? operand.shape()[1] : Size(1);
  if (name == "lyap") {  // S*Y + Y*S = H: (kron(I,S) + kron(S',I)) vec(Y) = vec(H)
    const Ast s = reader_.read(n.operands[0], natural(2));
    const Ast t = reader_.read(n.operands[0], flipped(natural(2)));
    const Ast eye = forge_.eye(rows);
    const Ast sum = forge_.add(kronecker_product(forge_, eye, s), kronecker_product(forge_, t, eye));
    return forge_.call("inv", {sum}, sum->type);
  }
  if (name == "tril" || name == "triu") {
    const Ast mask = forge_.call(name, {forge_.ones(rows, columns)}, Type{rows, columns, {}});
    return forge_.diag(forge_.call("vec", {mask}, Type{rows * columns, Size(1), {}}));
  }
  const bool along = record_of(n).reading.value == Reading::Along;
  if (!along && name != "slice") return nullptr;
  // Acts on one axis: its matrix is what it makes of the identity.
  const auto axis = static_cast<std::size_t>(axis_of(n.attributes));
  const Size& length = operand.shape()[axis];
  const Size& result = n.shape[axis];
  const Ast eye = forge_.eye(length);
  Ast matrix;
  if (along) {
    matrix = forge_.call(name, {eye}, Type{result, length, {}});
  } else {
    const Size& start = n.attributes.sizes[0];
    const Ast range = forge_.range(forge_.size(start + Size(1)), forge_.size(start + n.attributes.sizes[1]));
    matrix = forge_.index(eye, range, forge_.colon(), Type{result, length, {}});
  }
  if (axis == 0) return kronecker_product(forge_, forge_.eye(columns), matrix);
  return kronecker_product(forge_, matrix, forge_.eye(rows));
}

}  // namespace

Ast read_kronecker(Expr body, const Type& type, Expr direction, const Type& direction_type,
                   const ReadOptions& options) {
  if (body.rank() > 2 || direction.rank() > 2) return nullptr;
  if (is_zero(body)) return nullptr;
  Reader reader(options, body);
  const Signed s = MapReader(reader, direction, direction_type).read(body, type, 1);
  return s.tree ? reader.finished(reader.read_signed(s)) : nullptr;
}

}  // namespace adjoint

// The matrix of a linear map of a direction: vec(body) = J*vec(H).
#include <algorithm>

#include "ops/record.hpp"
#include "ops/support.hpp"
#include "print/code_forms.hpp"
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

  using Parts = std::vector<Signed>;
  /// The terms of the matrix; none where there is no such form.
  Parts read(Expr body, const Type& type, const Rational& number);
  Ast sum(const Parts& parts);

 private:
  /// The matrix of the application in its linear operand, between vecs. Null where there is none to write.
  Ast operation(const Node& n, Expr operand);
  Parts through(const Node& n, std::size_t k, const Type& type, const Rational& number);
  Parts read_all(const std::vector<Term>& terms, const Type& type, const Rational& number);
  Parts composed(const Signed& outer, const Parts& inner);
  Ast fused_product(const Node& n);
  /// Blocks one after the other, all linear in the direction or zero.
  Parts blocks(const Node& n, const Rational& number);

  Reader& reader_;
  Forge& forge_;
  Expr direction_;
  Type direction_type_;
};

Ast MapReader::sum(const Parts& parts) {
  Ast result;
  for (const bool negative : {false, true}) {
    for (const auto& s : parts) {
      if (s.negative != negative) continue;
      if (!result) {
        result = negative ? forge_.negate(s.tree) : s.tree;
      } else {
        result = negative ? forge_.subtract(result, s.tree) : forge_.add(result, s.tree);
      }
    }
  }
  return result;
}

// outer * (parts)
MapReader::Parts MapReader::composed(const Signed& outer, const Parts& inner) {
  if (!outer.tree || inner.empty()) return {};
  if (is_call(outer.tree, "eye") || inner.size() == 1) {
    Parts parts = inner;
    for (auto& s : parts) {
      s = {s.negative != outer.negative, product_but_identity(forge_, outer.tree, s.tree)};
    }
    return parts;
  }
  return {{outer.negative, forge_.multiply(outer.tree, sum(inner))}};
}

MapReader::Parts MapReader::read_all(const std::vector<Term>& terms, const Type& type,
                                     const Rational& number) {
  Parts all;
  for (const auto& t : terms) {
    if (is_zero(t.expr)) continue;
    const Parts parts = read(t.expr, type, number * t.coefficient);
    if (parts.empty()) return {};
    all.insert(all.end(), parts.begin(), parts.end());
  }
  return all;
}

MapReader::Parts MapReader::read(Expr body, const Type& type, const Rational& number) {
  const Node& n = *body;
  if (!depends_on(body, direction_)) return {};
  switch (n.kind) {
    case Kind::Variable: {
      Size length(1);
      for (const auto& s : body.shape()) length = length * s;
      return {{number.is_negative(), reader_.assemble(number.absolute(), {}, {forge_.eye(length), nullptr})}};
    }
    case Kind::Sum:
      return read_all(n.terms, type, number);
    case Kind::Apply: {
      if (const Ast tree = fused_product(n)) {
        return {{number.is_negative(), reader_.assemble(number.absolute(), {}, {tree, nullptr})}};
      }
      if (n.op->name == "concat") return blocks(n, number);
      for (std::size_t k = 0; k < n.operands.size(); ++k) {
        if (!depends_on(n.operands[k], direction_)) continue;
        if (!record_of(n).linear_in.value(static_cast<int>(k))) return {};
        const Ast outer = operation(n, n.operands[k]);
        return outer ? composed({false, outer}, read(n.operands[k], {}, number)) : Parts{};
      }
      return {};
    }
    case Kind::Product:
      for (std::size_t k = 0; k < n.factors.size(); ++k) {
        if (depends_on(n.factors[k].expr, direction_)) return through(n, k, type, number);
      }
      return {};
    case Kind::Extent:
    case Kind::Power:
      break;
  }
  return {};
}

// The factor that holds the direction becomes open axes.
MapReader::Parts MapReader::through(const Node& n, std::size_t k, const Type& type, const Rational& number) {
  Graph& g = *n.graph;
  const Factor& f = n.factors[k];
  if (f.expr->kind == Kind::Product && f.labels.empty()) {  // tr(X'*H) gives up its summed labels
    Node open;  // as it stands: product() would close the scalar again
    open.kind = Kind::Product;
    open.graph = &g;
    open.coefficient = n.coefficient * f.expr->coefficient;
    open.factors = n.factors;
    open.factors.erase(open.factors.begin() + static_cast<std::ptrdiff_t>(k));
    open.output = n.output;
    open.label_sizes = n.label_sizes;
    open.shape = n.shape;
    const auto offset = static_cast<Label>(open.label_sizes.size());
    open.label_sizes.insert(open.label_sizes.end(), f.expr->label_sizes.begin(), f.expr->label_sizes.end());
    for (const auto& inner : f.expr->factors) {
      Labels labels = inner.labels;
      for (auto& l : labels) l += offset;
      open.factors.push_back({inner.expr, labels});
    }
    for (std::size_t m = 0; m < open.factors.size(); ++m) {
      if (depends_on(open.factors[m].expr, direction_)) return through(open, m, type, number);
    }
    return {};
  }
  if (f.expr->kind == Kind::Sum) {  // multiplied out
    std::vector<Term> terms;
    for (const auto& t : f.expr->terms) {
      std::vector<Factor> factors = n.factors;
      factors[k].expr = t.expr;
      terms.push_back({t.coefficient, g.product(n.coefficient, factors, n.output, n.label_sizes)});
    }
    return read_all(terms, type, number);
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
  const Reader::Pairs pairs{out.row, out.column, in.row, in.column};
  const Parts outer = reader_.read_signed_pairs(four, 1, Roles(static_cast<std::size_t>(four.rank())), pairs);
  if (outer.empty() || plain) return outer;
  return composed({false, sum(outer)}, read(f.expr, {}, 1));
}

MapReader::Parts MapReader::blocks(const Node& n, const Rational& number) {
  Graph& g = *n.graph;
  Parts all;
  for (std::size_t k = 0; k < n.operands.size(); ++k) {
    if (!depends_on(n.operands[k], direction_)) continue;
    std::vector<Expr> operands;
    for (std::size_t m = 0; m < n.operands.size(); ++m) {
      operands.push_back(m == k ? n.operands[m] : g.zeros(n.operands[m].shape()));
    }
    const Expr alone = g.apply(*n.op, operands, n.attributes);
    if (alone->op != n.op) return {};
    const Ast outer = operation(*alone, n.operands[k]);
    const Parts parts = outer ? composed({false, outer}, read(n.operands[k], {}, number)) : Parts{};
    if (parts.empty()) return {};
    all.insert(all.end(), parts.begin(), parts.end());
  }
  return all;
}

// vec(kron(H,A)) = kron(kron(eye(m),commutation(p,n)),eye(q)) * kron(eye(n*m),vec(A))*vec(H), A q x p and H n
// x m (Magnus and Neudecker, chapter 3); kron(A,H) likewise.
Ast MapReader::fused_product(const Node& n) {
  const auto fuse_of = [](const Node& e, int axis) -> const Node* {
    const bool fits = e.kind == Kind::Apply && e.op->name == "fuse" && axis_of(e.attributes) == axis;
    return fits ? e.operands[0].get() : nullptr;
  };
  const Node* outer = fuse_of(n, 1);
  const Node* four = outer != nullptr ? fuse_of(*outer, 0) : nullptr;
  if (four == nullptr || four->kind != Kind::Product || four->rank() != 4) return nullptr;
  const Labels& o = four->output;  // fast row, slow row, fast column, slow column
  std::vector<Factor> rest;
  const Factor* h = nullptr;
  for (const auto& f : four->factors) {
    if (f.expr == direction_) {
      h = &f;
    } else if (depends_on(f.expr, direction_)) {
      return nullptr;
    } else {
      rest.push_back(f);
    }
  }
  const bool slow = h != nullptr && h->labels == Labels{o[1], o[3]};
  const bool fast = h != nullptr && h->labels == Labels{o[0], o[2]};
  if (!slow && !fast) return nullptr;
  const Labels other = slow ? Labels{o[0], o[2]} : Labels{o[1], o[3]};
  for (const auto& f : rest) {
    for (const auto l : f.labels) {
      if (l == h->labels[0] || l == h->labels[1]) return nullptr;
    }
  }
  const Ast a = reader_.read(n.graph->product(four->coefficient, rest, other, four->label_sizes), natural(2));
  const auto length = [four](Label l) { return four->label_sizes[static_cast<std::size_t>(l)]; };
  const Size rows = length(h->labels[0]) * length(h->labels[1]);
  const Ast column = vec_tree(forge_, a);
  const Ast spread = slow ? kronecker_product(forge_, forge_.eye(rows), column)
                          : kronecker_product(forge_, column, forge_.eye(rows));
  const Ast exchange = commutation_tree(forge_, length(o[2]), length(o[1]));
  const Ast inner = kronecker_product(forge_, forge_.eye(length(o[3])), exchange);
  return product_but_identity(forge_, kronecker_product(forge_, inner, forge_.eye(length(o[0]))), spread);
}

Ast MapReader::operation(const Node& n, Expr operand) {
  const auto name = n.op->name;
  if (name == "fuse") {  // vec does not move entries
    const bool flat = operand.rank() == 2;
    Size length(1);
    for (const auto& s : operand.shape()) length = length * s;
    return flat ? forge_.eye(length) : nullptr;
  }
  if (name == "split") {
    return operand.rank() == 1 ? forge_.eye(operand.shape()[0]) : nullptr;
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
  if (!along && name != "slice" && name != "concat") return nullptr;
  // Acts on one axis: its matrix is what it makes of the identity.
  const auto axis = static_cast<std::size_t>(axis_of(n.attributes));
  const Size& length = operand.shape()[axis];
  const Size& result = n.shape[axis];
  const Ast eye = forge_.eye(length);
  Ast matrix;
  if (along) {
    matrix = forge_.call(name, {eye}, Type{result, length, {}});
  } else if (name == "concat") {
    using K = syntax::Kind;
    std::vector<Ast> rows_of;
    for (const auto& part : n.operands) {
      if (part != operand && !is_zero(part)) return nullptr;
      const Size& height = part.shape()[axis];
      Ast block = eye;
      if (part != operand) {
        block = forge_.call("zeros", {forge_.size(height), forge_.size(length)}, Type{height, length, {}});
      }
      rows_of.push_back(forge_.make(K::Row, "", {block}, {}));
    }
    matrix = forge_.make(K::Block, "", std::move(rows_of), Type{result, length, {}});
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
  if (options.code) body = print::for_code(body);
  if (body.rank() > 2 || direction.rank() > 2) return nullptr;
  if (is_zero(body)) {
    Forge forge;
    Size rows(1);
    Size columns(1);
    for (const auto& s : body.shape()) rows = rows * s;
    for (const auto& s : direction.shape()) columns = columns * s;
    if (rows.is_one() && columns.is_one()) return forge.number(0);
    return forge.call("zeros", {forge.size(rows), forge.size(columns)}, Type{rows, columns, {}});
  }
  Reader reader(options, body);
  MapReader map(reader, direction, direction_type);
  const Ast tree = map.sum(map.read(body, type, 1));
  return tree ? reader.finished(tree) : nullptr;
}

}  // namespace adjoint

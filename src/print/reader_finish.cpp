// What is left of a network between its output labels: a scalar, a vector, a diagonal, a matrix.
#include "print/reader_contraction.hpp"

namespace adjoint {

using syntax::Ast;

Ast Contraction::finish(const Rational& magnitude) {
  std::size_t r = vertices_.size();
  std::size_t c = vertices_.size();
  for (std::size_t v = 0; v < vertices_.size(); ++v) {
    if (vertices_[v].end == End::Both) return finish_diagonal(magnitude, vertices_[v]);
    if (vertices_[v].end == End::Row) r = v;
    if (vertices_[v].end == End::Column) c = v;
  }
  if (r == vertices_.size() && c == vertices_.size())
    return reader_->assemble(magnitude, scalars_, nullptr, true);
  if (c == vertices_.size()) return finish_vector(magnitude, vertices_[r]);
  if (r == vertices_.size()) return finish_vector(magnitude, vertices_[c]);
  return finish_matrix(magnitude, r, c);
}

Ast Contraction::finish_vector(const Rational& magnitude, const Vertex& v) {
  const bool forward = v.end == End::Row;
  if (v.weight.empty()) {
    const Ast ones = forward ? forge_->ones(v.size, 1) : forge_->ones(1, v.size);
    return reader_->assemble(magnitude, scalars_, {ones, nullptr});
  }
  const Ast straight = reader_->assemble(magnitude, scalars_, &v.weight, forward);
  const Ast turned = forge_->transpose(reader_->assemble(magnitude, scalars_, &v.weight, !forward));
  return forge_->least(straight, turned);
}

Ast Contraction::finish_diagonal(const Rational& magnitude, const Vertex& v) {
  if (v.weight.empty()) return reader_->assemble(magnitude, scalars_, {forge_->eye(v.size), nullptr});
  const Ast diagonal = forge_->diag(reader_->bundle_link(v.weight).forward);
  const Ast outside = reader_->assemble(magnitude, scalars_, {diagonal, nullptr});
  return forge_->least(outside, forge_->diag(reader_->assemble(magnitude, scalars_, &v.weight, true)));
}

Ast Contraction::finish_matrix(const Rational& magnitude, std::size_t r, std::size_t c) {
  const auto edges = edges_at(r);
  const Bundle& rows = vertices_[r].weight;
  const Bundle& columns = vertices_[c].weight;
  Ast best;
  const auto offer = [&](const Ast& tree) { best = forge_->least(best, tree); };
  const auto offer_chain = [&](const Chain& chain) {
    offer(reader_->assemble(magnitude, scalars_, {reader_->chain_tree(chain, true), nullptr}));
  };
  const auto offer_bundle = [&](const Bundle& bundle) {
    offer(reader_->assemble(magnitude, scalars_, &bundle, true));
    offer(forge_->transpose(reader_->assemble(magnitude, scalars_, &bundle, false)));
  };
  // u*v', the missing one being ones.
  const auto outer = [&](const Bundle& u, const Bundle& v) {
    Chain left = u.empty() ? Chain{} : reader_->bundle_chain(u);
    if (left.empty()) {
      const Ast ones = forge_->ones(vertices_[r].size, 1);
      left = {{ones, forge_->ones(1, vertices_[r].size)}};
    }
    Chain right = v.empty() ? Chain{} : reader_->bundle_chain(v);
    if (right.empty()) {
      const Ast ones = forge_->ones(vertices_[c].size, 1);
      right = {{ones, forge_->ones(1, vertices_[c].size)}};
    }
    for (const auto& l : reversed(right)) left.push_back(l);
    return left;
  };

  // Weights that only divide: M./(ones(n)*row).
  const auto divides = [&](const Bundle& weight) {
    for (const auto& item : weight) {
      if (!item.exponent.negative) return false;
    }
    return true;
  };
  const auto inverted = [](Bundle weight) {
    for (auto& item : weight) item.exponent.negative = !item.exponent.negative;
    return weight;
  };

  if (edges.empty()) {
    if (rows.empty() && columns.empty()) {
      const Ast ones = forge_->ones(vertices_[r].size, vertices_[c].size);
      return reader_->assemble(magnitude, scalars_, {ones, nullptr});
    }
    offer_chain(outer(rows, columns));
    if (!rows.empty() && !columns.empty() && divides(rows) && divides(columns)) {  // 1./(x*y')
      Item below;
      below.chain = outer(inverted(rows), inverted(columns));
      below.exponent.negative = true;
      offer_bundle({below});
    }
    return best;
  }

  const Edge& e = edges_[edges[0]];
  const Bundle middle = e.a == r ? e.bundle : reversed(e.bundle);
  if (rows.empty() && columns.empty()) {
    offer_bundle(middle);
    return best;
  }
  const bool below = divides(rows) && divides(columns);
  Bundle entrywise = middle;
  Item scaling;
  scaling.chain = below ? outer(inverted(rows), inverted(columns)) : outer(rows, columns);
  scaling.exponent.negative = below;
  scaling.order = kLast;
  entrywise.push_back(scaling);
  if (below) offer_bundle(entrywise);
  Chain chain = diagonal(rows);
  for (const auto& l : reader_->bundle_chain(middle)) chain.push_back(l);
  for (const auto& l : diagonal(columns)) chain.push_back(l);
  offer_chain(chain);
  // diag(u)*K*diag(v) keeps its form around a name.
  const Ast plain_middle = reader_->bundle_link(middle).forward;
  const bool named = !rows.empty() && !columns.empty() && is_name(plain_middle);
  if (!below && !named) offer_bundle(entrywise);
  return best;
}

}  // namespace adjoint

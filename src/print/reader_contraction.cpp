#include "print/reader_contraction.hpp"

#include <algorithm>

namespace adjoint {

using syntax::Ast;

namespace {
constexpr int kBranches = 5;

Chain joined(Chain a, const Chain& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
}  // namespace

std::size_t Contraction::add_vertex(const Size& size, End end, Label label) {
  vertices_.push_back({size, end, label, {}, true});
  return vertices_.size() - 1;
}

std::vector<std::size_t> Contraction::edges_at(std::size_t v) const {
  std::vector<std::size_t> found;
  for (std::size_t e = 0; e < edges_.size(); ++e) {
    if (edges_[e].a == v || edges_[e].b == v) found.push_back(e);
  }
  return found;
}

std::size_t Contraction::other_end(std::size_t edge, std::size_t v) const {
  return edges_[edge].a == v ? edges_[edge].b : edges_[edge].a;
}

Chain Contraction::chain_from(std::size_t edge, std::size_t v) {
  const Edge& e = edges_[edge];
  const Chain chain = reader_->bundle_chain(e.bundle);
  return e.a == v ? chain : reversed(chain);
}

Chain Contraction::diagonal(const Bundle& weight) {
  if (weight.empty()) return {};
  const Ast d = forge_->diag(reader_->bundle_link(weight).forward);
  return {{d, d}};
}

Chain Contraction::through(std::size_t e, std::size_t v, std::size_t f) {
  // Weights at both ends of an edge that is no bare name multiply it entrywise: M.*(u*w').
  for (const std::size_t edge : {e, f}) {
    const std::size_t u = other_end(edge, v);
    if (u == v || vertices_[u].weight.empty() || vertices_[v].weight.empty()) continue;
    if (is_name(reader_->bundle_link(edges_[edge].bundle).forward)) continue;
    Chain outer = reader_->bundle_chain(vertices_[edges_[edge].a].weight);
    outer = joined(std::move(outer), reversed(reader_->bundle_chain(vertices_[edges_[edge].b].weight)));
    edges_[edge].bundle.push_back(plain(std::move(outer)));
    vertices_[u].weight.clear();
    vertices_[v].weight.clear();
  }
  Chain chain = joined(reversed(chain_from(e, v)), diagonal(vertices_[v].weight));
  return joined(std::move(chain), chain_from(f, v));
}

void Contraction::erase(std::vector<std::size_t> edges) {
  std::sort(edges.begin(), edges.end(), std::greater<>());
  for (const auto e : edges) edges_.erase(edges_.begin() + static_cast<std::ptrdiff_t>(e));
}

Item Contraction::plain(Chain chain) const {
  Item item;
  item.chain = std::move(chain);
  item.order = kLast;
  return item;
}

namespace {
std::uint32_t latest(const Bundle& bundle) {
  std::uint32_t order = 0;
  for (const auto& item : bundle) order = std::max(order, item.order);
  return order;
}
}  // namespace

bool Contraction::remove_loop() {
  for (std::size_t e = 0; e < edges_.size(); ++e) {
    if (edges_[e].a != edges_[e].b) continue;
    const std::size_t v = edges_[e].a;
    const Bundle bundle = edges_[e].bundle;
    const Chain chain = reader_->bundle_chain(bundle);
    erase({e});
    Vertex& vertex = vertices_[v];
    if (vertex.end == End::Summed && vertex.weight.empty() && edges_at(v).empty()) {
      const Ast t = trace(chain);
      Item item = plain({{t, t}});
      item.order = latest(bundle);
      scalars_.push_back(std::move(item));
      vertex.alive = false;
    } else {
      const Link m = reader_->chain_link(chain);
      const Ast best = forge_->least(m.forward, m.backward);
      const Ast d = forge_->diag(best->kind == syntax::Kind::Transpose ? best->args[0] : best);
      Item item = plain({{d, forge_->transpose(d)}});
      item.order = latest(bundle);
      vertex.weight.push_back(std::move(item));
    }
    return true;
  }
  return false;
}

bool Contraction::close_vertex() {
  for (std::size_t v = 0; v < vertices_.size(); ++v) {
    Vertex& vertex = vertices_[v];
    if (!vertex.alive || vertex.end != End::Summed || !edges_at(v).empty()) continue;
    const Ast value = vertex.weight.empty() ? forge_->size(vertex.size) : dot(vertex.weight);
    Item item = plain({{value, value}});
    item.order = latest(vertex.weight);
    scalars_.push_back(std::move(item));
    vertex.alive = false;
    return true;
  }
  return false;
}

bool Contraction::remove_leaf() {
  for (std::size_t v = 0; v < vertices_.size(); ++v) {
    if (!vertices_[v].alive || vertices_[v].end != End::Summed) continue;
    const auto at = edges_at(v);
    if (at.size() != 1) continue;
    const std::size_t u = other_end(at[0], v);
    const Bundle bundle = edges_[at[0]].bundle;
    const Chain matrix = reversed(chain_from(at[0], v));
    Item item;
    if (vertices_[v].weight.empty()) {
      const Link m = reader_->chain_link(matrix);
      const Ast down = forge_->sum_along(m.forward, 2);
      const Ast across = forge_->sum_along(m.backward, 1);
      item = plain(
          {{forge_->least(forge_->transpose(across), down), forge_->least(forge_->transpose(down), across)}});
    } else {
      item = plain(joined(matrix, reader_->bundle_chain(vertices_[v].weight)));
    }
    item.order = std::max(latest(bundle), latest(vertices_[v].weight));
    vertices_[v].alive = false;
    erase({at[0]});
    vertices_[u].weight.push_back(std::move(item));
    return true;
  }
  return false;
}

bool Contraction::join_series() {
  for (std::size_t v = 0; v < vertices_.size(); ++v) {
    if (!vertices_[v].alive || vertices_[v].end != End::Summed) continue;
    const auto at = edges_at(v);
    if (at.size() != 2) continue;
    const std::size_t u = other_end(at[0], v);
    const std::size_t w = other_end(at[1], v);
    if (u == w) continue;
    Item item = plain(through(at[0], v, at[1]));
    item.order = std::max(latest(edges_[at[0]].bundle), latest(edges_[at[1]].bundle));
    vertices_[v].alive = false;
    erase(at);
    edges_.push_back({u, w, {std::move(item)}});
    return true;
  }
  return false;
}

bool Contraction::merge_parallel() {
  for (std::size_t e = 0; e < edges_.size(); ++e) {
    for (std::size_t f = e + 1; f < edges_.size(); ++f) {
      const bool same = edges_[e].a == edges_[f].a && edges_[e].b == edges_[f].b;
      const bool opposite = edges_[e].a == edges_[f].b && edges_[e].b == edges_[f].a;
      if (!same && !opposite) continue;
      const Bundle other = same ? edges_[f].bundle : reversed(edges_[f].bundle);
      edges_[e].bundle.insert(edges_[e].bundle.end(), other.begin(), other.end());
      erase({f});
      return true;
    }
  }
  return false;
}

bool Contraction::branch(const Rational& magnitude, int depth, Label& stuck, Ast& result) {
  if (depth >= kBranches) return false;
  for (std::size_t v = 0; v < vertices_.size(); ++v) {
    if (!vertices_[v].alive || vertices_[v].end != End::Summed) continue;
    const auto at = edges_at(v);
    if (at.size() != 2 || other_end(at[0], v) != other_end(at[1], v)) continue;
    const std::size_t u = other_end(at[0], v);
    const bool closed = vertices_[u].end == End::Summed && edges_at(u).size() == 2;
    const auto order = std::max(latest(edges_[at[0]].bundle), latest(edges_[at[1]].bundle));
    const auto offer = [&](Contraction&& other) {
      Label ignored = -1;
      result = forge_->least(result, other.solve(magnitude, depth + 1, result ? ignored : stuck));
    };
    Chain before;
    if (closed) {  // a trace around both
      Contraction ring = *this;
      const Chain chain = before = joined(ring.through(at[0], v, at[1]), ring.diagonal(vertices_[u].weight));
      const Ast t = ring.trace(chain);
      Item item = plain({{t, t}});
      item.order = order;
      ring.scalars_.push_back(std::move(item));
      ring.vertices_[u].alive = ring.vertices_[v].alive = false;
      ring.erase(at);
      offer(std::move(ring));
    }
    for (const std::size_t through_vertex : {v, u}) {  // a loop on the other one
      if (through_vertex == u && !closed) continue;
      Contraction loop = *this;
      const std::size_t rest = through_vertex == v ? u : v;
      Item item = plain(loop.through(at[0], through_vertex, at[1]));
      item.order = order;
      loop.vertices_[through_vertex].alive = false;
      loop.erase(at);
      loop.edges_.push_back({rest, rest, {std::move(item)}});
      offer(std::move(loop));
    }
    Contraction entrywise = *this;
    const bool same = edges_[at[0]].a == edges_[at[1]].a;
    const Bundle other = same ? edges_[at[1]].bundle : reversed(edges_[at[1]].bundle);
    auto& bundle = entrywise.edges_[at[0]].bundle;
    bundle.insert(bundle.end(), other.begin(), other.end());
    entrywise.erase({at[1]});
    Label ignored = -1;
    const Ast sum = entrywise.solve(magnitude, depth + 1, result ? ignored : stuck);
    const bool ring =
        closed && before.size() > 2;  // which stays a trace unless that is two operations longer
    if (!ring || !result || (sum && forge_->operations(sum) + 1 < forge_->operations(result))) {
      result = forge_->least(result, sum);
    }
    return true;
  }
  return false;
}

Ast Contraction::solve(const Rational& magnitude, int depth, Label& stuck) {
  for (;;) {
    if (remove_loop() || close_vertex() || remove_leaf() || join_series()) continue;
    Ast result;
    if (branch(magnitude, depth, stuck, result)) return result;
    if (merge_parallel()) continue;
    std::size_t most = 0;
    bool blocked = false;
    for (std::size_t v = 0; v < vertices_.size(); ++v) {
      if (!vertices_[v].alive || vertices_[v].end != End::Summed) continue;
      const std::size_t degree = edges_at(v).size();
      if (!blocked || degree > most) {
        most = degree;
        stuck = vertices_[v].label;
      }
      blocked = true;
    }
    return blocked ? Ast() : finish(magnitude);
  }
}

// tr of the ring begun anywhere, in either direction, or the sum of two arcs multiplied entrywise.
Ast Contraction::trace(const Chain& ring) {
  const std::size_t n = ring.size();
  Ast best;
  bool best_starts_turned = false;
  // Between equals, transposes stand in front: tr(X'*A*X).
  const auto offer = [&](const Chain& chain, bool forward) {
    Ast m = reader_->chain_tree(chain, forward);
    const bool whole = m->kind == syntax::Kind::Transpose;
    if (whole) m = m->args[0];
    const Ast t = m->type.is_scalar() ? m : forge_->call("tr", {m}, {});
    Ast first = m;
    while (is_binary(first, "*")) first = first->args[0];
    const bool starts_turned = first->kind == syntax::Kind::Transpose;
    const bool tie = best && forge_->cost(t) == forge_->cost(best);
    if (!best || forge_->cost(t) < forge_->cost(best) || (tie && starts_turned && !best_starts_turned)) {
      best = t;
      best_starts_turned = starts_turned;
    }
  };
  const auto arc = [&ring, n](std::size_t from, std::size_t length) {
    Chain chain;
    for (std::size_t k = 0; k < length; ++k) chain.push_back(ring[(from + k) % n]);
    return chain;
  };
  for (std::size_t s = 0; s < (n <= 10 ? n : 1); ++s) {
    offer(arc(s, n), true);
    offer(arc(s, n), false);
  }
  const Ast trace = best;  // a longer ring gives it up for two operations only
  for (std::size_t s = 0; n >= 2 && n <= 8 && s < n; ++s) {
    for (std::size_t length = 1; length <= n / 2; ++length) {
      const Link a = reader_->chain_link(arc(s, length));
      const Link b = reader_->chain_link(arc(s + length, n - length));
      for (const bool turned : {false, true}) {
        const Ast x = turned ? a.backward : a.forward;
        const Ast y = turned ? b.forward : b.backward;
        const Ast product = x == y ? forge_->power(x, forge_->number(2)) : forge_->times(x, y);
        const Ast sum = forge_->sum_all(product);
        if (n == 2 || forge_->operations(sum) + 1 < forge_->operations(trace))
          best = forge_->least(best, sum);
      }
    }
  }
  return best;
}

// The sum of an entrywise product of vectors: x'*y, x'*(y.*z), sum(x), sum(x./y).
Ast Contraction::dot(const Bundle& weight) {
  Ast best;
  Bundle items = weight;
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.order < b.order; });
  const std::size_t n = items.size();
  for (std::size_t left = 1; n >= 2 && n <= 4 && left + 1 < (std::size_t{1} << n); ++left) {
    Bundle a;
    Bundle b;
    for (std::size_t k = 0; k < n; ++k) ((left >> k & 1U) != 0 ? a : b).push_back(items[k]);
    const Chain chain = joined(reversed(reader_->bundle_chain(a)), reader_->bundle_chain(b));
    best = forge_->least(best, reader_->chain_tree(chain, true));
  }
  const Link whole = reader_->bundle_link(items);
  const Ast sum = forge_->least(forge_->sum_all(whole.forward), forge_->sum_all(whole.backward));
  return best && forge_->operations(best) <= forge_->operations(sum) ? best : sum;
}

}  // namespace adjoint

// A product as a network while it is being read: vertices with weights, edges, scalars in front.
#pragma once

#include <optional>
#include <vector>

#include "print/reader_state.hpp"

namespace adjoint {

class Contraction {
 public:
  enum class End : std::uint8_t { Summed, Row, Column, Both };
  struct Vertex {
    Size size;
    End end = End::Summed;
    Label label = -1;
    Bundle weight;
    bool alive = true;
  };
  struct Edge {
    std::size_t a, b;
    Bundle bundle;  // rows run over a, columns over b
  };

  explicit Contraction(Reader& reader) : reader_(&reader), forge_(&reader.forge) {}

  std::size_t add_vertex(const Size& size, End end, Label label);
  void add_weight(std::size_t v, Item item) { vertices_[v].weight.push_back(std::move(item)); }
  void add_edge(std::size_t a, std::size_t b, Item item) { edges_.push_back({a, b, {std::move(item)}}); }
  void add_scalar(Item item) { scalars_.push_back(std::move(item)); }

  /// The tree of magnitude * network. Null where the network is not series-parallel: `stuck` is then a label
  /// that an index would help to remove.
  syntax::Ast solve(const Rational& magnitude, int depth, Label& stuck);

 private:
  [[nodiscard]] std::vector<std::size_t> edges_at(std::size_t v) const;
  [[nodiscard]] std::size_t other_end(std::size_t edge, std::size_t v) const;
  /// The edge as a chain from vertex v on.
  Chain chain_from(std::size_t edge, std::size_t v);
  Chain diagonal(const Bundle& weight);
  /// e, then the weight of v as a diagonal, then f.
  Chain through(std::size_t e, std::size_t v, std::size_t f);
  void erase(std::vector<std::size_t> edges);
  Item plain(Chain chain) const;

  bool remove_loop();
  bool close_vertex();
  bool remove_leaf();
  bool join_series();
  bool merge_parallel();
  /// A summed vertex whose two edges lead to one neighbour: the least of the ways to read it.
  bool branch(const Rational& magnitude, int depth, Label& stuck, syntax::Ast& result);

  syntax::Ast trace(const Chain& ring);
  syntax::Ast dot(const Bundle& weight);
  syntax::Ast finish(const Rational& magnitude);
  syntax::Ast finish_vector(const Rational& magnitude, const Vertex& v);
  syntax::Ast finish_diagonal(const Rational& magnitude, const Vertex& v);
  syntax::Ast finish_matrix(const Rational& magnitude, std::size_t r, std::size_t c);

  Reader* reader_;
  Forge* forge_;
  std::vector<Vertex> vertices_;
  std::vector<Edge> edges_;
  Bundle scalars_;
};

}  // namespace adjoint

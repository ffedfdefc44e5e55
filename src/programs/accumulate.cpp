#include "programs/accumulate.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

#include "calculus/differentiate.hpp"
#include "kernel/polynomial.hpp"
#include "programs/guards.hpp"
#include "simplify/simplify.hpp"

namespace adjoint {
namespace {

using kernel::Polynomial;

Polynomial entries(Expr e) {
  Polynomial p = 1;
  for (const auto& s : e.shape()) p = p * Polynomial(s);
  return p;
}

// Whether an array has zeros by its form: an output axis that repeats.
bool has_structure(Expr e) {
  if (e->kind == Kind::Sum) {
    return std::any_of(e->terms.begin(), e->terms.end(), [](const Term& t) { return has_structure(t.expr); });
  }
  if (e->kind != Kind::Product) return false;
  Labels labels = e->output;
  std::sort(labels.begin(), labels.end());
  return std::adjacent_find(labels.begin(), labels.end()) != labels.end();
}

class Elimination {
 public:
  Elimination(const StraightLine& program, std::span<const Expr> active, Blocks blocks)
      : out_(program), active_(active.begin(), active.end()), blocks_(blocks) {
    if (program.outputs.size() != 1) throw std::invalid_argument("accumulation for several outputs");
  }

  StraightLine run() {
    local_blocks();
    for (const Expr v : chain() ? bracketing() : std::vector<Expr>{}) eliminate(v);
    while (const Expr v = cheapest()) eliminate(v);
    const Expr y = out_.outputs[0];
    Graph& g = y.graph();
    for (const auto& x : active_) {
      Expr d;
      if (const auto at = users_[y.get()].find(x.get()); at != users_[y.get()].end()) d = at->second;
      if (y == x) {
        Axes twice = g.axes(x);
        const Axes once = twice;
        twice.insert(twice.end(), once.begin(), once.end());
        d = g.product(1, std::vector<Indexed>{}, twice);
      }
      out_.results.push_back({name_of_result(y, x), y.rank() == 0 ? x : Expr()});
      if (!d) {
        Shape shape = y.shape();
        shape.insert(shape.end(), x.shape().begin(), x.shape().end());
        d = g.zeros(shape);
      }
      const Expr whole = named(d, y, x, true);
      // A gradient is one of the declared structure, as those of other modes are.
      const Expr restricted = y.rank() == 0 ? project_on_structure(whole, x) : whole;
      if (!(restricted == whole)) {
        const Expr last = g.variable(out_.names.fresh(x->name() + "_restricted"), x.shape());
        out_.lines.push_back({last, restricted, {}, Sweep::Jacobian});
      }
      out_.outputs.push_back(restricted == whole ? whole : out_.lines.back().name);
    }
    return out_;
  }

 private:
  using Row = std::map<const Node*, Expr>;

  // d v / d u of each line v in each operand u that moves.
  void local_blocks() {
    std::map<const Node*, bool> moves;
    for (const auto& x : active_) moves[x.get()] = true;
    const std::vector<Line> lines = out_.lines;
    const Guards guards(out_);
    for (const auto& line : lines) {
      for (const auto& u : topological(std::span(&line.value, 1))) {
        if (u->kind != Kind::Variable || !moves.contains(u.get())) continue;
        moves[line.name.get()] = true;
        const Expr d = simplify(guards.flat(jacobian(line.value, u), line));
        if (is_zero(d)) continue;
        put(line.name, u, named(d, line.name, u, blocks_ == Blocks::Dense));
        if (std::find(active_.begin(), active_.end(), u) == active_.end()) open(u);
      }
      if (moves.contains(line.name.get()) && !(line.name == out_.outputs[0])) open(line.name);
    }
  }

  void open(Expr v) {
    if (std::find(open_.begin(), open_.end(), v) == open_.end() && !(v == out_.outputs[0]))
      open_.push_back(v);
  }
  void put(Expr v, Expr u, Expr d) {
    users_[v.get()][u.get()] = d;
    used_by_[u.get()][v.get()] = v;
    nodes_[u.get()] = u;
    nodes_[v.get()] = v;
  }

  [[nodiscard]] std::string name_of_result(Expr y, Expr x) const {
    const std::string kind = y.rank() == 0 ? "gradient" : "jacobian";
    return active_.size() == 1 ? kind : kind + "_" + x->name();
  }

  Expr named(Expr d, Expr v, Expr u, bool always) {
    if (d->kind == Kind::Variable || (!always && has_structure(d))) return d;
    const std::string& base = base_name(v, u);
    // A block that stood as it is until now may have had the name before.
    const Expr j = d.graph().variable(versions_[base] == 0 ? base : base_again(v, u), d.shape());
    ++versions_[base];
    out_.lines.push_back({j, d, {}, Sweep::Jacobian});
    return j;
  }

  // before + product, as an accumulation where a line holds what was before.
  Expr added(Expr before, Expr product, Expr v, Expr u) {
    const Expr sum = before + product;
    if (before->kind != Kind::Variable || shown_name(before) != base_name(v, u) ||
        (blocks_ == Blocks::Structured && has_structure(sum)))
      return named(sum, v, u, blocks_ == Blocks::Dense);
    const int version = ++versions_[base_name(v, u)];
    const Expr j = sum.graph().variable(base_name(v, u) + "#" + std::to_string(version), sum.shape());
    out_.lines.push_back({j, sum, product, Sweep::Jacobian});
    return j;
  }

  const std::string& base_name(Expr v, Expr u) {
    std::string& name = bases_[{v.get(), u.get()}];
    if (name.empty()) name = out_.names.fresh("J_" + v->name() + "_" + u->name());
    return name;
  }
  const std::string& base_again(Expr v, Expr u) {
    return bases_[{v.get(), u.get()}] = out_.names.fresh("J_" + v->name() + "_" + u->name());
  }

  // One operand each, one user each.
  bool chain() {
    return active_.size() == 1 && std::all_of(open_.begin(), open_.end(), [this](Expr v) {
             return users_[v.get()].size() == 1 && used_by_[v.get()].size() == 1;
           });
  }

  // The order in which the best bracketing of the chain of blocks eliminates its inner variables.
  std::vector<Expr> bracketing() {
    constexpr std::size_t kLongest = 40;
    const std::size_t k = open_.size();
    if (k < 2 || k > kLongest) return {};
    std::vector<Polynomial> size{entries(active_[0])};
    for (const auto& v : open_) size.push_back(entries(v));
    size.push_back(entries(out_.outputs[0]));
    const std::size_t n = size.size();
    std::vector<std::vector<Polynomial>> cost(n, std::vector<Polynomial>(n));
    std::vector<std::vector<std::size_t>> cut(n, std::vector<std::size_t>(n, 0));
    for (std::size_t width = 2; width < n; ++width) {
      for (std::size_t a = 0; a + width < n; ++a) {
        const std::size_t b = a + width;
        for (std::size_t c = a + 1; c < b; ++c) {
          const Polynomial total = cost[a][c] + cost[c][b] + size[a] * size[c] * size[b];
          if (c > a + 1 && !Polynomial::less_for_large(total, cost[a][b])) continue;
          cost[a][b] = total;
          cut[a][b] = c;
        }
      }
    }
    std::vector<Expr> order;
    const auto walk = [&](const auto& self, std::size_t a, std::size_t b) -> void {
      if (b - a < 2) return;
      self(self, a, cut[a][b]);
      self(self, cut[a][b], b);
      order.push_back(open_[cut[a][b] - 1]);
    };
    walk(walk, 0, n - 1);
    return order;
  }

  // Multiply-adds of eliminating v: each block above with each block below.
  Polynomial work(Expr v) {
    Polynomial total;
    for (const auto& [w, handle] : used_by_[v.get()]) {
      for (const auto& [u, block] : users_[v.get()])
        total += entries(handle) * entries(v) * entries(nodes_.at(u));
    }
    return total;
  }

  Expr cheapest() {
    Expr best;
    Polynomial least;
    for (const auto& v : open_) {
      const Polynomial w = work(v);
      if (best && !Polynomial::less_for_large(w, least)) continue;
      best = v;
      least = w;
    }
    return best;
  }

  void eliminate(Expr v) {
    Graph& g = v.graph();
    const Row above = used_by_[v.get()];
    const Row below = users_[v.get()];
    for (const auto& [w, handle] : above) {
      const Expr outer = users_[w].at(v.get());
      for (const auto& [u, inner] : below) {
        const Expr to = nodes_.at(u);
        const Axes i = g.axes(handle);
        const Axes j = g.axes(v);
        const Axes k = g.axes(to);
        const auto both = [](Axes a, const Axes& b) {
          a.insert(a.end(), b.begin(), b.end());
          return a;
        };
        Expr product = simplify(g.product(1, {{outer, both(i, j)}, {inner, both(j, k)}}, both(i, k)));
        Expr before;
        if (const auto at = users_[w].find(u); at != users_[w].end()) before = at->second;
        put(handle, to,
            before ? added(before, product, handle, to)
                   : named(product, handle, to, blocks_ == Blocks::Dense));
      }
      users_[w].erase(v.get());
    }
    for (const auto& [u, inner] : below) used_by_[u].erase(v.get());
    open_.erase(std::find(open_.begin(), open_.end(), v));
  }

  StraightLine out_;
  std::vector<Expr> active_;
  Blocks blocks_;
  std::vector<Expr> open_;              // intermediates still to be eliminated
  std::map<const Node*, Row> users_;    // of v: its blocks by operand
  std::map<const Node*, Row> used_by_;  // of u: the lines that have a block in u
  std::map<const Node*, Expr> nodes_;
  std::map<std::pair<const Node*, const Node*>, std::string> bases_;  // names of blocks
  std::map<std::string, int> versions_;
};

}  // namespace

StraightLine accumulate(const StraightLine& program, std::span<const Expr> active, Blocks blocks) {
  return Elimination(program, active, blocks).run();
}

}  // namespace adjoint

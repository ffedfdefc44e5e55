#include "programs/checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "programs/modes.hpp"
#include "programs/pull.hpp"

namespace adjoint {
namespace {

using Environment = std::unordered_map<const Node*, Expr>;  // the version of a name that holds its value now

std::vector<Expr> variables_of(Expr value) {
  std::vector<Expr> out;
  for (const auto& e : topological(std::span(&value, 1))) {
    if (e->kind == Kind::Variable) out.push_back(e);
  }
  return out;
}

// Positions between lines at which the fewest names are needed later; 0 and the end included.
std::vector<std::size_t> borders(const StraightLine& p) {
  std::unordered_map<const Node*, std::size_t> last;
  for (std::size_t k = 0; k < p.lines.size(); ++k) {
    for (const auto& v : variables_of(p.lines[k].value)) last[v.get()] = k;
  }
  for (const auto& y : p.outputs) last[y.get()] = p.lines.size();
  std::vector<std::size_t> alive(p.lines.size() + 1, 0);
  std::vector<std::ptrdiff_t> change(p.lines.size() + 2, 0);
  for (std::size_t k = 0; k < p.lines.size(); ++k) {
    const auto at = last.find(p.lines[k].name.get());
    if (at == last.end() || at->second <= k) continue;
    ++change[k + 1];
    --change[std::min(at->second, p.lines.size()) + 1];
  }
  std::ptrdiff_t now = 0;
  for (std::size_t k = 0; k <= p.lines.size(); ++k) alive[k] = static_cast<std::size_t>(now += change[k]);
  std::size_t fewest = p.lines.size();
  for (std::size_t k = 1; k < p.lines.size(); ++k) fewest = std::min(fewest, alive[k]);
  std::vector<std::size_t> cuts{0};
  for (std::size_t k = 1; k < p.lines.size(); ++k) {
    if (alive[k] == fewest) cuts.push_back(k);
  }
  if (cuts.back() != p.lines.size()) cuts.push_back(p.lines.size());
  return cuts;
}

// Binomial schedule: with c snapshots and r repetitions, binomial(c + r, c) stages are reversed.
class Schedule {
 public:
  Schedule(const StraightLine& program, std::span<const Expr> active, int snapshots)
      : program_(program), adjoints_(program, active), cuts_(borders(program)) {
    const auto stages = static_cast<double>(cuts_.size() - 1);
    snapshots_ = snapshots > 0 ? snapshots : std::max(1, static_cast<int>(std::ceil(std::log2(stages))));
  }

  StraightLine run() {
    out_ = program_;
    out_.lines.clear();
    if (program_.lines.empty()) {  // an input as it is
      value_ = program_.outputs[0];
      adjoints_.seed(out_);
    } else {
      reverse(0, cuts_.size() - 1, {}, snapshots_);
    }
    adjoints_.finish(out_, value_);
    return out_;
  }

 private:
  // Lines of stages [from, to) once more; the environment holds what is alive at `to` afterwards.
  Environment advance(std::size_t from, std::size_t to, Environment at) {
    for (std::size_t k = cuts_[from]; k < cuts_[to]; ++k) {
      const Line& line = program_.lines[k];
      const Expr name = fresh(line.name);
      out_.lines.push_back({name, versioned(line.value, at), {}, Sweep::Value});
      at[line.name.get()] = name;
    }
    return at;
  }

  void reverse(std::size_t from, std::size_t to, const Environment& at, int snapshots) {
    if (to - from == 1) {
      const Environment here = advance(from, to, at);
      if (to == cuts_.size() - 1) {
        const Expr y = program_.outputs[0];
        value_ = here.contains(y.get()) ? here.at(y.get()) : y;
        adjoints_.seed(out_);
      }
      for (std::size_t k = cuts_[to]; k-- > cuts_[from];) {
        adjoints_.pull(program_.lines[k], out_, [&](Expr e) { return versioned(e, here); });
      }
      return;
    }
    const std::size_t middle = from + split(to - from, snapshots);
    const Environment there = needed(advance(from, middle, at), middle);
    reverse(middle, to, there, std::max(1, snapshots - 1));
    reverse(from, middle, at, snapshots);
  }

  // How far to advance before the next snapshot.
  static std::size_t split(std::size_t length, int snapshots) {
    if (snapshots <= 1) return length - 1;
    double repetitions = 1;
    const auto reach = [](double c, double r) {
      return std::exp(std::lgamma(c + r + 1) - std::lgamma(c + 1) - std::lgamma(r + 1));
    };
    while (reach(snapshots, repetitions) < static_cast<double>(length) - 0.5) ++repetitions;
    const auto far = static_cast<std::size_t>(std::llround(reach(snapshots, repetitions - 1)));
    return std::clamp<std::size_t>(far, 1, length - 1);
  }

  // Only what later lines read.
  Environment needed(const Environment& at, std::size_t stage) {
    if (readers_.empty()) {
      for (std::size_t k = 0; k < program_.lines.size(); ++k) {
        for (const auto& v : variables_of(program_.lines[k].value)) readers_[v.get()] = k;
      }
    }
    Environment kept;
    for (const auto& [name, version] : at) {
      const auto reader = readers_.find(name);
      if (reader != readers_.end() && reader->second >= cuts_[stage]) kept.emplace(name, version);
    }
    return kept;
  }

  Expr fresh(Expr name) {
    const int n = ++versions_[name.get()];
    return n == 1 ? name
                  : name.graph().variable(name->name() + "#" + std::to_string(n), name.shape(), name->facts);
  }

  static Expr versioned(Expr e, const Environment& at) {
    std::vector<std::pair<Expr, Expr>> replacements;
    for (const auto& v : variables_of(e)) {
      const auto version = at.find(v.get());
      if (version != at.end() && !(version->second == v)) replacements.emplace_back(v, version->second);
    }
    return replacements.empty() ? e : substitute(e, replacements);
  }

  const StraightLine& program_;
  Adjoints adjoints_;
  std::vector<std::size_t> cuts_;
  int snapshots_ = 1;
  StraightLine out_;
  Expr value_;
  std::unordered_map<const Node*, int> versions_;
  std::unordered_map<const Node*, std::size_t> readers_;
};

}  // namespace

int stages(const StraightLine& program) { return static_cast<int>(borders(program).size()) - 1; }

StraightLine reverse_with_checkpoints(const StraightLine& program, std::span<const Expr> active,
                                      int snapshots) {
  return Schedule(program, active, snapshots).run();
}

}  // namespace adjoint

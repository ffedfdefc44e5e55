#include "run/strips.hpp"

#include <algorithm>
#include <cstdlib>

#include "run/pointwise_step.hpp"

namespace adjoint::run {
namespace {

constexpr std::int64_t kStrip = 1024;    // points of a strip: a few such vectors fill the first cache
constexpr std::int64_t kFarthest = 128;  // how far behind the front a step may stay
using Pointwises = std::vector<std::unique_ptr<PointwiseStep>>;

// A buffer that lives within the chain: its memory holds a window that moves along with the front.
struct Window {
  kernel::BufferId buffer;
  std::size_t writer;
  std::int64_t shift = 0;  // the writer's point i writes entry i + shift
  struct Reader {
    std::size_t step;
    std::int64_t shift;  // the reader's point i reads entry i + shift
  };
  std::vector<Reader> readers;
  std::int64_t start = 0, end = 0;  // the entries that the window holds
};

class Chain final : public Step {
 public:
  Chain(Pointwises steps, std::vector<std::int64_t> lag, std::vector<Window> windows)
      : steps_(std::move(steps)), lag_(std::move(lag)), windows_(std::move(windows)) {
    for (std::size_t k = 0; k < steps_.size(); ++k) front_ = std::max(front_, steps_[k]->length() + lag_[k]);
  }

  void run(Bases bases, Counts* counts) override {
    bases_.assign(bases.begin(), bases.end());
    for (auto& step : steps_) step->begin(bases_, counts);
    for (Window& w : windows_) w.start = w.end = 0;
    for (std::int64_t at = 0; at < front_; at += kStrip) {
      for (std::size_t k = 0; k < steps_.size(); ++k) {
        const std::int64_t low = std::max<std::int64_t>(0, at - lag_[k]);
        const std::int64_t high = std::min(steps_[k]->length(), at + kStrip - lag_[k]);
        if (low >= high) continue;
        if (!windows_.empty()) steps_[k]->rebase(bases_);
        steps_[k]->range(low, high, counts);
      }
      for (Window& w : windows_) advance(w, at, bases);
    }
  }

  [[nodiscard]] std::int64_t working_doubles() const override {
    std::int64_t sum = 0;
    for (const auto& step : steps_) sum += step->working_doubles();
    return sum;
  }
  [[nodiscard]] std::int64_t scratch_doubles() const override {
    std::int64_t most = 0;
    for (const auto& step : steps_) most = std::max(most, step->scratch_doubles());
    return most;
  }
  void set_scratch(double* scratch) override {  // a tile of one step is done before that of the next begins
    for (auto& step : steps_) step->set_scratch(scratch);
  }

 private:
  // What the next strip still reads goes to the front of the window.
  void advance(Window& w, std::int64_t at, Bases bases) {
    const std::int64_t end =
        std::clamp<std::int64_t>(at + kStrip - lag_[w.writer], 0, steps_[w.writer]->length()) + w.shift;
    std::int64_t keep = end;
    for (const Window::Reader& r : w.readers)
      keep = std::min(keep, std::max<std::int64_t>(0, at + kStrip - lag_[r.step]) + r.shift);
    keep = std::max(keep, w.start);
    double* memory = bases[static_cast<std::size_t>(w.buffer)];
    std::copy(memory + (keep - w.start), memory + (end - w.start), memory);
    w.start = keep;
    w.end = end;
    bases_[static_cast<std::size_t>(w.buffer)] = memory - keep;
  }

  Pointwises steps_;
  std::vector<std::int64_t> lag_;
  std::vector<Window> windows_;
  std::int64_t front_ = 0;
  std::vector<double*> bases_;
};

using Use = PointwiseStep::Use;

// A chain that is being put together.
struct Draft {
  std::vector<PointwiseStep*> steps;
  std::vector<std::int64_t> lag;

  // The writer of a buffer and the entry that its point 0 writes.
  const Use* writer(kernel::BufferId buffer, std::size_t& step) const {
    for (step = 0; step < steps.size(); ++step) {
      for (const Use& use : steps[step]->uses()) {
        if (use.written && use.buffer == buffer) return &use;
      }
    }
    return nullptr;
  }

  // Whether the step may run behind the others in strips; its lag.
  bool takes(const PointwiseStep& next, const std::vector<std::int32_t>& slot, std::int64_t& next_lag) const {
    if (!next.runs_in_ranges() || next.length() < 4 * kStrip) return false;
    next_lag = 0;
    bool linked = false;
    for (const Use& use : next.uses()) {
      if (use.written) {
        for (const PointwiseStep* step : steps) {
          for (const Use& other : step->uses()) {
            if (other.buffer == use.buffer) return false;
            const auto shared = slot[static_cast<std::size_t>(use.buffer)];
            if (shared >= 0 && shared == slot[static_cast<std::size_t>(other.buffer)]) return false;
          }
        }
        continue;
      }
      std::size_t at = 0;
      const Use* source = writer(use.buffer, at);
      if (source == nullptr) continue;
      if (!source->entry_by_entry || !use.entry_by_entry) return false;
      const std::int64_t ahead = use.shift - source->shift;
      if (std::abs(ahead) > kFarthest) return false;
      next_lag = std::max(next_lag, lag[at] + std::max<std::int64_t>(0, ahead));
      linked = true;
    }
    return linked && next_lag <= kFarthest;
  }
};

std::vector<Window> windows_of(const kernel::Program& program, const Draft& draft, std::size_t first,
                               const std::vector<std::int32_t>& slot) {
  std::vector<Window> windows;
  for (std::size_t k = 0; k < draft.steps.size(); ++k) {
    for (const Use& use : draft.steps[k]->uses()) {
      // Memory that is shared at other times is fine: it is this buffer's while the chain runs.
      if (!use.written || !use.entry_by_entry || slot[static_cast<std::size_t>(use.buffer)] < 0) continue;
      Window w{use.buffer, k, use.shift, {}, 0, 0};
      bool inside = true;
      for (std::size_t t = 0; t < program.instructions.size(); ++t) {
        const auto read = kernel::reads(program.instructions[t]);
        const bool reads = std::find(read.begin(), read.end(), use.buffer) != read.end();
        inside = inside && (!reads || (t >= first && t < first + draft.steps.size()));
      }
      for (std::size_t r = 0; r < draft.steps.size(); ++r) {
        for (const Use& other : draft.steps[r]->uses()) {
          if (!other.written && other.buffer == use.buffer) w.readers.push_back({r, other.shift});
        }
      }
      if (inside) windows.push_back(std::move(w));
    }
  }
  return windows;
}

}  // namespace

std::vector<std::unique_ptr<Step>> in_strips(const kernel::Program& program,
                                             std::vector<std::unique_ptr<Step>> steps,
                                             const std::vector<std::int32_t>& slot) {
  std::vector<std::unique_ptr<Step>> out;
  for (std::size_t t = 0; t < steps.size();) {
    if (steps[t] == nullptr) {  // part of another
      ++t;
      continue;
    }
    auto* first = dynamic_cast<PointwiseStep*>(steps[t].get());
    Draft draft;
    if (first != nullptr && first->runs_in_ranges() && first->length() >= 4 * kStrip) {
      draft.steps.push_back(first);
      draft.lag.push_back(0);
      for (std::size_t u = t + 1; u < steps.size(); ++u) {
        auto* next = dynamic_cast<PointwiseStep*>(steps[u].get());
        std::int64_t lag = 0;
        if (next == nullptr || !draft.takes(*next, slot, lag)) break;
        draft.steps.push_back(next);
        draft.lag.push_back(lag);
      }
    }
    if (draft.steps.size() < 2) {
      out.push_back(std::move(steps[t++]));
      continue;
    }
    auto windows = windows_of(program, draft, t, slot);
    Pointwises chained;
    for (PointwiseStep* step : draft.steps) {
      steps[t++].release();  // owned by the chain from here on
      chained.emplace_back(step);
    }
    out.push_back(std::make_unique<Chain>(std::move(chained), draft.lag, std::move(windows)));
  }
  return out;
}

}  // namespace adjoint::run

// Running a pointwise instruction, tile by tile.
#include "run/pointwise_step.hpp"

#include <algorithm>
#include <limits>

namespace adjoint::run {

using kernel::ScalarOp;

void PointwiseStep::set_addressed(const Strided& access, double* base, double value) const {
  std::vector<std::int64_t> index(extents_.size(), 0);
  for (const std::int64_t e : extents_) {
    if (e == 0) return;
  }
  while (true) {
    std::int64_t offset = 0;
    for (std::size_t l = 0; l < extents_.size(); ++l) offset += index[l] * access.stride[l];
    base[offset] = value;
    std::size_t l = 0;
    for (; l < extents_.size(); ++l) {
      if (access.stride[l] == 0) continue;
      if (++index[l] < extents_[l]) break;
      index[l] = 0;
    }
    if (l == extents_.size()) return;
  }
}

void PointwiseStep::start(Bases bases) {
  for (std::size_t k = 0; k < accesses_.size(); ++k) {
    base_[k] = bases[static_cast<std::size_t>(accesses_[k].buffer)] + accesses_[k].base;
  }
  for (Storing& s : stores_) {
    const Strided& access = accesses_[s.access];
    double* buffer = bases[static_cast<std::size_t>(access.buffer)];
    if (!s.aside.empty()) buffer = s.aside.data();
    base_[s.access] = buffer + access.base;
    const bool add = s.store == Store::Add && s.aside.empty();
    if (s.zero_first || !s.aside.empty()) std::fill(buffer, buffer + access.buffer_entries, 0.0);
    if (add || s.reduction == Reduction::None) continue;
    double identity = 0;
    if (s.reduction == Reduction::Max) identity = -std::numeric_limits<double>::infinity();
    if (s.reduction == Reduction::Min) identity = std::numeric_limits<double>::infinity();
    if (s.reduction == Reduction::Product) identity = 1;
    if (points_ == 0) {  // an empty reduction still has results
      if (s.store == Store::Assign) std::fill(buffer, buffer + access.buffer_entries, identity);
      continue;
    }
    if (s.store == Store::Assign && !s.zero_first) {
      std::fill(buffer, buffer + access.buffer_entries, identity);
    } else {
      set_addressed(access, base_[s.access], identity);
    }
  }
}

inline void PointwiseStep::execute(const Operation& op, std::int64_t n, const Tile& t) {
  if (op.what != Operation::Do::Block) return execute_other(op, n, t);
  const double* a = at_[static_cast<std::size_t>(op.a)];
  const double* b = op.b >= 0 ? at_[static_cast<std::size_t>(op.b)] : nullptr;
  const double* c = op.c >= 0 ? at_[static_cast<std::size_t>(op.c)] : &op.number;
  op.block(at_[static_cast<std::size_t>(op.out)], a, b, c, n);
}

void PointwiseStep::run_once(Counts* counts) {
  const Tile nowhere{0, 0, 1, 1};
  for (const Loading& l : loads_) {
    if (l.level == Level::Once) load(accesses_[l.operand], nowhere, at_[static_cast<std::size_t>(l.out)]);
  }
  for (const Operation& op : once_) execute(op, 1, nowhere);
  if (counts != nullptr) *counts += Counts{0, fixed_[1], fixed_[2], fixed_[3], fixed_[4]};
}

bool PointwiseStep::runs_in_ranges() const {
  return extents_.size() == 1 && points_ == n0_ && n0_ > 0 &&
         std::all_of(stores_.begin(), stores_.end(), [](const Storing& s) { return s.aside.empty(); });
}

std::vector<PointwiseStep::Use> PointwiseStep::uses() const {
  std::vector<Use> out;
  for (std::size_t k = 0; k < operands_; ++k) {
    const Strided& a = accesses_[k];
    const bool plain = a.stride[0] == 1 && (!a.guarded || a.axes.size() == 1);
    out.push_back({a.buffer, false, plain, a.base});
  }
  for (const Storing& s : stores_) {
    const Strided& a = accesses_[s.access];
    const bool plain =
        a.stride[0] == 1 && s.reduction == Reduction::None && s.store == Store::Assign && !s.zero_first;
    out.push_back({a.buffer, true, plain, a.base});
  }
  return out;
}

void PointwiseStep::begin(Bases bases, Counts* counts) {
  start(bases);
  run_once(counts);
}

void PointwiseStep::rebase(Bases bases) {
  for (std::size_t k = 0; k < accesses_.size(); ++k)
    base_[k] = bases[static_cast<std::size_t>(accesses_[k].buffer)] + accesses_[k].base;
}

void PointwiseStep::range(std::int64_t low, std::int64_t high, Counts* counts) {
  for (std::int64_t i = low; i < high; i += t0_) tile({i, 0, std::min(t0_, high - i), 1}, counts);
}

void PointwiseStep::run(Bases bases, Counts* counts) {
  start(bases);
  if (points_ != 0) {
    std::fill(outer_.begin(), outer_.end(), 0);
    run_once(counts);
    while (true) {
      for (std::int64_t i1 = 0; i1 < n1_; i1 += t1_) {
        for (std::int64_t i0 = 0; i0 < n0_; i0 += t0_) {
          tile({i0, i1, std::min(t0_, n0_ - i0), std::min(t1_, n1_ - i1)}, counts);
        }
      }
      std::size_t l = 2;
      for (; l < extents_.size(); ++l) {
        const bool more = ++outer_[l] < extents_[l];
        const std::int64_t step = more ? 1 : -(extents_[l] - 1);
        for (std::size_t k = 0; k < accesses_.size(); ++k) {
          if (!accesses_[k].guarded) base_[k] += step * accesses_[k].stride[l];
        }
        if (more) break;
        outer_[l] = 0;
      }
      if (l >= extents_.size()) break;
    }
  }
  for (Storing& s : stores_) {
    if (s.aside.empty()) continue;
    double* out = bases[static_cast<std::size_t>(accesses_[s.access].buffer)];
    if (points_ == 0) continue;
    blocks().add_to(out, s.aside.data(), static_cast<std::int64_t>(s.aside.size()));
  }
}

void PointwiseStep::tile(const Tile& t, Counts* counts) {
  const std::int64_t n = t.size();
  for (const Placed& p : placed_) {
    at_[static_cast<std::size_t>(p.register_)] =
        base_[p.access] + t.start0 * p.stride0 + t.start1 * p.stride1;
  }
  for (const Loading& l : copied_) {
    const Strided& access = accesses_[l.operand];
    const auto r = static_cast<std::size_t>(l.out);
    if (l.level == Level::Tile) {
      load(access, {t.start0, t.start1, 1, 1}, at_[r]);
    } else if (const double* there = access.guarded ? inside(access, t) : nullptr) {
      at_[r] = const_cast<double*>(there);
    } else {
      at_[r] = memory_ + slot_[r];
      load(access, t, at_[r]);
    }
  }
  for (const Operation& op : per_tile_) execute(op, 1, t);
  for (const Operation& op : vector_) execute(op, n, t);
  for (const std::size_t k : stored_) store(stores_[k], t);
  if (counts == nullptr) return;
  const auto points = static_cast<double>(n);
  Counts own{0, varying_[1] * points, varying_[2] * points, varying_[3] * points, varying_[4] * points};
  for (const Storing& s : stores_) {
    if (s.reduction != Reduction::None) own.arithmetic += points;
    // One addition for each entry that is added to: counted when the loops that are reduced are at 0.
    if (s.store != Store::Add) continue;
    const Strided& out = accesses_[s.access];
    double kept = 1;
    for (std::size_t l = 0; l < extents_.size(); ++l) {
      const std::int64_t index = l == 0 ? t.start0 : l == 1 ? t.start1 : outer_[l];
      const std::int64_t here = l == 0 ? t.n0 : l == 1 ? t.n1 : 1;
      kept *= out.stride[l] != 0 ? static_cast<double>(here) : index == 0 ? 1 : 0;
    }
    own.arithmetic += kept;
  }
  *counts += own;
}

void PointwiseStep::execute_other(const Operation& op, std::int64_t n, const Tile& t) {
  double* out = at_[static_cast<std::size_t>(op.out)];
  switch (op.what) {
    case Operation::Do::Block:
      break;
    case Operation::Do::Call: {
      const double* a = at_[static_cast<std::size_t>(op.a)];
      for (std::int64_t k = 0; k < n; ++k) out[k] = (*op.function)(a[k]);
      break;
    }
    case Operation::Do::Fill:
      std::fill(out, out + n, *at_[static_cast<std::size_t>(op.a)]);
      break;
    case Operation::Do::Index: {
      if (op.loop >= 2 || n == 1) {
        *out = static_cast<double>(op.loop >= 2   ? outer_[static_cast<std::size_t>(op.loop)]
                                   : op.loop == 0 ? t.start0
                                                  : t.start1);
        std::fill(out + 1, out + n, *out);
        break;
      }
      for (std::int64_t r = 0; r < t.n1; ++r) {
        for (std::int64_t k = 0; k < t.n0; ++k)
          out[r * t.n0 + k] = static_cast<double>(op.loop == 0 ? t.start0 + k : t.start1 + r);
      }
      break;
    }
  }
}

void PointwiseStep::load(const Strided& access, const Tile& t, double* out) const {
  if (access.guarded) return guarded_load(access, t, out);
  const std::int64_t s0 = access.stride[0];
  const std::int64_t s1 = extents_.size() > 1 ? access.stride[1] : 0;
  const double* base =
      base_[static_cast<std::size_t>(&access - accesses_.data())] + t.start0 * s0 + t.start1 * s1;
  for (std::int64_t r = 0; r < t.n1; ++r) {
    const double* row = base + r * s1;
    double* to = out + r * t.n0;
    if (s0 == 1) {
      std::copy(row, row + t.n0, to);
    } else if (s0 == 0) {
      std::fill(to, to + t.n0, *row);
    } else {
      for (std::int64_t k = 0; k < t.n0; ++k) to[k] = row[k * s0];
    }
  }
}

// Where the row of a guarded access lies, if it is one row of neighbours and all of it is inside.
const double* PointwiseStep::inside(const Strided& access, const Tile& t) const {
  if (access.stride[0] != 1 || t.n1 != 1) return nullptr;
  const double* at = base_[static_cast<std::size_t>(&access - accesses_.data())] - access.base;
  for (const Strided::Axis& axis : access.axes) {
    std::int64_t index = axis.offset + axis.steps[0] * t.start0;
    if (extents_.size() > 1) index += axis.steps[1] * t.start1;
    for (std::size_t l = 2; l < extents_.size(); ++l) index += axis.steps[l] * outer_[l];
    const std::int64_t last = index + axis.steps[0] * (t.n0 - 1);
    if (std::min(index, last) < 0 || std::max(index, last) >= axis.length) return nullptr;
    at += index * axis.stride;
  }
  return at;
}

// Of each row the part in which every index is inside its axis; zeros around it.
void PointwiseStep::guarded_load(const Strided& access, const Tile& t, double* out) const {
  const double* base = base_[static_cast<std::size_t>(&access - accesses_.data())] - access.base;
  for (std::int64_t r = 0; r < t.n1; ++r) {
    std::int64_t low = 0;
    std::int64_t high = t.n0;
    std::int64_t offset = 0;
    for (const Strided::Axis& axis : access.axes) {
      std::int64_t index = axis.offset + axis.steps[0] * t.start0;
      if (extents_.size() > 1) index += axis.steps[1] * (t.start1 + r);
      for (std::size_t l = 2; l < extents_.size(); ++l) index += axis.steps[l] * outer_[l];
      offset += index * axis.stride;
      const std::int64_t step = axis.steps[0];
      if (step == 0) {
        if (index < 0 || index >= axis.length) high = 0;
      } else {  // 0 <= index + step*k < length
        const auto ceil = [](std::int64_t a, std::int64_t b) { return a > 0 ? (a + b - 1) / b : -(-a / b); };
        if (step > 0) {
          low = std::max(low, ceil(-index, step));
          high = std::min(high, ceil(axis.length - index, step));
        } else {
          low = std::max(low, ceil(index - axis.length + 1, -step));
          high = std::min(high, ceil(index + 1, -step));
        }
      }
    }
    double* to = out + r * t.n0;
    if (high <= low) {
      std::fill(to, to + t.n0, 0.0);
      continue;
    }
    std::fill(to, to + low, 0.0);
    const double* from = base + offset;
    const std::int64_t s0 = access.stride[0];
    if (s0 == 1) {
      std::copy(from + low, from + high, to + low);
    } else {
      for (std::int64_t k = low; k < high; ++k) to[k] = from[k * s0];
    }
    std::fill(to + high, to + t.n0, 0.0);
  }
}

void PointwiseStep::store(Storing& s, const Tile& t) {
  const BlockTable& table = blocks();
  const Strided& access = accesses_[s.access];
  const std::int64_t s0 = access.stride[0];
  const std::int64_t s1 = extents_.size() > 1 ? access.stride[1] : 0;
  double* base = base_[s.access] + t.start0 * s0 + t.start1 * s1;
  if (s.product_a >= 0) {
    *base += table.sum_product(at_[static_cast<std::size_t>(s.product_a)],
                               at_[static_cast<std::size_t>(s.product_b)], t.size());
    return;
  }
  const double* from = at_[static_cast<std::size_t>(s.value)];
  const bool whole = s0 == 0 && (t.n1 == 1 || s1 == 0);
  const std::int64_t rows = whole ? 1 : t.n1;
  const std::int64_t n = whole ? t.size() : t.n0;
  for (std::int64_t r = 0; r < rows; ++r, from += n) {
    double* to = base + r * s1;
    switch (s.reduction) {
      case Reduction::None:
        if (s.store == Store::Add) {
          if (s0 == 1) {
            table.add_to(to, from, n);
          } else {
            for (std::int64_t k = 0; k < n; ++k) to[k * s0] += from[k];
          }
        } else if (s0 == 1) {
          std::copy(from, from + n, to);
        } else {
          for (std::int64_t k = 0; k < n; ++k) to[k * s0] = from[k];
        }
        break;
      case Reduction::Sum:
        if (s0 == 0) {
          *to += table.sum(from, n);
        } else if (s0 == 1) {
          table.add_to(to, from, n);
        } else {
          for (std::int64_t k = 0; k < n; ++k) to[k * s0] += from[k];
        }
        break;
      case Reduction::Max:
      case Reduction::Min: {
        const bool max = s.reduction == Reduction::Max;
        const BlockFunction pick = table.binary[static_cast<int>(max ? ScalarOp::Max : ScalarOp::Min)][0];
        if (s0 == 0) {
          const double m = max ? table.maximum(from, n) : table.minimum(from, n);
          pick(to, to, &m, nullptr, 1);
        } else if (s0 == 1) {
          pick(to, to, from, nullptr, n);
        } else {
          for (std::int64_t k = 0; k < n; ++k) pick(to + k * s0, to + k * s0, from + k, nullptr, 1);
        }
        break;
      }
      case Reduction::Product:
        for (std::int64_t k = 0; k < n; ++k) to[k * s0] *= from[k];
        break;
    }
  }
}

}  // namespace adjoint::run

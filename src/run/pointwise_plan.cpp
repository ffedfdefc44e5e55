// Preparing a pointwise instruction: the order of loops, the operations of the body, tile registers.
#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "run/outer_step.hpp"
#include "run/pointwise_step.hpp"

namespace adjoint::run {

using kernel::FlopClass;
using kernel::ScalarOp;

// Inner loop: the one along which most accesses are contiguous; then ascending strides.
void PointwiseStep::order_loops() {
  const std::size_t loops = extents_.size();
  std::vector<double> score(loops, 0);
  std::vector<double> weight(loops, 0);
  for (std::size_t l = 0; l < loops; ++l) {
    for (std::size_t k = 0; k < accesses_.size(); ++k) {
      const auto s = static_cast<double>(std::abs(accesses_[k].stride[l]));
      score[l] += s <= 1 ? 0 : k >= operands_ ? 2 : 1;
      weight[l] += s * (k >= operands_ ? 2 : 1);
    }
    if (extents_[l] < 8) score[l] += 0.5;
  }
  std::vector<std::size_t> order;
  for (std::size_t l = 0; l < loops; ++l) {
    if (extents_[l] != 1) order.push_back(l);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return weight[x] < weight[y]; });
  if (!order.empty()) {
    const auto best = std::min_element(order.begin(), order.end(),
                                       [&](std::size_t x, std::size_t y) { return score[x] < score[y]; });
    std::rotate(order.begin(), best, best + 1);
  }
  std::vector<std::int64_t> extents;
  for (const std::size_t l : order) {
    extents.push_back(extents_[l]);
    original_.push_back(static_cast<std::int32_t>(l));
  }
  for (Strided& access : accesses_) {
    std::vector<std::int64_t> stride;
    for (const std::size_t l : order) stride.push_back(access.stride[l]);
    access.stride = std::move(stride);
    for (Strided::Axis& axis : access.axes) {
      std::vector<std::int64_t> steps;
      for (const std::size_t l : order) steps.push_back(axis.steps[l]);
      axis.steps = std::move(steps);
    }
  }
  extents_ = std::move(extents);
}

void PointwiseStep::merge_loops() {
  if (indices_) return;
  for (std::size_t l = 0; l + 1 < extents_.size();) {
    bool together = true;
    for (const Strided& access : accesses_) {
      together = together && access.stride[l + 1] == access.stride[l] * extents_[l];
      for (const Strided::Axis& axis : access.axes)
        together = together && axis.steps[l] == 0 && axis.steps[l + 1] == 0;
    }
    if (!together) {
      ++l;
      continue;
    }
    extents_[l] *= extents_[l + 1];
    const auto at = static_cast<std::ptrdiff_t>(l + 1);
    extents_.erase(extents_.begin() + at);
    original_.erase(original_.begin() + at);
    for (Strided& access : accesses_) {
      access.stride.erase(access.stride.begin() + at);
      for (Strided::Axis& axis : access.axes) axis.steps.erase(axis.steps.begin() + at);
    }
  }
}

PointwiseStep::PointwiseStep(const Context& context, const kernel::Pointwise& p) {
  extents_ = values_of(p.extents, context.sizes);
  for (const std::int64_t e : extents_) points_ *= e;
  for (const kernel::Access& access : p.operands) accesses_.push_back(strided(context, access, extents_));
  operands_ = accesses_.size();
  for (const kernel::PointwiseOutput& out : p.outputs) {
    Storing s;
    s.access = accesses_.size();
    s.value = out.value;
    s.reduction = out.reduction;
    s.store = out.store;
    accesses_.push_back(strided(context, out.access, extents_));
    const Strided& access = accesses_.back();
    std::int64_t addressed = 1;
    for (std::size_t l = 0; l < extents_.size(); ++l) {
      if (access.stride[l] != 0) addressed *= extents_[l];
    }
    s.zero_first = out.store == Store::Assign && addressed != access.buffer_entries;
    if (out.store == Store::Add && out.reduction != Reduction::None && out.reduction != Reduction::Sum) {
      s.aside.resize(static_cast<std::size_t>(access.buffer_entries));
    }
    stores_.push_back(std::move(s));
  }
  for (const kernel::ScalarInstruction& i : p.body) indices_ = indices_ || i.op == ScalarOp::LoopIndex;
  order_loops();
  merge_loops();
  if (extents_.empty()) extents_.push_back(1);
  for (Strided& access : accesses_) access.stride.resize(extents_.size(), 0);
  for (Strided& access : accesses_) {
    for (Strided::Axis& axis : access.axes) axis.steps.resize(extents_.size(), 0);
  }
  original_.resize(extents_.size(), -1);
  n0_ = extents_[0];
  n1_ = extents_.size() > 1 ? extents_[1] : 1;
  t0_ = std::min(n0_, kTile);
  // Rows of some length run one by one: what is the same along a row is then a number, not a tile of it.
  t1_ = n0_ < kRow && n0_ > 0 ? std::min(n1_, kTile / n0_) : 1;
  // A transposition goes by blocks: along its rows and along its columns it then stays in cache.
  const bool across = std::any_of(accesses_.begin(), accesses_.end(), [&](const Strided& a) {
    return extents_.size() > 1 && std::abs(a.stride[0]) > 1 && std::abs(a.stride[1]) == 1;
  });
  if (across && n0_ > kBlock) {
    t0_ = kBlock;
    t1_ = std::min(n1_, kBlock);
  }
  base_.resize(accesses_.size());
  outer_.assign(extents_.size(), 0);
  compile(context, p);
}

static double constant_value(const kernel::ScalarInstruction& i, const SizeValues& sizes) {
  switch (i.op) {
    case ScalarOp::Constant:
      return i.value.value();
    case ScalarOp::SizeValue:
      return static_cast<double>(value_of(i.size, sizes));
    case ScalarOp::Pi:
      return 3.14159265358979323846;
    default:
      return std::numeric_limits<double>::infinity();
  }
}

// Turns `op`, the sum of a product and something else, into one operation, where nobody else wants the
// product.
template <class IsVector>
bool PointwiseStep::fuse_product(const kernel::Pointwise& p, Operation& op, Register product, Register other,
                                 Fused kind, const std::vector<int>& uses, IsVector vector) {
  const auto at = static_cast<std::size_t>(product);
  if (at >= p.body.size() || uses[at] != 1 || !vector(product)) return false;
  const ScalarOp what = p.body[at].op;
  if (what != ScalarOp::Mul && what != ScalarOp::Square) return false;
  const auto previous = std::find_if(vector_.rbegin(), vector_.rend(), [&](const Operation& o) {
    return o.what == Operation::Do::Block && o.out == product;
  });
  if (previous == vector_.rend()) return false;
  const bool square = what == ScalarOp::Square;
  const BlockTable& table = blocks();
  if (!square && std::find(std::begin(table.binary[static_cast<int>(what)]),
                           std::end(table.binary[static_cast<int>(what)]),
                           previous->block) == std::end(table.binary[static_cast<int>(what)]))
    return false;
  op.a = previous->a;
  op.b = square ? previous->a : previous->b;
  if (!vector(op.a)) std::swap(op.a, op.b);
  op.c = other;
  op.block = table.fused[static_cast<int>(kind)][(vector(op.b) ? 0 : 1) + (vector(op.c) ? 0 : 2)];
  vector_.erase(std::next(previous).base());
  return true;
}

void PointwiseStep::compile(const Context& context, const kernel::Pointwise& p) {
  const std::size_t count = p.body.size();
  const BlockTable& table = blocks();
  scalars_.assign(count, 0.0);
  at_.assign(count, nullptr);
  slot_.assign(count, -1);
  std::vector<Level> level(count, Level::Once);
  std::vector<int> uses(count, 0);
  for (const kernel::ScalarInstruction& i : p.body) {
    const Register registers[] = {i.a, i.b, i.c};
    for (int k = 0; k < info(i.op).arity; ++k) ++uses[static_cast<std::size_t>(registers[k])];
  }
  for (const Storing& s : stores_) ++uses[static_cast<std::size_t>(s.value)];
  const std::vector<bool> varies = kernel::varies_with_loops(p);

  const auto access_level = [&](const Strided& access) {
    const auto moves = [&](std::size_t l) {
      if (l >= extents_.size()) return false;
      bool m = access.stride[l] != 0;
      for (const Strided::Axis& axis : access.axes) m = m || axis.steps[l] != 0;
      return m;
    };
    if (moves(0) || (t1_ > 1 && moves(1))) return Level::Vector;
    for (std::size_t l = 1; l < extents_.size(); ++l) {
      if (moves(l)) return Level::Tile;
    }
    return Level::Once;
  };

  for (std::size_t k = 0; k < count; ++k) {
    const kernel::ScalarInstruction& i = p.body[k];
    const auto out = static_cast<Register>(k);
    const int arity = info(i.op).arity;
    const Register registers[] = {i.a, i.b, i.c};
    for (int j = 0; j < arity; ++j)
      level[k] = std::max(level[k], level[static_cast<std::size_t>(registers[j])]);
    // Counted by class, powers by their multiplications.
    auto& flops = varies[k] ? varying_ : fixed_;
    if (i.op == ScalarOp::PowI) {
      flops[static_cast<std::size_t>(FlopClass::Arithmetic)] +=
          static_cast<double>(kernel::power_multiplications(i.integer));
      if (i.integer < 0) flops[static_cast<std::size_t>(FlopClass::Division)] += 1;
    } else {
      flops[static_cast<std::size_t>(info(i.op).flops)] += 1;
    }
    if (i.op == ScalarOp::Load) {
      level[k] = access_level(accesses_[static_cast<std::size_t>(i.a)]);
      loads_.push_back({static_cast<std::size_t>(i.a), out, level[k]});
      continue;
    }
    if (arity == 0 && i.op != ScalarOp::LoopIndex) {
      scalars_[k] = constant_value(i, context.sizes);
      continue;
    }
    Operation op;
    op.out = out;
    op.a = i.a;
    op.b = i.b;
    op.c = i.c;
    if (i.op == ScalarOp::LoopIndex) {
      op.what = Operation::Do::Index;
      const auto at = std::find(original_.begin(), original_.end(), i.a);
      if (at == original_.end()) continue;  // a loop of length 1: index 0
      op.loop = static_cast<std::int32_t>(at - original_.begin());
      level[k] = op.loop == 0 || (op.loop == 1 && t1_ > 1) ? Level::Vector : Level::Tile;
    } else if (i.op == ScalarOp::Call) {
      op.what = Operation::Do::Call;
      const auto function = context.functions.scalar.find(i.name);
      if (function == context.functions.scalar.end())
        throw std::invalid_argument("the function " + i.name + " is not given");
      op.function = &function->second;
    } else if (arity == 1) {
      op.block = table.unary[static_cast<int>(i.op)];
      op.number = static_cast<double>(i.integer);
    } else if (arity == 2) {
      const bool first = level[k] == Level::Vector && level[static_cast<std::size_t>(i.a)] != Level::Vector;
      const bool second = level[k] == Level::Vector && level[static_cast<std::size_t>(i.b)] != Level::Vector;
      const Shape2 shape = first ? Shape2::FirstScalar : second ? Shape2::SecondScalar : Shape2::Vectors;
      op.block = table.binary[static_cast<int>(i.op)][static_cast<int>(shape)];
      if (level[k] == Level::Vector && (i.op == ScalarOp::Add || i.op == ScalarOp::Sub)) {
        const auto vector = [&](Register r) { return level[static_cast<std::size_t>(r)] == Level::Vector; };
        if (!fuse_product(p, op, i.a, i.b,
                          i.op == ScalarOp::Add ? Fused::MultiplyAdd : Fused::MultiplySubtract, uses, vector))
          fuse_product(p, op, i.b, i.a, i.op == ScalarOp::Add ? Fused::MultiplyAdd : Fused::SubtractProduct,
                       uses, vector);
      }
    } else {
      op.block = table.select;
      if (level[k] == Level::Vector) {  // the three as vectors
        for (Register* r : {&op.a, &op.b, &op.c}) {
          if (level[static_cast<std::size_t>(*r)] == Level::Vector) continue;
          Operation fill;
          fill.what = Operation::Do::Fill;
          fill.a = *r;
          fill.out = static_cast<Register>(at_.size());
          at_.push_back(nullptr);
          slot_.push_back(-1);
          level.push_back(Level::Vector);
          uses.push_back(1);
          scalars_.push_back(0.0);
          *r = fill.out;
          vector_.push_back(fill);
        }
      }
    }
    (level[k] == Level::Vector ? vector_ : level[k] == Level::Tile ? per_tile_ : once_).push_back(op);
  }

  for (Storing& s : stores_) {
    const auto at = static_cast<std::size_t>(s.value);
    if (s.reduction != Reduction::Sum || level[at] != Level::Vector || uses[at] != 1 || vector_.empty())
      continue;
    const Strided& out = accesses_[s.access];
    if (out.stride[0] != 0 || (t1_ > 1 && out.stride[1] != 0) || vector_.back().out != s.value) continue;
    const ScalarOp op = p.body[at].op;
    const bool square = op == ScalarOp::Square;
    if (!square && (op != ScalarOp::Mul || vector_.back().block != table.binary[static_cast<int>(op)][0]))
      continue;
    s.product_a = vector_.back().a;
    s.product_b = square ? vector_.back().a : vector_.back().b;
    vector_.pop_back();
  }
  // A value that is one number for a tile is stored as a tile of it.
  for (Storing& s : stores_) {
    if (level[static_cast<std::size_t>(s.value)] == Level::Vector) continue;
    Operation fill;
    fill.what = Operation::Do::Fill;
    fill.a = s.value;
    fill.out = static_cast<Register>(at_.size());
    at_.push_back(nullptr);
    slot_.push_back(-1);
    level.push_back(Level::Vector);
    scalars_.push_back(0.0);
    s.value = fill.out;
    vector_.push_back(fill);
  }
  allocate(p, level);
}

void PointwiseStep::set_scratch(double* scratch) {
  memory_ = scratch;
  for (std::size_t k = 0; k < slot_.size(); ++k) {
    if (slot_[k] >= 0) at_[k] = memory_ + slot_[k];
  }
}

// Tile registers share memory by their last use.
void PointwiseStep::allocate(const kernel::Pointwise& p, const std::vector<Level>& level) {
  const std::size_t count = at_.size();
  for (std::size_t k = 0; k < count; ++k) {
    if (level[k] != Level::Vector) at_[k] = &scalars_[k];
  }
  constexpr std::size_t kForever = static_cast<std::size_t>(-1);
  std::vector<std::size_t> last(count, 0);
  for (std::size_t t = 0; t < vector_.size(); ++t) {
    for (const Register r : {vector_[t].a, vector_[t].b, vector_[t].c}) {
      if (r >= 0 && vector_[t].what != Operation::Do::Index) last[static_cast<std::size_t>(r)] = t;
    }
  }
  for (const Storing& s : stores_) {
    if (s.product_a >= 0) {
      last[static_cast<std::size_t>(s.product_a)] = kForever;
      last[static_cast<std::size_t>(s.product_b)] = kForever;
    } else {
      last[static_cast<std::size_t>(s.value)] = kForever;
    }
  }
  std::vector<std::int64_t> free;
  std::int64_t top = 0;
  const auto take = [&] {
    if (free.empty()) {
      top += kTile;
      return top - kTile;
    }
    const std::int64_t slot = free.back();
    free.pop_back();
    return slot;
  };
  for (const Loading& l : loads_) {
    if (l.level == Level::Vector) slot_[static_cast<std::size_t>(l.out)] = take();
  }
  for (std::size_t t = 0; t < vector_.size(); ++t) {
    const Operation& op = vector_[t];
    // An operand that ends here gives its memory to the result: block functions may work in place.
    std::vector<Register> ended;
    for (const Register r : {op.a, op.b, op.c}) {
      if (r < 0 || op.what == Operation::Do::Index || op.what == Operation::Do::Fill) continue;
      const auto at = static_cast<std::size_t>(r);
      if (slot_[at] < 0 || last[at] != t || std::find(ended.begin(), ended.end(), r) != ended.end()) continue;
      ended.push_back(r);
      free.push_back(slot_[at]);
    }
    slot_[static_cast<std::size_t>(op.out)] = take();
  }
  registers_ = top;
  // The last result can go straight to its place, if that is contiguous and no other store reads
  // an operand that may live in the same memory.
  for (Storing& s : stores_) {
    if (s.reduction != Reduction::None || s.store == Store::Add || vector_.empty() ||
        vector_.back().out != s.value)
      continue;
    const Strided& out = accesses_[s.access];
    const bool contiguous = out.stride[0] == 1 && (t1_ == 1 || out.stride[1] == t0_);
    bool alone = true;
    for (const Storing& other : stores_) {
      if (&other == &s) continue;
      for (const Register r : {other.value, other.product_a, other.product_b}) {
        const bool load = r >= 0 && static_cast<std::size_t>(r) < p.body.size() &&
                          p.body[static_cast<std::size_t>(r)].op == ScalarOp::Load;
        alone = alone && !load && r != s.value;
      }
    }
    for (const Loading& l : loads_) {  // nor reads it along another path
      const Strided& in = accesses_[l.operand];
      if (in.buffer == out.buffer) alone = false;
    }
    s.direct = contiguous && alone;
  }
  place_registers();
}

void PointwiseStep::place_registers() {
  const auto place = [&](Register r, std::size_t access) {
    const std::vector<std::int64_t>& stride = accesses_[access].stride;
    placed_.push_back({r, access, stride[0], stride.size() > 1 ? stride[1] : 0});
  };
  for (const Loading& l : loads_) {
    if (l.level == Level::Once) continue;
    const Strided& access = accesses_[l.operand];
    const bool neighbours = access.stride[0] == 1 && (t1_ == 1 || access.stride[1] == t0_);
    if (!access.guarded && (l.level == Level::Tile || neighbours)) {
      place(l.out, l.operand);
    } else {
      copied_.push_back(l);
    }
  }
  for (std::size_t k = 0; k < stores_.size(); ++k) {
    if (stores_[k].direct) {
      place(stores_[k].value, stores_[k].access);
    } else {
      stored_.push_back(k);
    }
  }
}

std::unique_ptr<Step> plan(const Context& context, const kernel::Pointwise& pointwise) {
  return outer_step(context, pointwise, std::make_unique<PointwiseStep>(context, pointwise));
}

}  // namespace adjoint::run

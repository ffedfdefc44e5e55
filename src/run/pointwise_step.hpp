// A pointwise instruction made concrete. Internal to the interpreter.
//
// The index space is cut into tiles of a few hundred points, over the two innermost loops; each scalar
// instruction is one tight loop over the tile.
#pragma once

#include "run/plan.hpp"

namespace adjoint::run {

constexpr std::int64_t kTile = 256;  // 2 KiB a register
constexpr std::int64_t kBlock = 16;  // of a transposition: rows and columns of a tile
constexpr std::int64_t kRow = 24;    // shorter rows share a tile

using kernel::Reduction;
using kernel::Register;
using kernel::Store;

enum class Level : std::uint8_t { Once, Tile, Vector };

struct Operation {  // one scalar instruction, ready to run
  enum class Do : std::uint8_t { Block, Call, Index, Fill } what = Do::Block;
  BlockFunction block = nullptr;
  Register out = -1, a = -1, b = -1, c = -1;
  std::int32_t loop = 0;  // Index
  double number = 0;      // exponent of PowI
  const std::function<double(double)>* function = nullptr;
};

struct Loading {
  std::size_t operand = 0;
  Register out = -1;
  Level level = Level::Vector;
};

/// A register that lies in a buffer: at the access's place of a tile.
struct Placed {
  Register register_ = -1;
  std::size_t access = 0;
  std::int64_t stride0 = 0, stride1 = 0;
};

struct Storing {
  std::size_t access = 0;
  Register value = -1;
  Reduction reduction = Reduction::None;
  Store store = Store::Assign;
  bool zero_first = false;                  // not every entry is addressed
  bool direct = false;                      // computed straight into the buffer
  Register product_a = -1, product_b = -1;  // a sum of products: its factors
  std::vector<double> aside;                // results that are added afterwards
};

class PointwiseStep final : public Step {
 public:
  PointwiseStep(const Context& context, const kernel::Pointwise& p);
  void run(Bases bases, Counts* counts) override;

  /// Points of a step of one loop may be run range by range, in ascending order: `begin`, then ranges.
  [[nodiscard]] bool runs_in_ranges() const;
  [[nodiscard]] std::int64_t length() const { return n0_; }
  void begin(Bases bases, Counts* counts);
  /// From here on buffers are found at other addresses.
  void rebase(Bases bases);
  void range(std::int64_t low, std::int64_t high, Counts* counts);
  /// How such a step uses a buffer.
  struct Use {
    kernel::BufferId buffer;
    bool written;
    bool entry_by_entry;  // point i reads or writes entry i + shift, and a write is all there is to it
    std::int64_t shift;
  };
  [[nodiscard]] std::vector<Use> uses() const;

  [[nodiscard]] std::int64_t working_doubles() const override {
    std::int64_t sum = 0;
    for (const Storing& s : stores_) sum += static_cast<std::int64_t>(s.aside.size());
    return sum;
  }
  [[nodiscard]] std::int64_t scratch_doubles() const override { return registers_; }
  void set_scratch(double* scratch) override;

 private:
  struct Tile {
    std::int64_t start0, start1, n0, n1;
    [[nodiscard]] std::int64_t size() const { return n0 * n1; }
  };
  void order_loops();
  void merge_loops();
  void compile(const Context& context, const kernel::Pointwise& p);
  template <class IsVector>
  bool fuse_product(const kernel::Pointwise& p, Operation& op, Register product, Register other, Fused kind,
                    const std::vector<int>& uses, IsVector vector);
  void place_registers();
  void allocate(const kernel::Pointwise& p, const std::vector<Level>& level);
  void start(Bases bases);
  void run_once(Counts* counts);
  void tile(const Tile& t, Counts* counts);
  void load(const Strided& access, const Tile& t, double* out) const;
  [[nodiscard]] const double* inside(const Strided& access, const Tile& t) const;
  void guarded_load(const Strided& access, const Tile& t, double* out) const;
  void store(Storing& s, const Tile& t);
  void set_addressed(const Strided& access, double* base, double value) const;
  void execute(const Operation& op, std::int64_t n, const Tile& t);
  void execute_other(const Operation& op, std::int64_t n, const Tile& t);

  std::vector<std::int64_t> extents_;   // of the loops in running order, innermost first
  std::vector<std::int32_t> original_;  // the loop of the program that each is
  std::vector<Strided> accesses_;       // operands, then outputs
  std::size_t operands_ = 0;
  bool indices_ = false;  // the body asks for loop indices
  std::vector<Loading> loads_;
  std::vector<Placed> placed_;       // loads and results without a copy
  std::vector<Loading> copied_;      // loads into tile registers
  std::vector<std::size_t> stored_;  // stores that are not direct
  std::vector<Operation> once_, per_tile_, vector_;
  std::vector<Storing> stores_;
  std::array<double, 5> varying_{}, fixed_{};  // flops of a point, and of a run, by class
  std::int64_t points_ = 1;
  std::int64_t n0_ = 1, t0_ = 1, n1_ = 1, t1_ = 1;

  std::int64_t registers_ = 0;       // doubles of tile registers
  double* memory_ = nullptr;         // where they are
  std::vector<double> scalars_;      // registers that are one number
  std::vector<double*> at_;          // where each register is
  std::vector<std::int64_t> slot_;   // offset in memory_, or -1
  std::vector<double*> base_;        // of each access at the present outer indices
  std::vector<std::int64_t> outer_;  // present outer indices, by running loop
};

}  // namespace adjoint::run

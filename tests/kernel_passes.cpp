// Passes over programs: the same results, and the work and memory that they save.
#include <gtest/gtest.h>

#include "kernel/cost.hpp"
#include "kernel/routine.hpp"
#include "kernel/schedule.hpp"
#include "run_support.hpp"

namespace adjoint::test {
namespace {

using run::Array;
using run::Interpreter;

const Size n = Size::name("n");
const Size p = Size::name("p");

// Random programs over vectors, matrices and scalars: chains, broadcasts, transposes, slices, guards,
// reductions, accumulation, contractions.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  Program program() {
    inputs_ = {b_.input("x", {n}), b_.input("y", {n}), b_.input("A", {n, p}), b_.input("s", {})};
    all_ = inputs_;
    const int length = 3 + pick(12);
    for (int k = 0; k < length; ++k) instruction();
    for (int k = 0; k < 3; ++k)
      b_.output(
          all_[all_.size() - 1 -
               static_cast<std::size_t>(pick(static_cast<int>(std::min<std::size_t>(all_.size(), 4))))]);
    return b_.finish();
  }

  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

 private:
  // Access to some buffer from loops of the extents (n) or (n,p).
  std::optional<Access> some(const std::vector<Size>& extents) {
    const BufferId id = all_[static_cast<std::size_t>(pick(static_cast<int>(all_.size())))];
    const Shape& shape = b_.shape(id);
    if (shape.empty()) return along(id, {});
    if (extents.empty()) return std::nullopt;
    if (shape.size() == 1 && shape[0] == extents[0]) {
      Access access = along(id, {0});
      if (pick(5) == 0) {
        access.axes[0] = shifted(0, pick(2) == 0 ? 1 : -1);
        access.guarded = true;
      } else if (pick(5) == 0) {
        access.axes[0] = {{{0, -1}}, shape[0] - 1};
      }
      return access;
    }
    if (shape.size() == 2 && extents.size() == 2) return along(id, {0, 1});
    if (shape.size() == 1 && extents.size() == 2 && shape[0] == p) return along(id, {1});
    return std::nullopt;
  }

  void instruction() {
    const int kind = pick(10);
    if (kind == 0) {
      const BufferId r = b_.temporary({n});
      b_.contract(r, {0}, inputs_[2], {0, 1}, inputs_[2], {0, 1});
      all_.push_back(r);
      return;
    }
    const std::vector<Size> extents = kind < 3    ? std::vector<Size>{n, p}
                                      : kind == 9 ? std::vector<Size>{}
                                                  : std::vector<Size>{n};
    PointwiseBuilder w(extents);
    std::vector<Register> values{w.constant(Rational(1, 2))};
    for (int k = 1 + pick(3); k > 0; --k) {
      if (const auto access = some(extents)) values.push_back(w.load(*access));
    }
    for (int k = pick(4); k > 0; --k) {
      const auto any = [&] {
        return values[static_cast<std::size_t>(pick(static_cast<int>(values.size())))];
      };
      constexpr ScalarOp ones[] = {ScalarOp::Tanh, ScalarOp::Neg, ScalarOp::Abs, ScalarOp::Sigmoid};
      constexpr ScalarOp twos[] = {ScalarOp::Add, ScalarOp::Mul, ScalarOp::Sub, ScalarOp::Max};
      values.push_back(pick(2) == 0 ? w.unary(ones[pick(4)], any()) : w.binary(twos[pick(4)], any(), any()));
    }
    if (!extents.empty() && pick(8) == 0)
      values.push_back(w.binary(ScalarOp::Mul, values.back(), w.index(0)));
    // Squashed, so that chains stay in range.
    const Register v = w.unary(ScalarOp::Tanh, values.back());
    if (extents.size() == 2 && pick(2) == 0) {
      const BufferId r = b_.temporary({p});
      w.store(along(r, {1}), v, Reduction::Sum);
      all_.push_back(r);
    } else if (!extents.empty() && pick(4) == 0) {
      const BufferId r = b_.temporary({});
      w.store(along(r, {}), v, pick(2) == 0 ? Reduction::Sum : Reduction::Max);
      all_.push_back(r);
    } else if (pick(6) == 0 && extents.size() == 1) {
      // into a buffer that is there already
      for (const BufferId id : all_) {
        const bool given = b_.program().buffers[static_cast<std::size_t>(id)].role != BufferRole::Temporary;
        const bool fits = !given && b_.shape(id) == extents;
        const auto& operands = w.finish().operands;
        const bool own =
            std::any_of(operands.begin(), operands.end(), [&](const Access& a) { return a.buffer == id; });
        if (!fits || own) continue;
        w.store(along(id, {0}), v, Reduction::None, Store::Add);
        b_.add(w.finish());
        return;
      }
      return;
    } else {
      std::vector<std::int32_t> loops(extents.size());
      for (std::size_t k = 0; k < loops.size(); ++k) loops[k] = static_cast<std::int32_t>(k);
      const BufferId r = b_.temporary(extents);
      w.store(along(r, loops), v);
      all_.push_back(r);
    }
    b_.add(std::move(w).finish());
  }

  std::mt19937_64 random_;
  ProgramBuilder b_;
  std::vector<BufferId> inputs_, all_;
};

TEST(Passes, RandomProgramsKeepTheirValue) {
  std::mt19937_64 random(1);
  std::size_t before = 0, after = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    Generator generator(seed);
    const Program program = generator.program();
    const int vn = 1 + generator.pick(12), vp = 1 + generator.pick(7);
    const SizeValues sizes{{"n", vn}, {"p", vp}};
    const std::vector<Array> inputs{random_array({vn}, random), random_array({vn}, random),
                                    random_array({vn, vp}, random), random_array({}, random)};
    const auto want = Naive(program, sizes).run(inputs);
    for (const Program& variant : {without_dead_code(program), without_repetition(program),
                                   fuse_pointwise(program), optimised(program)}) {
      ASSERT_TRUE(problems(variant).empty()) << text(program) << text(variant) << problems(variant)[0];
      Interpreter interpreter(variant, sizes, {{}, true});
      const auto got = interpreter.run(inputs);
      for (std::size_t k = 0; k < got.size(); ++k)
        ASSERT_LE(difference(got[k], want[k]), 1e-12) << seed << "\n" << text(program) << text(variant);
      const Polynomial flops = cost(variant).flops();
      ASSERT_DOUBLE_EQ(interpreter.counts().flops(), flops.value(sizes)) << text(variant);
      // Nothing is computed more often than before.
      ASSERT_LE(flops.value({{"n", 1000}, {"p", 1000}}),
                cost(program).flops().value({{"n", 1000}, {"p", 1000}}))
          << text(program) << text(variant);
    }
    before += program.instructions.size();
    after += optimised(program).instructions.size();
  }
  EXPECT_LT(after * 2, before);
}

TEST(Passes, ChainsBecomeOneInstruction) {
  ProgramBuilder b;
  BufferId x = b.input("x", {n});
  for (int k = 0; k < 10; ++k) {
    const BufferId y = b.temporary({n});
    PointwiseBuilder w({n});
    w.store(along(y, {0}), w.unary(k % 2 == 0 ? ScalarOp::Sin : ScalarOp::Square, w.load(along(x, {0}))));
    b.add(std::move(w).finish());
    x = y;
  }
  const BufferId s = b.temporary({});
  PointwiseBuilder w({n});
  w.store(along(s, {}), w.load(along(x, {0})), Reduction::Sum);
  b.add(std::move(w).finish());
  b.output(s);
  const Program fused = optimised(b.finish());
  EXPECT_EQ(fused.instructions.size(), 1U) << text(fused);
  EXPECT_EQ(cost(fused).flops(), cost(b.finish()).flops());
  EXPECT_EQ(working_memory(fused).text(), "1");
}

TEST(Passes, StorageIsShared) {
  ProgramBuilder b;
  const Size q = Size::name("q");
  BufferId x = b.input("x", {q});
  const BufferId A = b.input("A", {q, q});
  for (int k = 0; k < 20; ++k) {
    const BufferId y = b.temporary({q}), z = b.temporary({q});
    b.contract(y, {0}, A, {0, 1}, x, {1});
    PointwiseBuilder w({q});
    w.store(along(z, {0}), w.unary(ScalarOp::Tanh, w.load(along(y, {0}))));
    b.add(std::move(w).finish());
    x = z;
  }
  b.output(x);
  const Program program = b.finish();
  const Storage storage = share_storage(program);
  EXPECT_EQ(storage.slot_entries.size(), 2U);
  EXPECT_EQ(peak_memory(program).text(), "q^2 + 4*q");
  std::mt19937_64 random(2);
  const std::vector<Array> inputs{random_array({30}, random), random_array({30, 30}, random, 0.2)};
  EXPECT_LE(difference(Interpreter(program, {{"q", 30}}).run(inputs)[0],
                       Naive(program, {{"q", 30}}).run(inputs)[0]),
            1e-12);
}

TEST(Passes, FactorisationsAreShared) {
  ProgramBuilder b;
  const BufferId X = b.input("X", {n, n});
  const BufferId d = b.call("det", {{X, {}}});
  const BufferId a = b.call("adj", {{X, {}}});
  const BufferId u = b.call("svdu", {{X, {}}});
  const BufferId v = b.call("svdv", {{X, {}}});
  for (const BufferId out : {d, a, u, v}) b.output(out);
  const Program program = b.finish();
  const Program shared = optimised(program);
  ASSERT_EQ(shared.instructions.size(), 2U) << text(shared);
  EXPECT_TRUE(problems(shared).empty());
  std::mt19937_64 random(3);
  const std::vector<Array> inputs{random_array({5, 5}, random)};
  const auto want = Interpreter(program, {{"n", 5}}).run(inputs);
  const auto got = Interpreter(shared, {{"n", 5}}).run(inputs);
  for (std::size_t k = 0; k < 4; ++k) EXPECT_LE(difference(got[k], want[k]), 1e-12);
  EXPECT_TRUE(Polynomial::less_for_large(cost(shared).flops(), cost(program).flops()));
}

TEST(Passes, EqualWorkIsDoneOnce) {
  ProgramBuilder b;
  const BufferId A = b.input("A", {n, p});
  const BufferId G = b.temporary({n, n}), H = b.temporary({n, n}), s = b.temporary({n, n});
  b.contract(G, {0, 2}, A, {0, 1}, A, {2, 1});
  b.contract(H, {0, 2}, A, {0, 1}, A, {2, 1});
  b.contract(s, {0, 2}, G, {0, 1}, H, {1, 2});
  b.output(s);
  EXPECT_EQ(optimised(b.finish()).instructions.size(), 2U);
}

}  // namespace
}  // namespace adjoint::test

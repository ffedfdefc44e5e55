// Contractions: loops are sorted into those of a and c (m), of b and c (n), of a and b (k) and of all
// three (batch); neighbouring loops merge. One loop of each sort goes to BLAS, the others stay outside.
#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "run/plan.hpp"
#include "run/vector_math.hpp"

namespace adjoint::run {
namespace {

using kernel::Store;

struct Loop {
  std::int64_t extent = 1;
  std::int64_t a = 0, b = 0, c = 0;  // strides
};

constexpr std::int64_t kBlas = 512;      // points of a product below which loops of our own are faster
constexpr std::int64_t kCached = 65536;  // entries of a matrix below which they are for a vector

class ContractStep final : public Step {
 public:
  ContractStep(const Context& context, const kernel::Contract& contract);
  void run(Bases bases, Counts* counts) override;
  [[nodiscard]] std::int64_t scratch_doubles() const override {
    return packed_a_.entries + packed_b_.entries + packed_c_.entries;
  }
  void set_scratch(double* scratch) override {
    for (Packed* p : {&packed_a_, &packed_b_, &packed_c_}) {
      p->memory = scratch;
      scratch += p->entries;
    }
  }

 private:
  enum class Kernel : std::uint8_t { Loops, Columns, Dot, Vector, Gemv, Gemm, Syrk, Triangle };
  struct Matrix {  // rows and columns in BLAS's sense: column-major with a leading dimension
    bool transposed = false;
    std::int64_t leading = 1;
  };
  void sort_loops(std::vector<Loop> loops);
  void choose_kernel();
  static bool fits(std::int64_t rows, std::int64_t row_stride, std::int64_t columns,
                   std::int64_t column_stride, Matrix& out);
  void product(const double* a, const double* b, double* c, bool first);
  void multiply(const double* a, const double* b, double* c, double beta);
  void triangle(const double* a, const double* b, double* c, double beta);
  void plain(const double* a, const double* b, double* c, bool first) const;
  static void pack(const double* from, std::int64_t rows, std::int64_t row_stride, std::int64_t columns,
                   std::int64_t column_stride, double* to);
  static void mirror(double* c, std::int64_t n, std::int64_t leading);

  kernel::BufferId a_, b_, c_;
  std::int64_t base_a_ = 0, base_b_ = 0, base_c_ = 0, entries_c_ = 0;
  double coefficient_ = 1;
  Store store_ = Store::Assign;
  bool zero_first_ = false, symmetric_ = false, counts_sum_ = false, summed_outside_ = false, empty_ = false;
  std::vector<Loop> outer_;  // those that change c first, then sums
  Loop m_, n_, k_;
  Kernel kernel_ = Kernel::Loops;
  Matrix blas_a_, blas_b_, blas_c_;
  struct Packed {  // a copy that BLAS can read, where it is needed
    std::int64_t entries = 0;
    double* memory = nullptr;
    [[nodiscard]] bool empty() const { return entries == 0; }
  };
  Packed packed_a_, packed_b_, packed_c_;
};

ContractStep::ContractStep(const Context& context, const kernel::Contract& contract)
    : a_(contract.a.buffer), b_(contract.b.buffer), c_(contract.c.buffer) {
  const std::vector<std::int64_t> extents = values_of(contract.extents, context.sizes);
  const Strided a = strided(context, contract.a, extents);
  const Strided b = strided(context, contract.b, extents);
  const Strided c = strided(context, contract.c, extents);
  base_a_ = a.base;
  base_b_ = b.base;
  base_c_ = c.base;
  entries_c_ = c.buffer_entries;
  coefficient_ = contract.coefficient.value();
  store_ = contract.store;
  symmetric_ = contract.symmetric;
  std::int64_t addressed = 1;
  std::vector<Loop> loops;
  const std::vector<bool> used = kernel::loops_used(contract.c, extents.size());
  for (std::size_t l = 0; l < extents.size(); ++l) {
    empty_ = empty_ || extents[l] == 0;
    counts_sum_ = counts_sum_ || !used[l];
    if (c.stride[l] != 0) addressed *= extents[l];
    if (extents[l] != 1) loops.push_back({extents[l], a.stride[l], b.stride[l], c.stride[l]});
  }
  counts_sum_ = counts_sum_ || store_ == Store::Add;
  zero_first_ = store_ == Store::Assign && (addressed != entries_c_ || empty_);
  sort_loops(std::move(loops));
  choose_kernel();
}

void ContractStep::sort_loops(std::vector<Loop> loops) {
  // Neighbours in ascending stride merge where all three walk on as one.
  std::stable_sort(loops.begin(), loops.end(), [](const Loop& x, const Loop& y) {
    return std::abs(x.a) + std::abs(x.b) + std::abs(x.c) < std::abs(y.a) + std::abs(y.b) + std::abs(y.c);
  });
  for (std::size_t i = 0; i < loops.size(); ++i) {
    for (std::size_t j = 0; j < loops.size(); ++j) {
      const Loop& x = loops[i];
      const Loop& y = loops[j];
      if (i == j || y.a != x.a * x.extent || y.b != x.b * x.extent || y.c != x.c * x.extent) continue;
      loops[i].extent *= y.extent;
      loops.erase(loops.begin() + static_cast<std::ptrdiff_t>(j));
      i = static_cast<std::size_t>(-1);
      break;
    }
  }
  // Of each sort the longest goes inside, a contiguous one before others.
  const auto take = [&](bool in_a, bool in_b, bool in_c) {
    Loop best;
    std::size_t at = loops.size();
    for (std::size_t l = 0; l < loops.size(); ++l) {
      const Loop& x = loops[l];
      if ((x.a != 0) != in_a || (x.b != 0) != in_b || (x.c != 0) != in_c) continue;
      if (at == loops.size() || x.extent > best.extent) {
        best = x;
        at = l;
      }
    }
    if (at != loops.size()) loops.erase(loops.begin() + static_cast<std::ptrdiff_t>(at));
    return best;
  };
  m_ = take(true, false, true);
  n_ = take(false, true, true);
  k_ = take(true, true, false);
  std::stable_partition(loops.begin(), loops.end(), [](const Loop& x) { return x.c != 0; });
  for (const Loop& x : loops) summed_outside_ = summed_outside_ || x.c == 0;
  outer_ = std::move(loops);
}

// Whether a matrix (rows, columns > 1) with these strides is one that BLAS takes.
bool ContractStep::fits(std::int64_t rows, std::int64_t row_stride, std::int64_t columns,
                        std::int64_t column_stride, Matrix& out) {
  out = row_stride == 1 ? Matrix{false, column_stride} : Matrix{true, row_stride};
  if (row_stride == 1) return column_stride >= rows;
  return column_stride == 1 && row_stride >= columns;
}

void ContractStep::choose_kernel() {
  const std::int64_t points = m_.extent * n_.extent * k_.extent;
  if (k_.extent == 1) return;  // outer products are pointwise work
  if (m_.extent == 1 && n_.extent == 1) {
    if (points >= kBlas || (k_.a == 1 && k_.b == 1)) kernel_ = Kernel::Dot;
    return;
  }
  if (m_.extent == 1 || n_.extent == 1) {
    const bool rows = n_.extent == 1;  // a is the matrix
    const Loop& free = rows ? m_ : n_;
    Matrix& matrix = rows ? blas_a_ : blas_b_;
    const std::int64_t s = rows ? m_.a : n_.b;
    const std::int64_t t = rows ? k_.a : k_.b;
    const std::int64_t vector = rows ? k_.b : k_.a;
    if (!fits(free.extent, s, k_.extent, t, matrix) || vector <= 0 || free.c <= 0) return;
    const bool near = matrix.transposed ? vector == 1 : free.c == 1;
    if (near && points <= kCached) {
      kernel_ = Kernel::Vector;
    } else if (points >= kBlas) {
      kernel_ = Kernel::Gemv;
    }
    return;
  }
  if (points < 16 * kBlas && m_.a == 1 && m_.c == 1 && m_.extent >= 4 && k_.b >= 0) {
    kernel_ = Kernel::Columns;
    return;
  }
  if (points < kBlas) return;
  kernel_ = Kernel::Gemm;
  if (!fits(m_.extent, m_.a, k_.extent, k_.a, blas_a_)) packed_a_.entries = m_.extent * k_.extent;
  if (!fits(k_.extent, k_.b, n_.extent, n_.b, blas_b_)) packed_b_.entries = k_.extent * n_.extent;
  if (!fits(m_.extent, m_.c, n_.extent, n_.c, blas_c_)) packed_c_.entries = m_.extent * n_.extent;
  if (!packed_a_.empty()) blas_a_ = {false, m_.extent};
  if (!packed_b_.empty()) blas_b_ = {false, k_.extent};
  if (!packed_c_.empty()) blas_c_ = {false, m_.extent};
  if (m_.extent != n_.extent || m_.extent < 32 || !outer_.empty() || !packed_c_.empty()) return;
  const bool same = a_ == b_ && base_a_ == base_b_ && m_.a == n_.b && k_.a == k_.b && packed_a_.empty();
  if (same) {
    kernel_ = Kernel::Syrk;
  } else if (symmetric_ && store_ == Store::Assign && !zero_first_) {
    kernel_ = Kernel::Triangle;
  }
}

void ContractStep::pack(const double* from, std::int64_t rows, std::int64_t row_stride, std::int64_t columns,
                        std::int64_t column_stride, double* to) {
  for (std::int64_t j = 0; j < columns; ++j) {
    for (std::int64_t i = 0; i < rows; ++i) to[i + j * rows] = from[i * row_stride + j * column_stride];
  }
}

// The lower triangle into the upper one, in blocks that stay in cache.
void ContractStep::mirror(double* c, std::int64_t n, std::int64_t leading) {
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t jb = 0; jb < n; jb += kBlock) {
    for (std::int64_t ib = jb; ib < n; ib += kBlock) {
      for (std::int64_t j = jb; j < std::min(n, jb + kBlock); ++j) {
        for (std::int64_t i = std::max(ib, j + 1); i < std::min(n, ib + kBlock); ++i)
          c[j + i * leading] = c[i + j * leading];
      }
    }
  }
}

void ContractStep::multiply(const double* a, const double* b, double* c, double beta) {
  if (!packed_a_.empty()) {
    pack(a, m_.extent, m_.a, k_.extent, k_.a, packed_a_.memory);
    a = packed_a_.memory;
  }
  if (!packed_b_.empty()) {
    pack(b, k_.extent, k_.b, n_.extent, n_.b, packed_b_.memory);
    b = packed_b_.memory;
  }
  double* result = packed_c_.empty() ? c : packed_c_.memory;
  const auto m = static_cast<int>(m_.extent);
  const auto n = static_cast<int>(n_.extent);
  const auto k = static_cast<int>(k_.extent);
  const auto la = static_cast<int>(blas_a_.leading);
  const auto lb = static_cast<int>(blas_b_.leading);
  const auto lc = static_cast<int>(blas_c_.leading);
  const double inner_beta = packed_c_.empty() ? beta : 0.0;
  if (!blas_c_.transposed) {
    cblas_dgemm(CblasColMajor, blas_a_.transposed ? CblasTrans : CblasNoTrans,
                blas_b_.transposed ? CblasTrans : CblasNoTrans, m, n, k, coefficient_, a, la, b, lb,
                inner_beta, result, lc);
  } else {  // c' = b' a'
    cblas_dgemm(CblasColMajor, blas_b_.transposed ? CblasNoTrans : CblasTrans,
                blas_a_.transposed ? CblasNoTrans : CblasTrans, n, m, k, coefficient_, b, lb, a, la,
                inner_beta, result, lc);
  }
  if (packed_c_.empty()) return;
  for (std::int64_t j = 0; j < n_.extent; ++j) {
    for (std::int64_t i = 0; i < m_.extent; ++i) {
      double& to = c[i * m_.c + j * n_.c];
      to = (beta == 0 ? 0 : to) + result[i + j * m_.extent];
    }
  }
}

// c is symmetric: blocks of columns from the diagonal down, then the mirror image.
void ContractStep::triangle(const double* a, const double* b, double* c, double beta) {
  const std::int64_t n = n_.extent;
  const std::int64_t block = std::clamp<std::int64_t>(n / 8, 32, 128);
  const std::int64_t leading = blas_c_.leading;
  for (std::int64_t j = 0; j < n; j += block) {
    const std::int64_t width = std::min(block, n - j);
    const double* rows = a + j * m_.a;
    const double* columns = b + j * n_.b;
    cblas_dgemm(CblasColMajor, blas_a_.transposed ? CblasTrans : CblasNoTrans,
                blas_b_.transposed ? CblasTrans : CblasNoTrans, static_cast<int>(n - j),
                static_cast<int>(width), static_cast<int>(k_.extent), coefficient_, rows,
                static_cast<int>(blas_a_.leading), columns, static_cast<int>(blas_b_.leading), beta,
                c + j + j * leading, static_cast<int>(leading));
  }
  mirror(c, n, leading);
}

void ContractStep::plain(const double* a, const double* b, double* c, bool first) const {
  // Small products: columns of c as sums of columns of a; the innermost loop runs over m.
  for (std::int64_t j = 0; j < n_.extent; ++j) {
    double* cj = c + j * n_.c;
    if (first) {
      for (std::int64_t i = 0; i < m_.extent; ++i) cj[i * m_.c] = 0;
    }
    for (std::int64_t l = 0; l < k_.extent; ++l) {
      const double factor = coefficient_ * b[j * n_.b + l * k_.b];
      const double* al = a + l * k_.a;
      if (m_.a == 1 && m_.c == 1) {
        for (std::int64_t i = 0; i < m_.extent; ++i) cj[i] += al[i] * factor;
      } else {
        for (std::int64_t i = 0; i < m_.extent; ++i) cj[i * m_.c] += al[i * m_.a] * factor;
      }
    }
  }
}

void ContractStep::product(const double* a, const double* b, double* c, bool first) {
  const double beta = first ? 0.0 : 1.0;
  switch (kernel_) {
    case Kernel::Loops:
      plain(a, b, c, first);
      break;
    case Kernel::Columns:
      for (std::int64_t j = 0; j < n_.extent; ++j) {
        blocks().matrix_vector(m_.extent, k_.extent, coefficient_, a, k_.a, b + j * n_.b, k_.b, !first,
                               c + j * n_.c);
      }
      break;
    case Kernel::Vector: {
      const bool rows = n_.extent == 1;
      const Loop& free = rows ? m_ : n_;
      const Matrix& matrix = rows ? blas_a_ : blas_b_;
      const double* from = rows ? a : b;
      const double* x = rows ? b : a;
      if (matrix.transposed) {
        blocks().transposed_vector(free.extent, k_.extent, coefficient_, from, matrix.leading, x, !first, c,
                                   free.c);
      } else {
        blocks().matrix_vector(free.extent, k_.extent, coefficient_, from, matrix.leading, x,
                               rows ? k_.b : k_.a, !first, c);
      }
      break;
    }
    case Kernel::Dot: {
      double sum = 0;
      if (k_.a == 1 && k_.b == 1) {
        sum = blocks().sum_product(a, b, k_.extent);
      } else if (k_.a > 0 && k_.b > 0) {
        sum = cblas_ddot(static_cast<int>(k_.extent), a, static_cast<int>(k_.a), b, static_cast<int>(k_.b));
      } else {
        for (std::int64_t l = 0; l < k_.extent; ++l) sum += a[l * k_.a] * b[l * k_.b];
      }
      *c = (first ? 0.0 : *c) + coefficient_ * sum;
      break;
    }
    case Kernel::Gemv: {
      const bool rows = n_.extent == 1;
      const Loop& free = rows ? m_ : n_;
      const Matrix& matrix = rows ? blas_a_ : blas_b_;
      const auto vector = static_cast<int>(rows ? k_.b : k_.a);
      const auto f = static_cast<int>(free.extent);
      const auto k = static_cast<int>(k_.extent);
      cblas_dgemv(CblasColMajor, matrix.transposed ? CblasTrans : CblasNoTrans, matrix.transposed ? k : f,
                  matrix.transposed ? f : k, coefficient_, rows ? a : b, static_cast<int>(matrix.leading),
                  rows ? b : a, vector, beta, c, static_cast<int>(free.c));
      break;
    }
    case Kernel::Gemm:
      multiply(a, b, c, beta);
      break;
    case Kernel::Syrk: {
      if (store_ == Store::Add) {  // c itself need not be symmetric
        multiply(a, b, c, beta);
        break;
      }
      cblas_dsyrk(CblasColMajor, CblasLower, blas_a_.transposed ? CblasTrans : CblasNoTrans,
                  static_cast<int>(m_.extent), static_cast<int>(k_.extent), coefficient_, a,
                  static_cast<int>(blas_a_.leading), beta, c, static_cast<int>(blas_c_.leading));
      mirror(c, m_.extent, blas_c_.leading);
      break;
    }
    case Kernel::Triangle:
      if (packed_a_.empty() && packed_b_.empty() && !blas_c_.transposed) {
        triangle(a, b, c, beta);
      } else {
        multiply(a, b, c, beta);
      }
      break;
  }
}

void ContractStep::run(Bases bases, Counts* counts) {
  double* c = bases[static_cast<std::size_t>(c_)];
  if (zero_first_) std::fill(c, c + entries_c_, 0.0);
  if (empty_) return;
  const double* a = bases[static_cast<std::size_t>(a_)] + base_a_;
  const double* b = bases[static_cast<std::size_t>(b_)] + base_b_;
  c += base_c_;
  std::int64_t index[32] = {};
  const std::size_t loops = outer_.size();
  double products = 0;
  while (true) {
    bool first = store_ != Store::Add;
    for (std::size_t l = 0; l < loops; ++l) first = first && (outer_[l].c != 0 || index[l] == 0);
    product(a, b, c, first);
    products += 1;
    // The last loops are sums and run fastest.
    std::size_t l = loops;
    while (l-- > 0) {
      const Loop& loop = outer_[l];
      const bool more = ++index[l] < loop.extent;
      const std::int64_t step = more ? 1 : -(loop.extent - 1);
      a += step * loop.a;
      b += step * loop.b;
      c += step * loop.c;
      if (more) break;
      index[l] = 0;
    }
    if (l == static_cast<std::size_t>(-1)) break;
  }
  if (counts == nullptr) return;
  double all = products * static_cast<double>(m_.extent * n_.extent * k_.extent);
  double kept = static_cast<double>(m_.extent * n_.extent);
  for (const Loop& loop : outer_) kept *= loop.c != 0 ? static_cast<double>(loop.extent) : 1.0;
  if (symmetric_ && m_.extent == n_.extent) {
    const auto n = static_cast<double>(n_.extent);
    all = all * (n + 1) / (2 * n);
  }
  (counts_sum_ ? counts->multiply_add : counts->arithmetic) += all;
  if (coefficient_ != 1) counts->arithmetic += kept;
}

}  // namespace

std::unique_ptr<Step> plan(const Context& context, const kernel::Contract& contract) {
  if (contract.extents.size() > 32) throw std::invalid_argument("a contraction over more than 32 indices");
  if (contract.a.guarded || contract.b.guarded)
    throw std::invalid_argument("a contraction of a guarded access");
  // Without a sum it is pointwise work, which is done in tiles.
  std::vector<bool> used = kernel::loops_used(contract.c, contract.extents.size());
  if (std::find(used.begin(), used.end(), false) == used.end()) {
    kernel::Pointwise p;
    p.extents = contract.extents;
    p.operands = {contract.a, contract.b};
    kernel::ScalarInstruction load, product, constant, scaled;
    load.op = kernel::ScalarOp::Load;
    load.a = 0;
    p.body.push_back(load);
    load.a = 1;
    p.body.push_back(load);
    product.op = kernel::ScalarOp::Mul;
    product.a = 0;
    product.b = 1;
    p.body.push_back(product);
    if (!contract.coefficient.is_one()) {
      constant.value = contract.coefficient;
      p.body.push_back(constant);
      scaled.op = kernel::ScalarOp::Mul;
      scaled.a = 3;
      scaled.b = 2;
      p.body.push_back(scaled);
    }
    p.outputs.push_back({contract.c, static_cast<kernel::Register>(p.body.size()) - 1,
                         kernel::Reduction::None, contract.store});
    return plan(context, p);
  }
  return std::make_unique<ContractStep>(context, contract);
}

}  // namespace adjoint::run

#include "run/gram_step.hpp"

#include <cblas.h>

#include <algorithm>
#include <cmath>

#include "kernel/gram.hpp"
#include "run/vector_math.hpp"

namespace adjoint::run {
namespace {

using kernel::BufferId;
using kernel::ScalarOp;

constexpr std::int64_t kSmallest = 16;  // rows of the result below which there is nothing to gain

// The lower triangle into the upper one, in blocks that stay in cache.
void mirror(double* c, std::int64_t n) {
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t jb = 0; jb < n; jb += kBlock) {
    for (std::int64_t ib = jb; ib < n; ib += kBlock) {
      for (std::int64_t j = jb; j < std::min(n, jb + kBlock); ++j) {
        for (std::int64_t i = std::max(ib, j + 1); i < std::min(n, ib + kBlock); ++i)
          c[j + i * n] = c[i + j * n];
      }
    }
  }
}

class GramStep final : public Step {
 public:
  GramStep(const kernel::WeightedGram& g, std::int64_t rows, std::int64_t columns, double coefficient,
           std::unique_ptr<Step> weigh, std::unique_ptr<Step> multiply)
      : g_(g),
        rows_(rows),
        columns_(columns),
        coefficient_(coefficient),
        weigh_(std::move(weigh)),
        multiply_(std::move(multiply)),
        roots_(static_cast<std::size_t>(g.by_rows ? rows : columns)) {}

  void run(Bases bases, Counts* counts) override {
    const double* d = at(bases, g_.weights);
    const bool positive = std::all_of(d, d + roots_.size(), [](double w) { return w >= 0; });
    if (!positive || counts != nullptr) {  // what is counted is what the program says
      weigh_->run(bases, counts);
      multiply_->run(bases, counts);
      return;
    }
    vector_math(ScalarOp::Sqrt, roots_.data(), d, static_cast<std::int64_t>(roots_.size()));
    const double* x = at(bases, g_.matrix);
    double* b = at(bases, g_.weighted);
    double* c = at(bases, g_.result);
    const auto& multiply = blocks().binary[static_cast<int>(ScalarOp::Mul)];
    for (std::int64_t j = 0; j < columns_; ++j) {
      const auto shape = static_cast<int>(g_.by_rows ? Shape2::Vectors : Shape2::SecondScalar);
      multiply[shape](b + j * rows_, x + j * rows_, roots_.data() + (g_.by_rows ? 0 : j), nullptr, rows_);
    }
    const std::int64_t n = g_.by_rows ? columns_ : rows_;
    const std::int64_t k = g_.by_rows ? rows_ : columns_;
    cblas_dsyrk(CblasColMajor, CblasLower, g_.by_rows ? CblasTrans : CblasNoTrans, static_cast<int>(n),
                static_cast<int>(k), coefficient_, b, static_cast<int>(rows_), 0, c, static_cast<int>(n));
    mirror(c, n);
  }

  [[nodiscard]] std::int64_t working_doubles() const override {
    return static_cast<std::int64_t>(roots_.size()) + weigh_->working_doubles() +
           multiply_->working_doubles();
  }
  [[nodiscard]] std::int64_t scratch_doubles() const override {
    return std::max(weigh_->scratch_doubles(), multiply_->scratch_doubles());
  }
  void set_scratch(double* scratch) override {
    weigh_->set_scratch(scratch);
    multiply_->set_scratch(scratch);
  }

 private:
  static double* at(Bases bases, BufferId id) { return bases[static_cast<std::size_t>(id)]; }

  kernel::WeightedGram g_;
  std::int64_t rows_, columns_;  // of the matrix
  double coefficient_;
  std::unique_ptr<Step> weigh_, multiply_;
  std::vector<double> roots_;
};

}  // namespace

void join_grams(const Context& context, std::vector<std::unique_ptr<Step>>& steps) {
  const auto& list = context.program.instructions;
  for (std::size_t t = 0; t + 1 < list.size(); ++t) {
    const auto gram = kernel::weighted_gram(context.program, t, t + 1);
    if (!gram) continue;
    const kernel::WeightedGram& g = *gram;
    // Its memory holds sqrt(d)*x instead: nobody else may want the weighted matrix.
    const auto& outputs = context.program.outputs;
    bool alone = std::find(outputs.begin(), outputs.end(), g.weighted) == outputs.end();
    for (std::size_t u = 0; u < list.size(); ++u) {
      const auto read = kernel::reads(list[u]);
      alone = alone && (u == t + 1 || std::find(read.begin(), read.end(), g.weighted) == read.end());
    }
    const Shape& shape = context.program.buffers[static_cast<std::size_t>(g.matrix)].shape;
    const std::int64_t rows = value_of(shape[0], context.sizes);
    const std::int64_t columns = value_of(shape[1], context.sizes);
    if (!alone || std::min(rows, columns) < kSmallest) continue;
    const double coefficient = std::get<kernel::Contract>(list[t + 1].what).coefficient.value();
    steps[t] = std::make_unique<GramStep>(g, rows, columns, coefficient, std::move(steps[t]),
                                          std::move(steps[t + 1]));
    ++t;
  }
}

}  // namespace adjoint::run

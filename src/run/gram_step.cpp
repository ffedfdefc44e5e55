#include "run/gram_step.hpp"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "run/vector_math.hpp"

namespace adjoint::run {
namespace {

using kernel::Access;
using kernel::BufferId;
using kernel::ScalarOp;

constexpr std::int64_t kSmallest = 16;  // rows of the result below which there is nothing to gain

struct Gram {
  BufferId matrix, weights, weighted, result;
  std::int64_t rows = 0, columns = 0;  // of the matrix
  bool by_rows = true;                 // a weight for each row: X'*diag(d)*X, else X*diag(d)*X'
  double coefficient = 1;
};

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
  GramStep(const Gram& g, std::unique_ptr<Step> weigh, std::unique_ptr<Step> multiply)
      : g_(g),
        weigh_(std::move(weigh)),
        multiply_(std::move(multiply)),
        roots_(static_cast<std::size_t>(g.by_rows ? g.rows : g.columns)) {}

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
    for (std::int64_t j = 0; j < g_.columns; ++j) {
      const auto shape = static_cast<int>(g_.by_rows ? Shape2::Vectors : Shape2::SecondScalar);
      multiply[shape](b + j * g_.rows, x + j * g_.rows, roots_.data() + (g_.by_rows ? 0 : j), nullptr,
                      g_.rows);
    }
    const std::int64_t n = g_.by_rows ? g_.columns : g_.rows;
    const std::int64_t k = g_.by_rows ? g_.rows : g_.columns;
    cblas_dsyrk(CblasColMajor, CblasLower, g_.by_rows ? CblasTrans : CblasNoTrans, static_cast<int>(n),
                static_cast<int>(k), g_.coefficient, b, static_cast<int>(g_.rows), 0, c, static_cast<int>(n));
    mirror(c, n);
  }

  [[nodiscard]] std::int64_t working_doubles() const override {
    return static_cast<std::int64_t>(roots_.size()) + weigh_->working_doubles() +
           multiply_->working_doubles();
  }

 private:
  static double* at(Bases bases, BufferId id) { return bases[static_cast<std::size_t>(id)]; }

  Gram g_;
  std::unique_ptr<Step> weigh_, multiply_;
  std::vector<double> roots_;
};

// The loops that drive the axes of a plain access; nothing for slices, diagonals, views.
std::optional<std::vector<std::int32_t>> plain_loops(const Access& access) {
  std::vector<std::int32_t> loops;
  if (access.guarded || !access.view.empty()) return std::nullopt;
  for (const kernel::AxisIndex& axis : access.axes) {
    if (axis.terms.size() != 1 || !axis.terms[0].step.is_one() || !axis.offset.is_zero()) return std::nullopt;
    if (std::find(loops.begin(), loops.end(), axis.terms[0].loop) != loops.end()) return std::nullopt;
    loops.push_back(axis.terms[0].loop);
  }
  return loops;
}

bool has_shape(const kernel::Program& program, const Access& access, const std::vector<Size>& extents,
               const std::vector<std::int32_t>& loops) {
  const Shape& shape = program.shape_of(access);
  for (std::size_t k = 0; k < loops.size(); ++k) {
    if (!(shape[k] == extents[static_cast<std::size_t>(loops[k])])) return false;
  }
  return true;
}

// w(i,j) = d(i)*x(i,j) or d(j)*x(i,j).
bool weighs(const kernel::Program& program, const kernel::Pointwise& p, Gram& g) {
  if (p.extents.size() != 2 || p.operands.size() != 2 || p.body.size() != 3 || p.outputs.size() != 1)
    return false;
  const kernel::PointwiseOutput& out = p.outputs[0];
  if (p.body[2].op != ScalarOp::Mul || out.value != 2 || p.body[2].a == p.body[2].b) return false;
  if (out.reduction != kernel::Reduction::None || out.store != kernel::Store::Assign) return false;
  const auto place = plain_loops(out.access);
  if (!place || place->size() != 2 || !kernel::covers(out.access, program.shape_of(out.access), p.extents))
    return false;
  for (std::size_t k = 0; k < 2; ++k) {
    const Access& x = p.operands[k];
    const Access& d = p.operands[1 - k];
    const auto of_x = plain_loops(x), of_d = plain_loops(d);
    if (!of_x || !of_d || *of_x != *place || of_d->size() != 1) continue;
    if (!has_shape(program, x, p.extents, *of_x) || !has_shape(program, d, p.extents, *of_d)) continue;
    g.matrix = x.buffer;
    g.weights = d.buffer;
    g.weighted = out.access.buffer;
    g.by_rows = (*of_d)[0] == (*place)[0];
    return true;
  }
  return false;
}

// c = coefficient * x'*w or x*w', known to be symmetric.
bool multiplies(const kernel::Program& program, const kernel::Contract& c, Gram& g) {
  if (!c.symmetric || c.store != kernel::Store::Assign || c.extents.size() != 3) return false;
  const bool in_order = c.a.buffer == g.weighted && c.b.buffer == g.matrix;
  if (!in_order && !(c.b.buffer == g.weighted && c.a.buffer == g.matrix)) return false;
  const auto a = plain_loops(c.a), b = plain_loops(c.b), r = plain_loops(c.c);
  if (!a || !b || !r || a->size() != 2 || b->size() != 2 || r->size() != 2) return false;
  if (!kernel::covers(c.c, program.shape_of(c.c), c.extents)) return false;
  if (!has_shape(program, c.a, c.extents, *a) || !has_shape(program, c.b, c.extents, *b)) return false;
  const std::size_t summed = g.by_rows ? 0 : 1;
  if ((*a)[summed] != (*b)[summed] || (*a)[1 - summed] == (*b)[1 - summed]) return false;
  if (std::find(r->begin(), r->end(), (*a)[summed]) != r->end()) return false;
  g.result = c.c.buffer;
  g.coefficient = c.coefficient.value();
  return true;
}

}  // namespace

void join_grams(const Context& context, std::vector<std::unique_ptr<Step>>& steps) {
  const auto& list = context.program.instructions;
  for (std::size_t t = 0; t + 1 < list.size(); ++t) {
    const auto* p = std::get_if<kernel::Pointwise>(&list[t].what);
    const auto* c = std::get_if<kernel::Contract>(&list[t + 1].what);
    Gram g{};
    if (p == nullptr || c == nullptr || !weighs(context.program, *p, g) ||
        !multiplies(context.program, *c, g))
      continue;
    // Its memory holds sqrt(d)*x instead: nobody else may want the weighted matrix.
    const auto& outputs = context.program.outputs;
    bool alone = std::find(outputs.begin(), outputs.end(), g.weighted) == outputs.end();
    for (std::size_t u = 0; u < list.size(); ++u) {
      const auto read = kernel::reads(list[u]);
      alone = alone && (u == t + 1 || std::find(read.begin(), read.end(), g.weighted) == read.end());
    }
    const Shape& shape = context.program.buffers[static_cast<std::size_t>(g.matrix)].shape;
    g.rows = value_of(shape[0], context.sizes);
    g.columns = value_of(shape[1], context.sizes);
    if (!alone || std::min(g.rows, g.columns) < kSmallest) continue;
    steps[t] = std::make_unique<GramStep>(g, std::move(steps[t]), std::move(steps[t + 1]));
    ++t;
  }
}

}  // namespace adjoint::run

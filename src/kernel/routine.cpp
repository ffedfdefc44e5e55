#include "kernel/routine.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace adjoint::kernel {
namespace {

using Shapes = std::vector<Shape>;
using Attributes = std::vector<std::int64_t>;
using P = Polynomial;

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument(why); }

std::string shape_text(const Shape& shape) {
  std::string out;
  for (const Size& size : shape) out += (out.empty() ? "" : ",") + size.text();
  return "(" + out + ")";
}

Shape batch_of(const Shapes& inputs) {
  Shape batch;
  for (const Shape& shape : inputs) {
    if (shape.size() < 2) refuse("a matrix routine with an operand of shape " + shape_text(shape));
    const Shape own(shape.begin() + 2, shape.end());
    if (own.empty()) continue;
    if (!batch.empty() && !(batch == own)) refuse("a matrix routine with batches of two shapes");
    batch = own;
  }
  return batch;
}

Shape with_batch(Shape matrix, const Shapes& inputs) {
  const Shape batch = batch_of(inputs);
  matrix.insert(matrix.end(), batch.begin(), batch.end());
  return matrix;
}

void need_square(const Shape& shape) {
  if (!(shape[0] == shape[1])) refuse("a routine of square matrices with shape " + shape_text(shape));
}

// ---- shapes of results ----

Shapes square_to_square(const Shapes& in, const Attributes&) {
  Shape s = with_batch({in.at(0).at(0), in[0].at(1)}, in);
  need_square(s);
  return {s};
}
Shapes square_pair(const Shapes& in, const Attributes& a) {
  batch_of(in);
  if (!(in.at(0)[0] == in.at(1)[0]) || !(in[0][1] == in[1][1]))
    refuse("a routine of two matrices of different shapes");
  return square_to_square(in, a);
}
Shapes square_to_scalar(const Shapes& in, const Attributes&) {
  const Shape batch = batch_of(in);
  need_square(in[0]);
  return {batch};
}
Shapes square_to_vector(const Shapes& in, const Attributes&) {
  batch_of(in);
  need_square(in[0]);
  return {with_batch({in[0][0]}, in)};
}
Shapes same_matrix(const Shapes& in, const Attributes&) {
  return {with_batch({in.at(0).at(0), in[0].at(1)}, in)};
}
Shapes same_pair(const Shapes& in, const Attributes& a) {
  batch_of(in);
  if (!(in.at(0)[0] == in.at(1)[0]) || !(in[0][1] == in[1][1]))
    refuse("a routine of two matrices of different shapes");
  return same_matrix(in, a);
}
Shapes flipped(const Shapes& in, const Attributes&) {
  return {with_batch({in.at(0).at(1), in[0].at(0)}, in)};
}
Shapes matrix_to_scalar(const Shapes& in, const Attributes&) { return {batch_of(in)}; }
Shapes singular_values(const Shapes& in, const Attributes&) {
  batch_of(in);
  return {with_batch({smaller(in[0][0], in[0][1])}, in)};
}
Shapes left_factor(const Shapes& in, const Attributes&) {
  batch_of(in);
  return {with_batch({in[0][0], smaller(in[0][0], in[0][1])}, in)};
}
Shapes right_factor(const Shapes& in, const Attributes&) {
  batch_of(in);
  return {with_batch({in[0][1], smaller(in[0][0], in[0][1])}, in)};
}
Shapes solution(const Shapes& in, const Attributes&) {
  batch_of(in);
  need_square(in.at(0));
  if (!(in[0][1] == in.at(1)[0]))
    refuse("solve with shapes " + shape_text(in[0]) + " and " + shape_text(in[1]));
  return {with_batch({in[0][0], in[1][1]}, in)};
}
Shapes same_any(const Shapes& in, const Attributes&) { return {in.at(0)}; }
Shapes scalar_of_any(const Shapes&, const Attributes&) { return {Shape{}}; }
std::size_t axis_of(const Shape& shape, const Attributes& attributes) {
  const auto axis = attributes.at(0);
  if (axis < 0 || static_cast<std::size_t>(axis) >= shape.size())
    refuse("a routine along an axis that is not there");
  return static_cast<std::size_t>(axis);
}
bool over_all(const Attributes& attributes) { return attributes.empty() || attributes[0] < 0; }
Shapes reduced(const Shapes& in, const Attributes& attributes) {
  if (over_all(attributes)) return {Shape{}};
  Shape shape = in.at(0);
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis_of(shape, attributes)));
  return {shape};
}
Shapes along_axis(const Shapes& in, const Attributes& attributes) {
  if (!over_all(attributes)) axis_of(in.at(0), attributes);
  return {in.at(0)};
}
Shapes product_hessian(const Shapes& in, const Attributes& attributes) {
  Shape shape = in.at(0);
  if (over_all(attributes)) {
    const Shape twice = shape;
    shape.insert(shape.end(), twice.begin(), twice.end());
  } else {
    shape.push_back(shape[axis_of(shape, attributes)]);
  }
  return {shape};
}
Shapes not_inferred(const Shapes&, const Attributes&) {
  refuse("the results of an abstract function are not inferred");
}
template <auto First, auto Second>
Shapes both(const Shapes& in, const Attributes& a) {
  return {First(in, a)[0], Second(in, a)[0]};
}
Shapes svd_shapes(const Shapes& in, const Attributes& a) {
  return {left_factor(in, a)[0], singular_values(in, a)[0], right_factor(in, a)[0]};
}

// ---- costs: multiply-adds of one matrix as c3*n^3 (square) or of an n x p matrix with r = min(n,p) ----

P members(const Shapes& in) {
  P count = 1;
  for (const Size& size : batch_of(in)) count = count * P(size);
  return count;
}

P cube(const Shapes& in) {
  const P n(in[0][0]);
  return n * n * n * members(in);
}

// Num/Den n^3 multiply-adds, DivN n divisions, TransN n transcendental, N2 n^2 single operations.
template <int Num, int Den, int DivN = 1, int TransN = 0, int N2 = 0>
RoutineCost cubic(const Shapes& in, const Attributes&) {
  const P n(in[0][0]);
  const P m = members(in);
  return {P(Rational(Num, Den)) * cube(in), P(N2) * n * n * m, P(DivN) * n * m, P(TransN) * n * m, {}};
}

// By Cholesky where attribute 0 is 1: half the work of LU.
bool definite(const Attributes& attributes) { return !attributes.empty() && attributes[0] == 1; }
RoutineCost inverse_cost(const Shapes& in, const Attributes& a) {
  return definite(a) ? cubic<1, 2, 2>(in, a) : cubic<1, 1>(in, a);
}
RoutineCost logdet_cost(const Shapes& in, const Attributes& a) {
  return definite(a) ? cubic<1, 6, 2, 1>(in, a) : cubic<1, 3, 1, 1>(in, a);
}
RoutineCost logdet_inverse_cost(const Shapes& in, const Attributes& a) {
  return definite(a) ? cubic<1, 2, 2, 1>(in, a) : cubic<1, 1, 1, 1>(in, a);
}

P smaller_side(const Shape& s) { return P(smaller(s[0], s[1])); }
P larger_times(const Shape& s) {  // n p r: what a product of the matrix with a factor costs
  return P(s[0]) * P(s[1]) * smaller_side(s);
}

// A n p r + B r^3 multiply-adds (thin singular value decomposition and products with its factors).
template <int ANum, int ADen, int BNum, int BDen>
RoutineCost thin(const Shapes& in, const Attributes&) {
  const P r = smaller_side(in[0]);
  const P m = members(in);
  return {(P(Rational(ANum, ADen)) * larger_times(in[0]) + P(Rational(BNum, BDen)) * r * r * r) * m,
          {},
          P(6) * r * r * m,
          {},
          {}};
}

RoutineCost solve_cost(const Shapes& in, const Attributes& a) {
  const P n(in[0][0]);
  const P k(in[1][1]);
  const P m = members(in);
  const std::int64_t structure = a.empty() ? 0 : a[0];
  if (structure >= 2) return {P(Rational(1, 2)) * n * n * k * m, {}, n * k * m, {}, {}};
  const P factor = P(structure == 1 ? Rational(1, 6) : Rational(1, 3)) * n * n * n;
  return {(factor + n * n * k) * m, {}, (n + n * k) * m, {}, {}};
}

P all(const Shapes& in) { return P(entries(in.at(0))); }
template <int Arithmetic, int Division, int Transcendental>
RoutineCost per_entry(const Shapes& in, const Attributes&) {
  return {{}, P(Arithmetic) * all(in), P(Division) * all(in), P(Transcendental) * all(in), {}};
}
RoutineCost norm_cost(const Shapes& in, const Attributes&) { return {all(in), {}, 1, {}, {}}; }
RoutineCost direction_cost(const Shapes& in, const Attributes&) { return {all(in), all(in), 2, {}, {}}; }
RoutineCost free_of_charge(const Shapes&, const Attributes&) { return {}; }
RoutineCost product_hessian_cost(const Shapes& in, const Attributes& attributes) {
  const P last(product_hessian(in, attributes)[0].back());
  const P n = over_all(attributes) ? all(in) : last;
  return {{}, P(2) * all(in) * n, {}, {}, {}};
}
RoutineCost call_cost(const Shapes&, const Attributes&) { return {{}, {}, {}, {}, 1}; }

// The counts: LU n^3/3, inverse from it 2n^3/3, Cholesky n^3/6; symmetric eigenvalues 2n^3/3 and with
// vectors 9n^3/2, singular values 2npr - 2r^3/3 and with thin factors 7npr + 4r^3 (Golub and Van Loan,
// 5.4 and 8.3); exponential by scaling and squaring with degree 13 and 2 squarings 9n^3 + n^3/3, its
// Frechet derivative on the double block; real Schur form 25n^3/2 (Higham, Functions of Matrices).
constexpr std::array kRoutines{
    RoutineInfo{"inv", 1, 1, true, square_to_square, inverse_cost, true},
    RoutineInfo{"solve", 2, 1, true, solution, solve_cost},
    RoutineInfo{"det", 1, 1, true, square_to_scalar, cubic<1, 3>},
    RoutineInfo{"logdet", 1, 1, true, square_to_scalar, logdet_cost, true},
    RoutineInfo{"adj", 1, 1, true, square_to_square, cubic<1, 1, 1, 0, 1>},
    RoutineInfo{"dadj", 2, 1, true, square_pair, cubic<15, 1, 6, 0, 4>},
    RoutineInfo{"dadjT", 2, 1, true, square_pair, cubic<15, 1, 6, 0, 4>},
    RoutineInfo{"pinv", 1, 1, true, flipped, thin<8, 1, 4, 1>},
    RoutineInfo{"sqrtm", 1, 1, true, square_to_square, cubic<11, 2, 1>},
    RoutineInfo{"lyap", 2, 1, true, square_pair, cubic<17, 2, 1, 0, 3>},
    RoutineInfo{"expm", 1, 1, true, square_to_square, cubic<28, 3>},
    RoutineInfo{"logm", 1, 1, true, square_to_square, cubic<25, 1, 1, 1>},
    RoutineInfo{"dexpm", 2, 1, true, square_pair, cubic<28, 1, 2>},
    RoutineInfo{"dlogm", 2, 1, true, square_pair, cubic<60, 1, 2, 2>},
    RoutineInfo{"chol", 1, 1, true, square_to_square, cubic<1, 6, 2>},
    RoutineInfo{"eigvals", 1, 1, true, square_to_vector, cubic<2, 3>},
    RoutineInfo{"eigvecs", 1, 1, true, square_to_square, cubic<9, 2>},
    RoutineInfo{"svdvals", 1, 1, true, singular_values, thin<2, 1, -2, 3>},
    RoutineInfo{"svdu", 1, 1, true, left_factor, thin<7, 1, 4, 1>},
    RoutineInfo{"svdv", 1, 1, true, right_factor, thin<7, 1, 4, 1>},
    RoutineInfo{"polar", 1, 1, true, same_matrix, thin<8, 1, 4, 1>},
    RoutineInfo{"dpolar", 2, 1, true, same_pair, thin<12, 1, 4, 1>},
    RoutineInfo{"normnuc", 1, 1, true, matrix_to_scalar, thin<2, 1, -2, 3>},
    RoutineInfo{"normop", 1, 1, true, matrix_to_scalar, thin<2, 1, -2, 3>},
    RoutineInfo{"normop_grad", 1, 1, true, same_matrix, thin<7, 1, 4, 1>},
    RoutineInfo{"tril", 1, 1, true, same_matrix, free_of_charge},
    RoutineInfo{"triu", 1, 1, true, same_matrix, free_of_charge},
    RoutineInfo{"norm", 1, 1, false, scalar_of_any, norm_cost},
    RoutineInfo{"direction", 1, 1, false, same_any, direction_cost},
    RoutineInfo{"norm_p", 2, 1, false, scalar_of_any, per_entry<2, 0, 1>},
    RoutineInfo{"norm_p_grad", 2, 1, false, same_any, per_entry<3, 1, 1>},
    RoutineInfo{"maximum", 1, 1, false, reduced, per_entry<1, 0, 0>},
    RoutineInfo{"minimum", 1, 1, false, reduced, per_entry<1, 0, 0>},
    RoutineInfo{"prod", 1, 1, false, reduced, per_entry<1, 0, 0>},
    RoutineInfo{"logsumexp", 1, 1, false, reduced, per_entry<3, 0, 1>},
    RoutineInfo{"max_grad", 1, 1, false, along_axis, per_entry<3, 0, 0>},
    RoutineInfo{"min_grad", 1, 1, false, along_axis, per_entry<3, 0, 0>},
    RoutineInfo{"softmax", 1, 1, false, along_axis, per_entry<3, 1, 1>},
    RoutineInfo{"prod_grad", 1, 1, false, along_axis, per_entry<3, 0, 0>},
    RoutineInfo{"prod_hess", 1, 1, false, product_hessian, product_hessian_cost},
    RoutineInfo{"cumsum", 1, 1, false, along_axis, per_entry<1, 0, 0>},
    RoutineInfo{"cumsumT", 1, 1, false, along_axis, per_entry<1, 0, 0>},
    RoutineInfo{"call", -1, 1, false, not_inferred, call_cost},
    RoutineInfo{"logdet_inv", 1, 2, true, both<square_to_scalar, square_to_square>, logdet_inverse_cost,
                true},
    RoutineInfo{"det_adj", 1, 2, true, both<square_to_scalar, square_to_square>, cubic<1, 1, 1, 0, 1>},
    RoutineInfo{"svdvals_polar", 1, 2, true, both<singular_values, same_matrix>, thin<8, 1, 4, 1>},
    RoutineInfo{"normnuc_polar", 1, 2, true, both<matrix_to_scalar, same_matrix>, thin<8, 1, 4, 1>},
    RoutineInfo{"norm_p_both", 2, 2, false, both<scalar_of_any, same_any>, per_entry<4, 1, 2>},
    RoutineInfo{"eig", 1, 2, true, both<square_to_vector, square_to_square>, cubic<9, 2>},
    RoutineInfo{"svd", 1, 3, true, svd_shapes, thin<7, 1, 4, 1>},
};

// "min(n,p)": the two sizes, or empty views.
std::pair<std::string_view, std::string_view> parts_of_smaller(std::string_view name) {
  if (!name.starts_with("min(") || !name.ends_with(')')) return {};
  name = name.substr(4, name.size() - 5);
  int depth = 0;
  for (std::size_t k = 0; k < name.size(); ++k) {
    if (name[k] == '(') ++depth;
    if (name[k] == ')') --depth;
    if (name[k] == ',' && depth == 0) return {name.substr(0, k), name.substr(k + 1)};
  }
  return {};
}

// Reads a size as Size::text writes it; names may be of the form min(…,…).
class SizeReader {
 public:
  SizeReader(std::string_view text, const SizeValues& values) : text_(text), values_(values) {}
  std::optional<std::int64_t> read() {
    std::int64_t sum = 0;
    while (at_ < text_.size()) {
      std::int64_t sign = 1;
      if (text_[at_] == '+' || text_[at_] == '-') sign = text_[at_++] == '-' ? -1 : 1;
      const auto term = product();
      if (!term) return std::nullopt;
      sum += sign * *term;
      if (at_ < text_.size() && text_[at_] != '+' && text_[at_] != '-') return std::nullopt;
    }
    return sum;
  }

 private:
  std::optional<std::int64_t> product() {
    std::int64_t value = 1;
    while (true) {
      auto factor = atom();
      if (!factor) return std::nullopt;
      std::int64_t power = 1;
      if (at_ < text_.size() && text_[at_] == '^') {
        ++at_;
        const auto exponent = atom();
        if (!exponent) return std::nullopt;
        power = *exponent;
      }
      for (; power > 0; --power) value *= *factor;
      if (at_ >= text_.size() || text_[at_] != '*') return value;
      ++at_;
    }
  }
  std::optional<std::int64_t> atom() {
    const std::size_t start = at_;
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '(') ++depth;
      if (c == ')') --depth;
      if (depth == 0 && (c == '*' || c == '+' || c == '-' || c == '^')) break;
      ++at_;
    }
    const std::string_view word = text_.substr(start, at_ - start);
    if (word.empty()) return std::nullopt;
    if (word[0] >= '0' && word[0] <= '9') return std::stoll(std::string(word));
    if (const auto known = values_.find(word); known != values_.end()) return known->second;
    const auto [first, second] = parts_of_smaller(word);
    if (first.empty()) return std::nullopt;
    const auto a = SizeReader(first, values_).read();
    const auto b = SizeReader(second, values_).read();
    if (!a || !b) return std::nullopt;
    return std::min(*a, *b);
  }

  std::string_view text_;
  const SizeValues& values_;
  std::size_t at_ = 0;
};

void complete(const Size& size, SizeValues& values) {
  for (const std::string& name : size.names()) {
    if (values.contains(name)) continue;
    if (const auto value = SizeReader(name, values).read()) values[name] = *value;
  }
}

}  // namespace

const RoutineInfo* find_routine(std::string_view name) {
  const auto at =
      std::find_if(kRoutines.begin(), kRoutines.end(), [&](const auto& row) { return row.name == name; });
  return at == kRoutines.end() ? nullptr : &*at;
}

std::vector<std::string_view> routine_names() {
  std::vector<std::string_view> names;
  for (const RoutineInfo& row : kRoutines) names.push_back(row.name);
  return names;
}

Size smaller(const Size& n, const Size& p) {
  if (const auto difference = (n - p).constant()) return *difference <= 0 ? n : p;
  const std::string first = std::min(n.text(), p.text());
  const std::string second = std::max(n.text(), p.text());
  return Size::name("min(" + first + "," + second + ")");
}

SizeValues completed(const Program& program, SizeValues values) {
  for (const Buffer& buffer : program.buffers) {
    for (const Size& size : buffer.shape) complete(size, values);
  }
  for (const Instruction& instruction : program.instructions) {
    if (const auto* p = std::get_if<Pointwise>(&instruction.what)) {
      for (const Size& size : p->extents) complete(size, values);
      for (const ScalarInstruction& i : p->body) complete(i.size, values);
    } else if (const auto* c = std::get_if<Contract>(&instruction.what)) {
      for (const Size& size : c->extents) complete(size, values);
    } else if (const auto* r = std::get_if<Routine>(&instruction.what)) {
      for (const View& view : r->inputs) {
        for (const Size& size : view.shape) complete(size, values);
        if (view.shape.empty()) continue;
      }
      for (const View& view : r->outputs) {
        for (const Size& size : view.shape) complete(size, values);
      }
      // Costs name min(n,p) even where no buffer does.
      for (const View& view : r->inputs) {
        const Shape& shape = program.shape_of(view);
        if (shape.size() >= 2) complete(smaller(shape[0], shape[1]), values);
      }
    }
  }
  return values;
}

}  // namespace adjoint::kernel

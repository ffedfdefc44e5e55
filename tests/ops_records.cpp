// Every record of the registry on random operands: linearise against differences and over further axes,
// transpose against the dot-product identity, partial against differences, conditions that name operands.
// A record that cannot be built here fails, so that none arrives untested.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "calculus/linear.hpp"
#include "eval/defined.hpp"
#include "eval/evaluate.hpp"
#include "ops/abstract.hpp"
#include "ops/record.hpp"

namespace adjoint {
namespace {

const Size n = Size::name("n");
const Size p = Size::name("p");
const Size k = Size::name("k");
const SizeValues kSizes{{"n", 4}, {"p", 3}, {"k", 2}, {"min(n,p)", 3}};

struct Recipe {
  std::vector<Shape> operands;
  Attributes attributes;
};

Attributes integers(std::vector<std::int64_t> values, std::vector<Size> sizes = {}, std::string name = "") {
  Attributes a;
  a.integers = std::move(values);
  a.sizes = std::move(sizes);
  a.name = std::move(name);
  return a;
}

std::vector<Recipe> all_of_shape(std::size_t count) {
  std::vector<Recipe> list;
  for (const Shape& s : {Shape{}, Shape{n}, Shape{n, p}, Shape{n, p, k}}) {
    list.push_back({std::vector<Shape>(count, s), {}});
  }
  return list;
}

using Table = std::map<std::string_view, std::vector<Recipe>>;

void reductions(Table& table) {
  for (const char* name : {"maximum", "minimum", "prod", "logsumexp", "max_grad", "min_grad", "prod_grad"}) {
    table[name] = {{{{n}}, {}},
                   {{{n, p}}, {}},
                   {{{n, p}}, integers({0})},
                   {{{n, p}}, integers({1})},
                   {{{n, p, k}}, integers({2})},
                   {{{n, p, k}}, integers({0})},
                   {{{n, p, k}}, {}}};
  }
  for (const char* name : {"norm", "direction"})
    table[name] = {{{{n}}, {}}, {{{n, p}}, {}}, {{{n, p, k}}, {}}};
  for (const char* name : {"norm_p", "norm_p_grad"}) table[name] = {{{{n}, {}}, {}}, {{{n, p}, {}}, {}}};
  table["prod_hess"] = {{{{n}}, {}}};
}

void matrices(Table& table) {
  for (const char* name :
       {"inv", "det", "logdet", "adj", "sqrtm", "expm", "logm", "chol", "eigvals", "eigvecs"}) {
    table[name] = {{{{n, n}}, {}}, {{{n, n, k}}, {}}};
  }
  for (const char* name : {"pinv", "svdvals", "svdu", "svdv", "polar", "normnuc", "normop", "normop_grad"}) {
    table[name] = {{{{n, p}}, {}}, {{{p, n}}, {}}, {{{n, n}}, {}}, {{{n, p, k}}, {}}};
  }
  table["dadj"] = {{{{n, n}, {n, n}}, {}}};  // refused for a batch
  for (const char* name : {"lyap", "dexpm", "dlogm"}) {
    table[name] = {{{{n, n}, {n, n}}, {}}, {{{n, n}, {n, n, k}}, {}}};
  }
  table["dpolar"] = {{{{n, p}, {n, p}}, {}}, {{{n, n}, {n, n}}, {}}, {{{n, p}, {n, p, k}}, {}}};
}

void structure(Table& table) {
  for (const char* name : {"tril", "triu"}) table[name] = {{{{n, n}}, {}}, {{{n, p}}, {}}, {{{n, n, k}}, {}}};
  for (const char* name : {"diff", "diffT", "cumsum", "cumsumT"}) {
    table[name] = {{{{n}}, integers({0})}, {{{n, p}}, integers({0})}, {{{n, p}}, integers({1})}};
  }
  table["slice"] = {{{{n}}, integers({0}, {Size(1), n - Size(2)})},
                    {{{n, p}}, integers({1}, {Size(0), Size(2)})}};
  table["concat"] = {{{{n}, {p}}, integers({0})}, {{{n, p}, {n, k}}, integers({1})}};
  table["fuse"] = {{{{n, p}}, integers({0})}, {{{n, p, k}}, integers({1})}};
  table["split"] = {{{{n * p}}, integers({0}, {n, p})}, {{{k, n * p}}, integers({1}, {n, p})}};
  table["unit"] = {{{}, integers({}, {n, Size(2)})}};
}

const Table& table() {
  static const Table all = [] {
    Table t;
    for (const char* name : {"max", "min", "elpow", "less", "less_equal", "equal"}) t[name] = all_of_shape(2);
    t["select"] = all_of_shape(3);
    t["abstract_entrywise"] = {{{{n}}, integers({0}, {}, "rho")}, {{{n, p}}, integers({1}, {}, "rho")}};
    t["abstract_vector"] = {{{{n}}, integers({0}, {}, "g")},
                            {{{n}}, integers({1}, {}, "g")},
                            {{{n}}, integers({0}, {p}, "h")},
                            {{{n, k}}, integers({1}, {p}, "h")}};
    t["pi"] = t["inf"] = {{{}, {}}};
    reductions(t);
    matrices(t);
    structure(t);
    return t;
  }();
  return all;
}

/// The ways to build an application; entrywise functions of one operand need no entry of the table.
std::vector<Recipe> recipes_of(const Record& r) {
  if (const auto at = table().find(r.name); at != table().end()) return at->second;
  if (r.reading.value == Reading::Entrywise) return all_of_shape(1);
  return {};
}

/// A random application with its point.
class Sample {
 public:
  Sample(const Record& record, const Recipe& recipe, unsigned seed) : record_(record), random_(seed) {
    point.sizes = kSizes;
    for (std::size_t o = 0; o < recipe.operands.size(); ++o)
      operands_.push_back(operand(recipe.operands[o], o));
    y = graph.apply(record, operands_, recipe.attributes);
  }

  [[nodiscard]] std::size_t arity() const { return operands_.size(); }
  [[nodiscard]] Expr at(std::size_t o) const { return operands_[o]; }

  Expr direction(const char* name, std::size_t o) {
    const Expr h =
        graph.variable(name, operands_[o].shape(), symmetric(o) ? Facts::symmetric_matrix() : Facts{});
    Array value = array(h.shape());
    for (auto& v : value.data) v = uniform(-1, 1);
    if (symmetric(o)) symmetrise(value);
    point.values[h.get()] = value;
    return h;
  }
  Expr cotangent(const Shape& shape) {
    const Expr u = graph.variable("U", shape);
    Array value = array(shape);
    for (auto& v : value.data) v = uniform(-1, 1);
    point.values[u.get()] = value;
    return u;
  }

  /// Central difference of y along `h` in operand o.
  Array difference(std::size_t o, const Array& h) {
    const double step = 1e-5;
    const Array at = point.values.at(operands_[o].get());
    const auto moved = [&](double t) {
      Point near = point;
      Array& x = near.values.at(operands_[o].get());
      for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] = at.data[i] + t * h.data[i];
      return Evaluator(near)(y);
    };
    Array d = moved(step);
    const Array below = moved(-step);
    for (std::size_t i = 0; i < d.data.size(); ++i) d.data[i] = (d.data[i] - below.data[i]) / (2 * step);
    return d;
  }

  /// Puts the operands where values coincide: zeros, ties, equal eigenvalues, lost rank; as far as the
  /// conditions for being defined let them.
  void coincide(unsigned seed) {
    for (std::size_t o = 0; o < operands_.size(); ++o) {
      Array& x = point.values.at(operands_[o].get());
      if (asks(o, {Condition::SpectraDisjoint, Condition::NoNegativeRealEigenvalue})) continue;
      if (record_.name.starts_with("norm_p") && o == 1) continue;
      const bool definite = asks(o, {Condition::Definite, Condition::Invertible});
      for (std::size_t i = 0; i < x.data.size(); ++i) {
        const double free = seed == 0 ? 0 : seed == 1 ? 1 : std::floor(uniform(-1, 2));
        x.data[i] = inside(o, definite ? 0 : free);
      }
      if (x.shape.size() < 2 || (!definite && seed != 2 && !symmetric(o))) continue;
      for (std::int64_t b = 0; b < batch_count(x); ++b) {
        auto m = matrix_at(x, b);
        if (definite || seed == 2) m.setIdentity();
        if (symmetric(o)) m = (m * m.transpose()).eval();
      }
    }
  }

  /// How far y moves when every operand moves by about `step`, within its domain.
  std::optional<double> jump(double step) {
    try {
      const Array before = Evaluator(point)(y);
      Point near = point;
      for (std::size_t o = 0; o < operands_.size(); ++o) {
        if (record_.name.starts_with("norm_p") && o == 1) continue;
        Array& x = near.values.at(operands_[o].get());
        Array e = x;
        for (auto& v : e.data) v = uniform(-1, 1);
        if (symmetric(o)) {
          for (std::int64_t b = 0; b < batch_count(e); ++b) {
            auto m = matrix_at(e, b);
            m = (m * m.transpose()).eval();
          }
        }
        for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] = inside(o, x.data[i] + step * e.data[i]);
      }
      const Array after = Evaluator(near)(y);
      double gap = 0;
      for (std::size_t i = 0; i < before.data.size(); ++i) {
        if (!std::isfinite(before.data[i]) || !std::isfinite(after.data[i])) return std::nullopt;
        gap = std::max(gap, std::abs(after.data[i] - before.data[i]));
      }
      return gap;
    } catch (const std::exception&) {
      return std::nullopt;  // no value there
    }
  }

  Graph graph;
  Point point;
  Expr y;

 private:
  /// The number of the domain of operand o that is nearest in kind.
  [[nodiscard]] double inside(std::size_t o, double v) const {
    const auto demands = [&](Condition c) {
      return std::any_of(
          record_.defined.value.begin(), record_.defined.value.end(),
          [&](const OperandCondition& d) { return d.operand == static_cast<int>(o) && d.condition == c; });
    };
    if (demands(Condition::Positive)) return std::abs(v) < 0.5 ? v + 1 : std::abs(v);
    if (demands(Condition::NonNegative)) return std::abs(v);
    if (demands(Condition::InUnit)) return std::clamp(v, -1.0, 1.0);
    if (demands(Condition::AboveMinusOne)) return v < -0.5 ? v + 1 : v;
    return v;
  }

  [[nodiscard]] bool asks(std::size_t o, std::initializer_list<Condition> any) const {
    for (const auto* list : {&record_.defined.value, &record_.differentiable.value}) {
      for (const auto& c : *list) {
        if (c.operand == static_cast<int>(o) && std::find(any.begin(), any.end(), c.condition) != any.end())
          return true;
      }
    }
    return false;
  }
  [[nodiscard]] bool symmetric(std::size_t o) const {
    using enum Condition;
    return asks(o, {Semidefinite, Definite, SimpleSpectrum, SpectraDisjoint});
  }

  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }

  static Array array(const Shape& shape) {
    std::vector<std::int64_t> sizes;
    for (const auto& s : shape) sizes.push_back(s.evaluate(kSizes).value());
    return Array(sizes);
  }

  static void symmetrise(Array& a) {
    for (std::int64_t b = 0; b < batch_count(a); ++b) {
      auto m = matrix_at(a, b);
      m = ((m + m.transpose()) / 2).eval();
    }
  }

  Expr operand(const Shape& shape, std::size_t o) {
    using enum Condition;
    Array value = array(shape);
    const bool near_identity = asks(o, {NoNegativeRealEigenvalue});
    for (auto& v : value.data) {
      if (asks(o, {Positive, NonNegative})) {
        v = uniform(0.3, 1.6);
      } else if (asks(o, {InUnit, InsideUnit, AboveMinusOne, CosNonZero})) {
        v = uniform(0.1, 0.8) * (uniform(-1, 1) < 0 ? -1 : 1);
      } else if (near_identity) {
        v = uniform(-0.2, 0.2);
      } else {
        v = uniform(0.3, 1.6) * (uniform(-1, 1) < 0 ? -1 : 1);
      }
    }
    if (record_.name.starts_with("norm_p") && o == 1) value.data[0] = 3.5;  // an exponent
    if (near_identity || symmetric(o)) {
      for (std::int64_t b = 0; b < batch_count(value); ++b) {
        auto m = matrix_at(value, b);
        if (symmetric(o)) m = (m * m.transpose()).eval();
        m.diagonal().array() += symmetric(o) ? 0.5 : 1.0;
      }
    }
    const Expr x =
        graph.variable("x" + std::to_string(o), shape, symmetric(o) ? Facts::definite_matrix() : Facts{});
    point.values[x.get()] = value;
    return x;
  }

  const Record& record_;
  std::mt19937 random_;
  std::vector<Expr> operands_;
};

double largest(const Array& a) {
  double m = 0;
  for (const double v : a.data) m = std::max(m, std::abs(v));
  return m;
}

double distance(const Array& a, const Array& b) {
  if (a.shape != b.shape) return INFINITY;
  double m = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) m = std::max(m, std::abs(a.data[i] - b.data[i]));
  return m;
}

double inner(const Array& a, const Array& b) {
  double s = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) s += a.data[i] * b.data[i];
  return s;
}

// Two directions at once are each of them.
void further_axes_stay(Sample& s, std::size_t o, Expr one, Expr other, const Array& moves) {
  Graph& g = s.graph;
  const auto both = [&g](Expr a, Expr b) {
    const auto put = [&g](Expr e, const Size& i) {
      const Axes x = g.axes(e);
      Axes out = x;
      out.push_back(g.axis(Size(2)));
      Attributes which = integers({}, {Size(2), i});
      const auto at =
          std::find_if(records().begin(), records().end(), [](const Record* r) { return r->name == "unit"; });
      return g.product(1, {{e, x}, {g.apply(**at, {}, which), {out.back()}}}, out);
    };
    return put(a, Size(1)) + put(b, Size(2));
  };
  const Expr pair = linearise(*s.y, static_cast<int>(o), both(one, other));
  Array value = Evaluator(s.point)(pair);
  ASSERT_EQ(value.data.size(), 2 * moves.data.size());
  value.data.resize(moves.data.size());  // the further axis is last, so the first direction comes first
  value.shape.pop_back();
  EXPECT_LE(distance(value, moves), 1e-10 * (1 + largest(moves)));
}

// The third derivative of the nuclear norm, which is refused.
bool is_refused(const Record& record, std::size_t o) { return record.name == "dpolar" && o == 0; }

void check_operand(const Record& record, Sample& s, std::size_t o) {
  const Node& y = *s.y;
  const auto operand = static_cast<int>(o);
  const Expr h = s.direction("H", o);
  if (is_refused(record, o)) {
    EXPECT_THROW(linearise(y, operand, h), std::runtime_error);
    return;
  }
  const Expr moves = linearise(y, operand, h);
  ASSERT_EQ(moves.shape(), s.y.shape());
  if (record.lowering.value.by == Lowering::By::None) return;  // abstract
  const Array exact = Evaluator(s.point)(moves);
  const Array h_value = s.point.values.at(h.get());
  const Array difference = s.difference(o, h_value);
  EXPECT_LE(distance(exact, difference),
            2e-7 * (1 + largest(exact)) + 1e-7 * largest(Evaluator(s.point)(s.y)));
  further_axes_stay(s, o, h, s.direction("G", o), exact);
  if (record.partial.value != nullptr) {
    const Expr partial = record.partial(y, operand);
    Array ones = h_value;
    std::fill(ones.data.begin(), ones.data.end(), 1.0);
    const Array slope = s.difference(o, ones);
    if (!partial) {
      EXPECT_LE(largest(slope), 1e-7);
    } else {
      const Array value = Evaluator(s.point)(partial);
      EXPECT_LE(distance(value, slope), 2e-7 * (1 + largest(slope)));
    }
  }
  if (record.linear_in(operand)) {
    ASSERT_NE(record.transpose.value, nullptr);
    const Expr u = s.cotangent(s.y.shape());
    const Expr back = record.transpose(y, operand, u);
    ASSERT_EQ(back.shape(), s.at(o).shape());
    const double left = inner(exact, s.point.values.at(u.get()));
    const Array pulled = Evaluator(s.point)(back);
    const double right = inner(h_value, pulled);
    EXPECT_LE(std::abs(left - right), 1e-10 * (1 + largest(exact) + largest(pulled)));
    // Affine in the operand: no second order.
    Point moved = s.point;
    Array& x = moved.values.at(s.at(o).get());
    for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] += h_value.data[i];
    Array step = Evaluator(moved)(s.y);
    const Array before = Evaluator(s.point)(s.y);
    for (std::size_t i = 0; i < step.data.size(); ++i) step.data[i] -= before.data[i];
    EXPECT_LE(distance(step, exact), 1e-10 * (1 + largest(exact) + largest(before)));
  }
}

// What is said of continuity, where values coincide: there the value follows a small move, or somewhere does
// not.
void check_continuity(const Record& record, const std::vector<Recipe>& recipes) {
  if (record.lowering.value.by == Lowering::By::None) return;  // abstract
  bool seen = recipes[0].operands.empty();
  double widest = 0;
  for (const auto& recipe : recipes) {
    for (unsigned seed = 0; seed < 10; ++seed) {
      Sample s(record, recipe, seed);
      s.coincide(seed);
      const auto gap = s.jump(1e-12);
      if (!gap) continue;
      seen = true;
      widest = std::max(widest, *gap);
    }
  }
  EXPECT_TRUE(seen) << record.name << " has no value at any point that was tried";
  EXPECT_TRUE(record.continuity != kContinuous || widest <= 1e-4) << record.name << " jumps";
  EXPECT_TRUE(record.continuity != kJumps || widest >= 1e-2) << record.name << " was not seen to jump";
}

// The sides of a switch where its gap has their sign; values within their bounds and their hull.
void check_values(const Record& record, const std::vector<Recipe>& recipes) {
  if (record.lowering.value.by == Lowering::By::None) return;
  const ScalarBounds& b = record.bounds;
  for (const auto& recipe : recipes) {
    for (unsigned seed = 0; seed < 6; ++seed) {
      Sample s(record, recipe, seed);
      if (seed % 2 == 0) s.coincide(seed);
      Array y;
      try {
        y = Evaluator(s.point)(s.y);
      } catch (const std::exception&) {
        continue;
      }
      for (const double v : y.data) {
        EXPECT_TRUE(!b.lower || v >= *b.lower - 1e-12) << record.name;
        EXPECT_TRUE(!b.upper || v <= *b.upper + 1e-12) << record.name;
      }
      if (record.hull != Hull::Unknown) {
        double low = INFINITY, high = -INFINITY, lowest = INFINITY;
        for (std::size_t o = 0; o < s.arity(); ++o) {
          for (const double v : s.point.values.at(s.at(o).get()).data) {
            low = std::min(low, v);
            high = std::max(high, v);
          }
        }
        for (const double v : y.data) lowest = std::min(lowest, v);
        EXPECT_GE(lowest, low - 1e-12) << record.name;
        EXPECT_TRUE(record.hull != Hull::Among ||
                    largest(y) <= std::max(std::abs(low), std::abs(high)) + 1e-12);
      }
      if (record.sides.value == nullptr) continue;
      const auto& conditions = record.differentiable.value;
      const bool compares = std::any_of(conditions.begin(), conditions.end(), [](const OperandCondition& c) {
        return c.condition == Condition::Differ;
      });
      const Array a = s.point.values.at(s.at(0).get());
      for (const int sign : {-1, 0, 1}) {
        const Array side = Evaluator(s.point)(record.sides.value(*s.y, sign));
        for (std::size_t i = 0; i < y.data.size(); ++i) {
          const double gap = a.data[i] - (compares ? s.point.values.at(s.at(1).get()).data[i] : 0);
          const int side_of_gap = gap > 0 ? 1 : gap < 0 ? -1 : 0;
          const double there = side.data.size() == 1 ? side.data[0] : side.data[i];
          EXPECT_TRUE(side_of_gap != sign || there == y.data[i]) << record.name;
        }
      }
    }
  }
}

class Records : public testing::TestWithParam<const Record*> {};

TEST_P(Records, DoWhatTheySay) {
  const Record& record = *GetParam();
  const auto recipes = recipes_of(record);
  ASSERT_FALSE(recipes.empty()) << record.name << ": say in this file how an application is built";
  check_continuity(record, recipes);
  check_values(record, recipes);
  for (std::size_t r = 0; r < recipes.size(); ++r) {
    for (unsigned seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(std::string(record.name) + ", recipe " + std::to_string(r) + ", seed " +
                   std::to_string(seed));
      Sample s(record, recipes[r], seed);
      ASSERT_EQ(s.y->op, static_cast<const Operation*>(&record)) << "the application has another normal form";
      for (const auto* list : {&record.defined.value, &record.differentiable.value}) {
        for (const auto& c : *list) {
          EXPECT_GE(c.operand, 0);
          EXPECT_LT(c.operand, static_cast<int>(s.arity()));
        }
      }
      if (record.lowering.value.by != Lowering::By::None) {
        const Array value = Evaluator(s.point)(s.y);
        EXPECT_EQ(value.rank(), s.y.rank());
        // Routines against definitions in many digits, where there is one.
        const Array defined = Evaluator(s.point, {.precise = true})(s.y);
        EXPECT_LE(distance(value, defined), 1e-13 * (1 + largest(defined)));
      }
      for (std::size_t o = 0; o < s.arity(); ++o) check_operand(record, s, o);
      if (HasFatalFailure()) return;
    }
  }
}

// A value of the operand at which the condition fails; of two operands, `other` is the second.
Array violating(Condition condition, const Array& like, const Array* other) {
  using enum Condition;
  Array value = like;
  const auto all = [&value](double v) { std::fill(value.data.begin(), value.data.end(), v); };
  const auto multiple_of_identity = [&](double v) {
    all(0);
    for (std::int64_t b = 0; b < batch_count(value); ++b) matrix_at(value, b).diagonal().array() = v;
  };
  switch (condition) {
    case NonNegative:
    case AboveMinusOne:
      all(-1);
      break;
    case InUnit:
      all(2);
      break;
    case InsideUnit:
      all(1);
      break;
    case CosNonZero:
      all(std::acos(0.0));
      break;
    case Semidefinite:
    case NoNegativeRealEigenvalue:
      multiple_of_identity(-1);
      break;
    case SimpleSpectrum:
    case DistinctSingular:
    case SimpleTop:
      multiple_of_identity(1);
      break;
    case Differ:
      value = *other;
      break;
    case Positive:
    case NonZero:
    case NotAllZero:
    case Invertible:
    case FullRank:
    case FullColumnRank:
    case FullRowRank:
    case ConstantRank:
    case Definite:
    case UniqueMaximum:
    case UniqueMinimum:
    case SpectraDisjoint:
    case NormSmooth:
    case NormTwiceSmooth:
    case Unknown:
      all(0);
      break;
  }
  return value;
}

bool is_refused_or_said(const Sample& s, Expr operand, bool defined) {
  try {
    Evaluator e(s.point);
    if (!defined) return !kinks(s.y, std::span(&operand, 1), s.point).empty();
    const Array& value = e(s.y);
    if (!std::all_of(value.data.begin(), value.data.end(), [](double v) { return std::isfinite(v); }))
      return true;
    const Written written{s.y, Expr(), true};
    return undefined_part(s.y.graph().number(1), std::span(&written, 1), e).has_value();
  } catch (const std::runtime_error&) {
    return true;
  }
}

// No condition is taken to hold: where one fails, evaluation refuses, has no number, or warns.
TEST_P(Records, ConditionsAreLookedAt) {
  const Record& record = *GetParam();
  if (record.lowering.value.by == Lowering::By::None) return;
  for (const Recipe& recipe : recipes_of(record)) {
    for (const bool defined : {true, false}) {
      for (const auto& c : defined ? record.defined.value : record.differentiable.value) {
        Sample s(record, recipe, 1);
        const auto o = static_cast<std::size_t>(c.operand);
        const Array* other = s.arity() > 1 ? &s.point.values.at(s.at(1).get()) : nullptr;
        Array& value = s.point.values.at(s.at(o).get());
        value = violating(c.condition, value, other);
        EXPECT_TRUE(is_refused_or_said(s, s.at(o), defined))
            << record.name << ", " << (defined ? "defined" : "differentiable") << ", condition "
            << static_cast<int>(c.condition) << " on operand " << c.operand << ", rank " << s.at(o).rank();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, Records, testing::ValuesIn(records().begin(), records().end()),
                         [](const auto& record) { return std::string(record.param->name); });

TEST(Registry, NamesAreDifferent) {
  std::set<std::string_view> names;
  for (const Record* r : records()) EXPECT_TRUE(names.insert(r->name).second) << r->name;
  for (const auto& entry : table())
    EXPECT_TRUE(names.contains(entry.first)) << entry.first << " is no record";
}

}  // namespace
}  // namespace adjoint

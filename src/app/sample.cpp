#include "app/sample.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <unordered_map>

#include "calculus/differentiate.hpp"
#include "ops/abstract.hpp"
#include "ops/elementwise.hpp"
#include "ops/record.hpp"
#include "ops/structure.hpp"

namespace adjoint::app {

using notation::Structure;
using notation::Symbol;

SizeValues sample_sizes(const Question& question, int variant) {
  std::set<std::string> names;
  std::vector<Size> all;
  const auto add = [&](const Size& s) {
    all.push_back(s);
    for (const auto& n : s.names()) {
      if (!n.starts_with("min(")) names.insert(n);
    }
  };
  for (const auto& s : question.formula.symbols) {
    for (const auto* t : {&s.type, &s.from, &s.to}) {
      add(t->rows);
      add(t->columns);
      for (const auto& h : t->higher) add(h);
    }
  }
  for (const auto& e : topological(std::span(&question.formula.value, 1))) {
    for (const auto& s : e->shape) add(s);
    add(e->extent);
  }
  SizeValues values;
  // Odd variants the other way round: some functions want tall matrices, some wide ones.
  int next = 3 + variant + (variant % 2 == 0 ? 0 : static_cast<int>(names.size()) - 1);
  for (const auto& n : names) values[n] = variant % 2 == 0 ? next++ : next--;
  for (int tries = 0; tries < 20; ++tries) {  // every size must be positive
    bool good = true;
    for (const auto& s : all) good = good && s.evaluate(values).value_or(1) >= (s.is_zero() ? 0 : 1);
    if (good) break;
    for (auto& [n, v] : values) ++v;
  }
  return values;
}

Array sample_value(const Symbol& symbol, const SizeValues& sizes, std::mt19937& random, int style) {
  std::vector<std::int64_t> shape;
  for (const auto& s : notation::graph_shape(symbol.type)) shape.push_back(s.evaluate(sizes).value_or(3));
  Array a(shape);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0.15, 0.9);
  const auto& b = symbol.bounds;
  for (auto& v : a.data) {
    v = style == 0 ? normal(random) : style == 1 ? uniform(random) : 1 + uniform(random);
    if (b.lower && b.upper) {
      v = *b.lower + (*b.upper - *b.lower) * uniform(random);
    } else if (b.lower) {
      v = *b.lower + std::abs(v) + 0.2;
    } else if (b.upper) {
      v = *b.upper - std::abs(v) - 0.2;
    }
  }
  if (symbol.structure != Structure::None && a.rank() == 0) {  // of one entry
    double& v = a.data[0];
    if (symbol.structure == Structure::Orthogonal) v = v < 0 ? -1 : 1;
    if (symbol.structure == Structure::Semidefinite || symbol.structure == Structure::Definite)
      v = std::abs(v) + 0.2;
  }
  if (symbol.structure == Structure::None || a.rank() != 2) return a;
  const Matrix m = matrix_at(a, 0);
  auto out = matrix_at(a, 0);
  const Eigen::Index n = m.rows();
  switch (symbol.structure) {
    case Structure::Symmetric:
      out = (m + m.transpose()) / 2;
      break;
    case Structure::Semidefinite:
    case Structure::Definite:
      out = m * m.transpose() / static_cast<double>(n) + 0.5 * Matrix::Identity(n, n);
      break;
    case Structure::Diagonal:
      out = Matrix(m.diagonal().asDiagonal());
      break;
    case Structure::Lower:
      out = Matrix(m.triangularView<Eigen::Lower>());
      break;
    case Structure::Orthogonal:
      out = Matrix(Eigen::HouseholderQR<Matrix>(m).householderQ());
      break;
    case Structure::None:
      break;
  }
  return a;
}

Point sample_point(const Question& question, const SizeValues& sizes, std::mt19937& random, int style) {
  Point p;
  p.sizes = sizes;
  for (const auto& s : question.formula.symbols) {
    if (s.kind == Symbol::Kind::Variable) {
      p.values[notation::variable(*question.graph, s).get()] = sample_value(s, sizes, random, style);
    }
  }
  return p;
}

namespace {

// A phase of its own for each name, so that two abstract functions differ.
Rational phase(const std::string& name) {
  int sum = 0;
  for (const char c : name) sum += static_cast<unsigned char>(c);
  return {1 + sum % 7, 5};
}

// The k-th derivative of a function of a number, entry by entry in x.
Expr at_entries(const std::function<Expr(Expr)>& function, int order, Expr x) {
  Graph& g = x.graph();
  const Expr t = g.variable("abstract argument", {}, {}, Role::Placeholder);
  Expr y = function(t);
  for (int k = 0; k < order; ++k) {
    const Movement m{t, g.number(1)};
    y = pushforward(y, std::span(&m, 1));
  }
  // The same expression with t replaced, scalars broadcast.
  std::unordered_map<const Node*, Expr> done{{t.get(), x}};
  for (const auto& e : topological(std::span(&y, 1))) {
    if (done.contains(e.get())) continue;
    if (!depends_on(e, t)) {
      done.emplace(e.get(), e);
      continue;
    }
    Expr made;
    if (e->kind == Kind::Sum) {
      made = g.zeros(x.shape());
      for (const auto& s : e->terms) made = made + s.coefficient * done.at(s.expr.get());
    } else if (e->kind == Kind::Product) {
      made = g.number(e->coefficient);
      for (const auto& f : e->factors) made = times(made, done.at(f.expr.get()));
    } else if (e->kind == Kind::Power) {
      made = g.power(done.at(e->operands[0].get()), e->operands[1]);
    } else {
      made = g.apply(*e->op, {done.at(e->operands[0].get())}, e->attributes);
    }
    done.emplace(e.get(), made);
  }
  const Expr made = done.at(y.get());
  return made.rank() == x.rank() ? made : broadcast(made, x.shape());
}

Expr entrywise_value(const AbstractUse& use, Expr x) {
  const Rational shift = phase(use.name);
  return at_entries([&](Expr t) { return sin(t + t.graph().number(shift)) + Rational(1, 4) * square(t); },
                    use.order, x);
}

// g(v) = sin(w'v) + sum(v.^3)/3 and h(v) = tanh(r*(w'v)) + c*sum(w.*v.^2), of every vector of a batch: axes
// of the value, one for each order, then the batch.
Expr vector_value(const AbstractUse& use, Expr x) {
  Graph& g = x.graph();
  const Axes argument = g.axes(x);
  const Axes batch(argument.begin() + 1, argument.end());
  const Size n = argument[0].size;
  const auto ramp = [&g](const Size& size, const Rational& by) { return by * cumsum(g.ones({size})); };
  const Expr w = cos(ramp(n, phase(use.name)));
  const Expr inner = g.product(1, {{w, {argument[0]}}, {x, argument}}, batch);
  Axes orders;
  for (int k = 0; k < use.order; ++k) orders.push_back(g.axis(n));
  std::vector<Indexed> slopes;  // w in every order
  for (const auto& a : orders) slopes.push_back({w, {a}});
  const auto joined = [](Axes a, const Axes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  // The k-th derivative of sum(v.^degree.*weight), on the diagonal of all orders.
  const auto power_sum = [&](int degree, const Rational& number, std::vector<Indexed> factors, Axes value) {
    Rational c = number;
    for (int k = 0; k < use.order; ++k) c = c * Rational(std::max(0, degree - k));
    const Axis& entry = argument[0];
    const int left = std::max(0, degree - use.order);
    if (left > 0) factors.push_back({power(x, Rational(left)), argument});
    Axes out = std::move(value);
    for (int k = 0; k < use.order; ++k) out.push_back(entry);
    return g.product(c, factors, joined(out, batch));
  };
  if (!use.value_size) {
    slopes.push_back({at_entries([](Expr t) { return sin(t); }, use.order, inner), batch});
    return g.product(1, slopes, joined(orders, batch)) + power_sum(3, Rational(1, 3), {}, {});
  }
  const Axis value = g.axis(*use.value_size);
  const Expr rows = sin(ramp(*use.value_size, Rational(2, 3)) + broadcast(g.number(1), {*use.value_size}));
  const Axes both = joined({value}, batch);
  const Expr along = g.product(1, {{rows, {value}}, {inner, batch}}, both);
  slopes.push_back({at_entries([](Expr t) { return tanh(t); }, use.order, along), both});
  slopes.push_back({power(rows, Rational(use.order)), {value}});
  const Expr shift = cos(ramp(*use.value_size, phase(use.name)));
  return g.product(1, slopes, joined(joined({value}, orders), batch)) +
         power_sum(2, 1, {{shift, {value}}, {w, {argument[0]}}}, {value});
}

}  // namespace

Expr concrete(Expr expr) {
  std::unordered_map<const Node*, Expr> done;
  for (const auto& e : topological(std::span(&expr, 1))) {
    std::vector<Expr> operands;
    for (const auto& o : e->operands) operands.push_back(done.at(o.get()));
    Expr made = rebuild(e, operands);
    if (const auto use = e->kind == Kind::Apply ? abstract_use(*e) : std::nullopt) {
      made = use->entrywise ? entrywise_value(*use, operands[0]) : vector_value(*use, operands[0]);
    }
    done.emplace(e.get(), made);
  }
  return done.at(expr.get());
}

}  // namespace adjoint::app

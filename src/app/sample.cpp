#include "app/sample.hpp"

#include <cmath>
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

Expr entrywise_value(const AbstractUse& use, Expr x) {
  Graph& g = x.graph();
  const Expr t = g.variable("abstract argument", {}, {}, Role::Placeholder);
  Expr y = sin(t + g.number(phase(use.name))) + Rational(1, 4) * square(t);
  for (int k = 0; k < use.order; ++k) {
    const Movement m{t, g.number(1)};
    y = pushforward(y, std::span(&m, 1));
  }
  // Entrywise in x: the same expression with t replaced, scalars broadcast.
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

// g(v) = sin(w'v) + sum(v.^3)/3; h(v) = tanh(M v) with M of rank one plus a shift by cumulative sums.
Expr vector_value(const AbstractUse& use, Expr x) {
  Graph& g = x.graph();
  const Size n = x.shape()[0];
  const Expr v = g.variable("abstract vector", {n}, {}, Role::Placeholder);
  const auto ramp = [&g](const Size& size, const Rational& by) { return by * cumsum(g.ones({size})); };
  Expr y;
  const Expr w = cos(ramp(n, phase(use.name)));
  if (use.value_size) {
    const Expr rows = sin(ramp(*use.value_size, Rational(2, 3)) + broadcast(g.number(1), {*use.value_size}));
    y = tanh(dot(outer(rows, w), v)) + times(dot(w, square(v)), cos(ramp(*use.value_size, phase(use.name))));
  } else {
    y = sin(dot(w, v)) + Rational(1, 3) * sum_all(power(v, Rational(3)));
  }
  for (int k = 0; k < use.order; ++k) y = jacobian(y, v);
  if (x.rank() == 1) {
    const std::pair<Expr, Expr> r{v, x};
    return substitute(y, std::span(&r, 1));
  }
  throw CalculusError("checking an abstract function of a batch is not supported");
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

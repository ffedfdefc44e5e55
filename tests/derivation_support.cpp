#include "derivation_support.hpp"

#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "calculus/differentiate.hpp"
#include "eval/evaluate.hpp"
#include "notation/notation.hpp"
#include "ops/abstract.hpp"
#include "ops/elementwise.hpp"
#include "print/text.hpp"
#include "syntax/build.hpp"
#include "syntax/tree.hpp"

namespace adjoint::test {

using derivation::Accuracy;
using syntax::Ast;
using syntax::Type;

namespace {

double distance(const Array& a, const Array& b) {
  if (a.data.size() != b.data.size()) return INFINITY;
  double worst = 0;
  for (std::size_t k = 0; k < a.data.size(); ++k) {
    const double d = std::abs(a.data[k] - b.data[k]);
    worst = std::isnan(d) ? INFINITY : std::max(worst, d);
  }
  return worst;
}
double magnitude(const Array& a) {
  double worst = 1;
  for (const double v : a.data) worst = std::max(worst, std::abs(v));
  return worst;
}

/// The numbers behind one derivation.
class Numbers {
 public:
  Numbers(Graph& graph, bool wide) : g(graph), random_(7), wide_(wide) {}

  /// Abstract functions get bodies: rho(u) = sin(u) + u^2/2, g(u) = sum(rho(u)), h(u) = W*rho(u).
  Expr concrete(Expr e) {
    std::vector<std::pair<Expr, Expr>> bodies;
    for (const auto& n : topological(std::span(&e, 1))) {
      const auto use = n->kind == adjoint::Kind::Apply ? abstract_use(*n) : std::nullopt;
      if (!use) continue;
      const Expr u = bodies.empty() ? n->operands[0] : substitute(n->operands[0], bodies);
      bodies.emplace_back(n, body(*use, u));
    }
    return bodies.empty() ? e : substitute(e, bodies);
  }

  Array at(Expr e, double scale) {
    const Expr c = concrete(e);
    Point point;
    for (const auto& n : topological(std::span(&c, 1))) {
      for (const auto& s : n->shape) note(s);
      for (const auto& s : n->attributes.sizes) note(s);
      for (const auto& s : n->label_sizes) note(s);
      if (n->kind == adjoint::Kind::Extent) note(n->extent);
    }
    point.sizes = sizes_;
    for (const auto& n : topological(std::span(&c, 1))) {
      if (n->kind != adjoint::Kind::Variable) continue;
      Array value = value_of(n);
      if (n->role == Role::Direction) {
        for (auto& v : value.data) v *= scale;
      }
      point.values[n.get()] = std::move(value);
    }
    return Evaluator(point)(c);
  }

  void note(const Size& s) {
    static const std::map<std::string, std::int64_t> kUsual{{"n", 3}, {"m", 4}, {"p", 2}, {"q", 3}, {"d", 3}};
    for (const auto& name : s.names()) {
      const auto usual = kUsual.find(name);
      std::int64_t v = usual == kUsual.end() ? 2 : usual->second;
      if (wide_ && name == "p") v = 4;
      sizes_.emplace(name, v);
    }
  }

 private:
  Expr body(const AbstractUse& use, Expr u) {
    const auto rho = [&](int order) {
      switch (order) {
        case 0:
          return sin(u) + Rational(1, 2) * square(u);
        case 1:
          return cos(u) + u;
        case 2:
          return g.ones(u.shape()) - sin(u);
        default:
          return -cos(u);
      }
    };
    if (use.entrywise) return rho(use.order);
    if (!use.value_size)
      return use.order == 0 ? sum_all(rho(0)) : use.order == 1 ? rho(1) : diagonal_matrix(rho(2));
    const Expr w = g.variable("W", {*use.value_size, u.shape()[0]});
    return use.order == 0 ? dot(w, rho(0)) : dot(w, diagonal_matrix(rho(1)));
  }

  Array value_of(Expr variable) {
    if (const auto hit = values_.find(variable.get()); hit != values_.end()) return hit->second;
    std::vector<std::int64_t> shape;
    for (const auto& s : variable.shape()) shape.push_back(*s.evaluate(sizes_));
    Array a(shape);
    std::uniform_real_distribution<double> entry(0.2, 0.95);
    for (auto& v : a.data) v = entry(random_);
    const Facts& f = variable->facts;
    if (a.rank() == 2 && a.shape[0] == a.shape[1]) {
      MatrixMap m = matrix_at(a, 0);
      if (f.symmetric == Truth::Yes) m = (m + m.transpose()).eval() / 2;
      if (f.semidefinite == Truth::Yes || f.definite == Truth::Yes) {
        m = (m * m.transpose()).eval() + Matrix::Identity(m.rows(), m.cols());
      }
      if (f.diagonal == Truth::Yes) m = m.diagonal().asDiagonal().toDenseMatrix().eval();
      if (f.lower == Truth::Yes) m = m.triangularView<Eigen::Lower>().toDenseMatrix().eval();
    }
    if (variable->name() == "p" && a.rank() == 0) a.data[0] += 1.5;
    values_[variable.get()] = a;
    return a;
  }

  Graph& g;
  std::mt19937 random_;
  bool wide_;
  SizeValues sizes_;
  std::map<const Node*, Array> values_;
};

std::string declaration(const std::string& name, const Type& t) {
  return name + " in " + notation::domain_text(t);
}

/// Right sides as text of the notation: without remainders, d(u) under names of their own.
class Reader {
 public:
  Reader(notation::Session session, Graph& graph, const derivation::Question& question,
         const derivation::Derivation& d, Expr dx)
      : session_(std::move(session)), g(graph), q(question), d_(d), dx_(dx) {}

  /// Null where the tree is a formula in names that have no value (df/du*du/dx).
  Expr read(const Ast& tree, std::string& error) {
    replacements_.clear();
    const Ast plain = stripped(tree);
    if (!error_.empty()) {
      error = error_;
      return {};
    }
    const Expr e = expression(plain, error);
    if (!e) return {};
    return replacements_.empty() ? e : substitute(e, replacements_);
  }

 private:
  Ast stripped(const Ast& tree) {
    using syntax::Kind;
    if (tree->kind == Kind::Binary && tree->args[1]->kind == Kind::Call &&
        (tree->args[1]->text == "O" || tree->args[1]->text == "o")) {
      return stripped(tree->args[0]);
    }
    if (tree->kind == Kind::Call && tree->text == "d") {
      std::string error;
      const Expr u = expression(tree->args[0], error);
      if (!u) {
        error_ = error;
        return tree;
      }
      const std::string name = "tangent" + std::to_string(++count_);
      session_.declare(declaration(name, tree->args[0]->type));
      const Movement m{q.variable, dx_};
      own_.emplace_back(name, pushforward(u, std::span(&m, 1)));
      return syntax::name(name);
    }
    auto node = std::make_shared<syntax::Node>(*tree);
    for (Ast& a : node->args) a = stripped(a);
    return node;
  }

  Expr expression(const Ast& tree, std::string& error) {
    notation::Session session = session_;
    const auto known = [&](const Expr& v, const Type& t) { session.declare(declaration(v->name(), t)); };
    const auto natural = [](Expr e) {
      Type t;
      if (e.rank() > 0) t.rows = e.shape()[0];
      if (e.rank() > 1) t.columns = e.shape()[1];
      return t;
    };
    known(dx_, q.variable_type);
    if (d_.direction && !(d_.direction == dx_)) known(d_.direction, q.variable_type);
    for (const auto& [v, u] : d_.quantities) {
      known(v, natural(v));
      session.declare(declaration("d" + v->name(), natural(v)));
    }
    for (const auto& [v, value] : other_) known(v, value);
    const auto f = session.expression(g, print::text(tree));
    if (!f) {
      error = session.errors_text();
      return {};
    }
    std::vector<std::pair<Expr, Expr>> put;
    for (const auto& n : topological(std::span(&f->value, 1))) {
      if (n->kind != adjoint::Kind::Variable) continue;
      if (const Expr value = value_of(n)) put.emplace_back(n, value);
    }
    return put.empty() ? f->value : substitute(f->value, put);
  }

  Expr value_of(Expr n) {
    const std::string& name = n->name();
    if (name == dx_->name()) return dx_;
    if (d_.direction && name == d_.direction->name()) return d_.direction;
    for (const auto& [own, value] : own_) {
      if (own == name) return value;
    }
    for (const auto& [v, u] : d_.quantities) {
      if (v->name() == name && !(u == v)) return settled(u);
      const Movement m{q.variable, dx_};
      if ("d" + v->name() == name) return pushforward(u, std::span(&m, 1));
    }
    for (const auto& [v, t] : other_) {
      if (v->name() == name) return v;
    }
    return {};
  }
  Expr settled(Expr u) { return u; }

 public:
  /// The cotangent of adjoints, found among the variables of a line.
  void also(Expr variable, const Type& t) {
    for (const auto& [v, known] : other_) {
      if (v == variable) return;
    }
    other_.emplace_back(variable, t);
  }

 private:
  notation::Session session_;
  Graph& g;
  const derivation::Question& q;
  const derivation::Derivation& d_;
  Expr dx_;
  std::vector<std::pair<std::string, Expr>> own_;
  std::vector<std::pair<Expr, Type>> other_;
  std::vector<std::pair<Expr, Expr>> replacements_;
  std::string error_;
  int count_ = 0;
};

Expr derivative(const derivation::Question& q, const derivation::Derivation& d) {
  switch (d.kind) {
    case derivation::Kind::Gradient:
      return project_on_structure(gradient(q.function, q.variable), q.variable);
    case derivation::Kind::Jacobian:
      return jacobian(q.function, q.variable);
    case derivation::Kind::Derivative:
    case derivation::Kind::Map:
      break;
  }
  const Movement m{q.variable, d.direction ? d.direction : q.function.graph().number(1)};
  return pushforward(q.function, std::span(&m, 1));
}

Expr direction_in(const derivation::Derivation& d) {
  for (const auto& line : d.lines) {
    if (!line.right) continue;
    for (const auto& n : topological(std::span(&line.right, 1))) {
      if (n->kind == adjoint::Kind::Variable && n->role == Role::Direction) return n;
    }
  }
  return {};
}

}  // namespace

std::vector<Row> identity_rows() {
  std::vector<Row> rows;
  std::ifstream in(ADJOINT_SOURCE_DIR "/tests/data/identities.tsv");
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> cells;
    std::istringstream cut(line);
    for (std::string cell; std::getline(cut, cell, '\t');) cells.push_back(cell);
    rows.push_back({cells[0], cells[2], cells[3], cells[4]});
  }
  return rows;
}

Report check_derivation(const Row& row, derivation::Style style) {
  Report report;
  const auto fail = [&report](const std::string& what) { report.errors.push_back(what); };
  notation::Session session;
  if (!session.declare(row.given)) {
    fail(session.errors_text());
    return report;
  }
  Graph g;
  const auto f = session.expression(g, row.expr);
  if (!f) {
    fail(session.errors_text());
    return report;
  }
  session.adopt(*f);
  const auto* symbol = f->symbol(row.wrt);
  derivation::Question q;
  q.function = f->value;
  q.type = f->type;
  q.source = f->parsed;
  if (symbol != nullptr) {
    q.variable = notation::variable(g, *symbol);
    q.variable_type = symbol->type;
  } else {  // it does not occur
    q.variable = g.variable(row.wrt, {});
  }
  q.options.declared = [&f](std::string_view name) -> const Type* {
    const auto* s = f->symbol(name);
    return s != nullptr && s->kind == notation::Symbol::Kind::Variable ? &s->type : nullptr;
  };
  derivation::Derivation d;
  try {
    d = derivation::derive(q, style);
  } catch (const std::exception& e) {
    fail(std::string("no derivation: ") + e.what());
    return report;
  }
  report.text = derivation::text(d);
  Expr dx = direction_in(d);
  if (!dx) dx = direction_for(q.variable, "dx");
  Reader reader(session, g, q, d, dx);
  for (const bool wide : {false, true}) {
    Numbers numbers(g, wide);
    std::vector<std::string> errors;
    try {  // the derivative of the function as it was typed
      const double off = distance(numbers.at(d.result, 1), numbers.at(derivative(q, d), 1));
      if (!(off < 1e-8)) errors.push_back("the result is off by " + std::to_string(off));
    } catch (const std::exception& e) {
      errors.push_back(std::string("the result: ") + e.what());
    }
    report.lines = report.read_back = 0;
    for (const auto& line : d.lines) {
      if (!line.left || !line.right) continue;
      const std::string shown = print::text(line.rhs);
      try {
        for (const auto& n : topological(std::span(&line.right, 1))) {
          if (n->kind != adjoint::Kind::Variable || n->role != Role::Direction) continue;
          if (!(n == dx) && !(n == d.direction)) reader.also(n, f->type);
        }
        const double first = 3e-3;
        const double second = 1e-4;
        const bool exact = line.accuracy == Accuracy::Exact;
        const Array left = numbers.at(line.left, exact ? 1 : first);
        const Array right = numbers.at(line.right, exact ? 1 : first);
        const double e = distance(left, right) / magnitude(left);
        if (exact) {
          if (!(e < 1e-9)) errors.push_back("sides differ by " + std::to_string(e) + ": " + shown);
        } else {
          const double closer = distance(numbers.at(line.left, second), numbers.at(line.right, second));
          if (!(closer < 1e-10) && !(closer < 0.01 * e * magnitude(left))) {
            errors.push_back("remainder " + std::to_string(e) + " and " + std::to_string(closer) + ": " +
                             shown);
          }
        }
        ++report.lines;
        if (shown.find("df/d") != std::string::npos || shown.find("dF/d") != std::string::npos)
          continue;  // df/du*(du/dx)
        std::string error;
        const Expr back = reader.read(line.rhs, error);
        if (!back) {
          // subscripts such as (i-1)*q+1, which kron needs, are written but not typed
          if (error.find("not multiplied") != std::string::npos) continue;
          errors.push_back("does not read back: " + shown + "\n" + error);
          continue;
        }
        ++report.read_back;
        const double off = distance(numbers.at(back, 1), numbers.at(line.right, 1)) / magnitude(right);
        if (!(off < 1e-9))
          errors.push_back("reads back as another, off by " + std::to_string(off) + ": " + shown);
      } catch (const std::exception& e) {
        errors.push_back(std::string(e.what()) + ": " + shown);
      }
    }
    if (!wide || errors.size() < report.errors.size()) report.errors = errors;
    if (errors.empty()) break;
  }
  return report;
}

}  // namespace adjoint::test

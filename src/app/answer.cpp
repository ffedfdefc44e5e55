#include "app/answer.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "app/read_back.hpp"
#include "calculus/differentiate.hpp"
#include "ops/structure.hpp"
#include "print/named.hpp"
#include "print/text.hpp"
#include "simplify/coincidence.hpp"
#include "simplify/display.hpp"
#include "simplify/rules_stable.hpp"

namespace adjoint::app {
namespace {

constexpr double kLongest = 400;  // operations of a formula that other forms and a matrix are looked for

using syntax::Type;

bool is_vector(const Type& t) { return t.is_column() || t.is_row(); }
const Size& length(const Type& t) { return t.rows.is_one() ? t.columns : t.rows; }

Expr along(Expr f, Expr variable, Expr tangent) {
  const Movement m{variable, tangent};
  return simplify(pushforward(f, std::span(&m, 1)));
}

Expr scalar_derivative(Expr f, Expr t) { return along(f, t, f.graph().number(1)); }

// Gradient with the declared structure of the variable.
Expr structured_gradient(Expr f, Expr variable) {
  return simplify(project_on_structure(simplify(gradient(f, variable)), variable));
}

void as_map(Derivative& d, Expr f, const Type& type, const Variable& v) {
  Graph& g = f.graph();
  d.direction = direction_for(v.expr, "H");
  d.type = type;
  d.expr = along(f, v.expr, d.direction);
  d.cotangent = g.variable("U", f.shape(), {}, Role::Direction);
  const Expr back = simplify(pullback(f, d.cotangent, std::span(&v.expr, 1))[0]);
  d.adjoint = simplify(project_on_structure(back, v.expr));
  d.adjoint_type = v.type;
}

}  // namespace

std::string_view kind_name(DerivativeKind kind) {
  switch (kind) {
    case DerivativeKind::Gradient:
      return "gradient";
    case DerivativeKind::Derivative:
      return "derivative";
    case DerivativeKind::Jacobian:
      return "jacobian";
    case DerivativeKind::Operator:
      return "operator";
    case DerivativeKind::Hessian:
      return "hessian";
  }
  return "";
}

Derivative differentiate(const Function& function, const Variable& v, int order) {
  Derivative d;
  Expr f = simplify(function.expr, &d.steps);
  Type type = function.type;
  DerivativeKind kind = DerivativeKind::Derivative;
  for (int k = 0; k < order; ++k) {
    f = separate_coincidences(d.is_map() ? d.expr : f);
    if (d.is_map()) {  // D^k f(x)[H, …, H]
      const Expr h = d.direction;
      d.expr = along(f, v.expr, h);
      d.adjoint = {};
      kind = DerivativeKind::Operator;
      continue;
    }
    if (v.type.is_scalar()) {
      f = scalar_derivative(f, v.expr);
    } else if (type.is_scalar() && type.higher.empty()) {
      f = structured_gradient(f, v.expr);
      type = v.type;
      kind = DerivativeKind::Gradient;
    } else if (is_vector(type) && is_vector(v.type)) {
      kind = kind == DerivativeKind::Gradient ? DerivativeKind::Hessian : DerivativeKind::Jacobian;
      type = Type{length(type), length(v.type), {}};
      f = simplify(jacobian(f, v.expr));
    } else {
      kind = kind == DerivativeKind::Gradient ? DerivativeKind::Hessian : DerivativeKind::Operator;
      as_map(d, f, type, v);
    }
    if (!d.is_map()) d.expr = f;
  }
  d.kind = kind;
  d.type = type;
  return d;
}

namespace {

// The shortest of several readings that says what it stands for.
template <class T>
struct Candidates {
  std::vector<std::pair<int, T>> list;
  void add(const T& reading, const syntax::Ast& tree) {
    if (tree) list.emplace_back(syntax::operation_count(tree), reading);
  }
  template <class Says>
  const T* first(const Says& says) {
    std::stable_sort(list.begin(), list.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [count, reading] : list) {
      if (says(reading)) return &reading;
    }
    return nullptr;
  }
};

template <class Read>
syntax::Ast shortest(Expr expr, const Type& type, const ReadOptions& options, const Read& read_one) {
  const auto says = [&](const syntax::Ast& tree) {
    return !options.witness || options.witness->says(tree, expr);
  };
  Candidates<syntax::Ast> candidates;
  // What shares much is read as it is: to factor it would undo what its parts have in common.
  const bool large = written_size(expr) > kLongest;
  for (const auto& form : large ? std::vector<Expr>{expanded(expr)} : written_forms(expr)) {
    const syntax::Ast tree = read_one(form);
    candidates.add(tree, tree);
  }
  if (candidates.list.empty()) return nullptr;
  if (const syntax::Ast* tree = candidates.first(says)) return *tree;
  ReadOptions by_entries = options;
  by_entries.by_entries = true;
  const syntax::Ast tree = read(expr, type, by_entries);
  if (tree && says(tree)) return tree;
  throw Contradiction("no formula for this says what the calculus found, such as " +
                      print::text(candidates.list[0].second));
}

}  // namespace

syntax::Ast read_shortest(Expr expr, const Type& type, const ReadOptions& options) {
  return shortest(expr, type, options, [&](Expr form) { return read(form, type, options); });
}

Reading read_derivative(const Derivative& d, const Variable& v, const ReadOptions& options) {
  Reading r;
  const auto at_zero = [&options](Expr form) { return options.code ? directed(form) : form; };
  if (!d.is_map()) {
    r.formula = shortest(d.expr, d.type, options,
                         [&](Expr form) { return read_named(at_zero(form), d.type, options); });
    return r;
  }
  std::set<std::string, std::less<>> names;  // of the map: its adjoint takes others
  const auto shortest_map = [&](Expr body, const Type& type, Expr direction,
                                const Type& direction_type) -> std::optional<syntax::Map> {
    ReadOptions o = options;
    o.direction = &direction_type;
    o.taken.insert(names.begin(), names.end());
    std::vector<Expr> forms{expanded(body)};
    if (written_size(body) <= kLongest) {
      forms.push_back(simplify(factored(forms[0])));
      forms.push_back(simplify(factored(body)));
    }
    const auto says = [&](const syntax::Map& m) {
      return !options.witness || options.witness->says(m, body, direction, direction_type);
    };
    Candidates<syntax::Map> candidates;
    for (const auto& form : forms) {
      const syntax::Map m = read_map_named(at_zero(form), type, direction, o);
      candidates.add(m, m.body);
    }
    if (candidates.list.empty()) return std::nullopt;
    if (const syntax::Map* m = candidates.first(says)) return *m;
    o.by_entries = true;
    const syntax::Map m = read_map(body, type, direction, o);
    if (m.body && says(m)) return m;
    throw Contradiction("no formula for this map says what the calculus found, such as " +
                        print::text(candidates.list[0].second));
  };
  r.map = shortest_map(d.expr, d.type, d.direction, v.type);
  if (r.map) names.insert(r.map->body->names.begin(), r.map->body->names.end());
  if (d.adjoint) {
    r.adjoint = shortest_map(d.adjoint, d.adjoint_type, d.cotangent, d.type);
    if (written_size(d.expr) > kLongest) return r;
    const syntax::Ast matrix = read_kronecker(expanded(d.expr), d.type, d.direction, v.type, options);
    const bool says =
        matrix && (!options.witness || options.witness->says_matrix(matrix, d.expr, d.direction));
    if (says) r.kronecker = matrix;
  }
  return r;
}

syntax::Ast read_columns(const Derivative& d, const ReadOptions& options) {
  if (!d.adjoint || d.expr.rank() > 2 || d.direction.rank() > 2) return nullptr;
  if (written_size(d.expr) > kLongest) return nullptr;
  Graph& g = d.expr.graph();
  const Axes axes = g.axes(d.direction);
  Axes identity = axes;
  identity.insert(identity.end(), axes.begin(), axes.end());
  const Movement m{d.direction, g.product(1, std::vector<Indexed>{}, identity)};
  Expr matrix = pushforward(d.expr, std::span(&m, 1));
  int columns = d.expr.rank();  // where the axes of the direction begin
  if (columns == 2) {
    matrix = fuse(matrix, 0);
    columns = 1;
  }
  if (d.direction.rank() == 2) matrix = fuse(matrix, columns);
  Type type;
  (columns == 1 ? type.rows : type.columns) = matrix.rank() > 0 ? matrix.shape()[0] : Size(1);
  if (matrix.rank() == 2) type.columns = matrix.shape()[1];
  return read_shortest(simplify(matrix), type, options);
}

}  // namespace adjoint::app

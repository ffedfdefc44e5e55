#include "app/read_back.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "app/sample.hpp"
#include "calculus/differentiate.hpp"
#include "print/text.hpp"

namespace adjoint::app {
namespace {

constexpr int kTries = 6;              // points, of all styles and both orders of sizes
constexpr int kEnough = 2;             // of them at which the two agree, or differ
constexpr double kWork = 3e6;          // multiplications: what takes more is not compared
constexpr double kPreciseWork = 3e4;   // in many digits
constexpr double kAgreement = 1e-8;    // relative to the largest entry
constexpr double kVanishing = 1e-100;  // what is left of a zero in many digits

enum class Verdict : std::uint8_t { Agrees, Differs, NoNumber, Undefined };

// Entry by entry, where the value is a number.
Verdict compared(const std::vector<double>& shown, const std::vector<double>& value) {
  if (shown.size() != value.size()) return Verdict::Differs;
  double scale = 0;
  double apart = 0;
  bool any = false;
  bool lost = false;
  for (std::size_t k = 0; k < value.size(); ++k) {
    if (!std::isfinite(value[k])) continue;
    any = true;
    lost = lost || !std::isfinite(shown[k]);
    if (!std::isfinite(shown[k])) continue;
    scale = std::max({scale, std::abs(value[k]), std::abs(shown[k])});
    apart = std::max(apart, std::abs(value[k] - shown[k]));
  }
  if (!any) return Verdict::Undefined;
  if (apart > std::max(kAgreement * scale, kVanishing)) return Verdict::Differs;
  return lost ? Verdict::NoNumber : Verdict::Agrees;
}

// matrix*vec(direction)
std::vector<double> applied(const Array& matrix, const Array& direction) {
  const std::size_t columns = direction.data.size();
  if (matrix.data.size() % columns != 0) return {};
  std::vector<double> r(matrix.data.size() / columns);
  for (std::size_t j = 0; j < columns; ++j) {
    for (std::size_t i = 0; i < r.size(); ++i) r[i] += matrix.data[j * r.size() + i] * direction.data[j];
  }
  return r;
}

// Sizes of an expression that the question itself does not name.
void know_sizes(std::initializer_list<Expr> exprs, SizeValues& sizes) {
  for (const Expr root : exprs) {
    for (const auto& e : topological(std::span(&root, 1))) {
      for (const auto& s : e->kind == Kind::Product ? e->label_sizes : e->shape) {
        for (const auto& name : s.names()) {
          if (!name.starts_with("min(")) sizes.try_emplace(name, 3);
        }
      }
    }
  }
}

}  // namespace

notation::Symbol symbol_for(Expr variable, const std::string& name) {
  using notation::Structure;
  notation::Symbol s;
  s.name = name;
  const Shape& shape = variable.shape();
  if (shape.size() > 2) {
    s.type.higher = shape;
  } else {
    if (!shape.empty()) s.type.rows = shape[0];
    if (shape.size() > 1) s.type.columns = shape[1];
  }
  const Facts& facts = variable->facts;
  s.structure = facts.diagonal == Truth::Yes       ? Structure::Diagonal
                : facts.lower == Truth::Yes        ? Structure::Lower
                : facts.orthogonal == Truth::Yes   ? Structure::Orthogonal
                : facts.definite == Truth::Yes     ? Structure::Definite
                : facts.semidefinite == Truth::Yes ? Structure::Semidefinite
                : facts.symmetric == Truth::Yes    ? Structure::Symmetric
                                                   : Structure::None;
  if (facts.signs.is_nonnegative()) s.bounds.lower = 0;
  if (facts.signs.is_nonpositive()) s.bounds.upper = 0;
  return s;
}

// A formula that was read back, beside what it is to say.
struct ReadBack::Claim {
  Expr value;
  Expr shown;
  Expr direction = {};     // of a map, in `value`
  std::string argument;    // its name in `shown`
  bool of_matrix = false;  // shown*vec(direction) = vec(value)
};

class ReadBack::Bench {
 public:
  Bench(const Question& question, const std::vector<notation::Symbol>& further,
        const std::function<std::string(Expr)>& name)
      : session(question.session), question_(question), name_(name) {
    session.adopt(question.formula);
    for (const auto& s : further) session.declare(s);
    session.clear_errors();
    symbols_ = question.formula.symbols;
    for (const auto& s : session.symbols().all()) symbols_.push_back(s);
  }

  bool holds(Claim claim);
  /// Variables that an answer brings along, such as those of a subdifferential, are known to the notation.
  void know(Expr value, Expr direction = {});

  notation::Session session;
  Graph graph;  // of what is read back: the numbering of the question's nodes stays as it is

 private:
  struct Place {
    SizeValues sizes;
    std::mt19937 random;
    std::map<std::string, Array> values;
  };
  Place& place(int attempt);
  Point point(const Claim& claim, Place& place);
  Verdict verdict(const Claim& claim, const Point& point, bool precise) const;

  const Question& question_;
  const std::function<std::string(Expr)>& name_;
  std::vector<notation::Symbol> symbols_;
  std::vector<Place> places_;
};

ReadBack::Bench::Place& ReadBack::Bench::place(int attempt) {
  while (places_.size() <= static_cast<std::size_t>(attempt)) {
    const auto k = static_cast<int>(places_.size());
    Place p{sample_sizes(question_, k % 2), std::mt19937(static_cast<unsigned>(k + 1)), {}};
    for (const auto& s : symbols_) {
      if (s.kind == notation::Symbol::Kind::Variable && !p.values.contains(s.name))
        p.values.emplace(s.name, sample_value(s, p.sizes, p.random, k % 3));
    }
    places_.push_back(std::move(p));
  }
  return places_[static_cast<std::size_t>(attempt)];
}

Point ReadBack::Bench::point(const Claim& claim, Place& place) {
  Point p;
  p.sizes = place.sizes;
  Array direction;
  if (claim.direction)
    direction = sample_value(symbol_for(claim.direction, claim.argument), place.sizes, place.random, 0);
  const auto sampled = [&](Expr variable, const std::string& name) -> const Array& {
    if (claim.direction && name == claim.argument) return direction;
    const auto at = place.values.find(name);
    if (at != place.values.end()) return at->second;
    return place.values.emplace(name, sample_value(symbol_for(variable, name), place.sizes, place.random, 0))
        .first->second;
  };
  // The numbers of a name in the axes of its node, which may have some of length one more or less.
  const auto value = [&](Expr variable, const std::string& name) {
    Array a = sampled(variable, name);
    std::vector<std::int64_t> shape;
    std::size_t count = 1;
    for (const auto& s : variable.shape()) {
      shape.push_back(s.evaluate(place.sizes).value_or(3));
      count *= static_cast<std::size_t>(shape.back());
    }
    if (count == a.data.size()) a.shape = std::move(shape);
    return a;
  };
  for (const auto& e : topological(std::span(&claim.value, 1))) {
    if (e->kind != Kind::Variable) continue;
    p.values[e.get()] = value(e, e == claim.direction ? claim.argument : name_ ? name_(e) : e->name());
  }
  for (const auto& e : topological(std::span(&claim.shown, 1))) {
    if (e->kind == Kind::Variable) p.values[e.get()] = value(e, e->name());
  }
  if (claim.direction) p.values[claim.direction.get()] = value(claim.direction, claim.argument);
  return p;
}

Verdict ReadBack::Bench::verdict(const Claim& claim, const Point& point, bool precise) const {
  Evaluator evaluate(point, {.precise = precise});
  Array value;
  try {
    value = evaluate(claim.value);
  } catch (const NumericalError&) {
    return Verdict::Undefined;
  }
  try {
    const Array& shown = evaluate(claim.shown);
    return compared(claim.of_matrix ? applied(shown, point.values.at(claim.direction.get())) : shown.data,
                    value.data);
  } catch (const NumericalError&) {
    return Verdict::NoNumber;
  }
}

// Two points at which they agree are enough. What differs is looked at in many digits, where no rounding is;
// it is wrong where that says the same at two points, or where it is no number wherever the value is one.
bool ReadBack::Bench::holds(Claim claim) {
  try {
    claim.value = concrete(claim.value);
    claim.shown = concrete(claim.shown);
  } catch (const CalculusError&) {  // an abstract function for which nothing can stand
    return true;
  }
  int agree = 0;
  int differ = 0;
  int lost = 0;
  for (int attempt = 0; attempt < kTries && agree < kEnough && differ < kEnough; ++attempt) {
    Place& at = place(attempt);
    know_sizes({claim.value, claim.shown}, at.sizes);
    const double effort = work(claim.value, at.sizes) + work(claim.shown, at.sizes);
    if (effort > kWork) continue;
    const Point p = point(claim, at);
    Verdict v = verdict(claim, p, false);
    if (v == Verdict::Differs) v = effort > kPreciseWork ? Verdict::Undefined : verdict(claim, p, true);
    agree += v == Verdict::Agrees ? 1 : 0;
    differ += v == Verdict::Differs ? 1 : 0;
    lost += v == Verdict::NoNumber ? 1 : 0;
  }
  if (differ >= kEnough) return false;
  return agree > 0 || (differ == 0 && lost == 0);
}

void ReadBack::Bench::know(Expr value, Expr direction) {
  for (const auto& e : topological(std::span(&value, 1))) {
    if (e->kind != Kind::Variable || e == direction) continue;
    const std::string name = name_ ? name_(e) : e->name();
    const bool known =
        std::any_of(symbols_.begin(), symbols_.end(), [&](const auto& s) { return s.name == name; });
    if (known) continue;
    symbols_.push_back(symbol_for(e, name));
    session.declare(symbols_.back());
  }
}

ReadBack::ReadBack(const Question& question, std::vector<notation::Symbol> further,
                   std::function<std::string(Expr)> name)
    : question_(question), further_(std::move(further)), name_(std::move(name)) {}
ReadBack::~ReadBack() = default;

ReadBack::Bench& ReadBack::bench() const {
  if (!bench_) bench_ = std::make_unique<Bench>(question_, further_, name_);
  return *bench_;
}

bool ReadBack::says(const syntax::Ast& formula, Expr value) const {
  Bench& b = bench();
  b.know(value);
  const auto read = b.session.expression(b.graph, print::text(formula));
  b.session.clear_errors();
  return read && b.holds({value, read->value, {}, "", false});
}

bool ReadBack::says(const syntax::Map& map, Expr body, Expr direction,
                    const syntax::Type& direction_type) const {
  Bench& b = bench();
  b.know(body, direction);
  const auto read = b.session.map(b.graph, print::text(map), direction_type);
  b.session.clear_errors();
  return read && b.holds({body, read->body.value, direction, map.argument, false});
}

bool ReadBack::says_matrix(const syntax::Ast& matrix, Expr body, Expr direction) const {
  Bench& b = bench();
  b.know(body, direction);
  const auto read = b.session.expression(b.graph, print::text(matrix));
  b.session.clear_errors();
  return read && b.holds({body, read->value, direction, direction->name() + " ", true});
}

}  // namespace adjoint::app

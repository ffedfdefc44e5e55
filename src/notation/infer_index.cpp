// Subscripts, sums over an index, and sizes that are written in expressions.
#include <algorithm>
#include <numeric>

#include "graph/rational.hpp"
#include "notation/inference.hpp"
#include "ops/matrix.hpp"

namespace adjoint::notation {

using syntax::Kind;

// An undeclared size is found by unification; check_size_names() refuses one that is not.
std::optional<Size> Inference::size_name(const Ast& ast, const Report& report) {
  const std::string& name = ast->text;
  if (const Bound* bound = find_bound(name)) {
    report(ast->place,
           bound->variable >= 0 ? "the index `" + name + "` cannot be a size" : "`" + name + "` is no size");
    return std::nullopt;
  }
  if (symbols_.is_size(name)) return Size::name(name);
  if (const Symbol* s = symbols_.find(name)) {
    report(ast->place, "`" + name + "` is no size but declared as " + s->text());
    return std::nullopt;
  }
  if (symbols_.definition(name) != nullptr || is_constant_name(name)) {
    report(ast->place, "`" + name + "` is no size");
    return std::nullopt;
  }
  const auto at = size_names_.find(name);
  if (at != size_names_.end()) return at->second.first;
  const Size unknown = unifier_.unknown(Unifier::Range::NotOne, name);
  size_names_.emplace(name, std::pair{unknown, ast->place});
  return unknown;
}

std::optional<Size> Inference::size_of(const Ast& ast, const Report& report, const Size* dimension) {
  const auto name = [&](const Ast& n) -> std::optional<Size> {
    if (dimension != nullptr && n->text == "end") return *dimension;
    return size_name(n, report);
  };
  return evaluate_size(ast, name, report,
                       [&](const Size& a, const Size& b) { return unifier_.minimum(a, b); });
}

std::optional<Inference::Affine> Inference::affine(const Ast& ast, const Size* dimension) {
  const auto combine = [](const Affine& a, const Affine& b, const Size& sign) {
    Affine out = a;
    out.constant = a.constant + sign * b.constant;
    for (const auto& [v, c] : b.coefficients) {
      const Size sum = out.coefficients[v] + sign * c;
      out.coefficients[v] = sum;
      if (sum == Size(0)) out.coefficients.erase(v);
    }
    return out;
  };
  if (ast->kind == Kind::Name) {
    if (const Bound* bound = find_bound(ast->text); bound != nullptr && bound->variable >= 0) {
      Affine a;
      a.coefficients[bound->variable] = Size(1);
      return a;
    }
  }
  if (ast->kind == Kind::Negate ||
      (ast->kind == Kind::Binary && (ast->text == "+" || ast->text == "-" || ast->text == "*"))) {
    const auto a = affine(ast->args[0], dimension);
    if (!a) return a;
    if (ast->kind == Kind::Negate) return combine({}, *a, Size(-1));
    const auto b = affine(ast->args[1], dimension);
    if (!b) return b;
    if (ast->text != "*") return combine(*a, *b, Size(ast->text == "+" ? 1 : -1));
    if (a->coefficients.empty() && b->coefficients.empty()) {
      const auto size = size_of(
          ast, [this](Place p, std::string m) { error(p, std::move(m)); }, dimension);
      if (!size) return std::nullopt;
      return Affine{*size, {}};
    }
    if (a->coefficients.empty()) return combine({}, *b, a->constant);
    if (b->coefficients.empty()) return combine({}, *a, b->constant);
    error(ast, "an index may be shifted, as in x[i+1], but not multiplied by another");
    return std::nullopt;
  }
  const auto size = size_of(
      ast, [this](Place p, std::string m) { error(p, std::move(m)); }, dimension);
  if (!size) return std::nullopt;
  return Affine{*size, {}};
}

namespace {

// Whether every growing part of a size is taken away: 2-n.
bool is_negative_for_large(const Size& size) {
  const auto negative = [](const auto& term) { return term.first.empty() || term.second < 0; };
  return !size.constant() && std::all_of(size.terms().begin(), size.terms().end(), negative);
}

}  // namespace

// Whether a position is inside a dimension, as far as that can be decided.
bool Inference::inside(const Size& last, const Size& dimension, Place place, const std::string& what) {
  const Size d = unifier_.resolve(dimension);
  const Size l = unifier_.resolve(last);
  if (const auto room = (d - l).constant(); room && *room < 0) {
    error(place, "the subscript reaches " + l.text() + ", beyond the " + d.text() + ' ' + what);
    return false;
  }
  const auto names = d.names();
  if (std::any_of(names.begin(), names.end(), Unifier::is_unknown)) reaches_.push_back({d, l, place, what});
  return true;
}

// Blocks one behind the other: x[(j-1)*n+1:j*n], or an entry of each, x[(j-1)*n+i] with i=1:n.
std::optional<Subscript> Inference::block(const Affine& first, const Size& length, const Ast& ast,
                                          const Size& dimension, const std::string& what) {
  Subscript s;
  s.kind = Subscript::Kind::Block;
  s.start = first.constant;
  s.length = unifier_.resolve(length);
  Size stride;
  for (const auto& [variable, coefficient] : first.coefficients) {
    s.start = s.start + coefficient * variables_[static_cast<std::size_t>(variable)].first;
    if (coefficient.is_one() && s.length.is_one() && s.within < 0) {
      s.within = variable;
    } else if (s.variable < 0) {
      s.variable = variable;
      stride = unifier_.resolve(coefficient);
    } else {
      error(ast, "a subscript takes one index, or a second one that counts blocks, as in x[(j-1)*n+i]");
      return std::nullopt;
    }
  }
  if (s.within >= 0 && s.variable < 0) {  // x[i:i]
    s.kind = Subscript::Kind::Variable;
    s.variable = s.within;
    s.length = variables_[static_cast<std::size_t>(s.variable)].length;
    if (!inside(s.start + s.length - Size(1), dimension, ast->place, what)) return std::nullopt;
    return s;
  }
  if (s.within >= 0) s.length = unifier_.resolve(variables_[static_cast<std::size_t>(s.within)].length);
  if (!(s.length == stride)) {
    if (s.within >= 0) {
      error(ast,
            "two indices make a subscript only where one counts blocks that the other runs through, as in "
            "x[(j-1)*n+i] with i=1:n");
    } else if (ast->kind != Kind::Range) {
      error(ast, "an index may be shifted, as in x[i+1], but not multiplied");
    } else {
      error(ast,
            "a range moves with an index in steps of its own length, as in x[(j-1)*n+1:j*n]; this one has "
            "length " +
                s.length.text() + " and step " + stride.text());
    }
    return std::nullopt;
  }
  if (const auto c = unifier_.resolve(s.start).constant(); c && *c < 1) {
    error(ast, "subscripts count from 1, found " + unifier_.resolve(s.start).text());
    return std::nullopt;
  }
  const Size count = variables_[static_cast<std::size_t>(s.variable)].length;
  if (!inside(s.start + s.length * count - Size(1), dimension, ast->place, what)) return std::nullopt;
  return s;
}

std::optional<Subscript> Inference::subscript(const Ast& ast, const Size& dimension,
                                              const std::string& what) {
  Subscript s;
  const auto from_one = [&](const Size& start, const Ast& at) {
    const auto c = unifier_.resolve(start).constant();
    if (!c || *c >= 1) return true;
    error(at, "subscripts count from 1, found " + unifier_.resolve(start).text());
    return false;
  };
  if (ast->kind == Kind::Colon) {
    s.length = dimension;
    return s;
  }
  if (ast->kind == Kind::Range) {
    const auto a = affine(ast->args[0], &dimension);
    const auto b = affine(ast->args[1], &dimension);
    if (!a || !b) return std::nullopt;
    if (!a->coefficients.empty() || !b->coefficients.empty()) {
      if (a->coefficients == b->coefficients)
        return block(*a, b->constant - a->constant + Size(1), ast, dimension, what);
      error(ast, "the length of a range cannot depend on an index of summation");
      return std::nullopt;
    }
    s.kind = Subscript::Kind::Range;
    s.start = a->constant;
    s.length = b->constant - a->constant + Size(1);
    if (const auto c = unifier_.resolve(s.length).constant(); c && *c < 1) {
      error(ast, "the range " + shown(ast) + " is empty");
      return std::nullopt;
    }
    if (!from_one(s.start, ast->args[0]) || !inside(b->constant, dimension, ast->place, what))
      return std::nullopt;
    return s;
  }
  const auto a = affine(ast, &dimension);
  if (!a) return std::nullopt;
  if (a->coefficients.empty()) {
    s.kind = Subscript::Kind::Fixed;
    s.start = a->constant;
    if (!from_one(s.start, ast) || !inside(s.start, dimension, ast->place, what)) return std::nullopt;
    return s;
  }
  if (a->coefficients.size() > 1 || !a->coefficients.begin()->second.is_one())
    return block(*a, Size(1), ast, dimension, what);
  s.kind = Subscript::Kind::Variable;
  s.variable = a->coefficients.begin()->first;
  const IndexVariable& v = variables_[static_cast<std::size_t>(s.variable)];
  s.start = v.first + a->constant;
  s.length = v.length;
  if (!from_one(s.start, ast) || !inside(s.start + s.length - Size(1), dimension, ast->place, what))
    return std::nullopt;
  return s;
}

Inference::Result Inference::index(const Ast& ast) {
  const Ast& raw = ast->args[0];
  const Result a = infer(raw);
  if (!a) return nullptr;
  const Type t = type(a);
  const std::size_t count = ast->args.size() - 1;
  std::vector<Size> sizes;
  std::vector<std::string> what;
  if (!t.higher.empty()) {
    sizes = t.higher;
    what.assign(sizes.size(), "entries of this dimension");
  } else if (count == 1 && !t.is_matrix()) {
    sizes = {t.is_row() ? t.columns : t.rows};
    what = {t.is_scalar() ? "entry" : "entries"};
  } else {
    sizes = {t.rows, t.columns};
    what = {"rows", "columns"};
  }
  if (count != sizes.size()) {
    error(
        ast,
        is_of(raw, a) + " and takes " +
            (t.is_matrix() ? "two subscripts, as in X[i,j]" : std::to_string(sizes.size()) + " subscripts") +
            ", found " + std::to_string(count),
        origins({{raw, a}}));
    return nullptr;
  }
  std::vector<Subscript> subscripts;
  bool good = true;
  for (std::size_t k = 0; k < count; ++k) {
    const auto s = subscript(ast->args[k + 1], sizes[k], what[k]);
    good = good && s;
    if (!s) continue;
    subscripts.push_back(*s);
    // Along a size of literally 1 there is nothing to run over.
    const bool runs = s->kind != Subscript::Kind::All && s->kind != Subscript::Kind::Fixed;
    if (sizes[k].is_one() && runs && !s->length.is_one()) {
      error(ast->args[k + 1], is_of(raw, a) + ": it has one of " + what[k]);
      good = false;
    }
  }
  if (!good) return nullptr;
  std::vector<Size> kept;
  std::vector<Size> by_position;
  for (const auto& s : subscripts) {
    const bool all = s.kind == Subscript::Kind::All || s.kind == Subscript::Kind::Range ||
                     (s.kind == Subscript::Kind::Block && s.within < 0);
    by_position.push_back(all ? s.length : Size(1));
    if (all) kept.push_back(s.length);
  }
  Type out;
  if (!t.higher.empty()) {
    if (kept.size() > 2) {
      out.higher = kept;
    } else {
      if (!kept.empty()) out.rows = kept[0];
      if (kept.size() == 2) out.columns = kept[1];
    }
  } else if (count == 1) {
    (t.is_row() ? out.columns : out.rows) = by_position[0];
  } else {
    out.rows = by_position[0];
    out.columns = by_position[1];
  }
  std::vector<Ast> args{a};
  args.insert(args.end(), ast->args.begin() + 1, ast->args.end());
  const Result result = same(ast, std::move(args), out);
  mean(result, Meaning::Kind::Subscripts).subscripts = std::move(subscripts);
  return result;
}

Inference::Result Inference::index_sum(const Ast& ast) {
  const auto first = affine(ast->args[0], nullptr);
  const auto last = affine(ast->args[1], nullptr);
  if (!first || !last) return nullptr;
  if (!first->coefficients.empty() || !last->coefficients.empty()) {
    error(ast, "the range of `" + ast->text + "` cannot depend on another index of summation");
    return nullptr;
  }
  const Size length = last->constant - first->constant + Size(1);
  if (const auto c = unifier_.resolve(length).constant(); c && *c < 1) {
    error(ast, "the range of `" + ast->text + "` is empty");
    return nullptr;
  }
  if (is_negative_for_large(unifier_.resolve(length))) {
    error(ast, "the range of `" + ast->text + "` runs backwards: it has " + unifier_.resolve(length).text() +
                   " terms");
    return nullptr;
  }
  const int variable = static_cast<int>(variables_.size());
  variables_.push_back({ast->text, first->constant, length});
  Frame frame;
  frame.names[ast->text] = {nullptr, variable};
  frames_.push_back(std::move(frame));
  const Result body = infer(ast->args[2]);
  frames_.pop_back();
  if (!body) return nullptr;
  const Result result = same(ast, {ast->args[0], ast->args[1], body}, body->type);
  mean(result, Meaning::Kind::IndexSum).variable = variable;
  return result;
}

}  // namespace adjoint::notation

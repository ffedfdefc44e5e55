#include "app/at_kinks.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "app/analyse.hpp"
#include "calculus/differentiate.hpp"
#include "eval/quotients.hpp"
#include "simplify/simplify.hpp"

namespace adjoint::app {
namespace {

// The derivative of order k: axes of f, then those of the variable k times.
Expr total_derivative(Expr f, Expr v, int order, bool forward) {
  Expr d = simplify(f);
  for (int k = 0; k < order; ++k) {
    Expr next;
    if (d.rank() == 0 && !forward) {
      next = gradient(d, v);
    } else {
      next = jacobian(d, v);
    }
    // Project the new axes on the declared structure: bring them to the front and back.
    const int before = d.rank();
    const int axes = v.rank();
    if (axes == 2) {
      std::vector<int> front(static_cast<std::size_t>(before + axes));
      std::iota(front.begin(), front.end(), 0);
      std::rotate(front.begin(), front.begin() + before, front.end());
      std::vector<int> back(front.size());
      std::iota(back.begin(), back.end(), 0);
      std::rotate(back.begin(), back.begin() + axes, back.end());
      next = permuted(project_on_structure(permuted(next, front), v), back);
    }
    d = simplify(next);
  }
  return d;
}

std::string words(const Kink& kink, const Question& q) {
  constexpr std::size_t kLong = 60;
  std::string name = say_for(q)(kink.where);
  if (name.size() > kLong)
    name = kink.where->kind == Kind::Apply ? std::string(kink.where->op->name) : "a root";
  std::string text(kink.what);
  return text.replace(text.find('$'), 1, name);
}

bool agree(const Array& a, const Array& b) {
  double largest = 0;
  double apart = 0;
  for (std::size_t k = 0; k < a.data.size(); ++k) {
    largest = std::max(largest, std::abs(a.data[k]));
    const double distance = std::abs(a.data[k] - b.data[k]);
    apart = distance <= apart ? apart : distance;  // a NaN stays
  }
  return apart <= 1e-9 * largest + 1e-40;
}

// "x", "x[2]", "X[1,2]": entries of the variable by position.
std::string entry_names(const Variable& v, const Array& value, const std::vector<std::size_t>& entries) {
  constexpr std::size_t kFew = 4;
  std::string text;
  for (std::size_t k = 0; k < std::min(entries.size(), kFew); ++k) {
    std::string indices;
    auto rest = static_cast<std::int64_t>(entries[k]);
    for (const auto extent : value.shape) {
      indices += (indices.empty() ? "" : ",") + std::to_string(rest % extent + 1);
      rest /= extent;
    }
    text += (k > 0 ? ", " : "") + v.expr->name() + (indices.empty() ? "" : "[" + indices + "]");
  }
  return text + (entries.size() > kFew ? ", …" : "");
}

struct Answer {
  std::optional<Array> value;
  std::string text;
};
// Of a scalar function that has no derivative at the point.
Answer without_derivative(Expr f, const Variable& v, const Quotients& quotients, const Point& point) {
  const Quotients::Behaviour behaviour = quotients.behaviour();
  if (behaviour.jumps)
    return {std::nullopt,
            "the function jumps here and has no subgradient, the result is what the formula gives"};
  const Array& at = point.values.at(v.expr.get());
  const std::size_t entries = at.data.size();
  const bool steep = !behaviour.steep.empty();
  if (behaviour.at_edge && !steep)
    return {std::nullopt,
            "the point is at the edge of where the function is defined, the result is what the "
            "formula gives"};
  auto least = quotients.least_subgradient(total_derivative(f, v.expr, 1, v.type.is_scalar()), behaviour);
  if (!steep) {
    if (least) return {least, "the result is the subgradient of least norm"};
    return {std::nullopt,
            "the function is neither convex nor concave here, the result is what the formula gives"};
  }
  const std::string where = entry_names(v, at, behaviour.steep);
  const bool finite =
      least && std::all_of(least->data.begin(), least->data.end(), [](double g) { return std::isfinite(g); });
  std::string text = "its slope along " + where + " is infinite";
  if (!finite)
    text += ", so that it has no derivative and no subgradient";
  else
    text += ", where 0 stands for it";
  if (finite && std::any_of(behaviour.steep.begin(), behaviour.steep.end(),
                            [&](std::size_t k) { return least->data[k] != 0; }))
    text = "its slope along " + where + " is infinite on one side, the entry is the nearest to the other";
  if (least && behaviour.steep.size() < entries)
    text += "; the other entries are the derivative with " + where + " held fixed";
  return {least, text};
}

}  // namespace

bool has_nan(const Array& a) {
  return std::any_of(a.data.begin(), a.data.end(), [](double v) { return std::isnan(v); });
}

Array derivative_value(Expr f, const Variable& v, int order, Evaluator& e) {
  const bool forward = v.type.is_scalar();
  Array d = e(total_derivative(f, v.expr, order, forward));
  if (has_nan(d)) d = e(total_derivative(f, v.expr, order, !forward));
  return d;
}

namespace {

// The formula may have no value where the derivative exists: that of sqrtm(X*X') at a tall X.
bool formula_agrees(const Array& exact, Expr f, const Variable& v, int order, Evaluator& e) {
  try {
    return agree(exact, derivative_value(f, v, order, e));
  } catch (const NumericalError&) {
    return false;
  }
}

}  // namespace

Kinks kinks_below(Expr f, const Variable& v, int order, const Question& q, const Point& point, Arithmetic by,
                  Evaluator& e) {
  Kinks result;
  for (int k = 0; k < order; ++k) {
    const Expr below = k == 0 ? f : total_derivative(f, v.expr, k, false);
    std::vector<Kink> found = kinks(below, std::span(&v.expr, 1), point, by);
    if (found.empty()) continue;
    const auto quotients = by.precise ? Quotients::of(below, v.expr, point) : std::nullopt;
    const auto felt = [](const Kink& kink) { return kink.felt; };
    const bool any_felt = std::any_of(found.begin(), found.end(), felt);
    if (!quotients && !any_felt) continue;
    if (const auto exact = quotients ? quotients->derivative() : std::nullopt) {
      if (formula_agrees(*exact, f, v, k + 1, e)) continue;
      if (k + 1 == order) {  // kinks that cancel, min(abs(x),x): the formula has a share of each
        result.answer = exact;
        continue;
      }
    }
    if (any_felt) std::erase_if(found, std::not_fn(felt));
    const bool has_subgradients = f.rank() == 0 && order == 1;
    std::string answer =
        has_subgradients
            ? "the result is the subgradient of least norm where the function is convex or concave"
            : "the result is what the formula gives";
    if (quotients && has_subgradients) {
      Answer known = without_derivative(f, v, *quotients, point);
      result.answer = std::move(known.value);
      answer = std::move(known.text);
    }
    for (const Kink& kink : found) {
      const std::string text =
          (k == 0 ? "not differentiable here: " : "the derivative is not differentiable here: ") +
          words(kink, q) + "; " + answer;
      if (std::find(result.warnings.begin(), result.warnings.end(), text) == result.warnings.end())
        result.warnings.push_back(text);
    }
  }
  return result;
}

}  // namespace adjoint::app

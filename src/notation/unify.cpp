#include "notation/unify.hpp"

#include <algorithm>

#include "ops/matrix.hpp"

namespace adjoint::notation {

Size Unifier::unknown(Range range, std::string wish) {
  const std::string name = '?' + std::to_string(next_++);
  if (range == Range::NotOne) not_one_.insert(name);
  if (!wish.empty()) wishes_[name] = std::move(wish);
  return Size::name(name);
}

Size Unifier::resolve(const Size& size) const {
  Size current = size;
  for (;;) {
    bool changed = false;
    for (const auto& name : current.names()) {
      const auto at = is_unknown(name) ? bindings_.find(name) : bindings_.end();
      if (at == bindings_.end()) continue;
      current = current.substitute(name, at->second.value);
      changed = true;
    }
    if (!changed) return current;
  }
}

syntax::Type Unifier::resolve(const syntax::Type& type) const {
  syntax::Type out;
  out.rows = resolve(type.rows);
  out.columns = resolve(type.columns);
  for (const auto& s : type.higher) out.higher.push_back(resolve(s));
  return out;
}

bool Unifier::solve(const Size& difference, Place place) {
  for (const auto& [monomial, coefficient] : difference.terms()) {
    if (monomial.size() != 1 || !is_unknown(monomial[0]) || (coefficient != 1 && coefficient != -1)) continue;
    const std::string& name = monomial[0];
    const bool alone =
        std::count_if(difference.terms().begin(), difference.terms().end(), [&](const auto& term) {
          return std::find(term.first.begin(), term.first.end(), name) != term.first.end();
        }) == 1;
    if (!alone) continue;
    const Size rest = difference - Size(coefficient) * Size::name(name);
    const Size value = Size(-coefficient) * rest;
    if (not_one_.count(name) != 0) {
      if (value.is_one()) return false;
      // what was free to be 1 no longer is
      if (value.terms().size() == 1 && value.names().size() == 1 && value == Size::name(value.names()[0])) {
        not_one_.insert(value.names()[0]);
      }
    }
    if (value.constant() && *value.constant() < 0) return false;
    bindings_[name] = {value, place};
    trail_.push_back(name);
    return true;
  }
  const auto names = difference.names();
  const bool open = std::any_of(names.begin(), names.end(), is_unknown);
  if (open) waiting_.push_back({difference, 0, place});
  return open;
}

bool Unifier::equal(const Size& a, const Size& b, Place place) {
  const Size difference = resolve(a) - resolve(b);
  if (difference.is_zero()) return true;
  if (difference.is_constant()) return false;
  return solve(difference, place);
}

Size Unifier::minimum(const Size& a, const Size& b) {
  const Size x = resolve(a);
  const Size y = resolve(b);
  const auto open = [](const Size& s) {
    const auto names = s.names();
    return std::any_of(names.begin(), names.end(), is_unknown);
  };
  if (!open(x) && !open(y)) return smaller(x, y);
  const Size result = unknown(Range::Any);
  minima_.push_back({result.names()[0], x, y});
  return result;
}

std::optional<Place> Unifier::settled_at(const std::string& unknown) const {
  const auto at = bindings_.find(unknown);
  if (at == bindings_.end()) return std::nullopt;
  return at->second.place;
}

const std::string& Unifier::wish(const std::string& unknown) const {
  static const std::string none;
  const auto at = wishes_.find(unknown);
  return at == wishes_.end() ? none : at->second;
}

void Unifier::back(const Mark& mark) {
  while (trail_.size() > mark.trail) {
    bindings_.erase(trail_.back());
    trail_.pop_back();
  }
  waiting_.resize(std::min(waiting_.size(), mark.waiting), Equation{0, 0, {}});
}

std::optional<Unifier::Equation> Unifier::settle() {
  for (bool progress = true; progress;) {
    progress = false;
    const std::vector<Equation> todo = std::exchange(waiting_, {});
    for (const auto& e : todo) {
      const std::size_t before = trail_.size();
      if (!equal(e.a, e.b, e.place)) return e;
      progress = progress || trail_.size() != before;
    }
  }
  return std::nullopt;
}

void Unifier::settle_minima() {
  for (const auto& m : std::exchange(minima_, {})) {
    if (bindings_.count(m.unknown) == 0) bindings_[m.unknown] = {smaller(resolve(m.a), resolve(m.b)), {}};
  }
}

}  // namespace adjoint::notation

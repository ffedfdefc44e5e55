#include "graph/size.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <set>
#include <stdexcept>

namespace adjoint {
namespace {

using Terms = std::vector<std::pair<Size::Monomial, std::int64_t>>;

std::int64_t checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  if (__builtin_add_overflow(a, b, &r)) throw std::overflow_error("a size does not fit in 64 bits");
  return r;
}

std::int64_t checked_multiply(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  if (__builtin_mul_overflow(a, b, &r)) throw std::overflow_error("a size does not fit in 64 bits");
  return r;
}

// Higher degree first, then by name: n*p, n, then constants.
bool before(const Size::Monomial& a, const Size::Monomial& b) {
  if (a.size() != b.size()) return a.size() > b.size();
  return a < b;
}

void add_term(Terms& terms, const Size::Monomial& monomial, std::int64_t coefficient) {
  auto at = std::lower_bound(terms.begin(), terms.end(), monomial,
                             [](const auto& term, const auto& m) { return before(term.first, m); });
  if (at != terms.end() && at->first == monomial) {
    at->second = checked_add(at->second, coefficient);
    if (at->second == 0) terms.erase(at);
  } else if (coefficient != 0) {
    terms.insert(at, {monomial, coefficient});
  }
}

// A name is a key of `values`, or "min(a,b)" of two sums of terms c*name*name.
std::optional<std::int64_t> value_of(std::string_view name, const SizeValues& values);

std::optional<std::int64_t> polynomial_value(std::string_view text, const SizeValues& values) {
  std::int64_t sum = 0;
  std::size_t k = 0;
  while (k < text.size()) {
    std::int64_t term = 1;
    if (text[k] == '+' || text[k] == '-') term = text[k++] == '-' ? -1 : 1;
    for (;;) {
      std::size_t end = k;
      int depth = 0;
      while (end < text.size() && (depth > 0 || (text[end] != '+' && text[end] != '-' && text[end] != '*'))) {
        depth += text[end] == '(' ? 1 : text[end] == ')' ? -1 : 0;
        ++end;
      }
      const auto value = value_of(text.substr(k, end - k), values);
      if (!value) return std::nullopt;
      term = checked_multiply(term, *value);
      k = end;
      if (k >= text.size() || text[k] != '*') break;
      ++k;
    }
    sum = checked_add(sum, term);
  }
  return sum;
}

std::optional<std::int64_t> value_of(std::string_view name, const SizeValues& values) {
  if (const auto at = values.find(name); at != values.end()) return at->second;
  if (!name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::stoll(std::string(name));
  }
  if (const auto caret = name.find('^'); caret != std::string_view::npos && !name.starts_with("min(")) {
    const auto base = value_of(name.substr(0, caret), values);
    const auto power = value_of(name.substr(caret + 1), values);
    if (!base || !power) return std::nullopt;
    std::int64_t product = 1;
    for (std::int64_t i = 0; i < *power; ++i) product = checked_multiply(product, *base);
    return product;
  }
  if (!name.starts_with("min(")) return std::nullopt;
  int depth = 0;
  for (std::size_t k = 4; k < name.size(); ++k) {
    depth += name[k] == '(' ? 1 : name[k] == ')' ? -1 : 0;
    if (name[k] != ',' || depth != 0) continue;
    const auto a = polynomial_value(name.substr(4, k - 4), values);
    const auto b = polynomial_value(name.substr(k + 1, name.size() - k - 2), values);
    if (!a || !b) return std::nullopt;
    return std::min(*a, *b);
  }
  return std::nullopt;
}

}  // namespace

Size::Size(std::int64_t constant) {
  using Shared = std::shared_ptr<const Terms>;
  static const std::array<Shared, 3> small = {std::make_shared<const Terms>(),
                                              std::make_shared<const Terms>(Terms{{{}, 1}}),
                                              std::make_shared<const Terms>(Terms{{{}, 2}})};
  terms_ = constant >= 0 && constant < static_cast<std::int64_t>(small.size())
               ? small[static_cast<std::size_t>(constant)]
               : std::make_shared<const Terms>(Terms{{{}, constant}});
}

Size Size::name(std::string_view name) { return Size(Terms{{{std::string(name)}, 1}}); }

bool Size::is_constant() const {
  return terms_->empty() || (terms_->size() == 1 && terms_->front().first.empty());
}

bool Size::is_one() const {
  return terms_->size() == 1 && terms_->front().first.empty() && terms_->front().second == 1;
}

std::optional<std::int64_t> Size::constant() const {
  if (!is_constant()) return std::nullopt;
  return terms_->empty() ? 0 : terms_->front().second;
}

std::optional<std::int64_t> Size::evaluate(const SizeValues& values) const {
  std::int64_t sum = 0;
  for (const auto& [monomial, coefficient] : *terms_) {
    std::int64_t product = coefficient;
    for (const auto& name : monomial) {
      const auto value = value_of(name, values);
      if (!value) return std::nullopt;
      product = checked_multiply(product, *value);
    }
    sum = checked_add(sum, product);
  }
  return sum;
}

Size Size::substitute(std::string_view name, const Size& replacement) const {
  Size sum;
  for (const auto& [monomial, coefficient] : *terms_) {
    Size product(coefficient);
    for (const auto& n : monomial) product = product * (n == name ? replacement : Size::name(n));
    sum = sum + product;
  }
  return sum;
}

std::vector<std::string> Size::names() const {
  std::set<std::string> names;
  for (const auto& term : *terms_) names.insert(term.first.begin(), term.first.end());
  return {names.begin(), names.end()};
}

std::string Size::text() const {
  if (terms_->empty()) return "0";
  std::string out;
  for (const auto& [monomial, coefficient] : *terms_) {
    const bool negative = coefficient < 0;
    if (negative) {
      out += '-';
    } else if (!out.empty()) {
      out += '+';
    }
    const std::uint64_t magnitude =
        negative ? 0 - static_cast<std::uint64_t>(coefficient) : static_cast<std::uint64_t>(coefficient);
    std::string factors;
    if (magnitude != 1 || monomial.empty()) factors = std::to_string(magnitude);
    for (std::size_t k = 0; k < monomial.size();) {
      std::size_t power = 1;
      while (k + power < monomial.size() && monomial[k + power] == monomial[k]) ++power;
      if (!factors.empty()) factors += '*';
      factors += monomial[k];
      if (power > 1) factors += '^' + std::to_string(power);
      k += power;
    }
    out += factors;
  }
  return out;
}

std::size_t Size::hash() const {
  std::size_t h = 1469598103934665603ULL;
  const auto mix = [&h](std::size_t v) { h = (h ^ v) * 1099511628211ULL + 0x9e3779b97f4a7c15ULL; };
  for (const auto& [monomial, coefficient] : *terms_) {
    for (const auto& name : monomial) mix(std::hash<std::string>{}(name));
    mix(static_cast<std::size_t>(coefficient));
  }
  return h;
}

Size operator+(const Size& a, const Size& b) {
  if (b.is_zero()) return a;
  if (a.is_zero()) return b;
  Terms sum = *a.terms_;
  for (const auto& [monomial, coefficient] : *b.terms_) add_term(sum, monomial, coefficient);
  return Size(std::move(sum));
}

Size operator-(const Size& a, const Size& b) {
  if (b.is_zero()) return a;
  Terms difference = *a.terms_;
  for (const auto& [monomial, coefficient] : *b.terms_) {
    add_term(difference, monomial, checked_multiply(coefficient, -1));
  }
  return Size(std::move(difference));
}

Size operator*(const Size& a, const Size& b) {
  if (b.is_one()) return a;
  if (a.is_one()) return b;
  Terms product;
  for (const auto& [ma, ca] : *a.terms_) {
    for (const auto& [mb, cb] : *b.terms_) {
      Size::Monomial monomial = ma;
      monomial.insert(monomial.end(), mb.begin(), mb.end());
      std::sort(monomial.begin(), monomial.end());
      add_term(product, monomial, checked_multiply(ca, cb));
    }
  }
  return Size(std::move(product));
}

}  // namespace adjoint

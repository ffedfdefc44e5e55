#include "kernel/polynomial.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace adjoint::kernel {
namespace {

// m divides n, and is not n: the term m is of lower order whatever the sizes.
bool dominated(const Polynomial::Monomial& m, const Polynomial::Monomial& n) {
  return m.size() < n.size() && std::includes(n.begin(), n.end(), m.begin(), m.end());
}

std::string product_text(const Polynomial::Monomial& monomial) {
  std::string out;
  for (std::size_t k = 0; k < monomial.size();) {
    std::size_t power = 1;
    while (k + power < monomial.size() && monomial[k + power] == monomial[k]) ++power;
    if (!out.empty()) out += '*';
    out += monomial[k];
    if (power > 1) out += '^' + std::to_string(power);
    k += power;
  }
  return out;
}

}  // namespace

Polynomial::Polynomial(const Rational& constant) {
  if (!constant.is_zero()) terms_[{}] = constant;
}
Polynomial::Polynomial(std::int64_t constant) : Polynomial(Rational(constant)) {}
Polynomial::Polynomial(int constant) : Polynomial(Rational(constant)) {}
Polynomial::Polynomial(const Size& size) {
  for (const auto& [monomial, coefficient] : size.terms()) terms_[monomial] = Rational(coefficient);
}
Polynomial Polynomial::name(std::string_view name) { return Size::name(name); }

std::optional<Rational> Polynomial::evaluate(const SizeValues& values) const {
  Rational sum;
  for (const auto& [monomial, coefficient] : terms_) {
    Rational product = coefficient;
    for (const auto& name : monomial) {
      const auto at = values.find(name);
      if (at == values.end()) return std::nullopt;
      product = product * Rational(at->second);
    }
    sum = sum + product;
  }
  return sum;
}

double Polynomial::value(const SizeValues& values) const {
  const auto exact = evaluate(values);
  return exact ? exact->value() : std::numeric_limits<double>::quiet_NaN();
}

std::string Polynomial::text() const {
  std::string out;
  for (const auto& [monomial, coefficient] : terms_) {
    const bool negative = coefficient.is_negative();
    if (out.empty()) {
      out = negative ? "-" : "";
    } else {
      out += negative ? " - " : " + ";
    }
    const Rational magnitude = coefficient.absolute();
    if (monomial.empty()) {
      out += magnitude.text();
    } else if (magnitude.exact()) {
      const Rational numerator(magnitude.numerator());
      if (!numerator.is_one()) out += numerator.text() + '*';
      out += product_text(monomial);
      if (magnitude.denominator() != 1) out += '/' + std::to_string(magnitude.denominator());
    } else {
      out += magnitude.text() + '*' + product_text(monomial);
    }
  }
  return out.empty() ? "0" : out;
}

Polynomial Polynomial::leading() const {
  Polynomial out;
  for (const auto& [monomial, coefficient] : terms_) {
    const bool lower = std::any_of(terms_.begin(), terms_.end(),
                                   [&m = monomial](const auto& term) { return dominated(m, term.first); });
    if (!lower) out.terms_[monomial] = coefficient;
  }
  return out;
}

std::string Polynomial::order() const {
  std::string out;
  for (const auto& [monomial, coefficient] : leading().terms_) {
    if (!out.empty()) out += " + ";
    out += monomial.empty() ? "1" : product_text(monomial);
  }
  return "O(" + (out.empty() ? "0" : out) + ")";
}

bool Polynomial::less_for_large(const Polynomial& a, const Polynomial& b) {
  const Polynomial difference = b - a;
  // Coefficients of each total degree, from the highest: the first that does not vanish decides.
  std::map<std::size_t, Rational, std::greater<>> degrees;
  for (const auto& [monomial, coefficient] : difference.terms_) {
    Rational& at = degrees[monomial.size()];
    at = at + coefficient;
  }
  for (const auto& [degree, coefficient] : degrees) {
    if (!coefficient.is_zero()) return !coefficient.is_negative();
  }
  return false;
}

int Polynomial::degree() const { return terms_.empty() ? 0 : static_cast<int>(terms_.begin()->first.size()); }

std::vector<std::string> Polynomial::names() const {
  std::set<std::string> names;
  for (const auto& term : terms_) names.insert(term.first.begin(), term.first.end());
  return {names.begin(), names.end()};
}

Polynomial Polynomial::substitute(std::string_view name, const Polynomial& replacement) const {
  Polynomial sum;
  for (const auto& [monomial, coefficient] : terms_) {
    Polynomial product(coefficient);
    for (const auto& n : monomial) product = product * (n == name ? replacement : Polynomial::name(n));
    sum += product;
  }
  return sum;
}

std::vector<std::pair<Polynomial::Monomial, Rational>> Polynomial::terms() const {
  return {terms_.begin(), terms_.end()};
}

bool Polynomial::is_one() const {
  return terms_.size() == 1 && terms_.begin()->first.empty() && terms_.begin()->second.is_one();
}

Polynomial& Polynomial::operator+=(const Polynomial& other) {
  if (&other == this) return *this = Polynomial(2) * other;
  for (const auto& [monomial, coefficient] : other.terms_) {
    const auto [at, added] = terms_.try_emplace(monomial, coefficient);
    if (added) continue;
    at->second = at->second + coefficient;
    if (at->second.is_zero()) terms_.erase(at);
  }
  return *this;
}

Polynomial& Polynomial::operator-=(const Polynomial& other) { return *this += Polynomial(-1) * other; }

Polynomial operator*(const Polynomial& a, const Polynomial& b) {
  if (a.is_one()) return b;
  if (b.is_one()) return a;
  Polynomial product;
  for (const auto& [ma, ca] : a.terms_) {
    for (const auto& [mb, cb] : b.terms_) {
      Polynomial::Monomial monomial = ma;
      monomial.insert(monomial.end(), mb.begin(), mb.end());
      std::sort(monomial.begin(), monomial.end());
      Rational& at = product.terms_[monomial];
      at = at + ca * cb;
      if (at.is_zero()) product.terms_.erase(monomial);
    }
  }
  return product;
}

}  // namespace adjoint::kernel

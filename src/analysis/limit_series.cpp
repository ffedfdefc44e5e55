#include "analysis/limit_series.hpp"

#include <algorithm>

#include "ops/elementwise.hpp"

namespace adjoint {
namespace {

constexpr int kSkipped = 4;    // terms that vanish at once, before one is handed on
constexpr int kCancelled = 2;  // such terms before the whole is looked at
constexpr int kGivenUp = 12;   // such terms, or summands that are looked through for the next term
constexpr int kMostScales = 12;

Shape shape_of(const Series& a) {
  const Series* s = &a;
  while (!s->is_constant()) s = &s->terms->at(0)->coefficient;
  return s->constant.shape();
}

bool is_constant_zero(const Series& a) { return a.is_constant() && is_zero(a.constant); }

Expr exact_of(const Series& a) {
  if (a.is_constant()) return a.constant;
  return a.exact ? a.exact() : Expr();
}

Exact both(const Series& a, const Series& b, std::function<Expr(Expr, Expr)> how) {
  return [a, b, how = std::move(how)]() -> Expr {
    const Expr x = exact_of(a);
    const Expr y = x ? exact_of(b) : Expr();
    return y ? how(x, y) : Expr();
  };
}

}  // namespace

const SeriesTerm* Stream::at(std::size_t k) {
  int skipped = 0;
  while (known_.size() <= k && !ended_) {
    if (auto term = next_()) {
      if (is_constant_zero(term->coefficient) && !known_.empty() && ++skipped < kSkipped) continue;
      known_.push_back(std::move(*term));
    } else {
      ended_ = true;
      next_ = {};
    }
  }
  return k < known_.size() ? &known_[k] : nullptr;
}

SeriesAlgebra::SeriesAlgebra(Expr eps, Constants& constants) : eps_(eps), constants_(constants) {
  scales_.push_back({eps, 0, {}});
}

Series SeriesAlgebra::constant(Expr e) {
  Series s;
  s.constant = e;
  return s;
}

Series SeriesAlgebra::from(const Scale* scale, Stream::Next next, Exact exact) {
  Series s;
  s.scale = scale;
  s.terms = std::make_shared<Stream>(std::move(next));
  s.exact = std::move(exact);
  return s;
}

Series SeriesAlgebra::parameter() {
  Lead l;
  const auto base = std::find_if(scales_.begin(), scales_.end(), [](const Scale& s) { return s.rank == 0; });
  l.monomial.emplace_back(&*base, eps_.graph().number(1));
  return monomial(l, eps_.graph().number(1), eps_.graph().number(1));
}

// factor * monomial^exponent
Series SeriesAlgebra::monomial(const Lead& l, Expr exponent, Expr factor) {
  Series s = constant(factor);
  Expr exact = factor;
  for (auto at = l.monomial.rbegin(); at != l.monomial.rend(); ++at) {
    const Expr e = constants_.tidy(adjoint::times(at->second, exponent));
    if (is_zero(e)) continue;
    exact = adjoint::times(exact, eps_.graph().power(at->first->exact, e));
    bool given = false;
    s = from(
        at->first,
        [s, e, given]() mutable -> std::optional<SeriesTerm> {
          if (given) return std::nullopt;
          given = true;
          return SeriesTerm{s, e};
        },
        [exact] { return exact; });
  }
  return s;
}

int SeriesAlgebra::compare(Expr a, Expr b) {
  if (a == b) return 0;
  const Rational* x = as_number(a);
  const Rational* y = as_number(b);
  if (x != nullptr && y != nullptr) return *x < *y ? -1 : *x == *y ? 0 : 1;
  return constants_.sign(a - b);
}

std::shared_ptr<Stream> SeriesAlgebra::terms_in(const Series& a, const Scale* scale) {
  if (a.scale == scale) return a.terms;
  bool given = false;
  const Expr zero = eps_.graph().number(0);
  return std::make_shared<Stream>([a, zero, given]() mutable -> std::optional<SeriesTerm> {
    if (given) return std::nullopt;
    given = true;
    return SeriesTerm{a, zero};
  });
}

namespace {
const Scale* faster(const Series& a, const Series& b) {
  if (a.is_constant()) return b.scale;
  if (b.is_constant()) return a.scale;
  return a.scale->rank <= b.scale->rank ? a.scale : b.scale;
}
}  // namespace

Series SeriesAlgebra::add(const Series& a, const Series& b) {
  if (a.is_constant() && b.is_constant()) return constant(a.constant + b.constant);
  if (is_constant_zero(a)) return b;
  if (is_constant_zero(b)) return a;
  const Scale* scale = faster(a, b);
  const auto x = terms_in(a, scale);
  const auto y = terms_in(b, scale);
  return from(
      scale,
      [this, x, y, i = std::size_t{0}, j = std::size_t{0}]() mutable -> std::optional<SeriesTerm> {
        const SeriesTerm* p = x->at(i);
        const SeriesTerm* q = y->at(j);
        if (p == nullptr && q == nullptr) return std::nullopt;
        const int order = p == nullptr ? 1 : q == nullptr ? -1 : compare(p->exponent, q->exponent);
        if (order <= 0) ++i;
        if (order >= 0) ++j;
        if (order < 0) return *p;
        if (order > 0) return *q;
        return SeriesTerm{add(p->coefficient, q->coefficient), p->exponent};
      },
      both(a, b, [](Expr u, Expr v) { return u + v; }));
}

Series SeriesAlgebra::mapped(const Series& a, const std::function<Expr(Expr)>& linear) {
  if (a.is_constant()) return constant(linear(a.constant));
  const auto x = a.terms;
  return from(
      a.scale,
      [this, x, linear, i = std::size_t{0}]() mutable -> std::optional<SeriesTerm> {
        const SeriesTerm* p = x->at(i++);
        if (p == nullptr) return std::nullopt;
        return SeriesTerm{mapped(p->coefficient, linear), p->exponent};
      },
      [a, linear]() -> Expr {
        const Expr e = exact_of(a);
        return e ? linear(e) : Expr();
      });
}

Series SeriesAlgebra::scaled(const Rational& c, const Series& a) {
  if (c.is_one()) return a;
  return mapped(a, [c](Expr e) { return c * e; });
}

Series SeriesAlgebra::multiply(const Series& a, const Series& b, const Combine& combine) {
  if (a.is_constant() && b.is_constant()) return constant(combine(a.constant, b.constant));
  const auto exact = both(a, b, combine);
  if (a.is_constant()) {
    Series s = mapped(b, [combine, x = a.constant](Expr y) { return combine(x, y); });
    s.exact = exact;
    return s;
  }
  if (b.is_constant()) {
    Series s = mapped(a, [combine, y = b.constant](Expr x) { return combine(x, y); });
    s.exact = exact;
    return s;
  }
  const Scale* scale = faster(a, b);
  const auto x = terms_in(a, scale);
  const auto y = terms_in(b, scale);
  std::vector<std::size_t> next;  // of each row of x, the next term of y
  return from(
      scale,
      [this, x, y, combine, next]() mutable -> std::optional<SeriesTerm> {
        std::optional<Series> total;
        Expr least;
        std::vector<std::size_t> rows;
        const auto offer = [&](std::size_t row, const SeriesTerm& p, const SeriesTerm& q) {
          const Expr e = constants_.tidy(p.exponent + q.exponent);
          const int order = least ? compare(e, least) : -1;
          if (order < 0) {
            least = e;
            rows.clear();
          }
          if (order <= 0) rows.push_back(row);
          return order;
        };
        for (std::size_t i = 0; i < next.size(); ++i) {
          const SeriesTerm* q = y->at(next[i]);
          if (q != nullptr) offer(i, *x->at(i), *q);
        }
        while (true) {  // rows that begin no later
          const SeriesTerm* p = x->at(next.size());
          const SeriesTerm* q = y->at(0);
          if (p == nullptr || q == nullptr) break;
          if (least && offer(next.size(), *p, *q) > 0) break;
          if (!least) offer(next.size(), *p, *q);
          next.push_back(0);
        }
        if (!least) return std::nullopt;
        for (const auto row : rows) {
          const SeriesTerm* p = x->at(row);
          const SeriesTerm* q = y->at(next[row]++);
          const Series one = multiply(p->coefficient, q->coefficient, combine);
          total = total ? add(*total, one) : one;
        }
        return SeriesTerm{*total, least};
      },
      exact);
}

Series SeriesAlgebra::times(const Series& a, const Series& b) {
  return multiply(a, b, [](Expr u, Expr v) { return adjoint::times(u, v); });
}

Series SeriesAlgebra::tail(const Series& a, std::size_t first) {
  const auto x = a.terms;
  return from(a.scale,
              [x, i = first]() mutable -> std::optional<SeriesTerm> {
                const SeriesTerm* p = x->at(i++);
                if (p == nullptr) return std::nullopt;
                return *p;
              },
              {});
}

Series SeriesAlgebra::trimmed(const Series& a) {
  if (a.is_constant())
    return constants_.vanishes(a.constant) ? constant(eps_.graph().zeros(a.constant.shape()))
                                           : constant(constants_.tidy(a.constant));
  const auto whole_vanishes = [&] {
    const Expr e = exact_of(a);
    return e && constants_.vanishes_near(e, eps_);
  };
  const Shape shape = shape_of(a);
  for (std::size_t k = 0;; ++k) {
    const SeriesTerm* p = a.terms->at(k);
    if (p == nullptr) return constant(eps_.graph().zeros(shape));
    const Series c = trimmed(p->coefficient);
    if (is_constant_zero(c)) {
      if (k == kCancelled && whole_vanishes()) return constant(eps_.graph().zeros(shape));
      if (k == kGivenUp) throw Undecided("terms of an expansion cancel beyond the order looked at");
      continue;
    }
    const Expr e = p->exponent;
    if (is_zero(e) && a.terms->at(k + 1) == nullptr) return c;  // only slower scales are left
    const auto rest = a.terms;
    return from(
        a.scale,
        [rest, c, e, k, i = k]() mutable -> std::optional<SeriesTerm> {
          const SeriesTerm* q = rest->at(i++);
          if (q == nullptr) return std::nullopt;
          return i == k + 1 ? SeriesTerm{c, e} : *q;
        },
        a.exact);
  }
}

SeriesAlgebra::Lead SeriesAlgebra::lead(const Series& a) {
  Lead l;
  const Series* s = &a;
  while (!s->is_constant()) {
    const SeriesTerm* p = s->terms->at(0);
    if (!is_zero(p->exponent)) l.monomial.emplace_back(s->scale, p->exponent);
    s = &p->coefficient;
  }
  l.constant = s->constant;
  return l;
}

int SeriesAlgebra::direction(const Lead& l) {
  return l.monomial.empty() ? 0 : constants_.sign(l.monomial[0].second);
}

Series SeriesAlgebra::without(const Series& a, const Lead& l) {
  const Series& s = a;
  const Expr minus = eps_.graph().number(-1);
  if (l.monomial.empty()) return a;
  const Series inverse = monomial(l, minus, eps_.graph().number(1));
  return trimmed(times(s, inverse));
}

std::pair<Series, Series> SeriesAlgebra::parts(const Series& a) {
  if (a.is_constant()) return {a, constant(eps_.graph().zeros(a.constant.shape()))};
  const SeriesTerm* p = a.terms->at(0);
  const int order = compare(p->exponent, eps_.graph().number(0));
  if (order > 0) return {constant(eps_.graph().zeros(shape_of(a))), a};
  if (order < 0) throw Undecided("it grows");
  Series rest = tail(a, 1);
  rest.exact = both(a, p->coefficient, [](Expr u, Expr v) { return u - v; });
  if (a.terms->at(1) == nullptr) rest = constant(eps_.graph().zeros(shape_of(a)));
  return {p->coefficient, rest};
}

Series SeriesAlgebra::summed(const Series& h, std::function<std::optional<Series>(int)> summand) {
  const auto first = summand(0);
  if (h.is_constant()) return first ? *first : h;
  const Expr step = h.terms->at(0)->exponent;
  if (compare(step, eps_.graph().number(0)) <= 0) throw Undecided("a power series of what does not vanish");
  struct Row {
    std::shared_ptr<Stream> terms;
    std::size_t next = 0;
  };
  const Scale* scale = h.scale;
  std::vector<Row> rows{{terms_in(*first, scale), 0}};
  bool ended = false;
  return from(scale,
              [this, scale, step, shape = shape_of(*first), summand = std::move(summand), rows,
               ended]() mutable -> std::optional<SeriesTerm> {
                for (int idle = 0; idle < kGivenUp; ++idle) {
                  Expr least;
                  for (const auto& r : rows) {
                    const SeriesTerm* q = r.terms->at(r.next);
                    if (q != nullptr && (!least || compare(q->exponent, least) < 0)) least = q->exponent;
                  }
                  const Expr bound = constants_.tidy(Rational(static_cast<std::int64_t>(rows.size())) * step);
                  if (!ended && (!least || compare(bound, least) <= 0)) {  // the next summand may begin here
                    if (auto more = summand(static_cast<int>(rows.size()))) {
                      if (!more->is_constant() && more->scale->rank < scale->rank)
                        throw Undecided("a faster scale within a power series");
                      rows.push_back({terms_in(*more, scale), 0});
                    } else {
                      ended = true;
                    }
                    continue;
                  }
                  if (!least) return std::nullopt;
                  std::optional<Series> total;
                  for (auto& r : rows) {
                    const SeriesTerm* q = r.terms->at(r.next);
                    if (q == nullptr || compare(q->exponent, least) != 0) continue;
                    ++r.next;
                    total = total ? add(*total, q->coefficient) : q->coefficient;
                  }
                  return SeriesTerm{*total, least};
                }
                return SeriesTerm{constant(eps_.graph().zeros(shape)),
                                  Rational(static_cast<std::int64_t>(rows.size()) - 1) * step};
              },
              {});
}

// ---- powers, logarithms and exponentials ----

Series SeriesAlgebra::power(const Series& base, Expr exponent) {
  Graph& g = eps_.graph();
  const Rational* number = as_number(exponent);
  const bool integer = number != nullptr && number->is_integer();
  const auto exact = [base, exponent]() -> Expr {
    const Expr e = exact_of(base);
    return e ? e.graph().power(e, exponent) : Expr();
  };
  if (number != nullptr && number->is_zero()) return constant(g.ones(shape_of(base)));
  if (integer && !number->is_negative() && number->numerator() <= 4 && !base.is_constant()) {
    Series r = base;
    for (std::int64_t k = 1; k < number->numerator(); ++k) r = times(r, base);
    return r;
  }
  const Series b = trimmed(base);
  if (is_constant_zero(b)) {
    if (constants_.sign(exponent) > 0) return b;
    throw NotDefinedThere("a division by 0");
  }
  const Lead l = lead(b);
  if (!integer) {
    if (constants_.is_negative(l.constant)) throw NotDefinedThere("a root of a negative number");
    if (!constants_.assume(Condition::Positive, l.constant))
      throw NotDefinedThere("a root of a negative number");
  }
  if (!(integer && !number->is_negative() && l.monomial.empty() && b.is_constant()) &&
      !constants_.assume(Condition::NonZero, l.constant))
    throw Undecided("a coefficient that may vanish");
  const Expr head = g.power(l.constant, exponent);
  const Series front = monomial(l, exponent, head);
  if (b.is_constant()) return front;
  // (1 + z)^p with z -> 0, scale by scale.
  Series unit =
      mapped(without(b, l), [c = g.power(l.constant, g.number(-1))](Expr e) { return adjoint::times(c, e); });
  std::function<Series(const Series&)> binomial = [&](const Series& one) -> Series {
    if (one.is_constant()) return constant(g.ones(one.constant.shape()));
    const auto [slow, fast] = parts(one);
    const Series low = binomial(slow);
    if (is_constant_zero(fast)) return low;
    Series z = slow.is_constant() ? fast : times(fast, power(slow, g.number(-1)));
    Series zk = constant(g.ones(shape_of(z)));
    const Series raised_sum =
        summed(z, [this, z, zk, exponent, c = g.number(1)](int k) mutable -> std::optional<Series> {
          if (k > 0) {
            c = constants_.tidy(adjoint::times(c, Rational(1, k) * (exponent - eps_.graph().number(k - 1))));
            if (is_zero(c)) return std::nullopt;
            zk = times(zk, z);
          }
          return mapped(zk, [c](Expr e) { return adjoint::times(c, e); });
        });
    return slow.is_constant() ? raised_sum : times(low, raised_sum);
  };
  Series s = times(front, binomial(unit));
  if (!s.is_constant()) s.exact = exact;
  return s;
}

const Scale* SeriesAlgebra::slower(const Scale* scale) {
  for (auto at = scales_.begin(); at != scales_.end(); ++at) {
    if (&*at == scale) return std::next(at) == scales_.end() ? nullptr : &*std::next(at);
  }
  return nullptr;
}

// log(1/scale)
Series SeriesAlgebra::log_of(const Scale* scale) {
  if (scale->growth.terms || scale->growth.constant) return scale->growth;
  // The slow end of the chain: 1/log(1/scale) is the next scale.
  Graph& g = eps_.graph();
  if (scales_.size() >= kMostScales) throw Undecided("too many scales");
  const Expr exact = adjoint::power(-adjoint::log(scale->exact), Rational(-1));
  scales_.push_back({exact, scales_.back().rank + 1, {}});
  Lead l;
  l.monomial.emplace_back(&scales_.back(), g.number(1));
  for (auto& s : scales_) {
    if (&s == scale) s.growth = monomial(l, g.number(-1), g.number(1));
  }
  return scale->growth;
}

Series SeriesAlgebra::log(const Series& a) {
  Graph& g = eps_.graph();
  const Series b = trimmed(a);
  if (is_constant_zero(b)) throw NotDefinedThere("a logarithm of 0");
  const Lead l = lead(b);
  if (constants_.is_negative(l.constant) || !constants_.assume(Condition::Positive, l.constant))
    throw NotDefinedThere("a logarithm of a negative number");
  Series s = constant(adjoint::log(l.constant));
  for (const auto& [scale, exponent] : l.monomial) {
    const Series growth = log_of(scale);
    s = add(s, mapped(growth, [e = -exponent, shape = l.constant.shape()](Expr c) {
              const Expr one = adjoint::times(e, c);
              return shape.empty() ? one : broadcast(one, shape);
            }));
  }
  Series unit =
      mapped(without(b, l), [c = g.power(l.constant, g.number(-1))](Expr e) { return adjoint::times(c, e); });
  std::function<Series(const Series&)> logarithm = [&](const Series& one) -> Series {
    if (one.is_constant()) return constant(g.zeros(one.constant.shape()));
    const auto [slow, fast] = parts(one);
    const Series low = logarithm(slow);
    if (is_constant_zero(fast)) return low;
    const Series z = slow.is_constant() ? fast : times(fast, power(slow, g.number(-1)));
    const Expr zero = g.zeros(shape_of(z));
    Series zk = constant(g.ones(shape_of(z)));
    return add(low, summed(z, [this, z, zk, zero](int k) mutable -> std::optional<Series> {
                 if (k == 0) return constant(zero);
                 zk = times(zk, z);
                 return scaled(Rational(k % 2 == 1 ? 1 : -1, k), zk);
               }));
  };
  s = add(s, logarithm(unit));
  if (!s.is_constant()) {
    s.exact = [a]() -> Expr {
      const Expr e = exact_of(a);
      return e ? adjoint::log(e) : Expr();
    };
  }
  return s;
}

Series SeriesAlgebra::exp(const Series& u) {
  Graph& g = eps_.graph();
  const auto exact = [u]() -> Expr {
    const Expr e = exact_of(u);
    return e ? adjoint::exp(e) : Expr();
  };
  const Series a = trimmed(u);
  if (a.is_constant()) return constant(constants_.tidy(adjoint::exp(a.constant)));
  const int order = compare(a.terms->at(0)->exponent, g.number(0));
  if (order < 0) {
    const Lead l = lead(a);
    if (!shape_of(a).empty()) throw Undecided("an exponential of an array that grows");
    Series s = grown(a, l, constants_.sign(l.constant));
    if (!s.is_constant()) s.exact = exact;
    return s;
  }
  const auto [slow, fast] = parts(a);
  const Series low = exp(slow);
  if (is_constant_zero(fast)) return low;
  Series hk = constant(g.ones(shape_of(fast)));
  const Series h = fast;
  const Series sum = summed(h, [this, h, hk, c = Rational(1)](int k) mutable -> std::optional<Series> {
    if (k > 0) {
      hk = times(hk, h);
      c = c / Rational(k);
    }
    return scaled(c, hk);
  });
  Series s = times(low, sum);
  if (!s.is_constant()) s.exact = exact;
  return s;
}

namespace {
// Which of two monomials that grow does so faster: -1 the first, 1 the second, 0 neither.
int faster_growth(const SeriesAlgebra::Lead& a, const SeriesAlgebra::Lead& b,
                  const std::function<int(Expr, Expr)>& compare) {
  for (std::size_t k = 0;; ++k) {
    if (k == a.monomial.size() && k == b.monomial.size()) return 0;
    if (k == a.monomial.size())
      return compare(b.monomial[k].second, b.monomial[k].second.graph().number(0)) < 0 ? 1 : -1;
    if (k == b.monomial.size())
      return compare(a.monomial[k].second, a.monomial[k].second.graph().number(0)) < 0 ? -1 : 1;
    const auto& [p, e] = a.monomial[k];
    const auto& [q, f] = b.monomial[k];
    const Expr zero = e.graph().number(0);
    if (p != q) {
      if (p->rank < q->rank) return compare(e, zero) < 0 ? -1 : 1;
      return compare(f, zero) < 0 ? 1 : -1;
    }
    const int order = compare(e, f);
    if (order != 0) return order;
  }
}
}  // namespace

// exp of what grows: a power of a scale that is there, times the exponential of less; else a new scale.
Series SeriesAlgebra::grown(const Series& a, const Lead& l, int sign) {
  Graph& g = eps_.graph();
  if (sign == 0) throw Undecided("a coefficient that vanishes");
  const auto order = [this](Expr x, Expr y) { return compare(x, y); };
  double after = scales_.front().rank - 2;  // the slowest scale whose logarithm grows faster than a
  double before = scales_.front().rank;
  bool found = false;
  for (auto& s : scales_) {
    const Series growth = log_of(&s);
    const Lead other = lead(growth);
    const int which = faster_growth(l, other, order);
    if (which == 0) {
      const Expr c = constants_.tidy(divide(l.constant, other.constant));
      const Series rest = trimmed(add(a, mapped(growth, [c](Expr e) { return -adjoint::times(c, e); })));
      Lead unit;
      unit.monomial.emplace_back(&s, g.number(1));
      return times(monomial(unit, -c, g.number(1)), exp(rest));
    }
    if (which < 0) {
      before = s.rank;
      found = true;
      break;
    }
    after = s.rank;
  }
  if (!found || scales_.size() >= kMostScales) throw Undecided("too many scales");
  const Expr inside = exact_of(a);
  if (!inside) throw Undecided("an exponential whose argument is not known in full");
  Scale scale;
  scale.exact = adjoint::exp(sign > 0 ? -inside : inside);
  scale.growth = scaled(Rational(sign), a);
  scale.rank = (after + before) / 2;
  const auto place =
      std::find_if(scales_.begin(), scales_.end(), [&](const Scale& s) { return s.rank == before; });
  const auto made = scales_.insert(place, scale);
  Lead unit;
  unit.monomial.emplace_back(&*made, g.number(1));
  return monomial(unit, g.number(-sign), g.number(1));
}

}  // namespace adjoint

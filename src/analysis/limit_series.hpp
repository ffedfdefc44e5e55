// Asymptotic expansions of functions of one parameter eps as it goes to 0 from above: lazy series in several
// scales, each faster than every power of the next.
//
// A series in a scale s is sum c_k * s^e_k with e_0 < e_1 < …, where each c_k is a series in slower scales
// and in the end a constant, an expression of any shape that does not hold the parameter. Source: D. Gruntz,
// On Computing Limits in a Symbolic Manipulation System (ETH 1996); B. Salvy & J. Shackell, Symbolic
// asymptotics: multiseries of inverse functions, J. Symb. Comp. 27 (1999); J. van der Hoeven, Transseries and
// Real Differential Algebra (2006), ch. 1.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "analysis/limit_constants.hpp"

namespace adjoint {

struct Scale;
class Stream;

/// An expression that is written down when it is asked for, once, and shared by copies.
class Exact {
 public:
  Exact() = default;
  template <class F>
  requires std::is_invocable_r_v<Expr, F> Exact(F write)
      : state_(std::make_shared<State>()) {  // NOLINT(google-explicit-constructor): reads as the value
    state_->write = std::move(write);
  }
  explicit operator bool() const { return state_ != nullptr; }
  /// May be null.
  Expr operator()() const {
    if (state_->write) {
      state_->value = state_->write();
      state_->write = {};
    }
    return state_->value;
  }

 private:
  struct State {
    std::function<Expr()> write;
    Expr value;
  };
  std::shared_ptr<State> state_;
};

struct Series {
  const Scale* scale = nullptr;  // null: a constant
  Expr constant;
  std::shared_ptr<Stream> terms;
  Exact exact;  // what the series stands for, in eps; may give null

  [[nodiscard]] bool is_constant() const { return scale == nullptr; }
};

struct SeriesTerm {
  Series coefficient;  // in slower scales
  Expr exponent;       // a scalar constant
};

/// Terms that are found one after the other as they are asked for, and kept.
class Stream {
 public:
  using Next = std::function<std::optional<SeriesTerm>()>;
  explicit Stream(Next next) : next_(std::move(next)) {}
  /// Null behind the last term.
  const SeriesTerm* at(std::size_t k);

 private:
  Next next_;
  std::deque<SeriesTerm> known_;
  bool ended_ = false;
};

/// A function that goes to 0 from above, faster than every power of the scales of higher rank.
struct Scale {
  Expr exact;     // in eps
  double rank;    // the order among scales: low is fast
  Series growth;  // log(1/scale), a series in slower scales
};

/// A bilinear map of constants.
using Combine = std::function<Expr(Expr, Expr)>;

/// Arithmetic of series. Throws Undecided where a sign or a zero cannot be decided.
class SeriesAlgebra {
 public:
  SeriesAlgebra(Expr eps, Constants& constants);

  static Series constant(Expr e);
  Series parameter();
  Series add(const Series& a, const Series& b);
  Series multiply(const Series& a, const Series& b, const Combine& combine);
  Series times(const Series& a, const Series& b);  // entrywise, scalars broadcast
  /// A linear map of the constants, `exact` being what becomes of the whole.
  Series mapped(const Series& a, const std::function<Expr(Expr)>& linear);
  Series scaled(const Rational& c, const Series& a);
  /// Without terms in front that vanish; a constant zero where all do.
  Series trimmed(const Series& a);
  /// base.^exponent for a constant scalar exponent.
  Series power(const Series& base, Expr exponent);
  Series log(const Series& a);
  Series exp(const Series& a);
  /// sum over k of terms(k), whose exponents are at least k times those of the trimmed h; ends where terms(k)
  /// is empty. h goes to 0.
  Series summed(const Series& h, std::function<std::optional<Series>(int)> terms);

  /// The leading monomial of a trimmed series: exponents of scales from fast to slow, and the constant.
  struct Lead {
    std::vector<std::pair<const Scale*, Expr>> monomial;  // exponents that are not 0
    Expr constant;
  };
  static Lead lead(const Series& trimmed);
  /// The sign of the first exponent: -1 grows, 0 has a limit, 1 goes to 0.
  int direction(const Lead& lead);
  /// The trimmed series times the monomial to the power -1.
  Series without(const Series& a, const Lead& lead);
  Series monomial(const Lead& lead, Expr exponent, Expr factor);
  /// Of a trimmed series without growing part: the coefficient of exponent 0 in its own scale (in slower
  /// ones), and the rest, which goes to 0.
  std::pair<Series, Series> parts(const Series& a);

  Expr eps() const { return eps_; }
  Constants& constants() { return constants_; }

 private:
  std::shared_ptr<Stream> terms_in(const Series& a, const Scale* scale);
  int compare(Expr a, Expr b);  // exponents
  Series log_of(const Scale* scale);
  Series grown(const Series& a, const Lead& lead, int sign);
  Series tail(const Series& a, std::size_t from);
  const Scale* slower(const Scale* scale);
  Series from(const Scale* scale, Stream::Next next, Exact exact);

  Expr eps_;
  Constants& constants_;
  std::list<Scale> scales_;  // from fast to slow
};

}  // namespace adjoint

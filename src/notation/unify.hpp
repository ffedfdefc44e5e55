// Unification of sizes: integer polynomials with unknowns.
//
// An unknown is a size name that begins with '?'. Two sizes are made equal by solving for an unknown
// that occurs once, linearly, with coefficient 1 or -1; equations that cannot be solved yet wait.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "notation/diagnostics.hpp"
#include "syntax/ast.hpp"

namespace adjoint::notation {

class Unifier {
 public:
  enum class Range : std::uint8_t {
    Any,    // may be 1
    NotOne  // the axis of a vector or matrix: never literally 1
  };

  /// A fresh unknown; `wish` is the name that it would like to have.
  Size unknown(Range range, std::string wish = "");
  /// The size with all that is known put in.
  [[nodiscard]] Size resolve(const Size& size) const;
  [[nodiscard]] syntax::Type resolve(const syntax::Type& type) const;
  /// Makes two sizes equal; false where they contradict each other.
  bool equal(const Size& a, const Size& b, Place place);
  /// min(a, b), which may have to wait for a and b.
  Size minimum(const Size& a, const Size& b);
  /// Where an unknown was settled.
  [[nodiscard]] std::optional<Place> settled_at(const std::string& unknown) const;
  [[nodiscard]] const std::string& wish(const std::string& unknown) const;

  /// Trials: everything since the mark can be taken back.
  struct Mark {
    std::size_t trail, waiting;
  };
  [[nodiscard]] Mark mark() const { return {trail_.size(), waiting_.size()}; }
  void back(const Mark& mark);

  /// Equations that still wait; each is tried again and dropped if it holds. Returns the first that cannot.
  struct Equation {
    Size a, b;
    Place place;
  };
  std::optional<Equation> settle();
  /// Replaces the sizes of minimum() whose arguments are known; returns false where some are not.
  void settle_minima();

  static bool is_unknown(const std::string& name) { return !name.empty() && name[0] == '?'; }

 private:
  bool solve(const Size& difference, Place place);

  struct Binding {
    Size value;
    Place place;
  };
  struct Minimum {
    std::string unknown;
    Size a, b;
  };
  std::map<std::string, Binding> bindings_;
  std::vector<std::string> trail_;
  std::vector<Equation> waiting_;
  std::vector<Minimum> minima_;
  std::set<std::string> not_one_;
  std::map<std::string, std::string> wishes_;
  int next_ = 1;
};

}  // namespace adjoint::notation

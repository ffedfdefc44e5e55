// Conditions in the notation.
#include <algorithm>
#include <cctype>
#include <optional>

#include "analysis/conditions.hpp"
#include "analysis/domain.hpp"
#include "analysis/forms.hpp"
#include "ops/matrix.hpp"

namespace adjoint {
namespace {

using C = Condition;

// A name or a call needs no parentheses before an index.
bool stands_alone(const std::string& text) {
  int depth = 0;
  for (std::size_t k = 0; k < text.size(); ++k) {
    const char c = text[k];
    if (c == '(' || c == '[') {
      ++depth;
    } else if (c == ')' || c == ']') {
      --depth;
    } else if (depth == 0 && std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') {
      return false;
    }
  }
  return !text.empty() && text[0] != '(';
}

std::string indices(int rank) {
  std::string list = "i";
  for (int k = 1; k < rank; ++k) list += std::string(",") + static_cast<char>('i' + k);
  return list;
}

std::string every_entry(Expr e, const Say& say, const std::string& relation, const std::string& value) {
  const std::string text = say(e);
  if (e.rank() == 0) return text + relation + value;
  const std::string at = indices(e.rank());
  std::string spaced = at;
  for (std::size_t p = spaced.find(','); p != std::string::npos; p = spaced.find(',', p + 2))
    spaced.insert(p + 1, " ");
  return (stands_alone(text) ? text : "(" + text + ")") + "[" + at + "]" + relation + value + " for all " +
         spaced;
}

std::string size_text(Expr e, int axis) { return e.shape()[static_cast<std::size_t>(axis)].text(); }

// Sums of squares along an axis: "X[:,j] != 0 for all j".
std::string slices(Expr e, const Say& say) {
  if (e->kind != Kind::Product || e->factors.size() != 1 || e.rank() != 1) return {};
  const Factor& f = e->factors[0];
  const Rational* p = f.expr->kind == Kind::Power ? as_number(f.expr->operands[1]) : nullptr;
  if (p == nullptr || !p->is_even() || f.labels.size() != 2 || f.labels[0] == f.labels[1]) return {};
  const std::string text = say(f.expr->operands[0]);
  const std::string name = stands_alone(text) ? text : "(" + text + ")";
  return name + (f.labels[0] == e->output[0] ? "[i,:] != 0 for all i" : "[:,j] != 0 for all j");
}

std::string named(Expr e, const Say& say) {
  const std::string text = say(e);
  return stands_alone(text) ? text : "(" + text + ")";
}

// e[i,j] = u[i] - u[j] as u (up to a factor): kind 1; the sum over k of (U[i,k] - U[j,k])^2 as U: kind 2, or
// 3 where the pairs are columns.
struct Pairs {
  Expr of;
  int kind = 0;
};
std::optional<Pairs> difference_of_pairs(Expr e, int i, int j) {
  if (e->kind != Kind::Sum || e->terms.size() != 2) return std::nullopt;
  if (!(e->terms[0].coefficient + e->terms[1].coefficient).is_zero()) return std::nullopt;
  Expr of;
  int axes_seen = 0;
  int kind = 0;
  for (const Term& t : e->terms) {
    const Node& n = *t.expr;
    if (n.kind != Kind::Product || n.factors.size() != 1 || !n.coefficient.is_one()) return std::nullopt;
    const Factor& f = n.factors[0];
    if (of && !(of == f.expr)) return std::nullopt;
    of = f.expr;
    const auto at = [&n](int axis) { return n.output[static_cast<std::size_t>(axis)]; };
    for (const int axis : {i, j}) {
      if (std::find(f.labels.begin(), f.labels.end(), at(axis)) != f.labels.end())
        axes_seen += axis == i ? 1 : 10;
    }
    const bool first = f.labels[0] == at(i) || f.labels[0] == at(j);
    kind = f.labels.size() == 1 ? 1 : f.labels.size() == 2 ? (first ? 2 : 3) : 0;
  }
  if (axes_seen != 11 || kind == 0) return std::nullopt;
  return Pairs{of, kind};
}
std::optional<Pairs> pairs_of(Expr e) {
  if (e.rank() != 2 || !(e.shape()[0] == e.shape()[1])) return std::nullopt;
  if (auto p = difference_of_pairs(e, 0, 1); p && p->kind == 1) return p;
  if (e->kind != Kind::Product || e->factors.size() != 1) return std::nullopt;
  const Factor& f = e->factors[0];
  if (f.expr->kind != Kind::Power || f.labels.size() != 3) return std::nullopt;
  const Rational* p = as_number(f.expr->operands[1]);
  if (p == nullptr || !(*p == Rational(2))) return std::nullopt;
  int i = -1;
  int j = -1;
  for (int k = 0; k < 3; ++k) {
    if (f.labels[static_cast<std::size_t>(k)] == e->output[0]) i = k;
    if (f.labels[static_cast<std::size_t>(k)] == e->output[1]) j = k;
  }
  if (i < 0 || j < 0) return std::nullopt;
  auto found = difference_of_pairs(f.expr->operands[0], i, j);
  return found && found->kind != 1 ? found : std::nullopt;
}

// Of the pairs of a sum over pairs, where those with i = j are constant.
std::string different_pairs(Expr e, const Say& say) {
  const auto pairs = pairs_of(e);
  if (!pairs) return {};
  const std::string name = named(pairs->of, say);
  switch (pairs->kind) {
    case 1:
      return name + "[i] != " + name + "[j] for all i != j";
    case 2:
      return name + "[i,:] != " + name + "[j,:] for all i != j";
    default:
      return name + "[:,i] != " + name + "[:,j] for all i != j";
  }
}

// "the maximum of each row of X"; a transpose exchanges rows and columns.
std::string extreme_text(const Requirement& r, const char* which, const Say& say) {
  if (r.axis < 0 || r.operand.rank() != 2)
    return std::string("the ") + which + " of " + (r.axis < 0 ? "" : "each line of ") + say(r.operand);
  const std::string straight = say(r.operand);
  const std::string turned = say(transposed(r.operand));
  const bool turn = turned.size() < straight.size();
  const bool rows = (r.axis == 1) != turn;
  return std::string("the ") + which + " of each " + (rows ? "row" : "column") + " of " +
         (turn ? turned : straight);
}

// Conditions on a batch of matrices, which the notation has no name for.
std::string of_batch(C predicate) {
  switch (predicate) {
    case C::Invertible:
      return "every matrix that is inverted, or whose log-determinant is taken, is invertible";
    case C::FullRank:
    case C::FullColumnRank:
    case C::FullRowRank:
      return "every matrix whose rank matters has full rank";
    case C::Semidefinite:
      return "every matrix whose root is taken is positive semi-definite";
    case C::Definite:
      return "every matrix whose root or factor is taken is positive definite";
    case C::SimpleSpectrum:
      return "the eigenvalues of each matrix are distinct";
    case C::DistinctSingular:
      return "the singular values of each matrix are distinct and not 0";
    case C::SimpleTop:
      return "the largest singular value of each matrix is simple and not 0";
    case C::NoNegativeRealEigenvalue:
      return "no eigenvalue of a matrix whose logarithm is taken is real and <= 0";
    case C::SpectraDisjoint:
      return "no two eigenvalues of the matrix of a Lyapunov equation add up to 0";
    case C::ConstantRank:
      return "the rank of each matrix is constant nearby";
    default:
      return {};
  }
}

std::string plain(const Requirement& r, const Say& say) {
  const Expr e = r.operand;
  const auto text = [&] { return say(e); };
  if (e.rank() > 2) {
    if (std::string batch = of_batch(r.predicate); !batch.empty()) return batch;
  }
  const bool signs = r.predicate == C::NonZero || r.predicate == C::Positive;
  if (signs && r.of_kink && vanishes_on_diagonal(e)) {
    if (std::string pairs = different_pairs(e, say); !pairs.empty()) return pairs;
    return named(e, say) + "[i,j] " + (r.predicate == C::NonZero ? "!= 0" : "> 0") + " for all i != j";
  }
  switch (r.predicate) {
    case C::Positive:
      if (std::string text_of_slices = slices(e, say); !text_of_slices.empty()) return text_of_slices;
      return every_entry(e, say, " > ", "0");
    case C::NonNegative:
      return every_entry(e, say, " >= ", "0");
    case C::NonZero:
      return every_entry(e, say, " != ", "0");
    case C::NotAllZero:
      return text() + " != 0";
    case C::InUnit:
      return every_entry(
          e, [&](Expr u) { return "abs(" + say(u) + ")"; }, " <= ", "1");
    case C::InsideUnit:
      return every_entry(
          e, [&](Expr u) { return "abs(" + say(u) + ")"; }, " < ", "1");
    case C::AboveMinusOne:
      return every_entry(e, say, " > ", "-1");
    case C::CosNonZero:
      return every_entry(
          e, [&](Expr u) { return "cos(" + say(u) + ")"; }, " != ", "0");
    case C::Invertible:
      return "det(" + text() + ") != 0";
    case C::FullRank:
      return "rank(" + text() + ") = " + (e.rank() >= 2 ? smaller(e.shape()[0], e.shape()[1]).text() : "1");
    case C::FullColumnRank:
      return "rank(" + text() + ") = " + size_text(e, 1);
    case C::FullRowRank:
      return "rank(" + text() + ") = " + size_text(e, 0);
    case C::Semidefinite:
      return text() + " in PSD(" + size_text(e, 0) + ")";
    case C::Definite:
      return text() + " in PD(" + size_text(e, 0) + ")";
    case C::SimpleSpectrum:
      return "the eigenvalues of " + text() + " are distinct";
    case C::DistinctSingular:
      return "the singular values of " + text() + " are distinct and not 0";
    case C::SimpleTop:
      return "the largest singular value of " + text() + " is simple and not 0";
    case C::UniqueMaximum:
      return extreme_text(r, "maximum", say) + " is attained once";
    case C::UniqueMinimum:
      return extreme_text(r, "minimum", say) + " is attained once";
    case C::NoNegativeRealEigenvalue:
      return "no eigenvalue of " + text() + " is real and <= 0";
    case C::SpectraDisjoint:
      return "no two eigenvalues of " + text() + " add up to 0";
    case C::Differ:
      return every_entry(e, say, " != ", [&] {
        if (const Expr number = uniform(r.other)) return say(number);
        const std::string other = say(r.other);
        return (stands_alone(other) ? other : "(" + other + ")") + "[" + indices(r.other.rank()) + "]";
      }());
    case C::ConstantRank:
      return "the rank of " + text() + " is constant nearby";
    case C::NormSmooth:
    case C::NormTwiceSmooth:
    case C::Unknown:
      break;
  }
  return "not known for " + text();
}

}  // namespace

std::string condition_text(const Requirement& r, const Say& say) {
  std::string text = plain(r, say);
  if (r.guard) {
    text += r.guard_holds ? " where " : " except where ";
    const Expr c = r.guard;
    const std::string_view name = c->kind == Kind::Apply ? c->op->name : std::string_view();
    const std::string relation = name == "less"         ? " < "
                                 : name == "less_equal" ? " <= "
                                 : name == "equal"      ? " == "
                                                        : "";
    const auto side = [&](Expr e) {
      const Expr number = uniform(e);
      return say(number ? number : e);
    };
    text += relation.empty() ? say(c) : side(c->operands[0]) + relation + side(c->operands[1]);
  }
  return text;
}

std::vector<std::string> condition_texts(const std::vector<Requirement>& requirements, const Say& say) {
  if (requirements.empty()) return {"everywhere"};
  std::vector<std::string> texts;
  for (const auto& r : requirements) {
    if (r.impossible) return {"nowhere"};
    std::string text = condition_text(r, say);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<std::string> sufficient_texts(const std::vector<Requirement>& requirements, const Say& say) {
  std::vector<std::string> texts;
  for (const auto& r : requirements) {
    if (r.necessary || r.impossible) continue;
    std::string text = condition_text(r, say);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace adjoint

// Conditions in the notation.
#include <algorithm>
#include <cctype>

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

std::string plain(const Requirement& r, const Say& say) {
  const Expr e = r.operand;
  const auto text = [&] { return say(e); };
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
      return "the maximum of " + text() + " is attained once";
    case C::UniqueMinimum:
      return "the minimum of " + text() + " is attained once";
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

}  // namespace adjoint

#include "analysis/analyse.hpp"

namespace adjoint {
namespace {

std::string value_text(const Limit& l, const Say& say) {
  switch (l.kind) {
    case Limit::Kind::Finite:
      return say(l.value);
    case Limit::Kind::PlusInfinity:
      return "inf";
    case Limit::Kind::MinusInfinity:
      return "-inf";
    case Limit::Kind::Undefined:
      return "not defined";
    case Limit::Kind::None:
      return "none";
    case Limit::Kind::Unknown:
      break;
  }
  return "unknown";
}

}  // namespace

std::string limit_value_text(const Limit& l, const Say& say) {
  if (l.by_sign.size() != 3) return value_text(l, say);
  std::string text;
  const char* relations[] = {" > 0", " = 0", " < 0"};
  for (std::size_t k = 0; k < 3; ++k) {
    const Limit& one = l.by_sign[k];
    if (one.kind == Limit::Kind::Undefined) continue;
    text +=
        (text.empty() ? "" : "; ") + limit_value_text(one, say) + " where " + say(l.sign_of) + relations[k];
    for (const auto& c : one.cases) text += " and " + condition_text(c.where, say);
  }
  return text;
}

std::string limit_text(const Limit& l, const Say& say) {
  std::string text;
  switch (l.kind) {
    case Limit::Kind::Finite:
      text = "The limit is " + say(l.value);
      break;
    case Limit::Kind::PlusInfinity:
      text = "No finite limit: it grows to infinity";
      break;
    case Limit::Kind::MinusInfinity:
      text = "No finite limit: it falls to minus infinity";
      break;
    case Limit::Kind::None:
      if (l.by_sign.size() == 3) {
        text = "It depends on the sign of " + say(l.sign_of);
      } else {
        text = "No limit: " + l.reason;
      }
      break;
    case Limit::Kind::Undefined:
      return "Not defined there: " + l.reason + ".";
    case Limit::Kind::Unknown:
      return "Not known: " + l.reason + (l.sign_of ? ", that of " + say(l.sign_of) : std::string()) + ".";
  }
  for (std::size_t k = 0; k < l.cases.size(); ++k) {
    const auto& c = l.cases[k];
    text += (k == 0 ? " where " : " and ") + condition_text(c.where, say);
    if (c.otherwise)
      text += ", with " + say(c.otherwise) +
              (c.where.operand.rank() > 0 && c.where.predicate == Condition::NonZero
                   ? " in the entries where that fails"
                   : " where that fails");
  }
  if (l.rate) {
    text += l.from_above   ? "; it is approached from above, by at most "
            : l.from_below ? "; it is approached from below, by at most "
                           : "; the distance is at most ";
    text += say(l.rate);
  }
  if (l.uniform == Truth::Yes) text += ", uniformly";
  if (l.uniform == Truth::No) text += "; not uniformly";
  if (l.kind == Limit::Kind::Finite || !l.proof.empty())
    text += l.proof.empty() ? ". Proved by continuity" : ". Proved by: ";
  for (std::size_t k = 0; k < l.proof.size(); ++k) text += (k > 0 ? "; " : "") + l.proof[k].rule;
  return text + ".";
}

}  // namespace adjoint

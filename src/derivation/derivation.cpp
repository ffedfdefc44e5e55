#include "derivation/derivation.hpp"

#include <algorithm>

#include "derivation/styles.hpp"
#include "print/text.hpp"

namespace adjoint::derivation {

Derivation derive(const Question& question, Style style) {
  Scribe s(question, style);
  s.out.type = answer_type(s);
  switch (style) {
    case Style::Differential:
      by_differential(s);
      break;
    case Style::Definition:
      by_definition(s);
      break;
    case Style::Chain:
      by_chain(s);
      break;
  }
  return std::move(s.out);
}

namespace {

/// Characters, not bytes.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

constexpr std::size_t kWidest = 60;  // of a column; longer entries push what is behind them to the next line

void pad(std::string& out, std::size_t from, std::size_t to) {
  if (from < to) out.append(to - from, ' ');
}

}  // namespace

std::string text(const Derivation& derivation) {
  struct Row {
    std::string lhs, rhs, reason;
  };
  std::vector<Row> rows;
  std::size_t left = 0;
  std::size_t right = 0;
  for (const auto& line : derivation.lines) {
    Row row{line.continues ? "" : print::text(line.lhs), print::text(line.rhs), line.rule};
    if (!line.note.empty()) row.reason += (row.reason.empty() ? "" : ": ") + line.note;
    if (width(row.lhs) <= kWidest / 2) left = std::max(left, width(row.lhs));
    if (width(row.rhs) <= kWidest) right = std::max(right, width(row.rhs));
    rows.push_back(std::move(row));
  }
  std::string out;
  for (const auto& row : rows) {
    std::size_t at = width(row.lhs);
    out += row.lhs;
    if (at > left) {
      out += '\n';
      at = 0;
    }
    pad(out, at, left);
    out += " = " + row.rhs;
    if (!row.reason.empty()) {
      std::size_t used = width(row.rhs);
      if (used > right) {
        out += '\n';
        pad(out, 0, left + 3);
        used = 0;
      }
      pad(out, used, right);
      out += "   [" + row.reason + "]";
    }
    out += '\n';
  }
  return out;
}

}  // namespace adjoint::derivation

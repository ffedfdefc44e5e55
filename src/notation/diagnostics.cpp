#include "notation/diagnostics.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace adjoint::notation {
namespace {

constexpr std::size_t kWidth = 100;  // columns of a source line that are shown

struct Glyph {
  std::string text;
  std::size_t width;
  std::size_t byte;
};

bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0x1F300 && c <= 0x1FAFF);
}

bool is_combining(char32_t c) {
  return (c >= 0x300 && c <= 0x36F) || (c >= 0x20D0 && c <= 0x20FF) || c == 0x200D || c == 0xFE0F;
}

// One entry a character, with something harmless for bytes that a terminal must not see.
std::vector<Glyph> glyphs_of(std::string_view line) {
  std::vector<Glyph> out;
  for (std::size_t k = 0; k < line.size();) {
    const std::size_t length = utf8_length(line, k);
    if (length == 0) {
      out.push_back({"\xEF\xBF\xBD", 1, k});
      ++k;
      continue;
    }
    const char32_t c = utf8_decode(line, k);
    if (c == '\t') {
      out.push_back({"\t", 1, k});
    } else if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
      out.push_back({"\xEF\xBF\xBD", 1, k});
    } else {
      out.push_back({std::string(line.substr(k, length)), is_combining(c) ? 0U : is_wide(c) ? 2U : 1U, k});
    }
    k += length;
  }
  return out;
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(at + k) & 0xC0U) != 0x80U) return 0;
  }
  const char32_t c = utf8_decode(text, at);
  if (length == 3 && (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF))) return 0;
  if (length == 4 && (c < 0x10000 || c > 0x10FFFF)) return 0;
  return length;
}

char32_t utf8_decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t k) { return static_cast<char32_t>(static_cast<unsigned char>(text[k])); };
  const char32_t first = byte(at);
  if (first < 0x80) return first;
  if (first < 0xE0) return ((first & 0x1FU) << 6U) | (byte(at + 1) & 0x3FU);
  if (first < 0xF0) return ((first & 0x0FU) << 12U) | ((byte(at + 1) & 0x3FU) << 6U) | (byte(at + 2) & 0x3FU);
  return ((first & 0x07U) << 18U) | ((byte(at + 1) & 0x3FU) << 12U) | ((byte(at + 2) & 0x3FU) << 6U) |
         (byte(at + 3) & 0x3FU);
}

std::string Position::text() const {
  return name + ':' + std::to_string(line) + ':' + std::to_string(column);
}

Place Sources::add(std::string_view name, std::string_view text) {
  const std::uint64_t base =
      sources_.empty() ? 0 : std::uint64_t{sources_.back().base} + sources_.back().text.size() + 1;
  if (base + text.size() + 1 > std::numeric_limits<std::uint32_t>::max()) {
    throw std::length_error("the input is longer than 4 GiB");
  }
  sources_.push_back({std::string(name), std::string(text), static_cast<std::uint32_t>(base)});
  return {static_cast<std::uint32_t>(base), static_cast<std::uint32_t>(base + text.size())};
}

const Source& Sources::source(Place place) const {
  static const Source none;
  auto at = std::upper_bound(sources_.begin(), sources_.end(), place.begin,
                             [](std::uint32_t begin, const Source& s) { return begin < s.base; });
  return at == sources_.begin() ? none : *(at - 1);
}

std::string_view Sources::text(Place place) const {
  const Source& s = source(place);
  const std::size_t begin = std::min<std::size_t>(place.begin - s.base, s.text.size());
  const std::size_t end = std::clamp<std::size_t>(place.end - s.base, begin, s.text.size());
  return std::string_view(s.text).substr(begin, end - begin);
}

Position Sources::position(Place place) const {
  const Source& s = source(place);
  const std::string_view before = std::string_view(s.text).substr(0, place.begin - s.base);
  const std::size_t newline = before.rfind('\n');
  const std::string_view line = newline == std::string_view::npos ? before : before.substr(newline + 1);
  return {s.name, static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1,
          glyphs_of(line).size() + 1};
}

std::string render(const Sources& sources, const Diagnostic& d) {
  std::string out = sources.position(d.place).text() + ": error: " + d.message;
  for (std::size_t k = 0; k < d.notes.size(); ++k) {
    out += (k == 0 ? " (" : "; ") + d.notes[k].label + ' ' + sources.position(d.notes[k].place).text();
  }
  if (!d.notes.empty()) out += ')';
  out += '\n';

  const Source& s = sources.source(d.place);
  const std::string_view text = s.text;
  const std::size_t at = std::min<std::size_t>(d.place.begin - s.base, text.size());
  const std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  std::size_t stop = text.find('\n', at);
  if (stop == std::string_view::npos) stop = text.size();
  if (stop > start && text[stop - 1] == '\r') --stop;
  if (start >= stop) return out;  // nothing to show

  // Enough of the line around the place; only that part is decoded.
  const std::size_t from = at - start > 4 * kWidth ? at - 4 * kWidth : start;
  std::size_t aligned = from;
  while (aligned > start && aligned < stop && (static_cast<unsigned char>(text[aligned]) & 0xC0U) == 0x80U)
    ++aligned;
  const std::vector<Glyph> glyphs =
      glyphs_of(text.substr(aligned, std::min(stop, at + 4 * kWidth) - aligned));
  std::size_t caret = 0;
  while (caret < glyphs.size() && aligned + glyphs[caret].byte + 1 <= at) ++caret;
  std::size_t last = caret;
  while (last < glyphs.size() && aligned + glyphs[last].byte < d.place.end - s.base) ++last;

  std::size_t first = caret > kWidth * 2 / 3 && glyphs.size() > kWidth ? caret - kWidth * 2 / 3 : 0;
  const std::size_t end = std::min(glyphs.size(), first + kWidth);
  const bool cut_left = first > 0 || aligned > start;
  const bool cut_right = end < glyphs.size() || at + 4 * kWidth < stop;
  std::string shown = "  ";
  std::string under = "  ";
  if (cut_left) {
    shown += "…";
    under += ' ';
  }
  for (std::size_t k = first; k < end; ++k) {
    shown += glyphs[k].text;
    const std::size_t width = glyphs[k].width;
    if (k < caret) {
      under += glyphs[k].text == "\t" ? std::string("\t") : std::string(width, ' ');
    } else if (k == caret) {
      under += '^' + std::string(width > 1 ? width - 1 : 0, '~');
    } else if (k < last) {
      under += std::string(width, '~');
    }
  }
  if (caret >= end) under += '^';
  if (cut_right) shown += "…";
  return out + shown + '\n' + under + '\n';
}

void Diagnostics::error(Place place, std::string message, std::vector<Note> notes) {
  for (const auto& d : all_) {
    if (d.place.begin == place.begin && d.message == message) return;
  }
  if (all_.size() >= kMaximal) {
    ++dropped_;
    return;
  }
  all_.push_back({place, std::move(message), std::move(notes)});
}

std::string render(const Sources& sources, const Diagnostics& diagnostics, std::size_t limit) {
  std::vector<Diagnostic> sorted = diagnostics.all();
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.place.begin < b.place.begin; });
  std::string out;
  for (std::size_t k = 0; k < sorted.size() && k < limit; ++k) out += render(sources, sorted[k]);
  if (diagnostics.size() > limit)
    out += "and " + std::to_string(diagnostics.size() - limit) + " more errors\n";
  return out;
}

}  // namespace adjoint::notation

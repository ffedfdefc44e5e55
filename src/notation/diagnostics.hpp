// Texts that were read, places in them, and errors that point at them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "syntax/ast.hpp"

namespace adjoint::notation {

using syntax::Place;

/// Name shown for an expression, and for declarations, given on the command line.
inline constexpr std::string_view kExpressionName = "<expression>";
inline constexpr std::string_view kGivenName = "<given>";

struct Source {
  std::string name;  // of the file, or one of the names above
  std::string text;
  std::uint32_t base = 0;  // place of its first byte
};

/// A line and a column, both from 1, columns in characters.
struct Position {
  std::string name;
  std::size_t line = 1;
  std::size_t column = 1;
  [[nodiscard]] std::string text() const;  // "name:line:column"
};

/// All texts of a session one after the other, so that a Place alone says where it is.
class Sources {
 public:
  /// Adds a text and returns the place of the whole of it; std::length_error beyond 4 GiB in total.
  Place add(std::string_view name, std::string_view text);
  /// The bytes at a place (within one text).
  [[nodiscard]] std::string_view text(Place place) const;
  [[nodiscard]] Position position(Place place) const;
  [[nodiscard]] const Source& source(Place place) const;

 private:
  std::vector<Source> sources_;
};

struct Note {
  std::string label;
  Place place;
};

struct Diagnostic {
  Place place;
  std::string message;
  std::vector<Note> notes;  // further places, named on the same line
};

/// `FILE:LINE:COLUMN: error: message (label FILE:LINE:COLUMN)`, the source line, a caret under the place.
/// Long lines are clipped around the caret.
std::string render(const Sources& sources, const Diagnostic& diagnostic);

/// Collects errors; the same message at the same place once, and beyond kMaximal only their number.
class Diagnostics {
 public:
  void error(Place place, std::string message, std::vector<Note> notes = {});
  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] std::size_t size() const { return all_.size() + dropped_; }
  [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }
  [[nodiscard]] std::vector<Diagnostic>& all() { return all_; }
  void clear() {
    all_.clear();
    dropped_ = 0;
  }
  static constexpr std::size_t kMaximal = 100;

 private:
  std::vector<Diagnostic> all_;
  std::size_t dropped_ = 0;
};

/// All of them, by place; beyond `limit` only their number.
std::string render(const Sources& sources, const Diagnostics& diagnostics, std::size_t limit = 20);

// ---- UTF-8 ----

/// Length of the character that starts at `at`, or 0 where the bytes are not UTF-8.
std::size_t utf8_length(std::string_view text, std::size_t at);
/// Code point of the well-formed character at `at`.
char32_t utf8_decode(std::string_view text, std::size_t at);

}  // namespace adjoint::notation

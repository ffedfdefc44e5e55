// Text into tokens.
#pragma once

#include <string>
#include <vector>

#include "notation/diagnostics.hpp"

namespace adjoint::notation {

enum class TokenKind : std::uint8_t { Number, Name, Symbol, Newline, End };

struct Token {
  TokenKind kind = TokenKind::End;
  std::string text;
  Place place;
  bool space_before = false;
};

/// The tokens of a text, the last one End. `%` begins a comment, `...` continues a line.
/// Bytes that are no text end the list; a character that means nothing is reported and skipped.
/// Besides ASCII: · × − ≤ ≥ ∈ → ² ³ ᵀ π ∞ and Greek letters, which are read as their names.
std::vector<Token> tokenize(std::string_view text, std::uint32_t base, Diagnostics& errors);

}  // namespace adjoint::notation

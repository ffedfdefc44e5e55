#include "notation/lexer.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <utility>

namespace adjoint::notation {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Longer symbols first.
constexpr std::array<std::string_view, 32> kSymbols = {
    "->", "<=", ">=", "==", "~=", "!=", ".*", "./", ".^", ".'", "+", "-", "*", "/", "\\", "^",
    "'",  "(",  ")",  "[",  "]",  ",",  ";",  ":",  "=",  "<",  ">", "!", "~", "{", "}",  "|"};

struct Spelling {
  char32_t character;
  TokenKind kind;
  std::string_view text;
};

constexpr auto kS = TokenKind::Symbol;
constexpr auto kN = TokenKind::Name;
constexpr std::array<Spelling, 45> kWritten = {{
    {U'·', kS, "*"},      {U'×', kS, "*"},       {U'−', kS, "-"},       {U'≤', kS, "<="},
    {U'≥', kS, ">="},     {U'→', kS, "->"},      {U'∈', kN, "in"},      {U'π', kN, "pi"},
    {U'∞', kN, "inf"},    {U'α', kN, "alpha"},   {U'β', kN, "beta"},    {U'γ', kN, "gamma"},
    {U'δ', kN, "delta"},  {U'ε', kN, "epsilon"}, {U'ϵ', kN, "epsilon"}, {U'ζ', kN, "zeta"},
    {U'η', kN, "eta"},    {U'θ', kN, "theta"},   {U'ι', kN, "iota"},    {U'κ', kN, "kappa"},
    {U'λ', kN, "lambda"}, {U'μ', kN, "mu"},      {U'ν', kN, "nu"},      {U'ξ', kN, "xi"},
    {U'ρ', kN, "rho"},    {U'σ', kN, "sigma"},   {U'τ', kN, "tau"},     {U'υ', kN, "upsilon"},
    {U'φ', kN, "phi"},    {U'ϕ', kN, "phi"},     {U'χ', kN, "chi"},     {U'ψ', kN, "psi"},
    {U'ω', kN, "omega"},  {U'Γ', kN, "Gamma"},   {U'Δ', kN, "Delta"},   {U'Θ', kN, "Theta"},
    {U'Λ', kN, "Lambda"}, {U'Ξ', kN, "Xi"},      {U'Π', kN, "Pi"},      {U'Σ', kN, "Sigma"},
    {U'Φ', kN, "Phi"},    {U'Ψ', kN, "Psi"},     {U'Ω', kN, "Omega"},   {U'ᵀ', kS, "'"},
    {U'ℝ', kN, "R"},
}};

class Lexer {
 public:
  Lexer(std::string_view text, std::uint32_t base, Diagnostics& errors)
      : text_(text), base_(base), errors_(errors) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      if (!step()) break;
    }
    push(TokenKind::End, "", text_.size(), text_.size());
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] Place place(std::size_t begin, std::size_t end) const {
    return {base_ + static_cast<std::uint32_t>(begin), base_ + static_cast<std::uint32_t>(end)};
  }

  void push(TokenKind kind, std::string_view text, std::size_t begin, std::size_t end) {
    tokens_.push_back({kind, std::string(text), place(begin, end), space_});
    space_ = false;
    at_ = end;
  }

  void skip_line() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
  }

  // Reads one token, blank or comment; false where the text is not text.
  bool step() {
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\r') {
      space_ = true;
      ++at_;
      return true;
    }
    if (c == '\n') {
      push(TokenKind::Newline, "\n", at_, at_ + 1);
      space_ = true;
      return true;
    }
    if (c == '%' || c == '#') {
      skip_line();
      return true;
    }
    if (c == '.' && peek(1) == '.' && peek(2) == '.') {
      skip_line();
      if (at_ < text_.size()) ++at_;
      space_ = true;
      return true;
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (is_letter(c)) {
      std::size_t end = at_;
      while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
      push(TokenKind::Name, text_.substr(at_, end - at_), at_, end);
      return true;
    }
    for (const auto symbol : kSymbols) {
      if (text_.substr(at_, symbol.size()) == symbol) {
        push(TokenKind::Symbol, symbol == ".'" ? "'" : symbol, at_, at_ + symbol.size());
        return true;
      }
    }
    return other();
  }

  // The point belongs to the number unless it begins one of .* ./ .\ .^ .'
  bool number() {
    std::size_t end = at_;
    const auto digits = [&] {
      while (end < text_.size() && is_digit(text_[end])) ++end;
    };
    digits();
    if (end < text_.size() && text_[end] == '.') {
      const char next = end + 1 < text_.size() ? text_[end + 1] : '\0';
      if (next != '*' && next != '/' && next != '\\' && next != '^' && next != '\'' && next != '.') {
        ++end;
        digits();
      }
    }
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      std::size_t exponent = end + 1;
      if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
      if (exponent < text_.size() && is_digit(text_[exponent])) {
        end = exponent;
        digits();
      }
    }
    push(TokenKind::Number, text_.substr(at_, end - at_), at_, end);
    return true;
  }

  bool other() {
    const std::size_t length = utf8_length(text_, at_);
    if (length == 0) {
      errors_.error(place(at_, at_ + 1), "the input is not UTF-8 text");
      return false;
    }
    const char32_t c = utf8_decode(text_, at_);
    if (c < 0x20 || c == 0x7F) {
      char message[64];
      std::snprintf(message, sizeof message, "the input is not text: byte 0x%02X", static_cast<unsigned>(c));
      errors_.error(place(at_, at_ + 1), message);
      return false;
    }
    if (c == 0xA0 || c == 0xFEFF || (c >= 0x2000 && c <= 0x200B)) {  // blanks
      space_ = true;
      at_ += length;
      return true;
    }
    if (c == U'²' || c == U'³') {
      const std::size_t begin = at_;
      push(TokenKind::Symbol, "^", begin, begin + length);
      push(TokenKind::Number, c == U'²' ? "2" : "3", begin, begin + length);
      return true;
    }
    const auto* const at =
        std::find_if(kWritten.begin(), kWritten.end(), [c](const Spelling& w) { return w.character == c; });
    if (at != kWritten.end()) {
      push(at->kind, at->text, at_, at_ + length);
      return true;
    }
    if (at_ == 0 || at_ != unexpected_)  // several in a row are one error
      errors_.error(place(at_, at_ + length),
                    "unexpected character `" + std::string(text_.substr(at_, length)) + '`');
    at_ += length;
    unexpected_ = at_;
    return true;
  }

  std::string_view text_;
  std::uint32_t base_;
  Diagnostics& errors_;
  std::size_t at_ = 0;
  std::size_t unexpected_ = 0;  // the end of the last unexpected character
  bool space_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text, std::uint32_t base, Diagnostics& errors) {
  return Lexer(text, base, errors).run();
}

}  // namespace adjoint::notation

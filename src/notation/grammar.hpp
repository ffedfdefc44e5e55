// The recursive descent over tokens, shared by expressions and statements.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "notation/lexer.hpp"
#include "notation/parser.hpp"

namespace adjoint::notation {

/// Ends the reading of one expression or statement (or of all, where `fatal`).
struct SyntaxError {
  Diagnostic diagnostic;
  bool fatal = false;
};

enum class Newlines : std::uint8_t { Blank, Token };

class Grammar {
 public:
  /// A tree and its depth.
  struct Built {
    Ast ast;
    int depth = 1;
  };

  Grammar(std::vector<Token> tokens, Newlines newlines) : tokens_(std::move(tokens)), newlines_(newlines) {}

  Built text();                                             // v = E (a line or `;`) …, then full
  Built full();                                             // comparison [where v = E, …]
  Built comparison() { return binary(Level::Comparison); }  // sum [< sum]
  Built sum() { return binary(Level::Sum); }
  Built unary();
  Built power();
  Built primary();

  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  const Token& take();
  [[nodiscard]] bool is(std::string_view symbol, std::size_t ahead = 0) const;
  /// Any name where `name` is empty.
  [[nodiscard]] bool is_name(std::string_view name, std::size_t ahead = 0) const;
  bool accept(std::string_view symbol);
  void close(std::string_view symbol, const Token& open);
  void expect_end();
  void expect_end_of_statement();
  /// How messages name a token.
  static std::string shown(const Token& token);
  [[noreturn]] static void fail(const Token& token, const std::string& message);
  /// After an error: the first token behind the next `;` or new line outside brackets.
  void skip_statement();
  /// Back to the state at the start of a statement.
  void leave_brackets();

 private:
  // Counts nested calls of the parser.
  class Deeper {
   public:
    Deeper(Grammar& grammar, const Token& token) : grammar_(grammar) {
      if (++grammar_.nesting_ > kMaximalNesting) too_deep(token.place, kMaximalNesting);
    }
    ~Deeper() { --grammar_.nesting_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    Grammar& grammar_;
  };

  // What new lines and blanks mean inside a bracket.
  class Inside {
   public:
    Inside(Grammar& grammar, Newlines newlines, bool block)
        : grammar_(grammar), newlines_(grammar.newlines_), block_(grammar.in_block_) {
      grammar.newlines_ = newlines;
      grammar.in_block_ = block;
    }
    ~Inside() {
      grammar_.newlines_ = newlines_;
      grammar_.in_block_ = block_;
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Grammar& grammar_;
    Newlines newlines_;
    bool block_;
  };

  enum class Level : std::uint8_t { None, Comparison, Sum, Product, Beyond };
  static Level level_of(const Token& token);
  Built binary(Level least);
  static Built grouped(std::vector<Built> groups);
  static Built joined(syntax::Kind kind, const std::string& op, Built left, Built right);
  static Built negated(const Token& op, Built operand);
  [[noreturn]] void no_operand() const;
  Built indexed();
  Built subscripts(Built array);
  Built subscript();
  Built signed_exponent();
  Built call(const Token& name);
  Built block(const Token& open);
  [[nodiscard]] bool separates() const;
  [[noreturn]] static void too_deep(Place place, int limit);
  static Built make(syntax::Kind kind, std::string text, std::vector<Built> args, Place place);

  std::vector<Token> tokens_;
  Newlines newlines_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  bool in_block_ = false;
};

}  // namespace adjoint::notation

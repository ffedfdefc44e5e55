// Shared by the tests of the notation.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "notation/notation.hpp"

namespace adjoint::notation {

/// A tree with all parentheses: "(a+(b*c))"; -x is "(-x)", x' is "(x')".
inline std::string bracketed(const Ast& ast) {
  using syntax::Kind;
  const auto list = [](const std::vector<Ast>& args, std::size_t from, const char* separator) {
    std::string out;
    for (std::size_t k = from; k < args.size(); ++k) out += (k == from ? "" : separator) + bracketed(args[k]);
    return out;
  };
  switch (ast->kind) {
    case Kind::Number:
    case Kind::Name:
      return ast->text;
    case Kind::Negate:
      return "(-" + bracketed(ast->args[0]) + ")";
    case Kind::Transpose:
      return "(" + bracketed(ast->args[0]) + "')";
    case Kind::Binary:
    case Kind::Compare:
      return "(" + bracketed(ast->args[0]) + ast->text + bracketed(ast->args[1]) + ")";
    case Kind::Call:
      return ast->text + "(" + list(ast->args, 0, ",") + ")";
    case Kind::Index:
      return bracketed(ast->args[0]) + "[" + list(ast->args, 1, ",") + "]";
    case Kind::Colon:
      return ":";
    case Kind::Range:
      return bracketed(ast->args[0]) + ":" + bracketed(ast->args[1]);
    case Kind::IndexSum:
      return "sum(" + ast->text + "=" + bracketed(ast->args[0]) + ":" + bracketed(ast->args[1]) + "," +
             bracketed(ast->args[2]) + ")";
    case Kind::Block:
      return "[" + list(ast->args, 0, ";") + "]";
    case Kind::Row:
      return list(ast->args, 0, ",");
    case Kind::Let: {
      std::string out = "{" + bracketed(ast->args[0]);
      for (std::size_t k = 0; k < ast->names.size(); ++k)
        out += "|" + ast->names[k] + "=" + bracketed(ast->args[k + 1]);
      return out + "}";
    }
  }
  return "?";
}

/// The tree of an expression, or its errors.
inline std::string parsed(const std::string& text) {
  Sources sources;
  Diagnostics errors;
  const Ast ast = parse_expression(sources, sources.add(kExpressionName, text), errors);
  return ast ? bracketed(ast) : render(sources, errors);
}

struct Answer {
  std::string type;    // "R^(n,p)", or empty
  std::string errors;  // as printed
  std::vector<std::string> assumptions;
};

/// Reads declarations and an expression all the way into a graph.
inline Answer asked(const std::string& given, const std::string& expression, bool assume = true) {
  Session session(assume);
  Graph graph;
  if (!given.empty()) session.declare(given);
  const auto f = session.expression(graph, expression);
  Answer a;
  a.errors = session.errors_text();
  if (f) {
    a.type = domain_text(f->type);
    a.assumptions = f->assumptions();
  }
  return a;
}

}  // namespace adjoint::notation

// What the tests of printers share: trees from text, typed under declarations.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "notation/infer.hpp"
#include "notation/parser.hpp"
#include "ops/surface.hpp"
#include "syntax/forms.hpp"

namespace adjoint::test {

inline const syntax::Forms* find_forms(std::string_view name, int /*arity*/) {
  const Surface* surface = find_surface(name);
  return surface == nullptr ? nullptr : &surface->forms;
}

inline syntax::Ast parsed(const std::string& text) {
  notation::Sources sources;
  notation::Diagnostics errors;
  const syntax::Ast tree = notation::parse_expression(sources, sources.add("test", text), errors);
  EXPECT_TRUE(errors.empty()) << text << "\n" << notation::render(sources, errors);
  return tree;
}

inline syntax::Ast typed(const std::string& given, const std::string& text) {
  notation::Sources sources;
  notation::Diagnostics errors;
  notation::Symbols symbols;
  symbols.declare(notation::parse_statements(sources, sources.add("given", given), errors),
                  notation::Symbols::Redeclare::Error, errors);
  const syntax::Ast tree = notation::parse_expression(sources, sources.add("test", text), errors);
  const auto result =
      tree ? notation::infer(tree, sources, symbols, {find_surface, surfaces}, true, errors) : std::nullopt;
  EXPECT_TRUE(result) << given << " | " << text << "\n" << notation::render(sources, errors);
  return result ? result->root : nullptr;
}

}  // namespace adjoint::test

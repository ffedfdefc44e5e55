// What formulas may be written with is in the guide.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "ops/surface.hpp"

namespace adjoint {
namespace {

TEST(GuideTest, NamesEveryFunctionOfTheNotation) {
  std::ifstream file(std::string(ADJOINT_SOURCE_DIR) + "/docs/guide.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string guide = text.str();
  ASSERT_FALSE(guide.empty());
  for (const auto& s : surfaces()) {
    const std::regex word("\\b" + std::string(s.name) + "\\b");
    EXPECT_TRUE(std::regex_search(guide, word)) << s.name << " is not in docs/guide.md";
  }
}

}  // namespace
}  // namespace adjoint

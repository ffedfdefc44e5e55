// How errors are shown.
#include <gtest/gtest.h>

#include "notation_support.hpp"

namespace adjoint::notation {
namespace {

std::string shown(const std::string& text, std::size_t begin, std::size_t end) {
  Sources sources;
  sources.add("first.adj", "another text\n");
  const Place place = sources.add("file.adj", text);
  return render(sources, Diagnostic{{place.begin + static_cast<std::uint32_t>(begin),
                                     place.begin + static_cast<std::uint32_t>(end)},
                                    "wrong",
                                    {}});
}

TEST(Diagnostics, CaretUnderThePlace) {
  EXPECT_EQ(shown("x + y", 4, 5), "file.adj:1:5: error: wrong\n  x + y\n      ^\n");
  EXPECT_EQ(shown("a\nbc+de\nf", 5, 7), "file.adj:2:4: error: wrong\n  bc+de\n     ^~\n");
  EXPECT_EQ(shown("\tx+y\r\n", 3, 4), "file.adj:1:4: error: wrong\n  \tx+y\n  \t  ^\n");
  EXPECT_EQ(shown("x +", 3, 3), "file.adj:1:4: error: wrong\n  x +\n     ^\n");
  EXPECT_EQ(shown("", 0, 0), "file.adj:1:1: error: wrong\n");
  EXPECT_EQ(shown("λ·µ+ab", 7, 9), "file.adj:1:5: error: wrong\n  λ·µ+ab\n      ^~\n");
  EXPECT_EQ(shown("漢+x", 4, 5), "file.adj:1:3: error: wrong\n  漢+x\n     ^\n");
  EXPECT_EQ(shown("a\nb", 0, 3), "file.adj:1:1: error: wrong\n  a\n  ^\n");
}

TEST(Diagnostics, HarmlessForTerminals) {
  EXPECT_EQ(shown("\x1b[2J\xff", 5, 5).find('\x1b'), std::string::npos);
  EXPECT_EQ(shown(std::string("\0x", 2), 1, 2), "file.adj:1:2: error: wrong\n  \xEF\xBF\xBDx\n   ^\n");
}

TEST(Diagnostics, LongLinesAreClipped) {
  const std::string line = std::string(50'000, 'a') + '!' + std::string(50'000, 'b');
  const std::string out = shown(line, 50'000, 50'001);
  EXPECT_LT(out.size(), 500U);
  const auto lines = out.substr(out.find('\n') + 1);
  EXPECT_NE(lines.find("a!b"), std::string::npos);
  EXPECT_EQ(out.substr(0, 20), "file.adj:1:50001: er");
}

TEST(Diagnostics, SecondPlaces) {
  Sources sources;
  const Place given = sources.add(kGivenName, "x in R^n");
  const Place place = sources.add(kExpressionName, "x+y");
  Diagnostics errors;
  errors.error(place, "these differ", {{"`x` declared at", {given.begin, given.begin + 1}}});
  errors.error(place, "these differ");
  EXPECT_EQ(errors.size(), 1U);
  EXPECT_EQ(render(sources, errors),
            "<expression>:1:1: error: these differ (`x` declared at <given>:1:1)\n  x+y\n  ^~~\n");
}

TEST(Diagnostics, NoTextIsAnError) {
  EXPECT_NE(parsed("").find("expected an expression, found nothing"), std::string::npos);
  EXPECT_NE(parsed("  \n% only a comment").find("expected an expression"), std::string::npos);
  EXPECT_NE(parsed(std::string("x+\0y", 4)).find("not text: byte 0x00"), std::string::npos);
  EXPECT_NE(parsed("x+\xff").find("not UTF-8"), std::string::npos);
  EXPECT_NE(parsed("\x7f"
                   "ELF\x02\x01")
                .find("not text"),
            std::string::npos);
  for (const char* text : {"\xc3", "\xe2\x82", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xc0\x80"}) {
    EXPECT_NE(parsed(text).find("not UTF-8"), std::string::npos);
  }
}

}  // namespace
}  // namespace adjoint::notation

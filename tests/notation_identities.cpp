// All expressions of the shared table of identities can be read, and are of the shape that they should be.
#include <gtest/gtest.h>

#include <sstream>

#include "notation_support.hpp"

namespace adjoint::notation {
namespace {

std::vector<std::vector<std::string>> table() {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in(ADJOINT_SOURCE_DIR "/tests/data/identities.tsv");
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == '\t') {
        cells.emplace_back();
      } else {
        cells.back() += c;
      }
    }
    rows.push_back(cells);
  }
  return rows;
}

TEST(Identities, AreRead) {
  const auto rows = table();
  ASSERT_GE(rows.size(), 190U);
  for (const auto& row : rows) {
    ASSERT_GE(row.size(), 7U);
    const std::string& id = row[0];
    Session session(false);
    Graph graph;
    EXPECT_TRUE(session.declare(row[2])) << id << session.errors_text();
    const auto f = session.expression(graph, row[3]);
    ASSERT_TRUE(f) << id << '\n' << session.errors_text();
    const Symbol* x = f->symbol(row[4]);
    if (x == nullptr) x = session.symbols().find(row[4]);
    ASSERT_NE(x, nullptr) << id;
    if (row.size() < 8 || row[7].empty()) continue;
    const std::string& textbook = row[7];
    Type type;
    if (textbook.find("->") != std::string::npos) {
      const auto map = session.map(graph, textbook, x->type);
      ASSERT_TRUE(map) << id << '\n' << session.errors_text();
      type = map->body.type;
    } else {
      const auto d = session.expression(graph, textbook);
      ASSERT_TRUE(d) << id << '\n' << session.errors_text();
      type = d->type;
    }
    if (row[6] == "gradient") {
      EXPECT_EQ(domain_text(type), domain_text(x->type)) << id;
    } else if (row[6] == "operator" || row[6] == "derivative") {
      EXPECT_EQ(domain_text(type), domain_text(f->type)) << id;
    }
  }
}

}  // namespace
}  // namespace adjoint::notation

#include <gtest/gtest.h>

#include "syntax/build.hpp"
#include "syntax/tree.hpp"

namespace adjoint::syntax {
namespace {

Ast tower(int height) {
  Ast tree = name("x");
  for (int k = 0; k < height; ++k) tree = binary("*", tree, tree);
  return tree;
}

TEST(SyntaxTree, CountsOperations) {
  const Ast x = name("x");
  EXPECT_EQ(operation_count(x), 0);
  EXPECT_EQ(
      operation_count(binary("*", transpose(name("A")), binary("-", binary("*", name("A"), x), name("b")))),
      4);
  EXPECT_EQ(operation_count(index_sum("i", number(1), name("n"), index(x, {name("i")}))), 2);
  EXPECT_EQ(operation_count(index(name("X"), {range(number(1), name("n")), colon()})), 1);
  EXPECT_EQ(operation_count(block({{x, x}, {x, negate(x)}})), 2);
  EXPECT_EQ(operation_count(let(binary("*", name("v"), name("v")), {{"v", call("sin", {x})}})), 2);
  EXPECT_EQ(operation_count(tower(3)), 7);
}

TEST(SyntaxTree, IsFastOnSharedTrees) {
  const Ast tree = tower(200);
  EXPECT_EQ(tree_size(tree), kHuge);
  EXPECT_EQ(operation_count(tree), std::numeric_limits<int>::max());
  EXPECT_TRUE(equal(tree, tower(200)));
  EXPECT_FALSE(equal(tree, tower(199)));
  EXPECT_EQ(hash(tree), hash(tower(200)));
  EXPECT_EQ(free_names(tree), std::set<std::string>{"x"});
  EXPECT_TRUE(equal(substitute(tower(150), {{"x", tower(50)}}), tree));
  EXPECT_EQ(name_shared(tree)->names.size(), 199U);
  EXPECT_LT(tree_size(bounded(tree)), 2000);
}

TEST(SyntaxTree, KnowsBoundNames) {
  const Ast sum = index_sum("i", number(1), name("n"), binary("*", index(name("x"), {name("i")}), name("a")));
  EXPECT_EQ(free_names(sum), (std::set<std::string>{"a", "n", "x"}));
  const Ast scoped = let(binary("+", name("v"), name("w")), {{"v", name("x")}, {"w", name("v")}});
  EXPECT_EQ(free_names(scoped), std::set<std::string>{"x"});
  // i is captured unless the bound one is renamed.
  const Ast moved = substitute(sum, {{"a", name("i")}});
  EXPECT_EQ(free_names(moved), (std::set<std::string>{"i", "n", "x"}));
  EXPECT_TRUE(equal(substitute(sum, {{"i", name("k")}}), sum));
}

TEST(SyntaxTree, SharesOnlyWhatIsClosed) {
  const Ast row = index(name("X"), {colon(), name("i")});
  const Ast sum = index_sum("i", number(1), name("n"), binary("*", transpose(row), row));
  EXPECT_EQ(name_shared(sum), sum);
  const Ast norm = call("norm", {name("x")});
  const Ast shared =
      name_shared(binary("*", index_sum("i", number(1), name("n"), binary("/", row, norm)), norm));
  ASSERT_EQ(shared->kind, Kind::Let);
  EXPECT_TRUE(equal(shared->args[1], norm));
}

}  // namespace
}  // namespace adjoint::syntax

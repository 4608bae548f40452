#include "config/yaml_tree.hpp"

#include <gtest/gtest.h>

namespace tollgate::config {
namespace {

TEST(YamlTree, KnowsThePlaceOfEveryWord) {
  Problems problems;
  Node root = read_yaml("a: 1\nb:\n  - x\n  - {c: 'y'}\n", "f.yaml", problems);
  ASSERT_TRUE(problems.empty());
  ASSERT_EQ(root.entries.size(), 2u);
  const Entry& b = root.entries[1];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.where.line, 2);
  EXPECT_EQ(b.value.items[0].where.line, 3);
  EXPECT_EQ(b.value.items[0].where.column, 5);
  const Entry* c = b.value.items[1].find("c");
  ASSERT_TRUE(c);
  EXPECT_EQ(c->value.text, "y");
  EXPECT_TRUE(c->value.is_quoted);
  EXPECT_FALSE(root.entries[0].value.is_quoted);
}

TEST(YamlTree, KeepsWordsAsTheyAreWritten) {
  Problems problems;
  Node root = read_yaml("[0042, 1e3, yes, ~, '', 0x1F]", "f.yaml", problems);
  ASSERT_EQ(root.items.size(), 6u);
  EXPECT_EQ(root.items[0].text, "0042");
  EXPECT_EQ(root.items[1].text, "1e3");
  EXPECT_EQ(root.items[2].text, "yes");
  EXPECT_EQ(root.items[3].kind, Node::Kind::null);
  EXPECT_EQ(root.items[4].kind, Node::Kind::scalar);
}

TEST(YamlTree, GoesOnAfterADuplicate) {
  Problems problems;
  Node root = read_yaml("a: 1\na: {x: 1, x: 2}\nb: 3\n", "f.yaml", problems);
  EXPECT_EQ(problems.size(), 2u);
  EXPECT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.find("a")->value.text, "1");
}

TEST(YamlTree, CopiesWhatAnAliasStandsFor) {
  Problems problems;
  Node root = read_yaml("a: &x {k: [1, 2]}\nb: *x\n", "f.yaml", problems);
  ASSERT_TRUE(problems.empty());
  EXPECT_EQ(root.find("b")->value.find("k")->value.items[1].text, "2");
}

TEST(YamlTree, BoundsWhatAliasesUnfoldTo) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    std::string before = "*a" + std::to_string(i - 1), name = "a" + std::to_string(i);
    text += name + ": &" + name + " [" + before + ", " + before + "]\n";
  }
  Problems problems;
  EXPECT_EQ(read_yaml(text, "f.yaml", problems).kind, Node::Kind::null);
  EXPECT_EQ(problems.size(), 1u);
}

TEST(YamlTree, BoundsDepthThroughAliasesToo) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i) {
    std::string name = "a" + std::to_string(i);
    text += name + ": &" + name + " [*a" + std::to_string(i - 1) + "]\n";
  }
  Problems problems;
  read_yaml(text, "f.yaml", problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].message.find("nested deeper"), std::string::npos);
}

TEST(YamlTree, BoundsDepthAndSize) {
  for (const std::string& text : {std::string(100'000, '['), std::string(100'000, '{'),
                                  "[" + std::string(300'000, ',') + "]", [] {
                                    std::string deep;
                                    for (int i = 0; i < 500; ++i)
                                      deep +=
                                          std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
                                    return deep;
                                  }()}) {
    Problems problems;
    read_yaml(text, "f.yaml", problems);
    EXPECT_FALSE(problems.empty());
  }
}

}  // namespace
}  // namespace tollgate::config

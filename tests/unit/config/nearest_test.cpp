#include "config/nearest.hpp"

#include <gtest/gtest.h>

namespace tollgate::config {
namespace {

TEST(Nearest, FindsTheWordBehindASlip) {
  EXPECT_EQ(nearest("modle", {"kind", "model", "models"}), "model");
  EXPECT_EQ(nearest("deploymets", {"deployments", "models"}), "deployments");
  EXPECT_EQ(nearest("Cost-Center", {"cost_center", "owner"}), "cost_center");
  EXPECT_EQ(nearest("gpt-4o-mni", {"gpt-4o", "gpt-4o-mini"}), "gpt-4o-mini");
}

TEST(Nearest, TakesABeginningForTheWord) {
  EXPECT_EQ(nearest("warning", {"error", "warn", "info"}), "warn");
}

TEST(Nearest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest("flavour", {"kind", "model"}), "");
  EXPECT_EQ(nearest("x", {"y"}), "");
  EXPECT_EQ(nearest("", {"a"}), "");
  EXPECT_EQ(nearest("anything", {}), "");
  EXPECT_EQ(nearest(std::string(100'000, 'a'), {std::string(100'000, 'b')}), "");
}

}  // namespace
}  // namespace tollgate::config

#include "openai/models.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>

namespace tollgate::openai {
namespace {

TEST(Models, AreListedInTheShapeOfOpenAi) {
  constexpr std::array<std::string_view, 2> names{"gpt-4o", "auto"};
  const auto list = nlohmann::json::parse(models_list(names));
  EXPECT_EQ(list["object"], "list");
  ASSERT_EQ(list["data"].size(), 2u);
  EXPECT_EQ(list["data"][0]["id"], "gpt-4o");
  EXPECT_EQ(list["data"][1]["object"], "model");
  EXPECT_TRUE(list["data"][1]["created"].is_number_integer());
}

TEST(Models, MayBeNone) { EXPECT_EQ(models_list({}), R"({"object":"list","data":[]})"); }

TEST(Models, AreDescribedOneByOne) {
  EXPECT_EQ(models_list(std::array<std::string_view, 1>{"m"}),
            R"({"object":"list","data":[)" + model_object("m") + "]}");
}

}  // namespace
}  // namespace tollgate::openai

#include "openai/list_page.hpp"

#include <gtest/gtest.h>

namespace tollgate::openai {
namespace {

constexpr std::string_view page_text =
    R"({"object":"list","data":[{"id":"file-1","bytes":3},{"object":"file","id":"file-2","x":[{"id":"no"}]},{"name":"no id"}],)"
    R"( "first_id":"file-1","last_id":"file-2","has_more":true,"total":{"n":3}})";

TEST(ReadList, FindsItemsAndWhetherThereIsMore) {
  const auto page = read_list(page_text);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->has_more);
  ASSERT_EQ(page->items.size(), 3u);
  EXPECT_EQ(page->items[0].id, "file-1");
  EXPECT_EQ(page->items[1].id, "file-2");
  EXPECT_EQ(page->items[1].text, R"({"object":"file","id":"file-2","x":[{"id":"no"}]})");
  EXPECT_EQ(page->items[2].id, "");
  EXPECT_FALSE(read_list(R"({"data":[]})")->has_more);
}

TEST(ReadList, IsNothingIfItIsNoList) {
  for (const char* text : {"", "[]", "null", "{}", R"({"data":{}})", R"({"data":[1]})", R"({"data":["x"]})", R"({"data":[{"id":"a"})",
                           R"({"data":[{"id":"a"}]} x)", R"({"data":[],"data":[]})", R"({"data":[{"id":"a",}]})"}) {
    EXPECT_FALSE(read_list(text)) << text;
  }
}

TEST(ReadList, HasNoIdThatIsNotAPlainString) {
  EXPECT_EQ(read_list(R"({"data":[{"id":"a\u0062"}]})")->items[0].id, "");
  EXPECT_EQ(read_list(R"({"data":[{"id":7}]})")->items[0].id, "");
}

TEST(WriteList, ReplacesItemsAndWhatIsSaidOfThem) {
  const auto page = read_list(page_text);
  EXPECT_EQ(write_list(page_text, std::span(page->items).subspan(1, 1), false),
            R"({"object":"list","data":[{"object":"file","id":"file-2","x":[{"id":"no"}]}],)"
            R"("first_id":"file-2","last_id":"file-2","has_more":false,"total":{"n":3}})");
  EXPECT_EQ(write_list(page_text, {}, true),
            R"({"object":"list","data":[],"first_id":null,"last_id":null,"has_more":true,"total":{"n":3}})");
  EXPECT_EQ(write_list(R"({"data" : [ {"id":"a"} , {"id":"b"} ]})", read_list(R"({"data":[{"id":"a"},{"id":"b"}]})")->items, true),
            R"({"data":[{"id":"a"},{"id":"b"}]})");
}

TEST(ListQuery, IsRead) {
  EXPECT_EQ(read_list_query("api-version=1&limit=20").limit, 20u);
  EXPECT_FALSE(read_list_query("limit=x&xlimit=3&limit=&limit=0").limit);
  EXPECT_FALSE(read_list_query("before=file-1").can_go_on);
  EXPECT_FALSE(read_list_query("%61fter=file-1").can_go_on);
  EXPECT_TRUE(read_list_query("after=file%2d1").can_go_on);
}

TEST(ListQuery, GoesOnAfterAnItem) {
  EXPECT_EQ(query_after("api-version=1&after=file-0&limit=2&purpose=batch", "file-7", 100), "api-version=1&purpose=batch&after=file-7&limit=100");
  EXPECT_EQ(query_after("", "a", 100), "after=a&limit=100");
  EXPECT_EQ(query_after("", "", 100), "");
  EXPECT_EQ(query_after("", "a&b=c", 100), "");
}

}  // namespace
}  // namespace tollgate::openai

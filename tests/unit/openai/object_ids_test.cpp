#include "openai/object_ids.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tollgate::openai {
namespace {

using Found = std::vector<std::string>;

// However it is cut.
Found ids_in(std::string_view text) {
  ObjectIds whole;
  whole.feed(text);
  const Found found = whole.take();
  for (const std::size_t size : {1, 2, 3, 7, 64}) {
    ObjectIds cut;
    for (std::size_t at = 0; at < text.size(); at += size) cut.feed(text.substr(at, size));
    EXPECT_EQ(cut.take(), found) << text << " cut by " << size;
  }
  return found;
}

TEST(ObjectIds, OfAResponse) {
  EXPECT_EQ(ids_in(R"({"id":"resp_1","object":"response","metadata":{"id":"mine"},"error":null,
      "conversation":{"id":"conv_1"},"output":[{"type":"reasoning","id":"rs_1","summary":[{"id":"no"}]},
      {"type":"message","id":"msg_1","content":[{"type":"output_text","text":"{\"id\":\"no\"}","annotations":[]}]}],
      "tools":[{"id":"no"}],"usage":{"id":"no"}})"),
            Found({"resp_1", "conv_1", "rs_1", "msg_1"}));
}

TEST(ObjectIds, OfContainersInWhichCodeRan) {
  EXPECT_EQ(ids_in(R"({"id":"resp_1","conversation":{"container_id":"no"},"container_id":"no",
      "output":[{"type":"code_interpreter_call","id":"ci_1","container_id":"cntr_1","outputs":[{"container_id":"no"}]}]})"),
            Found({"resp_1", "ci_1", "cntr_1"}));
}

TEST(ObjectIds, OfBatchesAndJobs) {
  EXPECT_EQ(ids_in(R"({"id":"batch_1","input_file_id":"file-1","output_file_id":"file-2","error_file_id":null})"),
            Found({"batch_1", "file-2"}));
  EXPECT_EQ(ids_in(R"({ "result_files" : [ "file-3" , "file-4" ] , "id" : "ftjob-1" })"), Found({"file-3", "file-4", "ftjob-1"}));
}

TEST(ObjectIds, AreNotThoseOfAList) {
  EXPECT_EQ(ids_in(R"({"object":"list","data":[{"id":"file-1"}],"first_id":"file-1"})"), Found());
  EXPECT_EQ(ids_in(R"([{"id":"file-1"}])"), Found());
  EXPECT_EQ(ids_in(R"({"a":{"id":"no","output":[{"id":"no"}]}})"), Found());
}

TEST(ObjectIds, AreBounded) {
  EXPECT_EQ(ids_in(R"({"id":")" + std::string(257, 'x') + R"(","output_file_id":"file-1"})"), Found({"file-1"}));
  std::string items;
  for (int i = 0; i < 100; ++i) items += R"({"id":"msg_)" + std::to_string(i) + R"("},)";
  EXPECT_EQ(ids_in(R"({"output":[)" + items + R"({"id":"last"}],"id":"resp_1"})").size(), 64u + 1);
}

TEST(ObjectIds, OfWhatIsNoJson) {
  for (const auto* text : {"", "}", "]]]]}}}}", "{\"id", "{\"id\":", "\"id\"", "{{{{{{{{{{", "custom_id,value\n", "{\"id\":\"a\\u0062\"}"}) {
    ids_in(text);
  }
}

TEST(ObjectIds, OfAnEvent) {
  EXPECT_EQ(object_ids_of_event(R"({"type":"response.created","sequence_number":0,"response":{"id":"resp_1","output":[]}})"),
            Found({"resp_1"}));
  EXPECT_EQ(object_ids_of_event(R"({"type":"error","id":"no"})"), Found());
  EXPECT_EQ(object_ids_of_event("not json"), Found());
}

}  // namespace
}  // namespace tollgate::openai

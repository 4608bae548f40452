// What a request refers to, as the scan of its body finds it.
#include "openai/request_scan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tollgate::openai {
namespace {

using Found = std::vector<std::string>;

// "field=id" of each reference.
Found references(std::string_view body, Operation operation = Operation::responses) {
  RequestFacts facts;
  ScanProblem problem;
  EXPECT_TRUE(scan_request(body, operation, facts, problem)) << body << '\n' << problem.message;
  Found found;
  for (const auto& [id, field] : facts.references) found.push_back(std::string(field) + "=" + std::string(id));
  return found;
}

TEST(References, AreNoneInMostRequests) {
  EXPECT_EQ(references(R"({"model":"m","input":"what is file_id?"})"), Found());
  EXPECT_EQ(references(R"({"model":"m","previous_response_id":null,"conversation":null})"), Found());
  EXPECT_EQ(references(R"({"messages":[{"role":"user","id":"msg_1","content":"_id"}]})", Operation::chat_completions), Found());
}

TEST(References, OfAConversation) {
  EXPECT_EQ(references(R"({"previous_response_id":"resp_1","input":[]})"), Found({"previous_response_id=resp_1"}));
  EXPECT_EQ(references(R"({"conversation":"conv_1"})"), Found({"conversation=conv_1"}));
  EXPECT_EQ(references(R"({"conversation":{"x":1,"id":"conv_1"}})"), Found({"conversation=conv_1"}));
}

TEST(References, OfItems) {
  EXPECT_EQ(references(R"({"input":[
      {"type":"item_reference","id":"msg_1"},{"id":"msg_2"},{"id":"msg_3","type":null},
      {"type":"reasoning","id":"rs_1","encrypted_content":"e","summary":[]},
      {"type":"message","id":"msg_4","role":"assistant","content":[{"type":"output_text","text":"x"}]},
      {"role":"assistant","id":"msg_5","content":"x"},
      {"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{\"file_id\":\"file-x\"}"}]})"),
            Found({"input=msg_1", "input=msg_2", "input=msg_3", "input=rs_1"}));
}

TEST(References, OfFilesAndVectorStores) {
  EXPECT_EQ(references(R"({"input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"},
      {"type":"input_image","file_id":"file-2"},{"type":"input_file","file_url":"http://x"}]},
      {"type":"function_call_output","call_id":"c","output":[{"type":"input_file","file_id":"file-3"}]}],
      "tools":[{"type":"file_search","vector_store_ids":["vs_1","vs_2"]},
      {"type":"code_interpreter","container":{"type":"auto","file_ids":["file-4"]}},
      {"type":"function","name":"f","parameters":{"properties":{"file_id":{"type":"string"}}}}]})"),
            Found({"file_id=file-1", "file_id=file-2", "file_id=file-3", "vector_store_ids=vs_1",
                   "vector_store_ids=vs_2", "file_ids=file-4"}));
  EXPECT_EQ(references(R"({"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]})",
                       Operation::chat_completions),
            Found({"file_id=file-1"}));
}

TEST(References, OfContainers) {
  EXPECT_EQ(references(R"({"input":"x","tools":[{"type":"code_interpreter","container":"cntr_1"},
      {"type":"code_interpreter","container":{"type":"auto","file_ids":["file-1"]}},
      {"type":"function","name":"f","parameters":{"container":"docker"}}]})"),
            Found({"container=cntr_1", "file_ids=file-1"}));
  EXPECT_EQ(references(R"({"tools":[{"container":"\u0063ntr_1"}]})"), Found({"container=cntr_1"}));
}

TEST(References, OfWorkOnFiles) {
  EXPECT_EQ(references(R"({"input_file_id":"file-1","endpoint":"/responses"})", Operation::batches), Found({"input_file_id=file-1"}));
  EXPECT_EQ(references(R"({"model":"m","training_file":"file-1","validation_file":"file-2"})", Operation::fine_tuning),
            Found({"training_file=file-1", "validation_file=file-2"}));
  EXPECT_EQ(references(R"({"file_ids":["file-1","file-2",3],"metadata":{"file_id":"file-9"}})", Operation::vector_stores),
            Found({"file_ids=file-1", "file_ids=file-2"}));
  EXPECT_EQ(references(R"({"files":[{"file_id":"file-1","attributes":{}}]})", Operation::vector_stores), Found({"file_id=file-1"}));
  EXPECT_EQ(references(R"({"file_id":"file-1"})", Operation::vector_stores), Found({"file_id=file-1"}));
}

// However a client writes it, the id is the one that the resource reads.
TEST(References, AreReadThroughEscapes) {
  EXPECT_EQ(references(R"({"previous_response_id":"resp\u005f1"})"), Found({"previous_response_id=resp_1"}));
  EXPECT_EQ(references(R"({"input":[{"content":[{"\u0066ile_id":"file\u002d1"}]}]})"), Found({"file_id=file-1"}));
  EXPECT_EQ(references(R"({"input":[{"content":[{"File_ID":"file-1"}]}]})"), Found({"file_id=file-1"}));
}

TEST(References, AreBounded) {
  std::string ids;
  for (std::size_t i = 0; i <= most_references; ++i) ids += (i ? ",\"f" : "\"f") + std::to_string(i) + '"';
  RequestFacts facts;
  ScanProblem problem;
  EXPECT_FALSE(scan_request(R"({"file_ids":[)" + ids + "]}", Operation::vector_stores, facts, problem));
  EXPECT_NE(problem.message.find("2000"), problem.message.npos) << problem.message;
  const std::string longest(longest_object_id, 'x');
  EXPECT_EQ(references(R"({"file_id":")" + longest + R"("})", Operation::vector_stores).size(), 1u);
  EXPECT_EQ(references(R"({"file_id":")" + longest + R"(x"})", Operation::vector_stores).size(), 0u);
}

TEST(References, AreNotLookedForWhereNoneCanBe) {
  std::string deep = R"("x")";
  for (int i = 0; i < 100; ++i) deep = R"([{"file_id":)" + deep + "}]";
  EXPECT_EQ(references(R"({"input":)" + deep + "}").size(), 0u);
}

}  // namespace
}  // namespace tollgate::openai

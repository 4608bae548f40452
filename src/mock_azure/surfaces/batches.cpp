// Batches: each look at one moves it on; its lines are answered as chat requests would be.
#include <utility>

#include "mock_azure/api_error.hpp"
#include "mock_azure/object_store.hpp"
#include "mock_azure/resource.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

Reply no_such_batch(std::string_view id) {
  return error_reply({.status = 404,
                      .message = "No batch found with id '" + std::string(id) + "'.",
                      .code = "not_found"});
}

struct Output {
  std::string text;
  std::int64_t total = 0, failed = 0;
};

Output answer_lines(Call& call, std::string_view input) {
  Output output;
  while (!input.empty()) {
    const std::size_t eol = input.find('\n');
    const std::string_view line = input.substr(0, eol);
    input.remove_prefix(eol == input.npos ? input.size() : eol + 1);
    if (line.find_first_not_of(" \r\t") == line.npos) continue;
    ++output.total;
    const Json request = parse_json(line);
    const PlainAnswer answer = answer_chat_body(call, dump_json(member(request, "body")));
    if (answer.status != 200) ++output.failed;
    output.text += dump_json(Json{{"id", "batch_req_" + token_id(hash_bytes(3, line), 20)},
                                  {"custom_id", string_member(request, "custom_id")},
                                  {"response",
                                   {{"request_id", guid(hash_bytes(4, line))},
                                    {"status_code", answer.status},
                                    {"body", parse_json(answer.body)}}},
                                  {"error", nullptr}});
    output.text += '\n';
  }
  return output;
}

Reply create_batch(Call& call) {
  const Json body = parse_json(call.http.body);
  if (!body.is_object()) return bad_json();
  const std::string input_id = string_member(body, "input_file_id");
  const std::string endpoint = string_member(body, "endpoint");
  const std::string window = string_member(body, "completion_window");
  if (window != "24h") {
    return invalid_request("Invalid value: '" + window + "'. Supported values are: '24h'.",
                           "completion_window", "invalid_value");
  }
  ObjectStore& store = call.world.objects;
  std::string input;
  {
    const std::lock_guard lock(store.mutex);
    const auto it = store.files.find(input_id);
    if (it == store.files.end()) {
      return invalid_request("Invalid 'input_file_id': no such file.", "input_file_id");
    }
    input = it->second.content;
  }
  Output output = answer_lines(call, input);
  const std::uint64_t meaning =
      meaning_of("batches", endpoint, hash_bytes(hash_bytes(0, input_id), input));
  StoredBatch batch;
  batch.output = std::move(output.text);
  batch.object = Json{{"id", "batch_" + guid(meaning)},
                      {"object", "batch"},
                      {"endpoint", endpoint},
                      {"errors", nullptr},
                      {"input_file_id", input_id},
                      {"completion_window", window},
                      {"status", "validating"},
                      {"output_file_id", nullptr},
                      {"error_file_id", nullptr},
                      {"created_at", created_of(meaning)},
                      {"request_counts",
                       {{"total", output.total},
                        {"completed", 0},
                        {"failed", output.failed}}},
                      {"metadata", member(body, "metadata")}};
  Reply reply = json_answer(batch.object);
  reply.meaning = meaning;
  const std::lock_guard lock(store.mutex);
  store.batches.insert_or_assign(string_member(batch.object, "id"), std::move(batch));
  return reply;
}

// validating -> in_progress -> completed; REQUIRES: the store is locked.
void advance(ObjectStore& store, StoredBatch& batch) {
  const std::string status = string_member(batch.object, "status");
  if (status == "cancelling") batch.object["status"] = "cancelled";
  if (status == "validating") batch.object["status"] = "in_progress";
  if (status != "in_progress") return;
  const std::uint64_t meaning = hash_bytes(5, string_member(batch.object, "id"));
  const std::string id = "file-" + token_id(meaning, 24);
  StoredFile file;
  file.object = Json{{"id", id},
                     {"object", "file"},
                     {"bytes", batch.output.size()},
                     {"created_at", created_of(meaning)},
                     {"filename", "output.jsonl"},
                     {"purpose", "batch_output"},
                     {"status", "processed"}};
  file.content = batch.output;
  store.files.insert_or_assign(id, std::move(file));
  Json& counts = batch.object["request_counts"];
  counts["completed"] = int_member(counts, "total", 0) - int_member(counts, "failed", 0);
  batch.object["output_file_id"] = id;
  batch.object["status"] = "completed";
}

}  // namespace

Reply batches(Call& call) {
  const auto& segments = call.route.segments;
  if (segments.empty() && call.is("POST")) return create_batch(call);
  ObjectStore& store = call.world.objects;
  const std::lock_guard lock(store.mutex);
  if (segments.empty()) {
    if (!call.is("GET")) return method_not_allowed();
    Json data = Json::array();
    for (const auto& [id, batch] : store.batches) data.push_back(batch.object);
    return json_answer(list_page(data, call.http.query));
  }
  const auto it = store.batches.find(segments[0]);
  if (it == store.batches.end()) return no_such_batch(segments[0]);
  StoredBatch& batch = it->second;
  if (segments.size() == 2 && segments[1] == "cancel" && call.is("POST")) {
    const std::string status = string_member(batch.object, "status");
    if (status == "validating" || status == "in_progress") batch.object["status"] = "cancelling";
    return json_answer(batch.object);
  }
  if (segments.size() != 1) return resource_not_found();
  if (!call.is("GET")) return method_not_allowed();
  advance(store, batch);
  return json_answer(batch.object);
}

}  // namespace tollgate::mock

// Files: upload, list, get, content, delete.
#include <utility>

#include "mock_azure/api_error.hpp"
#include "mock_azure/multipart.hpp"
#include "mock_azure/object_store.hpp"
#include "mock_azure/resource.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

Reply no_such_file(std::string_view id) {
  return error_reply({.status = 404,
                      .message = "No such File object: " + std::string(id),
                      .code = "not_found",
                      .param = "id"});
}

Reply upload(Call& call) {
  const auto form = parse_form(call.http.header("content-type"), call.http.body);
  if (!form) return invalid_request("The body must be multipart/form-data.");
  const Part* file = form->find("file");
  if (file == nullptr) return invalid_request("Missing required parameter: 'file'.", "file");
  const std::string purpose = form->text("purpose");
  if (purpose != "assistants" && purpose != "batch" && purpose != "fine-tune" &&
      purpose != "evals") {
    return invalid_request("Invalid value for 'purpose'.", "purpose", "invalid_value");
  }
  const std::uint64_t content =
      hash_bytes(hash_bytes(hash_bytes(0, file->content), file->filename), purpose);
  const std::uint64_t meaning = meaning_of("files", "", content);
  StoredFile stored;
  stored.content = file->content;
  stored.object = Json{{"id", "file-" + token_id(meaning, 24)},
                       {"object", "file"},
                       {"bytes", file->content.size()},
                       {"created_at", created_of(meaning)},
                       {"filename", file->filename},
                       {"purpose", purpose},
                       {"status", "processed"},
                       {"status_details", nullptr}};
  Reply reply = json_answer(stored.object);
  reply.meaning = meaning;
  ObjectStore& store = call.world.objects;
  const std::lock_guard lock(store.mutex);
  store.files.insert_or_assign(string_member(stored.object, "id"), std::move(stored));
  return reply;
}

Reply list(Call& call) {
  const auto purpose = query_value(call.http.query, "purpose");
  Json data = Json::array();
  ObjectStore& store = call.world.objects;
  const std::lock_guard lock(store.mutex);
  for (const auto& [id, file] : store.files) {
    if (!purpose || string_member(file.object, "purpose") == *purpose) data.push_back(file.object);
  }
  return json_answer(list_page(data, call.http.query));
}

}  // namespace

Reply files(Call& call) {
  const auto& segments = call.route.segments;
  if (segments.empty()) {
    if (call.is("POST")) return upload(call);
    return call.is("GET") ? list(call) : method_not_allowed();
  }
  ObjectStore& store = call.world.objects;
  const std::lock_guard lock(store.mutex);
  const auto it = store.files.find(segments[0]);
  if (it == store.files.end()) return no_such_file(segments[0]);
  if (segments.size() == 2 && segments[1] == "content" && call.is("GET")) {
    Reply reply;
    reply.content_type = "application/octet-stream";
    reply.body = it->second.content;
    return reply;
  }
  if (segments.size() != 1) return resource_not_found();
  if (call.is("GET")) return json_answer(it->second.object);
  if (!call.is("DELETE")) return method_not_allowed();
  Json answer{{"id", it->first}, {"object", "file"}, {"deleted", true}};
  store.files.erase(it);
  return json_answer(answer);
}

}  // namespace tollgate::mock

// Vector stores: files in, search out, ranked by the stand-in's own embeddings.
#include <algorithm>
#include <utility>

#include "mock_azure/api_error.hpp"
#include "mock_azure/embedding.hpp"
#include "mock_azure/object_store.hpp"
#include "mock_azure/resource.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

constexpr std::size_t vector_size = 256;
constexpr std::size_t passage_limit = 800;

Reply not_found(const char* what, std::string_view id) {
  return error_reply({.status = 404,
                      .message = "No " + std::string(what) + " found with id '" + std::string(id) +
                                 "'.",
                      .code = "not_found"});
}

Json file_counts(std::size_t completed) {
  return Json{{"in_progress", 0}, {"completed", completed}, {"failed", 0}, {"cancelled", 0},
              {"total", completed}};
}

// REQUIRES: the store is locked, for all below.
bool attach(ObjectStore& store, StoredVectorStore& vectors, const Json& request) {
  const std::string file_id = string_member(request, "file_id");
  const auto file = store.files.find(file_id);
  if (file == store.files.end()) return false;
  const bool known = std::any_of(vectors.files.begin(), vectors.files.end(), [&](const Json& one) {
    return string_member(one, "id") == file_id;
  });
  if (known) return true;
  const Json& attributes = member(request, "attributes");
  vectors.files.push_back(
      Json{{"id", file_id},
           {"object", "vector_store.file"},
           {"created_at", member(vectors.object, "created_at")},
           {"usage_bytes", file->second.content.size()},
           {"vector_store_id", member(vectors.object, "id")},
           {"status", "completed"},
           {"last_error", nullptr},
           {"attributes", attributes.is_object() ? attributes : Json::object()}});
  vectors.object["file_counts"] = file_counts(vectors.files.size());
  vectors.object["usage_bytes"] = int_member(vectors.object, "usage_bytes", 0) +
                                  static_cast<std::int64_t>(file->second.content.size());
  return true;
}

Reply create(ObjectStore& store, const Json& body) {
  const Json& file_ids = member(body, "file_ids");
  const std::string name = string_member(body, "name");
  const std::uint64_t content = hash_bytes(hash_bytes(0, name), dump_json(file_ids));
  const std::uint64_t meaning = meaning_of("vector_stores", "", content);
  StoredVectorStore vectors;
  const Json& metadata = member(body, "metadata");
  vectors.object = Json{{"id", "vs_" + token_id(meaning, 24)},
                        {"object", "vector_store"},
                        {"created_at", created_of(meaning)},
                        {"name", name},
                        {"usage_bytes", 0},
                        {"file_counts", file_counts(0)},
                        {"status", "completed"},
                        {"expires_after", member(body, "expires_after")},
                        {"expires_at", nullptr},
                        {"last_active_at", created_of(meaning)},
                        {"metadata", metadata.is_object() ? metadata : Json::object()}};
  if (file_ids.is_array()) {
    for (const Json& id : file_ids) {
      if (!attach(store, vectors, Json{{"file_id", id}})) {
        return not_found("file", id.is_string() ? id.get<std::string>() : "");
      }
    }
  }
  Reply reply = json_answer(vectors.object);
  reply.meaning = meaning;
  store.vector_stores.insert_or_assign(string_member(vectors.object, "id"), std::move(vectors));
  return reply;
}

double closeness(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

Reply search(const ObjectStore& store, const StoredVectorStore& vectors, const Json& body) {
  const Json& query = member(body, "query");
  std::string text = query.is_string() ? query.get<std::string>() : std::string();
  if (query.is_array()) {
    for (const Json& one : query) {
      if (one.is_string()) text += one.get<std::string>() + ' ';
    }
  }
  if (text.empty()) return invalid_request("Missing required parameter: 'query'.", "query");
  const auto wanted = embed_text(text, vector_size);
  std::vector<std::pair<double, Json>> found;
  for (const Json& one : vectors.files) {
    const auto file = store.files.find(string_member(one, "id"));
    if (file == store.files.end()) continue;
    const std::string_view passage = utf8_prefix(file->second.content, passage_limit);
    const double score = closeness(wanted, embed_text(passage, vector_size));
    found.emplace_back(score, Json{{"file_id", file->first},
                                   {"filename", member(file->second.object, "filename")},
                                   {"score", score},
                                   {"attributes", member(one, "attributes")},
                                   {"content", Json::array({{{"type", "text"},
                                                             {"text", std::string(passage)}}})}});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  const std::int64_t most =
      std::clamp<std::int64_t>(int_member(body, "max_num_results", 10), 1, 50);
  Json data = Json::array();
  for (auto& [score, item] : found) {
    if (static_cast<std::int64_t>(data.size()) == most) break;
    data.push_back(std::move(item));
  }
  return json_answer(Json{{"object", "vector_store.search_results.page"},
                          {"search_query", Json::array({text})},
                          {"data", std::move(data)},
                          {"has_more", false},
                          {"next_page", nullptr}});
}

Json all_files(const StoredVectorStore& vectors) {
  Json data = Json::array();
  for (const Json& file : vectors.files) data.push_back(file);
  return list_object(std::move(data));
}

Reply store_files(Call& call, ObjectStore& store, StoredVectorStore& vectors, const Json& body) {
  const auto& segments = call.route.segments;
  if (segments.size() == 2) {
    if (call.is("GET")) return json_answer(all_files(vectors));
    if (!call.is("POST")) return method_not_allowed();
    const std::string id = string_member(body, "file_id");
    if (!attach(store, vectors, body)) return not_found("file", id);
  }
  const std::string id =
      segments.size() == 2 ? string_member(body, "file_id") : std::string(segments[2]);
  const auto it = std::find_if(vectors.files.begin(), vectors.files.end(), [&](const Json& one) {
    return string_member(one, "id") == id;
  });
  if (it == vectors.files.end()) return not_found("file", id);
  if (!call.is("DELETE")) return json_answer(*it);
  vectors.files.erase(it);
  vectors.object["file_counts"] = file_counts(vectors.files.size());
  return json_answer(Json{{"id", id}, {"object", "vector_store.file.deleted"}, {"deleted", true}});
}

Reply file_batches(Call& call, ObjectStore& store, StoredVectorStore& vectors, const Json& body) {
  const auto& segments = call.route.segments;
  if (segments.size() == 2) {
    if (!call.is("POST")) return method_not_allowed();
    const Json& ids = member(body, "file_ids");
    if (!ids.is_array()) {
      return invalid_request("Missing required parameter: 'file_ids'.", "file_ids");
    }
    for (const Json& id : ids) {
      if (!attach(store, vectors, Json{{"file_id", id}})) {
        return not_found("file", id.is_string() ? id.get<std::string>() : "");
      }
    }
    const std::uint64_t meaning =
        hash_bytes(hash_bytes(10, string_member(vectors.object, "id")), dump_json(ids));
    const std::string id = "vsfb_" + token_id(meaning, 24);
    Json batch{{"id", id},
               {"object", "vector_store.file_batch"},
               {"created_at", created_of(meaning)},
               {"vector_store_id", member(vectors.object, "id")},
               {"status", "completed"},
               {"file_counts", file_counts(ids.size())}};
    vectors.file_batches.insert_or_assign(id, batch);
    return json_answer(batch);
  }
  const auto it = vectors.file_batches.find(std::string(segments[2]));
  if (it == vectors.file_batches.end()) return not_found("file batch", segments[2]);
  if (segments.size() == 3 && call.is("GET")) return json_answer(it->second);
  if (segments.size() == 4 && segments[3] == "cancel" && call.is("POST")) {
    return json_answer(it->second);  // finished at once, so there is nothing left to cancel
  }
  if (segments.size() == 4 && segments[3] == "files" && call.is("GET")) {
    return json_answer(all_files(vectors));
  }
  return resource_not_found();
}

}  // namespace

Reply vector_stores(Call& call) {
  const auto& segments = call.route.segments;
  const Json body = call.http.body.empty() ? Json::object() : parse_json(call.http.body);
  if (!body.is_object()) return bad_json();
  ObjectStore& store = call.world.objects;
  const std::lock_guard lock(store.mutex);
  if (segments.empty()) {
    if (call.is("POST")) return create(store, body);
    if (!call.is("GET")) return method_not_allowed();
    Json data = Json::array();
    for (const auto& [id, vectors] : store.vector_stores) data.push_back(vectors.object);
    return json_answer(list_page(data, call.http.query));
  }
  const auto it = store.vector_stores.find(segments[0]);
  if (it == store.vector_stores.end()) return not_found("vector store", segments[0]);
  StoredVectorStore& vectors = it->second;
  if (segments.size() >= 2) {
    const std::string_view part = segments[1];
    if (part == "files" && segments.size() <= 3) return store_files(call, store, vectors, body);
    if (part == "file_batches") return file_batches(call, store, vectors, body);
    if (part == "search" && segments.size() == 2 && call.is("POST")) {
      return search(store, vectors, body);
    }
    return resource_not_found();
  }
  if (call.is("GET")) return json_answer(vectors.object);
  if (call.is("POST")) {
    for (const char* key : {"name", "metadata", "expires_after"}) {
      if (body.contains(key)) vectors.object[key] = body[key];
    }
    return json_answer(vectors.object);
  }
  if (!call.is("DELETE")) return method_not_allowed();
  Json answer{{"id", it->first}, {"object", "vector_store.deleted"}, {"deleted", true}};
  store.vector_stores.erase(it);
  return json_answer(answer);
}

}  // namespace tollgate::mock

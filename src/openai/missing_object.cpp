#include "openai/missing_object.hpp"

#include "base/ascii.hpp"
#include "base/json_text.hpp"
#include "openai/json_cursor.hpp"
#include "openai/route.hpp"

#include <algorithm>
#include <array>

namespace tollgate::openai {
namespace {

struct ErrorFacts {
  std::string code, message, param;
};

std::string text_of(JsonCursor& json) {
  JsonString string;
  std::string text;
  if (json.peek() != '"') {
    json.skip_value();
  } else if (json.read_string(string)) {
    json_unescape(string.raw, text);
  }
  return text;
}

ErrorFacts error_in(std::string_view body) {
  ErrorFacts facts;
  JsonCursor json(body);
  JsonString key;
  if (json.peek() != '{') return facts;
  json.open_object();
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    if (key.raw != "error" || json.peek() != '{') {
      if (!json.skip_value()) return facts;
      continue;
    }
    json.open_object();
    for (bool is_inner_first = true; json.next_member(key, is_inner_first); is_inner_first = false) {
      if (key.raw == "code") facts.code = text_of(json);
      else if (key.raw == "message") facts.message = text_of(json);
      else if (key.raw == "param") facts.param = text_of(json);
      else json.skip_value();
      if (json.is_broken()) return facts;
    }
  }
  return facts;
}

bool contains(std::string_view text, std::string_view words) {
  const auto is_same = [](char a, char b) { return base::to_lower(a) == b; };
  return std::search(text.begin(), text.end(), words.begin(), words.end(), is_same) != text.end();
}

// Fields that name stored objects, as errors cite them.
bool is_about_object(std::string_view param) {
  constexpr std::array<std::string_view, 9> params{"previous_response_id", "conversation", "input_file_id", "training_file", "validation_file",
                                                   "file_id", "file_ids", "vector_store_ids", "container"};
  return std::ranges::any_of(params, [&](std::string_view name) { return param.find(name) != param.npos; });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  json_escape(out, text);
  return out + '"';
}

MissingObject told(int status, std::string_view message, std::string_view param, std::string_view code) {
  MissingObject out{status, R"({"error":{"message":)"};
  out.body += quoted(message) + R"(,"type":"invalid_request_error","param":)";
  out.body += (param.empty() ? "null" : quoted(param)) + R"(,"code":)";
  out.body += (code.empty() ? "null" : quoted(code)) + "}}";
  return out;
}

std::string with_id(std::string_view before, std::string_view id, std::string_view after) {
  std::string text(before);
  return text.append(id).append(after);
}

MissingObject missing_in_path(const Route& route, std::string_view id) {
  if (!id.empty() && ids_in_path(route).inner == id) {
    const bool is_batch = route.tail.find("/file_batches/") != route.tail.npos;
    return told(404, with_id(is_batch ? "No file batch found with id '" : "No file found with id '", id, "'."), "", "not_found");
  }
  switch (route.operation) {
    case Operation::response_object:
      return told(404, with_id("Response with id '", id, "' not found."), "response_id", "not_found");
    case Operation::files: return told(404, with_id("No such File object: ", id, ""), "id", "not_found");
    case Operation::batches: return told(404, with_id("No batch found with id '", id, "'."), "", "not_found");
    case Operation::fine_tuning:
      return told(404, with_id("Could not find fine tune: ", id, ""), "fine_tuning_job_id", "fine_tune_not_found");
    default: return told(404, with_id("No vector store found with id '", id, "'."), "", "not_found");
  }
}

}  // namespace

bool is_missing_object(int status, std::string_view body) {
  if (status != 404 && status != 400) return false;
  const ErrorFacts error = error_in(body);
  constexpr std::array<std::string_view, 4> not_meant{"404", "DeploymentNotFound", "model_not_found", "operation_not_found"};
  if (std::ranges::find(not_meant, error.code) != not_meant.end()) return false;
  if (status == 404) return true;
  if (contains(error.code, "not_found")) return true;
  if (error.code == "invalid_encrypted_content") return true;  // thoughts that another resource has had
  const bool says_so = contains(error.message, "not found") || contains(error.message, "no such") ||
                       contains(error.message, "not exist") || contains(error.message, "invalid training_file") ||
                       contains(error.message, "invalid validation_file");
  return says_so && is_about_object(error.param);
}

bool is_missing_previous_response(int status, std::string_view body) {
  return status == 400 && error_in(body).code == "previous_response_not_found";
}

MissingObject missing_object(const Route& route, std::string_view id, std::string_view field) {
  if (field.empty()) return missing_in_path(route, id);
  if (field == "previous_response_id") {
    return told(400, with_id("Previous response with id '", id, "' not found."), field, "previous_response_not_found");
  }
  if (field == "conversation") return told(404, with_id("Conversation with id '", id, "' not found."), "", "");
  if (field == "container") return told(404, with_id("Container with id '", id, "' not found."), "", "");
  if (field == "input") return told(404, with_id("Item with id '", id, "' not found."), "input", "");
  if (field == "input_file_id") return told(400, "Invalid 'input_file_id': no such file.", field, "");
  if (field == "training_file" || field == "validation_file") {
    return told(400, with_id(with_id("invalid ", field, ": "), id, ""), field, "invalid_value");
  }
  const std::string_view what = field == "vector_store_ids" ? "vector store" : "file";
  return told(404, with_id(with_id("No ", what, " found with id '"), id, "'."), "", "not_found");
}

}  // namespace tollgate::openai

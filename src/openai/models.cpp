#include "openai/models.hpp"

#include "base/json_text.hpp"

namespace tollgate::openai {
namespace {

// `created` is a required field of the SDKs' type, and a configured model has no such date.
void append_model(std::string& out, std::string_view name) {
  out += R"({"id":")";
  json_escape(out, name);
  out += R"(","object":"model","created":0,"owned_by":"tollgate"})";
}

}  // namespace

std::string models_list(std::span<const std::string_view> names) {
  std::string body = R"({"object":"list","data":[)";
  for (const auto name : names) {
    if (body.back() != '[') body += ',';
    append_model(body, name);
  }
  body += "]}";
  return body;
}

std::string model_object(std::string_view name) {
  std::string body;
  append_model(body, name);
  return body;
}

}  // namespace tollgate::openai

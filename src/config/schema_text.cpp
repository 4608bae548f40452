#include "config/schema_text.hpp"

#include "base/json_text.hpp"

namespace tollgate::config {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  json_escape(out, text);
  return out + '"';
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

}  // namespace

std::string json_list(const std::vector<std::string>& texts) {
  std::vector<std::string> parts;
  for (const std::string& text : texts) parts.push_back(quoted(text));
  return "[" + joined(parts) + "]";
}

std::string pattern_schema(std::string_view pattern) {
  return R"({"type":"string","pattern":)" + quoted(pattern) + "}";
}

std::string pattern_or_number_schema(std::string_view pattern, std::string_view number) {
  return R"({"type":["string",)" + quoted(number) + R"(],"pattern":)" + quoted(pattern) + "}";
}

std::string integer_schema(int least, int most) {
  return R"({"type":"integer","minimum":)" + std::to_string(least) + R"(,"maximum":)" + std::to_string(most) + "}";
}

std::string words_schema(const std::vector<std::string>& words) { return R"({"enum":)" + json_list(words) + "}"; }

std::string list_schema(const std::string& item) { return R"({"type":"array","items":)" + item + R"(,"minItems":1})"; }

std::string set_schema(const std::string& item) {
  return R"({"type":"array","items":)" + item + R"(,"minItems":1,"uniqueItems":true})";
}

std::string either_schema(const std::vector<std::string>& forms) { return R"({"oneOf":[)" + joined(forms) + "]}"; }

std::string one_or_list_schema(const std::string& item) { return either_schema({item, list_schema(item)}); }

}  // namespace tollgate::config

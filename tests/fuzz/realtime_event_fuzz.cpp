// Any bytes as an event of a realtime session: what is found is what a full JSON parser finds.
#include "openai/realtime_events.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using nlohmann::json;

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto facts = tollgate::openai::read_realtime_event(text);
  check(!facts.has_usage || facts.type == "response.done");
  check(facts.usage.prompt_tokens >= 0 && facts.usage.total_tokens >= 0 && facts.usage.completion_audio_tokens >= 0);
  // The parser takes a NUL for the end of the text, and decodes escaped names, which we do not; of names
  // given twice it keeps the last.
  if (text.find_first_of(std::string_view("\\\0", 2)) != std::string_view::npos) return 0;
  // Nor does it mind how deep a text is nested.
  if (std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; }) > 200) return 0;
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_object()) return 0;
  const auto first = text.find("\"type\"");
  if (first == text.npos) {
    check(facts.type.empty());
    return 0;
  }
  if (text.find("\"type\"", first + 1) != text.npos || !document.contains("type")) return 0;
  check(facts.type == (document["type"].is_string() ? document["type"].get<std::string>() : std::string()));
  return 0;
}

// Any bytes as an answer or a form, cut anywhere: what is found does not depend on the cuts, and
// the quick look at a chunk finds what the thorough one does. The first byte says how to cut.
#include "openai/body_scan.hpp"
#include "openai/missing_object.hpp"
#include "openai/multipart.hpp"
#include "openai/object_ids.hpp"
#include "openai/stream_events.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using nlohmann::json;
using tollgate::Usage;
using namespace tollgate::openai;

void check(bool holds) {
  if (!holds) std::abort();
}

bool is_same(const Usage& a, const Usage& b) {
  return a.prompt_tokens == b.prompt_tokens && a.cached_tokens == b.cached_tokens &&
         a.completion_tokens == b.completion_tokens && a.reasoning_tokens == b.reasoning_tokens &&
         a.total_tokens == b.total_tokens && a.is_reported == b.is_reported;
}

// Cuts into parts of 1 to 64 bytes, differently for every seed. The parts are copied, so that
// reading beyond one is seen.
template <class Feed>
void cut(std::string_view body, unsigned seed, Feed feed) {
  while (!body.empty()) {
    seed = seed * 1664525U + 1013904223U;
    const auto size = std::min<std::size_t>(body.size(), 1 + (seed >> 16) % 64);
    const std::string part(body.substr(0, size));
    if (!feed(std::string_view(part))) return;
    body.remove_prefix(size);
  }
}

void check_body_scan(std::string_view body, unsigned seed) {
  BodyScan at_once;
  at_once.feed(body);
  const auto whole = at_once.finish();

  BodyScan in_parts;
  cut(body, seed, [&](std::string_view part) {
    in_parts.feed(part);
    return true;
  });
  const auto parts = in_parts.finish();
  check(whole.model == parts.model && whole.status == parts.status);
  check(whole.has_error == parts.has_error && whole.is_json_object == parts.is_json_object);
  check(is_same(whole.usage, parts.usage));
}

void check_object_ids(std::string_view body, unsigned seed) {
  ObjectIds at_once;
  at_once.feed(body);
  ObjectIds in_parts;
  cut(body, seed, [&](std::string_view part) {
    in_parts.feed(part);
    return true;
  });
  check(at_once.take() == in_parts.take());
  object_ids_of_event(body);
  is_missing_object(400, body);
}

void check_form(std::string_view body, unsigned seed) {
  ModelField at_once("B");
  const bool is_fine = at_once.feed(body) && at_once.finish();

  ModelField in_parts("B");
  bool is_fine_in_parts = true;
  cut(body, seed, [&](std::string_view part) { return is_fine_in_parts = in_parts.feed(part); });
  is_fine_in_parts = is_fine_in_parts && in_parts.finish();
  check(is_fine == is_fine_in_parts && at_once.problem() == in_parts.problem());
  check(at_once.is_found() == in_parts.is_found() && at_once.model() == in_parts.model());
  check(at_once.value_begin() == in_parts.value_begin());
  if (at_once.is_found())
    check(body.substr(at_once.value_begin(), at_once.value_end() - at_once.value_begin()) ==
          at_once.model());
}

void check_chunk(std::string_view data) {
  const auto quick = read_chat_chunk(data, false);
  const auto thorough = read_chat_chunk(data, true);
  const auto document = json::parse(data, nullptr, false);
  read_response_event("", data, true);
  read_response_event("response.completed", data, false);

  std::string_view before;
  std::string_view after;
  const bool is_cut = strip_null_usage(data, before, after);
  // The parser takes a NUL for the end of the text, and decodes escaped names, which we do not.
  if (document.is_discarded() || !document.is_object() ||
      data.find_first_of(std::string_view("\\\0", 2)) != std::string_view::npos)
    return;
  BodyScan scan;
  scan.feed(data);
  check(scan.finish().is_json_object || data.starts_with("\xef\xbb\xbf"));
  check(quick.has_usage == thorough.has_usage && quick.is_error == thorough.is_error);
  check(is_same(quick.usage, thorough.usage));
  if (!is_cut) return;
  const auto rest = json::parse(std::string(before) + std::string(after), nullptr, false);
  check(!rest.is_discarded() && rest.size() <= document.size() &&
        rest.size() + 1 >= document.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_body_scan(body, data[0]);
  check_object_ids(body, data[0]);
  check_form(body, data[0]);
  check_chunk(body);
  return 0;
}

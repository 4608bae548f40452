// Server-sent events: no byte is lost, and the events are those that a plain reading of the
// standard finds, however the input is cut.
#include "http/sse_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace tollgate::http;
using Status = SseReader::Status;

void check(bool is_true) {
  if (!is_true) std::abort();
}

struct Event {
  std::string data, event;
  bool operator==(const Event&) const = default;
};

struct Read {
  std::vector<Event> events;  // those with data
  std::string unfinished;
  bool is_too_large = false;
  bool operator==(const Read&) const = default;
};

Read read(std::string_view text, std::size_t first, std::size_t step, std::size_t max_bytes) {
  SseReader reader(max_bytes);
  Read result;
  std::string relayed;
  SseEvent event;
  const std::string_view all = text;
  for (std::size_t size = first; !text.empty(); size = step) {
    const std::string piece(text.substr(0, size));  // freed before the next: finds stale views
    text.remove_prefix(piece.size());
    std::string_view in = piece;
    Status status;
    while ((status = reader.next(in, event)) == Status::event) {
      check(!event.raw.empty());
      check(!event.is_comment_only || (!event.has_data && event.event.empty()));
      check(event.has_data || event.data.empty());
      relayed.append(event.raw);
      if (event.has_data)
        result.events.push_back({std::string(event.data), std::string(event.event)});
    }
    if (status == Status::too_large) {
      result.is_too_large = true;
      return result;
    }
    check(in.empty());
    check(reader.held_bytes() < 64 || !reader.unfinished().empty());
  }
  result.unfinished = reader.unfinished();
  check(relayed + result.unfinished == all);
  return result;
}

// The standard's own words: lines first, then fields.
std::vector<Event> read_plainly(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' && text[i] != '\n') {
      line += text[i];
      continue;
    }
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    lines.push_back(line);
    line.clear();
  }
  std::vector<Event> events;
  Event event;
  bool has_data = false;
  for (const auto& each : lines) {
    if (each.empty()) {
      if (has_data) {
        event.data.pop_back();
        events.push_back(event);
      }
      event = {};
      has_data = false;
      continue;
    }
    const std::size_t colon = each.find(':');
    const std::string name = each.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : each.substr(colon + 1);
    if (value.starts_with(' ')) value.erase(0, 1);
    if (name == "event") event.event = value;
    if (name == "data") {
      event.data += value + '\n';
      has_data = true;
    }
  }
  return events;
}

}  // namespace

// The first two bytes choose where to cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t no_limit = std::size_t{1} << 30;
  const auto whole = read(text, text.size(), 1, no_limit);
  check(whole.events == read_plainly(text));
  check(read(text, 1, 1, no_limit) == whole);
  check(read(text, std::max<std::size_t>(data[0], 1), text.size() + 1, no_limit) == whole);
  check(read(text, 1 + data[0] % 5, 1 + data[1] % 37, no_limit) == whole);

  const std::size_t limit = 3 + data[1] % 64;  // room for a byte order mark
  const bool is_too_large = read(text, text.size(), 1, limit).is_too_large;
  check(read(text, 1, 1, limit).is_too_large == is_too_large);
  return 0;
}

#include "http/sse_reader.hpp"

#include "http/byte_scan.hpp"

namespace tollgate::http {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_line_end(char c) noexcept { return c == '\r' || c == '\n'; }

// Where the next line begins, given a line end at `at`: CR, LF or the two together.
const char* skip_line_end(const char* at, const char* end) noexcept {
  const bool is_pair = *at == '\r' && end - at > 1 && at[1] == '\n';
  return at + (is_pair ? 2 : 1);
}

void free_heap(std::string& text) noexcept { std::string().swap(text); }

}  // namespace

SseReader::Status SseReader::next(std::string_view& in, SseEvent& out) {
  if (is_broken_) return Status::too_large;
  if (!is_open_) open_.clear();
  joined_.clear();
  if (in.empty()) {
    if (!is_open_) free_heap(open_);
    free_heap(joined_);
    return Status::need_more;
  }
  if (is_open_) return go_on(in, out);
  if (const std::size_t blank = count_blank_front(in); blank != 0)
    return hand_out_blank(in.substr(0, blank), in, blank, out);

  const std::size_t end = parse(in, out);
  if (end == std::string_view::npos) return keep(in);
  if (is_too_large(in.substr(0, end))) return fail();
  is_first_ = false;
  in.remove_prefix(end);
  return Status::event;
}

// The same for an event that began in an earlier input.
SseReader::Status SseReader::go_on(std::string_view& in, SseEvent& out) {
  if (is_first_ && take_byte_order_mark(in)) {
    is_open_ = false;
    return hand_out_blank(open_, in, 0, out);
  }
  if (in.empty()) return Status::need_more;
  const std::size_t end = find_end_of_open_event(in);
  if (end == std::string_view::npos) return keep(in);
  if (is_too_large(in.substr(0, end))) return fail();
  open_.append(in.substr(0, end));
  in.remove_prefix(end);
  parse(open_, out);
  is_open_ = false;
  is_first_ = false;
  return Status::event;
}

SseReader::Status SseReader::hand_out_blank(std::string_view raw, std::string_view& in,
                                            std::size_t taken, SseEvent& out) noexcept {
  out = SseEvent{};
  out.raw = raw;
  out.is_comment_only = true;
  is_first_ = false;
  in.remove_prefix(taken);
  return Status::event;
}

SseReader::Status SseReader::keep(std::string_view& in) {
  if (open_.size() + in.size() > max_event_bytes_) return fail();
  open_.append(in);
  is_open_ = true;
  free_heap(joined_);
  in.remove_prefix(in.size());
  return Status::need_more;
}

SseReader::Status SseReader::fail() noexcept {
  is_broken_ = true;
  is_open_ = false;
  free_heap(open_);
  free_heap(joined_);
  return Status::too_large;
}

// `last` is the rest of an event. The LF of its closing CRLF does not count, because it is not part
// of the event when it comes with a later input: the limit is the same however the input is cut.
bool SseReader::is_too_large(std::string_view last) const noexcept {
  return open_.size() + last.size() - (last.ends_with("\r\n") ? 1 : 0) > max_event_bytes_;
}

std::size_t SseReader::count_blank_front(std::string_view in) const noexcept {
  std::size_t n = is_first_ && in.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  while (n != in.size() && is_line_end(in[n])) ++n;
  return n;
}

// A byte order mark that was cut: true once `open_` is the whole of it.
bool SseReader::take_byte_order_mark(std::string_view& in) {
  while (!in.empty() && open_.size() < byte_order_mark.size() &&
         byte_order_mark.starts_with(open_) && in.front() == byte_order_mark[open_.size()]) {
    open_ += in.front();
    in.remove_prefix(1);
  }
  return open_ == byte_order_mark;
}

// How many bytes of `in` belong to the open event; npos: all, and it goes on. What is in `open_` is
// not looked at again, so an event in many pieces still costs one pass and one parse.
std::size_t SseReader::find_end_of_open_event(std::string_view in) const noexcept {
  const char* at = in.data();
  const char* const end = at + in.size();
  bool is_line_start = is_line_end(open_.back());
  if (open_.back() == '\r' && *at == '\n') ++at;  // a CRLF that was cut
  while (at != end) {
    if (is_line_start && is_line_end(*at))
      return static_cast<std::size_t>(skip_line_end(at, end) - in.data());
    at = find_line_end(at, end);
    if (at != end) at = skip_line_end(at, end);
    is_line_start = true;
  }
  return std::string_view::npos;
}

std::size_t SseReader::parse(std::string_view bytes, SseEvent& out) {
  out = SseEvent{};
  out.is_comment_only = true;
  const char* line = bytes.data();
  const char* const end = line + bytes.size();
  for (;;) {
    const char* const line_end = find_line_end(line, end);
    if (line_end == end) return std::string_view::npos;
    const char* const next_line = skip_line_end(line_end, end);
    if (line_end == line) {
      const auto size = static_cast<std::size_t>(next_line - bytes.data());
      out.raw = bytes.substr(0, size);
      return size;
    }
    take_line({line, static_cast<std::size_t>(line_end - line)}, out);
    line = next_line;
  }
}

void SseReader::take_line(std::string_view line, SseEvent& out) {
  if (line.front() == ':') return;
  out.is_comment_only = false;
  const std::size_t name_end = line.starts_with("data:") ? 4 : line.find(':');
  const auto name = line.substr(0, name_end);
  auto value = name_end == std::string_view::npos ? std::string_view{} : line.substr(name_end + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);

  if (name == "event") {
    out.event = value;
  } else if (name == "data") {
    if (!out.has_data) {
      out.data = value;
    } else {
      if (joined_.empty()) joined_ = out.data;
      joined_.append(1, '\n').append(value);
      out.data = joined_;
    }
    out.has_data = true;
  }
}

}  // namespace tollgate::http

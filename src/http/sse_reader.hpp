// Server-sent events out of a stream of bytes that may be cut anywhere
// (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tollgate::http {

struct SseEvent {
  std::string_view raw;    // every byte with its closing empty line: relaying all `raw` in order
                           // reproduces the stream
  std::string_view data;   // the data lines joined by '\n', "" when there are none
  std::string_view event;  // the event name or ""
  bool has_data = false;   // there was a data field, even an empty one
  bool is_comment_only = false;  // comments and empty lines: nothing that a reader acts on
};

// Takes a stream apart into events. An event that lies wholly in one input is handed out as views
// into that input; one that was cut is put together in a string that is given back as soon as no
// event is open, so an idle stream holds no heap.
// Empty lines that close no event are handed out as comment-only events of their own, runs of them
// together; so are a byte order mark, and the LF of a CRLF whose CR has closed an event at the end
// of the input before.
class SseReader {
 public:
  static constexpr std::size_t default_max_event_bytes = std::size_t{32} * 1024 * 1024;

  enum class Status : unsigned char {
    need_more,  // all of the input was taken
    event,      // `out` is filled; call again
    too_large,  // an event exceeds the limit: the stream cannot be read any further
  };

  explicit SseReader(std::size_t max_event_bytes = default_max_event_bytes) noexcept
      : max_event_bytes_(max_event_bytes) {}

  // Takes from the front of `in`. The views are valid until the next call and while the bytes of
  // `in` live. Call again until need_more: that call gives the memory of the last event back.
  Status next(std::string_view& in, SseEvent& out);

  // The bytes of an event that has begun and not ended; at the end of a stream: it was cut there.
  std::string_view unfinished() const noexcept {
    return is_open_ ? std::string_view(open_) : std::string_view{};
  }

  // What the reader holds of the stream's memory right now; next to nothing while no event is open.
  std::size_t held_bytes() const noexcept { return open_.capacity() + joined_.capacity(); }

 private:
  Status go_on(std::string_view& in, SseEvent& out);
  Status hand_out_blank(std::string_view raw, std::string_view& in, std::size_t taken,
                        SseEvent& out) noexcept;
  Status keep(std::string_view& in);
  Status fail() noexcept;
  bool is_too_large(std::string_view last) const noexcept;
  std::size_t count_blank_front(std::string_view in) const noexcept;
  bool take_byte_order_mark(std::string_view& in);
  std::size_t find_end_of_open_event(std::string_view in) const noexcept;
  // Takes the event that `bytes` begin with into `out` and returns its length; npos: it does not
  // end in there, `out` is unspecified.
  std::size_t parse(std::string_view bytes, SseEvent& out);
  void take_line(std::string_view line, SseEvent& out);

  std::string open_;    // an event that was cut, or the last one put together
  std::string joined_;  // several data lines of the last event
  std::size_t max_event_bytes_;
  bool is_open_ = false;  // `open_` waits for more, else it was handed out
  bool is_first_ = true;  // nothing was handed out yet: a byte order mark may come
  bool is_broken_ = false;
};

}  // namespace tollgate::http

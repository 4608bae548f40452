// Faults on demand: what can go wrong, how it is written, and which are waiting to happen.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::mock {

enum class FaultKind {
  none,
  cut,          // close mid-stream or mid-body after `after` events
  stall,        // stop sending after `after` events, keep the connection
  inband,       // error event inside the 200 stream after `after` events
  badjson,      // the body, or event number `after`, is broken JSON
  slowheaders,  // the head arrives byte by byte
  reset,        // TCP RST after `after` events (0: before the head)
  status,       // an error status instead of an answer
  pings,        // only SSE comments; a WebSocket: a ping in front of every event
  split,        // every byte in a chunk and a segment of its own
  crlf,         // SSE lines end in CR LF
  nospace,      // `data:{` without the space
  comments,     // SSE comments between the events
  huge,         // one very large event, or a very large body
  nolength,     // body ends with the connection
  close,        // a WebSocket: close frame with `code` after `after` events
  fragments,    // a WebSocket: every event in fragments, with a ping in between
  early,        // answered and closed before the request body was read
};

struct Fault {
  FaultKind kind = FaultKind::none;
  std::optional<std::int64_t> after;        // k=N
  int status = 0;                           // status=NNN
  std::optional<std::int64_t> retry_after;  // seconds; -1: no retry-after header
  bool html = false;                        // status with an HTML body
  int code = 0;                             // code=NNNN of a close; 0: 1011

  explicit operator bool() const { return kind != FaultKind::none; }
};

std::string_view fault_name(FaultKind kind);

// Takes one word of a directive, header or admin request: `cut`, `fault=cut`, `status=503`, `k=3`,
// `code=4000`, `retry_after=7`, `retry_after=none`, `html`. Returns false when the word means nothing here.
bool apply_fault_word(Fault& fault, std::string_view word);

// `cut k=3`; words are parted by spaces, commas or semicolons. Empty when a word is unknown.
std::optional<Fault> parse_fault(std::string_view text);

// Faults planted through the admin endpoint. Thread safety: all members may be called from any
// thread; with nothing planted `take` costs one relaxed load.
class FaultPlan {
 public:
  void plant(std::string deployment, Fault fault, std::int64_t times);  // times < 0: until cleared
  void clear();
  Fault take(std::string_view deployment);  // "*" matches every deployment
  std::size_t size() const;
  // What `take` would return, without using it up.
  Fault peek(std::string_view deployment) const;

 private:
  struct Planted {
    std::string deployment;
    Fault fault;
    std::int64_t times;
  };
  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::vector<Planted> planted_;
};

}  // namespace tollgate::mock

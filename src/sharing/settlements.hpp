// What Redis has still to be told, and what this gateway holds. Pure data.
//
// Changes are added up per pot and slot, so the queue grows with the pots, not with the requests.
#pragma once

#include "sharing/ask.hpp"
#include "tollgate/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tollgate::sharing {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};
template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// The pot's key in Redis. A period has a key of its own, so that it can expire.
std::string redis_key(std::string_view prefix, std::string_view key, PotKind kind,
                      std::int64_t period_start_ms);

struct Settlement {
  std::string redis_key;
  PotKind kind = PotKind::sliding;
  bool is_whole = false;  // held: `delta` is all that is held, whatever the store thinks
  std::int64_t window_ms = 0;
  std::int64_t slot_ms = 0;
  std::int64_t delta = 0;
};

class Settlements {
 public:
  Settlements(std::string prefix, std::size_t capacity)
      : prefix_(std::move(prefix)), capacity_(capacity) {}

  // Books `delta`.
  void tell(std::string_view key, PotKind kind, std::int64_t window_ms, std::int64_t slot_ms,
            std::int64_t delta, TimePoint now);
  // Takes back what Redis booked and this gateway never took over.
  void undo(std::string_view key, PotKind kind, std::int64_t window_ms, std::int64_t slot_ms,
            std::int64_t given);
  // Redis has booked this for a held pot; nothing is to be told.
  void note_held(std::string_view key, std::int64_t given, TimePoint now);

  // At most `max`, removed from the queue. What takes room goes before what makes room: an amount that
  // moves from slot to slot is never in neither.
  std::vector<Settlement> take(std::size_t max);
  bool is_empty() const noexcept { return queue_.empty(); }
  std::size_t size() const noexcept { return queue_.size(); }
  std::int64_t dropped() const noexcept { return dropped_; }  // because the queue was full

  // What no longer counts need not be told.
  void forget_expired(std::int64_t now_ms);

  // After a connection was lost nobody knows what Redis thinks is held: it is told the whole.
  void restore_held();
  void release_held();  // all of it

  // redis_key and amount of what is held; those that are empty since `before` are forgotten.
  std::vector<std::pair<std::string, std::int64_t>> held(TimePoint before);

 private:
  struct Held {
    std::int64_t amount = 0;
    TimePoint touched;
  };
  void queue(Settlement settlement);

  std::string prefix_;
  std::size_t capacity_;
  std::int64_t dropped_ = 0;
  ByText<Settlement> queue_;  // by redis key and slot
  ByText<Held> held_;         // by redis key
};

}  // namespace tollgate::sharing

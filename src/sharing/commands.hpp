// The script calls as words, and their answers. Pure data.
#pragma once

#include "sharing/ask.hpp"
#include "sharing/resp.hpp"
#include "sharing/settlements.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tollgate::sharing {

// What a gateway that has not been heard of for so long held, is held no more.
inline constexpr std::chrono::milliseconds held_for{15'000};

// Who asks: the prefix of all keys and a name that no other worker of any gateway has.
struct Caller {
  std::string prefix;
  std::string me;
};

// The first two words (EVALSHA and the hash, or EVAL and the text) are filled in by the sender.
using Words = std::vector<std::string>;

struct Booking {
  std::string key;  // without the prefix
  PotKind kind = PotKind::sliding;
  std::int64_t window_ms = 0;
  std::int64_t period_start_ms = 0;
  std::int64_t limit = 0;
  std::int64_t amount = 0;
  std::int64_t want = 0;  // more than `amount`: as much of it as is fair
};

// `now_ms` 0: Redis's clock. `not_after_ms`: later nothing is booked; 0: at any time.
Words reserve_words(const Caller& caller, std::span<const Booking> bookings, std::int64_t now_ms,
                    std::int64_t not_after_ms);

struct Reserved {
  enum class Result : unsigned char { refused, granted, too_late };
  struct Part {
    std::int64_t used = 0;
    std::int64_t wait_ms = 0;
    std::int64_t given = 0;
  };
  Result result = Result::refused;
  std::int64_t now_ms = 0;
  int refused_by = -1;  // index into the bookings
  std::vector<Part> parts;
};
// nullopt: not an answer to reserve_words() of so many bookings.
std::optional<Reserved> read_reserved(const Reply& reply, std::size_t bookings);

// A batch with the same or a smaller number than one applied before changes nothing.
Words adjust_words(const Caller& caller, std::span<const Settlement> batch, std::int64_t number,
                   std::int64_t now_ms);

// `held`: redis keys and amounts. The answer is two numbers: Redis's time, gateways alive.
Words beat_words(const Caller& caller, std::span<const std::pair<std::string, std::int64_t>> held,
                 bool is_leaving, std::int64_t now_ms);

}  // namespace tollgate::sharing

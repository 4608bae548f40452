// The names of meters and their numbers.
//
// A number is given to another name only when everything that was appended under the old one is on
// the disk: lanes and the writer know numbers alone.
// Thread safety: any thread.
#pragma once

#include "ledger/charge.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tollgate::ledger {

class Meters {
 public:
  // REQUIRES: key is not empty.
  MeterId add(std::string_view key, std::chrono::milliseconds keep);

  // `after`: the batch that may hold the last of it.
  void forget(MeterId meter, std::uint64_t after);

  // Gives free what was forgotten up to the batch `durable`; returns those numbers.
  std::vector<MeterId> release(std::uint64_t durable);

  // The view stays valid until the number is released. REQUIRES: the number was added.
  struct Meter {
    std::string_view key;
    std::chrono::milliseconds keep;
  };
  Meter get(MeterId meter) const;
  std::size_t size() const;

 private:
  struct Slot {
    std::string key;
    std::chrono::milliseconds keep{};
    bool is_forgotten = false;
    std::uint64_t after = 0;  // when forgotten: see forget()
  };
  struct Forgotten {
    MeterId meter;
    std::uint64_t after;
  };

  mutable std::mutex mutex_;
  std::deque<Slot> slots_;  // by number; a deque keeps the texts in place
  std::unordered_map<std::string_view, MeterId> numbers_;
  std::deque<Forgotten> forgotten_;  // in the order of `after`
  std::vector<MeterId> free_;
};

}  // namespace tollgate::ledger

// What has been taken from the lanes and is not on the disk: charges added up by minute and series,
// deltas by meter and slot, intents.
//
// Usage is bounded: beyond the bound the oldest minute is dropped, and within one minute new series
// are. Deltas are kept: they are as many as there are slots in use.
// Thread safety: the writer's alone.
#pragma once

#include "ledger/entry.hpp"
#include "ledger/lane.hpp"
#include "ledger/slots.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tollgate::ledger {

class Pending {
 public:
  struct Intent {
    std::int64_t minute = 0;
    std::string series;
    Sums sums;
    std::vector<Delta> deltas;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Row {
    Sums sums;
    std::uint64_t charges = 0;
  };
  using Series = std::unordered_map<std::string, Row, TextHash, std::equal_to<>>;

  explicit Pending(std::size_t bound) : bound_(bound) {}

  // Adds what a lane held and empties it.
  void add(Lane::Taken& taken);
  void clear();

  bool is_empty() const noexcept {
    return usage_.empty() && slots_.empty() && opened_.empty() && closed_.empty();
  }
  std::size_t bytes() const noexcept;
  std::uint64_t dropped() const noexcept { return dropped_; }  // charges, since the start

  const std::map<std::int64_t, Series>& usage() const noexcept { return usage_; }
  const Slots& slots() const noexcept { return slots_; }
  const std::unordered_map<std::uint64_t, Intent>& opened() const noexcept { return opened_; }
  const std::vector<std::uint64_t>& closed() const noexcept { return closed_; }

 private:
  void add_usage(const Entry& entry);
  void close(std::uint64_t intent);
  void drop_oldest_minute();

  const std::size_t bound_;
  std::map<std::int64_t, Series> usage_;  // by minute
  std::size_t usage_bytes_ = 0;
  Slots slots_;
  std::unordered_map<std::uint64_t, Intent> opened_;
  std::vector<std::uint64_t> closed_;  // that the file knows of
  std::uint64_t dropped_ = 0;
};

}  // namespace tollgate::ledger

// Which resource keeps which stored object, and for which subscription; over restarts.
//
// Look-ups and changes happen in memory; a thread of its own writes what has changed a moment later, so
// no request waits for the disk. What a kill takes away (the last moment) is found again by asking the
// resources.
// Thread safety: any thread.
#pragma once

#include "affinity/owners.hpp"
#include "affinity/store.hpp"
#include "affinity/table.hpp"
#include "tollgate/clock.hpp"
#include "tollgate/config.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tollgate::affinity {

// How a request for something that is kept came out.
enum class Lookup : unsigned char {
  known,     // its owner was remembered
  probed,    // it was found by asking the resources
  unknown,   // no resource has it
  foreign,   // it belongs to another subscription
  conflict,  // what it names is kept by different resources
  gone,      // its owner is not in the configuration any more, or may not serve
};
inline constexpr std::array<const char*, 6> lookup_names{"known", "probed", "unknown", "foreign", "conflict", "gone"};

struct Numbers {
  std::array<std::uint64_t, lookup_names.size()> lookups{};
  std::uint64_t entries = 0;    // now
  std::uint64_t evictions = 0;  // to make room
  std::uint64_t restored = 0;   // read from the file, once
  std::uint64_t unwritten = 0;  // changes that were not written because the file could not be for too long
  bool is_failing = false;      // the file cannot be written
};

class Directory {
 public:
  using Now = std::function<WallTime()>;

  // Reads what the file holds. A file that cannot be opened or written is tried again later; one that
  // is corrupt is moved aside. Throws std::runtime_error when it is something else than ours.
  explicit Directory(const AffinityConfig& config, Now now = [] { return std::chrono::system_clock::now(); });
  ~Directory();  // writes what is left
  Directory(const Directory&) = delete;

  // Null: not known. What is found is kept for `keep` from now at least, to the day; 0: as it was.
  const Owner* find(ObjectKey key, std::chrono::seconds keep = {});

  // `replaces`: it has just been made, so what is remembered under its id is of something else.
  void note(ObjectKey key, const Owner& owner, std::chrono::seconds keep, bool replaces);
  void forget(ObjectKey key);

  void count(Lookup lookup) noexcept {
    lookups_[static_cast<std::size_t>(lookup)].fetch_add(1, std::memory_order_relaxed);
  }
  Numbers numbers() const;

 private:
  Seconds now_seconds() const;
  void open();
  void queue(const Entry& change);
  void run();
  void write();
  void on_failure(const std::string& reason);

  const bool is_on_;
  const std::string path_;
  const Now now_;
  Owners owners_;
  Table table_;
  std::array<std::atomic<std::uint64_t>, lookup_names.size()> lookups_{};
  std::atomic<std::uint64_t> evictions_{0};
  std::atomic<std::uint64_t> unwritten_{0};
  std::atomic<bool> is_failing_{false};
  std::atomic<std::uint64_t> restored_{0};

  std::mutex mutex_;  // guards the three below
  std::condition_variable condition_;
  std::vector<Entry> changes_;
  bool is_stopping_ = false;

  // The thread's own; the constructor's before it runs.
  Store store_;
  bool is_restored_ = false;
  std::vector<Entry> writing_;  // taken, not on the disk
  TimePoint retry_at_{};
  TimePoint tidy_at_{};
  TimePoint next_complaint_{};
  std::thread thread_;
};

}  // namespace tollgate::affinity

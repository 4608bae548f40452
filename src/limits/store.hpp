// All pots of the process: found by name, kept over reloads, restored from the ledger.
//
// Thread safety: any thread. Fixed pots (subscription, product, cost center) live as long as the
// store. The pots of names that callers choose (keys, users, sessions, tasks) are found under a lock
// of their shard, pinned while an exchange uses them, and let go when they hold nothing any more. How
// many one subscription may have is bounded, so that no caller can use up the memory of another.
#pragma once

#include "limits/pot.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tollgate::limits {

// What was used in one slot, as a ledger kept it.
struct SlotUse {
  std::int64_t slot_ms = 0;
  std::int64_t used = 0;
};

// How the store reaches the books, which know nothing of pots.
class Books {
 public:
  virtual ~Books() = default;
  // The number under which `key` is kept; what is older than `keep` is of no more use.
  virtual std::uint32_t meter(std::string_view key, std::chrono::milliseconds keep) = 0;
  virtual std::vector<SlotUse> restored(std::string_view key) = 0;
  // False as long as the books could not be read: restored() then knows nothing of the past.
  virtual bool are_read() const { return true; }
  // `meter` will not be used again by the pot that had it.
  virtual void forget(std::uint32_t meter) = 0;
};

// A pinned pot; unpins itself.
class PotRef {
 public:
  PotRef() = default;
  explicit PotRef(Pot* pot) noexcept : pot_(pot) {}  // pinned by the store
  PotRef(PotRef&& other) noexcept : pot_(std::exchange(other.pot_, nullptr)) {}
  PotRef& operator=(PotRef&& other) noexcept {
    std::swap(pot_, other.pot_);
    return *this;
  }
  ~PotRef() {
    if (pot_) pot_->pins.fetch_sub(1, std::memory_order_release);
  }
  Pot* operator->() const noexcept { return pot_; }
  Pot* get() const noexcept { return pot_; }
  explicit operator bool() const noexcept { return pot_ != nullptr; }

 private:
  Pot* pot_ = nullptr;
};

// A pot at one moment, read under its lock.
struct Standing {
  const Pot& pot;
  std::int64_t used;
  std::int64_t limit;
  std::int64_t room;
  Period period;
};

// What happened under one rule. Any thread.
struct RuleNumbers {
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> fell_back{0};   // served by a cheaper model instead
  std::atomic<std::int64_t> overshoot{0};    // used beyond the limit: the provider counted more than was reserved
};

class Store {
 public:
  // `books` may be null: nothing outlives the process then. `most_named` bounds the pots of names
  // that the callers of one subscription choose.
  explicit Store(Books* books, std::size_t most_named = 200'000);
  Store(const Store&) = delete;

  // The pot of a rule for a fixed owner. Made at the first call, then the same for ever.
  Pot& fixed(const SpendRule& rule, std::string_view owner, std::int64_t now_ms);

  // The pot of a rule for a name that the caller of `subscription` chose. Empty: there are too many
  // such names.
  PotRef named(const SpendRule& rule, std::string_view subscription, std::string_view name, std::int64_t now_ms);

  // The same object for the same rule, for as long as this lives.
  RuleNumbers& numbers_of(std::string_view rule);
  void each_rule(const std::function<void(std::string_view, const RuleNumbers&)>& see);

  // Lets go of named pots that hold nothing any more. Takes a few microseconds a call; call it now
  // and then.
  void sweep(std::int64_t now_ms);

  // Once the books could be read: adds what they kept to the pots that were made before.
  void restore_late(std::int64_t now_ms);

  // Calls `see` for every fixed pot, as it stands at `now_ms`.
  void each_fixed(std::int64_t now_ms, const std::function<void(const Standing&)>& see);

  std::size_t named_pots() const noexcept { return named_count_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t shard_count = 64;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using Count = std::atomic<std::size_t>;
  struct Named {
    std::unique_ptr<Pot> pot;
    Count* of_subscription;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Named, Hash, std::equal_to<>> pots;
  };
  std::unique_ptr<Pot> make(std::string key, const SpendRule& rule, std::int64_t now_ms);
  void restore(Pot& pot, std::int64_t now_ms);
  Count& count_of(std::string_view subscription);

  Books* books_;
  const std::size_t most_named_;
  std::mutex fixed_mutex_;
  std::unordered_map<std::string, std::unique_ptr<Pot>, Hash, std::equal_to<>> fixed_;
  std::unordered_map<std::string, std::unique_ptr<RuleNumbers>, Hash, std::equal_to<>> numbers_;  // under fixed_mutex_
  std::array<Shard, shard_count> shards_;
  std::atomic<std::size_t> named_count_{0};
  std::atomic<std::size_t> next_shard_{0};
  std::mutex counts_mutex_;
  std::unordered_map<std::string, std::unique_ptr<Count>, Hash, std::equal_to<>> counts_;
};

}  // namespace tollgate::limits

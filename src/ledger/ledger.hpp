// The durable books: who spent what, and how much of each pot is gone, in one SQLite file.
//
// Workers append to lanes; a writer thread takes what is there within the flush interval,
// adds it up and commits it as one transaction (docs/ledger.md tells what survives what). When the
// file cannot be written, charges wait in memory, within a bound: first the oldest usage rows are
// dropped and counted; what the meters count is never dropped.
// Thread safety: a Lane belongs to one worker; the rest is for any thread.
#pragma once

#include "ledger/charge.hpp"
#include "tollgate/clock.hpp"
#include "tollgate/spending.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::ledger {

class Lane;
class Writer;

// Why a gateway must not start with this ledger: another one writes it, or a newer program did.
// what() is for people and names the remedy.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A place in the queue to the disk. Value 0: durable (nothing was to be written).
struct Ticket {
  std::uint64_t number = 0;
};

enum class Durability : unsigned char {
  durable,  // on the disk
  pending,  // on its way
  failing,  // in memory; the file cannot be written now, state() says why
};
using WhenDurable = void (*)(void* context, Durability outcome);  // outcome: durable or failing

struct State {
  bool is_failing = false;
  WallTime since{};    // of the present state
  std::string reason;  // for people; when failing
  std::string notice;  // something that stays true while well: a corrupt file was moved aside
};

// Counts since the start.
struct Numbers {
  std::uint64_t appended = 0;        // charges handed over by the workers
  std::uint64_t dropped = 0;         // of those, not in the usage rows: there was no room to wait
  std::uint64_t commits = 0;
  std::uint64_t failed_writes = 0;   // attempts to open the file or to commit
  std::uint64_t late_commits = 0;    // on the disk later than `flush` after the batch began
  std::chrono::nanoseconds commit_sum{0};
  std::chrono::nanoseconds commit_max{0};
  std::chrono::nanoseconds commit_last{0};
  std::array<std::uint64_t, 11> commit_buckets{};  // by commit_bounds, the last: above them all
  std::uint64_t pending_bytes = 0;   // taken from the lanes and not on the disk
  std::uint64_t meters = 0;          // registered now
  std::uint64_t restored_meters = 0;
  std::uint64_t restores = 0;        // times the file was read; 0: not yet, see state()
  std::uint64_t booked_intents = 0;  // found open at the start
  std::chrono::nanoseconds restore_time{0};
  std::uint64_t file_bytes = 0;
  std::uint64_t wal_bytes = 0;
  bool is_failing = false;
};
inline constexpr std::array<std::chrono::milliseconds, 10> commit_bounds{
    std::chrono::milliseconds(1),   std::chrono::milliseconds(2),   std::chrono::milliseconds(5),
    std::chrono::milliseconds(10),  std::chrono::milliseconds(20),  std::chrono::milliseconds(50),
    std::chrono::milliseconds(100), std::chrono::milliseconds(200), std::chrono::milliseconds(500),
    std::chrono::milliseconds(1000)};

struct Options {
  std::size_t pending_bytes = 64 * 1024 * 1024;  // of usage that may wait while the file is broken
  std::size_t lane_bytes = 16 * 1024 * 1024;     // the same in one lane, while a commit hangs
  std::chrono::milliseconds first_retry{100};    // then doubled, up to longest_retry
  std::chrono::milliseconds longest_retry{5'000};
  std::chrono::milliseconds idle_step{100};      // between two steps of retention
  std::chrono::milliseconds sweep{10 * 60'000};  // between two rounds of retention
  std::function<WallTime()> now = [] { return std::chrono::system_clock::now(); };
};

class Ledger {
 public:
  // Opens the file, books the intents that were left open and reads the meters. Throws Refused.
  // A file that is corrupt is moved aside and a fresh one begun (state().notice); one that cannot be
  // opened or written is tried again later, with state().is_failing until then.
  explicit Ledger(const LedgerConfig& config, Options options = {});

  // Commits what is left, in one attempt. REQUIRES: the workers have stopped using their lanes.
  ~Ledger();
  Ledger(const Ledger&) = delete;

  // A lane for one worker; it lives as long as this object.
  Lane& add_lane();

  // The meter of that name; the same name gives the same id until it is forgotten. `keep`: how long
  // after the last booking of a slot it is still needed; at least the window's length.
  MeterId meter(std::string_view key, std::chrono::milliseconds keep);

  // The caller will append nothing more for it; the id may be given to another name later. What was
  // booked stays in the file until `keep` has passed.
  void forget(MeterId meter);

  // What the file held for it at the start, by slot, without what has expired. When the file could
  // only be read later (numbers().restores rises), what was appended until then is not in it.
  std::vector<SlotUse> restored(std::string_view key) const;

  // Tells when everything up to the ticket is on the disk. Pending: `tell` is called once, on the
  // writer's thread, under a lock: it must only pass the news on. Otherwise it is not called.
  Durability when_durable(Ticket ticket, WhenDurable tell, void* context);

  // After this `tell` is not called with that context and is not running.
  void cancel(void* context);

  State state() const;
  bool is_failing() const;  // state().is_failing, for every request
  Numbers numbers() const;

 private:
  std::unique_ptr<Writer> writer_;
};

}  // namespace tollgate::ledger

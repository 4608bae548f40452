// The ledger at work: lanes, the thread that empties them, and what the file has said.
//
// The thread takes what the lanes hold most of a flush interval after it began to come in, so that
// waiting and commit together stay within the interval. In strict mode it takes at once: what came
// while the last commit ran goes into the next.
// Thread safety: as Ledger, whose functions these are.
#pragma once

#include "ledger/lane.hpp"
#include "ledger/ledger.hpp"
#include "ledger/meters.hpp"
#include "ledger/pending.hpp"
#include "ledger/store.hpp"
#include "ledger/wakeup.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tollgate::ledger {

class Writer {
 public:
  Writer(const LedgerConfig& config, Options options);
  ~Writer();
  Writer(const Writer&) = delete;

  Lane& add_lane();
  MeterId meter(std::string_view key, std::chrono::milliseconds keep);
  void forget(MeterId meter);
  std::vector<SlotUse> restored(std::string_view key) const;
  Durability when_durable(Ticket ticket, WhenDurable tell, void* context);
  void cancel(void* context);
  State state() const;
  bool is_failing() const;
  Numbers numbers() const;

 private:
  struct Waiter {
    std::uint64_t number;
    WhenDurable tell;
    void* context;
  };

  void run();
  void wait_for_work();
  Clock::duration time_to_commit() const;
  bool has_pending();
  void take();
  void write_if_due();
  bool try_open(bool is_start);
  bool try_commit();
  void tidy_if_due();
  void checkpoint_if_due();
  void forget_restored();
  void on_written();
  void on_failure(const std::string& reason);
  void tell_waiters(std::uint64_t up_to, Durability outcome);  // REQUIRES: state_mutex_ is held
  void count_commit(Clock::duration took);

  const LedgerConfig config_;
  const Options options_;
  const bool is_on_;
  Wakeup wakeup_;
  Meters meters_;

  mutable std::mutex lanes_mutex_;  // guards the two below
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::uint64_t filling_ = 1;  // the batch that takes what is appended now

  mutable std::mutex state_mutex_;  // guards what follows, up to restored_
  State state_;
  Numbers numbers_;
  std::uint64_t durable_ = 0;  // the last batch on the disk
  std::vector<Waiter> waiters_;
  std::shared_ptr<const Restored> restored_;

  // The thread's own; the constructor's before it runs.
  Store store_;
  Pending pending_;
  Lane::Taken taken_;
  std::uint64_t taken_batch_ = 0;
  TimePoint batch_began_{};  // nothing of the batch is older
  Clock::duration usual_commit_{std::chrono::milliseconds(5)};  // a slow one is remembered for a while
  TimePoint last_take_{};
  Milliseconds retry_delay_;
  TimePoint retry_at_{};
  TimePoint tidy_at_{};
  TimePoint checkpoint_at_{};
  TimePoint next_complaint_{};
  std::thread thread_;
};

}  // namespace tollgate::ledger

// Brings access records from the workers to a file, without a worker ever waiting for the disk.
//
// Workers format into lanes; a full lane, or one that is flushed, is handed to the writer's thread.
// What waits there is bounded: beyond RecordsConfig::buffer_bytes records are dropped and counted.
// A device that is full or broken is retried with back-off; nothing is lost until the bound is
// reached.
// Thread safety: a Lane belongs to one worker; the rest is for any thread.
#pragma once

#include "tollgate/clock.hpp"
#include "tollgate/config.hpp"
#include "tollgate/exchange.hpp"
#include "tollgate/outcome.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tollgate::telemetry {

class RecordWriter {
 public:
  class Lane;

  // Throws std::system_error when the file cannot be opened: a gateway that is told to keep records
  // and cannot must not start.
  explicit RecordWriter(const RecordsConfig& config);

  // Writes what is left. REQUIRES: the workers have stopped using their lanes. A device that takes
  // nothing is given up after `farewell`; what is lost is counted and logged.
  ~RecordWriter();
  RecordWriter(const RecordWriter&) = delete;

  // A lane for one worker; it lives as long as this object.
  Lane& add_lane();

  // Opens the file anew, for log rotation. Returns at once; the writer's thread does it between two
  // records. If it cannot be opened the old one stays in use.
  void reopen();

  std::uint64_t written() const noexcept { return written_.load(std::memory_order_relaxed); }
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  std::uint64_t write_failures() const noexcept {
    return write_failures_.load(std::memory_order_relaxed);
  }

  // A lane is handed over beyond this, or beyond an eighth of RecordsConfig::buffer_bytes. Each time the
  // writer takes the core from a worker for as long as the write takes, so it must be seldom: at 64 KiB one
  // request in sixty met it, and the slowest 1 % were twice as slow as without records.
  static constexpr std::size_t lane_bytes = 512 * 1024;
  static constexpr Milliseconds flush_interval{100};    // how often a worker should flush()
  static constexpr Milliseconds farewell{1'000};

 private:
  struct Batch {
    std::string text;  // whole records, one a line
    std::uint64_t records = 0;
  };

  bool try_hand_over(Batch& batch);
  void drop(Batch& batch) noexcept;

  // The writer's thread.
  void run();
  void write_out(Batch& batch);
  void settle(Batch& batch, std::size_t written_bytes);
  void reopen_if_asked(const Batch& batch, std::size_t& offset);
  bool is_given_up();
  bool wait_after_failure(Milliseconds delay);
  void log_failure(int error);

  const std::string path_;
  const std::size_t buffer_bytes_;
  const std::size_t lane_bytes_;
  int fd_ = -1;               // the writer's thread, once it runs
  bool is_regular_ = false;   // the same
  TimePoint next_complaint_{};  // the same

  std::mutex mutex_;  // guards what follows, up to lanes_
  std::condition_variable wake_;
  std::vector<Batch> queue_;
  std::vector<std::string> spare_;  // empty, with their capacity: lanes reuse them
  std::size_t waiting_bytes_ = 0;   // queued or being written
  bool must_reopen_ = false;
  bool must_stop_ = false;
  TimePoint give_up_at_ = no_deadline;
  std::vector<std::unique_ptr<Lane>> lanes_;

  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> write_failures_{0};
  std::thread thread_;
};

// One worker's records on their way to the writer.
class RecordWriter::Lane {
 public:
  explicit Lane(RecordWriter& writer);
  Lane(const Lane&) = delete;

  // Formats the record of an exchange that has ended. Nothing happens when records are off.
  void append(const Exchange& ex, const Outcome& outcome);

  // A line that is no exchange's: one JSON object without the line end.
  void append_event(std::string_view json);

  // Hands over what is there; call it every flush_interval while has_pending().
  void flush();
  bool has_pending() const noexcept { return batch_.records != 0; }

 private:
  friend class RecordWriter;
  RecordWriter& writer_;
  const bool is_on_;
  Batch batch_;
};

}  // namespace tollgate::telemetry

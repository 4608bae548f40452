#include "telemetry/record_writer.hpp"

#include "base/pages.hpp"
#include "base/signals_blocked.hpp"
#include "telemetry/access_record.hpp"

#include "tollgate/log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace tollgate::telemetry {

namespace {

constexpr std::size_t longest_usual_record = 2'048;
constexpr std::size_t more_spare = 3;  // than there are lanes
constexpr Milliseconds first_delay{50};
constexpr Milliseconds longest_delay{5'000};
constexpr Milliseconds poll_time{100};
constexpr std::chrono::minutes complaint_interval{1};

// A pipe that poll() calls writable takes this much without blocking (pipe(7)), so a reader that
// has stopped reading cannot keep the gateway from ending.
constexpr std::size_t pipe_bytes = 4'096;

int open_for_append(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

bool is_regular_file(int fd) {
  struct stat found {};
  return ::fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

// A process that was killed may have written a part of its last record: what follows gets a line of its own.
void end_cut_line(const std::string& path, int fd) {
  const int reading = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (reading < 0) return;  // ours to write, not to read
  struct stat found {};
  char last = '\n';
  if (::fstat(reading, &found) == 0 && found.st_size > 0) {
    if (::pread(reading, &last, 1, found.st_size - 1) != 1) last = '\n';
  }
  ::close(reading);
  if (last != '\n' && ::write(fd, "\n", 1) != 1) log::warn("records", "the last line of " + path + " is cut off");
}

struct Written {
  std::size_t bytes = 0;  // 0 and no error: nothing taken yet
  int error = 0;
};

Written try_write(int fd, bool is_regular, std::string_view text) {
  if (!is_regular) {
    pollfd wanted{fd, POLLOUT, 0};
    if (::poll(&wanted, 1, static_cast<int>(poll_time.count())) <= 0) return {};
    text = text.substr(0, pipe_bytes);
  }
  ssize_t count = ::write(fd, text.data(), text.size());
  if (count >= 0) return {static_cast<std::size_t>(count), 0};
  if (errno == EINTR) return {};
  return {0, errno};
}

}  // namespace

RecordWriter::RecordWriter(const RecordsConfig& config)
    : path_(config.path), buffer_bytes_(config.buffer_bytes), lane_bytes_(std::min(lane_bytes, buffer_bytes_ / 8)) {
  if (path_ == "off") return;
  fd_ = path_ == "-" ? STDOUT_FILENO : open_for_append(path_);
  if (fd_ < 0)
    throw std::system_error(errno, std::system_category(), "cannot open records file " + path_);
  is_regular_ = is_regular_file(fd_);
  if (is_regular_ && path_ != "-") end_cut_line(path_, fd_);
  const base::SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

RecordWriter::~RecordWriter() {
  if (!thread_.joinable()) return;
  for (auto& lane : lanes_) lane->flush();
  {
    std::lock_guard lock(mutex_);
    must_stop_ = true;
    give_up_at_ = Clock::now() + farewell;
  }
  wake_.notify_one();
  thread_.join();
  for (auto& lane : lanes_) drop(lane->batch_);
  if (fd_ != STDOUT_FILENO) ::close(fd_);
  if (dropped() != 0)
    log::warn("records", std::to_string(dropped()) + " access records were lost in this run");
}

RecordWriter::Lane& RecordWriter::add_lane() {
  std::lock_guard lock(mutex_);
  return *lanes_.emplace_back(std::make_unique<Lane>(*this));
}

void RecordWriter::reopen() {
  {
    std::lock_guard lock(mutex_);
    must_reopen_ = true;
  }
  wake_.notify_one();
}

bool RecordWriter::try_hand_over(Batch& batch) {
  {
    std::lock_guard lock(mutex_);
    bool fits = waiting_bytes_ == 0 || waiting_bytes_ + batch.text.size() <= buffer_bytes_;
    if (!fits) return false;
    waiting_bytes_ += batch.text.size();
    queue_.push_back(std::move(batch));
    batch = Batch{};
    if (!spare_.empty()) {
      batch.text = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  wake_.notify_one();
  return true;
}

void RecordWriter::drop(Batch& batch) noexcept {
  dropped_.fetch_add(batch.records, std::memory_order_relaxed);
  batch.text.clear();
  batch.records = 0;
}

void RecordWriter::run() {
  std::vector<Batch> batches;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return !queue_.empty() || must_reopen_ || must_stop_; });
      if (queue_.empty() && must_stop_) return;
      batches.swap(queue_);
    }
    if (batches.empty()) {
      std::size_t offset = 0;
      reopen_if_asked({}, offset);
    }
    for (Batch& batch : batches) write_out(batch);
    batches.clear();
  }
}

void RecordWriter::write_out(Batch& batch) {
  std::size_t offset = 0;
  Milliseconds delay = first_delay;
  while (offset < batch.text.size()) {
    reopen_if_asked(batch, offset);
    Written part = try_write(fd_, is_regular_, std::string_view(batch.text).substr(offset));
    offset += part.bytes;
    if (part.bytes > 0) {
      delay = first_delay;
    } else if (part.error == 0) {
      if (is_given_up()) break;
    } else {
      log_failure(part.error);
      if (!wait_after_failure(delay)) break;
      delay = std::min(delay * 2, longest_delay);
    }
  }
  settle(batch, offset);
}

// Counts what became of a batch and makes room for others.
void RecordWriter::settle(Batch& batch, std::size_t written_bytes) {
  auto first_lost = batch.text.begin() + static_cast<std::ptrdiff_t>(written_bytes);
  auto lost = static_cast<std::uint64_t>(std::count(first_lost, batch.text.end(), '\n'));
  written_.fetch_add(batch.records - lost, std::memory_order_relaxed);
  dropped_.fetch_add(lost, std::memory_order_relaxed);

  {
    std::lock_guard lock(mutex_);
    waiting_bytes_ -= batch.text.size();
    batch.text.clear();
    if (spare_.size() < lanes_.size() + more_spare) {
      spare_.push_back(std::move(batch.text));
      return;
    }
  }
  base::give_back_pages({batch.text.data(), batch.text.capacity()});
}

// A record of which a part is in the old file already is written again, whole, to the new one.
void RecordWriter::reopen_if_asked(const Batch& batch, std::size_t& offset) {
  {
    std::lock_guard lock(mutex_);
    if (!must_reopen_) return;
    must_reopen_ = false;
  }
  if (path_ == "-") return;
  int opened = open_for_append(path_);
  if (opened < 0) {
    log::error("records", "cannot reopen " + path_ + ", the old file stays in use: " +
                              std::system_category().message(errno));
    return;
  }
  ::close(fd_);
  fd_ = opened;
  is_regular_ = is_regular_file(fd_);
  if (offset == 0) return;
  auto last_end = batch.text.rfind('\n', offset - 1);
  offset = last_end == std::string::npos ? 0 : last_end + 1;
}

bool RecordWriter::is_given_up() {
  std::lock_guard lock(mutex_);
  return must_stop_ && Clock::now() >= give_up_at_;
}

// False when it is too late to try again.
bool RecordWriter::wait_after_failure(Milliseconds delay) {
  std::unique_lock lock(mutex_);
  bool was_stopping = must_stop_;
  auto until = std::min(Clock::now() + delay, give_up_at_);
  wake_.wait_until(lock, until, [&] { return must_reopen_ || must_stop_ != was_stopping; });
  return !must_stop_ || Clock::now() < give_up_at_;
}

void RecordWriter::log_failure(int error) {
  write_failures_.fetch_add(1, std::memory_order_relaxed);
  auto now = Clock::now();
  if (now < next_complaint_) return;
  next_complaint_ = now + complaint_interval;
  log::error("records", "cannot write " + path_ + ", trying again: " +
                            std::system_category().message(error) + "; lost so far: " +
                            std::to_string(dropped()));
}

RecordWriter::Lane::Lane(RecordWriter& writer)
    : writer_(writer), is_on_(writer.path_ != "off") {}

void RecordWriter::Lane::append(const Exchange& ex, const Outcome& outcome) {
  if (!is_on_) return;
  const std::size_t enough = writer_.lane_bytes_;
  if (batch_.text.capacity() < enough) batch_.text.reserve(enough + longest_usual_record);
  format_record(batch_.text, ex, outcome);
  ++batch_.records;
  if (batch_.text.size() > enough && !writer_.try_hand_over(batch_)) writer_.drop(batch_);
}

void RecordWriter::Lane::append_event(std::string_view json) {
  if (!is_on_) return;
  batch_.text.append(json).append("\n");
  ++batch_.records;
}

void RecordWriter::Lane::flush() {
  // When the writer has no room the records stay here until the lane is full.
  if (has_pending()) writer_.try_hand_over(batch_);
}

}  // namespace tollgate::telemetry

#include "ledger/writer.hpp"

#include "base/signals_blocked.hpp"
#include "tollgate/log.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::ledger {

using sqlite::SqliteError;

namespace {

constexpr std::chrono::minutes complaint_interval{1};
constexpr Milliseconds checkpoint_retry{1'000};

// What to do about it, before what SQLite says.
std::string reason_of(const SqliteError& error) {
  using Kind = SqliteError::Kind;
  const std::string said = error.what();
  switch (error.kind()) {
    case Kind::full: return "the disk is full: " + said;
    case Kind::corrupt: return "the file is damaged: " + said;
    case Kind::read_only: return "the file or its folder may not be written: " + said;
    case Kind::locked: return "another program keeps the file locked: " + said;
    case Kind::cannot_open: return "the file cannot be opened, look at its folder and rights: " + said;
    case Kind::replaced:
    case Kind::other: return said;
  }
  return said;
}

}  // namespace

Writer::Writer(const LedgerConfig& config, Options options)
    : config_(config),
      options_(std::move(options)),
      is_on_(config.path != "off"),
      store_(config.path, config.retain),
      pending_(options_.pending_bytes),
      retry_delay_(options_.first_retry) {
  state_.since = options_.now();
  if (!is_on_) return;
  last_take_ = Clock::now();
  tidy_at_ = last_take_ + options_.idle_step;
  try_open(true);
  const base::SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  if (!thread_.joinable()) return;
  wakeup_.stop();
  thread_.join();
}

Lane& Writer::add_lane() {
  std::lock_guard lock(lanes_mutex_);
  auto& lane = *lanes_.emplace_back(
      std::make_unique<Lane>(lanes_.size(), options_.lane_bytes, wakeup_, is_on_));
  Lane::Taken none;
  lane.take(none, filling_);
  return lane;
}

MeterId Writer::meter(std::string_view key, std::chrono::milliseconds keep) {
  return meters_.add(key, keep);
}

void Writer::forget(MeterId meter) {
  std::uint64_t last;
  {
    std::lock_guard lock(lanes_mutex_);
    last = filling_;
  }
  meters_.forget(meter, last);
  if (!is_on_) meters_.release(last);
}

std::vector<SlotUse> Writer::restored(std::string_view key) const {
  std::shared_ptr<const Restored> restored;
  {
    std::lock_guard lock(state_mutex_);
    restored = restored_;
  }
  return restored ? restored->find(key) : std::vector<SlotUse>{};
}

Durability Writer::when_durable(Ticket ticket, WhenDurable tell, void* context) {
  std::lock_guard lock(state_mutex_);
  if (ticket.number <= durable_) return Durability::durable;
  if (state_.is_failing) return Durability::failing;
  waiters_.push_back({ticket.number, tell, context});
  return Durability::pending;
}

void Writer::cancel(void* context) {
  std::lock_guard lock(state_mutex_);
  std::erase_if(waiters_, [context](const Waiter& waiter) { return waiter.context == context; });
}

State Writer::state() const {
  std::lock_guard lock(state_mutex_);
  return state_;
}

bool Writer::is_failing() const {
  std::lock_guard lock(state_mutex_);
  return state_.is_failing;
}

Numbers Writer::numbers() const {
  Numbers numbers;
  {
    std::lock_guard lock(state_mutex_);
    numbers = numbers_;
    numbers.is_failing = state_.is_failing;
  }
  numbers.meters = meters_.size();
  if (is_on_) {
    const auto sizes = store_.sizes();
    numbers.file_bytes = sizes.file;
    numbers.wal_bytes = sizes.wal;
  }
  std::lock_guard lock(lanes_mutex_);
  for (const auto& lane : lanes_) numbers.appended += lane->appended();
  return numbers;
}

void Writer::run() {
  for (;;) {
    wait_for_work();
    const bool is_last = wakeup_.is_stopped();
    take();
    if (is_last) retry_at_ = {};
    write_if_due();
    if (is_last) break;
    tidy_if_due();
  }
  if (!pending_.is_empty())
    log::error("ledger", "what was charged last could not be written to " + config_.path);
  std::lock_guard lock(state_mutex_);
  tell_waiters(~std::uint64_t{0}, Durability::failing);
  store_.close();
}

void Writer::wait_for_work() {
  wakeup_.lie_down();
  if (!has_pending()) {
    const bool must_retry = !pending_.is_empty() || !store_.is_open();
    wakeup_.sleep_until(must_retry ? std::min(retry_at_, tidy_at_) : tidy_at_);
    batch_began_ = Clock::now();
  } else {
    batch_began_ = last_take_;
  }
  wakeup_.get_up();
  if (!config_.is_strict && has_pending()) wakeup_.pause_until(batch_began_ + config_.flush - time_to_commit());
}

// What to leave of the flush interval for the commit: several times what commits have lately taken.
Clock::duration Writer::time_to_commit() const {
  const Clock::duration flush = config_.flush;
  return std::clamp<Clock::duration>(4 * usual_commit_, flush / 10, flush / 2);
}

bool Writer::has_pending() {
  std::lock_guard lock(lanes_mutex_);
  return std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->has_pending(); });
}

void Writer::take() {
  last_take_ = Clock::now();
  {
    std::lock_guard lock(lanes_mutex_);
    taken_batch_ = filling_++;
    for (auto& lane : lanes_) {
      lane->take(taken_, filling_);
      pending_.add(taken_);
    }
  }
  std::lock_guard lock(state_mutex_);
  numbers_.pending_bytes = pending_.bytes();
  numbers_.dropped = pending_.dropped();
}

void Writer::write_if_due() {
  const bool must_open = !store_.is_open();
  if (must_open || !pending_.is_empty()) {
    if (Clock::now() < retry_at_) return;
    if (must_open && !try_open(false)) return;
    if (!pending_.is_empty() && !try_commit()) return;
  }
  on_written();
}

bool Writer::try_open(bool is_start) {
  const TimePoint began = Clock::now();
  std::string reason;
  try {
    Store::Opened opened = store_.open(options_.now());
    if (!opened.notice.empty()) log::error("ledger", opened.notice);
    if (opened.booked_intents != 0)
      log::warn("ledger", std::to_string(opened.booked_intents) +
                              " calls were under way when the last run ended; they are booked at what "
                              "was reserved for them");
    std::lock_guard lock(state_mutex_);
    if (!opened.notice.empty()) state_.notice = opened.notice;
    numbers_.booked_intents += opened.booked_intents;
    // Later openings read what this run has written itself.
    if (numbers_.restores == 0) {
      restored_ = std::move(opened.restored);
      numbers_.restores = 1;
      numbers_.restored_meters = restored_->size();
      numbers_.restore_time = Clock::now() - began;
    }
    return true;
  } catch (const SqliteError& error) {
    reason = reason_of(error);
  } catch (const Refused& refusal) {
    if (is_start) throw;
    reason = refusal.what();
  }
  store_.close();
  on_failure(reason);
  return false;
}

bool Writer::try_commit() {
  const TimePoint began = Clock::now();
  try {
    store_.commit(pending_, meters_, options_.now());
  } catch (const SqliteError& error) {
    using Kind = SqliteError::Kind;
    if (error.kind() == Kind::corrupt) store_.replace_at_open();
    // Otherwise the connection stays: opened anew the file might hold the batch after all, when only
    // its fsync failed, and the next attempt would book it twice.
    if (error.kind() == Kind::corrupt || error.kind() == Kind::replaced) store_.close();
    on_failure(reason_of(error));
    return false;
  }
  pending_.clear();
  count_commit(Clock::now() - began);
  return true;
}

void Writer::on_written() {
  store_.forget(meters_.release(taken_batch_));
  bool was_failing;
  {
    std::lock_guard lock(state_mutex_);
    was_failing = std::exchange(state_.is_failing, false);
    if (was_failing) {
      state_.since = options_.now();
      state_.reason.clear();
    }
    numbers_.pending_bytes = 0;
    durable_ = taken_batch_;
    tell_waiters(durable_, Durability::durable);
  }
  retry_delay_ = options_.first_retry;
  retry_at_ = {};
  if (was_failing) {
    next_complaint_ = {};
    log::info("ledger", config_.path + " is written again");
  }
}

void Writer::on_failure(const std::string& reason) {
  retry_at_ = Clock::now() + retry_delay_;
  retry_delay_ = std::min(retry_delay_ * 2, options_.longest_retry);
  bool is_news;
  {
    std::lock_guard lock(state_mutex_);
    is_news = !state_.is_failing || state_.reason != reason;
    if (!state_.is_failing) state_.since = options_.now();
    state_.is_failing = true;
    state_.reason = reason;
    ++numbers_.failed_writes;
    tell_waiters(~std::uint64_t{0}, Durability::failing);
  }
  if (!is_news && Clock::now() < next_complaint_) return;
  next_complaint_ = Clock::now() + complaint_interval;
  log::error("ledger", "cannot write " + config_.path + ", trying again: " + reason);
}

void Writer::tell_waiters(std::uint64_t up_to, Durability outcome) {
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    if (waiter.number > up_to) return false;
    waiter.tell(waiter.context, outcome);
    return true;
  });
}

void Writer::count_commit(Clock::duration took) {
  usual_commit_ = std::max<Clock::duration>(took, usual_commit_ - usual_commit_ / 8);
  std::size_t bucket = 0;
  while (bucket < commit_bounds.size() && took > commit_bounds[bucket]) ++bucket;
  std::lock_guard lock(state_mutex_);
  ++numbers_.commits;
  ++numbers_.commit_buckets[bucket];
  numbers_.commit_last = took;
  numbers_.commit_sum += took;
  numbers_.commit_max = std::max<std::chrono::nanoseconds>(numbers_.commit_max, took);
  if (Clock::now() - batch_began_ > config_.flush) ++numbers_.late_commits;
}

void Writer::tidy_if_due() {
  if (!store_.is_open() || is_failing()) {
    tidy_at_ = Clock::now() + options_.sweep;
    return;
  }
  try {
    checkpoint_if_due();
    if (Clock::now() < tidy_at_) return;
    const bool has_more = store_.tidy(options_.now());
    if (!has_more) store_.checkpoint();  // only then the file shrinks
    tidy_at_ = Clock::now() + (has_more ? options_.idle_step : options_.sweep);
  } catch (const SqliteError& error) {
    // The next commit will tell whether it is serious.
    log::warn("ledger", "housekeeping of " + config_.path + " failed: " + reason_of(error));
    tidy_at_ = Clock::now() + options_.sweep;
    checkpoint_at_ = Clock::now() + checkpoint_retry;
  }
  forget_restored();
}

// When nothing of it is of use any more.
void Writer::forget_restored() {
  const auto now = std::chrono::floor<Milliseconds>(options_.now()).time_since_epoch().count();
  std::shared_ptr<const Restored> old;  // freed without the lock
  std::lock_guard lock(state_mutex_);
  if (restored_ && restored_->expires_ms() <= now) old.swap(restored_);
}

void Writer::checkpoint_if_due() {
  if (store_.needs_checkpoint() && Clock::now() >= checkpoint_at_) store_.checkpoint();
}

}  // namespace tollgate::ledger

#include "affinity/directory.hpp"

#include "base/signals_blocked.hpp"
#include "sqlite/sqlite.hpp"
#include "tollgate/log.hpp"

#include <algorithm>

namespace tollgate::affinity {
namespace {

using namespace std::chrono_literals;

constexpr auto flush = 100ms;       // from a change to its being written
constexpr auto retry = 5s;          // after the file could not be written
constexpr auto tidy_interval = 1h;  // between two looks for what has expired
constexpr auto complaint_interval = 1min;
constexpr std::size_t most_waiting = 1'000'000;  // changes while the file cannot be written
constexpr Seconds a_day = 24 * 60 * 60;

Seconds after(Seconds now, std::chrono::seconds keep) {
  const auto sum = static_cast<std::int64_t>(now) + keep.count();
  return static_cast<Seconds>(std::min<std::int64_t>(sum, ~Seconds{0}));
}

}  // namespace

Directory::Directory(const AffinityConfig& config, Now now)
    : is_on_(config.path != "off"),
      path_(config.path),
      now_(std::move(now)),
      table_(config.entries),
      store_(config.path, owners_) {
  if (!is_on_) return;
  tidy_at_ = Clock::now() + tidy_interval;
  open();
  const base::SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

Directory::~Directory() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  condition_.notify_one();
  thread_.join();
}

Seconds Directory::now_seconds() const {
  return static_cast<Seconds>(std::chrono::floor<std::chrono::seconds>(now_()).time_since_epoch().count());
}

const Owner* Directory::find(ObjectKey key, std::chrono::seconds keep) {
  const Seconds now = now_seconds();
  auto entry = table_.find(key, now);
  if (!entry) return nullptr;
  const Seconds wanted = after(now, keep);
  if (wanted > entry->expires && wanted - entry->expires > a_day) {
    entry->expires = wanted;
    table_.put(*entry, now, false);
    queue(*entry);
  }
  return &owners_[entry->owner];
}

void Directory::note(ObjectKey key, const Owner& owner, std::chrono::seconds keep, bool replaces) {
  const Seconds now = now_seconds();
  const Entry entry{key, owners_.number_of(owner), after(now, keep)};
  const Table::Changed changed = table_.put(entry, now, replaces);
  if (changed.evicted) {
    evictions_.fetch_add(1, std::memory_order_relaxed);
    queue({*changed.evicted, 0, 0});
  }
  if (changed.is_changed) queue(entry);
}

void Directory::forget(ObjectKey key) {
  if (table_.erase(key)) queue({key, 0, 0});
}

Numbers Directory::numbers() const {
  Numbers numbers;
  for (std::size_t i = 0; i < lookups_.size(); ++i) numbers.lookups[i] = lookups_[i].load(std::memory_order_relaxed);
  numbers.entries = table_.size();
  numbers.evictions = evictions_.load(std::memory_order_relaxed);
  numbers.restored = restored_.load(std::memory_order_relaxed);
  numbers.unwritten = unwritten_.load(std::memory_order_relaxed);
  numbers.is_failing = is_failing_.load(std::memory_order_relaxed);
  return numbers;
}

// --- the file ---

void Directory::queue(const Entry& change) {
  if (!is_on_) return;
  bool is_first;
  {
    const std::lock_guard lock(mutex_);
    is_first = changes_.empty();
    changes_.push_back(change);
  }
  if (is_first) condition_.notify_one();
}

void Directory::open() {
  const Seconds now = now_seconds();
  // Later openings would find what this process has written itself.
  std::function<void(const Entry&)> tell;
  if (!is_restored_) {
    tell = [&](const Entry& entry) {
      table_.put(entry, now, false);
      restored_.fetch_add(1, std::memory_order_relaxed);
    };
  }
  try {
    const std::string aside = store_.open(now, tell);
    is_restored_ = true;
    if (!aside.empty()) log::error("affinity", path_ + " was damaged: it was moved to " + aside + " and a fresh one begun");
  } catch (const sqlite::SqliteError& error) {
    store_.close();
    on_failure(error.what());
  }
}

void Directory::run() {
  for (bool is_last = false; !is_last;) {
    {
      std::unique_lock lock(mutex_);
      const bool must_retry = !writing_.empty() || !store_.is_open();
      const auto until = must_retry ? std::min(tidy_at_, retry_at_) : tidy_at_;
      condition_.wait_until(lock, until, [this] { return is_stopping_ || !changes_.empty(); });
      // What comes within the same moment is written together.
      condition_.wait_for(lock, flush, [this] { return is_stopping_; });
      is_last = is_stopping_;
      writing_.insert(writing_.end(), changes_.begin(), changes_.end());
      changes_.clear();
    }
    if (writing_.size() > most_waiting) {
      const auto surplus = static_cast<std::ptrdiff_t>(writing_.size() - most_waiting);
      writing_.erase(writing_.begin(), writing_.begin() + surplus);
      unwritten_.fetch_add(static_cast<std::uint64_t>(surplus), std::memory_order_relaxed);
    }
    if (is_last || Clock::now() >= retry_at_) write();
  }
  store_.close();
}

void Directory::write() {
  try {
    if (!store_.is_open()) open();
    if (!store_.is_open()) return;
    if (!writing_.empty()) store_.commit(writing_);
    writing_.clear();
    if (Clock::now() >= tidy_at_) {
      store_.drop_expired(now_seconds());
      tidy_at_ = Clock::now() + tidy_interval;
    }
  } catch (const std::runtime_error& error) {
    store_.close();
    on_failure(error.what());
    return;
  }
  if (is_failing_.exchange(false, std::memory_order_relaxed)) log::info("affinity", path_ + " is written again");
}

void Directory::on_failure(const std::string& reason) {
  is_failing_.store(true, std::memory_order_relaxed);
  retry_at_ = Clock::now() + retry;
  tidy_at_ = std::max(tidy_at_, retry_at_);
  if (Clock::now() < next_complaint_) return;
  next_complaint_ = Clock::now() + complaint_interval;
  log::error("affinity", "cannot write " + path_ + ", trying again: " + reason);
}

}  // namespace tollgate::affinity

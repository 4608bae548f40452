#include "limits/pot.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tollgate::limits {

namespace {

// More than clocks are adjusted by in passing.
constexpr std::int64_t most_set_back_ms = 120'000;

void relax() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

Pot::Pot(std::string key, const SpendRule& rule, std::uint32_t meter)
    : limit_(rule.amount), measure_(rule.measure), window_(rule.window), meter_(meter), key_(std::move(key)) {
  if (measure_ == Measure::concurrent || window_.kind != WindowKind::sliding) return;
  slot_ms_ = std::max<std::int64_t>(1, (window_.length.count() + slots_a_window - 1) / slots_a_window);
  ring_ = std::make_unique<Ring>();
  ring_->fill(0);
}

// Held for some ten nanoseconds at a time, so waiting is spinning; but a holder that has lost its core
// needs ours.
void Pot::lock() noexcept {
  constexpr int most_spins = 100;
  int spins = 0;
  while (is_locked_.exchange(true, std::memory_order_acquire)) {
    while (is_locked_.load(std::memory_order_relaxed)) {
      relax();
      if (++spins >= most_spins) {
        std::this_thread::yield();
        spins = 0;
      }
    }
  }
}

void Pot::advance(std::int64_t now_ms) {
  if (now_ms < now_ms_ - most_set_back_ms) follow_clock_back(now_ms);
  if (now_ms > now_ms_) now_ms_ = now_ms;
  if (is_sliding()) return advance_ring();
  if (measure_ == Measure::concurrent) return;
  if (now_ms_ >= period_.end_ms) start_period();
  if (window_.kind == WindowKind::life) period_.end_ms = now_ms_ + window_.length.count();
}

void Pot::advance_ring() {
  const std::int64_t index = now_ms_ / slot_ms_;
  if (index - newest_ >= static_cast<std::int64_t>(ring_size)) {
    ring_->fill(0);
    use_ = 0;
    oldest_ = index;
  }
  newest_ = index;
  while (oldest_ < newest_ && leaves_at(oldest_ * slot_ms_) <= now_ms_) {
    use_ -= std::exchange(in_ring(oldest_), 0);
    ++oldest_;
  }
}

void Pot::start_period() {
  use_ = 0;
  alerted_percent_ = 0;
  if (window_.kind == WindowKind::life) {
    period_.begin_ms = now_ms_;  // tells this life from the one before
    return;
  }
  period_ = period_at(window_, now_ms_);
}

// The clock was wrong and has been put right: waiting until it has caught up would stop everything.
void Pot::follow_clock_back(std::int64_t now_ms) {
  now_ms_ = now_ms;
  if (is_sliding()) {
    ring_->fill(0);
    oldest_ = newest_ = now_ms / slot_ms_;
    in_ring(newest_) = use_;
  } else if (measure_ != Measure::concurrent && window_.kind != WindowKind::life) {
    period_ = period_at(window_, now_ms);
  }
}

std::int64_t Pot::leaves_at(std::int64_t slot) const noexcept {
  return slot + slot_ms_ + window_.length.count();
}

std::int64_t Pot::book(std::int64_t amount) noexcept {
  use_ += amount;
  if (is_sliding()) {
    in_ring(newest_) += amount;
    return newest_ * slot_ms_;
  }
  return period_.begin_ms;
}

void Pot::correct(std::int64_t slot, std::int64_t amount) noexcept {
  if (is_sliding()) {
    const std::int64_t index = slot / slot_ms_;
    if (index < oldest_ || index > newest_) return;
    in_ring(index) += amount;
  } else if (measure_ != Measure::concurrent && slot != period_.begin_ms) {
    return;
  }
  use_ += amount;
}

std::int64_t Pot::wait_for(std::int64_t amount) const noexcept {
  if (amount > limit_) return -1;
  std::int64_t missing = use_ + amount - limit_;
  if (missing <= 0) return 0;
  if (measure_ == Measure::concurrent) return 1'000;
  if (!is_sliding()) return std::max<std::int64_t>(1, period_.end_ms - now_ms_);
  for (std::int64_t index = oldest_; index <= newest_; ++index) {
    missing -= (*ring_)[static_cast<std::size_t>(index) % ring_size];
    if (missing <= 0) return std::max<std::int64_t>(1, leaves_at(index * slot_ms_) - now_ms_);
  }
  return std::max<std::int64_t>(1, leaves_at(newest_ * slot_ms_) - now_ms_);
}

std::int64_t Pot::full_again_in() const noexcept {
  if (use_ == 0 || measure_ == Measure::concurrent) return 0;
  if (!is_sliding()) return period_.end_ms - now_ms_;
  for (std::int64_t index = newest_; index >= oldest_; --index) {
    if ((*ring_)[static_cast<std::size_t>(index) % ring_size] != 0) return leaves_at(index * slot_ms_) - now_ms_;
  }
  return 0;
}

void Pot::restore(std::int64_t slot, std::int64_t amount, std::int64_t now_ms) {
  if (is_sliding()) {
    if (now_ms >= leaves_at(slot)) return;
    const std::int64_t index = slot / slot_ms_;
    if (newest_ == 0) newest_ = oldest_ = now_ms / slot_ms_;
    now_ms_ = std::max(now_ms_, now_ms);
    oldest_ = std::min(oldest_, index);
    newest_ = std::max(newest_, index);  // a slot of the future: the clock was set back
    in_ring(index) += amount;
    use_ += amount;
    return;
  }
  if (measure_ == Measure::concurrent) return;
  advance(now_ms);
  if (window_.kind != WindowKind::life) return correct(slot, amount);
  // Of several lives the latest goes on.
  if (use_ != 0 && slot < period_.begin_ms) return;
  period_.begin_ms = slot;
  use_ = amount;
}

int Pot::newly_reached_alert(const SpendRule& rule) noexcept {
  int reached = 0;
  for (const int percent : rule.alert_percent) {
    // In doubles: a limit of dollars in nano-dollars times a hundred may not fit.
    if (static_cast<double>(use_) * 100.0 >= static_cast<double>(limit_) * percent) reached = percent;
  }
  if (reached <= alerted_percent_) return 0;
  alerted_percent_ = reached;
  return reached;
}

void Pot::use_rule(const SpendRule& rule) {
  if (limit_ == rule.amount && window_ == rule.window) return;
  limit_ = rule.amount;
  if (window_ != rule.window) {
    window_ = rule.window;
    const bool has_calendar = !is_sliding() && window_.kind != WindowKind::life && measure_ != Measure::concurrent;
    if (has_calendar && now_ms_ != 0) period_.end_ms = period_at(window_, now_ms_).end_ms;
  }
  // Alerts that the new amount has not reached are given again.
  alerted_percent_ = 0;
  newly_reached_alert(rule);
}

bool Pot::is_spent_history(std::int64_t now_ms) const noexcept {
  if (measure_ == Measure::concurrent) return use_ == 0;
  if (!is_sliding()) return use_ == 0 || now_ms >= period_.end_ms;
  return use_ == 0 || leaves_at(newest_ * slot_ms_) <= now_ms;
}

}  // namespace tollgate::limits

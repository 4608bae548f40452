#include "identity/key_ring.hpp"

namespace tollgate::identity {

std::shared_ptr<const TrustedIssuers> KeyRing::current() const {
  const std::lock_guard lock(mutex_);
  return trusted_;
}

bool KeyRing::ask_refresh(std::size_t issuer, std::uint64_t seen_generation) {
  const std::lock_guard lock(mutex_);
  if (trusted_->generation != seen_generation) return true;  // it has just come
  if (issuer >= states_.size()) return false;
  State& state = states_[issuer];
  if (state.is_fetching) return true;
  const auto now = Clock::now();
  if (now < state.next_ask || !start_) return false;
  state.next_ask = now + refresh_gap_;
  state.is_fetching = true;
  start_(issuer);
  return true;
}

bool KeyRing::is_refreshing(std::size_t issuer) const {
  const std::lock_guard lock(mutex_);
  return issuer < states_.size() && states_[issuer].is_fetching;
}

void KeyRing::on_ask(std::function<void(std::size_t)> start) {
  const std::lock_guard lock(mutex_);
  start_ = std::move(start);
}

void KeyRing::reset(std::vector<TrustedIssuers::Entry> entries, Duration refresh_gap) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<TrustedIssuers>();
  next->generation = trusted_->generation + 1;
  next->entries = std::move(entries);
  states_.assign(next->entries.size(), State());
  refresh_gap_ = refresh_gap;
  publish(std::move(next));
}

// REQUIRES: the lock is held.
void KeyRing::publish(std::shared_ptr<const TrustedIssuers> next) {
  trusted_ = std::move(next);
  generation_.store(trusted_->generation, std::memory_order_release);
}

void KeyRing::begin_fetch(std::size_t issuer) {
  const std::lock_guard lock(mutex_);
  if (issuer < states_.size()) states_[issuer].is_fetching = true;
}

void KeyRing::end_fetch(std::size_t issuer, std::shared_ptr<const Issuer> fetched) {
  const std::lock_guard lock(mutex_);
  if (issuer >= states_.size()) return;
  states_[issuer].is_fetching = false;
  if (!fetched) return;
  auto next = std::make_shared<TrustedIssuers>(*trusted_);
  next->entries[issuer].issuer = std::move(fetched);
  ++next->generation;
  publish(std::move(next));
}

}  // namespace tollgate::identity

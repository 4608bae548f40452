#include "credentials/token_cell.hpp"

#include "base/sha256.hpp"
#include "config/secrets.hpp"
#include "credentials/token_wait.hpp"
#include "net/loop.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::credentials {

namespace {

// A deployment that refuses good tokens, because it knows no role of ours, must not make the gateway fetch
// one for each call.
constexpr std::chrono::seconds renewal_gap{30};

}  // namespace

TokenCell::View TokenCell::look() const {
  const std::lock_guard lock(mutex_);
  View view;
  view.token = token_;
  view.attempts = attempts_;
  view.renewed = renewed_;
  view.is_fetching = is_fetching_;
  view.next_attempt = next_attempt_;
  view.failure = failure_;
  view.failures = failures_;
  return view;
}

std::optional<std::uint64_t> TokenCell::renew(const Token& refused, std::string claims, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (token_ && token_->serial != refused.serial) return renewed_;  // another is there already
  if (refused.is_renewed && refused.claims == claims && now < refused.obtained + renewal_gap) return std::nullopt;
  if (!is_fetching_ && failures_ > 0 && now < next_attempt_) return std::nullopt;
  const bool is_asked = ticket_ > renewed_ && refused_serial_ == refused.serial && asked_claims_ == claims;
  if (is_asked) return ticket_;
  ++ticket_;
  refused_serial_ = refused.serial;
  asked_claims_ = claims;
  numbers_.renewals.fetch_add(1, std::memory_order_relaxed);
  if (is_fetching_ && claims.empty()) {
    ticket_under_way_ = ticket_;  // what is being fetched is another one
    return ticket_;
  }
  wanted_.claims = std::move(claims);
  wanted_.refused_sha256 = config::to_hex(base::sha256(refused.text));
  if (!is_fetching_ && start_) start_();
  return ticket_;
}

bool TokenCell::enlist(std::shared_ptr<WaitPlace> place, std::uint64_t seen) {
  const std::lock_guard lock(mutex_);
  if (attempts_ != seen) return false;
  waiting_.push_back(std::move(place));
  return true;
}

void TokenCell::strike(const WaitPlace& place) {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [&](const auto& waiting) { return waiting.get() == &place; });
}

void TokenCell::on_ask(std::function<void()> start) {
  const std::lock_guard lock(mutex_);
  start_ = std::move(start);
}

Renewal TokenCell::begin_attempt() {
  const std::lock_guard lock(mutex_);
  is_fetching_ = true;
  ticket_under_way_ = ticket_;
  return std::exchange(wanted_, {});
}

void TokenCell::publish(std::shared_ptr<Token> token) {
  numbers_.fetched.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  token->serial = ++last_serial_;
  next_attempt_ = token->refresh;
  token_ = std::move(token);
  failure_.clear();
  failures_ = 0;
  generation_.store(last_serial_, std::memory_order_release);
  end_attempt();
}

void TokenCell::fail(std::string why, TimePoint next_attempt) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(why);
  ++failures_;
  next_attempt_ = next_attempt;
  end_attempt();
}

bool TokenCell::wants_another() const {
  const std::lock_guard lock(mutex_);
  return ticket_ > renewed_;
}

void TokenCell::close() {
  const std::lock_guard lock(mutex_);
  start_ = {};
  next_attempt_ = no_deadline;
  ticket_under_way_ = ticket_;
  if (failure_.empty()) failure_ = "the configuration does not have it any more";
  end_attempt();
}

// Wakes while the lock is held: who goes strikes his place first, so that no place outlives its loop.
void TokenCell::end_attempt() {
  is_fetching_ = false;
  ++attempts_;
  renewed_ = std::max(renewed_, ticket_under_way_);
  for (auto& place : waiting_) {
    net::Loop& loop = place->loop;
    loop.post([place = std::move(place)] {
      if (place->owner) place->owner->wake();
    });
  }
  waiting_.clear();
}

}  // namespace tollgate::credentials

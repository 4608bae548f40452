#include "limits/store.hpp"

#include <algorithm>

namespace tollgate::limits {

namespace {

// How long a ledger has to remember what was used.
std::chrono::milliseconds keep_of(const Window& window) {
  using namespace std::chrono_literals;
  switch (window.kind) {
    case WindowKind::hour: return 1h;
    case WindowKind::day: return 25h;
    case WindowKind::week: return 24h * 8;
    case WindowKind::month: return 24h * 32;
    case WindowKind::sliding:
    case WindowKind::life: break;
  }
  return window.length + window.length / 32;
}

constexpr std::uint32_t no_meter = 0xFFFF'FFFF;

}  // namespace

Store::Store(Books* books, std::size_t most_named) : books_(books), most_named_(most_named) {}

std::unique_ptr<Pot> Store::make(std::string key, const SpendRule& rule, std::int64_t now_ms) {
  const bool is_kept = books_ && rule.measure != Measure::concurrent;
  const auto meter = is_kept ? books_->meter(key, keep_of(rule.window)) : no_meter;
  auto pot = std::make_unique<Pot>(std::move(key), rule, meter);
  pot->is_restored = !is_kept;
  if (is_kept && books_->are_read()) {
    restore(*pot, now_ms);
    pot->newly_reached_alert(rule);  // told before the restart
  }
  return pot;
}

void Store::restore(Pot& pot, std::int64_t now_ms) {
  const std::vector<SlotUse> slots = books_->restored(pot.key());
  pot.lock();
  for (const SlotUse& slot : slots) pot.restore(slot.slot_ms, slot.used, now_ms);
  pot.unlock();
  pot.is_restored = true;
}

Pot& Store::fixed(const SpendRule& rule, std::string_view owner, std::int64_t now_ms) {
  std::string key = rule.name;
  key.append("|").append(owner);
  const std::lock_guard hold(fixed_mutex_);
  auto& pot = fixed_[key];
  if (!pot) {
    pot = make(std::move(key), rule, now_ms);
    return *pot;
  }
  pot->lock();
  pot->use_rule(rule);
  pot->unlock();
  return *pot;
}

PotRef Store::named(const SpendRule& rule, std::string_view subscription, std::string_view name, std::int64_t now_ms) {
  thread_local std::string key;
  key.assign(rule.name).append("|").append(subscription).append("|").append(name);
  Shard& shard = shards_[Hash{}(key) % shard_count];
  const std::lock_guard hold(shard.mutex);
  auto found = shard.pots.find(std::string_view(key));
  if (found == shard.pots.end()) {
    Count& count = count_of(subscription);
    if (count.load(std::memory_order_relaxed) >= most_named_) return {};
    found = shard.pots.emplace(key, Named{make(key, rule, now_ms), &count}).first;
    count.fetch_add(1, std::memory_order_relaxed);
    named_count_.fetch_add(1, std::memory_order_relaxed);
  }
  Pot* pot = found->second.pot.get();
  pot->pins.fetch_add(1, std::memory_order_relaxed);
  pot->lock();
  pot->use_rule(rule);
  pot->unlock();
  return PotRef(pot);
}

Store::Count& Store::count_of(std::string_view subscription) {
  const std::lock_guard hold(counts_mutex_);
  const auto found = counts_.find(subscription);
  if (found != counts_.end()) return *found->second;
  return *counts_.emplace(subscription, std::make_unique<Count>(0)).first->second;
}

RuleNumbers& Store::numbers_of(std::string_view rule) {
  const std::lock_guard hold(fixed_mutex_);
  const auto found = numbers_.find(rule);
  if (found != numbers_.end()) return *found->second;
  return *numbers_.emplace(rule, std::make_unique<RuleNumbers>()).first->second;
}

void Store::each_rule(const std::function<void(std::string_view, const RuleNumbers&)>& see) {
  const std::lock_guard hold(fixed_mutex_);
  for (const auto& [rule, numbers] : numbers_) see(rule, *numbers);
}

void Store::sweep(std::int64_t now_ms) {
  Shard& shard = shards_[next_shard_.fetch_add(1, std::memory_order_relaxed) % shard_count];
  const std::lock_guard hold(shard.mutex);
  for (auto at = shard.pots.begin(); at != shard.pots.end();) {
    Pot& pot = *at->second.pot;
    bool is_of_use = pot.pins.load(std::memory_order_acquire) != 0;
    if (!is_of_use) {
      pot.lock();
      is_of_use = !pot.is_spent_history(now_ms);
      pot.unlock();
    }
    if (is_of_use) {
      ++at;
      continue;
    }
    if (books_ && pot.meter() != no_meter) books_->forget(pot.meter());
    at->second.of_subscription->fetch_sub(1, std::memory_order_relaxed);
    named_count_.fetch_sub(1, std::memory_order_relaxed);
    at = shard.pots.erase(at);
  }
}

void Store::restore_late(std::int64_t now_ms) {
  const auto complete = [&](Pot& pot) {
    if (!pot.is_restored) restore(pot, now_ms);
  };
  {
    const std::lock_guard hold(fixed_mutex_);
    for (auto& [key, pot] : fixed_) complete(*pot);
  }
  for (Shard& shard : shards_) {
    const std::lock_guard hold(shard.mutex);
    for (auto& [key, named] : shard.pots) complete(*named.pot);
  }
}

void Store::each_fixed(std::int64_t now_ms, const std::function<void(const Standing&)>& see) {
  const std::lock_guard hold(fixed_mutex_);
  for (auto& [key, pot] : fixed_) {
    pot->lock();
    pot->advance(now_ms);
    const Standing standing{*pot, pot->use(), pot->limit(), pot->room(), pot->period()};
    pot->unlock();  // what is made of it takes longer than a worker may wait
    see(standing);
  }
}

}  // namespace tollgate::limits
